"""The search and the pins in the right pane: keys, focus, what is asked, what is said, and the way back."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import Finding
from mrsambosk_desktop.core.terms import Terms
from mrsambosk_desktop.widgets.search_field import SearchField
from mrsambosk_protocol.entities import Room
from tests.helpers.rows import message

from .conftest import Desk
from .test_main_window import nameless

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def find(desk: Desk, *ids: int, **fields: object) -> None:
    desk.found.reset([message(id) for id in ids], Terms("message"), {})
    desk.window.side.set_search(Finding(query="message", room="lobby", **fields))  # type: ignore[arg-type]


def asked(desk: Desk) -> list[tuple[object, ...]]:
    return [intent[1:] for intent in desk.intents if intent[0] == "search_requested"]


def test_ctrl_f_types_asks_and_jumps(desk: Desk, qtbot: QtBot) -> None:
    QTest.keyClick(desk.window, Key.Key_F, CTRL)
    page = desk.window.people.search
    assert focused() is page.field
    QTest.keyClicks(page.field, "mess")
    assert ("mess", False) not in asked(desk), "not at every key"
    qtbot.waitUntil(lambda: ("mess", False) in asked(desk))
    find(desk, 30, 7)
    assert page.status.text() == "2 messages"
    QTest.keyClick(page.field, Key.Key_Down)
    assert focused() is page.list
    QTest.keyClick(page.list, Key.Key_Down)
    QTest.keyClick(page.list, Key.Key_Return)
    assert desk.intents[-1] == ("message_requested", "lobby", 7)
    place = page.list.visualRect(desk.found.index(0)).center()
    QTest.mouseClick(page.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert desk.intents[-1] == ("message_requested", "lobby", 30)
    assert page.isVisible(), "the list stays for the next one"


def test_enter_does_not_wait_for_the_pause(desk: Desk) -> None:
    QTest.keyClick(desk.window, Key.Key_F, CTRL | SHIFT)
    QTest.keyClicks(focused(), "word")
    QTest.keyClick(focused(), Key.Key_Return)
    assert asked(desk)[-1] == ("word", True)


def test_esc_peels_the_list_the_query_and_the_search(desk: Desk) -> None:
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    assert not desk.window.people.isVisible()
    QTest.keyClick(desk.window, Key.Key_F, CTRL)
    page = desk.window.people.search
    QTest.keyClicks(page.field, "mess")
    find(desk, 30)
    QTest.keyClick(page.field, Key.Key_Return)
    QTest.keyClick(page.field, Key.Key_Return)
    assert focused() is page.list
    QTest.keyClick(page.list, Key.Key_Escape)
    assert focused() is page.field
    QTest.keyClick(page.field, Key.Key_Escape)
    assert page.query == ""
    assert page.isVisible()
    QTest.keyClick(page.field, Key.Key_Escape)
    assert not desk.window.people.isVisible(), "as it was before"
    assert focused() is desk.window.chat.composer.editor


def test_the_sidebar_looks_everywhere(desk: Desk, qtbot: QtBot) -> None:
    QTest.keyClick(desk.window, Key.Key_K, CTRL)
    field = desk.window.sidebar.search
    assert focused() is field
    QTest.keyClicks(field, "message")
    page = desk.window.people.search
    assert page.isVisible()
    assert focused() is field, "one goes on typing"
    qtbot.waitUntil(lambda: ("message", True) in asked(desk))
    find(desk, 5)
    QTest.keyClick(field, Key.Key_Return)
    assert focused() is page.list
    page.list.left.emit()
    QTest.keyClicks(page.field, "s")
    assert field.text() == "", "the query is the search's own now"
    field.setFocus()
    QTest.keyClick(field, Key.Key_Escape)
    assert desk.window.people.shows_people


def test_the_search_says_how_it_stands(desk: Desk) -> None:
    page = desk.window.people.search
    desk.window.side.open_search(everywhere=False)
    for state, words in (
        (Finding(), "Looks for words in this room."),
        (Finding(query="x", busy=True), "Searching…"),
        (Finding(query="x"), "No message has these words."),
        (Finding(query="x", problem="The host is busy."), "The host is busy."),
    ):
        desk.window.side.set_search(state)
        assert page.status.text() == words
    desk.window.side.set_search(Finding(query="x", kept=True))
    assert "this computer has kept" in page.status.text()
    find(desk, 1, more=True)
    assert page.status.text() == "The newest 1; scroll for more"


def test_where_to_look_is_asked_only_where_there_is_a_choice(desk: Desk) -> None:
    page = desk.window.people.search
    desk.window.side.open_search(everywhere=False)
    assert not page.everywhere.isVisible()
    desk.rooms.set_rooms([Room(id="lobby", name="lobby"), Room(id="exams", name="exams")])
    assert page.everywhere.isVisible()
    assert page.here.isChecked()
    QTest.mouseClick(page.everywhere, Qt.MouseButton.LeftButton)
    assert page.everywhere.isChecked()
    assert not page.here.isChecked()
    assert asked(desk)[-1] == ("", True)


def test_the_end_of_the_list_asks_for_more(desk: Desk, qtbot: QtBot) -> None:
    desk.window.side.open_search(everywhere=False)
    find(desk, *range(60, 0, -1), more=True)
    page = desk.window.people.search
    QApplication.processEvents()
    assert ("more_found_requested",) not in desk.intents
    page.list.scrollToBottom()
    assert ("more_found_requested",) in desk.intents


def test_pins_by_the_icon_and_back(desk: Desk) -> None:
    QTest.mouseClick(desk.window.chat.header.pins, Qt.MouseButton.LeftButton)
    assert ("pins_requested",) in desk.intents
    page = desk.window.people.pins
    desk.window.side.set_pins(Finding(room="lobby"))
    assert page.status.text().startswith("Nothing is pinned here.")
    desk.pinned.put(message(4, pinned_at=1))
    assert page.status.text() == "1 message"
    page.list.enter()
    QTest.keyClick(page.list, Key.Key_Return)
    assert desk.intents[-1] == ("message_requested", "lobby", 4)
    QTest.mouseClick(desk.window.chat.header.pins, Qt.MouseButton.LeftButton)
    assert desk.window.people.shows_people


def test_another_room_takes_its_own_pins(desk: Desk) -> None:
    desk.window.side.open_pins()
    desk.intents.clear()
    desk.window.set_room(Room(id="lobby", name="renamed"))
    assert desk.intents == []
    desk.window.set_room(Room(id="exams", name="exams"))
    assert desk.intents == [("pins_requested",)]


def test_the_people_icon_brings_the_people_back(desk: Desk) -> None:
    desk.window.side.open_search(everywhere=False)
    desk.window.chat.header.people.click()
    assert desk.window.people.shows_people
    assert desk.window.people.isVisible()


def test_narrow_the_search_is_the_one_pane_and_a_hit_shows_the_chat(desk: Desk) -> None:
    desk.window.resize(420, 600)
    QApplication.processEvents()
    QTest.keyClick(desk.window, Key.Key_F, CTRL | Qt.KeyboardModifier.ShiftModifier)
    page = desk.window.people.search
    assert page.isVisible()
    assert not desk.window.chat.isVisible()
    find(desk, 5)
    page.list.enter()
    QTest.keyClick(page.list, Key.Key_Return)
    assert desk.window.chat.isVisible()
    desk.window.room_page.show_pane(desk.window.sidebar)
    QTest.keyClicks(desk.window.sidebar.search, "ab")
    assert focused() is page.field


def test_hostile_text_is_shown_as_typed(desk: Desk) -> None:
    desk.window.side.open_search(everywhere=True)
    hostile = ("<b>x</b><img src='file:///x'>", "\u202eabc", "x" * 4000, "a\u0301" * 2000)
    desk.found.reset([message(n, text) for n, text in enumerate(hostile, 1)], Terms("x"), {"lobby": "<i>r</i>"})
    assert not desk.window.grab().isNull()
    assert desk.found.row(0).text == hostile[0]
    assert nameless(desk.window) == []


def test_begun_from_the_right_the_field_leaves_its_key_free(desk: Desk, qapp: QApplication) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        field = SearchField(desk.theme, "Search")
        assert field.alignment() & Qt.AlignmentFlag.AlignRight
        field.deleteLater()
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_the_pages_margins_are_mirrored(desk: Desk) -> None:
    pane, window = desk.window.people, desk.window
    desk.window.side.open_search(everywhere=False)

    def margins() -> tuple[int, int]:
        QApplication.processEvents()
        left = pane.search.field.mapTo(pane, QPoint()).x()
        return left, pane.width() - left - pane.search.field.width()

    left, right = margins()
    assert left > right
    window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert margins() == (right, left)
