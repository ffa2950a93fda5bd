"""The field one writes in: how high it is, on which side its text stands, which keys it leaves to the window."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.widgets.editor import Editor
from mrsambosk_desktop.widgets.theme import TEXT_SIZES

from .conftest import Desk

CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT, RIGHT = Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft
HEBREW = "\u05e9\u05dc\u05d5\u05dd"


@pytest.mark.parametrize("scale", TEXT_SIZES)
def test_a_field_that_is_not_full_shows_all_its_lines(desk: Desk, scale: float) -> None:
    desk.window.resize(1000, 900)
    desk.theme.set_scale(scale)
    composer = desk.window.chat.composer
    for lines in (
        *(["abc"] * count for count in range(1, 10)),
        ["abc", "abc \U0001f600", HEBREW, "\u4e2d\u6587"],
        ["a long line " * 40],
        ["short", *(["a long line " * 10] * 3)],
    ):
        composer.set_text("\n".join(lines))
        QApplication.processEvents()
        bar = composer.editor.verticalScrollBar()
        if composer.editor.document().size().height() <= 9:
            assert (bar.maximum(), bar.isVisible()) == (0, False), lines
            assert composer.editor.height() - _text_height(composer.editor) in (4, 5), lines
    composer.set_text("\n".join(["abc"] * 10))
    QApplication.processEvents()
    assert composer.editor.verticalScrollBar().maximum() == 1


def _text_height(editor: Editor) -> int:
    block, height = editor.document().firstBlock(), 0.0
    while block.isValid():
        height += editor.blockBoundingRect(block).height()
        block = block.next()
    return int(height)


def _scrolled_up(desk: Desk) -> None:
    desk.window.chat.view.verticalScrollBar().setValue(0)
    assert not desk.window.chat.view.at_latest


def test_ctrl_end_is_the_windows_once_the_cursor_is_at_the_end(desk: Desk) -> None:
    composer, view = desk.window.chat.composer, desk.window.chat.view
    _scrolled_up(desk)
    QTest.keyClick(composer.editor, Qt.Key.Key_End, CONTROL)
    assert view.at_latest, "of an empty field"
    composer.set_text("one\ntwo")
    composer.editor.moveCursor(composer.editor.textCursor().MoveOperation.Start)
    _scrolled_up(desk)
    QTest.keyClick(composer.editor, Qt.Key.Key_End, CONTROL)
    assert composer.editor.textCursor().atEnd()
    assert not view.at_latest, "first the field's own end"
    QTest.keyClick(composer.editor, Qt.Key.Key_End, CONTROL)
    assert view.at_latest


def test_ctrl_end_is_the_windows_in_a_search(desk: Desk) -> None:
    window = desk.window
    window.side.open_search(everywhere=False)
    for field in (window.sidebar.search, window.people.search.field):
        field.setFocus()
        for text in ("", "slides"):
            field.setText(text)
            _scrolled_up(desk)
            QTest.keyClick(field, Qt.Key.Key_End, CONTROL)
            assert window.chat.view.at_latest, field.accessibleName()


@pytest.mark.parametrize(
    ("direction", "text", "side"),
    [
        (LEFT, "", "left"),
        (LEFT, "hello", "left"),
        (LEFT, "123 !", "left"),
        (LEFT, f"12. {HEBREW} abc", "right"),
        (RIGHT, "", "right"),
        (RIGHT, "123 !", "right"),
        (RIGHT, "hello", "left"),
        (RIGHT, HEBREW, "right"),
    ],
)
def test_text_stands_where_it_is_read_from(desk: Desk, direction: Qt.LayoutDirection, text: str, side: str) -> None:
    editor = desk.window.chat.composer.editor
    for before in ("abc", HEBREW):
        # Whichever comes last, the text or the direction.
        desk.window.setLayoutDirection(direction)
        editor.setPlainText(before)
        editor.setPlainText(text)
        assert _side(editor) == side
        desk.window.setLayoutDirection(LEFT if direction is RIGHT else RIGHT)
        desk.window.setLayoutDirection(direction)
        assert _side(editor) == side


def _side(editor: Editor) -> str:
    """Where the first line of the text stands, or would begin."""
    QApplication.processEvents()
    line = editor.document().firstBlock().layout().lineAt(0)
    place = editor.mapToGlobal(QPoint(round(line.naturalTextRect().center().x()), 0)) - editor.mapToGlobal(QPoint(0, 0))
    return "left" if place.x() < editor.width() / 2 else "right"


def test_the_side_of_a_text_is_no_step_to_undo_and_moves_no_cursor(desk: Desk) -> None:
    editor = desk.window.chat.composer.editor
    QTest.keyClicks(editor, "12")
    assert _side(editor) == "left"
    editor.textCursor().insertText(HEBREW)
    assert (_side(editor), editor.textCursor().position()) == ("right", 6)
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    QTest.keyClicks(editor, "a")
    assert (_side(editor), editor.textCursor().position()) == ("left", 1)
    editor.undo()
    assert (editor.toPlainText(), _side(editor)) == (f"12{HEBREW}", "right")
    while editor.document().isUndoAvailable():
        editor.undo()
    assert (editor.toPlainText(), _side(editor)) == ("", "left")
    while editor.document().isRedoAvailable():
        editor.redo()
    assert editor.toPlainText() == f"a12{HEBREW}"
