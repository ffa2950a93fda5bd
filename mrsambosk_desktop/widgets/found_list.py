"""The list of messages that were found, for the search and for the pins."""

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListView, QSizePolicy

from mrsambosk_desktop.delegates.found import FoundDelegate
from mrsambosk_desktop.models.found import FoundModel, FoundRole

from .theme import Theme


class FoundList(QListView):
    """Signals: `chosen` (message) by a click or Enter; `more_wanted` near the end; `left` for Esc, and for ↑ on the
    first row."""

    chosen = Signal(object)
    more_wanted = Signal()
    left = Signal()

    def __init__(self, theme: Theme, model: FoundModel, name: str) -> None:
        super().__init__()
        self._delegate = FoundDelegate(lambda: theme, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.clicked.connect(self._choose)
        self.verticalScrollBar().valueChanged.connect(self._near_end)
        model.rowsInserted.connect(self._look_again)
        model.modelReset.connect(self._look_again)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def sizeHint(self) -> QSize:
        return QSize(200, 200)

    def enter(self) -> None:
        """Takes the focus, at the first row unless one is current."""
        if not self.currentIndex().isValid() and self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
        elif key == Qt.Key.Key_Escape or (key == Qt.Key.Key_Up and self.currentIndex().row() <= 0):
            self.left.emit()
        elif event.text() and event.text().isprintable() and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._near_end()

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(FoundRole.ROW).message)

    def _look_again(self) -> None:
        # Later: whoever told of the rows is not done with them.
        QTimer.singleShot(0, self, self._near_end)

    def _near_end(self) -> None:
        self.executeDelayedItemsLayout()
        bar = self.verticalScrollBar()
        if self.isVisible() and self.model().rowCount() and bar.maximum() - bar.value() < self.viewport().height():
            self.more_wanted.emit()
