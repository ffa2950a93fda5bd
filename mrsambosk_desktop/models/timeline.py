"""The window on a room that views show: at most `MAX_ROWS` rows over the replica, ids ascending, pending rows last.

It knows rows, never pixels, sockets or disk. A controller feeds it; every change is told to views as exactly the rows
it touches: a new newest message is one insertion, its own echo one `dataChanged`.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from mrsambosk_desktop.core.bodies import shown_text
from mrsambosk_desktop.core.grouping import Place, group, reach
from mrsambosk_desktop.core.rows import Pending
from mrsambosk_protocol.entities import SYSTEM, TEXT, Message, User

from .entries import Entry, Key, TimelineRow
from .wording import name_of, spoken_text, system_text

MAX_ROWS: Final = 400
#: How many rows go at once when the newest end pushes the window past its size: one removal, not one a message.
_TRIM_ROWS: Final = 50
#: Of more new rows than this at once, as after a long absence, only so many enter a full window: the others scroll in.
_FRESH_ROWS: Final = 60


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
        self._me = ""
        self._users: dict[str, User] = {}
        self._stored: list[Entry] = []
        self._pending: dict[str, Entry] = {}
        self._sources: dict[int, Message] = {}
        self._deleting: set[int] = set()
        self._has_older = self._has_newer = False
        self._following = True
        self._unread_after: int | None = None
        self._opened_at = 0
        self._unread_count: int | None = None
        self._reads: dict[str, int] = {}

    # What views and controllers ask -----------------------------------------------------------------------------

    @property
    def me(self) -> str:
        return self._me

    @property
    def has_older(self) -> bool:
        return self._has_older

    @property
    def has_newer(self) -> bool:
        return self._has_newer

    @property
    def users(self) -> Mapping[str, User]:
        return self._users

    @property
    def first_id(self) -> int | None:
        """The oldest stored row's id."""
        return self._stored[0].message.id if self._stored and self._stored[0].message else None

    @property
    def last_id(self) -> int | None:
        """The newest stored row's id."""
        return self._stored[-1].message.id if self._stored and self._stored[-1].message else None

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        # Views ask this for each row of each layout.
        if parent.isValid():
            return 0
        return len(self._stored) if self._has_newer else len(self._stored) + len(self._pending)

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
                return self._spoken(row)
        return None

    def row(self, number: int) -> TimelineRow:
        """The row at this place, the same object until something about it changes."""
        stored = self._stored
        entry = stored[number] if number < len(stored) else self._entry(number)
        if entry.shown is None:
            entry.shown = self._make_row(entry, number)
        return entry.shown

    def place_of(self, key: Key) -> int | None:
        """Where the row of this id or cid stands, or None when it is not in the window."""
        if isinstance(key, str):
            cids = list(self._shown_pending())
            return len(self._stored) + cids.index(key) if key in cids else None
        at = self._bisect(key)
        return at if at < len(self._stored) and self._stored[at].key == key else None

    def newest_own(self, count: int) -> tuple[int, ...]:
        """The ids of one's own newest messages, the newest first."""
        own = (entry.message.id for entry in reversed(self._stored) if entry.message and self._is_own_text(entry))
        return tuple(itertools.islice(own, count))

    def missing_sources(self) -> tuple[int, ...]:
        """Ids that rows here reply to and nobody gave yet (`put_sources`)."""
        wanted = {entry.reply_to for entry in (*self._stored, *self._pending.values())}
        return tuple(sorted(key for key in wanted if key is not None and self._source(key) is None))

    # People -----------------------------------------------------------------------------------------------------

    def set_me(self, user_id: str) -> None:
        """Who is at this window."""
        if user_id != self._me:
            self._me = user_id
            for entry in self._pending.values():
                entry.set(pending=entry.pending, me=user_id)
            self._all_changed()

    def set_users(self, users: Mapping[str, User]) -> None:
        """Everyone a row may name."""
        self._name_anew(dict(users))

    def update_users(self, users: Iterable[User]) -> None:
        """Some of them, new or changed."""
        self._name_anew(self._users | {user.id: user for user in users})

    # Rows -------------------------------------------------------------------------------------------------------

    def reset(
        self,
        messages: Sequence[Message],
        *,
        has_older: bool,
        has_newer: bool,
        unread_after: int | None,
        opened_at: int | None = None,
    ) -> None:
        """A room was opened, or jumped in: shows these rows and no others (pending ones stay, at the newest end).

        Args:
            messages: ascending, the newest `MAX_ROWS` of them are kept.
            unread_after: the id read up to when the room was opened; None: no unread line.
            opened_at: the newest id when the room was opened: no later row gets the line. None: the newest of these.
        """
        self.beginResetModel()
        kept = messages[-MAX_ROWS:]
        self._stored = [Entry(message=message, me=self._me) for message in kept]
        self._has_older = has_older or len(kept) < len(messages)
        self._has_newer = has_newer
        self._following = True
        self._sources.clear()
        self._deleting &= {message.id for message in kept}
        for message in kept:
            if message.cid is not None and message.author == self._me:
                self._pending.pop(message.cid, None)
        self._opened_at = opened_at if opened_at is not None else kept[-1].id if kept else 0
        self._unread_after = unread_after
        self._count_unread()
        self._place_unread_line()
        self.endResetModel()

    def mark_unread(self, message_id: int) -> None:
        """Everything from this message on is unread again: the line moves above it."""
        self._unread_after = message_id - 1
        self._opened_at = max(self.last_id or 0, message_id)
        self._count_unread()
        self._place_unread_line(tell=True)

    def upsert(self, messages: Iterable[Message]) -> None:
        """Rows as they are now, live or from a sync. Newer revisions win; new rows at the end are shown only when the
        window reaches there; one's own pending row, found by its cid, becomes the stored one."""
        fresh: list[Message] = []
        for message in messages:
            if (number := self.place_of(message.id)) is not None:
                self._replace(number, message)
            elif not self._confirm(message):
                fresh.append(message)
        fresh.sort(key=lambda message: message.id)
        self._insert(fresh)

    def extend_older(self, messages: Sequence[Message], has_older: bool) -> None:
        """A page before the first row, ascending. The newest end is trimmed past `MAX_ROWS`."""
        first = self.first_id
        page = [message for message in messages if first is None or message.id < first]
        self._has_older = has_older
        if page:
            self._insert_at(0, page)
            self._place_unread_line(tell=True)
        if (excess := len(self._stored) - MAX_ROWS) > 0:
            if not self._has_newer:
                self._hide_pending()
            self._remove(len(self._stored) - excess, excess)
        self.ends_changed.emit()

    def extend_newer(self, messages: Sequence[Message], has_newer: bool) -> None:
        """A page after the last row, ascending. The oldest end is trimmed past `MAX_ROWS`."""
        last = self.last_id
        page = [message for message in messages if last is None or message.id > last]
        if has_newer:
            self._hide_pending()
        if page:
            self._insert_at(len(self._stored), page)
            self._place_unread_line(tell=True)
        if (excess := len(self._stored) - MAX_ROWS) > 0:
            self._remove(0, excess)
            self._has_older = True
        if self._has_newer and not has_newer:
            self._show_pending()
        self._has_newer = has_newer
        self.ends_changed.emit()

    def put_pending(self, pending: Pending) -> None:
        """A message of one's own on its way: a new row at the end, or the new state of the one with this cid."""
        entry = self._pending.get(pending.cid)
        if entry is not None:
            entry.set(pending=pending, me=self._me)
            if (number := self.place_of(pending.cid)) is not None:
                self._tell(number)
            return
        if any(e.message and e.message.cid == pending.cid and e.message.author == self._me for e in self._stored):
            return
        entry = Entry(pending=pending, me=self._me)
        if self._has_newer:
            self._pending[pending.cid] = entry
            return
        end = self.rowCount()
        self.beginInsertRows(QModelIndex(), end, end)
        self._pending[pending.cid] = entry
        self._forget_around(end)
        self.endInsertRows()

    def drop_pending(self, cid: str) -> None:
        """It was discarded, or taken back to be edited."""
        if (number := self.place_of(cid)) is not None:
            self.beginRemoveRows(QModelIndex(), number, number)
            del self._pending[cid]
            self._forget_around(number)
            self.endRemoveRows()
        elif self._pending.pop(cid, None) is None:
            return
        self.pending_dropped.emit(cid)

    def set_deleting(self, message_id: int, deleting: bool) -> None:
        """Whether the row says "You deleted a message · Undo"."""
        if deleting == (message_id in self._deleting):
            return
        (self._deleting.add if deleting else self._deleting.discard)(message_id)
        if (number := self.place_of(message_id)) is not None:
            self._tell(number)

    def put_sources(self, messages: Iterable[Message]) -> None:
        """Messages outside the window that rows here reply to."""
        for message in messages:
            known = self._sources.get(message.id)
            if known is None or known.rev < message.rev:
                self._sources[message.id] = message
                self._tell_replies(message.id)

    def set_reads(self, reads: Mapping[str, int]) -> None:
        """How far others have read this room: user id → message id."""
        before, self._reads = self._reads, {user: id for user, id in reads.items() if user != self._me}
        moved = [
            id
            for user in before.keys() | self._reads.keys()
            if (old := before.get(user, 0)) != (new := self._reads.get(user, 0))
            for id in (old, new)
        ]
        if not moved:
            return
        changed = [
            number
            for number in range(self._bisect(min(moved) + 1), self._bisect(max(moved) + 1))
            if self._is_own_text(self._stored[number])
        ]
        for number in changed:
            self._stored[number].shown = None
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def set_following(self, following: bool) -> None:
        """Whether the reader is at the newest end. When not, a full window holds new rows back (`has_newer`)
        instead of pushing out what is being read."""
        self._following = following

    # Inside -----------------------------------------------------------------------------------------------------

    def _shown_pending(self) -> dict[str, Entry]:
        return {} if self._has_newer else self._pending

    def _entry(self, number: int) -> Entry:
        if number < len(self._stored):
            return self._stored[number]
        return list(self._shown_pending().values())[number - len(self._stored)]

    def _place_at(self, number: int) -> Place | None:
        return self._entry(number).place if 0 <= number < self.rowCount() else None

    def _bisect(self, message_id: int) -> int:
        low, high = 0, len(self._stored)
        while low < high:
            middle = (low + high) // 2
            message = self._stored[middle].message
            assert message is not None
            if message.id < message_id:
                low = middle + 1
            else:
                high = middle
        return low

    def _counts(self, message: Message) -> bool:
        """Whether it counts as unread."""
        return message.kind == TEXT and message.author != self._me and not message.deleted

    def _is_own_text(self, entry: Entry) -> bool:
        message = entry.message
        return message is not None and message.author == self._me and message.kind == TEXT and not message.deleted

    def _source(self, message_id: int) -> Message | None:
        at = self._bisect(message_id)
        if at < len(self._stored) and self._stored[at].key == message_id:
            return self._stored[at].message
        return self._sources.get(message_id)

    def _make_row(self, entry: Entry, number: int) -> TimelineRow:
        message = entry.message
        source = self._source(entry.reply_to) if entry.reply_to is not None else None
        is_system = message is not None and message.kind == SYSTEM
        return TimelineRow(
            key=entry.key,
            message=message,
            pending=entry.pending,
            author=self._users.get(entry.place.author),
            author_id=entry.place.author,
            mine=not is_system and entry.place.author == self._me,
            at=entry.place.at,
            group=group(self._place_at, number),
            blocks=entry.blocks(self._users),
            reply_to=entry.reply_to,
            source=source,
            source_author=self._users.get(source.author) if source else None,
            source_mine=source is not None and source.author == self._me,
            deleting=message is not None and message.id in self._deleting and not message.deleted,
            system=system_text(message, self._users) if message is not None and is_system else "",
            unread_count=self._unread_count,
            me=self._me,
            seen_by=self._seen_by(entry),
        )

    def _seen_by(self, entry: Entry) -> tuple[str, ...]:
        if entry.message is None or not self._is_own_text(entry):
            return ()
        return tuple(user for user, id in self._reads.items() if id >= entry.message.id)

    def _spoken(self, row: TimelineRow) -> str:
        if row.system:
            return row.system
        return spoken_text(
            author=row.author,
            at=row.at,
            blocks=row.blocks,
            message=row.message,
            pending=row.pending,
            mine=row.mine,
            deleting=row.deleting,
            replied=row.source_author,
            fold=row.group.fold,
            seen_by=tuple(name_of(self._users.get(user)) for user in row.seen_by),
        )

    def _replace(self, number: int, message: Message) -> None:
        entry = self._stored[number]
        assert entry.message is not None
        if message.rev <= entry.message.rev:
            return
        entry.set(message=message, me=self._me)
        if message.deleted:
            self._deleting.discard(message.id)
        self._tell(number)
        self._tell_replies(message.id)

    def _confirm(self, message: Message) -> bool:
        """Whether this is one's own pending row, which then became the stored one."""
        if message.author != self._me or message.cid is None or message.cid not in self._pending:
            return False
        if self._has_newer:
            del self._pending[message.cid]
            return False
        entry = self._pending[message.cid]
        old, new = self.place_of(message.cid), self._bisect(message.id)
        assert old is not None
        if moved := old != new:
            # Out of order, as after a discarded head: it moves up to where its id belongs.
            self.beginMoveRows(QModelIndex(), old, old, QModelIndex(), new)
        del self._pending[message.cid]
        entry.set(message=message, me=self._me)
        self._stored.insert(new, entry)
        if moved:
            self._forget_around(old)
            self._forget_around(old + 1)
            self.endMoveRows()
        self._tell(new)
        return True

    def _insert(self, messages: list[Message]) -> None:
        """New rows, ascending, each where its id belongs; runs of neighbours in one insertion."""
        last = self.last_id
        newest = [message for message in messages if last is None or message.id > last]
        for message in messages[: len(messages) - len(newest)]:
            at = self._bisect(message.id)
            if at > 0 or not self._has_older:
                self._insert_at(at, [message])
        if not newest:
            return
        counted = [message for message in newest if self._counts(message)]
        if not self._has_newer:
            self._append(newest)
        if counted:
            self.arrived.emit(len(counted), sum(self._me in message.mentions for message in counted))

    def _append(self, messages: list[Message]) -> None:
        over = len(self._stored) + len(messages) - MAX_ROWS
        if over > 0 and not self._following:
            self._hide_pending()
            return
        if over > 0:
            if len(messages) > _FRESH_ROWS:
                # Not next to what is shown any more: that goes.
                messages, over = messages[-_FRESH_ROWS:], len(self._stored)
            self._remove(0, min(max(over, _TRIM_ROWS), len(self._stored)))
            self._has_older = True
        self._insert_at(len(self._stored), messages)

    def _insert_at(self, at: int, messages: Sequence[Message]) -> None:
        last = at + len(messages) - 1
        self.beginInsertRows(QModelIndex(), at, last)
        self._stored[at:at] = [Entry(message=message, me=self._me) for message in messages]
        self._forget_around(at)
        self._forget_around(last)
        self.endInsertRows()
        for message in messages:
            self._sources.pop(message.id, None)

    def _remove(self, at: int, count: int) -> None:
        if count <= 0:
            return
        self.beginRemoveRows(QModelIndex(), at, at + count - 1)
        del self._stored[at : at + count]
        self._forget_around(at)
        self._forget_around(at - 1)
        self.endRemoveRows()

    def _hide_pending(self) -> None:
        """The newest end leaves the window, and with it the pending rows."""
        if self._pending and not self._has_newer:
            start = len(self._stored)
            self.beginRemoveRows(QModelIndex(), start, start + len(self._pending) - 1)
            self._has_newer = True
            self.endRemoveRows()
        self._has_newer = True

    def _show_pending(self) -> None:
        if self._pending:
            start = len(self._stored)
            self.beginInsertRows(QModelIndex(), start, start + len(self._pending) - 1)
            self._has_newer = False
            self._forget_around(start)
            self.endInsertRows()

    def _count_unread(self) -> None:
        """How many the line says are new: those there were when the room was opened; None when not all are here."""
        after, first = self._unread_after, self.first_id
        known = not self._has_newer and not (self._has_older and first is not None and first > (after or 0) + 1)
        unread = [
            entry.message
            for entry in self._stored
            if entry.message and after is not None and after < entry.message.id <= self._opened_at
        ]
        self._unread_count = sum(self._counts(message) for message in unread) if known else None

    def _place_unread_line(self, *, tell: bool = False) -> None:
        """Above the first row that was unread when the room was opened."""
        target: int | None = None
        if self._unread_after is not None:
            start = self._bisect(self._unread_after + 1)
            for number in range(start, len(self._stored)):
                message = self._stored[number].message
                assert message is not None
                if message.id > self._opened_at:
                    break
                if self._counts(message):
                    target = number
                    break
            first = self.first_id
            if target == 0 and self._has_older and first is not None and first > self._unread_after + 1:
                target = None
        for number, entry in enumerate(self._stored):
            if entry.place.unread != (number == target):
                entry.set_unread(number == target)
                if tell:
                    self._tell(number)

    def _forget_around(self, number: int) -> None:
        """Drops derived rows around a change, so that they are made anew when next asked for."""
        if self.rowCount() == 0:
            return
        low, high = reach(self._place_at, min(max(number, 0), self.rowCount() - 1))
        for near in range(max(low, 0), high + 1):
            self._entry(near).shown = None

    def _tell(self, number: int) -> None:
        """One `dataChanged` for a changed row and the neighbours that stand differently because of it."""
        low, high = reach(self._place_at, number)
        groups = {near: self._entry(near).shown for near in range(low, high + 1)}
        first, last = number, number
        for near, old in groups.items():
            if near == number or old is None or old.group != group(self._place_at, near):
                self._entry(near).shown = None
                first, last = min(first, near), max(last, near)
        self.dataChanged.emit(self.index(first), self.index(last))

    def _tell_replies(self, message_id: int) -> None:
        for number in range(self.rowCount()):
            entry = self._entry(number)
            if entry.reply_to == message_id:
                entry.shown = None
                self.dataChanged.emit(self.index(number), self.index(number))

    def _name_anew(self, users: dict[str, User]) -> None:
        """These are the people now. Only rows that name one whose name or role is another than before are told: every
        connection begins with everyone, and laying out a full window for it kept the loop for 50 ms."""
        before, self._users = self._users, users
        others = {id for id in before.keys() | users.keys() if _naming(before.get(id)) != _naming(users.get(id))}
        if not others:
            return
        changed = [number for number in range(self.rowCount()) if self._names(self._entry(number), others)]
        for number in changed:
            self._entry(number).forget()
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first), self.index(last))

    def _names(self, entry: Entry, people: set[str]) -> bool:
        source = self._source(entry.reply_to) if entry.reply_to is not None else None
        return not people.isdisjoint(entry.people) or (source is not None and source.author in people)

    def _all_changed(self) -> None:
        for entry in (*self._stored, *self._pending.values()):
            entry.forget()
        if count := self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(count - 1))


def _naming(user: User | None) -> tuple[str, str] | None:
    """As much of a person as a row shows."""
    return (user.name, user.role) if user is not None else None


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, last) of those that follow each other."""
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        together = [number for _, number in run]
        yield together[0], together[-1]
