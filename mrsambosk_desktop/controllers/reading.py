"""A person reads: pages older and newer from the replica, then from the host; jumps; how far was read; the back-fill.

Pages are shown from the replica only. What is not there is asked of the host, stored, and then read from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.sync import Place, RoomCopy
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.net.session import Ended, Session
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.commands import History, Read, Seen
from mrsambosk_protocol.entities import Message, Room, You
from mrsambosk_protocol.events import Done, Page, SeenBy
from mrsambosk_protocol.limits import HISTORY_LIMIT, Refused

from . import wording
from .feed import Feed

#: A page is laid out within one frame, so it is small, and asked for early.
PAGE_ROWS: Final = 16
JUMP_ROWS: Final = 60
#: Of so many of one's own newest messages it is asked who has seen them, when a room is opened.
SEEN_ASKED: Final = 5
BACK_FILL_ROWS: Final = 100_000
_READ_SECONDS: Final = 0.25
#: Between two pages of the back-fill: far below a host's limits, and unnoticed by who types.
BACK_FILL_SECONDS: Final = 0.5


class ReadingController(QObject):
    """Signals: `jumped` (id): the timeline now holds this row; `failed` (sentence); `seen` (id, user ids): who has read
    a message, without its author."""

    jumped = Signal(int)
    seen = Signal(int, object)
    failed = Signal(str)

    def __init__(self, disk: Disk, feed: Feed, timeline: TimelineModel, tasks: Tasks) -> None:
        super().__init__()
        self._disk, self._feed, self._timeline, self._tasks = disk, feed, timeline, tasks
        self._session: Session | None = None
        self._paging = asyncio.Lock()
        #: What was asked for while a page was on its way: the other end, or more of the same.
        self._next_pages: list[Callable[[], Awaitable[None]]] = []
        self._read_to: dict[str, Read] = {}
        # Rooms in which a person marked something unread: they stay so until they are left, or written in.
        self._kept_unread: set[str] = set()
        # From which message on, by host and room, where the host does not know yet; on disk too.
        self._marks: dict[tuple[str, str], int] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._reading = False
        self._back_fill: asyncio.Task[None] | None = None
        feed.room_opened.connect(self._opened)
        feed.own_stored.connect(self._wrote)

    @property
    def session(self) -> Session | None:
        """The connection, while all rooms are live."""
        return self._session

    async def load(self) -> None:
        """Read what was marked unread and not told; once, before any room is opened."""
        self._marks = await self._disk.run(self._disk.profile.unread_marks)

    def forget_host(self, host: str) -> None:
        """It was left; the disk forgets with the host."""
        self._marks = {place: id for place, id in self._marks.items() if place[0] != host}

    async def flush(self) -> None:
        """Wait until what was marked, and how far was read, is on disk."""
        if self._keeping:
            await asyncio.wait(self._keeping)
        await self._feed.keep_reads()

    # Intents ---------------------------------------------------------------------------------------------------

    def open_room(self, room: str) -> None:
        """Show another room."""
        if room != self._feed.room:
            self._tasks.start(self._feed.open_room(room), "open a room")

    def older(self) -> None:
        """The reader nears the oldest row."""
        self._page(self._load_older)

    def newer(self) -> None:
        """The reader nears the newest row of a window that does not reach the end."""
        self._page(self._load_newer)

    def latest(self) -> None:
        """To the newest end."""
        self._tasks.start(self._feed.open_room(self._feed.room), "show the newest")

    def jump(self, id: int) -> None:
        """Show the rows around one that is not in the window."""
        self._tasks.start(self._jump(id), "jump to a message")

    def show(self, room: str, id: int) -> None:
        """Show a message wherever it is: found, pinned, or pointed to from outside."""
        self._tasks.start(self._show(room, id), "show a message")

    def ask_seen(self, id: int) -> None:
        """Who has seen a message of the open room; told by `seen`. Without a connection nobody knows."""
        if self._session is not None:
            self._tasks.start(self._ask_seen(self._session, self._feed.room, (id,)), "ask who has seen a message")

    def read(self, id: int) -> None:
        """Read up to here; told to the host when the room is live."""
        room = self._feed.room
        kept = self._feed.rooms.get(room)
        if kept is None or room in self._kept_unread:
            return
        told = self._read_to.get(room)
        if id > max(kept.you.read, told.id if told is not None else 0):
            self._read_to[room] = Read(ref=1, room=room, id=id)
            self._feed.note_read(id)
            self._send_read()

    def mark_unread(self, id: int) -> None:
        """From this message on all is unread again, and stays so until the room is left or written in."""
        room = self._feed.room
        self._kept_unread.add(room)
        self._read_to[room] = _back_to(room, id)
        self._keep_mark(room, id)
        self._feed.mark_unread(id)
        self._send_read()

    # The connection --------------------------------------------------------------------------------------------

    def live(self, session: Session) -> None:
        """All rooms are live."""
        self._session = session
        for (host, room), id in self._marks.items():
            if host == self._feed.host and room in self._feed.rooms:
                self._read_to.setdefault(room, _back_to(room, id))
        self._send_read()
        self._look_who_read()
        self._back_fill = self._tasks.start(self._fill(session), "fill history back")

    def lost(self) -> None:
        """The connection is over."""
        self._session = None
        if self._back_fill is not None:
            self._back_fill.cancel()
            self._back_fill = None

    # Inside ----------------------------------------------------------------------------------------------------

    def _page(self, load: Callable[[], Awaitable[None]]) -> None:
        if not self._paging.locked():
            self._tasks.start(self._one_page(load), "load a page")
        elif load not in self._next_pages:
            self._next_pages.append(load)

    async def _one_page(self, load: Callable[[], Awaitable[None]]) -> None:
        async with self._paging:
            await load()
        # The next page need not wait for what the rows of this one reply to.
        if self._next_pages:
            self._page(self._next_pages.pop(0))
        await self._feed.find_sources()

    def _copy(self) -> RoomCopy:
        return self._feed.copies.get(self._feed.room, RoomCopy())

    async def _load_older(self) -> None:
        room, feed = self._feed.room, self._feed
        for _ in range(2):
            async with feed.lock:
                first = self._timeline.first_id
                newest = self._copy().ranges.newest()
                if feed.room != room or newest is None:
                    return
                below = first if first is not None else newest.last + 1
                span = self._copy().ranges.around(below) or newest
                rows = await self._before(below, span.first)
                if rows or span.first == 0:
                    await feed.find_sources(rows)
                    more = len(rows) == PAGE_ROWS or span.first > 0
                    self._timeline.extend_older(rows, has_older=more)
                    return
            if not await self._fetch(room, Place(before=span.first)):
                return

    async def _load_newer(self) -> None:
        room, feed = self._feed.room, self._feed
        for _ in range(2):
            async with feed.lock:
                last = self._timeline.last_id
                if feed.room != room or last is None:
                    return
                ranges = self._copy().ranges
                newest = ranges.newest()
                span = ranges.around(last) or newest
                if span is None:
                    return
                rows = await self._disk.run(self._disk.replica.after, feed.host, room, last, span.last, PAGE_ROWS)
                if rows or span == newest:
                    await feed.find_sources(rows)
                    self._timeline.extend_newer(rows, has_newer=len(rows) == PAGE_ROWS or span != newest)
                    return
            if not await self._fetch(room, Place(after=span.last)):
                return

    async def _jump(self, id: int) -> None:
        room, feed = self._feed.room, self._feed
        async with self._paging:
            if self._copy().ranges.around(id) is None and not await self._fetch(room, Place(around=id)):
                self.failed.emit(wording.no_connection())
                return
            async with feed.lock:
                span = self._copy().ranges.around(id)
                if feed.room != room or span is None:
                    return
                older = await self._before(id + 1, span.first, JUMP_ROWS)
                newer = await self._disk.run(self._disk.replica.after, feed.host, room, id, span.last, JUMP_ROWS)
                self._timeline.reset(
                    [*older, *newer],
                    has_older=len(older) == JUMP_ROWS or span.first > 0,
                    has_newer=len(newer) == JUMP_ROWS or span != self._copy().ranges.newest(),
                    unread_after=feed.unread_line[0],
                    opened_at=feed.unread_line[1],
                )
            await feed.find_sources()
        self.jumped.emit(id)

    async def _show(self, room: str, id: int) -> None:
        if room != self._feed.room:
            await self._feed.open_room(room)
        if self._timeline.place_of(id) is not None:
            self.jumped.emit(id)
        else:
            await self._jump(id)

    async def _before(self, id: int, first: int, rows: int = PAGE_ROWS) -> tuple[Message, ...]:
        feed = self._feed
        return await self._disk.run(self._disk.replica.before, feed.host, feed.room, id, first, rows)

    def _opened(self, room: Room) -> None:
        self._kept_unread &= {room.id}
        mark = self._marks.get((self._feed.host, room.id))
        if mark is not None and room.id not in self._kept_unread:
            self._kept_unread.add(room.id)
            self._feed.mark_unread(mark)
        self._look_who_read()

    def _wrote(self, _cid: str) -> None:
        self._kept_unread.discard(self._feed.room)

    def _look_who_read(self) -> None:
        """From here on `read` tells of every step; up to here only asking does."""
        if self._session is not None and (own := self._timeline.newest_own(SEEN_ASKED)):
            self._tasks.start(self._ask_seen(self._session, self._feed.room, own), "ask who has read")

    async def _ask_seen(self, session: Session, room: str, ids: Iterable[int]) -> None:
        """Ask for one after the other, until somebody has seen one: who has, has seen all before it."""
        for id in ids:
            try:
                told = await session.request(Seen(ref=1, room=room, id=id))
            except (Refused, Ended):
                return
            assert isinstance(told, SeenBy)
            self._feed.take_seen(room, id, told.users)
            self.seen.emit(id, told.users)
            if told.users:
                return

    async def _fetch(self, room: str, place: Place) -> bool:
        """Ask the host for a page and store it; whether that changed what is loaded."""
        session = self._session
        before = self._feed.copies.get(room)
        if session is None or before is None:
            return False
        ask = History(
            ref=1, room=room, before=place.before, after=place.after, around=place.around, limit=HISTORY_LIMIT
        )
        try:
            page = await session.request(ask)
        except (Ended, Refused):
            return False
        assert isinstance(page, Page)
        async with self._feed.lock:
            # A page of a connection that is over may say less than the rooms know by now.
            if session is not self._session or not await self._feed.take_page(room, place, page):
                return False
            return self._feed.copies[room].ranges != before.ranges

    async def _fill(self, session: Session) -> None:
        """Fetch what is missing of each room, newest first, a page at a time, while nothing else is asked."""
        for room in tuple(self._feed.rooms):
            if self._is_whole(room):
                continue
            kept = await self._disk.run(self._disk.replica.count, self._feed.host, room, BACK_FILL_ROWS)
            while kept < BACK_FILL_ROWS and session is self._session:
                await asyncio.sleep(BACK_FILL_SECONDS)
                if self._is_whole(room):
                    break
                if self._paging.locked():
                    continue
                newest = self._feed.copies[room].ranges.newest()
                assert newest is not None
                if not await self._fetch(room, Place(before=newest.first)):
                    break
                kept += HISTORY_LIMIT

    def _is_whole(self, room: str) -> bool:
        """Whether nothing older is to be had."""
        copy = self._feed.copies.get(room)
        newest = copy.ranges.newest() if copy is not None else None
        return newest is None or newest.first == 0

    def _keep_mark(self, room: str, id: int | None) -> None:
        place = (self._feed.host, room)
        if id is not None:
            self._marks[place] = id
        elif self._marks.pop(place, None) is None:
            return
        keep = self._disk.run(self._disk.profile.keep_unread_mark, *place, id)
        task = self._tasks.start(keep, "keep an unread mark")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    def _send_read(self) -> None:
        if self._session is not None and self._read_to and not self._reading:
            self._reading = True
            self._tasks.start(self._tell_read(self._session), "tell what was read")

    async def _tell_read(self, session: Session) -> None:
        try:
            while self._read_to:
                room, command = next(iter(self._read_to.items()))
                done = await session.request(command)
                if self._read_to.get(room) is command:
                    del self._read_to[room]
                    self._keep_mark(room, None)
                if isinstance(done, Done) and isinstance(done.you, You):
                    async with self._feed.lock:
                        await self._feed.take_you(room, done.you)
                # Everyone in the room is told of each: four a second are enough of them.
                await asyncio.sleep(_READ_SECONDS)
        except Refused:
            for room in self._read_to:
                self._keep_mark(room, None)
            self._read_to.clear()
        except Ended:
            pass  # told again when the room is live
        finally:
            self._reading = False
            if session is not self._session:
                self._send_read()


def _back_to(room: str, id: int) -> Read:
    """Unread from this message on."""
    return Read(ref=1, room=room, id=id - 1, back=True)
