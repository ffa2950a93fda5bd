"""People, their devices and this host's settings: pure read queries."""

import hashlib
from typing import Any

import msgspec

from mrsambosk_protocol.entities import GONE, Room
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.text import name_key

from .history import cursor_is_good, rooms_of
from .transaction import Transaction


class Viewer(msgspec.Struct, frozen=True):
    """Who presented a token, and on which device."""

    id: str
    role: str
    device: str
    used_at: int


class Admission(msgspec.Struct, frozen=True):
    """What a welcome needs: the person, their rooms, and the good cursor of each (None: the room starts anew)."""

    viewer: Viewer
    rooms: tuple[Room, ...]
    cursors: dict[str, int | None]


def token_hash(token: str) -> bytes:
    """What is stored of a token: it has 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def viewer_of(tx: Transaction, token: str) -> Viewer:
    """The person a token belongs to.

    Raises:
        Refused: `auth_failed` for an unknown or revoked one, `banned`.
    """
    row = tx.one(
        "SELECT u.id, u.role, d.id, d.used_at, u.banned_until FROM devices d JOIN users u ON u.id = d.user "
        "WHERE d.hash = ?",
        (token_hash(token),),
    )
    if row is None or row[1] == GONE:
        raise Refused("auth_failed", "This device is not signed in here any more.")
    if row[4] is not None and row[4] > tx.now:
        raise Refused("banned", "You are banned from this host.")
    return Viewer(*row[:4])


def admit(tx: Transaction, token: str, epoch: str | None, have: dict[str, int]) -> Admission:
    """Everything the host must know to welcome who presents `token`, with the cursors they have from `epoch`.

    Raises:
        Refused: as `viewer_of`.
    """
    viewer = viewer_of(tx, token)
    rooms = rooms_of(tx, viewer.id)
    cursors = {
        room.id: have[room.id] if room.id in have and cursor_is_good(tx, room.id, epoch, have[room.id]) else None
        for room in rooms
    }
    return Admission(viewer, rooms, cursors)


def credentials_of(tx: Transaction, name: str) -> tuple[str, str | None, int | None] | None:
    """(id, password hash, banned until) of the account of that name, or None."""
    row = tx.one("SELECT id, password, banned_until FROM users WHERE name_key = ?", (name_key(name),))
    return (row[0], row[1], row[2]) if row else None


def setting(tx: Transaction, name: str) -> str | None:
    """One of the host's kept settings."""
    row: Any = tx.one("SELECT value FROM meta WHERE name = ?", (name,))
    return row[0] if row else None


def revs(tx: Transaction) -> dict[str, int]:
    """Every room's revision."""
    return dict(tx.all("SELECT id, rev FROM rooms"))
