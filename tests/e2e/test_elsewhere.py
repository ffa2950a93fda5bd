"""Who hosts a room looks at another host's: the own one goes on, and is come back to."""

import os
import signal
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from mrsambosk_desktop.app import App
from tests.helpers.host_process import HostProcess

from .desk import Desk, is_live, join, pick_elsewhere, pick_known, run, stored, write


async def _host(desk: Desk) -> App:
    app = await desk.open("dana")
    app.window.first_run.name.setText("Dana")
    app.window.first_run.room.setText("Mine")
    QTest.mouseClick(app.window.first_run.host, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app), "hosting")
    return app


async def _look_at(desk: Desk, app: App, host: HostProcess) -> None:
    app.show_again(host.ready["invite"])
    QTest.mouseClick(app.window.first_run.join, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app) and app.feed.host == host.ready["fingerprint"], "in the other room")


def test_ones_own_room_goes_on_and_is_come_back_to(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "two", "--name", "Two", owner="Olga", tls=True) as two:

        async def play(desk: Desk) -> None:
            dana = await _host(desk)
            own, pid = dana.feed.host, dana.hosting.pid
            assert pid is not None
            anna = await join(desk, "anna", "Anna", dana.window._host.invite or "")
            await desk.until(lambda: dana.hosting.others == 1, "Anna is there")
            assert dana.window._host.online == 2

            await _look_at(desk, dana, two)
            card = dana.window._host
            assert (card.hosting, card.own_room, card.host_name) == (False, "Mine", "Two")
            assert card.online == dana.hosting.others == 1, "who is in one's own room, not in this one"

            # It dies: it is opened again, and the window stays where it is.
            shown: list[bool] = []
            dana.connection.joined.connect(lambda: shown.append(True))
            os.kill(pid, signal.SIGKILL)
            await desk.until(lambda: dana.hosting.pid not in (None, pid) and is_live(anna), "opened again")
            assert is_live(dana)
            assert dana.feed.host == two.ready["fingerprint"]
            assert shown == []

            pick_elsewhere(dana, "Other rooms on this network…")
            await pick_known(desk, dana, "Mine")
            await desk.until(lambda: is_live(dana) and dana.feed.host == own, "back in one's own")
            assert dana.window.chat.isVisible()
            assert dana.window._host.hosting
            write(anna, "welcome back")
            await desk.until(lambda: stored(dana) == ["welcome back"])
            await desk.close(anna)

        run(qapp, tmp_path, play)


def test_what_is_done_to_ones_own_room_leaves_the_other_alone(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "two", "--name", "Two", owner="Olga", tls=True) as two:

        async def play(desk: Desk) -> None:
            dana = await _host(desk)
            await _look_at(desk, dana, two)
            QTest.mouseClick(dana.window.sidebar.hosting.stop, Qt.MouseButton.LeftButton)
            await desk.until(lambda: not dana.window.sidebar.hosting.isVisible(), "stopped")
            assert is_live(dana)
            write(dana, "still here")
            await desk.until(lambda: stored(dana) == ["still here"])
            dana.arrival.try_again()
            assert not dana.hosting.is_hosting, "the other one is meant"

        run(qapp, tmp_path, play)


def test_leaving_the_other_closes_nothing_of_ones_own(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "two", "--name", "Two", owner="Olga", tls=True) as two:

        async def play(desk: Desk) -> None:
            dana = await _host(desk)
            own, pid = dana.feed.host, dana.hosting.pid
            await _look_at(desk, dana, two)
            pick_elsewhere(dana, "Leave this host…")
            box = dana.window.findChild(QMessageBox)
            assert box is not None
            QTest.mouseClick(next(one for one in box.buttons() if one.text() == "Leave"), Qt.MouseButton.LeftButton)
            await desk.until(dana.window.first_run.isVisible, "left")
            assert dana.hosting.pid == pid
            # Who asks for a room of their own has it already.
            QTest.mouseClick(dana.window.first_run.host, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(dana) and dana.feed.host == own, "in one's own")
            assert dana.window.chat.isVisible()
            assert dana.hosting.pid == pid

        run(qapp, tmp_path, play)
