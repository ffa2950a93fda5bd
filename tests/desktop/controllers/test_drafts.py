"""Drafts: one a room, brought back when it is opened, also after a restart."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.controllers import drafts
from mrsambosk_desktop.controllers.drafts import DraftsController
from mrsambosk_desktop.controllers.feed import Feed
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.entities import Room


class Rooms(QObject):
    """A feed that only opens rooms."""

    room_opened = Signal(object)
    host = "HOST"

    def open(self, room: str) -> None:
        self.room_opened.emit(Room(id=room, name=room))


class Desk:
    def __init__(self, disk: Disk, faults: list[Any]) -> None:
        self.disk, self.rooms, self.restored = disk, Rooms(), list[str]()
        self.tasks = Tasks(lambda name, error: faults.append((name, error)))
        self.drafts = DraftsController(disk, cast(Feed, self.rooms), self.tasks)
        self.drafts.restored.connect(self.restored.append)

    async def stored(self) -> dict[tuple[str, str], str]:
        return await self.disk.run(self.disk.profile.drafts)


@contextlib.asynccontextmanager
async def desk(folder: Path, *, quits: bool = True) -> AsyncIterator[Desk]:
    """The app's part that keeps drafts, from its start to its end."""
    faults: list[Any] = []
    disk = Disk(folder)
    await disk.open()
    made = Desk(disk, faults)
    await made.drafts.load()
    try:
        yield made
        if quits:
            await made.drafts.flush()
    finally:
        await made.tasks.aclose()
        await disk.aclose()
    assert not faults


def test_each_room_has_its_own_and_a_restart_keeps_them(tmp_path: Path) -> None:
    async def play() -> None:
        async with desk(tmp_path) as first:
            first.drafts.keep("nowhere yet")
            first.rooms.open("lobby")
            first.drafts.keep("half a sent")
            first.rooms.open("lobby")  # to its newest end: nothing is brought back over what is being written
            first.rooms.open("staff")
            first.drafts.keep("שלום 👋\n  and")
            first.rooms.open("lobby")
            assert first.restored == ["", "", "half a sent"]
        async with desk(tmp_path) as again:
            again.rooms.open("staff")
            again.rooms.open("lobby")
            assert again.restored == ["שלום 👋\n  and", "half a sent"]
            again.drafts.keep("  \n")
        async with desk(tmp_path) as last:
            last.rooms.open("lobby")
            assert last.restored == [""]
            assert list(await last.stored()) == [("HOST", "staff")]

    asyncio.run(play())


def test_it_is_on_disk_soon_without_quitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "STORE_SECONDS", 0.01)

    async def play() -> None:
        async with desk(tmp_path, quits=False) as one:
            loop, written = asyncio.get_running_loop(), asyncio.Queue[str]()
            keep = one.disk.profile.keep_draft

            def kept(host: str, room: str, body: str) -> None:
                keep(host, room, body)
                loop.call_soon_threadsafe(written.put_nowait, body)

            monkeypatch.setattr(one.disk.profile, "keep_draft", kept)
            one.rooms.open("lobby")
            one.drafts.keep("a")
            one.drafts.keep("ab")
            assert await asyncio.wait_for(written.get(), 5) == "ab"
            assert await one.stored() == {("HOST", "lobby"): "ab"}
            monkeypatch.setattr(drafts, "STORE_SECONDS", 60)
            one.drafts.keep("abc")
            one.drafts.keep("")
            assert await asyncio.wait_for(written.get(), 5) == ""
            assert await one.stored() == {}

    asyncio.run(play())


def test_leaving_a_host_forgets_them(tmp_path: Path) -> None:
    async def play() -> None:
        async with desk(tmp_path) as one:
            one.rooms.open("lobby")
            one.drafts.keep("never mind")
            await one.drafts.flush()
            one.drafts.keep("never mind that")
            one.drafts.forget_host("HOST")
            await one.disk.run(one.disk.profile.forget_host, "HOST")
            one.drafts.keep("from a room that is gone")
            await one.drafts.flush()
            assert await one.stored() == {}

    asyncio.run(play())
