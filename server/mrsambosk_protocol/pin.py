"""The fingerprint of a certificate's public key: what `host.id` is, what an invite's `fp` says and what an app pins.

Only the key counts; names, dates and signatures in a certificate are not looked at, so a renewed one of the same key is
the same host. Standard library only: a certificate has its key at one known place (RFC 5280 §4.1).
"""

import base64
import hashlib
from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
#: Serial number, signature algorithm, issuer, validity, subject: what stands before the key.
_BEFORE_THE_KEY: Final = 5


def fingerprint_of(certificate: bytes) -> str:
    """The base32 SHA-256 of the certificate's SubjectPublicKeyInfo: 52 letters and digits, no padding.

    Args:
        certificate: DER, as ``ssl.SSLSocket.getpeercert(binary_form=True)`` gives it.

    Raises:
        ValueError: it is no certificate.
    """
    tag, start, end = _element(certificate, 0, len(certificate))
    if tag != _SEQUENCE or end != len(certificate):
        raise ValueError("not a certificate")
    tag, at, end = _element(certificate, start, end)
    if tag != _SEQUENCE:
        raise ValueError("not a certificate")
    tag, _start, after = _element(certificate, at, end)
    if tag == _VERSION:
        at = after
    for _ in range(_BEFORE_THE_KEY):
        at = _element(certificate, at, end)[2]
    tag, _start, after = _element(certificate, at, end)
    if tag != _SEQUENCE:
        raise ValueError("not a certificate")
    return base64.b32encode(hashlib.sha256(certificate[at:after]).digest()).decode().rstrip("=")


def _element(data: bytes, at: int, limit: int) -> tuple[int, int, int]:
    """The DER element at `at`: its tag, where its content starts, where it ends (at most `limit`).

    Raises:
        ValueError: it is none, or goes beyond the limit.
    """
    if at + 2 > limit:
        raise ValueError("a certificate that ends too early")
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > limit:
            raise ValueError("a certificate with a length that is none")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > limit:
        raise ValueError("a certificate that ends too early")
    return tag, start, start + size
