"""Accounts and devices: registering, signing in, profiles, leaving for good, the owner of a start."""

from typing import Final

import msgspec

from mrsambosk_protocol.entities import GONE, MEMBER, OWNER, User
from mrsambosk_protocol.limits import Close, Limits, Refused
from mrsambosk_protocol.text import check_name, name_key

from ..outcome import Ended, Outcome, Telling, UserTold
from ..people import token_hash
from ..records import USER_COLUMNS, new_id, to_user
from ..transaction import Transaction
from .invites import use_invite
from .messages import do_erase_messages
from .permissions import actor_of

DEVICE_NAME: Final = "unnamed device"


class SignedIn(msgspec.Struct, frozen=True):
    """Who signed in, on which device."""

    user: User
    device: str


def do_register(
    tx: Transaction,
    name: str,
    token: str,
    device: str,
    password: str | None,
    email: str | None,
    rules: Limits,
    invite: bytes | None = None,
    closed: bool = False,
) -> Outcome:
    """A new person, in every open room, with a first device. `password` is its Argon2id hash.

    Args:
        invite: the hash of the code of a personal invite, which is used by this.
        closed: whether the host takes only those whom its owner or admins invited.

    Raises:
        Refused: `bad_name`, `name_taken`; `auth_failed` for an invite that is used up or ended meanwhile.
    """
    kept = check_name(name, rules)
    if tx.one("SELECT 1 FROM users WHERE name_key = ?", (name_key(kept),)):
        raise Refused("name_taken", "Somebody here has that name already.")
    user = _create(tx, kept, MEMBER, password, email)
    made = _add_device(tx, user.id, token, device)
    if invite is not None:
        use_invite(tx, invite, user.id, closed)
    return Outcome(reply=SignedIn(user, made), told=(UserTold(user),))


def do_sign_in(
    tx: Transaction,
    user: str,
    token: str,
    device: str,
    reset_code: bytes | None = None,
    password: str | None = None,
) -> Outcome:
    """One more device for a person whose password was right, or who presented the reset code of this hash.

    Args:
        password: the stored hash that the password was held against.

    Raises:
        Refused: `auth_failed` where they are gone, or the code was used or the password changed meanwhile; `banned`.
    """
    actor_of(tx, user)
    if password is not None and not tx.one("SELECT 1 FROM users WHERE id = ? AND password = ?", (user, password)):
        raise Refused("auth_failed", "The name or the password is wrong.")
    if reset_code is not None and not tx.run(
        "UPDATE users SET reset_code = NULL, reset_until = NULL WHERE id = ? AND reset_code = ? AND reset_until > ?",
        (user, reset_code, tx.now),
    ):
        raise Refused("auth_failed", "The name or the password is wrong.")
    return Outcome(reply=SignedIn(_user(tx, user), _add_device(tx, user, token, device)))


def do_change_profile(
    tx: Transaction,
    user: str,
    device: str,
    name: str | None,
    email: str | None,
    password: str | None,
    rules: Limits,
) -> Outcome:
    """Change what is given. `password` is its Argon2id hash; a new one ends the person's other sessions.

    Raises:
        Refused: `auth_failed`, `banned`, `bad_name`, `name_taken`.
    """
    actor_of(tx, user)
    told: list[Telling] = []
    if name is not None:
        kept = check_name(name, rules)
        if tx.one("SELECT 1 FROM users WHERE name_key = ? AND id <> ?", (name_key(kept), user)):
            raise Refused("name_taken", "Somebody here has that name already.")
        change = "UPDATE users SET name = ?1, name_key = ?2 WHERE id = ?3 AND name <> ?1"
        if tx.run(change, (kept, name_key(kept), user)):
            told.append(UserTold(_user(tx, user)))
    if email is not None:
        tx.run("UPDATE users SET email = ? WHERE id = ?", (email or None, user))
    if password is not None:
        tx.run("UPDATE users SET password = ?, reset_code = NULL, reset_until = NULL WHERE id = ?", (password, user))
        tx.run("DELETE FROM devices WHERE user = ? AND id <> ?", (user, device))
        told.append(Ended(user, Close.REVOKED, "the password was changed", except_device=device))
    return Outcome(told=tuple(told))


def do_erase(tx: Transaction, user: str, messages_too: bool) -> Outcome:
    """Forget a person: name, e-mail, password and devices at once; with `messages_too` what they wrote as well.

    The empty account stays, because rows name it.

    Raises:
        Refused: `auth_failed`; `forbidden` for the owner, who must hand over first.
    """
    if actor_of(tx, user).role == OWNER:
        raise Refused("forbidden", "The owner of a host cannot leave it without handing it over.")
    told = do_erase_messages(tx, user) if messages_too else ()
    tx.run(
        "UPDATE users SET name = '', name_key = NULL, role = 'gone', password = NULL, email = NULL, last_seen = NULL, "
        "muted_until = NULL, banned_until = NULL, reset_code = NULL, reset_until = NULL WHERE id = ?",
        (user,),
    )
    for table in ("devices", "memberships", "mentions"):
        tx.run(f"DELETE FROM {table} WHERE user = ?", (user,))  # noqa: S608
    told = (*told, Ended(user, Close.REVOKED, "erased"), UserTold(User(id=user, name="", role=GONE)))
    return Outcome(told=told, wiped=True)


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


def _user(tx: Transaction, user: str) -> User:
    return to_user(tx.one(f"SELECT {USER_COLUMNS} FROM users WHERE id = ?", (user,)))  # noqa: S608


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
