"""A member of two hosts goes from one to the other and back by the window alone, and is asked nothing twice."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.core.rows import ConnectionState, Link
from tests.helpers.host_process import HostProcess

from .desk import Desk, is_live, join, pick_elsewhere, pick_known, run, stored, write

OTHERS = "Other rooms on this network…"


def test_an_invite_to_a_host_that_is_down_leads_to_what_is_kept_of_it(qapp: QApplication, tmp_path: Path) -> None:
    with (
        HostProcess(tmp_path / "one", "--name", "One", tls=True) as one,
        HostProcess(tmp_path / "two", "--name", "Two", tls=True) as two,
    ):

        async def play(desk: Desk) -> None:
            invite = one.ready["invite"]
            anna = await join(desk, "anna", "Anna", invite)
            write(anna, "kept of the first")
            await desk.until(lambda: stored(anna) == ["kept of the first"])
            for link in (two.ready["invite"], invite):
                if link == invite:
                    one.stop()
                anna.show_again(link)
                QTest.mouseClick(anna.window.first_run.join, Qt.MouseButton.LeftButton)
                await desk.until(lambda: not anna.window.first_run.isVisible(), "the room is shown")
                if link != invite:
                    await desk.until(lambda: is_live(anna), "in the second")
            await desk.until(lambda: stored(anna) == ["kept of the first"])
            await desk.until(lambda: anna.connection.state.link is Link.RETRYING, "and the host is looked for")

        run(qapp, tmp_path, play)


def test_from_one_host_to_another_and_back(qapp: QApplication, tmp_path: Path) -> None:
    with (
        HostProcess(tmp_path / "one", "--name", "One", "--policy", "code", tls=True) as one,
        HostProcess(tmp_path / "two", "--name", "Two", tls=True) as two,
    ):

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", one.ready["invite"])
            asked: list[object] = []
            anna.connection.trust_asked.connect(lambda *words: asked.append(words))
            anna.connection.secret_asked.connect(lambda *what: asked.append(what))
            me, first = anna.feed.me, anna.window.first_run
            write(anna, "in the first")
            await desk.until(lambda: stored(anna) == ["in the first"])

            pick_elsewhere(anna, OTHERS)
            assert first.isVisible()
            assert first.back.isVisible()
            assert first.name.text() == "Anna"
            assert is_live(anna)
            QTest.mouseClick(first.back, Qt.MouseButton.LeftButton)
            assert anna.window.chat.isVisible()

            # The room one came from is there, too.
            pick_elsewhere(anna, OTHERS)
            states: list[ConnectionState] = []
            anna.connection.state_changed.connect(states.append)
            await pick_known(desk, anna, "One")
            await desk.until(anna.window.chat.isVisible, "back")
            assert states == [], "nothing was connected anew"

            pick_elsewhere(anna, OTHERS)
            QTest.keyClicks(first.address, two.ready["invite"])
            QTest.mouseClick(first.join, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(anna) and anna.feed.host == two.ready["fingerprint"], "in the other")
            assert anna.window.chat.isVisible()
            assert stored(anna) == []

            pick_elsewhere(anna, OTHERS)
            assert first.address.text() == ""
            await pick_known(desk, anna, "One")
            await desk.until(lambda: is_live(anna) and anna.feed.host == one.ready["fingerprint"], "back in the first")
            assert anna.window.chat.isVisible()
            assert (anna.feed.me, stored(anna), asked) == (me, ["in the first"], [])

        run(qapp, tmp_path, play)


def test_hosts_are_looked_for_as_long_as_the_first_page_shows(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "one", tls=True) as one:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", one.ready["invite"])
            looking: list[bool] = []
            anna.nearby.start = lambda: looking.append(True)  # type: ignore[method-assign]
            anna.nearby.stop = lambda: looking.append(False)  # type: ignore[method-assign]
            pick_elsewhere(anna, OTHERS)
            anna.connection.state_changed.emit(ConnectionState(Link.LIVE))
            assert looking == [True]
            QTest.mouseClick(anna.window.first_run.back, Qt.MouseButton.LeftButton)
            assert looking == [True, False]

        run(qapp, tmp_path, play)
