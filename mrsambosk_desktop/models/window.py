"""The entries a timeline shows: which are there, in which order, and each change told as exactly the rows it touches.

Stored ones come first, ids ascending, pending ones last, hidden while the newest end is not here. What comes and goes,
and what a row shows, is the timeline model's to say.

No Qt object, though it speaks to one: looking up a method there costs five times as much, and views ask without end.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from PySide6.QtCore import QAbstractListModel, QModelIndex

from mrsambosk_desktop.core.grouping import Place, group, reach
from mrsambosk_protocol.entities import Message

from .entries import Entry, Key

MAX_ROWS: Final = 400
#: How many rows go at once when the newest end pushes the window past its size: one removal, not one a message.
_TRIM_ROWS: Final = 50
#: Of more new rows than this at once, as after a long absence, only so many enter a full window: the others scroll in.
_FRESH_ROWS: Final = 60


class EntryWindow:
    """A piece of a room; `has_older` and `has_newer` say at which ends the room goes on. What changes `stored`, or what
    shows of `pending`, is told through `model`, whose rows these are.

    `following`: the reader is at the newest end. Sources, the messages outside that rows in here reply to, are kept
    beside the window.
    """

    def __init__(self, model: QAbstractListModel) -> None:
        self._model = model
        self.stored: list[Entry] = []
        self.pending: dict[str, Entry] = {}
        self.has_older = self.has_newer = False
        self.following = True
        self._sources: dict[int, Message] = {}

    def count(self) -> int:
        """How many rows there are."""
        return len(self.stored) if self.has_newer else len(self.stored) + len(self.pending)

    @property
    def first_id(self) -> int | None:
        """The oldest stored entry's id."""
        return self.stored[0].message.id if self.stored and self.stored[0].message else None

    @property
    def last_id(self) -> int | None:
        """The newest stored entry's id."""
        return self.stored[-1].message.id if self.stored and self.stored[-1].message else None

    # Who is inside ----------------------------------------------------------------------------------------------

    def place_of(self, key: Key) -> int | None:
        """Where the row of this id or cid stands, or None when it is not in the window."""
        if isinstance(key, str):
            cids = list(self._shown_pending())
            return len(self.stored) + cids.index(key) if key in cids else None
        at = self.bisect(key)
        return at if at < len(self.stored) and self.stored[at].key == key else None

    def _shown_pending(self) -> dict[str, Entry]:
        return {} if self.has_newer else self.pending

    def entry(self, number: int) -> Entry:
        """The entry at this place."""
        if number < len(self.stored):
            return self.stored[number]
        return list(self._shown_pending().values())[number - len(self.stored)]

    def place_at(self, number: int) -> Place | None:
        """What grouping needs of the row there, or None beyond either end."""
        return self.entry(number).place if 0 <= number < self.count() else None

    def bisect(self, message_id: int) -> int:
        """Where this id stands among the stored ones, or would."""
        low, high = 0, len(self.stored)
        while low < high:
            middle = (low + high) // 2
            message = self.stored[middle].message
            assert message is not None
            if message.id < message_id:
                low = middle + 1
            else:
                high = middle
        return low

    def source_of(self, entry: Entry) -> Message | None:
        """What it replies to, as far as known."""
        return self._source(entry.reply_to) if entry.reply_to is not None else None

    def _source(self, message_id: int) -> Message | None:
        at = self.bisect(message_id)
        if at < len(self.stored) and self.stored[at].key == message_id:
            return self.stored[at].message
        return self._sources.get(message_id)

    def missing_sources(self) -> tuple[int, ...]:
        """Ids that rows here reply to and nobody gave yet (`put_sources`)."""
        wanted = {entry.reply_to for entry in (*self.stored, *self.pending.values())}
        return tuple(sorted(key for key in wanted if key is not None and self._source(key) is None))

    def put_sources(self, messages: Iterable[Message]) -> None:
        """Messages outside the window that rows here reply to."""
        for message in messages:
            known = self._sources.get(message.id)
            if known is None or known.rev < message.rev:
                self._sources[message.id] = message
                self.tell_replies(message.id)

    # What comes and goes ----------------------------------------------------------------------------------------

    def fill(self, messages: Sequence[Message], *, has_older: bool, has_newer: bool) -> None:
        """Other stored entries altogether, within a reset of the model."""
        self.stored = [Entry(message=message) for message in messages]
        self.has_older, self.has_newer = has_older, has_newer
        self.following = True
        self._sources.clear()

    def append(self, messages: Sequence[Message]) -> None:
        """New ones past the newest end, which is here. When full, the oldest go, or the new ones stay outside of what
        is being read."""
        over = len(self.stored) + len(messages) - MAX_ROWS
        if over > 0 and not self.following:
            self.hide_pending()
            return
        if over > 0:
            if len(messages) > _FRESH_ROWS:
                # Not next to what is shown any more: that goes.
                messages, over = messages[-_FRESH_ROWS:], len(self.stored)
            self._remove(0, min(max(over, _TRIM_ROWS), len(self.stored)))
            self.has_older = True
        self.insert(len(self.stored), messages)

    def insert(self, at: int, messages: Sequence[Message]) -> None:
        """Neighbours, ascending, where their ids belong."""
        last = at + len(messages) - 1
        self._model.beginInsertRows(QModelIndex(), at, last)
        self.stored[at:at] = [Entry(message=message) for message in messages]
        self._forget_around(at)
        self._forget_around(last)
        self._model.endInsertRows()
        for message in messages:
            self._sources.pop(message.id, None)

    def _remove(self, at: int, count: int) -> None:
        if count <= 0:
            return
        self._model.beginRemoveRows(QModelIndex(), at, at + count - 1)
        del self.stored[at : at + count]
        self._forget_around(at)
        self._forget_around(at - 1)
        self._model.endRemoveRows()

    def trim_oldest(self) -> None:
        """Lets go what is past `MAX_ROWS`, at the oldest end."""
        if (excess := len(self.stored) - MAX_ROWS) > 0:
            self._remove(0, excess)
            self.has_older = True

    def trim_newest(self) -> None:
        """Lets go what is past `MAX_ROWS`, at the newest end."""
        if (excess := len(self.stored) - MAX_ROWS) > 0:
            self.hide_pending()
            self._remove(MAX_ROWS, excess)

    def hide_pending(self) -> None:
        """The newest end leaves the window, and with it the pending rows."""
        if self.pending and not self.has_newer:
            start = len(self.stored)
            self._model.beginRemoveRows(QModelIndex(), start, start + len(self.pending) - 1)
            self.has_newer = True
            self._model.endRemoveRows()
        self.has_newer = True

    def show_pending(self) -> None:
        """The newest end is here again."""
        if self.pending:
            start = len(self.stored)
            self._model.beginInsertRows(QModelIndex(), start, start + len(self.pending) - 1)
            self.has_newer = False
            self._forget_around(start)
            self._model.endInsertRows()

    def add_pending(self, cid: str, entry: Entry) -> None:
        """One more, after all others."""
        if self.has_newer:
            self.pending[cid] = entry
            return
        end = self.count()
        self._model.beginInsertRows(QModelIndex(), end, end)
        self.pending[cid] = entry
        self._forget_around(end)
        self._model.endInsertRows()

    def drop_pending(self, cid: str) -> bool:
        """False when there is none of this cid."""
        if (number := self.place_of(cid)) is not None:
            self._model.beginRemoveRows(QModelIndex(), number, number)
            del self.pending[cid]
            self._forget_around(number)
            self._model.endRemoveRows()
            return True
        return self.pending.pop(cid, None) is not None

    def store_pending(self, cid: str, message: Message) -> None:
        """A pending row that is shown becomes the stored one."""
        entry = self.pending[cid]
        old, new = self.place_of(cid), self.bisect(message.id)
        assert old is not None
        if moved := old != new:
            # Out of order, as after a discarded head: it moves up to where its id belongs.
            self._model.beginMoveRows(QModelIndex(), old, old, QModelIndex(), new)
        del self.pending[cid]
        entry.set(message=message)
        self.stored.insert(new, entry)
        if moved:
            self._forget_around(old)
            self._forget_around(old + 1)
            self._model.endMoveRows()
        self.tell(new)

    # What is told -----------------------------------------------------------------------------------------------

    def _forget_around(self, number: int) -> None:
        """Drops derived rows around a change, so that they are made anew when next asked for."""
        if not self.count():
            return
        low, high = reach(self.place_at, min(max(number, 0), self.count() - 1))
        for near in range(max(low, 0), high + 1):
            self.entry(near).shown = None

    def tell(self, number: int) -> None:
        """One `dataChanged` for a changed row and the neighbours that stand differently because of it."""
        low, high = reach(self.place_at, number)
        groups = {near: self.entry(near).shown for near in range(low, high + 1)}
        first, last = number, number
        for near, old in groups.items():
            if near == number or old is None or old.group != group(self.place_at, near):
                self.entry(near).shown = None
                first, last = min(first, near), max(last, near)
        self._model.dataChanged.emit(self._model.index(first), self._model.index(last))

    def tell_replies(self, message_id: int) -> None:
        """The rows that quote a message, which is another now."""
        for number in range(self.count()):
            entry = self.entry(number)
            if entry.reply_to == message_id:
                entry.shown = None
                self._model.dataChanged.emit(self._model.index(number), self._model.index(number))

    def tell_anew(self, numbers: Sequence[int]) -> None:
        """These rows, ascending: their entries are the same, what they show is not."""
        for number in numbers:
            self.entry(number).forget()
        for first, last in _runs(numbers):
            self._model.dataChanged.emit(self._model.index(first), self._model.index(last))

    def tell_all(self) -> None:
        """As `tell_anew`, of every row."""
        for entry in (*self.stored, *self.pending.values()):
            entry.forget()
        if count := self.count():
            self._model.dataChanged.emit(self._model.index(0), self._model.index(count - 1))


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, last) of those that follow each other."""
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        together = [number for _, number in run]
        yield together[0], together[-1]
