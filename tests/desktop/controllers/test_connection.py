"""A connection that ends on this side: what is said then, and that it comes back."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_desktop.storage.disk import ReplicaLost
from mrsambosk_protocol.commands import History, Ping
from mrsambosk_protocol.events import Done, Live, MessageTold
from mrsambosk_protocol.invite import Address
from tests.helpers.model_room import ModelRoom
from tests.helpers.scripted_host import Line, scripted_host

from .works import Works, works


class Lobby:
    """A host of one room in which somebody else writes."""

    def __init__(self) -> None:
        self.room = ModelRoom()
        self.line: Line | None = None

    async def serve(self, line: Line) -> None:
        hello = await line.welcome(self.room.epoch)
        have = (hello.have or {}).get("lobby")
        good = have is not None and self.room.good(hello.epoch, have)
        await line.say(self.room.sync(have if good else None), Live())
        self.line = line
        while True:
            command = await line.hear()
            if isinstance(command, History):
                await line.say(self.room.page(command.ref, command.limit, command.before, command.after))
            elif isinstance(command, Ping):
                await line.say(Done(ref=command.ref))

    async def post(self, body: str) -> None:
        row = self.room.post("u_other", secrets.token_urlsafe(16), body)
        if self.line is not None:
            await self.line.say(MessageTold(room="lobby", rev=row.rev, message=row))


def play(folder: Path, act: Callable[[Works, Lobby, Address], Awaitable[None]]) -> None:
    async def whole() -> None:
        lobby = Lobby()
        async with asyncio.timeout(30), scripted_host(lobby.serve) as address, works(folder) as app:
            app.connect(address)
            await app.until(lambda: app.live)
            await act(app, lobby, address)

    asyncio.run(whole())


def test_a_full_disk_is_said_and_what_came_meanwhile_is_there_once_there_is_room(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby, _address: Address) -> None:
        def limit(pages: int) -> None:
            app.disk.replica._db.one(f"PRAGMA max_page_count = {pages}")

        await lobby.post("before")
        await app.until(lambda: app.bodies() == ["before"])
        await app.disk.run(limit, 1)
        for number in range(20):
            await lobby.post(f"{number} " + "x" * 3000)
        await app.until(lambda: app.connection.state.link is Link.RETRYING)
        assert app.connection.state.here
        assert "no room left" in app.connection.state.reason
        await app.disk.run(limit, 100_000)
        app.connection.try_again()
        await app.until(lambda: app.live and len(app.bodies()) == 21)

    play(tmp_path, act)


def test_after_a_mistake_of_ours_it_does_not_stay_live_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    expect_log("by a mistake of this app")

    async def act(app: Works, lobby: Lobby, _address: Address) -> None:
        def stumble(*_: object) -> None:
            monkeypatch.undo()
            raise ZeroDivisionError

        monkeypatch.setattr(app.feed, "apply", stumble)
        await lobby.post("hello")
        await app.until(lambda: app.connection.state.link is Link.RETRYING)
        assert app.connection.state.reason
        await app.until(lambda: app.live and app.bodies() == ["hello"])

    play(tmp_path, act)


def test_a_lost_replica_that_can_not_be_made_anew_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(app: Works, lobby: Lobby, _address: Address) -> None:
        await lobby.post("hello")
        await app.until(lambda: app.bodies() == ["hello"])

        def lose() -> None:
            app.disk._lost = True
            app.disk.replica.close()

        def no_room() -> None:
            monkeypatch.undo()
            raise StorageFault("The disk has no room left for replica.db.")

        monkeypatch.setattr(app.disk.replica, "rebuild", no_room)
        await app.disk.run(lose)
        with pytest.raises(ReplicaLost):
            await app.disk.run(app.disk.replica.counts)
        await app.until(lambda: app.connection.state.here)
        await app.until(lambda: app.live and app.bodies() == ["hello"])
        assert await app.disk.run(app.disk.replica.counts) == 1

    play(tmp_path, act)


def test_a_known_host_of_which_nothing_is_kept_is_shown_once_it_answers(tmp_path: Path) -> None:
    async def act(app: Works, _lobby: Lobby, _address: Address) -> None:
        await app.connection.stop()
        (known,) = await app.disk.run(app.disk.profile.hosts)
        await app.disk.run(app.disk.replica.rebuild)
        joined: list[bool] = []
        app.connection.joined.connect(lambda: joined.append(True))
        assert await app.connection.resume(known)
        assert not joined
        await app.until(lambda: app.live)
        assert joined == [True]

    play(tmp_path, act)
