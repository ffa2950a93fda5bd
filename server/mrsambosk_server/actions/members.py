"""Memberships: where each member of a room has read to, and when they were last seen."""

from mrsambosk_protocol.commands import Read
from mrsambosk_protocol.entities import You
from mrsambosk_protocol.events import Done
from mrsambosk_protocol.limits import SMALL_COMPANY

from ..history import you_in
from ..outcome import Outcome, ReadTold
from ..transaction import Transaction
from .permissions import actor_in


def do_read(tx: Transaction, user: str, command: Read) -> Outcome:
    """Move one's read marker: forwards only, unless `back`. A marker past the newest row stands at the newest.

    Raises:
        Refused: `not_found`, `banned`.
    """
    actor_in(tx, user, command.room)
    read, rev = tx.one(
        "SELECT m.read, r.rev FROM memberships m JOIN rooms r ON r.id = m.room WHERE m.room = ? AND m.user = ?",
        (command.room, user),
    )
    target = min(command.id, rev)
    if target == read or (target < read and not command.back):
        you: You = you_in(tx, user, command.room, read, rev)
        return Outcome(reply=Done(ref=command.ref, you=you))
    tx.run("UPDATE memberships SET read = ? WHERE room = ? AND user = ?", (target, command.room, user))
    you = you_in(tx, user, command.room, target, rev)
    company = tx.one(
        "SELECT count(*) FROM (SELECT 1 FROM memberships WHERE room = ? LIMIT ?)", (command.room, SMALL_COMPANY + 1)
    )[0]
    told = ReadTold(command.room, user, target, you, small=company <= SMALL_COMPANY)
    return Outcome(reply=Done(ref=command.ref, you=you), told=(told,))


def do_leave(tx: Transaction, user: str, at: int) -> Outcome:
    """Remember when a person's last connection ended (Unix milliseconds)."""
    tx.run("UPDATE users SET last_seen = ? WHERE id = ? AND role <> 'gone'", (at, user))
    return Outcome()
