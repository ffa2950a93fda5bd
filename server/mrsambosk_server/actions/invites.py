"""Personal invites: made, used, withdrawn. Of a code only its SHA-256 is stored."""

from typing import Final

from mrsambosk_protocol.limits import Refused

from ..outcome import Outcome
from ..people import open_invite
from ..records import new_id
from ..transaction import Transaction
from . import audit
from .permissions import actor_of, may, require

#: Of one person, not used up, ended or withdrawn.
_OPEN: Final = 100
_MINUTE_MS: Final = 60_000


def do_make_invite(tx: Transaction, user: str | None, code: bytes, single_use: bool, minutes: int | None) -> Outcome:
    """Make an invite; the reply is its id and when it ends (None: not by itself).

    Args:
        user: who makes it; None for who runs the host, on its own machine.
        code: the hash of its code.

    Raises:
        Refused: `forbidden`; `rate_limited` for somebody with too many open ones.
    """
    if user is not None:
        require(actor_of(tx, user).role, "invite")
        (made,) = tx.one(
            "SELECT count(*) FROM invites i WHERE made_by = ? AND revoked_at IS NULL AND coalesce(expires_at > ?, 1) "
            "AND NOT (single_use AND EXISTS (SELECT 1 FROM invite_uses WHERE invite = i.id))",
            (user, tx.now),
        )
        if made >= _OPEN:
            raise Refused("rate_limited", "You have many open invites; withdraw some first.", 60)
    until = tx.now + minutes * _MINUTE_MS if minutes is not None else None
    id = new_id("i")
    tx.run(
        "INSERT INTO invites (id, hash, made_by, made_at, single_use, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (id, code, user, tx.now, int(single_use), until),
    )
    audit.note(tx, user, "make_invite", until=until)
    return Outcome(reply=(id, until))


def do_revoke_invite(tx: Transaction, user: str, id: str) -> Outcome:
    """Withdraw an invite of one's own, or anybody's for who sets the policy. Who came by it stays.

    Raises:
        Refused: `forbidden`; `not_found`, also for what one may not see.
    """
    role = actor_of(tx, user).role
    require(role, "invite")
    row = tx.one("SELECT made_by, revoked_at FROM invites WHERE id = ?", (id,))
    if row is None or (row[0] != user and not may(role, "policy")):
        raise Refused("not_found", "There is no such invite.")
    if row[1] is None:
        tx.run("UPDATE invites SET revoked_at = ? WHERE id = ?", (tx.now, id))
        audit.note(tx, user, "revoke_invite", target=row[0] if row[0] != user else None)
    return Outcome()


def use_invite(tx: Transaction, code: bytes, user: str, closed: bool) -> None:
    """Somebody came by the invite with this code's hash, in the transaction that makes them a member.

    Raises:
        Refused: as `open_invite`.
    """
    invite = open_invite(tx, code, closed)
    if invite is None:
        raise Refused("auth_failed", "This invite was withdrawn; ask for another.")
    tx.run("INSERT INTO invite_uses (invite, user, used_at) VALUES (?, ?, ?)", (invite, user, tx.now))
