"""The sidebar's search field: rooms and people of that name are offered below it, and messages with these words are
looked for everywhere, in the right pane."""

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen

from .found_pages import QueryField
from .theme import Theme

KEY = "Ctrl+K"


class SearchField(QueryField):
    """Signals besides a line's own: `entered` for Enter; `stepped` (1 or -1) for ↓ and ↑; `left` for Esc, once it is
    empty. While it is empty its key is shown at the end."""

    entered = Signal()
    stepped = Signal(int)
    left = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(name)
        self._theme = theme
        self.setPlaceholderText(self.tr("Search"))
        self._align()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.stepped.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self.textEdited.emit("")
            else:
                self.left.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._align()

    def _align(self) -> None:
        # By itself the placeholder would stand where its own language begins, under the key.
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        self.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.text():
            return
        words = QKeySequence(KEY).toString(QKeySequence.SequenceFormat.NativeText)
        font = self._theme.font(10.5)
        width = QFontMetricsF(font).horizontalAdvance(words) + 12
        if width > self.width() / 2:
            return
        height = QFontMetricsF(font).height() + 3
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = 8.5 if mirrored else self.width() - width - 8.5
        box = QRectF(x, round((self.height() - height) / 2) + 0.5, width, round(height))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.tokens.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(font)
        painter.setPen(self._theme.tokens.muted)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
