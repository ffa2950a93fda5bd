"""Rooms found on the network, on the first page: strangers' words, shown safely and joined by one click."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.widgets.first_run import FirstRun
from mrsambosk_desktop.widgets.nearby import SHOWN
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.invite import Address

Asked = list[tuple[str, FoundHost, str]]
INVITE = "mrsambosk://join?at=192.168.1.20:8765&name=Lab"


def found(letter: str, name: str = "Staff room", **fields: object) -> FoundHost:
    told: dict[str, object] = {"tls": True, "locked": False, "people": 3, "addresses": (Address("192.168.1.20"),)}
    return FoundHost(id=letter * 52, name=name, **(told | fields))  # type: ignore[arg-type]


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> FirstRun:
    QGuiApplication.clipboard().clear()
    theme = Theme(qapp, "light")
    made = FirstRun(theme)
    theme.dress(made)
    qtbot.addWidget(made)
    made.resize(1000, 800)
    made.show()
    made.set_name("Dana")
    return made


@pytest.fixture
def asked(page: FirstRun) -> Asked:
    joins: Asked = []
    page.found_requested.connect(lambda *values: joins.append(values))
    return joins


def lines(page: FirstRun) -> list[str]:
    return [page.nearby.list.item(row).text() for row in range(page.nearby.list.count())]


def click(page: FirstRun, row: int) -> None:
    rows = page.nearby.list
    at = rows.visualItemRect(rows.item(row)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at.x(), at.y()))


def test_nothing_around_shows_nothing(page: FirstRun) -> None:
    assert not page.nearby.isVisible()
    page.set_found([found("A")])
    assert page.nearby.isVisible()
    page.set_found([])
    assert not page.nearby.isVisible()


def test_a_click_joins(page: FirstRun, asked: Asked) -> None:
    host = found("A")
    page.set_found([host])
    click(page, 0)
    assert asked == [("Dana", host, "")]


def test_the_keyboard_joins(page: FirstRun, asked: Asked) -> None:
    hosts = [found("A", "One"), found("B", "Two")]
    page.set_found(hosts)
    page.nearby.list.setFocus()
    QTest.keyClick(page.nearby.list, Qt.Key.Key_Down)
    QTest.keyClick(page.nearby.list, Qt.Key.Key_Down)
    QTest.keyClick(page.nearby.list, Qt.Key.Key_Return)
    assert [host for _, host, _ in asked] == [hosts[page.nearby.list.currentRow()]]


def test_a_locked_room_asks_for_its_code(page: FirstRun, asked: Asked) -> None:
    host = found("A", locked=True)
    page.set_found([host])
    assert not page.nearby.code.isVisible()
    click(page, 0)
    assert asked == []
    assert page.nearby.code.isVisible()
    assert not page.nearby.enter.isEnabled()
    QTest.keyClicks(page.nearby.code, " K7-42 ")
    QTest.keyClick(page.nearby.code, Qt.Key.Key_Return)
    assert asked == [("Dana", host, "K7-42")]


def test_the_code_is_not_asked_for_a_room_that_went(page: FirstRun) -> None:
    page.set_found([found("A", locked=True), found("B")])
    click(page, 0)
    page.set_found([found("B")])
    assert not page.nearby.code.isVisible()


def test_a_line_says_what_there_is_to_know(page: FirstRun) -> None:
    page.set_found([found("A", locked=True, stale=True), found("B", double=True, people=0)])
    first, second = lines(page)
    assert "Staff room" in first
    assert "3 online" in first
    assert "code" in first
    assert "lately" in first
    assert "bbbbbb" in second
    assert "0 online" in second
    item = page.nearby.list.item(0)
    assert item.data(Qt.ItemDataRole.AccessibleTextRole) == first
    assert page.nearby.list.accessibleName()
    assert page.nearby.code.accessibleName()


def test_the_current_row_stays_current(page: FirstRun) -> None:
    page.set_found([found("A", "One"), found("B", "Two")])
    page.nearby.list.setCurrentRow(1)
    page.set_found([found("C", "New"), found("A", "One"), found("B", "Two", people=9)])
    assert page.nearby.list.currentRow() == 2
    page.set_found([found("C", "New")])
    assert page.nearby.list.currentRow() == -1


def test_a_crowd_is_cut(page: FirstRun) -> None:
    page.set_found([found("A", f"Room {number}") for number in range(500)])
    assert page.nearby.list.count() == SHOWN
    assert page.nearby.height() < 300


def test_while_something_is_under_way_nothing_else_is_asked(page: FirstRun, asked: Asked) -> None:
    page.set_found([found("A")])
    page.set_busy("Joining…")
    click(page, 0)
    assert asked == []


def test_without_a_name_of_ones_own_it_is_asked_for(page: FirstRun, asked: Asked) -> None:
    page.set_name(" ")
    page.set_found([found("A")])
    click(page, 0)
    assert asked == []
    assert page._problem.isVisible()


def test_a_copied_invite_is_offered(page: FirstRun) -> None:
    joins: list[tuple[str, str]] = []
    page.join_requested.connect(lambda *values: joins.append(values))
    assert not page.copied.isVisible()
    QGuiApplication.clipboard().setText("something else")
    assert not page.copied.isVisible()
    QGuiApplication.clipboard().setText(f" {INVITE}\n")
    assert page.copied.isVisible()
    QTest.mouseClick(page.copied, Qt.MouseButton.LeftButton)
    assert joins == [("Dana", INVITE)]
