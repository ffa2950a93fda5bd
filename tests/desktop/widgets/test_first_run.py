"""The first page asks for a name once, then one thing."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.widgets.first_run import FirstRun
from mrsambosk_desktop.widgets.theme import Theme

from .conftest import Desk

Asked = list[tuple[str, ...]]


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> FirstRun:
    theme = Theme(qapp, "light")
    made = FirstRun(theme)
    theme.dress(made)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    made.set_name("Dana")
    return made


@pytest.fixture
def asked(page: FirstRun) -> Asked:
    found: Asked = []
    page.host_requested.connect(lambda *values: found.append(("host", *values)))
    page.join_requested.connect(lambda *values: found.append(("join", *values)))
    return found


def test_hosting_with_nothing_but_enter(page: FirstRun, asked: Asked) -> None:
    page.room.setFocus()
    QTest.keyClick(page.room, Qt.Key.Key_Return)
    assert asked == [("host", "Dana", "Staff room", "open")]


def test_hosting_with_everything_chosen(page: FirstRun, asked: Asked) -> None:
    page.name.clear()
    QTest.keyClicks(page.name, "  Dana  K ")
    QTest.keyClicks(page.room, "Lab")
    page.policy.setCurrentIndex(1)
    QTest.mouseClick(page.host, Qt.MouseButton.LeftButton)
    assert asked == [("host", "Dana K", "Lab", "code")]


def test_joining(page: FirstRun, asked: Asked) -> None:
    assert not page.join.isEnabled()
    QTest.keyClicks(page.address, " 192.168.1.20 ")
    QTest.keyClick(page.address, Qt.Key.Key_Return)
    assert asked == [("join", "Dana", "192.168.1.20")]


def test_without_a_name_nothing_can_be_asked(page: FirstRun, asked: Asked) -> None:
    page.set_name("  ")
    page.address.setText("192.168.1.20")
    assert not page.join.isEnabled()
    assert not page.host.isEnabled()
    QTest.keyClick(page.address, Qt.Key.Key_Return)
    assert asked == []


def test_a_name_that_cannot_be_is_said_in_words(page: FirstRun, asked: Asked) -> None:
    page.set_name("a\u202eb")
    QTest.mouseClick(page.host, Qt.MouseButton.LeftButton)
    assert asked == []
    assert page._problem.isVisible()
    assert page._problem.text()


def test_busy_and_problem(page: FirstRun, asked: Asked) -> None:
    page.set_busy("Starting your room…")
    assert not page.host.isEnabled()
    assert page._busy.isVisible()
    page.show_problem("Port 8765 is taken by another program.")
    assert page.host.isEnabled()
    assert not page._busy.isVisible()
    assert page._problem.isVisible()


def test_cards_stand_under_each_other_when_narrow(page: FirstRun) -> None:
    assert page.join.mapTo(page, page.join.rect().center()).y() == page.host.mapTo(page, page.host.rect().center()).y()
    page.resize(420, 700)
    QApplication.processEvents()
    assert page.join.mapTo(page, page.join.rect().center()).y() < page.host.mapTo(page, page.host.rect().center()).y()


def test_a_problem_goes_where_one_looks(desk: Desk) -> None:
    desk.window.show_first_run()
    desk.window.show_error("Can't reach the host.")
    assert desk.window.first_run._problem.text() == "Can't reach the host."
    desk.window.show_room()
    desk.window.show_error("Not now.")
    assert desk.window.chat.banner.text == "Not now."
