"""The host's key: made once, kept in its data directory; the SHA-256 of its public half is the host's id."""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


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
        # Whole or not there: a crash in between must not leave half a key.
        partial = path.with_name(path.name + ".new")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return key
    loaded = serialization.load_pem_private_key(data, password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no elliptic curve key")
    return loaded


def host_id(key: ec.EllipticCurvePublicKey) -> str:
    """The base32 SHA-256 of a public key (SubjectPublicKeyInfo, DER): 52 letters and digits, no padding."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b32encode(hashlib.sha256(spki).digest()).decode().rstrip("=")
