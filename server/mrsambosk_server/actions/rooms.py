"""Rooms: name, topic, slow mode; and the rows by which a room says what happened to it."""

import json
from typing import Any

from mrsambosk_protocol.entities import SYSTEM, Message
from mrsambosk_protocol.limits import Limits, Refused
from mrsambosk_protocol.text import check_name

from ..history import rooms_of
from ..outcome import Outcome, RoomTold, RowTold, Telling
from ..transaction import Transaction
from . import audit
from .permissions import actor_in, require

TOPIC_CHARS = 200
SLOW_MODE_MAX = 3600


def do_change_room(
    tx: Transaction,
    user: str,
    room: str,
    name: str | None,
    topic: str | None,
    slow_mode: int | None,
    rules: Limits,
) -> Outcome:
    """Change what is given of a room; the reply is the room as the actor sees it.

    Raises:
        Refused: `not_found`, `forbidden`, `bad_name`, `bad_field`.
    """
    actor = actor_in(tx, user, room)
    require(actor.role, "change_room")
    before = tx.one("SELECT name, topic, slow_mode FROM rooms WHERE id = ?", (room,))
    told: list[Telling] = []
    if name is not None and check_name(name, rules) != before[0]:
        tx.run("UPDATE rooms SET name = ? WHERE id = ?", (check_name(name, rules), room))
        told += add_system_row(tx, room, user, {"name": "renamed"})
    if topic is not None and topic != before[1]:
        if len(topic) > TOPIC_CHARS or any(not char.isprintable() for char in topic):
            raise Refused("bad_field", f"A topic is one line of at most {TOPIC_CHARS} characters.")
        tx.run("UPDATE rooms SET topic = ? WHERE id = ?", (topic, room))
        told += add_system_row(tx, room, user, {"name": "topic_changed"})
    if slow_mode is not None and slow_mode != before[2]:
        tx.run("UPDATE rooms SET slow_mode = ? WHERE id = ?", (slow_mode, room))
        audit.note(tx, user, "slow_mode", room=room, reason=str(slow_mode))
    if told:
        audit.note(tx, user, "change_room", room=room)
        told.append(RoomTold(room))
    return Outcome(reply=rooms_of(tx, user, room)[0], told=tuple(told))


def add_system_row(tx: Transaction, room: str, actor: str, event: dict[str, Any]) -> tuple[Telling, ...]:
    """A row that says what happened, as the room's next revision."""
    rev = tx.one("UPDATE rooms SET rev = rev + 1 WHERE id = ? RETURNING rev", (room,))[0]
    tx.run(
        "INSERT INTO messages (room, id, rev, author, kind, body, sent_at, event) "
        "VALUES (?1, ?2, ?2, ?3, 'system', '', ?4, ?5)",
        (room, rev, actor, tx.now, json.dumps(event)),
    )
    row = Message(id=rev, room=room, rev=rev, author=actor, kind=SYSTEM, sent_at=tx.now, event=event)
    return (RowTold(room, rev, row),)
