"""The host's key, made once and kept in its data directory, and the certificates it signs for itself.

The SHA-256 of the public key is the host's id, which clients pin; a certificate is only its envelope and is made anew
at each start. Dates and names in it are not checked under a pin.
"""

import asyncio.sslproto
import base64
import contextlib
import datetime
import hashlib
import ipaddress
import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def load_or_make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in `path`, made with owner-only rights where there is none.

    Raises:
        ValueError: for a file that holds no such key.
        OSError: where it can't be read or written.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        key = ec.generate_private_key(ec.SECP256R1())
        data = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_whole(path, data)
        return key
    loaded = serialization.load_pem_private_key(data, password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no elliptic curve key")
    return loaded


def host_id(key: ec.EllipticCurvePublicKey) -> str:
    """The base32 SHA-256 of a public key (SubjectPublicKeyInfo, DER): 52 letters and digits, no padding."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b32encode(hashlib.sha256(spki).digest()).decode().rstrip("=")


def write_certificate(path: Path, key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> None:
    """Sign a certificate for ten years with the key, for these names and addresses, into `path` (PEM).

    Raises:
        OSError: where it can't be written.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mrsambosk host")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks on a network of laptops differ.
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_whole(path, certificate.public_bytes(serialization.Encoding.PEM))


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The TLS of the port.

    Raises:
        OSError, ssl.SSLError: for files that can't be read or do not belong together.
    """
    # 256 KiB a connection is asyncio's read buffer for TLS; 16 KiB is one TLS record, and all that a chat needs:
    # 59 KiB a connection instead of 300 (see docs/decisions).
    asyncio.sslproto.SSLProtocol.max_size = 16 * 1024
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client joins once a day, not once a second: tickets cost more than they save here.
    context.num_tickets = 0
    with contextlib.suppress(AttributeError):
        context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    return context


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file for its owner only: whole or not at all, also when the machine stops in between."""
    partial = path.with_name(path.name + ".new")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
