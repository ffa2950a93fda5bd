"""Writing: real keys in the real field."""

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_protocol.limits import Limits
from tests.helpers.rows import ME, message

from .conftest import Desk


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
