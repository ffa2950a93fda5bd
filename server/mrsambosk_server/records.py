"""Row ⇄ Message, User, Room: told live and read in pages alike, so both come from the same few lines."""

import json
import secrets
from base64 import b32encode
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from mrsambosk_protocol.entities import Message, Room, User, You

MESSAGE_COLUMNS: Final = (
    "id, room, rev, author, kind, cid, body, mentions, reply_to, sent_at, edited_at, deleted_at, deleted_by, "
    "pinned_at, pinned_by, reactions, event"
)
USER_COLUMNS: Final = "id, name, role, last_seen"

_reactions: Final = msgspec.json.Decoder(dict[str, tuple[str, ...]])
_mentions: Final = msgspec.json.Decoder(tuple[str, ...])


def to_message(row: Sequence[Any]) -> Message:
    """A message from `MESSAGE_COLUMNS`, in their order."""
    return Message(
        id=row[0],
        room=row[1],
        rev=row[2],
        author=row[3],
        kind=row[4],
        cid=row[5],
        body=row[6],
        mentions=_mentions.decode(row[7]) if row[7] else (),
        reply_to=row[8],
        sent_at=row[9],
        edited_at=row[10],
        deleted_at=row[11],
        deleted_by=row[12],
        pinned_at=row[13],
        pinned_by=row[14],
        reactions=_reactions.decode(row[15]) if row[15] else {},
        event=json.loads(row[16]) if row[16] else UNSET,
    )


def to_messages(rows: Iterable[Sequence[Any]]) -> tuple[Message, ...]:
    return tuple(to_message(row) for row in rows)


def to_user(row: Sequence[Any]) -> User:
    """A user from `USER_COLUMNS`; the hub knows the presence."""
    return User(id=row[0], name=row[1], role=row[2], last_seen=row[3])


def to_room(row: Sequence[Any], you: You) -> Room:
    """A room from (id, name, topic, kind, private, rev, first)."""
    return Room(
        id=row[0], name=row[1], topic=row[2], kind=row[3], private=bool(row[4]), rev=row[5], first=row[6], you=you
    )


def as_json(value: Any) -> str | None:
    """A list or dict for a column: None where it is empty."""
    return msgspec.json.encode(value).decode() if value else None


def new_id(prefix: str) -> str:
    """A prefix and 64 random bits in base32: never reused."""
    return f"{prefix}_{b32encode(secrets.token_bytes(8)).decode().rstrip('=').lower()}"
