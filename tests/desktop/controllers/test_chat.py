"""What becomes of what a person writes, whatever the host answers, or does not."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt

from mrsambosk_desktop.controllers.reading import PAGE_ROWS
from mrsambosk_desktop.core.rows import Link, SendState
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_protocol.commands import AnyCommand, Delete, Edit, History, Ping, Post, React, Read
from mrsambosk_protocol.events import Done, Live, MessageTold, Refusal
from tests.helpers.model_room import ModelRoom
from tests.helpers.scripted_host import ME, Line, scripted_host

from .works import Works, works


class Lobby:
    """A host of one room that follows the protocol, but for the one fault that a test sets."""

    def __init__(self) -> None:
        self.room = ModelRoom()
        self.posts: list[str] = []
        self.deletes: list[int] = []
        self.hellos = 0
        self.refuse: list[Refusal] = []
        self.cut_after_commit = False
        self.cut_before_commit = False
        self.skip_revision = False
        self.refuse_edits = False
        self.tell_no_row = False

    async def serve(self, line: Line) -> None:
        self.hellos += 1
        hello = await line.welcome(self.room.epoch)
        have = (hello.have or {}).get("lobby")
        good = have is not None and self.room.good(hello.epoch, have)
        await line.say(self.room.sync(have if good else None), Live())
        while True:
            await self.carry_out(line, await line.hear())

    async def carry_out(self, line: Line, command: AnyCommand) -> None:
        match command:
            case Ping() | Read():
                await line.say(Done(ref=command.ref))
            case History():
                await line.say(self.room.page(command.ref, command.limit, command.before, command.after))
            case Post() if self.refuse:
                await line.say(msgspec.structs.replace(self.refuse.pop(0), ref=command.ref))
            case Post():
                await self.post(line, command)
            case Edit() if self.refuse_edits:
                await line.say(Refusal(ref=command.ref, code="forbidden", text="Only the author can edit a message."))
            case Edit():
                row = self.room.edit(command.id, command.body)
                # A client takes either order, and shows the old text at no moment between them.
                await line.say(Done(ref=command.ref, rev=row.rev))
                await line.say(MessageTold(room="lobby", rev=row.rev, message=row))
            case React():
                row = self.room.react(command.id, command.emoji, ME.id)
                await line.say(MessageTold(room="lobby", rev=row.rev, message=row), Done(ref=command.ref, rev=row.rev))
            case Delete():
                self.deletes.append(command.id)
                row = self.room.delete(command.id)
                await line.say(MessageTold(room="lobby", rev=row.rev, message=row), Done(ref=command.ref, rev=row.rev))

    async def post(self, line: Line, command: Post) -> None:
        known = next((row for row in self.room.rows.values() if row.cid == command.cid), None)
        if known is not None:
            await line.say(Done(ref=command.ref, id=known.id, rev=known.rev, duplicate=True))
            return
        if self.cut_before_commit:
            self.cut_before_commit = False
            await line.socket.close(1012)
            return
        self.posts.append(command.body)
        if self.skip_revision:
            self.skip_revision = False
            self.room.post("u_other", "lost", "told to nobody")
        row = self.room.post(ME.id, command.cid, command.body)
        if self.cut_after_commit:
            self.cut_after_commit = False
            await line.socket.close(1012)
            return
        if not self.tell_no_row:
            await line.say(MessageTold(room="lobby", rev=row.rev, message=row))
        await line.say(Done(ref=command.ref, id=row.id, rev=row.rev))


def play(folder: Path, lobby: Lobby, act: Callable[[Works, Lobby], Awaitable[None]]) -> None:
    """Connect an app without a window to the lobby, and act."""

    async def whole() -> None:
        async with asyncio.timeout(20), scripted_host(lobby.serve) as address, works(folder) as app:
            app.connect(address)
            await app.until(lambda: app.live)
            await act(app, lobby)

    asyncio.run(whole())


def send(app: Works, *bodies: str) -> None:
    for body in bodies:
        app.chat.send(body, (), None)


def test_a_post_is_a_pending_row_that_becomes_the_stored_one(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        inserted: list[int] = []
        app.timeline.rowsInserted.connect(lambda _parent, first, last: inserted.append(last - first + 1))
        send(app, "hello")
        await app.until(lambda: app.bodies() == ["hello"] and not app.pending())
        assert inserted == [1]
        await app.until(lambda: not list(app.chat._outbox))
        assert await app.outbox() == 0

    play(tmp_path, Lobby(), act)


def test_a_refused_post_stays_holds_the_next_and_can_be_sent_again(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.refuse = [Refusal(ref=None, code="forbidden", text="You are muted.")]
        send(app, "first", "second", "third")
        held = [SendState.FAILED, SendState.HELD, SendState.HELD]
        await app.until(lambda: [it.state for it in app.pending()] == held)
        failed = app.pending()[0]
        assert failed.reason == "You are muted."
        assert lobby.posts == []
        app.chat.retry(failed.cid)
        assert [it.state for it in app.pending()] == [SendState.SENDING] * 3
        await app.until(lambda: not app.pending())
        assert lobby.posts == ["first", "second", "third"]
        assert app.bodies() == ["first", "second", "third"]

    play(tmp_path, Lobby(), act)


def test_discarding_a_refused_post_lets_those_behind_it_leave(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.refuse = [Refusal(ref=None, code="too_long", text="Too long.")]
        send(app, "first", "second")
        await app.until(lambda: any(it.state is SendState.FAILED for it in app.pending()))
        app.chat.discard(app.pending()[0].cid)
        await app.until(lambda: app.bodies() == ["second"] and not app.pending())
        await app.until(lambda: not list(app.chat._outbox))

    play(tmp_path, Lobby(), act)


def test_a_busy_host_is_asked_again_by_the_head(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.refuse = [
            Refusal(ref=None, code="rate_limited", text="Wait.", retry_after=0.1),
            Refusal(ref=None, code="busy", text="Wait.", retry_after=0.05),
        ]
        send(app, "first", "second", "third")
        await app.until(lambda: not app.pending() and len(app.bodies()) == 3)
        assert lobby.posts == ["first", "second", "third"]

    play(tmp_path, Lobby(), act)


def test_a_post_whose_answer_was_lost_is_stored_once(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.cut_after_commit = True
        send(app, "once", "twice")
        await app.until(lambda: lobby.hellos == 1 and not app.live)
        app.connection.try_again()
        await app.until(lambda: app.live and not app.pending() and len(app.bodies()) == 2)
        assert lobby.posts == ["once", "twice"]
        assert app.bodies() == ["once", "twice"]

    play(tmp_path, Lobby(), act)


def test_a_post_that_was_lost_on_the_way_is_sent_again_in_its_place(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.cut_before_commit = True
        send(app, "first", "second")
        await app.until(lambda: not app.live)
        await app.until(lambda: [it.state for it in app.pending()] == [SendState.WAITING] * 2)
        app.connection.try_again()
        await app.until(lambda: app.live and not app.pending() and len(app.bodies()) == 2)
        assert lobby.posts == app.bodies() == ["first", "second"]

    play(tmp_path, Lobby(), act)


def test_a_post_that_the_host_has_is_not_sent_again_to_be_refused(tmp_path: Path) -> None:
    """Its answer was lost and its author muted meanwhile: the sync that brings it settles it."""

    async def act(app: Works, lobby: Lobby) -> None:
        lobby.cut_after_commit = True
        send(app, "said before the mute")
        await app.until(lambda: not app.live)
        lobby.refuse = [Refusal(ref=None, code="forbidden", text="You are muted.")]
        app.connection.try_again()
        await app.until(lambda: app.live and not list(app.chat._outbox))
        assert not app.pending()
        assert app.bodies() == ["said before the mute"]
        assert len(lobby.refuse) == 1, "it was sent again"

    play(tmp_path, Lobby(), act)


def test_a_skipped_revision_makes_it_reconnect_and_resume(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.skip_revision = True
        send(app, "mine")
        await app.until(lambda: not app.live)
        app.connection.try_again()
        await app.until(lambda: app.live and app.bodies() == ["told to nobody", "mine"])
        assert lobby.hellos == 2
        assert app.connection.state.missed == 1

    play(tmp_path, Lobby(), act)


def test_an_edit_and_a_reaction_without_a_connection_show_at_once_as_waiting(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "frist")
        await app.until(lambda: app.bodies() == ["frist"] and not app.pending())
        target, id = app.connection._target, app.timeline.last_id
        assert target is not None
        assert id is not None
        await app.connection.stop()
        app.chat.edit(id, "first", ())
        app.chat.react(id, "👍", on=True)
        await app.until(lambda: app.bodies() == ["first"])
        await app.until(lambda: app.timeline.row(0).message.reactions == {"👍": (ME.id,)})  # type: ignore[union-attr]
        assert app.timeline.row(0).waiting
        assert "Waiting for connection" in str(
            app.timeline.data(app.timeline.index(0), Qt.ItemDataRole.AccessibleTextRole)
        )
        shown: list[str] = []
        app.timeline.dataChanged.connect(lambda *_: shown.extend(app.bodies()))
        app.connection.connect_to(target)
        await app.until(lambda: app.live and not app.timeline.row(0).waiting)
        await app.until(lambda: not list(app.chat._outbox) and not app.chat._unsent._untold)
        assert set(shown) == {"first"}, "the old text never came back"
        row = app.timeline.row(0).message
        assert row is not None
        assert (row.body, row.reactions, row.rev) == ("first", {"👍": (ME.id,)}, 3)

    play(tmp_path, Lobby(), act)


def test_an_edit_that_is_refused_shows_what_there_is_again(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "mine")
        await app.until(lambda: app.bodies() == ["mine"] and not app.pending())
        lobby.refuse_edits = True
        app.chat.edit(app.timeline.last_id or 0, "other", ())
        await app.until(lambda: app.bodies() == ["other"])
        await app.until(lambda: app.bodies() == ["mine"])
        assert app.said == ["Only the author can edit a message."]

    play(tmp_path, Lobby(), act)


def test_what_was_not_sent_in_one_room_never_shows_on_the_rows_of_another(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "first", "second")
        await app.until(lambda: app.bodies() == ["first", "second"] and not app.pending())
        target = app.connection._target
        assert target is not None
        await app.connection.stop()
        app.chat.edit(1, "edited", ())
        app.chat.delete(2)
        send(app, "third")
        await app.until(lambda: app.bodies() == ["edited", "second", "third"] and app.timeline.row(1).deleting)
        rows = [lobby.room.rows[id] for id in (1, 2)]
        app.timeline.reset(rows, has_older=False, has_newer=False, unread_after=None, is_other=True)
        assert app.bodies() == ["first", "second"]
        assert not app.timeline.row(1).deleting
        app.feed.room_opened.emit(app.feed.rooms["lobby"])
        assert app.bodies() == ["edited", "second", "third"]
        assert app.timeline.row(1).deleting

    play(tmp_path, Lobby(), act)


def test_a_post_that_is_stored_stays_when_the_connection_breaks_before_its_row_comes(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        lobby.tell_no_row = True
        send(app, "stored")
        await app.until(lambda: lobby.posts == ["stored"] and not list(app.chat._outbox))
        target = app.connection._target
        assert target is not None
        await app.connection.stop()
        assert app.bodies() == ["stored"]
        lobby.tell_no_row = False
        app.connection.connect_to(target)
        await app.until(lambda: app.live and not app.pending())
        assert app.bodies() == ["stored"]

    play(tmp_path, Lobby(), act)


def test_quitting_within_undo_deletes(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "regretted")
        await app.until(lambda: app.bodies() == ["regretted"] and not app.pending())
        app.chat.delete(1)
        await app.chat.quit()
        assert lobby.deletes == [1]
        assert await app.outbox() == 0

    play(tmp_path, Lobby(), act)


def test_undo_leaves_nothing(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "kept")
        await app.until(lambda: app.bodies() == ["kept"] and not app.pending())
        app.chat.delete(1)
        app.chat.undo_delete(1)
        await app.chat.quit()
        assert lobby.deletes == []
        assert await app.outbox() == 0

    play(tmp_path, Lobby(), act)


def test_a_delete_undone_on_a_full_disk_stays_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        send(app, "kept")
        await app.until(lambda: app.bodies() == ["kept"] and not app.pending())
        await app.until(lambda: not list(app.chat._outbox))
        app.chat.delete(1)
        await app.until(lambda: list(app.chat._outbox))

        def full(_seq: int) -> None:
            raise StorageFault("The disk is full.")

        with monkeypatch.context() as disk:
            disk.setattr(app.disk.profile, "drop", full)
            app.chat.undo_delete(1)
            await app.until(lambda: app.faults)
        assert isinstance(app.faults.pop()[1], StorageFault), "the person is told"
        assert not app.timeline.row(0).deleting
        assert await app.outbox() == 1, "the disk still has it"
        send(app, "there is room again")
        await app.until(lambda: len(lobby.posts) == 2 and not list(app.chat._outbox))
        assert await app.outbox() == 0
        assert lobby.deletes == []

    play(tmp_path, Lobby(), act)


def test_what_can_not_be_stored_is_said_not_shown_as_waiting_and_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        def full(_entry: object) -> None:
            raise StorageFault("profile.db: disk full") from sqlite3.OperationalError("disk full")

        lobby.room.post("u_other", "o1", "answered")
        back: list[tuple[object, ...]] = []
        app.chat.given_back.connect(lambda *text: back.append(text))
        monkeypatch.setattr(app.disk.profile, "put", full)
        app.chat.send("nowhere to keep it", (), 1)
        app.chat.edit(1, "nor this", ())
        app.chat.react(1, "👍", True)
        await app.until(lambda: len(app.said) == 3)
        assert "disk full" in app.said[0]
        assert app.bodies() == []
        assert lobby.posts == []
        assert back == [("nowhere to keep it", 1, None), ("nor this", None, 1)]

    play(tmp_path, Lobby(), act)


def test_the_outbox_of_one_host_never_leaves_to_another(tmp_path: Path) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20), works(tmp_path) as app:
            await app.feed.open_host("ANOTHER")
            app.feed.room = "lobby"
            app.chat.use_host("ANOTHER")
            send(app, "for another host")
            await app.until(lambda: [it.state for it in app.pending()] == [SendState.WAITING])
            lobby = Lobby()
            async with scripted_host(lobby.serve) as address:
                app.connect(address)
                await app.until(lambda: app.live)
                send(app, "for this one")
                await app.until(lambda: app.bodies() == ["for this one"] and not app.pending())
                assert lobby.posts == ["for this one"]
                await app.connection.stop()
            assert await app.outbox() == 1

    asyncio.run(whole())


def test_a_damaged_replica_is_built_anew_under_way(tmp_path: Path, expect_log: Callable[..., None]) -> None:
    expect_log("built anew")

    async def act(app: Works, lobby: Lobby) -> None:
        for number in range(40):
            lobby.room.post("u_other", f"o{number}", "x" * 3000)
        send(app, "notices the gap")
        await app.until(lambda: not app.live)
        app.connection.try_again()
        await app.until(lambda: app.live and len(app.bodies()) == 41)
        path = tmp_path / "replica.db"

        def damage() -> None:  # in one go: the back-fill reads meanwhile
            app.disk.replica.close()
            whole = path.read_bytes()
            path.write_bytes(whole[:12_000] + b"\xa5" * (len(whole) - 12_000))
            app.disk.replica._db.open()

        await app.disk.run(damage)
        send(app, "after the damage")
        await app.until(lambda: lobby.hellos >= 3 and app.live and len(app.bodies()) == 42 and not app.pending())
        assert app.bodies()[-1] == "after the damage"

    play(tmp_path, Lobby(), act)


def test_another_host_at_the_same_address_is_not_taken_for_it(tmp_path: Path) -> None:
    async def whole() -> None:
        lobby = Lobby()
        async with asyncio.timeout(20), scripted_host(lobby.serve) as address, works(tmp_path) as app:
            app.connect(address, host="EXPECTED")
            await app.until(lambda: app.connection.state.link is Link.STOPPED)
            assert "Another host" in app.connection.state.reason
            assert app.feed.host == ""

    asyncio.run(whole())


def test_a_page_asked_for_while_another_comes_is_not_forgotten(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        await app.until(lambda: len(app.bodies()) == 50)
        app.reading.older()
        await asyncio.sleep(0)
        assert app.reading._paging.locked()
        app.reading.older()
        await app.until(lambda: len(app.bodies()) == 50 + 2 * PAGE_ROWS)

    lobby = Lobby()
    for number in range(180):
        lobby.room.post("u_other", f"o{number}", f"text {number}")
    play(tmp_path, lobby, act)


def test_older_rows_come_from_the_host_and_cover_the_room(tmp_path: Path) -> None:
    async def act(app: Works, lobby: Lobby) -> None:
        await app.until(lambda: len(app.bodies()) == 50)
        while app.timeline.has_older:
            first = app.timeline.first_id
            app.reading.older()
            await app.until(lambda first=first: app.timeline.first_id != first or not app.timeline.has_older)
        assert app.bodies() == [f"text {number}" for number in range(180)]
        app.reading.jump(5)
        await app.until(lambda: app.timeline.has_newer)
        while app.timeline.has_newer:
            last = app.timeline.last_id
            app.reading.newer()
            await app.until(lambda last=last: app.timeline.last_id != last or not app.timeline.has_newer)
        assert app.bodies() == [f"text {number}" for number in range(180)]

    lobby = Lobby()
    for number in range(180):
        lobby.room.post("u_other", f"o{number}", f"text {number}")
    play(tmp_path, lobby, act)
