"""Two real windows, one the owner's: roles, kicks, devices and the host's page, by the menus a person uses."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.widgets.host_dialog import HostDialog
from mrsambosk_desktop.widgets.member_menu import MemberMenu, action_text

from .desk import Desk, is_live, join, run


async def _hosting(desk: Desk) -> App:
    dana = await desk.open("dana")
    dana.people.page_loaded.connect(desk._poke)
    first = dana.window.first_run
    first.name.setText("Dana")
    QTest.mouseClick(first.host, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(dana), "the room is open")
    return dana


def _menu_of(app: App, name: str) -> MemberMenu | None:
    """Open a person's menu as the mouse does."""
    people = app.window.people.people
    names = [people.model().index(row, 0).data() for row in range(people.model().rowCount())]
    index = people.model().index(next(row for row, shown in enumerate(names) if name in shown), 0)
    at = people.visualRect(index).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, people.viewport().mapToGlobal(at))
    QApplication.sendEvent(people.viewport(), event)
    return next((menu for menu in people.findChildren(MemberMenu) if menu.isVisible()), None)


def _choose(menu: MemberMenu, action: str) -> None:
    entry = next(entry for entry in menu.actions() if entry.text() == action_text(action))
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())


def test_the_owner_gives_a_role_and_signs_somebody_out(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await _hosting(desk)
        assert dana.hosting._ready is not None
        ben = await join(desk, "ben", "Ben", dana.hosting._ready.invite)
        await desk.until(lambda: dana.members.rowCount() == 2, "Ben is seen")
        assert _menu_of(ben, "Dana") is None

        menu = _menu_of(dana, "Ben")
        assert menu is not None
        _choose(menu, "role_moderator")
        await desk.until(lambda: ben.feed.users[ben.feed.me].role == "moderator", "Ben is a moderator")

        menu = _menu_of(dana, "Ben")
        assert menu is not None
        _choose(menu, "kick")
        box = dana.window.findChild(QMessageBox)
        assert box is not None
        QTest.mouseClick(box.buttons()[0], Qt.MouseButton.LeftButton)
        await desk.until(lambda: ben.connection.state.link is Link.STOPPED, "Ben is out")
        assert "removed" in ben.connection.state.reason

    run(qapp, tmp_path, play)


def test_the_hosts_page_shows_devices_settings_and_the_log(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await _hosting(desk)
        QTest.mouseClick(dana.window.sidebar.settings, Qt.MouseButton.LeftButton)

        def texts() -> list[str]:
            dialog = dana.window.findChild(HostDialog)
            return [] if dialog is None else [shown.text() for shown in dialog.findChildren(QLabel)]

        await desk.until(lambda: any("Join code" in text for text in texts()), "the page is shown")
        before = [text for text in texts() if "Join code" in text]
        dialog = dana.window.findChild(HostDialog)
        assert dialog is not None
        new = next(found for found in dialog.findChildren(QPushButton) if found.text() == "New code")
        QTest.mouseClick(new, Qt.MouseButton.LeftButton)
        await desk.until(lambda: before != [text for text in texts() if "Join code" in text], "another code")
        await desk.until(lambda: any("made a new join code" in text for text in texts()), "it is in the log")
        dialog.close()

    run(qapp, tmp_path, play)
