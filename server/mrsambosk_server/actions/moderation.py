"""What some people may do to others: roles, kick, ban, mute, reset. Each leaves a line in the audit log."""

import secrets
from typing import Final

from mrsambosk_protocol.entities import User
from mrsambosk_protocol.limits import LOBBY, MAX_INTEGER, Close, Refused

from ..outcome import Ended, Outcome, Telling, UserTold
from ..people import token_hash
from ..records import USER_COLUMNS, to_user
from ..transaction import Transaction
from . import audit
from .permissions import ROLES, actor_of, may, rank, require
from .rooms import add_system_row

_RESET_MS: Final = 24 * 3600 * 1000
_CODE_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def do_change_role(tx: Transaction, user: str, target: str, role: str) -> Outcome:
    """Give somebody below oneself a role below one's own. What they have already changes nothing.

    Raises:
        Refused: `forbidden`, `not_found`, `bad_field`.
    """
    own, person = _over(tx, user, "change_role", target)
    if role not in ROLES:
        raise Refused("bad_field", f"A role is one of {', '.join(ROLES)}.")
    if rank(role) >= rank(own):
        raise Refused("forbidden", "You can only give roles below your own.")
    if person.role == role:
        return Outcome(reply=person)
    tx.run("UPDATE users SET role = ? WHERE id = ?", (role, target))
    person = User(id=person.id, name=person.name, role=role, last_seen=person.last_seen)
    audit.note(tx, user, "change_role", target=target, reason=role)
    told: list[Telling] = [UserTold(person)]
    told += add_system_row(tx, LOBBY, user, {"name": "role_changed", "user": target, "role": role})
    return Outcome(reply=person, told=tuple(told))


def do_kick(tx: Transaction, user: str, target: str, reason: str | None) -> Outcome:
    """End somebody's connections and devices. They may sign in again.

    Raises:
        Refused: `forbidden`, `not_found`.
    """
    _over(tx, user, "kick", target)
    tx.run("DELETE FROM devices WHERE user = ?", (target,))
    audit.note(tx, user, "kick", target=target, reason=reason)
    return Outcome(told=(Ended(target, Close.REMOVED, "kicked"),))


def do_ban(tx: Transaction, user: str, target: str, minutes: int | None, reason: str | None) -> Outcome:
    """Keep somebody out, for some minutes or until lifted: their connections end, no token of theirs is good meanwhile.

    Raises:
        Refused: `forbidden`, `not_found`.
    """
    _over(tx, user, "ban", target)
    until = _until(tx, minutes)
    tx.run("UPDATE users SET banned_until = ? WHERE id = ?", (until, target))
    audit.note(tx, user, "ban", target=target, reason=reason, until=until)
    return Outcome(told=(Ended(target, Close.REMOVED, "banned"),))


def do_mute(tx: Transaction, user: str, target: str, minutes: int | None, reason: str | None) -> Outcome:
    """Let somebody read but not write, for some minutes or until lifted.

    Raises:
        Refused: `forbidden`, `not_found`.
    """
    _over(tx, user, "mute", target)
    until = _until(tx, minutes)
    tx.run("UPDATE users SET muted_until = ? WHERE id = ?", (until, target))
    audit.note(tx, user, "mute", target=target, reason=reason, until=until)
    return Outcome()


def do_lift(tx: Transaction, user: str, target: str, verb: str) -> Outcome:
    """End a ban or a mute (`verb`); where there is none, nothing changes.

    Raises:
        Refused: `forbidden`, `not_found`.
    """
    _over(tx, user, verb, target)
    column = {"ban": "banned_until", "mute": "muted_until"}[verb]
    changed = tx.run(f"UPDATE users SET {column} = NULL WHERE id = ? AND {column} IS NOT NULL", (target,))  # noqa: S608
    if changed:
        audit.note(tx, user, f"lift_{verb}", target=target)
    return Outcome()


def do_reset(tx: Transaction, user: str, target: str) -> Outcome:
    """A one-time code for somebody who lost their device or password; it signs them in once, within a day.

    Raises:
        Refused: `forbidden`, `not_found`.
    """
    _over(tx, user, "reset", target)
    letters = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(16))
    code = "-".join(letters[start : start + 4] for start in range(0, 16, 4))
    tx.run(
        "UPDATE users SET reset_code = ?, reset_until = ? WHERE id = ?", (token_hash(code), tx.now + _RESET_MS, target)
    )
    audit.note(tx, user, "reset", target=target)
    return Outcome(reply=code)


def _over(tx: Transaction, user: str, verb: str, target: str) -> tuple[str, User]:
    """The actor's role and the person acted on, once it is sure that they may."""
    actor = actor_of(tx, user)
    # Who has no right at all learns nothing about who exists.
    require(actor.role, verb)
    row = tx.one(f"SELECT {USER_COLUMNS} FROM users WHERE id = ? AND role <> 'gone'", (target,))  # noqa: S608
    if row is None:
        raise Refused("not_found", "There is no such person.")
    person = to_user(row)
    if not may(actor.role, verb, person.role):
        raise Refused("forbidden", "You cannot do that to somebody of your own role or above.")
    return actor.role, person


def _until(tx: Transaction, minutes: int | None) -> int:
    return MAX_INTEGER if minutes is None else tx.now + minutes * 60_000
