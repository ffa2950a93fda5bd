"""What was being written in each room, and which message it answers: brought back when the room is opened, kept on disk
over restarts."""

import asyncio
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.rows import Draft
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.entities import Room

from .feed import Feed

#: A draft is on disk this long after its last change; an emptied one at once, or what was sent would come back.
STORE_SECONDS: Final = 0.5


class DraftsController(QObject):
    """Signals: `restored` (Draft) when another room was opened: what was being written there."""

    restored = Signal(object)

    def __init__(self, disk: Disk, feed: Feed, tasks: Tasks) -> None:
        super().__init__()
        self._disk, self._feed, self._tasks = disk, feed, tasks
        self._drafts: dict[tuple[str, str], Draft] = {}
        self._changed: set[tuple[str, str]] = set()
        self._place = ("", "")
        self._timer: asyncio.Handle | None = None
        self._storing = asyncio.Lock()
        feed.room_opened.connect(self._opened)

    async def load(self) -> None:
        """Read what is kept; once, before any room is opened."""
        self._drafts = await self._disk.run(self._disk.profile.drafts)

    def keep(self, draft: Draft) -> None:
        """This is being written in the open room now."""
        if not all(self._place):
            return
        if not draft.text.strip():
            draft = replace(draft, text="")
        if draft != Draft():
            self._drafts[self._place] = draft
        elif self._drafts.pop(self._place, None) is None and self._place not in self._changed:
            return
        self._changed.add(self._place)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(STORE_SECONDS if draft.text else 0, self._store_soon)

    def forget_host(self, host: str) -> None:
        """It was left; the disk forgets with the host."""
        self._drafts = {place: draft for place, draft in self._drafts.items() if place[0] != host}
        self._changed = {place for place in self._changed if place[0] != host}
        if self._place[0] == host:
            self._place = ("", "")

    async def flush(self) -> None:
        """Bring to disk what is not there yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._store()

    def _opened(self, room: Room) -> None:
        place = (self._feed.host, room.id)
        if place != self._place:
            self._place = place
            self.restored.emit(self._drafts.get(place, Draft()))

    def _store_soon(self) -> None:
        self._timer = None
        self._tasks.start(self._store(), "keep a draft")

    async def _store(self) -> None:
        async with self._storing:
            changed, self._changed = self._changed, set()
            for host, room in changed:
                await self._disk.run(self._disk.profile.keep_draft, host, room, self._drafts.get((host, room), Draft()))
