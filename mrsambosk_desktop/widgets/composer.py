"""Where one writes: a field that grows, a strip that says what is being answered or edited, and the send button.

Enter sends and Shift+Enter breaks the line; Tab leaves the field; Esc peels one layer: the strip, then the focus.
"""

import time
from typing import Any, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from mrsambosk_protocol.limits import TYPING_SECONDS, Limits, Refused
from mrsambosk_protocol.text import check_body

from .parts import ElidedLabel, IconButton, label, repolish
from .theme import Theme

_MAX_LINES: Final = 9
#: From here on the count of characters is shown.
_COUNT_FROM: Final = 0.9


class Editor(QPlainTextEdit):
    """The text field: takes plain text only, and tells the keys that mean more than a character."""

    send_pressed = Signal()
    escape_pressed = Signal()
    up_pressed = Signal()
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self.fit)
        self.viewport().setAutoFillBackground(False)

    def fit(self, _size: Any = None) -> None:
        """Takes the height of its text, up to `_MAX_LINES`."""
        line = self.fontMetrics().lineSpacing()
        lines = max(1, min(round(self.document().size().height()), _MAX_LINES))
        if self.height() != lines * line + 4 or self.minimumHeight() != lines * line + 4:
            self.setFixedHeight(lines * line + 4)
            self.height_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        plain = not modifiers & ~Qt.KeyboardModifier.KeypadModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.send_pressed.emit()
        elif key == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
        elif key == Qt.Key.Key_Up and plain and not self.toPlainText():
            self.up_pressed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)


class Composer(QWidget):
    """Signals: `submitted` (text, reply_to, edited id: at most one of the two is there); `edit_last_wanted`;
    `typed`, at most one in `TYPING_SECONDS`; `refused`, a sentence why this cannot be sent; `left` when Esc had
    nothing to peel."""

    submitted = Signal(str, object, object)
    edit_last_wanted = Signal()
    typed = Signal()
    refused = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._reply_to: int | None = None
        self._editing: int | None = None
        self._kept = ""
        self._filling = False
        self._told_at = float("-inf")
        self._limits = Limits()
        self.editor = Editor()
        self.editor.setAccessibleName(self.tr("Message"))
        self.send = IconButton(theme, "send", self.tr("Send"), colour="on_accent", size=20)
        self.send.setObjectName("send")
        self.send.setFixedSize(34, 34)
        self.send.setEnabled(False)
        self._build_strip(theme)
        self._count = label(role="small")
        self._count.hide()

        self._frame = QFrame()
        self._frame.setObjectName("composer")
        line = QHBoxLayout()
        line.setContentsMargins(16, 0, 6, 0)
        line.setSpacing(10)
        line.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._count, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        box = QVBoxLayout(self._frame)
        box.setContentsMargins(0, 5, 0, 5)
        box.setSpacing(0)
        above = QHBoxLayout()
        above.setContentsMargins(14, 4, 6, 0)
        above.addWidget(self._strip)
        box.addLayout(above)
        box.addLayout(line)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 2, 16, 14)
        outer.addWidget(self._frame)
        self.setFocusProxy(self.editor)

        self.editor.send_pressed.connect(self.submit)
        self.editor.escape_pressed.connect(self.peel)
        self.editor.up_pressed.connect(self.edit_last_wanted)
        self.editor.focus_changed.connect(self._focus_changed)
        self.editor.textChanged.connect(self._text_changed)
        self.send.clicked.connect(lambda _checked=False: self.submit())
        theme.changed.connect(self.editor.fit)

    @property
    def reply_to(self) -> int | None:
        return self._reply_to

    @property
    def editing(self) -> int | None:
        return self._editing

    def text(self) -> str:
        """What is in the field."""
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        """Replaces what is in the field; the cursor stands at its end."""
        self._filling = True
        self.editor.setPlainText(text)
        self._filling = False
        self.editor.moveCursor(self.editor.textCursor().MoveOperation.End)

    def set_room(self, name: str) -> None:
        """The room's name, for the empty field."""
        self.editor.setPlaceholderText(self.tr("Message #{room}").format(room=name))

    def set_limits(self, limits: Limits) -> None:
        """What this host takes."""
        self._limits = limits

    def start_reply(self, message_id: int, name: str, excerpt: str) -> None:
        """The next message answers this one."""
        if self._editing is not None:
            self.peel()
        self._reply_to = message_id
        self._show_strip(self.tr("Reply to {name}").format(name=f"\u2068{name}\u2069"), excerpt)

    def start_edit(self, message_id: int, body: str, excerpt: str) -> None:
        """The field holds a stored message until it is sent again or left; what was being written comes back."""
        if self._editing is None:
            self._kept = self.text()
        self._reply_to, self._editing = None, message_id
        self.set_text(body)
        self._show_strip(self.tr("Edit message"), excerpt)

    def submit(self) -> None:
        """Sends what is in the field, if it may be sent."""
        body = self.text().rstrip()
        if not body.strip():
            return
        try:
            check_body(body, self._limits)
        except Refused as refusal:
            self.refused.emit(refusal.text)
            return
        reply_to, editing = self._reply_to, self._editing
        self._close_strip()
        self._told_at = float("-inf")
        self.submitted.emit(body, reply_to, editing)

    def peel(self) -> None:
        """Takes away the topmost layer: an edit or reply, else the focus."""
        if self._reply_to is None and self._editing is None:
            self.left.emit()
        elif self._editing is not None:
            self._close_strip()
        else:
            self._reply_to = None
            self._strip.hide()

    def _close_strip(self) -> None:
        kept = self._kept if self._editing is not None else ""
        self._reply_to = self._editing = None
        self._kept = ""
        self._strip.hide()
        self.set_text(kept)

    def _build_strip(self, theme: Theme) -> None:
        self._strip = QFrame()
        self._strip.setObjectName("strip")
        self._strip_title = ElidedLabel(role="accent")
        self._strip_text = ElidedLabel(role="small")
        close = IconButton(theme, "close", self.tr("Cancel"), size=16)
        close.clicked.connect(lambda _checked=False: self.peel())
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._strip_title)
        words.addWidget(self._strip_text)
        line = QHBoxLayout(self._strip)
        line.setContentsMargins(10, 0, 0, 0)
        line.addLayout(words, 1)
        line.addWidget(close)
        self._strip.hide()

    def _show_strip(self, title: str, excerpt: str) -> None:
        self._strip_title.setText(title)
        self._strip_text.setText(excerpt)
        self._strip.setProperty("mirrored", self.layoutDirection() is Qt.LayoutDirection.RightToLeft)
        repolish(self._strip)
        self._strip.show()
        self.editor.setFocus()

    def _focus_changed(self, focused: bool) -> None:
        self._frame.setProperty("focused", focused)
        repolish(self._frame)

    def _text_changed(self) -> None:
        text = self.text()
        self.send.setEnabled(bool(text.strip()))
        length = len(text)
        self._count.setVisible(length > _COUNT_FROM * self._limits.body_chars)
        if self._count.isVisible():
            self._count.setText(self.tr("{count} of {most}").format(count=length, most=self._limits.body_chars))
            role = "problem" if length > self._limits.body_chars else "small"
            if self._count.property("role") != role:
                self._count.setProperty("role", role)
                repolish(self._count)
        now = time.monotonic()
        # What the app puts there is not someone typing.
        if text and not self._filling and self._editing is None and now - self._told_at >= TYPING_SECONDS:
            self._told_at = now
            self.typed.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.editor.fit()
