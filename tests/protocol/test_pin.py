"""A certificate's fingerprint is that of its key alone, and no bytes crash its reader."""

import base64
import contextlib
import datetime
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_protocol.pin import fingerprint_of

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(key: CertificateIssuerPrivateKeyTypes, name: str = "a host", days: int = 10) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("x" * 60) for _ in range(40)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


def expected(key: CertificateIssuerPrivateKeyTypes) -> str:
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b32encode(hashlib.sha256(spki).digest()).decode().rstrip("=")


def test_it_is_the_hash_of_the_public_key() -> None:
    for key in (KEY, ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        assert fingerprint_of(certificate(key)) == expected(key)


def test_a_renewed_certificate_is_the_same_host() -> None:
    first, second = certificate(KEY), certificate(KEY, "another name", 4000)
    assert first != second
    assert fingerprint_of(first) == fingerprint_of(second)


def test_another_key_is_another_host() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert fingerprint_of(certificate(other)) != fingerprint_of(certificate(KEY))


def test_a_certificate_of_version_1_has_no_version_field() -> None:
    body = certificate(KEY)
    inner = body.index(bytes.fromhex("a003020102"))
    head, rest = body[4:inner], body[inner + 5 :]
    # Two lengths of two bytes each shrink by the five bytes taken out.
    shrunk = bytearray(body[:4] + head + rest)
    for place in (2, 6):
        size = int.from_bytes(shrunk[place : place + 2], "big") - 5
        shrunk[place : place + 2] = size.to_bytes(2, "big")
    assert fingerprint_of(bytes(shrunk)) == expected(KEY)


@pytest.mark.parametrize(
    "data", [b"", b"0", b"0\x00", b"0\x80", b"0\x85aaaaa", b"0\x82\xff\xff", b"hello", b"\x30\x02\x30\x00"]
)
def test_what_is_no_certificate_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        fingerprint_of(data)


WHOLE = certificate(KEY)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_cut_one_is_none(size: int) -> None:
    with pytest.raises(ValueError, match="certificate"):
        fingerprint_of(WHOLE[:size])


@given(st.one_of(st.binary(max_size=300), st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8))))
def test_no_bytes_crash_it(change: bytes | tuple[int, bytes]) -> None:
    if isinstance(change, bytes):
        data = change
    else:
        place, put = change
        data = WHOLE[:place] + put + WHOLE[place + len(put) :]
    with contextlib.suppress(ValueError):
        assert len(fingerprint_of(data)) == 52
