"""Looking for messages: at the host, in what is kept here, and what becomes of results when things change."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from mrsambosk_desktop.controllers.finding import PAGE_ROWS, FindingController
from mrsambosk_desktop.core.rows import Finding
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_protocol.commands import AnyCommand, History, Ping, Read, Search
from mrsambosk_protocol.events import Done, Live, MessageTold, Page, Refusal, Results
from tests.helpers.model_room import ModelRoom
from tests.helpers.scripted_host import Line, scripted_host

from .works import Works, works


class Library:
    """A host of one room that answers searches, in pages of two."""

    def __init__(self, rows: int) -> None:
        self.room = ModelRoom(reset_rows=1000)
        for number in range(1, rows + 1):
            self.room.post("u_other", f"cid{number:013}", f"book {number}")
        self.queries: list[tuple[str, str | None, str | None]] = []
        self.refuse = ""
        self.line: Line | None = None

    async def serve(self, line: Line) -> None:
        self.line = line
        await line.welcome(self.room.epoch)
        await line.say(self.room.sync(None), Live())
        while True:
            await self.carry_out(line, await line.hear())

    async def carry_out(self, line: Line, command: AnyCommand) -> None:
        match command:
            case Ping() | Read():
                await line.say(Done(ref=command.ref))
            case Search() if self.refuse:
                await line.say(Refusal(ref=command.ref, code="busy", text=self.refuse))
            case Search():
                self.queries.append((command.query, command.room, command.cursor))
                below = int(command.cursor or 10**6)
                ids = [id for id, row in self.room.rows.items() if id < below and command.query in row.body]
                page = sorted(ids, reverse=True)[:2]
                more = str(page[-1]) if len(ids) > len(page) else None
                await line.say(Results(ref=command.ref, messages=self.room.take(page), cursor=more))
            case History(pinned=True):
                ids = [id for id, row in self.room.rows.items() if row.pinned_at and id < (command.before or 10**6)]
                page = sorted(ids)[-2:]
                older = len(ids) > len(page)
                rows = self.room.take(page)
                told = Page(
                    ref=command.ref, room="lobby", rev=self.room.rev, messages=rows, has_older=older, has_newer=False
                )
                await line.say(told)
            case History():
                await line.say(self.room.page(command.ref, command.limit, command.before, command.after))

    async def tell(self, id: int) -> None:
        """A row as it is now."""
        assert self.line is not None
        row = self.room.rows[id]
        await self.line.say(MessageTold(room="lobby", rev=row.rev, message=row))


class Desk:
    """An app without a window, and someone who looks for things."""

    def __init__(self, app: Works) -> None:
        self.app = app
        self.found, self.pinned = FoundModel(), FoundModel()
        self.finding = FindingController(app.disk, app.feed, app.reading, self.found, self.pinned, app.tasks)
        self.states: list[Finding] = []
        self.finding.search.changed.connect(self.states.append)

    async def search(self, query: str, *, everywhere: bool = False) -> Finding:
        self.finding.look_for(query, everywhere)
        return await self.settled()

    async def settled(self) -> Finding:
        await self.app.until(lambda: not self.finding.search.state.busy)
        return self.finding.search.state

    def hits(self) -> list[str]:
        return [self.found.row(place).text for place in range(self.found.rowCount())]

    def pins(self) -> list[str]:
        return [self.pinned.row(place).text for place in range(self.pinned.rowCount())]


def play(folder: Path, library: Library, act: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with scripted_host(library.serve) as address, works(folder) as app:
            desk = Desk(app)
            app.connect(address)
            await app.until(lambda: app.live)
            await act(desk)

    asyncio.run(whole())


def test_the_host_is_asked_and_its_pages_follow(tmp_path: Path) -> None:
    library = Library(5)

    async def act(desk: Desk) -> None:
        state = await desk.search("book")
        assert desk.hits() == ["book 5", "book 4"]
        assert (state.more, state.kept, state.room) == (True, False, "lobby")
        desk.finding.search.more()
        desk.finding.search.more()
        await desk.app.until(lambda: len(desk.hits()) == 4)
        desk.finding.search.more()
        await desk.app.until(lambda: len(desk.hits()) == 5)
        assert not desk.finding.search.state.more
        desk.finding.search.more()
        assert library.queries == [("book", "lobby", None), ("book", "lobby", "4"), ("book", "lobby", "2")]

    play(tmp_path, library, act)


def test_everywhere_names_no_room_and_nothing_asks_nothing(tmp_path: Path) -> None:
    library = Library(3)

    async def act(desk: Desk) -> None:
        await desk.search("book 2", everywhere=True)
        assert desk.hits() == ["book 2"]
        state = await desk.search(" - ")
        assert desk.hits() == []
        assert not state.busy
        assert library.queries == [("book 2", None, None)]

    play(tmp_path, library, act)


def test_only_the_last_query_is_answered(tmp_path: Path) -> None:
    library = Library(12)

    async def act(desk: Desk) -> None:
        shown: list[list[str]] = []
        desk.found.modelReset.connect(lambda: shown.append(desk.hits()))
        desk.finding.look_for("book 1", False)
        await desk.search("book 2")
        assert shown == [["book 2"]]
        assert {state.query for state in desk.states if not state.busy} == {"book 2"}

    play(tmp_path, library, act)


def test_a_refusal_is_said(tmp_path: Path) -> None:
    library = Library(1)
    library.refuse = "The host is busy."

    async def act(desk: Desk) -> None:
        assert (await desk.search("book")).problem == "The host is busy."

    play(tmp_path, library, act)


def test_without_a_connection_what_is_kept_is_searched(tmp_path: Path) -> None:
    library = Library(2 * PAGE_ROWS + 5)

    async def act(desk: Desk) -> None:
        await desk.app.connection.stop()
        state = await desk.search("book", everywhere=True)
        assert (state.more, state.kept) == (True, True)
        newest = 2 * PAGE_ROWS + 5
        assert desk.hits() == [f"book {number}" for number in range(newest, newest - PAGE_ROWS, -1)]
        for pages in (2, 3):
            desk.finding.search.more()
            await desk.app.until(lambda pages=pages: len(desk.hits()) == min(pages * PAGE_ROWS, newest))
        assert desk.hits()[-1] == "book 1"
        assert not desk.finding.search.state.more
        assert (await desk.search("BOOK 6")).more is False
        assert desk.hits() == [f"book {number}" for number in (65, 64, 63, 62, 61, 60, 6)]

    play(tmp_path, library, act)


def test_a_search_that_loses_its_connection_goes_on_with_what_is_kept(tmp_path: Path) -> None:
    library = Library(5)

    async def act(desk: Desk) -> None:
        await desk.search("book")
        await desk.app.connection.stop()
        desk.finding.search.more()
        await desk.app.until(lambda: len(desk.hits()) == 5)
        assert desk.finding.search.state.kept

    play(tmp_path, library, act)


def test_a_result_that_is_edited_or_deleted_elsewhere_follows(tmp_path: Path) -> None:
    library = Library(2)

    async def act(desk: Desk) -> None:
        await desk.search("book")
        library.room.edit(2, "book two")
        await library.tell(2)
        await desk.app.until(lambda: desk.hits() == ["book two", "book 1"])
        library.room.delete(1)
        await library.tell(1)
        await desk.app.until(lambda: desk.hits() == ["book two"])
        desk.finding.stop()
        assert desk.hits() == []

    play(tmp_path, library, act)


def test_pins_are_listed_and_follow(tmp_path: Path) -> None:
    library = Library(4)
    pin(library, 1, 5)
    pin(library, 3, 5)
    pin(library, 4, 5)

    async def act(desk: Desk) -> None:
        desk.finding.show_pins()
        await desk.app.until(lambda: not desk.finding.pins.state.busy)
        assert desk.pins() == ["book 4", "book 3"]
        desk.finding.pins.more()
        await desk.app.until(lambda: desk.pins() == ["book 4", "book 3", "book 1"])
        pin(library, 2, 5)
        await library.tell(2)
        await desk.app.until(lambda: desk.pins() == ["book 4", "book 3", "book 2", "book 1"])
        pin(library, 3, None)
        await library.tell(3)
        await desk.app.until(lambda: desk.pins() == ["book 4", "book 2", "book 1"])
        await desk.app.connection.stop()
        desk.finding.show_pins()
        await desk.app.until(lambda: desk.finding.pins.state.kept)
        assert desk.pins() == ["book 4", "book 2", "book 1"]

    play(tmp_path, library, act)


def pin(library: Library, id: int, at: int | None) -> None:
    """What pinning does to the room."""
    room = library.room
    room.rev += 1
    room.rows[id] = msgspec.structs.replace(room.rows[id], rev=room.rev, pinned_at=at)
