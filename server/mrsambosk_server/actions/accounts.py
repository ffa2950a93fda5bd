"""Accounts and devices: registering, signing in, the owner of a start."""

from typing import Final

import msgspec

from mrsambosk_protocol.entities import MEMBER, OWNER, User
from mrsambosk_protocol.limits import Close, Limits, Refused
from mrsambosk_protocol.text import check_name, name_key

from ..outcome import Ended, Outcome, UserTold
from ..people import token_hash
from ..records import new_id
from ..transaction import Transaction

DEVICE_NAME: Final = "unnamed device"


class SignedIn(msgspec.Struct, frozen=True):
    """Who signed in, on which device."""

    user: User
    device: str


def do_register(
    tx: Transaction, name: str, token: str, device: str, password: str | None, email: str | None, rules: Limits
) -> Outcome:
    """A new person, in every open room, with a first device. `password` is its Argon2id hash.

    Raises:
        Refused: `bad_name`, `name_taken`.
    """
    kept = check_name(name, rules)
    if tx.one("SELECT 1 FROM users WHERE name_key = ?", (name_key(kept),)):
        raise Refused("name_taken", "Somebody here has that name already.")
    user = _create(tx, kept, MEMBER, password, email)
    made = _add_device(tx, user.id, token, device)
    return Outcome(reply=SignedIn(user, made), told=(UserTold(user),))


def do_sign_in(tx: Transaction, user: str, token: str, device: str) -> Outcome:
    """One more device for a person whose password was right."""
    row = tx.one("SELECT id, name, role, last_seen FROM users WHERE id = ?", (user,))
    made = _add_device(tx, user, token, device)
    return Outcome(reply=SignedIn(User(id=row[0], name=row[1], role=row[2], last_seen=row[3]), made))


def do_sign_out(tx: Transaction, user: str, device: str) -> Outcome:
    """Revoke one device's token; its connections end.

    Raises:
        Refused: `not_found`.
    """
    if not tx.run("DELETE FROM devices WHERE id = ? AND user = ?", (device, user)):
        raise Refused("not_found", "There is no such device.")
    return Outcome(told=(Ended(user, Close.REVOKED, "signed out", device=device),))


def do_own(tx: Transaction, name: str, token: str, rules: Limits) -> Outcome:
    """The person who starts this host is its owner, with a token that replaces the last start's.

    Raises:
        Refused: `bad_name`.
    """
    kept = check_name(name, rules)
    row = tx.one("SELECT id, name, last_seen FROM users WHERE name_key = ?", (name_key(kept),))
    if row is None:
        user = _create(tx, kept, OWNER, None, None)
    else:
        user = User(id=row[0], name=row[1], role=OWNER, last_seen=row[2])
        tx.run("UPDATE users SET role = ?, banned_until = NULL, muted_until = NULL WHERE id = ?", (OWNER, user.id))
    tx.run("DELETE FROM devices WHERE owner_start = 1")
    made = _add_device(tx, user.id, token, "host window", owner_start=True)
    return Outcome(reply=SignedIn(user, made), told=(UserTold(user),))


def do_note_use(tx: Transaction, device: str) -> Outcome:
    """A device's token was used now."""
    tx.run("UPDATE devices SET used_at = ? WHERE id = ?", (tx.now, device))
    return Outcome()


def _create(tx: Transaction, name: str, role: str, password: str | None, email: str | None) -> User:
    user = User(id=new_id("u"), name=name, role=role)
    tx.run(
        "INSERT INTO users (id, name, name_key, role, password, email, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (user.id, name, name_key(name), role, password, email, tx.now),
    )
    # Whoever comes new has read what was there before them.
    tx.run(
        "INSERT INTO memberships (room, user, since, read) SELECT id, ?, ?, rev FROM rooms WHERE private = 0",
        (user.id, tx.now),
    )
    return user


def _add_device(tx: Transaction, user: str, token: str, name: str, *, owner_start: bool = False) -> str:
    device = new_id("d")
    tx.run(
        "INSERT INTO devices (id, hash, user, name, created_at, used_at, owner_start) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (device, token_hash(token), user, name or DEVICE_NAME, tx.now, tx.now, int(owner_start)),
    )
    return device
