"""Pages, sync and unread sums: pure read queries, each for a viewer who is a member of the room it asks for.

Who is not a member gets `not_found`, as for a room that does not exist.
"""

from typing import Any, Final

import msgspec

from mrsambosk_protocol.commands import Get, History, Seen
from mrsambosk_protocol.entities import Message, Room, User, You
from mrsambosk_protocol.events import Page, SeenBy, Sync
from mrsambosk_protocol.limits import RESET_ROWS, SYNC_BYTES, SYNC_ROWS, Refused

from .records import MESSAGE_COLUMNS, USER_COLUMNS, to_message, to_messages, to_room, to_user
from .transaction import Transaction

_SELECT: Final = f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE room = ?"  # noqa: S608
_encode: Final = msgspec.json.Encoder().encode


def no_room() -> Refused:
    """The one answer for a room that is not there or not yours."""
    return Refused("not_found", "There is no such room, or you are not in it.")


def no_message() -> Refused:
    return Refused("not_found", "There is no such message.")


def room_rev(tx: Transaction, viewer: str, room: str) -> int:
    """The room's revision.

    Raises:
        Refused: `not_found`.
    """
    row = tx.one(
        "SELECT r.rev FROM memberships m JOIN rooms r ON r.id = m.room WHERE m.room = ? AND m.user = ?", (room, viewer)
    )
    if row is None:
        raise no_room()
    return int(row[0])


def everyone(tx: Transaction) -> list[User]:
    """All whom a row may name, those who are gone included."""
    return [to_user(row) for row in tx.all(f"SELECT {USER_COLUMNS} FROM users")]  # noqa: S608


def rooms_of(tx: Transaction, viewer: str, room: str | None = None) -> tuple[Room, ...]:
    """The rooms a person may see (or the one named), with where they stand in each."""
    rows = tx.all(
        "SELECT r.id, r.name, r.topic, r.kind, r.private, r.rev, r.first, m.read FROM memberships m "
        "JOIN rooms r ON r.id = m.room WHERE m.user = ?1 AND (?2 IS NULL OR r.id = ?2) ORDER BY r.created_at, r.id",
        (viewer, room),
    )
    return tuple(to_room(row, you_in(tx, viewer, row[0], row[7], row[5])) for row in rows)


def you_in(tx: Transaction, viewer: str, room: str, read: int, rev: int) -> You:
    """A member's sums: text rows after `read`, not theirs, not deleted; and how many of those mention them."""
    if read >= rev:
        return You(read=read)
    unread = tx.one(
        "SELECT count(*) FROM messages WHERE room = ? AND id > ? AND kind = 'text' AND author <> ? "
        "AND deleted_at IS NULL",
        (room, read, viewer),
    )[0]
    mentions = tx.one("SELECT count(*) FROM mentions WHERE user = ? AND room = ? AND id > ?", (viewer, room, read))[0]
    return You(read=read, unread=unread, mentions=mentions)


def cursor_is_good(tx: Transaction, room: str, epoch: str | None, cursor: int) -> bool:
    """Whether a cursor taken in `epoch` lies on this database's history: up to where that epoch ended in the room.

    Beyond it, or from an epoch this database never had (a restored backup, another host), it does not.
    """
    if epoch is None:
        return False
    row = tx.one("SELECT number FROM epochs WHERE epoch = ? AND room = ?", (epoch, room))
    if row is None:
        return False
    following = tx.one(
        "SELECT first_rev FROM epochs WHERE room = ? AND number > ? ORDER BY number LIMIT 1", (room, row[0])
    )
    end = following or tx.one("SELECT rev FROM rooms WHERE id = ?", (room,))
    return bool(cursor <= end[0])


def sync_page(tx: Transaction, viewer: str, room: str, cursor: int | None) -> Sync:
    """What changed after `cursor`, or, with None, the room anew: its newest rows by id.

    The rows are encoded here, on the reader's thread. With `more`, ask again from the page's `rev`.

    Raises:
        Refused: `not_found`.
    """
    rev = room_rev(tx, viewer, room)
    if cursor is None:
        newest = tx.all(_SELECT + " ORDER BY id DESC LIMIT ?", (room, RESET_ROWS))
        rows = sorted((to_message(row) for row in newest), key=lambda message: message.rev)
        return _sync(room, rev, [_encode(row) for row in rows], more=False, reset=True)
    encoded: list[bytes] = []
    size = 0
    last = cursor
    # One by one: 500 rows may be sixteen times what a page holds.
    for raw in tx.each(_SELECT + " AND rev > ? ORDER BY rev LIMIT ?", (room, cursor, SYNC_ROWS + 1)):
        message = to_message(raw)
        text = _encode(message)
        if len(encoded) == SYNC_ROWS or (encoded and size + len(text) > SYNC_BYTES - 1024):
            return _sync(room, last, encoded, more=True, reset=False)
        encoded.append(text)
        size += len(text) + 1
        last = message.rev
    return _sync(room, rev, encoded, more=False, reset=False)


def _sync(room: str, rev: int, rows: list[bytes], *, more: bool, reset: bool) -> Sync:
    raw: Any = tuple(msgspec.Raw(row) for row in rows)
    return Sync(room=room, rev=rev, messages=raw, more=more, reset=reset)


def page(tx: Transaction, viewer: str, ask: History) -> Page:
    """A page of a room by id, ascending.

    Raises:
        Refused: `not_found`.
    """
    rev = room_rev(tx, viewer, ask.room)
    pinned = " AND pinned_at IS NOT NULL" if ask.pinned else ""
    select = _SELECT + pinned

    def older(than: int, count: int) -> tuple[list[Message], bool]:
        rows = tx.all(select + " AND id < ? ORDER BY id DESC LIMIT ?", (ask.room, than, count + 1))
        return [to_message(row) for row in reversed(rows[:count])], len(rows) > count

    def newer(than: int, count: int) -> tuple[list[Message], bool]:
        rows = tx.all(select + " AND id > ? ORDER BY id LIMIT ?", (ask.room, than, count + 1))
        return [to_message(row) for row in rows[:count]], len(rows) > count

    messages: list[Message]
    if ask.after is not None:
        messages, has_newer = newer(ask.after, ask.limit)
        has_older = older(ask.after + 1, 0)[1]
    elif ask.around is not None:
        before, has_older = older(ask.around, ask.limit // 2)
        after, has_newer = newer(ask.around - 1, ask.limit - len(before))
        messages = before + after
    else:
        end = ask.before if ask.before is not None else rev + 1
        messages, has_older = older(end, ask.limit)
        has_newer = newer(end - 1, 0)[1]
    return Page(ref=ask.ref, room=ask.room, rev=rev, messages=tuple(messages), has_older=has_older, has_newer=has_newer)


def get(tx: Transaction, viewer: str, ask: Get) -> Page:
    """The named rows that exist, ascending.

    Raises:
        Refused: `not_found`, for the room only.
    """
    rev = room_rev(tx, viewer, ask.room)
    marks = ", ".join("?" * len(ask.ids))
    rows = tx.all(f"{_SELECT} AND id IN ({marks}) ORDER BY id", (ask.room, *ask.ids))
    return Page(ref=ask.ref, room=ask.room, rev=rev, messages=to_messages(rows), has_older=False, has_newer=False)


def message(tx: Transaction, viewer: str, room: str, message_id: int) -> Message:
    """One row.

    Raises:
        Refused: `not_found`, alike for the room and the row.
    """
    room_rev(tx, viewer, room)
    row = tx.one(_SELECT + " AND id = ?", (room, message_id))
    if row is None:
        raise no_message()
    return to_message(row)


def seen_by(tx: Transaction, viewer: str, ask: Seen) -> SeenBy:
    """Who has read a message, without its author.

    Raises:
        Refused: `not_found`.
    """
    author = message(tx, viewer, ask.room, ask.id).author
    # Who came later counts as well: they begin with all read, and no clock may decide who has seen something.
    rows = tx.all(
        "SELECT user FROM memberships WHERE room = ? AND read >= ? AND user <> ? ORDER BY user",
        (ask.room, ask.id, author),
    )
    return SeenBy(ref=ask.ref, users=tuple(row[0] for row in rows))
