"""How far was read, by oneself and by others, as told to and by a host."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.models.rooms import RoomRole
from mrsambosk_protocol.commands import AnyCommand, Ping, Post, Read, Seen
from mrsambosk_protocol.entities import You
from mrsambosk_protocol.events import Done, Live, MessageTold, ReadTold, SeenBy
from tests.helpers.model_room import ModelRoom
from tests.helpers.scripted_host import ME, OTHER, Line, scripted_host

from .works import Works, works


class Lobby:
    """A host of one room, in which every third row is one's own."""

    def __init__(self, rows: int = 9) -> None:
        self.room = ModelRoom()
        for number in range(1, rows + 1):
            self.room.post(ME.id if number % 3 == 0 else OTHER.id, f"cid{number:013}", f"row {number}")
        self.reads: list[tuple[int, bool]] = []
        self.asked: list[int] = []
        self.other_read = 0
        self.line: Line | None = None

    async def serve(self, line: Line) -> None:
        self.line = line
        await line.welcome(self.room.epoch)
        await line.say(self.room.sync(None), Live())
        while True:
            await self.carry_out(line, await line.hear())

    async def carry_out(self, line: Line, command: AnyCommand) -> None:
        match command:
            case Ping():
                await line.say(Done(ref=command.ref))
            case Read():
                self.reads.append((command.id, command.back))
                unread = sum(row.id > command.id and row.author != ME.id for row in self.room.rows.values())
                await line.say(Done(ref=command.ref, you=You(read=command.id, unread=unread)))
            case Seen():
                self.asked.append(command.id)
                users = (OTHER.id,) if self.other_read >= command.id else ()
                await line.say(SeenBy(ref=command.ref, users=users))
            case Post():
                row = self.room.post(ME.id, command.cid, command.body)
                told = MessageTold(room="lobby", rev=row.rev, message=row)
                await line.say(told, Done(ref=command.ref, id=row.id, rev=row.rev))


def play(folder: Path, lobby: Lobby, act: Callable[[Works], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20), scripted_host(lobby.serve) as address, works(folder) as app:
            app.connect(address)
            await app.until(lambda: app.live)
            await act(app)

    asyncio.run(whole())


def seen(app: Works) -> list[int | str]:
    rows = [app.timeline.row(number) for number in range(app.timeline.rowCount())]
    return [row.key for row in rows if row.seen_by]


def line_at(app: Works) -> list[int | str]:
    rows = [app.timeline.row(number) for number in range(app.timeline.rowCount())]
    return [row.key for row in rows if row.group.unread]


def test_who_has_read_is_asked_once_and_then_told(tmp_path: Path) -> None:
    lobby = Lobby()
    lobby.other_read = 6

    async def act(app: Works) -> None:
        await app.until(lambda: seen(app) == [3, 6])
        assert 3 not in lobby.asked, "who has seen one has seen all before it"
        assert lobby.line is not None
        await lobby.line.say(ReadTold(room="lobby", user=OTHER.id, id=9))
        await app.until(lambda: seen(app) == [3, 6, 9])

    play(tmp_path, lobby, act)


def test_details_ask_and_are_told(tmp_path: Path) -> None:
    lobby = Lobby()

    async def act(app: Works) -> None:
        told: list[tuple[int, object]] = []
        app.reading.seen.connect(lambda id, users: told.append((id, users)))
        await app.until(lambda: {9, 6, 3} <= set(lobby.asked))
        lobby.other_read = 3
        app.reading.ask_seen(3)
        await app.until(lambda: (3, (OTHER.id,)) in told)
        assert seen(app) == [3]

    play(tmp_path, lobby, act)


def test_marked_unread_stays_until_one_writes(tmp_path: Path) -> None:
    lobby = Lobby()

    async def act(app: Works) -> None:
        app.reading.read(9)
        await app.until(lambda: app.feed.rooms["lobby"].you.read == 9)
        app.reading.mark_unread(5)
        assert line_at(app) == [5]
        await app.until(lambda: app.feed.rooms["lobby"].you.unread == 3)
        assert lobby.reads == [(9, False), (4, True)]
        app.reading.read(9)
        app.reading.latest()
        told: list[int] = []
        app.reading.seen.connect(lambda id, _users: told.append(id))
        app.reading.ask_seen(2)
        await app.until(lambda: 2 in told)
        assert lobby.reads[-1] == (4, True), "what came before the question was not told"
        assert line_at(app) == [5]
        app.chat.send("there I was", (), None)
        await app.until(lambda: app.bodies()[-1] == "there I was" and not app.pending())
        app.reading.read(10)
        await app.until(lambda: lobby.reads[-1] == (10, False))

    play(tmp_path, lobby, act)


def test_marked_unread_while_away_is_told_later(tmp_path: Path) -> None:
    lobby = Lobby()

    async def act(app: Works) -> None:
        app.reading.read(9)
        await app.until(lambda: lobby.reads == [(9, False)])
        target = app.connection._target
        assert target is not None
        await app.connection.stop()
        app.reading.mark_unread(8)
        app.connection.connect_to(target)
        await app.until(lambda: lobby.reads[-1] == (7, True))

    play(tmp_path, lobby, act)


def test_marked_unread_while_away_survives_quitting(tmp_path: Path) -> None:
    lobby = Lobby()

    async def whole() -> None:
        async with asyncio.timeout(20), scripted_host(lobby.serve) as address:
            async with works(tmp_path) as app:
                app.connect(address)
                await app.until(lambda: app.live)
                app.reading.read(9)
                await app.until(lambda: lobby.reads == [(9, False)] and not app.reading._read_to)
                await app.connection.stop()
                app.reading.mark_unread(8)
                app.reading.mark_unread(5)
                assert line_at(app) == [5]
            async with works(tmp_path) as app:
                app.connect(address)
                await app.until(lambda: lobby.reads[-1] == (4, True))
                await app.until(lambda: line_at(app) == [5])
                app.reading.read(9)
                assert not app.reading._read_to.get("lobby", Read(ref=1, room="lobby", id=4, back=True)).id > 4
            async with works(tmp_path) as app:
                assert await app.disk.run(app.disk.profile.unread_marks) == {}, "the host knows by now"

    asyncio.run(whole())


def test_what_is_read_without_a_connection_is_no_longer_unread(tmp_path: Path) -> None:
    lobby = Lobby()

    def unread(app: Works) -> int:
        return int(app.rooms.index(0, 0).data(RoomRole.UNREAD))

    async def whole() -> None:
        async with asyncio.timeout(20), scripted_host(lobby.serve) as address:
            async with works(tmp_path) as app:
                app.connect(address)
                await app.until(lambda: app.live)
                assert app.connection._target is not None
                app.reading.read(3)
                await app.until(lambda: unread(app) == 4)  # of 4 to 9, which are six, two are one's own
                await app.connection.stop()
                app.reading.read(5)
                assert unread(app) == 2
                app.reading.read(9)
                assert unread(app) == 0
            async with works(tmp_path) as app:
                assert await app.feed.open_host("HOSTID")
                assert (unread(app), line_at(app)) == (0, [])
                app.connect(address, "HOSTID")
                await app.until(lambda: app.live)
                app.reading.read(9)
                await app.until(lambda: lobby.reads[-1] == (9, False))

    asyncio.run(whole())


def test_who_wakes_does_not_wait_to_try_again(tmp_path: Path) -> None:
    lobby = Lobby()

    async def act(app: Works) -> None:
        app.connection._backoff.lost = lambda now: 3600.0  # type: ignore[method-assign]
        assert lobby.line is not None
        await lobby.line.socket.close(1012)
        await app.until(lambda: app.connection.state.link is Link.RETRYING)
        app.connection.woke()
        await app.until(lambda: app.live)

    play(tmp_path, lobby, act)
