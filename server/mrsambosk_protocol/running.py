"""What a running host leaves in its data directory for programs of the same person: where it is, and its invite.

The file is there while the host runs; after a host was killed it stays, so who reads it looks whether the host answers.
It holds no token.
"""

from typing import Final

import msgspec

RUNNING_FILE: Final = "running.json"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content. `fingerprint` is there where the host has a key of its own and TLS."""

    pid: int
    name: str
    port: int
    addresses: tuple[str, ...]
    invite: str
    fingerprint: str | None = None


def decode_running(data: bytes) -> Running:
    """The file's content.

    Raises:
        ValueError: it is damaged.
    """
    return msgspec.json.decode(data, type=Running)
