"""The window is closed while others are in the room that is hosted here: keep it open, or close it, or neither."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from .parts import button, label
from .theme import Theme


class ClosingDialog(QDialog):
    """Opened with `open()`. Signals: `keep_wanted`: go on without a window; `quit_wanted`: close the room and end."""

    keep_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, theme: Theme, others: int, has_tray: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        title = self.tr("%n others are in your room", "", others) if others > 1 else self.tr("Somebody is in your room")
        self.setWindowTitle(self.tr("Mrsambosk"))
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.keep = button(self.tr("Keep it open"), self.accept, "primary")
        self.quit = button(self.tr("Close the room"), lambda: self.done(_QUIT))
        cancel = button(self.tr("Cancel"), self.reject)
        if has_tray:
            way_back = self.tr("The icon beside the clock brings the window back and closes the room.")
        else:
            way_back = self.tr("The window stays at hand, minimised; the room can be closed there.")
        why = self.tr("You can put the window away and keep hosting in the background. {way_back}")
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(label(title, "title", wraps=True))
        box.addWidget(label(why.format(way_back=way_back), "muted", wraps=True))
        buttons = QHBoxLayout()
        buttons.addWidget(cancel)
        buttons.addStretch(1)
        buttons.addWidget(self.quit)
        buttons.addWidget(self.keep)
        box.addLayout(buttons)
        self.setMinimumWidth(min(440, max(320, parent.width() - 40)))
        self.finished.connect(self._answer)

    def open(self) -> None:
        """Shows it; the window behind waits."""
        self._theme.dress(self)
        super().open()
        self.keep.setFocus()

    def _answer(self, result: int) -> None:
        if result == QDialog.DialogCode.Accepted:
            self.keep_wanted.emit()
        elif result == _QUIT:
            self.quit_wanted.emit()


_QUIT = 2
