"""Where one writes: a field that grows, a strip that says what is being answered or edited, and the send button.

Enter sends and Shift+Enter breaks the line; Tab leaves the field; Esc peels one layer: the strip, then the focus.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QEvent, QLocale, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import Draft
from mrsambosk_protocol.entities import User
from mrsambosk_protocol.limits import TYPING_SECONDS, Limits, Refused
from mrsambosk_protocol.text import check_body

from .completion import Completion
from .editor import Editor
from .emoji_picker import EmojiPicker
from .parts import ElidedLabel, IconButton, label, repolish
from .theme import Theme

#: From here on the count of characters is shown.
_COUNT_FROM: Final = 0.9


class Composer(QWidget):
    """Signals: `submitted` (text, reply_to, edited id: at most one of the two is there); `edit_last_wanted`;
    `typed`, at most one in `TYPING_SECONDS`; `refused`, a sentence why this cannot be sent; `left` when Esc had
    nothing to peel; `draft_changed` (Draft) when what is being written, apart from an edit, or what it answers, is
    another.

    Args:
        people: everyone of the host, and who is at this window, for completion.
    """

    submitted = Signal(str, object, object)
    edit_last_wanted = Signal()
    typed = Signal()
    refused = Signal(str)
    left = Signal()
    draft_changed = Signal(object)

    def __init__(self, theme: Theme, people: Callable[[], tuple[Iterable[User], str]]) -> None:
        super().__init__()
        self._draft = Draft()
        # Which message is answered, whose it is, and its text; kept behind an edit.
        self._reply: tuple[int, str, str] | None = None
        self._editing: int | None = None
        self._kept = ""
        self._filling = False
        self._told_at = float("-inf")
        self._limits = Limits()
        self.editor = Editor()
        self.editor.setAccessibleName(self.tr("Message"))
        self.picker = EmojiPicker(theme, self)
        self.completion = Completion(theme, self.editor, people, self.picker.use)
        self.emoji = IconButton(theme, "emoji", self.tr("Emoji"), size=22, side=34)
        self.send = IconButton(theme, "send", self.tr("Send"), colour="on_accent", size=20, side=34)
        self.send.setObjectName("send")
        self.send.setEnabled(False)
        self._build_strip(theme)
        self._count = label(role="small")
        self._count.hide()

        self._frame = QFrame()
        self._frame.setObjectName("composer")
        line = self._line = QHBoxLayout()
        line.setSpacing(10)
        # The count stands below, or a narrow window would have no room for words beside it.
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self.editor)
        column.addWidget(self._count)
        line.addLayout(column, 1)
        line.setAlignment(column, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.emoji, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        box = QVBoxLayout(self._frame)
        box.setContentsMargins(0, 5, 0, 5)
        box.setSpacing(0)
        box.addWidget(self._strip)
        box.addLayout(line)
        self._mirror()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 2, 16, 14)
        outer.addWidget(self._frame)

        self.editor.send_pressed.connect(self.submit)
        self.editor.escape_pressed.connect(self.peel)
        self.editor.up_pressed.connect(self.edit_last_wanted)
        self.editor.focus_changed.connect(self._focus_changed)
        self.editor.textChanged.connect(self._text_changed)
        self.emoji.clicked.connect(lambda _checked=False: self.open_picker())
        self.picker.chosen.connect(self._insert)
        self.send.clicked.connect(lambda _checked=False: self.submit())
        theme.changed.connect(self.editor.fit)

    @property
    def reply_to(self) -> int | None:
        """The message that is being answered; none while one is edited."""
        return self._reply[0] if self._reply is not None and self._editing is None else None

    @property
    def editing(self) -> int | None:
        return self._editing

    @property
    def meant(self) -> Mapping[str, str]:
        """Name → user id of the people chosen from the completion."""
        return self.completion.meant

    @property
    def draft(self) -> Draft:
        """What is being written, apart from an edit."""
        text = self._kept if self._editing is not None else self.text()
        return Draft(text, self._reply[0] if self._reply is not None else None)

    def text(self) -> str:
        """What is in the field."""
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        """Replaces what is in the field; the cursor stands at its end."""
        self._filling = True
        self.editor.setPlainText(text)
        self._filling = False
        self.editor.moveCursor(self.editor.textCursor().MoveOperation.End)

    def set_draft(self, text: str) -> None:
        """Another room was opened, where this was being written."""
        self._reply = self._editing = None
        self._kept = ""
        self._draft = Draft(text)
        self._strip.hide()
        self.completion.forget()
        self.set_text(text)

    def give_back(self, text: str) -> None:
        """Something that was submitted could not be kept: it stands before what was written meanwhile, apart from an
        edit."""
        if self._editing is None:
            self.set_text(_joined(text, self.text()))
        else:
            self._kept = _joined(text, self._kept)
            self._tell_draft()

    def mention(self, user: User) -> None:
        """Begins to tell this person something, or goes on, where the cursor is."""
        before = self.editor.before_cursor()
        space = " " if before and not before[-1].isspace() else ""
        self.editor.textCursor().insertText(f"{space}@{user.name} ")
        self.completion.mean(user)
        self.editor.setFocus()

    def open_picker(self) -> None:
        """The emoji, over the button."""
        corner = self.emoji.rect().topRight()
        self.picker.open_at(self.emoji.mapToGlobal(corner))

    def set_room(self, name: str) -> None:
        """The room's name, for the empty field."""
        self.editor.set_hint(self.tr("Message #{room}").format(room=name))

    def set_limits(self, limits: Limits) -> None:
        """What this host takes."""
        self._limits = limits

    def start_reply(self, message_id: int, name: str, excerpt: str) -> None:
        """The next message answers this one."""
        if self._editing is not None:
            self.peel()
        self._reply = (message_id, name, excerpt)
        self._show_reply()
        self.editor.setFocus()
        self._tell_draft()

    def start_edit(self, message_id: int, body: str, excerpt: str) -> None:
        """The field holds a stored message until it is sent again or left; what was being written comes back."""
        if self._editing is None:
            self._kept = self.text()
        self._editing = message_id
        self.set_text(body)
        self._show_strip(self.tr("Edit message"), excerpt)
        self.editor.setFocus()

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
        reply_to, editing = self.reply_to, self._editing
        if editing is None:
            self._reply = None
        self._close_strip()
        self._told_at = float("-inf")
        self.submitted.emit(body, reply_to, editing)
        self.completion.forget()

    def peel(self) -> None:
        """Takes away the topmost layer: an edit or reply, else the focus."""
        if self._reply is None and self._editing is None:
            self.left.emit()
        elif self._editing is not None:
            self._close_strip()
        else:
            self._reply = None
            self._strip.hide()
            self._tell_draft()

    def _close_strip(self) -> None:
        """What is in the field is done with: what an edit stood before comes back."""
        kept = self._kept if self._editing is not None else ""
        self._editing = None
        self._kept = ""
        self._strip.hide()
        self.set_text(kept)
        self._tell_draft()
        if self._reply is not None:
            self._show_reply()

    def _show_reply(self) -> None:
        assert self._reply is not None
        _, name, excerpt = self._reply
        self._show_strip(self.tr("Reply to {name}").format(name=f"\u2068{name}\u2069"), excerpt)

    def _build_strip(self, theme: Theme) -> None:
        self._bar = QFrame()
        self._bar.setObjectName("strip")
        self._strip_title = ElidedLabel(role="accent")
        self._strip_text = ElidedLabel(role="small")
        close = IconButton(theme, "close", self.tr("Cancel"), size=16)
        close.clicked.connect(lambda _checked=False: self.peel())
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._strip_title)
        words.addWidget(self._strip_text)
        line = self._strip_line = QHBoxLayout(self._bar)
        line.addLayout(words, 1)
        line.addWidget(close)
        # The room around it goes with it, when it hides.
        self._strip = QWidget()
        above = self._above = QHBoxLayout(self._strip)
        above.addWidget(self._bar)
        self._strip.hide()

    def _show_strip(self, title: str, excerpt: str) -> None:
        self._strip_title.setText(title)
        self._strip_text.setText(excerpt)
        self._strip.show()

    def _focus_changed(self, focused: bool) -> None:
        self._frame.setProperty("focused", focused)
        repolish(self._frame)

    def _insert(self, text: str) -> None:
        self.editor.textCursor().insertText(text)
        self.editor.setFocus()

    def _text_changed(self) -> None:
        text = self.text()
        self._tell_draft()
        self.send.setEnabled(bool(text.strip()))
        length = len(text)
        self._count.setVisible(length > _COUNT_FROM * self._limits.body_chars)
        if self._count.isVisible():
            count, most = (QLocale().toString(number) for number in (length, self._limits.body_chars))
            self._count.setText(self.tr("{count} of {most}").format(count=count, most=most))
            role = "problem" if length > self._limits.body_chars else "small"
            if self._count.property("role") != role:
                self._count.setProperty("role", role)
                repolish(self._count)
        now = time.monotonic()
        # What the app puts there is not someone typing.
        if text and not self._filling and self._editing is None and now - self._told_at >= TYPING_SECONDS:
            self._told_at = now
            self.typed.emit()

    def _tell_draft(self) -> None:
        draft = self.draft
        if draft != self._draft:
            self._draft = draft
            self.draft_changed.emit(draft)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.editor.fit()
        elif event.type() is QEvent.Type.LayoutDirectionChange:
            self._mirror()

    def _mirror(self) -> None:
        """The room at both ends: a layout turns with the window, its margins do not."""
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._line.setContentsMargins(*((6, 0, 16, 0) if mirrored else (16, 0, 6, 0)))
        self._above.setContentsMargins(*((6, 4, 14, 4) if mirrored else (14, 4, 6, 4)))
        self._strip_line.setContentsMargins(*((0, 0, 10, 4) if mirrored else (10, 0, 0, 4)))
        self._bar.setProperty("mirrored", mirrored)
        repolish(self._bar)


def _joined(before: str, after: str) -> str:
    return "\n".join(filter(None, (before, after)))
