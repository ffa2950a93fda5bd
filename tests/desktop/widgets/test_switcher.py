"""The switcher: Ctrl+K and a few letters lead to a room or a person, by keys and by the mouse."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from mrsambosk_desktop.core.completion import rooms_for
from mrsambosk_protocol.entities import Room, You

from .conftest import Desk
from .test_main_window import nameless

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
ROOMS = [
    Room(id="lobby", name="lobby"),
    Room(id="exams", name="exams", you=You(unread=12)),
    Room(id="mocks", name="mock exams"),
]


@pytest.fixture
def rooms(desk: Desk) -> Desk:
    desk.rooms.set_rooms(ROOMS)
    QTest.keyClick(desk.window, Key.Key_K, CTRL)
    return desk


def typed(desk: Desk, text: str) -> list[str]:
    """What is offered for it."""
    QTest.keyClicks(desk.window.sidebar.search, text)
    model = desk.window.sidebar.switcher.model()
    return [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]


def focused() -> QWidget | None:
    return QApplication.focusWidget()


def test_rooms_that_begin_so_come_first() -> None:
    assert [room.id for room in rooms_for("ex", ROOMS[::-1])] == ["exams", "mocks"]
    assert [room.id for room in rooms_for("#LOB", ROOMS)] == ["lobby"]
    assert rooms_for("xams", ROOMS) == []


def test_a_few_letters_and_enter_open_a_room(rooms: Desk) -> None:
    field = rooms.window.sidebar.search
    assert focused() is field
    assert typed(rooms, "ex") == ["exams, 12", "mock exams", "Messages with “ex”"]
    assert not rooms.window.sidebar.rooms.isVisible()
    assert field.accessibleDescription() == "exams, 12, 1 of 3"
    QTest.keyClick(field, Key.Key_Return)
    assert ("room_selected", "exams") in rooms.intents
    assert focused() is rooms.window.chat.composer.editor
    assert field.text() == ""
    assert rooms.window.sidebar.rooms.isVisible()
    assert rooms.window.people.shows_people


def test_the_arrows_choose_and_the_last_row_leads_to_messages(rooms: Desk) -> None:
    field = rooms.window.sidebar.search
    typed(rooms, "ex")
    QTest.keyClick(field, Key.Key_Up)
    QTest.keyClick(field, Key.Key_Down)
    assert field.accessibleDescription() == "mock exams, 2 of 3"
    QTest.keyClick(field, Key.Key_Down)
    QTest.keyClick(field, Key.Key_Return)
    assert ("search_requested", "ex", True) in rooms.intents
    assert rooms.window.people.shows_search
    assert rooms.intents[-1] != ("room_selected", "mocks")


def test_a_person_is_mentioned_by_who_they_are(rooms: Desk) -> None:
    composer = rooms.window.chat.composer
    composer.set_text("Ask")
    assert typed(rooms, "mir")[0] == "Miriam B., online"
    QTest.keyClick(rooms.window.sidebar.search, Key.Key_Return)
    assert composer.text() == "Ask @Miriam B. "
    assert focused() is composer.editor
    QTest.keyClick(composer.editor, Key.Key_Return)
    assert ("send_requested", "Ask @Miriam B.", ("u_miriam",), None) in rooms.intents


def test_by_the_mouse(rooms: Desk) -> None:
    typed(rooms, "mo")
    switcher = rooms.window.sidebar.switcher
    QApplication.processEvents()
    where = switcher.visualRect(switcher.model().index(0, 0)).center()
    QTest.mouseClick(switcher.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert ("room_selected", "mocks") in rooms.intents


def test_esc_brings_the_rooms_back(rooms: Desk) -> None:
    field = rooms.window.sidebar.search
    typed(rooms, "ex")
    QTest.keyClick(field, Key.Key_Escape)
    assert rooms.window.sidebar.rooms.isVisible()
    assert not rooms.window.sidebar.switcher.isVisible()
    QTest.keyClick(field, Key.Key_Escape)
    assert focused() is rooms.window.chat.composer.editor


def test_what_nobody_is_called_is_only_searched_for(rooms: Desk) -> None:
    assert typed(rooms, "slides") == []
    assert rooms.window.sidebar.rooms.isVisible()
    QTest.keyClick(rooms.window.sidebar.search, Key.Key_Return)
    assert ("search_requested", "slides", True) in rooms.intents


def test_in_a_narrow_window_the_sidebar_comes_and_goes(desk: Desk) -> None:
    desk.rooms.set_rooms(ROOMS)
    desk.window.resize(420, 600)
    QApplication.processEvents()
    QTest.keyClick(desk.window, Key.Key_K, CTRL)
    assert desk.window.sidebar.isVisible()
    typed(desk, "exa")
    assert focused() is desk.window.sidebar.search
    QTest.keyClick(desk.window.sidebar.search, Key.Key_Return)
    assert ("room_selected", "exams") in desk.intents
    assert desk.window.chat.isVisible()
    assert not desk.window.sidebar.isVisible()
    QTest.keyClick(desk.window, Key.Key_K, CTRL)
    typed(desk, "exa")
    for _ in range(2):
        QTest.keyClick(desk.window.sidebar.search, Key.Key_Down)
    QTest.keyClick(desk.window.sidebar.search, Key.Key_Return)
    assert desk.window.people.search.isVisible()


def test_everything_in_it_has_a_name_and_hostile_names_stay_text(rooms: Desk) -> None:
    hostile = "ex<img src='file:///x'>\u202e"
    rooms.rooms.set_rooms([Room(id="x", name=hostile)])
    assert hostile in typed(rooms, "ex")[0]
    assert not rooms.window.sidebar.grab().isNull()
    assert nameless(rooms.window) == []
