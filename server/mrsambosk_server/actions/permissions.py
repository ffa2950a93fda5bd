"""Who may do what: the only place of a right, for both doors and for every action."""

from typing import Final

import msgspec

from mrsambosk_protocol.entities import ADMIN, GUEST, MEMBER, MODERATOR, OWNER
from mrsambosk_protocol.limits import Refused

from ..transaction import Transaction

#: From the least to the most.
ROLES: Final = (GUEST, MEMBER, MODERATOR, ADMIN, OWNER)
_RANK: Final = {role: rank for rank, role in enumerate(ROLES)}

#: The least role for each verb; `may` adds what depends on the target.
LEAST: Final[dict[str, str]] = {
    "read": GUEST,
    "post": GUEST,
    "react": GUEST,
    "edit": GUEST,
    "delete": GUEST,
    "pin": MEMBER,
    "invite": MEMBER,
    "delete_others": MODERATOR,
    "kick": MODERATOR,
    "mute": MODERATOR,
    "ban": MODERATOR,
    "change_role": ADMIN,
    "change_room": ADMIN,
    "policy": ADMIN,
    "reset": ADMIN,
    "audit": ADMIN,
    "metrics": OWNER,
    "backup": OWNER,
    "hand_over": OWNER,
}
#: Never done to someone of one's own role or above.
_DOWNWARDS: Final = frozenset({"delete_others", "kick", "mute", "ban", "change_role", "reset"})


class Actor(msgspec.Struct, frozen=True):
    """Who acts, as the database knows them inside the transaction."""

    id: str
    role: str
    muted_until: int | None
    banned_until: int | None


def may(role: str, verb: str, target_role: str | None = None) -> bool:
    """Whether a role has a right, over someone of `target_role` where the verb is about a person."""
    if role not in _RANK or _RANK[role] < _RANK[LEAST[verb]]:
        return False
    if verb in _DOWNWARDS and target_role is not None:
        # One who is gone ranks below everyone.
        return _RANK.get(target_role, -1) < _RANK[role]
    return True


def rank(role: str) -> int:
    """How high a role stands; -1 for `gone`."""
    return _RANK.get(role, -1)


def require(role: str, verb: str, target_role: str | None = None) -> None:
    """Raise `Refused` with `forbidden` where `may` says no."""
    if not may(role, verb, target_role):
        raise Refused("forbidden", "You are not allowed to do that here.")


def actor_of(tx: Transaction, user: str) -> Actor:
    """The acting person.

    Raises:
        Refused: `auth_failed` where they are gone, `banned` where they are banned.
    """
    row = tx.one("SELECT id, role, muted_until, banned_until FROM users WHERE id = ?", (user,))
    if row is None or row[1] not in _RANK:
        raise Refused("auth_failed", "You are not signed in here any more.")
    return _not_banned(tx, Actor(*row))


def actor_in(tx: Transaction, user: str, room: str) -> Actor:
    """The acting person as a member of a room.

    Raises:
        Refused: `not_found` where they are not in it (or it does not exist); `banned`.
    """
    return member(
        tx,
        tx.one(
            "SELECT u.id, u.role, u.muted_until, u.banned_until FROM memberships m JOIN users u ON u.id = m.user "
            "WHERE m.room = ? AND m.user = ?",
            (room, user),
        ),
    )


def member(tx: Transaction, row: tuple[str, str, int | None, int | None] | None) -> Actor:
    """The acting person from their id, role, end of a mute and end of a ban as a member; None for no such member.

    Raises:
        Refused: as `actor_in`.
    """
    if row is None or row[1] not in _RANK:
        raise Refused("not_found", "There is no such room, or you are not in it.")
    return _not_banned(tx, Actor(*row))


def _not_banned(tx: Transaction, actor: Actor) -> Actor:
    if actor.banned_until is not None and actor.banned_until > tx.now:
        raise Refused("banned", "You are banned from this host.")
    return actor


def check_not_muted(tx: Transaction, actor: Actor) -> None:
    """Raise `Refused` with `forbidden` where the person is muted now."""
    if actor.muted_until is not None and actor.muted_until > tx.now:
        raise Refused("forbidden", "You are muted here for now.")
