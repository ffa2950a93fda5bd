"""The timeline never jumps, whatever comes; keys reach every row."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QCursor, QHelpEvent, QImage, QInputMethodEvent, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core import highlight
from mrsambosk_desktop.core.rows import ConnectionState, Link
from mrsambosk_desktop.delegates.row_layout import Act
from mrsambosk_desktop.widgets.timeline_view import TimelineView
from tests.helpers.rows import ME, MORNING, deleted, message, pending

from .conftest import Desk


def settle() -> None:
    QApplication.processEvents()


def top_of(view: TimelineView, key: int | str) -> int:
    number = view._model.place_of(key)
    assert number is not None
    return view.visualRect(view._model.index(number)).top()


def scroll_up(desk: Desk, pixels: int) -> int:
    """Scrolls up, and gives a message that is in the middle of the view then."""
    view = desk.window.chat.view
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - pixels)
    settle()
    index = view.indexAt(QPoint(100, view.viewport().height() // 2))
    key = desk.timeline.row(index.row()).key
    assert isinstance(key, int)
    return key


def test_a_room_opens_at_its_end(desk: Desk) -> None:
    bar = desk.window.chat.view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()


def test_at_the_bottom_new_rows_keep_it_there(desk: Desk) -> None:
    view = desk.window.chat.view
    for i in range(41, 61):
        desk.timeline.upsert([message(i, "word " * i)])
        settle()
        assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    assert view.at_latest
    assert not view.jump.isVisible()


def test_elsewhere_nothing_moves_the_reader(desk: Desk) -> None:
    view = desk.window.chat.view
    key = scroll_up(desk, 500)
    before = top_of(view, key)
    desk.timeline.upsert([message(i) for i in range(41, 50)])
    desk.timeline.upsert([message(key - 13, "much longer " * 60, rev=90)])
    desk.timeline.upsert([message(key - 12, rev=91, reactions={"👍": (ME,)})])
    desk.timeline.upsert([deleted(key - 11, rev=92)])
    settle()
    assert top_of(view, key) == before


def test_older_pages_are_prepended_without_a_jump(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(i) for i in range(1001, 1041)], has_older=True)
    key = scroll_up(desk, 400)
    before = top_of(view, key)
    for first in (951, 901, 851):
        desk.timeline.extend_older([message(i, f"old {i} " * (i % 9)) for i in range(first, first + 50)], True)
        settle()
        assert top_of(view, key) == before


@pytest.mark.parametrize("over", [False, True], ids=["the mouse elsewhere", "the mouse over it"])
def test_a_page_that_comes_while_scrolling_takes_nothing_from_the_movement(desk: Desk, over: bool) -> None:
    """Under the mouse the view lays out what waits before it tells of the movement, to see what is below it now."""
    view = desk.window.chat.view
    QCursor.setPos(view.viewport().mapToGlobal(view.viewport().rect().center() if over else QPoint(-50, -50)))
    desk.open([message(i) for i in range(1001, 1041)], has_older=True)
    key = scroll_up(desk, 400)
    before = top_of(view, key)
    bar = view.verticalScrollBar()
    desk.timeline.extend_older([message(i, f"old {i}") for i in range(951, 1001)], True)
    bar.setValue(bar.value() - 30)
    settle()
    assert top_of(view, key) == before + 30
    desk.timeline.upsert([message(1041)])
    bar.setValue(bar.value() + 10)
    settle()
    assert top_of(view, key) == before + 20


def test_the_other_end_is_trimmed_without_a_jump(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(i) for i in range(1001, 1401)], has_older=True)
    key = scroll_up(desk, 6000)
    before = top_of(view, key)
    desk.timeline.extend_older([message(i) for i in range(901, 1001)], True)
    settle()
    assert top_of(view, key) == before
    assert desk.timeline.has_newer
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    settle()
    assert not view.at_latest, "the end of what is loaded is not the latest"
    key = 1290
    before = top_of(view, key)
    desk.timeline.extend_newer([message(i) for i in range(1301, 1401)], False)
    settle()
    assert top_of(view, key) == before


def test_a_narrower_window_keeps_the_row_that_was_read(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(i, "word " * 40) for i in range(1, 41)])
    scroll_up(desk, 900)
    anchor = view._anchor
    assert anchor is not None
    desk.window.resize(700, 600)
    settle()
    assert top_of(view, anchor.key) == anchor.offset


def test_a_growing_composer_keeps_the_bottom_in_view(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.window.chat.composer.set_text("one\ntwo\nthree\nfour")
    settle()
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_new_messages_elsewhere_are_counted_on_the_button(desk: Desk) -> None:
    view = desk.window.chat.view
    scroll_up(desk, 600)
    assert view.jump.isVisible()
    desk.timeline.upsert([message(41), message(42, mentions=(ME,)), message(43, author=ME)])
    settle()
    assert (view.jump.count, view.jump.mentions) == (2, 1)
    assert view.jump.accessibleName() == "Jump to latest, 2 new, 1 mention you"
    view.jump.click()
    settle()
    assert view.at_latest
    assert view.jump.count == 0
    assert not view.jump.isVisible()


def test_the_button_asks_for_an_end_that_is_not_loaded(desk: Desk) -> None:
    desk.open([message(i) for i in range(1, 41)], has_newer=True)
    desk.window.chat.view.jump.click()
    assert ("latest_requested",) in desk.intents


def test_pages_are_asked_for_before_they_are_needed_and_once(desk: Desk, qtbot: QtBot) -> None:
    view = desk.window.chat.view
    desk.open([message(i) for i in range(1001, 1101)], has_older=True)
    assert ("older_requested",) not in desk.intents
    with qtbot.waitSignal(desk.window.older_requested):
        view.verticalScrollBar().setValue(200)
    view.verticalScrollBar().setValue(100)
    settle()
    assert desk.intents.count(("older_requested",)) == 1
    with qtbot.waitSignal(desk.window.older_requested):
        desk.timeline.extend_older([message(1000)], True)


def test_the_unread_line_is_in_view_when_a_room_opens(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(i) for i in range(1, 101)], unread_after=50)
    assert 0 < top_of(view, 51) < view.viewport().height() / 2
    assert not view.at_latest


def test_what_was_seen_is_told_once_and_only_forward(desk: Desk) -> None:
    read: list[int] = []
    desk.window.read_reached.connect(read.append)
    desk.open([message(i) for i in range(1, 101)], unread_after=50)
    view = desk.window.chat.view
    view.to_latest()
    view.verticalScrollBar().setValue(0)
    settle()
    assert read == sorted(set(read))
    assert read[-1] == 100


def test_a_short_timeline_stands_on_the_composer(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(1), message(2)])
    last = view.visualRect(desk.timeline.index(1))
    assert abs(last.bottom() - view.viewport().height()) <= 2


def test_own_messages_say_nothing_at_first(desk: Desk) -> None:
    import time

    from mrsambosk_desktop.delegates.row_layout import is_quiet

    now = int(time.time() * 1000)
    desk.timeline.put_pending(pending("c1", queued_at=now))
    assert is_quiet(desk.timeline.row(40))
    desk.timeline.put_pending(pending("c1", queued_at=now - 400))
    assert not is_quiet(desk.timeline.row(40))


def test_what_is_said_later_is_laid_out_anew(desk: Desk, qtbot: QtBot) -> None:
    import time

    view = desk.window.chat.view
    desk.timeline.put_pending(pending("c1", queued_at=int(time.time() * 1000)))
    settle()
    young, layouts = view._delegate.layout_for(desk.timeline.row(40)), view._layouts
    qtbot.waitUntil(lambda: view._layouts > layouts)
    assert view._delegate.layout_for(desk.timeline.row(40)).bubble_width > young.bubble_width


@pytest.mark.parametrize("order", ["LeftToRight", "RightToLeft"])
def test_own_bubbles_end_beside_the_composers_end(desk: Desk, order: str) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    mirrored = order == "RightToLeft"
    desk.window.setLayoutDirection(Qt.LayoutDirection[order])
    gaps = []
    for count in (2, 60):
        desk.open([message(i, author=ME) for i in range(1, count + 1)])
        settle()
        rect = QRectF(view.visualRect(desk.timeline.index(count - 1)))
        bubble = view._delegate.bubble(desk.timeline.row(count - 1), count - 1, rect).toRect()
        bubble = QRect(view.viewport().mapTo(desk.window, bubble.topLeft()), bubble.size())
        field = QRect(composer._frame.mapTo(desk.window, QPoint()), composer._frame.size())
        gaps.append(bubble.left() - field.left() if mirrored else field.right() - bubble.right())
    assert view.verticalScrollBar().isVisible()
    assert gaps == [2, 2]


def test_arrows_walk_the_rows_and_step_over_folded_ones(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(1), deleted(2), deleted(3), message(4)])
    view.setFocus(Qt.FocusReason.TabFocusReason)
    keys = [view.current_row().key if view.current_row() else None]
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Up)
        row = view.current_row()
        keys.append(row.key if row else None)
    assert keys == [4, 2, 1]
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Down)
    row = view.current_row()
    assert row is not None
    assert row.key == 4


def test_arrows_bring_their_row_into_view(desk: Desk) -> None:
    view = desk.window.chat.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(25):
        QTest.keyClick(view, Qt.Key.Key_Up)
    settle()
    row = view.current_row()
    assert row is not None
    assert 0 <= top_of(view, row.key) < view.viewport().height()


@pytest.mark.parametrize("order", ["LeftToRight", "RightToLeft"])
def test_a_click_on_a_quote_shows_its_source(desk: Desk, order: str) -> None:
    view = desk.window.chat.view
    desk.window.setLayoutDirection(Qt.LayoutDirection[order])
    desk.open([*(message(i) for i in range(1, 41)), message(41, "yes", reply_to=3)])
    row = desk.timeline.row(40)
    index = desk.timeline.index(40)
    zone = view._delegate.layout_for(row).zones[0]
    bubble = view._delegate.bubble(row, 40, QRectF(view.visualRect(index)))
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=zone.box.translated(bubble.topLeft()).center().toPoint()
    )
    settle()
    assert 0 <= top_of(view, 3) < view.viewport().height()
    assert view._delegate.flash == 3


def test_the_day_sticks_while_scrolling(desk: Desk) -> None:
    view = desk.window.chat.view
    day = 24 * 3600 * 1000
    desk.open([message(i, sent_at=MORNING - (41 - i) // 20 * day) for i in range(1, 41)])
    scroll_up(desk, 300)
    assert view._pill.isVisible()
    assert view._pill.words


def test_an_empty_room_says_what_to_do(desk: Desk) -> None:
    desk.open([])
    assert "Say hello" in desk.window.chat.view.accessibleDescription()
    assert desk.window.chat.empty.isVisible()
    desk.window.set_connection(ConnectionState(Link.RETRYING, "Staff room"))
    assert desk.window.chat.view.accessibleDescription() == "", "only a host that is there says that a room is empty"
    assert not desk.window.chat.empty.isVisible()
    settle()
    picture = desk.window.chat.grab(desk.window.chat.view.geometry()).toImage()
    assert len({picture.pixel(x, y) for x in range(picture.width()) for y in range(0, picture.height(), 3)}) == 1
    desk.window.set_connection(ConnectionState(Link.LIVE, "Staff room"))
    desk.timeline.upsert([message(1)])
    assert desk.window.chat.view.accessibleDescription() == ""


def test_code_is_painted_in_colours_once_its_language_is_loaded(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(highlight, "_loaded", {})
    view = desk.window.chat.view

    def pictured() -> QImage:
        settle()
        return view.viewport().grab().toImage()

    with qtbot.waitSignal(view.language_wanted) as asked:
        desk.open([message(1, "```py\nx = 'a'\n```")])
    assert asked.args == ["py"]
    plain = pictured()
    highlight.load("py")
    assert pictured() == plain
    view.show_colours("py")
    assert pictured() != plain


def click(desk: Desk, number: int) -> None:
    view = desk.window.chat.view
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(desk.timeline.index(number)).center()
    )


def type_on(text: str) -> None:
    """Letters for whatever has the focus."""
    for letter in text:
        QTest.keyClicks(QApplication.focusWidget(), letter)


def test_what_is_typed_after_a_click_is_written(desk: Desk) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    desk.timeline.upsert([message(41, author=ME)])
    settle()
    composer.set_text("are you")
    click(desk, 40)
    assert view.hasFocus()
    type_on(" Ready, every one?")
    assert composer.text() == "are you Ready, every one?"
    assert (composer.reply_to, composer.editing) == (None, None)
    click(desk, 40)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    QTest.keyClick(view, Qt.Key.Key_Control)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert desk.intents == [("typing",)], "a click is not meant for the keys"


@pytest.mark.parametrize(
    ("text", "modifiers"),
    [
        ("ר", Qt.KeyboardModifier.NoModifier),
        ("é", Qt.KeyboardModifier.NoModifier),
        ("@", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier),
        ("€", Qt.KeyboardModifier.GroupSwitchModifier),
        ("7", Qt.KeyboardModifier.KeypadModifier),
    ],
)
def test_letters_of_every_keyboard_are_written(desk: Desk, text: str, modifiers: Qt.KeyboardModifier) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    for by_key in (False, True):
        composer.set_text("")
        click(desk, 40 - 1)
        if by_key:
            QTest.keyClick(view, Qt.Key.Key_Up)
        QApplication.sendEvent(view, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_unknown, modifiers, text))
        assert composer.text() == text
        assert composer.editor.hasFocus()


def test_keys_that_write_nothing_stay(desk: Desk) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    click(desk, 39)
    for key in (Qt.Key.Key_X, Qt.Key.Key_V):
        QTest.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert composer.text() == ""
    assert view.hasFocus()


def test_what_an_input_method_composed_is_written(desk: Desk) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    click(desk, 39)
    assert view.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
    QApplication.sendEvent(view, QInputMethodEvent("ni", []))
    composed = QInputMethodEvent()
    composed.setCommitString("你")
    QApplication.sendEvent(view, composed)
    assert composer.text() == "你"
    assert composer.editor.hasFocus()
    click(desk, 39)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert not view.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled), "single letters act on the row"


def test_the_ticks_have_words_under_the_mouse(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    view = desk.window.chat.view
    desk.timeline.upsert([message(41, "mine", author=ME)])

    class Tips:
        shown = ""

        @classmethod
        def showText(cls, _at: QPoint, text: str, *_where: object) -> None:
            cls.shown = text

        @classmethod
        def hideText(cls) -> None:
            cls.shown = ""

    monkeypatch.setattr("mrsambosk_desktop.widgets.timeline_view.QToolTip", Tips)

    def told(at: QPoint) -> str:
        QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, view.viewport().mapToGlobal(at)))
        return Tips.shown

    def ticks() -> QPoint:
        settle()
        row = desk.timeline.row(40)
        bubble = view._delegate.bubble(row, 40, QRectF(view.visualRect(desk.timeline.index(40))))
        zone = next(one for one in view._delegate.layout_for(row).zones if one.act is Act.SEEN)
        return zone.box.translated(bubble.topLeft()).center().toPoint()

    assert told(ticks()) == "Sent"
    desk.timeline.set_reads({"u_miriam": 41, "u_yonatan": 41})
    assert told(ticks()) == "Seen by 2"
    assert told(ticks() - QPoint(0, 200)) == ""
    assert told(QPoint(5, 5)) == ""


def test_dragging_past_the_edge_scrolls_and_picks_on(desk: Desk, qtbot: QtBot) -> None:
    view, bar = desk.window.chat.view, desk.window.chat.view.verticalScrollBar()
    click(desk, 38)
    spot = view.visualRect(desk.timeline.index(38)).center()
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    def drag(at: QPoint) -> None:
        left = Qt.MouseButton.LeftButton
        where = view.viewport().mapToGlobal(at)
        none = Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(where), left, left, none)
        QApplication.sendEvent(view.viewport(), move)

    drag(QPoint(spot.x(), -60))
    qtbot.waitUntil(lambda: bar.value() == bar.minimum())
    assert sorted(index.row() for index in view.selectedIndexes()) == list(range(39))
    assert not view.at_latest
    drag(QPoint(spot.x(), view.viewport().height() + 60))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    qtbot.waitUntil(lambda: sorted(index.row() for index in view.selectedIndexes()) == [38, 39])
    drag(QPoint(spot.x(), -30))
    qtbot.waitUntil(lambda: bar.value() < bar.maximum() - 100)
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(spot.x(), -30))
    assert not view._edge.isActive()
    anchor = view._anchor
    assert anchor is not None
    desk.timeline.upsert([message(i) for i in range(41, 50)])
    settle()
    assert top_of(view, anchor.key) == anchor.offset
