"""One row of a timeline: as the model keeps it (`Entry`) and as views get it (`TimelineRow`)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mrsambosk_desktop.core.bodies import Blocks, parse
from mrsambosk_desktop.core.grouping import Group, Kind, Place, local_day
from mrsambosk_desktop.core.rows import Pending, SendState
from mrsambosk_protocol.entities import SYSTEM, Message, User

#: A row's own name: the id of a stored message, the cid of a pending one.
Key = int | str


@dataclass(frozen=True, slots=True, eq=False)
class TimelineRow:
    """Everything a delegate needs of one row. A new object whenever any of it changes: caches compare by identity.

    Exactly one of `message` and `pending` is there. `source` is what it replies to, as far as known; `names` are
    user id → name for the people its reactions name; `system` words a system row; `unread_count` goes with
    `group.unread`, None when nobody knows; `seen_by` are the ids of others who have read a message of one's own;
    `waiting`: what `message` shows of one's own doing is not at the host yet, nor on its way.
    """

    key: Key
    message: Message | None
    pending: Pending | None
    author: User | None
    author_id: str
    mine: bool
    at: int
    group: Group
    blocks: Blocks
    reply_to: int | None
    source: Message | None
    source_author: User | None
    source_mine: bool
    deleting: bool
    system: str
    unread_count: int | None
    me: str
    seen_by: tuple[str, ...] = ()
    waiting: bool = False

    @property
    def deleted(self) -> bool:
        return self.message is not None and self.message.deleted

    @property
    def failed(self) -> bool:
        return self.pending is not None and self.pending.state is SendState.FAILED


class Entry:
    """One row as the model keeps it: the data, and what was derived from it until something changes. `me` is whose a
    pending row is."""

    __slots__ = ("_blocks", "message", "pending", "place", "shown")

    def __init__(self, *, message: Message | None = None, pending: Pending | None = None, me: str = "") -> None:
        self.shown: TimelineRow | None = None
        self.message: Message | None = None
        self.pending: Pending | None = None
        self.place: Place
        self.set(message=message, pending=pending, me=me)

    def set(self, *, message: Message | None = None, pending: Pending | None = None, me: str = "") -> None:
        """Becomes this message or this pending row; the unread line above it stays."""
        unread: bool = self.place.unread if self.message or self.pending else False
        self.message, self.pending = message, pending
        self._blocks: Blocks | None = None
        self.shown = None
        if message is not None:
            if message.deleted:
                kind = Kind.DELETED
            else:
                kind = Kind.SYSTEM if message.kind == SYSTEM else Kind.TEXT
            author, at = message.author, message.sent_at
        else:
            assert pending is not None
            kind = Kind.FAILED if pending.state is SendState.FAILED else Kind.TEXT
            author, at = me, pending.queued_at
        self.place = Place(author, at, local_day(at), kind, unread)

    def set_unread(self, unread: bool) -> None:
        """Whether the unread line is above it."""
        self.place = replace(self.place, unread=unread)
        self.shown = None

    @property
    def key(self) -> Key:
        if self.message is not None:
            return self.message.id
        assert self.pending is not None
        return self.pending.cid

    @property
    def body(self) -> str:
        row = self.message or self.pending
        assert row is not None
        return row.body

    @property
    def reply_to(self) -> int | None:
        row = self.message or self.pending
        assert row is not None
        return row.reply_to

    @property
    def people(self) -> tuple[str, ...]:
        """Ids of those whose names the row itself shows: who wrote it, whom it mentions, to whom something happened."""
        row = self.message or self.pending
        assert row is not None
        whom = self.message.event.get("user") if self.message and isinstance(self.message.event, dict) else None
        return (self.place.author, *row.mentions, *((whom,) if isinstance(whom, str) else ()))

    def blocks(self, users: Mapping[str, User]) -> Blocks:
        """The body, parsed once; people it mentions are marked."""
        if self._blocks is None:
            row = self.message or self.pending
            assert row is not None
            self._blocks = blocks_of(row, users)
        return self._blocks

    def forget(self) -> None:
        """Drops what was derived: names changed."""
        self._blocks = None
        self.shown = None


def blocks_of(row: Message | Pending, users: Mapping[str, User]) -> Blocks:
    """A body, parsed; people it mentions are marked."""
    people = {users[user].name: user for user in row.mentions if user in users and users[user].name}
    return parse(row.body, people)
