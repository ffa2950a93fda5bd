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
from mrsambosk_desktop.core.rows import Draft
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
        self.disk, self.rooms, self.restored = disk, Rooms(), list[Draft]()
        self.tasks = Tasks(lambda name, error: faults.append((name, error)))
        self.drafts = DraftsController(disk, cast(Feed, self.rooms), self.tasks)
        self.drafts.restored.connect(self.restored.append)

    async def stored(self) -> dict[tuple[str, str], Draft]:
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
            first.drafts.keep(Draft("nowhere yet"))
            first.rooms.open("lobby")
            first.drafts.keep(Draft("half a sent"))
            first.rooms.open("lobby")  # to its newest end: nothing is brought back over what is being written
            first.rooms.open("staff")
            first.drafts.keep(Draft("שלום 👋\n  and"))
            first.rooms.open("lobby")
            assert first.restored == [Draft(), Draft(), Draft("half a sent")]
        async with desk(tmp_path) as again:
            again.rooms.open("staff")
            again.rooms.open("lobby")
            assert again.restored == [Draft("שלום 👋\n  and"), Draft("half a sent")]
            again.drafts.keep(Draft("  \n"))
        async with desk(tmp_path) as last:
            last.rooms.open("lobby")
            assert last.restored == [Draft()]
            assert list(await last.stored()) == [("HOST", "staff")]

    asyncio.run(play())


def test_what_it_answers_is_kept_with_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with desk(tmp_path) as one:
            one.rooms.open("lobby")
            one.drafts.keep(Draft("yes", 41))
            one.rooms.open("staff")
            one.drafts.keep(Draft("", 7))
        async with desk(tmp_path) as again:
            again.rooms.open("lobby")
            again.rooms.open("staff")
            assert again.restored == [Draft("yes", 41), Draft("", 7)]

    asyncio.run(play())


def test_it_is_on_disk_soon_without_quitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "STORE_SECONDS", 0.01)

    async def play() -> None:
        async with desk(tmp_path, quits=False) as one:
            loop, written = asyncio.get_running_loop(), asyncio.Queue[Draft]()
            keep = one.disk.profile.keep_draft

            def kept(host: str, room: str, draft: Draft) -> None:
                keep(host, room, draft)
                loop.call_soon_threadsafe(written.put_nowait, draft)

            monkeypatch.setattr(one.disk.profile, "keep_draft", kept)
            one.rooms.open("lobby")
            one.drafts.keep(Draft("a"))
            one.drafts.keep(Draft("ab"))
            assert await asyncio.wait_for(written.get(), 5) == Draft("ab")
            assert await one.stored() == {("HOST", "lobby"): Draft("ab")}
            monkeypatch.setattr(drafts, "STORE_SECONDS", 60)
            one.drafts.keep(Draft("abc"))
            one.drafts.keep(Draft(""))
            assert await asyncio.wait_for(written.get(), 5) == Draft()
            assert await one.stored() == {}

    asyncio.run(play())


def test_leaving_a_host_forgets_them(tmp_path: Path) -> None:
    async def play() -> None:
        async with desk(tmp_path) as one:
            one.rooms.open("lobby")
            one.drafts.keep(Draft("never mind"))
            await one.drafts.flush()
            one.drafts.keep(Draft("never mind that"))
            one.drafts.forget_host("HOST")
            await one.disk.run(one.disk.profile.forget_host, "HOST")
            one.drafts.keep(Draft("from a room that is gone"))
            await one.drafts.flush()
            assert await one.stored() == {}

    asyncio.run(play())
