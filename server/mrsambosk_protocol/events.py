"""What the host says: replies to commands, and what it pushes.

Decoded with `codec.decode_event`, leniently: an event or field of a later version is ignored, not an error.
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .entities import HostInfo, Message, Room, User, You


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all events; never sent itself."""


class Welcome(Event, frozen=True, tag="welcome"):
    """`users` is everyone a row may name; `rooms` is every room this person may see."""

    ref: int
    protocol: int
    host: HostInfo
    epoch: str
    you: User
    users: tuple[User, ...]
    rooms: tuple[Room, ...]


class Sync(Event, frozen=True, tag="sync"):
    """Rows in order of `rev`; `rev` is the cursor after it.

    `reset`: drop your copy of the room first (never the outbox).
    """

    room: str
    rev: int
    messages: tuple[Message, ...]
    more: bool
    reset: bool


class Live(Event, frozen=True, tag="live"):
    """Every room is live from here."""


class Done(Event, frozen=True, tag="done", omit_defaults=True):
    """The command with this `ref` was carried out and is stored."""

    ref: int
    id: int | UnsetType = UNSET
    rev: int | UnsetType = UNSET
    duplicate: bool | UnsetType = UNSET
    you: You | UnsetType = UNSET


class Page(Event, frozen=True, tag="page"):
    """Ascending by id; `rev` is the room's when it was read."""

    ref: int
    room: str
    rev: int
    messages: tuple[Message, ...]
    has_older: bool
    has_newer: bool


class Results(Event, frozen=True, tag="results"):
    ref: int
    messages: tuple[Message, ...]
    cursor: str | None


class SeenBy(Event, frozen=True, tag="seen"):
    """Who has read a message: ids, without the author."""

    ref: int
    users: tuple[str, ...]


class Refusal(Event, frozen=True, tag="refused"):
    """`text` is a sentence for a person; `retry_after` is in seconds."""

    ref: int | None
    code: str
    text: str
    retry_after: Annotated[float, Meta(ge=0)] | UnsetType = UNSET


class MessageTold(Event, frozen=True, tag="message"):
    """A change of a room. Without `message`: one that is not for you, told so that revisions stay dense."""

    room: str
    rev: int
    message: Message | UnsetType = UNSET


class UsersTold(Event, frozen=True, tag="users"):
    users: tuple[User, ...]


class RoomTold(Event, frozen=True, tag="room"):
    room: Room


class RoomGone(Event, frozen=True, tag="room_gone"):
    room: str


class TypingTold(Event, frozen=True, tag="typing"):
    room: str
    user: str


class ReadTold(Event, frozen=True, tag="read"):
    """`you` is there on one's own devices only."""

    room: str
    user: str
    id: int
    you: You | UnsetType = UNSET


class Notice(Event, frozen=True, tag="notice"):
    """`kind`: `closing`, `read_only` or `writable`."""

    kind: str
    text: str


class DialBack(Event, frozen=True, tag="dial_back"):
    """The host wants to know whether new connections come in.

    Open one to each address at which you know this host, and ``PUT /host/dial-back/{id}`` there.
    """

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,40}\Z")]


AnyEvent = (
    Welcome
    | Sync
    | Live
    | Done
    | Page
    | Results
    | SeenBy
    | Refusal
    | MessageTold
    | UsersTold
    | RoomTold
    | RoomGone
    | TypingTold
    | ReadTold
    | Notice
    | DialBack
)
