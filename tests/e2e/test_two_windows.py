"""A real host and two real windows: what a person sees, from the first message to a host that died."""

import os
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.core import highlight
from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.widgets.secret_dialog import SecretDialog
from tests.helpers.host_process import ROOMY, HostProcess

from .desk import Desk, choose, is_live, join, rows, run, stored, texts, write

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def short_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough to be seen, shorter than the six seconds."""
    monkeypatch.setattr("mrsambosk_desktop.controllers.chat.UNDO_SECONDS", 1.0)


@pytest.mark.usefixtures("short_undo")
def test_a_posts_and_b_sees_it_then_a_deletes_it_by_the_menu(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "hello from Anna")
            write(anna, "and a second line")
            await desk.until(lambda: stored(anna) == stored(ben) == ["hello from Anna", "and a second line"])
            assert texts(anna) == stored(anna), "the pending row became the stored one"
            await choose(desk, anna, "hello from Anna", "Delete")
            await desk.until(lambda: any(row.deleting for row in rows(anna)), "Undo is offered")
            assert stored(ben)[0] == "hello from Anna"
            await desk.until(lambda: stored(anna) == stored(ben) == ["", "and a second line"], "gone from both")

        run(qapp, tmp_path, play)


def test_undo_keeps_the_message(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            write(anna, "think again")
            await desk.until(lambda: stored(anna) == ["think again"])
            await choose(desk, anna, "think again", "Delete")
            await desk.until(lambda: rows(anna)[-1].deleting)
            message = rows(anna)[-1].message
            assert message is not None
            anna.window.undo_delete_requested.emit(message.id)
            await desk.until(lambda: not rows(anna)[-1].deleting)
            assert not list(anna.chat._outbox)
            assert await anna.disk.run(anna.disk.profile.entries) == []
            assert stored(anna) == ["think again"]

        run(qapp, tmp_path, play)


def test_a_host_that_was_killed_comes_back_and_both_catch_up(qapp: QApplication, tmp_path: Path) -> None:
    first = HostProcess(tmp_path / "host", *ROOMY).start()

    async def play(desk: Desk) -> None:
        address = first.authority
        anna = await join(desk, "anna", "Anna", address)
        ben = await join(desk, "ben", "Ben", address)
        write(anna, "before")
        await desk.until(lambda: stored(anna) == stored(ben) == ["before"])
        first.kill()
        await desk.until(lambda: not is_live(anna) and not is_live(ben), "both notice")
        assert stored(anna) == ["before"], "readable with the host gone"
        write(anna, "typed while offline 1")
        write(anna, "typed while offline 2")
        write(ben, "ben was offline too")
        write(anna, "typed while offline 3")
        await desk.until(lambda: len(texts(anna)) == 4)
        with HostProcess(tmp_path / "host", *ROOMY, port=int(address.split(":")[1])):
            for app in (anna, ben):
                app.connection.try_again()
            await desk.until(lambda: is_live(anna) and is_live(ben), "both are back")
            await desk.until(lambda: len(stored(anna)) == len(stored(ben)) == 5, "both have all")
            assert stored(anna) == stored(ben) == texts(anna) == texts(ben)
            mine = [text for text in stored(ben) if text.startswith("typed")]
            assert mine == [f"typed while offline {number}" for number in (1, 2, 3)]
            assert await anna.disk.run(anna.disk.profile.entries) == []
            for app in list(desk.apps):
                await desk.close(app)

    run(qapp, tmp_path, play)


def test_a_window_closed_within_undo_still_deletes(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "gone with the window")
            await desk.until(lambda: stored(ben) == ["gone with the window"])
            await choose(desk, anna, "gone with the window", "Delete")
            await desk.until(lambda: rows(anna)[-1].deleting)
            await desk.close(anna)
            await desk.until(lambda: stored(ben) == [""], "gone at the other window")

        run(qapp, tmp_path, play)


def test_a_delete_asked_offline_survives_closing_and_leaves_at_the_next_start(
    qapp: QApplication, tmp_path: Path
) -> None:
    first = HostProcess(tmp_path / "host", *ROOMY).start()

    async def play(desk: Desk) -> None:
        anna = await join(desk, "anna", "Anna", first.authority)
        write(anna, "regretted")
        await desk.until(lambda: stored(anna) == ["regretted"])
        port = first.port
        first.kill()
        await desk.until(lambda: not is_live(anna))
        await choose(desk, anna, "regretted", "Delete")
        await desk.until(lambda: rows(anna)[-1].deleting)
        await desk.close(anna)
        with HostProcess(tmp_path / "host", *ROOMY, port=port):
            again = await desk.open("anna")
            await desk.until(lambda: stored(again) == [""], "the delete left")
            await desk.close(again)

    run(qapp, tmp_path, play)


def test_a_room_opens_from_disk_with_the_host_gone(qapp: QApplication, tmp_path: Path) -> None:
    first = HostProcess(tmp_path / "host", *ROOMY).start()

    async def play(desk: Desk) -> None:
        anna = await join(desk, "anna", "Anna", first.authority)
        write(anna, "kept here")
        await desk.until(lambda: stored(anna) == ["kept here"])
        await desk.close(anna)
        first.kill()
        again = await desk.open("anna")
        await desk.until(lambda: stored(again) == ["kept here"])
        write(again, "for later")
        await desk.until(lambda: texts(again) == ["kept here", "for later"])
        await desk.until(lambda: again.connection.state.link is Link.RETRYING)

    run(qapp, tmp_path, play)


def test_host_in_the_window_write_close_and_find_it_again(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        page = dana.window.first_run
        page.name.setText("Dana")
        QTest.keyClicks(page.room, "Staff room")
        QTest.mouseClick(page.host, Qt.MouseButton.LeftButton)
        await desk.until(lambda: is_live(dana), "the room is open")
        write(dana, "first words")
        await desk.until(lambda: stored(dana) == ["first words"])
        assert dana.feed.users[dana.feed.me].role == "owner"
        pid = dana.hosting.pid
        assert pid is not None
        invite = dana.window._host.invite
        assert invite is not None

        ben = await join(desk, "ben", "Ben", invite)
        await desk.until(lambda: stored(ben) == ["first words"])

        # The child dies: it is started again at the same port, and nobody loses a message.
        os.kill(pid, signal.SIGKILL)
        await desk.until(lambda: dana.hosting.pid not in (pid, None), "started again")
        await desk.until(lambda: is_live(dana), "live again")
        write(dana, "still here")
        ben.connection.try_again()
        await desk.until(lambda: stored(ben) == ["first words", "still here"])
        pid = dana.hosting.pid
        assert pid is not None
        await desk.close(dana)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        await desk.until(lambda: not is_live(ben))
        await desk.until(lambda: ben.connection.state.link is Link.STOPPED, "it said goodbye")

        again = await desk.open("dana")
        await desk.until(lambda: is_live(again), "the same room is open again")
        assert stored(again) == ["first words", "still here"]

    run(qapp, tmp_path, play)


def test_a_name_that_is_taken_is_said_on_the_first_page(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            await join(desk, "anna", "Anna", host.authority)
            other = await desk.open("other")
            page = other.window.first_run
            page.name.setText("anna")
            QTest.keyClicks(page.address, host.authority)
            QTest.mouseClick(page.join, Qt.MouseButton.LeftButton)
            await desk.until(lambda: other.window.findChild(SecretDialog), "whether it is the same person")
            dialog = other.window.findChild(SecretDialog)
            assert dialog is not None
            dialog.close()
            await desk.until(lambda: page._problem.text(), "a sentence")
            page.address.clear()
            QTest.keyClicks(page.address, "127.0.0.1:1")
            page._problem.clear()
            QTest.mouseClick(page.join, Qt.MouseButton.LeftButton)
            await desk.until(lambda: "127.0.0.1:1" in page._problem.text())

        run(qapp, tmp_path, play)


def test_scrolling_back_loads_pages_of_the_host_and_then_of_the_disk(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mrsambosk_desktop.controllers.reading.BACK_FILL_ROWS", 0)
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            for number in range(260):
                anna.chat.send(f"line {number}", (), None)
            everything = [f"line {number}" for number in range(260)]
            await desk.until(lambda: stored(anna)[-1:] == ["line 259"])
            ben = await join(desk, "ben", "Ben", host.authority)
            assert len(stored(ben)) == 50
            for _ in range(20):
                if not ben.timeline.has_older:
                    break
                first = ben.timeline.first_id
                ben.window.older_requested.emit()
                await desk.until(lambda first=first: ben.timeline.first_id != first or not ben.timeline.has_older)
            await desk.until(lambda: stored(ben) == everything, "all by history")
            copy = ben.feed.copies["lobby"]
            assert copy.ranges.pairs() == ((0, copy.cursor),)
            assert await ben.disk.run(ben.disk.replica.count, ben.feed.host, "lobby", 1000) >= 260

        run(qapp, tmp_path, play)


def test_history_is_filled_back_while_idle(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_desktop.controllers.reading.BACK_FILL_SECONDS", 0.01)
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            for number in range(300):
                anna.chat.send(f"line {number}", (), None)
            await desk.until(lambda: stored(anna)[-1:] == ["line 299"])
            ben = await join(desk, "ben", "Ben", host.authority)
            await desk.until(lambda: ben.feed.copies["lobby"].ranges.pairs()[0][0] == 0, "everything is here")
            assert len(ben.feed.copies["lobby"].ranges.spans) == 1
            assert await ben.disk.run(ben.disk.replica.count, ben.feed.host, "lobby", 1000) >= 300
            assert ben.timeline.rowCount() < 300, "what is filled back is not pushed into the window"

        run(qapp, tmp_path, play)


def test_code_comes_in_colours(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlight, "_loaded", {})
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            anna.colouring.loaded.connect(desk._poke)
            anna.window.send_requested.emit("```py\nx = 'a'\n```", (), None)

            def coloured() -> bool:
                body = anna.window.chat.view._delegate.layout_for(rows(anna)[-1]).body
                assert body is not None
                shown = {span.format.foreground().color().name() for span in body.pieces[0].layout.formats()}
                return anna.theme.tokens.own_code_string.name() in shown

            await desk.until(lambda: len(stored(anna)) == 1)
            await desk.until(lambda: highlight.is_loaded("py"), "the language is loaded")
            await desk.until(coloured, "it shows")

        run(qapp, tmp_path, play)
