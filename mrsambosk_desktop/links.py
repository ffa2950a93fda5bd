"""Invites that macOS hands to an app that runs already: there they come as an event, elsewhere on the command line."""

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class Links(QObject):
    """`asked` (link) for each that was clicked. Make one before the loop runs and keep it while it does."""

    asked = Signal(str)

    def __init__(self, qt: QApplication) -> None:
        super().__init__(qt)
        qt.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.FileOpen:
            return False
        assert isinstance(event, QFileOpenEvent)
        self.asked.emit(event.url().toString(event.url().ComponentFormattingOption.FullyEncoded))
        return True
