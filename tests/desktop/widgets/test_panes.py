"""The panes: collapsed by hand, wanted again, remembered; and one at a time by keys alone in a narrow window."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.helpers.rows import message

from .conftest import Desk

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def focused() -> QWidget | None:
    return QApplication.focusWidget()


def panes(desk: Desk) -> list[int]:
    """How wide each pane is; 0 for what is not seen."""
    page = desk.window.room_page
    QApplication.processEvents()
    return [width if pane.isVisible() else 0 for pane, width in zip(page._panes, page._splitter.sizes(), strict=True)]


def drag(desk: Desk, handle: int, far: int) -> None:
    """Pulls a pane's edge with the mouse."""
    edge = desk.window.room_page._splitter.handle(handle)
    QTest.mousePress(edge, Qt.MouseButton.LeftButton, pos=QPoint(0, 100))
    QTest.mouseMove(edge, QPoint(far, 100))
    QTest.mouseRelease(edge, Qt.MouseButton.LeftButton, pos=QPoint(0, 100))
    QApplication.processEvents()


def collapse_people(desk: Desk) -> None:
    drag(desk, 2, 220)
    assert not desk.window.people.isVisible()


def collapse_rooms(desk: Desk) -> None:
    drag(desk, 1, -240)
    assert not desk.window.sidebar.isVisible()


def test_people_dragged_away_come_back_as_wide_as_they_were(desk: Desk) -> None:
    drag(desk, 2, -40)
    wide = panes(desk)[2]
    for back in (
        lambda: QTest.keyClick(desk.window, Key.Key_Period, CTRL),
        desk.window.chat.header.people.click,
        lambda: QTest.keyClick(desk.window, Key.Key_F, CTRL),
        desk.window.chat.header.pins.click,
        lambda: desk.window.side.show_details(desk.timeline.row(0)),
    ):
        collapse_people(desk)
        back()
        assert panes(desk)[2] == wide
        desk.window.side.close()
        desk.window.room_page.show_people_pane()
    collapse_people(desk)
    QTest.keyClick(desk.window, Key.Key_F, CTRL)
    assert focused() is desk.window.people.search.field
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    assert desk.window.people.shows_people
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    assert panes(desk)[2] == 0
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    assert panes(desk)[2] == wide, "each key shows or hides"


def test_a_page_dragged_away_is_closed(desk: Desk) -> None:
    QTest.keyClick(desk.window, Key.Key_F, CTRL)
    collapse_people(desk)
    assert desk.window.people.shows_people
    assert focused() is desk.window.chat.composer.editor


def test_rooms_dragged_away_have_a_way_back(desk: Desk) -> None:
    drag(desk, 1, 30)
    wide = panes(desk)[0]
    assert not desk.window.chat.header.back.isVisible()
    collapse_rooms(desk)
    QTest.mouseClick(desk.window.chat.header.back, Qt.MouseButton.LeftButton)
    assert panes(desk)[0] == wide
    assert not desk.window.chat.header.back.isVisible()
    assert focused() is desk.window.sidebar.rooms
    collapse_rooms(desk)
    assert focused() is desk.window.chat.composer.editor, "what is hidden has no focus"
    QTest.keyClick(desk.window, Key.Key_K, CTRL)
    assert panes(desk)[0] == wide
    assert focused() is desk.window.sidebar.search


def test_f6_skips_what_is_not_shown(desk: Desk) -> None:
    collapse_rooms(desk)
    collapse_people(desk)
    chat = desk.window.chat
    chat.composer.setFocus()
    for stop in (chat.view, chat.composer.editor):
        QTest.keyClick(desk.window, Key.Key_F6)
        assert focused() is stop


def test_what_was_hidden_stays_hidden_and_what_was_wide_is(desk: Desk) -> None:
    page = desk.window.room_page
    drag(desk, 1, 50)
    before = panes(desk)
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    hidden = desk.window.layout_state()
    collapse_rooms(desk)
    alone = desk.window.layout_state()
    page.restore_state(hidden)
    assert panes(desk)[0] == before[0]
    assert panes(desk)[2] == 0
    for other in (b"", b"\xff\0", b"[]", hidden[:-1], hidden.replace(b"true", b"1")):
        page.restore_state(other)
        assert desk.window.layout_state() == hidden, "what it is not is ignored"
    page.restore_state(alone)
    assert panes(desk)[0] == panes(desk)[2] == 0
    assert desk.window.chat.header.back.isVisible()
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    assert panes(desk)[2] == before[2]


def test_a_search_is_not_remembered_as_people_that_were_wanted(desk: Desk) -> None:
    QTest.keyClick(desk.window, Key.Key_Period, CTRL)
    state = desk.window.layout_state()
    QTest.keyClick(desk.window, Key.Key_F, CTRL)
    assert desk.window.layout_state() == state


# One pane at a time ---------------------------------------------------------------------------------------------


def narrow(desk: Desk) -> None:
    desk.window.resize(420, 600)
    desk.window.chat.composer.setFocus()
    QApplication.processEvents()


def only(desk: Desk, pane: QWidget) -> bool:
    """Whether this pane shows alone, and has the focus."""
    shown = [one for one in desk.window.room_page._panes if one.isVisible()]
    inside = focused()
    return shown == [pane] and inside is not None and inside.isVisible() and pane.isAncestorOf(inside)


def test_narrow_the_key_shows_people_and_the_chat_in_turn(desk: Desk) -> None:
    narrow(desk)
    for pane in (desk.window.people, desk.window.chat, desk.window.people):
        QTest.keyClick(desk.window, Key.Key_Period, CTRL)
        assert only(desk, pane)


def test_narrow_esc_leads_to_the_chat(desk: Desk) -> None:
    narrow(desk)
    window = desk.window
    for open_pane, pane in (
        (lambda: QTest.keyClick(window, Key.Key_Period, CTRL), window.people),
        (lambda: QTest.keyClick(window, Key.Key_K, CTRL), window.sidebar),
        (window.chat.header.back.click, window.sidebar),
        (lambda: window.side.show_details(desk.timeline.row(0)), window.people),
        (window.side.open_pins, window.people),
        (lambda: QTest.keyClick(window, Key.Key_F, CTRL), window.people),
    ):
        open_pane()
        assert only(desk, pane)
        inside = focused()
        assert inside is not None
        QTest.keyClick(inside, Key.Key_Escape)
        assert only(desk, window.chat)
        assert focused() is window.chat.composer.editor


def test_narrow_f6_walks_all_panes(desk: Desk) -> None:
    narrow(desk)
    window = desk.window
    stops = [window.people.people, window.sidebar.rooms, window.chat.view, window.chat.composer.editor]
    for key, modifier, walk in (
        (Key.Key_F6, Qt.KeyboardModifier.NoModifier, stops),
        (Key.Key_F6, SHIFT, [*stops[-2::-1], stops[-1]]),
    ):
        for stop in walk:
            QTest.keyClick(window, key, modifier)
            assert focused() is stop
            assert stop.isVisible()


def test_narrow_a_button_that_goes_takes_no_focus_with_it(desk: Desk) -> None:
    narrow(desk)
    desk.window.chat.header.back.setFocus()
    QTest.keyClick(desk.window.chat.header.back, Key.Key_Space)
    assert only(desk, desk.window.sidebar)
    desk.window.room_page.show_pane(desk.window.people)
    QTest.keyClick(desk.window.people.back, Key.Key_Space)
    assert only(desk, desk.window.chat)


def test_narrow_a_page_has_one_way_out(desk: Desk) -> None:
    narrow(desk)
    back = desk.window.people.back
    for page in (
        lambda: desk.window.side.open_search(everywhere=False),
        desk.window.side.open_pins,
        lambda: desk.window.side.show_details(desk.timeline.row(0)),
    ):
        page()
        assert not back.isVisible()
        desk.window.side.close()
        assert only(desk, desk.window.chat)
    desk.window.chat.header.people.click()
    assert back.isVisible()


def test_a_window_made_narrow_and_wide_again_has_its_panes(desk: Desk) -> None:
    before = panes(desk)
    desk.window.sidebar.rooms.setFocus()
    desk.window.resize(420, 600)
    QApplication.processEvents()
    assert only(desk, desk.window.chat)
    desk.window.chat.header.back.click()
    desk.window.resize(1000, 600)
    assert panes(desk) == before


def test_esc_in_a_list_leads_to_the_composer(desk: Desk) -> None:
    for stop in (desk.window.people.people, desk.window.sidebar.rooms, desk.window.sidebar.search):
        stop.setFocus()
        QTest.keyClick(stop, Key.Key_Escape)
        assert focused() is desk.window.chat.composer.editor


def test_keys_of_the_room_do_nothing_on_the_first_page(desk: Desk) -> None:
    desk.timeline.upsert([message(41)])
    state = desk.window.layout_state()
    desk.window.show_first_run()
    desk.intents.clear()
    for key, modifier in (
        (Key.Key_Period, CTRL),
        (Key.Key_F, CTRL),
        (Key.Key_K, CTRL),
        (Key.Key_F6, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(desk.window, key, modifier)
        assert desk.window.first_run.isAncestorOf(focused() or desk.window)
    assert desk.intents == []
    desk.window.show_room()
    assert desk.window.people.shows_people
    assert desk.window.layout_state() == state
