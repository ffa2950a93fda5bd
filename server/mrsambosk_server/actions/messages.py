"""Messages: post, edit, delete, react, pin. Each gives the room exactly one new revision, or changes nothing."""

from typing import Final

import msgspec

from mrsambosk_protocol.commands import Delete, Edit, Pin, Post, React
from mrsambosk_protocol.entities import TEXT, Message
from mrsambosk_protocol.events import Done
from mrsambosk_protocol.limits import BULK_ROWS, REACTION_KINDS, Limits, Refused
from mrsambosk_protocol.text import check_body, check_emoji

from .. import search
from ..outcome import BulkTold, Outcome, RowTold, Telling
from ..records import MESSAGE_COLUMNS, as_json, to_message
from ..transaction import Transaction
from . import audit
from .permissions import actor_in, check_not_muted, member, require

#: All that a post must know, in one statement: each gives up the interpreter's lock, and with the loop busy at the
#: fan-out a post waits to get it back.
_POSTING: Final = (
    "SELECT u.id, u.role, u.muted_until, u.banned_until, r.slow_mode, "
    "(SELECT key FROM messages WHERE author = ?2 AND cid = ?3) "
    "FROM memberships m JOIN users u ON u.id = m.user JOIN rooms r ON r.id = m.room WHERE m.room = ?1 AND m.user = ?2"
)
_NEXT_REV: Final = "UPDATE rooms SET rev = rev + 1 WHERE id = ? RETURNING rev"
_INSERT: Final = (
    "INSERT INTO messages (room, id, rev, author, kind, cid, body, mentions, reply_to, sent_at) "
    "VALUES (?1, ?2, ?2, ?3, 'text', ?4, ?5, ?6, ?7, ?8)"
)
_ROW: Final = f"SELECT {MESSAGE_COLUMNS}, key FROM messages WHERE room = ? AND id = ?"  # noqa: S608
_BY_KEY: Final = f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE key = ?"  # noqa: S608


def do_post(tx: Transaction, user: str, command: Post, rules: Limits) -> Outcome:
    """Store a message as the room's next revision.

    The same author and cid again gives the first one's id and present revision and tells nobody.

    Raises:
        Refused: `not_found`, `banned`, `forbidden` (muted), `cid_conflict`, `bad_text`, `too_long`, `bad_field`,
            `rate_limited` (slow mode).
    """
    found = tx.one(_POSTING, (command.room, user, command.cid))
    actor = member(tx, found and found[:4])
    slow_mode, stored = found[4:]
    if stored is not None:
        row = to_message(tx.one(_BY_KEY, (stored,)))
        if row.room != command.room:
            raise Refused("cid_conflict", "This message was already sent to another room.")
        return Outcome(reply=Done(ref=command.ref, id=row.id, rev=row.rev, duplicate=True), row=row)
    require(actor.role, "post")
    check_not_muted(tx, actor)
    check_body(command.body, rules)
    if command.files:
        raise Refused("bad_field", "This host does not keep files.")
    if command.reply_to is not None and not _exists(tx, command.room, command.reply_to):
        raise Refused("not_found", "The message this replies to does not exist.")
    mentions = known_members(tx, command.room, command.mentions)
    if slow_mode:
        _check_slow_mode(tx, command.room, user, slow_mode)
    (rev,) = tx.one(_NEXT_REV, (command.room,))
    tx.run(_INSERT, (command.room, rev, user, command.cid, command.body, as_json(mentions), command.reply_to, tx.now))
    _note_mentions(tx, command.room, rev, user, mentions)
    row = Message(
        id=rev,
        room=command.room,
        rev=rev,
        author=user,
        cid=command.cid,
        body=command.body,
        mentions=mentions,
        reply_to=command.reply_to,
        sent_at=tx.now,
    )
    return Outcome(
        reply=Done(ref=command.ref, id=rev, rev=rev, duplicate=False), told=(RowTold(row.room, rev, row),), row=row
    )


def do_edit(tx: Transaction, user: str, command: Edit, rules: Limits) -> Outcome:
    """Replace the text of one's own message. To what is there already: nothing changes.

    Raises:
        Refused: `not_found`, `forbidden`, `gone`, `bad_text`, `too_long`.
    """
    actor = actor_in(tx, user, command.room)
    row, key = _row(tx, command.room, command.id)
    if row.kind != TEXT or row.author != user:
        raise Refused("forbidden", "Only the author can edit a message.")
    require(actor.role, "edit")
    check_not_muted(tx, actor)
    if row.deleted:
        raise _gone()
    check_body(command.body, rules)
    mentions = row.mentions if command.mentions is None else known_members(tx, command.room, command.mentions)
    if row.body == command.body and row.mentions == mentions:
        return _unchanged(command.ref, row)
    if row.mentions != mentions:
        tx.run("DELETE FROM mentions WHERE room = ? AND id = ?", (row.room, row.id))
        _note_mentions(tx, row.room, row.id, user, mentions)
    search.index_change(tx, key, row.body, command.body)
    row = msgspec.structs.replace(row, body=command.body, mentions=mentions, edited_at=tx.now)
    return _changed(
        tx, command.ref, row, "body = ?, mentions = ?, edited_at = ?", (row.body, as_json(mentions), tx.now), wiped=True
    )


def do_delete(tx: Transaction, user: str, command: Delete, reason: str | None = None) -> Outcome:
    """Wipe a message: one's own, or another's as a moderator. The row stays, empty. Again: nothing changes.

    Raises:
        Refused: `not_found`, `forbidden`.
    """
    actor = actor_in(tx, user, command.room)
    row, key = _row(tx, command.room, command.id)
    if row.kind != TEXT:
        raise Refused("forbidden", "This row cannot be deleted.")
    if row.author == user:
        require(actor.role, "delete")
    else:
        author = tx.one("SELECT role FROM users WHERE id = ?", (row.author,))
        require(actor.role, "delete_others", author[0])
    if row.deleted:
        return _unchanged(command.ref, row)
    if row.author != user:
        audit.note(tx, user, "delete", target=row.author, room=row.room, message=row.id, reason=reason)
    return wipe(tx, command.ref, user, row, key)


def do_erase_messages(tx: Transaction, user: str) -> tuple[Telling, ...]:
    """Wipe everything a person wrote; what to tell of it. Their own act, or that of who may erase them."""
    told: list[Telling] = []
    rows = tx.all(
        f"SELECT {MESSAGE_COLUMNS}, key FROM messages WHERE author = ? AND cid IS NOT NULL AND deleted_at IS NULL",  # noqa: S608
        (user,),
    )
    for row in rows:
        told += wipe(tx, 1, user, to_message(row), row[-1]).told
    if len(told) <= BULK_ROWS:
        return tuple(told)
    newest = {telling.room: telling.rev for telling in told if isinstance(telling, RowTold)}
    return tuple(BulkTold(room, rev) for room, rev in newest.items())


def wipe(tx: Transaction, ref: int, by: str, row: Message, key: int) -> Outcome:
    """Empty a row for good, whoever has the right to. The caller has checked that it is not deleted yet."""
    search.index_change(tx, key, row.body, "")
    tx.run("DELETE FROM mentions WHERE room = ? AND id = ?", (row.room, row.id))
    row = msgspec.structs.replace(
        row,
        body="",
        mentions=(),
        reactions={},
        files=(),
        deleted_at=tx.now,
        deleted_by=by,
        pinned_at=None,
        pinned_by=None,
    )
    return _changed(
        tx,
        ref,
        row,
        "body = '', mentions = NULL, reactions = NULL, pinned_at = NULL, pinned_by = NULL, "
        "deleted_at = ?, deleted_by = ?",
        (tx.now, by),
        wiped=True,
    )


def do_react(tx: Transaction, user: str, command: React) -> Outcome:
    """Put a reaction on or take it off; what is so already changes nothing.

    Raises:
        Refused: `not_found`, `forbidden`, `gone`, `bad_field` (not one emoji, or too many different ones).
    """
    actor = actor_in(tx, user, command.room)
    row, _key = _row(tx, command.room, command.id)
    check_emoji(command.emoji)
    require(actor.role, "react")
    if row.kind != TEXT:
        raise Refused("forbidden", "This row cannot be reacted to.")
    check_not_muted(tx, actor)
    if row.deleted:
        raise _gone()
    users = row.reactions.get(command.emoji, ())
    if (user in users) == command.on:
        return _unchanged(command.ref, row)
    reactions = dict(row.reactions)
    if command.on:
        if not users and len(reactions) >= REACTION_KINDS:
            raise Refused("bad_field", f"A message can have at most {REACTION_KINDS} different reactions.")
        reactions[command.emoji] = (*users, user)
    else:
        left = tuple(other for other in users if other != user)
        if left:
            reactions[command.emoji] = left
        else:
            del reactions[command.emoji]
    row = msgspec.structs.replace(row, reactions=reactions)
    return _changed(tx, command.ref, row, "reactions = ?", (as_json(reactions),))


def do_pin(tx: Transaction, user: str, command: Pin) -> Outcome:
    """Pin or unpin; what is so already changes nothing.

    Raises:
        Refused: `not_found`, `forbidden`, `gone`.
    """
    actor = actor_in(tx, user, command.room)
    row, _key = _row(tx, command.room, command.id)
    require(actor.role, "pin")
    if row.kind != TEXT:
        raise Refused("forbidden", "This row cannot be pinned.")
    if row.deleted:
        raise _gone()
    if (row.pinned_at is not None) == command.on:
        return _unchanged(command.ref, row)
    at, by = (tx.now, user) if command.on else (None, None)
    row = msgspec.structs.replace(row, pinned_at=at, pinned_by=by)
    return _changed(tx, command.ref, row, "pinned_at = ?, pinned_by = ?", (at, by))


def known_members(tx: Transaction, room: str, users: tuple[str, ...]) -> tuple[str, ...]:
    """Of the people mentioned, those who are in the room, once each.

    An unknown one is dropped, not refused: a message written offline must not be stuck because somebody left.
    """
    return tuple(
        user
        for user in dict.fromkeys(users)
        if tx.one("SELECT 1 FROM memberships WHERE room = ? AND user = ?", (room, user))
    )


def _note_mentions(tx: Transaction, room: str, message_id: int, author: str, mentions: tuple[str, ...]) -> None:
    if mentions:
        tx.run_many(
            "INSERT INTO mentions (user, room, id) VALUES (?, ?, ?)",
            [(user, room, message_id) for user in mentions if user != author],
        )


def _check_slow_mode(tx: Transaction, room: str, user: str, seconds: int) -> None:
    row = tx.one("SELECT max(sent_at) FROM messages WHERE author = ? AND room = ? AND cid IS NOT NULL", (user, room))
    wait = seconds - (tx.now - row[0]) / 1000 if row[0] is not None else 0.0
    if 0.0 < wait <= seconds:
        raise Refused("rate_limited", f"This room is slow: one message in {seconds} seconds.", round(wait + 0.05, 1))


def _exists(tx: Transaction, room: str, message_id: int) -> bool:
    return tx.one("SELECT 1 FROM messages WHERE room = ? AND id = ?", (room, message_id)) is not None


def _row(tx: Transaction, room: str, message_id: int) -> tuple[Message, int]:
    row = tx.one(_ROW, (room, message_id))
    if row is None:
        raise Refused("not_found", "There is no such message.")
    return to_message(row), row[-1]


def _gone() -> Refused:
    return Refused("gone", "This message was deleted.")


def _unchanged(ref: int, row: Message) -> Outcome:
    return Outcome(reply=Done(ref=ref, rev=row.rev), row=row)


def _changed(
    tx: Transaction, ref: int, row: Message, assignments: str, values: tuple[object, ...], *, wiped: bool = False
) -> Outcome:
    """Write a row's change as the room's next revision."""
    rev = tx.one(_NEXT_REV, (row.room,))[0]
    row = msgspec.structs.replace(row, rev=rev)
    tx.run(
        f"UPDATE messages SET rev = ?, {assignments} WHERE room = ? AND id = ?",  # noqa: S608
        (rev, *values, row.room, row.id),
    )
    return Outcome(reply=Done(ref=ref, rev=rev), told=(RowTold(row.room, rev, row),), row=row, wiped=wiped)
