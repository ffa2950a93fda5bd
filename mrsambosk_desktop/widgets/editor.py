"""The text field of the composer: plain text only, whatever is pasted; keys that send, wrap in markup or leave."""

from html.parser import HTMLParser
from math import ceil
from typing import Any, Final

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from mrsambosk_desktop.delegates.body_layout import reads_right

_MAX_LINES: Final = 9
#: Which key puts what around the selection, with Ctrl.
_MARKUP: Final = {Qt.Key.Key_B: "**", Qt.Key.Key_I: "*", Qt.Key.Key_E: "`"}
_BREAKING: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "pre", "blockquote"})
#: The right-to-left mark: it decides for a text that has no letter to tell its direction.
_RIGHT: Final = "\u200f"
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})


class Editor(QPlainTextEdit):
    """Tells the keys that mean more than a character. `sends_with_ctrl`: Ctrl+Enter sends and Enter breaks the line,
    instead of Enter and Shift+Enter."""

    send_pressed = Signal()
    escape_pressed = Signal()
    up_pressed = Signal()
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sends_with_ctrl = False
        self._hint = ""
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self.fit)
        # With what `fit` adds below, the text stands in the middle.
        self.setViewportMargins(0, 2, 0, 0)
        self.viewport().setAutoFillBackground(False)
        self.textChanged.connect(self._align)
        self._align()

    def fit(self, _size: Any = None) -> None:
        """Takes the height of its text, up to `_MAX_LINES`."""
        left, high, block = _MAX_LINES, 0.0, self.document().firstBlock()
        while block.isValid() and left > 0:
            # As they are laid out: the font rounds its line spacing, and not every line is as high as the others.
            box, lines = self.blockBoundingRect(block), max(1, block.layout().lineCount())
            high += box.height() * min(lines, left) / lines
            left -= lines
            block = block.next()
        # Left to itself the bar would come before the height does, and stay: in the narrower field lines wrap sooner.
        is_full = left < 0 or block.isValid()
        bar = Qt.ScrollBarPolicy.ScrollBarAsNeeded if is_full else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if bar is not self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(bar)
        height = ceil(high) + 4
        if self.height() != height or self.minimumHeight() != height:
            self.setFixedHeight(height)
            self.height_changed.emit()

    def set_hint(self, text: str) -> None:
        """What the empty field says, in one line."""
        self._hint = " ".join(text.split())
        self._show_hint()

    def before_cursor(self) -> str:
        """The text of the cursor's line, up to the cursor."""
        cursor = self.textCursor()
        # Qt counts in UTF-16.
        line = cursor.block().text().encode("utf-16-le", "surrogatepass")
        return line[: 2 * cursor.positionInBlock()].decode("utf-16-le", "ignore")

    def replace_before(self, typed: str, text: str) -> None:
        """Puts a text in the place of what was typed just before the cursor; one step to undo."""
        cursor = self.textCursor()
        length = len(typed.encode("utf-16-le", "surrogatepass")) // 2
        cursor.setPosition(cursor.position() - length, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text)
        self.setTextCursor(cursor)

    def wrap(self, mark: str) -> None:
        """Puts a mark on both sides of the selection, or takes it away; without a selection, around the cursor."""
        cursor = self.textCursor()
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        size = len(mark)
        cursor.beginEditBlock()
        if self._is_wrapped(start, end, mark):
            self._edit(cursor, end, size, "")
            self._edit(cursor, start - size, size, "")
            start, end = start - size, end - size
        else:
            self._edit(cursor, end, 0, mark)
            self._edit(cursor, start, 0, mark)
            start, end = start + size, end + size
        cursor.endEditBlock()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def event(self, event: QEvent) -> bool:
        # At its end already, the field leaves the key for that to the window.
        if is_to_end(event) and self.textCursor().atEnd():
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = not modifiers
        control = modifiers == Qt.KeyboardModifier.ControlModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (plain or control):
            if self.sends_with_ctrl is control:
                self.send_pressed.emit()
            else:
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif key == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
        elif key == Qt.Key.Key_Up and plain and not self.toPlainText():
            self.up_pressed.emit()
        elif control and (mark := _MARKUP.get(Qt.Key(key))):
            self.wrap(mark)
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() or source.hasHtml()

    def insertFromMimeData(self, source: QMimeData) -> None:
        # Nearly every source of rich text brings its own plain text; from one that does not, the words are taken.
        if source.hasText():
            text = source.text()
        else:
            words = _Words()
            words.feed(source.html())
            words.close()
            text = words.text()
        self.textCursor().insertText(text)
        self.ensureCursorVisible()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_hint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._align()
        elif event.type() is QEvent.Type.FontChange:
            self._show_hint()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def _align(self) -> None:
        """The text stands on the side it is read from; what could be read from either, where the window's lines begin.
        As the document's default this is no step to undo."""
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        right = reads_right(self.toPlainText() + (_RIGHT if mirrored else ""))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        option = self.document().defaultTextOption()
        if option.alignment() != side | Qt.AlignmentFlag.AlignAbsolute:
            option.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute)
            self.document().setDefaultTextOption(option)

    def _show_hint(self) -> None:
        # By itself Qt breaks the line, and what comes after the break is out of sight.
        room = self.viewport().width() - 1
        self.setPlaceholderText(self.fontMetrics().elidedText(self._hint, Qt.TextElideMode.ElideRight, room))

    def _is_wrapped(self, start: int, end: int, mark: str) -> bool:
        around = self._text(start - len(mark), start), self._text(end, end + len(mark))
        if around != (mark, mark):
            return False
        # One star of a pair of two is not a mark of its own.
        return mark != "*" or self._stars(start, -1) != 2 or self._stars(end, 1) != 2

    def _stars(self, place: int, step: int) -> int:
        count = 0
        while (
            count < 3
            and (
                self._text(place - count - 1, place - count)
                if step < 0
                else self._text(place + count, place + count + 1)
            )
            == "*"
        ):
            count += 1
        return count

    def _text(self, start: int, end: int) -> str:
        length = self.document().characterCount()
        if start < 0 or end >= length + 1:
            return ""
        return "".join(self.document().characterAt(place) for place in range(start, min(end, length)))

    @staticmethod
    def _edit(cursor: QTextCursor, place: int, length: int, text: str) -> None:
        cursor.setPosition(place)
        cursor.setPosition(place + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text)


def is_to_end(event: QEvent) -> bool:
    """Whether a field is asked if it wants the key to the end of its text, before that is the window's Ctrl+End."""
    return (
        event.type() is QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.matches(QKeySequence.StandardKey.MoveToEndOfDocument)
    )


class _Words(HTMLParser):
    """The words of an HTML text, a line for what stands on a line of its own. Nothing in it is looked up or loaded."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BREAKING:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data)

    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        return "\n".join(line for line in lines if line)
