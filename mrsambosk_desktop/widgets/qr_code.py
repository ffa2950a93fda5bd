"""A text as a QR code, painted here: always dark on light, whatever the theme, since few cameras read the inverse."""

import segno
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mrsambosk_desktop.delegates.tokens import load_tokens

#: The free margin that readers expect, in modules.
_QUIET = 4
_MODULE_PX = 4


class QrCode(QWidget):
    """Shows nothing until `set_text`, and nothing for a text that is too long for a code."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._rows: tuple[bytes, ...] = ()
        self._text = ""
        self._tokens = load_tokens("light")

    @property
    def rows(self) -> tuple[bytes, ...]:
        """The modules, row by row: 1 is dark."""
        return self._rows

    def set_text(self, text: str) -> None:
        """What the code says."""
        if text == self._text:
            return
        self._text = text
        try:
            code = segno.make(text, error="m", micro=False) if text else None
        except segno.DataOverflowError:
            code = None
        self._rows = tuple(bytes(row) for row in code.matrix) if code is not None else ()
        self.setVisible(bool(self._rows))
        self.setFixedSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        side = (len(self._rows) + 2 * _QUIET) * _MODULE_PX if self._rows else 0
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._tokens.field)
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    left, top = (x + _QUIET) * _MODULE_PX, (y + _QUIET) * _MODULE_PX
                    painter.fillRect(QRectF(left, top, _MODULE_PX, _MODULE_PX), self._tokens.text)
        painter.end()
