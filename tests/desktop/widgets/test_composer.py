"""Writing: real keys in the real field."""

import pytest
from PySide6.QtCore import QLocale, QMimeData, QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import Draft
from mrsambosk_protocol.entities import Room
from mrsambosk_protocol.limits import Limits
from tests.helpers.rows import ME, message

from .conftest import Desk

DIRECTIONS = (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft)


def test_enter_sends_and_shift_enter_breaks(desk: Desk) -> None:
    editor = desk.window.chat.composer.editor
    QTest.keyClicks(editor, "Hello @miriam b.")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(editor, "there")
    assert editor.toPlainText() == "Hello @miriam b.\nthere"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert desk.intents == [("typing",), ("send_requested", "Hello @miriam b.\nthere", ("u_miriam",), None)]
    assert editor.toPlainText() == ""


def test_nothing_is_sent_of_blanks(desk: Desk) -> None:
    editor = desk.window.chat.composer.editor
    assert not desk.window.chat.composer.send.isEnabled()
    QTest.keyClicks(editor, "   ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert not any(intent[0] == "send_requested" for intent in desk.intents)


def test_typing_is_told_rarely(desk: Desk) -> None:
    QTest.keyClicks(desk.window.chat.composer.editor, "a long sentence")
    assert desk.intents == [("typing",)]


def test_sending_goes_to_the_end(desk: Desk) -> None:
    view = desk.window.chat.view
    view.verticalScrollBar().setValue(0)
    QTest.keyClicks(desk.window.chat.composer.editor, "x")
    QTest.keyClick(desk.window.chat.composer.editor, Qt.Key.Key_Return)
    assert view.at_latest
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_it_grows_with_its_text_up_to_a_point(desk: Desk) -> None:
    editor = desk.window.chat.composer.editor
    one = editor.height()
    desk.window.chat.composer.set_text("a\nb\nc")
    assert editor.height() > 2 * one
    desk.window.chat.composer.set_text("\n" * 100)
    most = editor.height()
    desk.window.chat.composer.set_text("\n" * 150)
    assert editor.height() == most < desk.window.height() / 2
    desk.window.chat.composer.set_text("")
    assert editor.height() == one


def test_up_edits_the_last_of_ones_own_and_what_was_written_comes_back(desk: Desk) -> None:
    composer = desk.window.chat.composer
    desk.timeline.upsert([message(41, "mine", author=ME), message(42)])
    QTest.keyClick(composer.editor, Qt.Key.Key_Up)
    assert (composer.editing, composer.text()) == (41, "mine")
    QTest.keyClicks(composer.editor, "!")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert desk.intents[-1] == ("edit_requested", 41, "mine!", ())
    assert composer.editing is None
    composer.set_text("draft")
    composer.start_edit(41, "mine", "mine")
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert (composer.editing, composer.text()) == (None, "draft")


def test_a_reply_carries_what_it_answers_and_escape_peels_it(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.start_reply(7, "Miriam B.", "Slides")
    QTest.keyClicks(composer.editor, "thanks")
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert (composer.reply_to, composer.text()) == (None, "thanks")
    composer.start_reply(7, "Miriam B.", "Slides")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert desk.intents[-1] == ("send_requested", "thanks", (), 7)


def test_too_long_is_said_before_it_is_sent(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.set_limits(Limits(body_chars=20))
    composer.set_text("x" * 19)
    assert composer._count.text() == "19 of 20"
    composer.set_text("x" * 21)
    composer.submit()
    assert composer.text() == "x" * 21
    assert "20" in desk.window.chat.banner.text
    assert not any(intent[0] == "send_requested" for intent in desk.intents)


def test_the_count_is_easy_to_read_and_takes_no_width(desk: Desk) -> None:
    composer = desk.window.chat.composer
    desk.window.resize(420, 600)
    composer.set_text("x")
    QApplication.processEvents()
    before = composer.editor.width()
    QLocale.setDefault(QLocale("en_US"))
    try:
        composer.set_text("x" * 120_000)
    finally:
        QLocale.setDefault(QLocale.c())
    QApplication.processEvents()
    assert composer._count.isVisible()
    assert composer._count.text() == "120,000 of 4,000"
    assert composer._count.width() >= composer._count.sizeHint().width()
    assert composer.editor.width() == before
    composer.set_text("x")
    QApplication.processEvents()
    assert not composer._count.isVisible()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_parts_of_the_frame_stand_apart(desk: Desk, qtbot: QtBot, direction: Qt.LayoutDirection) -> None:
    composer = desk.window.chat.composer
    desk.window.setLayoutDirection(direction)
    QApplication.processEvents()
    frame, send = composer._frame, _within(composer.send, composer._frame)
    assert (frame.height(), send.top(), frame.height() - 1 - send.bottom()) == (46, 6, 6)
    cursor = composer.editor.cursorRect()
    middle = composer.editor.viewport().mapTo(frame, cursor.center()).y()
    assert abs(middle - send.center().y()) <= 1, "the words stand in the middle of the buttons"
    composer.start_reply(7, "Miriam B.", "Slides are on the share")
    QApplication.processEvents()
    bar, words = _within(composer._bar, frame), _within(composer._strip_title, frame)
    right = direction is Qt.LayoutDirection.RightToLeft
    # From the bar's outer edge: three pixels of it, and some air.
    assert (bar.right() - words.right() if right else words.left() - bar.left()) == 10
    assert (bar.top(), frame.width() - 1 - bar.right() if right else bar.left()) == (10, 15)
    send = _within(composer.send, frame)
    assert (send.top() - bar.bottom() - 1, frame.height() - 1 - send.bottom()) == (4, 6)
    composer.peel()
    qtbot.waitUntil(lambda: frame.height() == 46)


def _within(widget: QWidget, frame: QWidget) -> QRect:
    return QRect(widget.mapTo(frame, QPoint(0, 0)), widget.size())


def test_a_long_rooms_name_ends_in_dots_in_the_empty_field(desk: Desk) -> None:
    window, editor = desk.window, desk.window.chat.composer.editor
    name = "Grade nine teachers and everyone who helps them with the summer exhibition"
    window.set_room(Room(id="lobby", name=name))
    for width in (1600, 420, 1600):
        window.resize(width, 600)
        QApplication.processEvents()
        shown = editor.placeholderText()
        assert editor.fontMetrics().horizontalAdvance(shown) <= editor.viewport().width()
        assert shown == f"Message #{name}" if width == 1600 else shown.endswith("…")
    desk.theme.set_scale(2.0)
    QApplication.processEvents()
    assert editor.placeholderText().endswith("…"), "larger text finds less room"


def test_rich_text_is_pasted_plain(desk: Desk) -> None:
    rich = QMimeData()
    rich.setHtml("<b>bold</b><img src='file:///x.png'>")
    rich.setText("bold")
    desk.window.chat.composer.editor.insertFromMimeData(rich)
    assert desk.window.chat.composer.text() == "bold"


def test_tab_leaves_the_field(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.set_text("x")
    composer.editor.setFocus()
    QTest.keyClick(composer.editor, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is composer.emoji


def test_what_is_being_written_is_told_and_an_edit_is_not(desk: Desk) -> None:
    composer = desk.window.chat.composer
    told: list[Draft] = []
    desk.window.draft_changed.connect(told.append)
    QTest.keyClicks(composer.editor, "ab")
    composer.start_edit(41, "mine", "mine")
    QTest.keyClicks(composer.editor, "!")
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert composer.text() == "ab"
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert told == [Draft("a"), Draft("ab"), Draft()]


def test_another_rooms_draft_takes_the_place_of_everything(desk: Desk) -> None:
    composer = desk.window.chat.composer
    told: list[Draft] = []
    composer.start_edit(41, "mine", "mine")
    desk.window.draft_changed.connect(told.append)
    desk.window.set_draft(Draft("half a sent"))
    assert (composer.text(), composer.editing, composer.reply_to) == ("half a sent", None, None)
    assert told == []
    assert ("typing",) not in desk.intents


def test_what_is_answered_is_told_with_the_draft_and_waits_behind_an_edit(desk: Desk) -> None:
    composer = desk.window.chat.composer
    told: list[Draft] = []
    desk.window.draft_changed.connect(told.append)
    composer.start_reply(7, "Miriam B.", "message 7")
    QTest.keyClicks(composer.editor, "y")
    composer.start_edit(41, "mine", "mine")
    assert (composer.reply_to, composer.editing) == (None, 41)
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert (composer.reply_to, composer.text()) == (7, "y")
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert composer.reply_to is None
    assert told == [Draft("", 7), Draft("y", 7), Draft("y")]
    assert desk.intents[-1] == ("edit_requested", 41, "mine", ())


def test_a_draft_comes_back_with_what_it_answers(desk: Desk) -> None:
    composer = desk.window.chat.composer
    told: list[Draft] = []
    desk.window.draft_changed.connect(told.append)
    for id, words in ((7, "Miriam B."), (9999, "an older message")):
        desk.window.set_draft(Draft("yes", id))
        assert composer.reply_to == id
        assert words in composer._strip_title.text()
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert ("send_requested", "yes", (), 9999) in desk.intents
    assert told[-1] == Draft()


def test_what_could_not_be_kept_stands_before_what_was_written_meanwhile(desk: Desk) -> None:
    composer = desk.window.chat.composer
    told: list[Draft] = []
    desk.window.draft_changed.connect(told.append)
    QTest.keyClicks(composer.editor, "more")
    desk.window.give_back("lost", 7, None)
    assert (composer.text(), composer.reply_to) == ("lost\nmore", 7)
    assert "Miriam B." in composer._strip_title.text()
    assert told[-1] == Draft("lost\nmore", 7)
    desk.window.give_back("again", 9, None)
    assert (composer.text(), composer.reply_to) == ("again\nlost\nmore", 7), "what is answered now goes before"


def test_an_edit_that_could_not_be_kept_goes_on(desk: Desk) -> None:
    composer = desk.window.chat.composer
    QTest.keyClicks(composer.editor, "draft")
    desk.window.give_back("better", None, 41)
    assert (composer.text(), composer.editing) == ("better", 41)
    desk.window.give_back("of another", None, 7)
    assert (composer.text(), composer.editing) == ("better", 41)
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert composer.text() == "of another\ndraft"


@pytest.mark.parametrize(
    ("key", "mark"), [(Qt.Key.Key_B, "**"), (Qt.Key.Key_I, "*"), (Qt.Key.Key_E, "`")], ids=["bold", "italic", "code"]
)
def test_ctrl_and_a_letter_wraps_and_unwraps(desk: Desk, key: Qt.Key, mark: str) -> None:
    composer = desk.window.chat.composer
    composer.set_text("one two")
    cursor = composer.editor.textCursor()
    cursor.movePosition(cursor.MoveOperation.StartOfWord, cursor.MoveMode.KeepAnchor)
    composer.editor.setTextCursor(cursor)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(composer.editor, key, control)
    assert composer.text() == f"one {mark}two{mark}"
    QTest.keyClick(composer.editor, key, control)
    assert composer.text() == "one two"
    composer.set_text("")
    QTest.keyClick(composer.editor, key, control)
    QTest.keyClicks(composer.editor, "x")
    assert composer.text() == f"{mark}x{mark}"
    composer.editor.undo()
    composer.editor.undo()
    assert composer.text() == ""


def test_bold_can_be_italic_too(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.set_text("x")
    composer.editor.selectAll()
    for key in (Qt.Key.Key_B, Qt.Key.Key_I):
        QTest.keyClick(composer.editor, key, Qt.KeyboardModifier.ControlModifier)
    assert composer.text() == "***x***"
    QTest.keyClick(composer.editor, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert composer.text() == "**x**"


def test_ctrl_enter_can_be_what_sends(desk: Desk) -> None:
    composer = desk.window.chat.composer
    desk.window.set_ctrl_enter(True)
    QTest.keyClicks(composer.editor, "a")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    QTest.keyClicks(composer.editor, "b")
    assert composer.text() == "a\nb"
    QTest.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert desk.intents[-1] == ("send_requested", "a\nb", (), None)
    desk.window.set_ctrl_enter(False)
    QTest.keyClicks(composer.editor, "a")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert composer.text() == "a\n"


def test_html_without_a_plain_text_is_pasted_as_its_words(desk: Desk) -> None:
    rich = QMimeData()
    rich.setHtml("<style>p {}</style><p>one <b>two</b><br>three &lt;b&gt;<img src='file:///x.png'>")
    composer = desk.window.chat.composer
    assert composer.editor.canInsertFromMimeData(rich)
    composer.editor.insertFromMimeData(rich)
    assert composer.text() == "one two\nthree <b>"
