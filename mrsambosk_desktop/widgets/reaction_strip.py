"""The quick reactions at the top of a message's menu, and the way to any other."""

from collections.abc import Collection
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from .theme import Theme

QUICK_REACTIONS: Final = ("👍", "❤️", "😂", "🎉", "😮")


class ReactionStrip(QWidget):
    """Stands in a menu, which gives it the focus when the arrows come to it; ← and → move within, Enter and Space
    choose, and any other key is the menu's.

    Signals: `reacted` (emoji, on), `more_wanted`: another reaction than these.

    Args:
        given: those that one gave already: they are marked, and taken back.
    """

    reacted = Signal(str, bool)
    more_wanted = Signal()

    def __init__(self, theme: Theme, given: Collection[str]) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Reactions"))
        self._theme = theme
        self._buttons: list[QToolButton] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(4, 2, 4, 2)
        self._line.setSpacing(0)
        for emoji in QUICK_REACTIONS:
            made = self._add(emoji, self.tr("React with {emoji}").format(emoji=emoji))
            made.setCheckable(True)
            made.setChecked(emoji in given)
            made.clicked.connect(lambda on, emoji=emoji: self.reacted.emit(emoji, on))
            self._line.addStretch(1)
        self._add("+", self.tr("Another reaction")).clicked.connect(lambda _checked=False: self.more_wanted.emit())
        # A menu gives the focus only to what takes it.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFocusProxy(self._buttons[0])

    def _add(self, text: str, name: str) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setProperty("role", "reaction")
        made.setFixedSize(self._theme.px(38), self._theme.px(34))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(name)
        made.installEventFilter(self)
        self._line.addWidget(made)
        self._buttons.append(made)
        return made

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress or watched not in self._buttons:
            return False
        place = self._buttons.index(watched)
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._buttons[place].click()
            case Qt.Key.Key_Left | Qt.Key.Key_Right as key:
                step = 1 if (key == Qt.Key.Key_Right) is not mirrored else -1
                place = min(max(place + step, 0), len(self._buttons) - 1)
                self._buttons[place].setFocus(Qt.FocusReason.TabFocusReason)
            case _:
                return False
        return True
