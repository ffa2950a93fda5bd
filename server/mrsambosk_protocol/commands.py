"""What a client may ask: one small strict struct for each command.

Decoded with `codec.decode_command`, which refuses an unknown, missing or wrong field. Every command but
`Typing` carries a `ref` and gets exactly one reply with it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from . import limits

Ref = Annotated[int, Meta(ge=1, le=limits.MAX_INTEGER)]
MessageId = Annotated[int, Meta(ge=1, le=limits.MAX_INTEGER)]
Revision = Annotated[int, Meta(ge=0, le=limits.MAX_INTEGER)]
RoomId = Annotated[str, Meta(min_length=1, max_length=40)]
UserId = Annotated[str, Meta(min_length=1, max_length=40)]
#: Of free text that is neither a body nor a name, which have rules of their own: no U+0000.
NO_NUL = r"^[^\x00]*\Z"
#: Fits what secrets.token_urlsafe, a UUID and a ULID give.
Cid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,40}\Z")]
Emoji = Annotated[str, Meta(min_length=1, max_length=limits.EMOJI_BYTES)]
Mentions = Annotated[tuple[UserId, ...], Meta(max_length=limits.MENTIONS)]


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    omit_defaults=True,
):
    """Base of all commands; never sent itself."""


class Hello(Command, frozen=True, tag="hello"):
    """The first frame. `have` maps each room this client keeps to its cursor, all within `epoch`."""

    ref: Ref
    protocol: Annotated[tuple[int, ...], Meta(max_length=16)]
    client: Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_NUL)]
    token: Annotated[str, Meta(max_length=256)] | None = None
    epoch: Annotated[str, Meta(max_length=64, pattern=NO_NUL)] | None = None
    have: dict[RoomId, Revision] | None = None


class Post(Command, frozen=True, tag="post"):
    ref: Ref
    room: RoomId
    cid: Cid
    body: str
    mentions: Mentions = ()
    reply_to: MessageId | None = None
    files: tuple[UserId, ...] = ()


class Edit(Command, frozen=True, tag="edit"):
    """`mentions` absent leaves the row's as they are."""

    ref: Ref
    room: RoomId
    id: MessageId
    body: str
    mentions: Mentions | None = None


class Delete(Command, frozen=True, tag="delete"):
    ref: Ref
    room: RoomId
    id: MessageId


class React(Command, frozen=True, tag="react"):
    ref: Ref
    room: RoomId
    id: MessageId
    emoji: Emoji
    on: bool


class Pin(Command, frozen=True, tag="pin"):
    ref: Ref
    room: RoomId
    id: MessageId
    on: bool


class History(Command, frozen=True, tag="history"):
    """One of `before`, `after`, `around` (an id), or none for the newest. Answered by a `page`, ascending."""

    ref: Ref
    room: RoomId
    before: MessageId | None = None
    after: Revision | None = None
    around: MessageId | None = None
    pinned: bool = False
    limit: Annotated[int, Meta(ge=1, le=limits.HISTORY_LIMIT)] = limits.HISTORY_DEFAULT

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.before, self.after, self.around)) > 1:
            raise ValueError("name one of before, after and around")


class Get(Command, frozen=True, tag="get"):
    ref: Ref
    room: RoomId
    ids: Annotated[tuple[MessageId, ...], Meta(max_length=limits.GET_IDS)]


class Search(Command, frozen=True, tag="search"):
    """Newest first; `cursor` is what the last `results` gave."""

    ref: Ref
    query: Annotated[str, Meta(max_length=400, pattern=NO_NUL)]
    room: RoomId | None = None
    cursor: Annotated[str, Meta(max_length=64)] | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.SEARCH_LIMIT)] = limits.SEARCH_DEFAULT


class Read(Command, frozen=True, tag="read"):
    """Read up to `id`. The highest wins unless `back` (mark unread from here)."""

    ref: Ref
    room: RoomId
    id: Revision
    back: bool = False


class Seen(Command, frozen=True, tag="seen"):
    ref: Ref
    room: RoomId
    id: MessageId


class Presence(Command, frozen=True, tag="presence"):
    ref: Ref
    status: Annotated[str, Meta(pattern=r"^(online|away|busy)\Z")]


class Typing(Command, frozen=True, tag="typing"):
    """Never answered, never stored."""

    room: RoomId


class Ping(Command, frozen=True, tag="ping"):
    ref: Ref


AnyCommand = (
    Hello | Post | Edit | Delete | React | Pin | History | Get | Search | Read | Seen | Presence | Typing | Ping
)
#: These share one budget for each user (`posts_per_second`), over both doors.
CHANGES = (Post, Edit, Delete, React, Pin)
