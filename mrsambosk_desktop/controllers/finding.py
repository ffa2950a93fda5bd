"""A person looks for messages: a search in one room or all, the room's pins. The host is asked; without a connection,
what this computer has kept is looked through.

What was found stays true: a change told of one of its rows changes it here, and a deleted one goes.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.rows import Finding
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.core.terms import Terms
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.net.session import Ended, Session
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_desktop.storage.replica import Glance
from mrsambosk_protocol.commands import History, Search
from mrsambosk_protocol.entities import TEXT, Message
from mrsambosk_protocol.events import Page, Results
from mrsambosk_protocol.limits import Refused

from .feed import Feed
from .reading import ReadingController

PAGE_ROWS: Final = 30
#: How many rows of the replica are looked at before others may use the disk.
SCAN_ROWS: Final = 2000
#: Above every id.
_NEWEST: Final = 2**62


class Quest(Protocol):
    """What is looked for, and how far the host has told it."""

    rooms: tuple[str, ...]
    terms: Terms

    async def ask(self, session: Session) -> tuple[tuple[Message, ...], bool]:
        """The host's next page, newest first, and whether there is more.

        Raises:
            Refused, Ended.
        """

    def holds(self, row: Glance) -> bool:
        """Whether a kept row is one. Called in the disk's thread."""


class WordQuest:
    """Messages with all words of a query."""

    def __init__(self, query: str, room: str | None, rooms: tuple[str, ...]) -> None:
        self.terms, self.rooms = Terms(query), rooms
        self._query, self._room = query, room
        self._cursor: str | None = None

    async def ask(self, session: Session) -> tuple[tuple[Message, ...], bool]:
        reply = await session.request(
            Search(ref=1, query=self._query, room=self._room, cursor=self._cursor, limit=PAGE_ROWS)
        )
        assert isinstance(reply, Results)
        self._cursor = reply.cursor
        return reply.messages, reply.cursor is not None

    def holds(self, row: Glance) -> bool:
        return row.kind == TEXT and row.deleted_at is None and self.terms.match(row.body)


class PinQuest:
    """The pinned messages of one room."""

    def __init__(self, room: str) -> None:
        self.terms = Terms("")
        self.rooms: tuple[str, ...] = (room,)
        self._before: int | None = None

    async def ask(self, session: Session) -> tuple[tuple[Message, ...], bool]:
        page = await session.request(
            History(ref=1, room=self.rooms[0], before=self._before, pinned=True, limit=PAGE_ROWS)
        )
        assert isinstance(page, Page)
        if page.messages:
            self._before = page.messages[0].id
        return page.messages[::-1], page.has_older

    def holds(self, row: Glance) -> bool:
        return row.pinned_at is not None and row.deleted_at is None


@dataclass(slots=True)
class _Kept:
    """How far the replica was looked through: below which id each room still is, and what was found but not shown."""

    below: dict[str, int]
    found: dict[str, list[Message]] = field(default_factory=dict)


class Hunt(QObject):
    """One list being filled, a page at a time. Signal: `changed` (Finding)."""

    changed = Signal(object)

    def __init__(self, disk: Disk, feed: Feed, reading: ReadingController, model: FoundModel, tasks: Tasks) -> None:
        super().__init__()
        self._disk, self._feed, self._reading, self._tasks = disk, feed, reading, tasks
        self.model = model
        self.state = Finding()
        self.quest: Quest | None = None
        self._kept: _Kept | None = None
        self._filling: asyncio.Task[None] | None = None

    def begin(self, quest: Quest | None, state: Finding) -> None:
        """Look for this from now on, and for nothing else; None: for nothing."""
        if self._filling is not None:
            self._filling.cancel()
            self._filling = None
        self.quest, self._kept = quest, None
        # What was found stays until something else is: a list that empties at each key flickers.
        if quest is None:
            self.model.reset((), Terms(""), {})
        self._say(replace(state, busy=quest is not None))
        if quest is not None:
            self._filling = self._tasks.start(self._fill(quest, is_first=True), "look for messages")

    def more(self) -> None:
        """The reader nears the end of what is shown."""
        if self.quest is not None and self.state.more and (self._filling is None or self._filling.done()):
            self._filling = self._tasks.start(self._fill(self.quest, is_first=False), "look for more messages")

    def told(self, rows: Iterable[Message]) -> None:
        """Messages as they are now."""
        self.model.update(rows)
        if self._kept is None:
            return
        for row in rows:
            here = self._kept.found.get(row.room, [])
            self._kept.found[row.room] = [
                row if kept.id == row.id else kept for kept in here if kept.id != row.id or not row.deleted
            ]

    async def _fill(self, quest: Quest, *, is_first: bool) -> None:
        session = self._reading.session
        if session is not None and self._kept is None:
            try:
                found, more = await quest.ask(session)
            except Refused as refused:
                if is_first:
                    self._show(quest, (), is_first=True)
                self._say(replace(self.state, busy=False, more=False, problem=refused.text))
                return
            except Ended:
                is_first = True
            else:
                self._show(quest, found, is_first=is_first)
                self._say(replace(self.state, busy=False, more=more))
                return
        if self._kept is None:
            # Nothing says how the host's place and ours agree: what is here is shown from its newest end.
            self._kept = _Kept(dict.fromkeys(quest.rooms, 2**62))
            is_first = True
        found, more = await self._next_kept(quest, self._kept)
        self._show(quest, found, is_first=is_first)
        self._say(replace(self.state, busy=False, more=more, kept=True))

    async def _next_kept(self, quest: Quest, kept: _Kept) -> tuple[tuple[Message, ...], bool]:
        """The next page of the replica: of each room as many as it may need, the newest of them all."""
        for room in quest.rooms:
            here = kept.found.setdefault(room, [])
            while len(here) <= PAGE_ROWS and kept.below[room] > 0:
                rows, kept.below[room] = await self._disk.run(
                    self._disk.replica.scan, self._feed.host, room, kept.below[room], SCAN_ROWS, quest.holds
                )
                here += rows
        everything = sorted(
            (message for here in kept.found.values() for message in here),
            key=lambda message: (message.sent_at, message.id),
            reverse=True,
        )
        page = everything[:PAGE_ROWS]
        taken = {(message.room, message.id) for message in page}
        for room, here in kept.found.items():
            kept.found[room] = [message for message in here if (message.room, message.id) not in taken]
        return tuple(page), len(everything) > len(page)

    def _show(self, quest: Quest, found: tuple[Message, ...], *, is_first: bool) -> None:
        if is_first:
            rooms = self._feed.rooms
            names = {room: rooms[room].name for room in quest.rooms if room in rooms} if len(quest.rooms) > 1 else {}
            self.model.reset(found, quest.terms, names)
        else:
            self.model.extend(found)

    def _say(self, state: Finding) -> None:
        self.state = state
        self.changed.emit(state)


class FindingController(QObject):
    """`search` and `pins` are the two lists; their `changed` tells how it stands with each."""

    def __init__(
        self, disk: Disk, feed: Feed, reading: ReadingController, found: FoundModel, pinned: FoundModel, tasks: Tasks
    ) -> None:
        super().__init__()
        self._feed = feed
        self.search = Hunt(disk, feed, reading, found, tasks)
        self.pins = Hunt(disk, feed, reading, pinned, tasks)
        feed.rows_stored.connect(self._rows_stored)
        feed.people_changed.connect(self._people_changed)

    def look_for(self, query: str, everywhere: bool) -> None:
        """Search the open room, or all. Without a word in the query nothing is looked for."""
        room = None if everywhere else self._feed.room
        state = Finding(query=query.strip(), room=room)
        rooms = tuple(self._feed.rooms) if everywhere else (self._feed.room,)
        self.search.begin(WordQuest(state.query, room, rooms) if Terms(query) else None, state)

    def show_pins(self) -> None:
        """List what is pinned in the open room."""
        self.pins.begin(PinQuest(self._feed.room), Finding(room=self._feed.room))

    def stop(self) -> None:
        """Nobody looks any more: nothing that was found is kept."""
        for hunt in (self.search, self.pins):
            if hunt.quest is not None:
                hunt.begin(None, Finding())

    def _rows_stored(self, rows: Iterable[Message]) -> None:
        self.search.told(rows)
        self.pins.told(rows)
        if self.pins.quest is None:
            return
        room = self.pins.quest.rooms[0]
        for row in rows:
            if row.room == room and row.pinned_at is not None and not row.deleted:
                self.pins.model.put(row)
            elif row.room == room:
                self.pins.model.take(room, row.id)

    def _people_changed(self) -> None:
        for hunt in (self.search, self.pins):
            hunt.model.set_people(self._feed.users)
