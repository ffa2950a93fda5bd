"""People, their devices and this host's settings: pure read queries."""

import hashlib
from typing import Any, cast

import msgspec

from mrsambosk_protocol.entities import ADMIN, GONE, MEMBER, MODERATOR, OWNER, Room
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import AuditEntry, DeviceInfo, InviteInfo
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


class Credentials(msgspec.Struct, frozen=True):
    """What a sign-in is checked against: an Argon2id hash, and the SHA-256 of a reset code that is still good."""

    user: str
    password: str | None
    reset_code: bytes | None


def credentials_of(tx: Transaction, name: str) -> Credentials | None:
    """Those of the account of that name, or None."""
    row = tx.one("SELECT id, password, reset_code, reset_until FROM users WHERE name_key = ?", (name_key(name),))
    if row is None:
        return None
    return Credentials(row[0], row[1], row[2] if row[2] is not None and row[3] > tx.now else None)


def email_of(tx: Transaction, user: str) -> str | None:
    return cast("str | None", tx.one("SELECT email FROM users WHERE id = ?", (user,))[0])


def devices_of(tx: Transaction, user: str, current: str) -> tuple[DeviceInfo, ...]:
    """A person's sessions, the last used first."""
    rows = tx.all("SELECT id, name, created_at, used_at FROM devices WHERE user = ? ORDER BY used_at DESC, id", (user,))
    return tuple(
        DeviceInfo(id=row[0], name=row[1], created_at=row[2], used_at=row[3], current=row[0] == current) for row in rows
    )


def open_invite(tx: Transaction, code: bytes, closed: bool) -> str | None:
    """The personal invite with this code's hash, if somebody may come by it now; None where there is none.

    Args:
        closed: only one of somebody who sets the policy will do.

    Raises:
        Refused: `auth_failed`, with what is wrong with it.
    """
    row = tx.one(
        "SELECT i.id, i.single_use, i.expires_at, i.revoked_at, i.made_by, u.role, u.banned_until, "
        "EXISTS (SELECT 1 FROM invite_uses WHERE invite = i.id) "
        "FROM invites i LEFT JOIN users u ON u.id = i.made_by WHERE i.hash = ?",
        (code,),
    )
    if row is None:
        return None
    id, single_use, expires_at, revoked_at, made_by, role, banned_until, used = row
    if single_use and used:
        raise Refused("auth_failed", "This invite was for one person and has been used; ask for another.")
    if expires_at is not None and expires_at <= tx.now:
        raise Refused("auth_failed", "This invite has ended; ask for another.")
    least = (OWNER, ADMIN) if closed else (OWNER, ADMIN, MODERATOR, MEMBER)
    may_invite = role in least and not (banned_until is not None and banned_until > tx.now)
    if revoked_at is not None or (made_by is not None and not may_invite):
        raise Refused("auth_failed", "This invite was withdrawn; ask for another.")
    return str(id)


def invites_of(tx: Transaction, user: str, everyones: bool) -> tuple[InviteInfo, ...]:
    """The newest personal invites, one's own or everybody's, with who came by them."""
    rows = tx.all(
        "SELECT id, made_by, made_at, single_use, expires_at, revoked_at FROM invites WHERE ?1 OR made_by = ?2 "
        "ORDER BY made_at DESC, id LIMIT 200",
        (int(everyones), user),
    )
    return tuple(
        InviteInfo(
            id=row[0],
            made_by=row[1],
            made_at=row[2],
            single_use=bool(row[3]),
            expires_at=row[4],
            revoked_at=row[5],
            used_by=tuple(
                user for (user,) in tx.all("SELECT user FROM invite_uses WHERE invite = ? ORDER BY used_at", (row[0],))
            ),
        )
        for row in rows
    )


def audit_page(tx: Transaction, before: int | None, limit: int) -> tuple[AuditEntry, ...]:
    """The newest lines of the audit log, or those before an id; for who may read it."""
    rows = tx.all(
        "SELECT id, at, actor, verb, target, room, message, reason, until FROM audit WHERE id < ? "
        "ORDER BY id DESC LIMIT ?",
        (before or 2**62, limit),
    )
    return tuple(AuditEntry(*row) for row in rows)


def counts(tx: Transaction) -> dict[str, int]:
    """Sums for the metrics."""
    people, rooms, rows = tx.one(
        "SELECT (SELECT count(*) FROM users WHERE role <> 'gone'), (SELECT count(*) FROM rooms), "
        "(SELECT coalesce(max(key), 0) FROM messages)"
    )
    return {"people": people, "rooms": rooms, "messages": rows}


def setting(tx: Transaction, name: str) -> str | None:
    """One of the host's kept settings."""
    row: Any = tx.one("SELECT value FROM meta WHERE name = ?", (name,))
    return row[0] if row else None


def revs(tx: Transaction) -> dict[str, int]:
    """Every room's revision."""
    return dict(tx.all("SELECT id, rev FROM rooms"))
