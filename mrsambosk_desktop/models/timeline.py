"""The window on a room that views show: at most `MAX_ROWS` rows over the replica, ids ascending, pending rows last.

It knows rows, never pixels, sockets or disk. A controller feeds it; every change is told to views as exactly the rows
it touches: a new newest message is one insertion, its own echo one `dataChanged`. `EntryWindow` keeps what is in it,
`RowMaker` makes what is shown of it.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from mrsambosk_desktop.core.bodies import shown_text
from mrsambosk_desktop.core.grouping import group
from mrsambosk_desktop.core.rows import Change, Pending
from mrsambosk_protocol.entities import Message, User

from .entries import Entry, Key, TimelineRow
from .row_maker import RowMaker, names_any
from .unread_line import UnreadLine, counts_as_unread
from .window import MAX_ROWS, EntryWindow


class TimelineRole(IntEnum):
    """What `data` gives besides the display and accessible texts."""

    ROW = int(Qt.ItemDataRole.UserRole) + 1
    MESSAGE = ROW + 1
    PENDING = ROW + 2
    AUTHOR = ROW + 3
    GROUP = ROW + 4
    KEY = ROW + 5
    MINE = ROW + 6


class TimelineModel(QAbstractListModel):
    """Rows of one room. Signals: `arrived` (count, of them mentions of me) for every new message of others past the
    newest end, shown or not; `pending_dropped` (cid) when a pending row went without becoming a message; `ends_changed`
    when a page came, which may have been the last."""

    arrived = Signal(int, int)
    pending_dropped = Signal(str)
    ends_changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._window = EntryWindow(self)
        self._maker = RowMaker()
        self._unread = UnreadLine()

    # What views and controllers ask -----------------------------------------------------------------------------

    @property
    def me(self) -> str:
        return self._maker.me

    @property
    def users(self) -> Mapping[str, User]:
        return self._maker.users

    @property
    def has_older(self) -> bool:
        return self._window.has_older

    @property
    def has_newer(self) -> bool:
        return self._window.has_newer

    @property
    def first_id(self) -> int | None:
        """The oldest stored row's id."""
        return self._window.first_id

    @property
    def last_id(self) -> int | None:
        """The newest stored row's id."""
        return self._window.last_id

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        # Views ask this for each row of each layout.
        return 0 if parent.isValid() else self._window.count()

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        row = self.row(index.row())
        match role:
            case TimelineRole.ROW:
                return row
            case TimelineRole.MESSAGE:
                return row.message
            case TimelineRole.PENDING:
                return row.pending
            case TimelineRole.AUTHOR:
                return row.author
            case TimelineRole.GROUP:
                return row.group
            case TimelineRole.KEY:
                return row.key
            case TimelineRole.MINE:
                return row.mine
            case Qt.ItemDataRole.DisplayRole:
                return row.system or shown_text(row.blocks)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._maker.spoken(row)
        return None

    def row(self, number: int) -> TimelineRow:
        """The row at this place, the same object until something about it changes."""
        stored = self._window.stored
        entry = stored[number] if number < len(stored) else self._window.entry(number)
        if entry.shown is None:
            entry.shown = self._maker.row(entry, group(self._window.place_at, number), self._window.source_of(entry))
        return entry.shown

    def place_of(self, key: Key) -> int | None:
        """Where the row of this id or cid stands, or None when it is not in the window."""
        return self._window.place_of(key)

    def unread_after(self, id: int) -> tuple[int, int] | None:
        """How many messages past this one are news, and how many of them mention me; None when not all are here."""
        window = self._window
        if window.has_newer or (window.has_older and id + 1 < (window.first_id or 0)):
            return None
        news = [
            entry.message
            for entry in window.stored[window.bisect(id + 1) :]
            if entry.message is not None and counts_as_unread(entry.message, self.me)
        ]
        return len(news), sum(self.me in message.mentions for message in news)

    def newest_own(self, count: int) -> tuple[int, ...]:
        """The ids of one's own newest messages, the newest first."""
        own = (
            entry.message.id
            for entry in reversed(self._window.stored)
            if entry.message and self._maker.is_own_text(entry)
        )
        return tuple(itertools.islice(own, count))

    def missing_sources(self) -> tuple[int, ...]:
        """Ids that rows here reply to and nobody gave yet (`put_sources`)."""
        return self._window.missing_sources()

    # People -----------------------------------------------------------------------------------------------------

    def set_me(self, user_id: str) -> None:
        """Who is at this window."""
        if user_id != self.me:
            self._maker.me = user_id
            for entry in self._window.pending.values():
                entry.set(pending=entry.pending, me=user_id)
            self._window.tell_all()

    def set_users(self, users: Mapping[str, User]) -> None:
        """Everyone a row may name."""
        self._name_anew(users)

    def update_users(self, users: Iterable[User]) -> None:
        """Some of them, new or changed."""
        self._name_anew({**self.users, **{user.id: user for user in users}})

    # Rows -------------------------------------------------------------------------------------------------------

    def reset(
        self,
        messages: Sequence[Message],
        *,
        has_older: bool,
        has_newer: bool,
        unread_after: int | None,
        opened_at: int | None = None,
        is_other: bool = False,
    ) -> None:
        """A room was opened, or jumped in: shows these rows and no others (pending ones stay, at the newest end).

        Args:
            is_other: it is another room than before: what was not sent there is not shown here. Ids are a room's own.
            messages: ascending, the newest `MAX_ROWS` of them are kept.
            unread_after: the id read up to when the room was opened; None: no unread line.
            opened_at: the newest id when the room was opened: no later row gets the line. None: the newest of these.
        """
        self.beginResetModel()
        if is_other:
            self._window.pending.clear()
            self._maker.deleting.clear()
            self._maker.changes = {}
        kept = messages[-MAX_ROWS:]
        self._window.fill(kept, has_older=has_older or len(kept) < len(messages), has_newer=has_newer)
        self._maker.deleting &= {message.id for message in kept}
        for message in kept:
            if message.cid is not None and message.author == self.me:
                self._window.pending.pop(message.cid, None)
        self._draw_unread_line(unread_after, opened_at if opened_at is not None else kept[-1].id if kept else 0)
        self._place_unread_line()
        self.endResetModel()

    def mark_unread(self, message_id: int) -> None:
        """Everything from this message on is unread again: the line moves above it."""
        self._draw_unread_line(message_id - 1, max(self._window.last_id or 0, message_id))
        self._place_unread_line(tell=True)

    def upsert(self, messages: Iterable[Message]) -> None:
        """Rows as they are now, live or from a sync. Newer revisions win; new rows at the end are shown only when the
        window reaches there; one's own pending row, found by its cid, becomes the stored one."""
        fresh: list[Message] = []
        for message in messages:
            if (number := self._window.place_of(message.id)) is not None:
                self._replace(number, message)
            elif not self._confirm(message):
                fresh.append(message)
        fresh.sort(key=lambda message: message.id)
        self._insert(fresh)

    def extend_older(self, messages: Sequence[Message], has_older: bool) -> None:
        """A page before the first row, ascending. The newest end is trimmed past `MAX_ROWS`."""
        first = self._window.first_id
        page = [message for message in messages if first is None or message.id < first]
        self._window.has_older = has_older
        if page:
            self._window.insert(0, page)
            self._place_unread_line(tell=True)
        self._window.trim_newest()
        self.ends_changed.emit()

    def extend_newer(self, messages: Sequence[Message], has_newer: bool) -> None:
        """A page after the last row, ascending. The oldest end is trimmed past `MAX_ROWS`."""
        last = self._window.last_id
        page = [message for message in messages if last is None or message.id > last]
        if has_newer:
            self._window.hide_pending()
        if page:
            self._window.insert(len(self._window.stored), page)
            self._place_unread_line(tell=True)
        self._window.trim_oldest()
        if self._window.has_newer and not has_newer:
            self._window.show_pending()
        self._window.has_newer = has_newer
        self.ends_changed.emit()

    def put_pending(self, pending: Pending) -> None:
        """A message of one's own on its way: a new row at the end, or the new state of the one with this cid."""
        entry = self._window.pending.get(pending.cid)
        if entry is not None:
            entry.set(pending=pending, me=self.me)
            if (number := self._window.place_of(pending.cid)) is not None:
                self._window.tell(number)
            return
        if any(e.message and e.message.cid == pending.cid and e.message.author == self.me for e in self._window.stored):
            return
        self._window.add_pending(pending.cid, Entry(pending=pending, me=self.me))

    def drop_pending(self, cid: str) -> None:
        """It was discarded, or taken back to be edited."""
        if self._window.drop_pending(cid):
            self.pending_dropped.emit(cid)

    def set_deleting(self, message_id: int, deleting: bool) -> None:
        """Whether the row says "You deleted a message · Undo"."""
        if deleting == (message_id in self._maker.deleting):
            return
        (self._maker.deleting.add if deleting else self._maker.deleting.discard)(message_id)
        if (number := self._window.place_of(message_id)) is not None:
            self._window.tell(number)

    def set_changes(self, changes: Mapping[int, Change]) -> None:
        """What was done to messages of this room and the host has not stored yet, by id: all of it."""
        before, self._maker.changes = self._maker.changes, dict(changes)
        for id in sorted(before.keys() | changes.keys()):
            if before.get(id) != changes.get(id) and (number := self._window.place_of(id)) is not None:
                self._window.tell(number)

    def put_sources(self, messages: Iterable[Message]) -> None:
        """Messages outside the window that rows here reply to."""
        self._window.put_sources(messages)

    def set_reads(self, reads: Mapping[str, int]) -> None:
        """How far others have read this room: user id → message id."""
        if (moved := self._maker.set_reads(reads)) is None:
            return
        changed = [
            number
            for number in range(self._window.bisect(moved[0] + 1), self._window.bisect(moved[1] + 1))
            if self._maker.is_own_text(self._window.stored[number])
        ]
        for number in changed:
            self._window.stored[number].shown = None
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def set_following(self, following: bool) -> None:
        """Whether the reader is at the newest end. When not, a full window holds new rows back (`has_newer`)
        instead of pushing out what is being read."""
        self._window.following = following

    # Inside -----------------------------------------------------------------------------------------------------

    def _replace(self, number: int, message: Message) -> None:
        entry = self._window.stored[number]
        assert entry.message is not None
        if message.rev <= entry.message.rev:
            return
        entry.set(message=message)
        if message.deleted:
            self._maker.deleting.discard(message.id)
        self._window.tell(number)
        self._window.tell_replies(message.id)

    def _confirm(self, message: Message) -> bool:
        """Whether this is one's own pending row, which then became the stored one."""
        if message.author != self.me or message.cid is None or message.cid not in self._window.pending:
            return False
        if self._window.has_newer:
            del self._window.pending[message.cid]
            return False
        self._window.store_pending(message.cid, message)
        return True

    def _insert(self, messages: list[Message]) -> None:
        """New rows, ascending, each where its id belongs; runs of neighbours in one insertion."""
        last = self._window.last_id
        newest = [message for message in messages if last is None or message.id > last]
        for message in messages[: len(messages) - len(newest)]:
            at = self._window.bisect(message.id)
            if at > 0 or not self._window.has_older:
                self._window.insert(at, [message])
        if not newest:
            return
        counted = [message for message in newest if counts_as_unread(message, self.me)]
        if not self._window.has_newer:
            self._window.append(newest)
        if counted:
            self.arrived.emit(len(counted), sum(self.me in message.mentions for message in counted))

    def _draw_unread_line(self, after: int | None, opened_at: int) -> None:
        """Where reading ended, and what there was then; how many are new is counted once."""
        self._unread = UnreadLine(after, opened_at)
        self._maker.unread_count = self._unread.count(
            self._window.stored, self.me, has_older=self._window.has_older, has_newer=self._window.has_newer
        )

    def _place_unread_line(self, *, tell: bool = False) -> None:
        below = self._unread.place(self._window.stored, self.me, has_older=self._window.has_older)
        for number, entry in enumerate(self._window.stored):
            if entry.place.unread != (number == below):
                entry.set_unread(number == below)
                if tell:
                    self._window.tell(number)

    def _name_anew(self, users: Mapping[str, User]) -> None:
        """These are the people now. Only rows that name one whose name or role is another than before are told: every
        connection begins with everyone, and laying out a full window for it kept the loop for 50 ms."""
        if others := self._maker.set_users(users):
            window = self._window
            changed = [
                number
                for number in range(window.count())
                if names_any(entry := window.entry(number), window.source_of(entry), others)
            ]
            window.tell_anew(changed)
