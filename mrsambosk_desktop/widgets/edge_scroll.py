"""Scrolls a list while the mouse is held beyond its upper or lower edge; further out is faster."""

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QAbstractScrollArea

_EVERY_MS: Final = 30
_LEAST: Final = 3
_MOST: Final = 60


class EdgeScroll(QTimer):
    """`follow` with every movement, `stop` when the button is let go. `moved`: other rows are at the edge now."""

    moved = Signal()

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(area)
        self._area = area
        self._step = 0
        self.setInterval(_EVERY_MS)
        self.timeout.connect(self._scroll)

    def follow(self, y: int) -> None:
        """The mouse is held at this height of the viewport."""
        beyond = min(y, 0) or max(y - self._area.viewport().height(), 0)
        self._step = (1 if beyond > 0 else -1) * min(max(abs(beyond) // 2, _LEAST), _MOST)
        if not beyond:
            self.stop()
        elif not self.isActive():
            self.start()

    def _scroll(self) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + self._step)
        self.moved.emit()
