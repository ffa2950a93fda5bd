"""What can be done with the row under the mouse, at its bubble's corner: react, reply, more."""

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from mrsambosk_desktop.models.entries import TimelineRow

from .parts import IconButton
from .theme import Theme


class HoverBar(QFrame):
    """Floats within the timeline's viewport. Keys reach the same by the row's menu, so nothing here takes the focus."""

    react_wanted = Signal(object, QPoint)
    reply_wanted = Signal(object)
    more_wanted = Signal(object, QPoint)

    def __init__(self, theme: Theme, viewport: QWidget) -> None:
        super().__init__(viewport)
        self.setObjectName("hover_bar")
        self.setAccessibleName(self.tr("Message"))
        self._row: TimelineRow | None = None
        self.react = IconButton(theme, "emoji", self.tr("React"), size=18)
        self.reply = IconButton(theme, "reply", self.tr("Reply"), size=18)
        self.more = IconButton(theme, "more", self.tr("More"), size=18)
        line = QHBoxLayout(self)
        line.setContentsMargins(3, 2, 3, 2)
        line.setSpacing(1)
        for one in (self.react, self.reply, self.more):
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            one.setCursor(Qt.CursorShape.ArrowCursor)
            line.addWidget(one)
        self.react.clicked.connect(lambda _checked=False: self._emit(self.react_wanted, self.react))
        self.reply.clicked.connect(lambda _checked=False: self._reply())
        self.more.clicked.connect(lambda _checked=False: self._emit(self.more_wanted, self.more))
        self.hide()

    @property
    def row(self) -> TimelineRow | None:
        """The row it is for, while it shows."""
        return self._row if self.isVisible() else None

    def show_for(self, row: TimelineRow | None, bubble: QRectF, room: QRectF) -> None:
        """For this row, at its bubble's upper corner towards the middle of the view; None, or one that offers
        nothing: goes.

        Args:
            room: the view, which it stays within.
        """
        if row is None or row.message is None or row.system or row.deleted or row.deleting:
            self.hide()
            return
        self._row = row
        size = self.sizeHint()
        at_right = bubble.center().x() < room.center().x()
        x = bubble.right() - size.width() / 2 if at_right else bubble.left() - size.width() / 2
        x = max(room.left() + 4, min(x, room.right() - size.width() - 4))
        y = max(room.top() + 2, bubble.top() - size.height() * 0.6)
        self.setGeometry(round(x), round(y), size.width(), size.height())
        self.show()
        self.raise_()

    def _reply(self) -> None:
        self.hide()
        if self._row is not None:
            self.reply_wanted.emit(self._row)

    def _emit(self, signal: object, button: IconButton) -> None:
        row, at = self._row, button.mapToGlobal(button.rect().topRight())
        self.hide()
        if row is not None:
            signal.emit(row, at)  # type: ignore[attr-defined]
