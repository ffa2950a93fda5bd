"""Everything of an app but its window, in a plain asyncio loop, against a scripted or a real host."""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from mrsambosk_desktop.controllers.chat import ChatController
from mrsambosk_desktop.controllers.connection import ConnectionController
from mrsambosk_desktop.controllers.entrance import Target
from mrsambosk_desktop.controllers.feed import Feed
from mrsambosk_desktop.controllers.reading import ReadingController
from mrsambosk_desktop.core.rows import ConnectionState, Link, Pending
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.storage.disk import Disk, ReplicaLost
from mrsambosk_protocol.invite import Address


class Works:
    """One app without a window."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[tuple[str, BaseException]] = []
        self.tasks = Tasks(lambda name, error: self.faults.append((name, error)))
        self.disk = Disk(folder)
        self.timeline, self.members, self.rooms = TimelineModel(), MemberModel(), RoomModel()
        self.feed = Feed(self.disk, self.timeline, self.members, self.rooms)
        self.reading = ReadingController(self.disk, self.feed, self.timeline, self.tasks)
        self.chat = ChatController(self.disk, self.feed, self.timeline, self.tasks)
        self.connection = ConnectionController(self.disk, self.feed, self.reading, self.chat, self.tasks)
        self.states: list[ConnectionState] = []
        self.said: list[str] = []
        self._changed = asyncio.Event()
        self.connection.state_changed.connect(self.states.append)
        self.chat.failed.connect(self.said.append)
        for signal in (
            self.timeline.rowsInserted,
            self.timeline.rowsRemoved,
            self.timeline.dataChanged,
            self.timeline.modelReset,
            self.rooms.dataChanged,
            self.connection.state_changed,
            self.chat.failed,
        ):
            signal.connect(lambda *_: self._changed.set())

    def connect(self, address: Address, host: str = "") -> None:
        self.connection.connect_to(Target((address,), "token", host=host))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.1)

    @property
    def live(self) -> bool:
        return self.connection.state.link is Link.LIVE

    def bodies(self) -> list[str]:
        rows = [self.timeline.row(number) for number in range(self.timeline.rowCount())]
        return [stored.body for row in rows if (stored := row.message or row.pending)]

    def pending(self) -> list[Pending]:
        rows = [self.timeline.row(number) for number in range(self.timeline.rowCount())]
        return [row.pending for row in rows if row.pending is not None]

    async def outbox(self) -> int:
        """How many commands are on disk."""
        return len(await self.disk.run(self.disk.profile.entries))


@contextlib.asynccontextmanager
async def works(folder: Path) -> AsyncIterator[Works]:
    """An app without a window, closed in order; no task of it may have failed."""
    made = Works(folder)
    await made.disk.open()
    await made.chat.load()
    await made.reading.load()
    try:
        yield made
    finally:
        await made.reading.flush()
        await made.chat.quit()
        await made.connection.stop()
        await made.tasks.aclose()
        made.feed.close()
        await made.disk.aclose()
    # As in the app: who meets a lost replica fails, and the connection begins anew.
    faults = [fault for fault in made.faults if not isinstance(fault[1], ReplicaLost)]
    assert not faults, "".join(traceback.format_exception(faults[0][1]))
