"""The timeline on screen: what the mouse does to its rows, and what floats over them.

Where the reader is, and that it stays, is `AnchoredList`'s; what the keys do is `KeyedList`'s.
"""

import time
from typing import Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QToolTip

from mrsambosk_desktop.core.grouping import local_day
from mrsambosk_desktop.delegates.row_layout import QUIET_MS, Act, Zone, pill_text
from mrsambosk_desktop.models.entries import Key, TimelineRow
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.models.wording import ticks_text

from .edge_scroll import EdgeScroll
from .hover_bar import HoverBar
from .keyed_list import KeyedList
from .theme import Theme
from .timeline_overlays import DayPill

_FLASH_MS: Final = 1500


class TimelineView(KeyedList):
    """Signals besides the list's: `zone_clicked` (row, zone), `react_wanted` (row, global point); `language_wanted`
    (name) for code that could be in colours, once `show_colours` says that they are there."""

    react_wanted = Signal(object, QPoint)
    zone_clicked = Signal(object, object)
    language_wanted = Signal(str)

    def __init__(self, theme: Theme, model: TimelineModel) -> None:
        super().__init__(theme, model)
        self._theme = theme
        self._pressed: tuple[Key, Zone] | None = None
        self._dragged_from: Key | None = None
        self._dragged_to = QPoint()
        self._empty_text = ""
        self._edge = EdgeScroll(self)
        self._edge.moved.connect(self._drag)
        self._pill = DayPill(theme, self.viewport())
        self.hover = HoverBar(theme, self.viewport())
        self._flash_timer = QTimer(self)
        self._flash_timer.setSingleShot(True)
        self._flash_timer.timeout.connect(self._end_flash)
        self.setAccessibleName(self.tr("Messages"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 60)
        self.hover.react_wanted.connect(self.react_wanted)
        self.hover.reply_wanted.connect(self.reply_pressed)
        self.hover.more_wanted.connect(self.menu_wanted)
        self._delegate.language_wanted.connect(self.language_wanted)
        self.laid_out.connect(self.hover.hide)
        self.scrolled.connect(self._reader_moved)
        model.modelReset.connect(self._say_empty)
        model.rowsInserted.connect(self._rows_came)

    def show_row(self, key: Key, *, flash: bool = True) -> bool:
        """Brings a row into view, for the keys too, and points it out. False when it is not in the window."""
        found = self.bring_into_view(key)
        if found and (number := self._model.place_of(key)) is not None:
            self.selectionModel().setCurrentIndex(self._model.index(number), QItemSelectionModel.SelectionFlag.NoUpdate)
        if found and flash:
            self._delegate.flash = key
            self._flash_timer.start(_FLASH_MS)
            self.viewport().update()
        return found

    def show_colours(self, language: str) -> None:
        """This language is loaded: code in it is painted in colours."""
        self._delegate.show_colours(language)
        self.viewport().update()

    def set_empty_text(self, text: str) -> None:
        """What a screen reader is told while there is nothing to show."""
        self._empty_text = text
        self._say_empty()

    # What floats over the rows ----------------------------------------------------------------------------------

    def _reader_moved(self) -> None:
        self.hover.hide()
        self._show_day()

    def _rows_came(self, _parent: QModelIndex, first: int, last: int) -> None:
        self._say_empty()
        if last == self._model.rowCount() - 1 and (pending := self._model.row(last).pending) is not None:
            # Nothing is said of it while it is this young: look again when it no longer is.
            age = time.time() * 1000 - pending.queued_at
            if age < QUIET_MS:
                QTimer.singleShot(QUIET_MS + 20, self.viewport(), self._delegate.end_quiet)

    def _show_day(self) -> None:
        number = self.top_number()
        if number is None or not self.isVisible():
            return
        for near in (number, number + 1):
            if near < self._model.rowCount() and self._model.row(near).group.day is not None:
                # A row's own pill is about there: two of them would overlap.
                top = self.visualRect(self._model.index(near)).top() + (self._delegate.lead if near == 0 else 0)
                if -24 < top < 44:
                    self._pill.hide()
                    return
        self._pill.show_day(pill_text(local_day(self._model.row(number).at)), self.viewport().width())

    def _say_empty(self) -> None:
        said = self._empty_text if self._model.rowCount() == 0 else ""
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)

    def _end_flash(self) -> None:
        self._delegate.flash = None
        self.viewport().update()

    # Mouse ------------------------------------------------------------------------------------------------------

    def _row_at(self, point: QPoint) -> tuple[TimelineRow, int, QRectF] | None:
        index = self.indexAt(point)
        if not index.isValid():
            return None
        return self._model.row(index.row()), index.row(), QRectF(self.visualRect(index))

    def _zone_at(self, point: QPoint) -> tuple[TimelineRow, Zone] | None:
        found = self._row_at(point)
        if found is None:
            return None
        zone = self._delegate.zone_at(*found, QPointF(point))
        return (found[0], zone) if zone is not None else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ring(False)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        index = self.indexAt(event.position().toPoint())
        flags = QItemSelectionModel.SelectionFlag
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._pick_to(self.currentIndex(), index)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if index.isValid():
                self.selectionModel().setCurrentIndex(index, flags.Toggle)
        else:
            hit = self._zone_at(event.position().toPoint())
            self._pressed = (hit[0].key, hit[1]) if hit else None
            self.clearSelection()
            self._dragged_from = self._model.row(index.row()).key if index.isValid() else None
            if index.isValid():
                self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
        self.viewport().update()

    def _pick_to(self, start: QModelIndex, end: QModelIndex) -> None:
        """Selects the rows from one to the other, and no others."""
        if start.isValid() and end.isValid():
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().select(QItemSelection(start, end), flags.ClearAndSelect)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._dragged_from is not None:
            self._dragged_to = event.position().toPoint()
            self._edge.follow(self._dragged_to.y())
            self._drag()
            return
        if not event.buttons():
            self._hover(event.position().toPoint())
        over = self._zone_at(event.position().toPoint()) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def _drag(self) -> None:
        """Picks from where the drag began to the row under the mouse, or at the edge that it is beyond."""
        box = self.viewport().rect()
        x = min(max(self._dragged_to.x(), box.left()), box.right())
        end = self.indexAt(QPoint(x, min(max(self._dragged_to.y(), box.top()), box.bottom())))
        start = self._model.place_of(self._dragged_from) if self._dragged_from is not None else None
        # Within one row the hand may tremble; from the second row on it is meant.
        if start is not None and end.isValid() and (end.row() != start or self.selectedIndexes()):
            self._pressed = None
            self._pick_to(self._model.index(start), end)

    def _end_drag(self) -> None:
        self._dragged_from = None
        self._edge.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._end_drag()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # What took the focus may also get the button's release.
        self._end_drag()

    def _hover(self, point: QPoint) -> None:
        """The bar of the row under the mouse; over the bar itself it stays."""
        if self.hover.isVisible() and self.hover.geometry().contains(point):
            return
        found = self._row_at(point)
        room = QRectF(self.viewport().rect())
        bubble = self._delegate.bubble(*found) if found is not None else QRectF()
        near = bubble.adjusted(-60, -4, 60, 4).contains(QPointF(point))
        self.hover.show_for(found[0] if found is not None and near else None, bubble, room)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            self._tell_ticks(event)
            return True
        if event.type() is QEvent.Type.Leave:
            self.hover.hide()
        return super().viewportEvent(event)

    def _tell_ticks(self, event: QHelpEvent) -> None:
        """What the ticks say, in words of our own; nothing else has a tip."""
        hit = self._zone_at(event.pos())
        if hit is None or hit[1].act is not Act.SEEN:
            QToolTip.hideText()
            return
        # It goes when the mouse leaves the line of the words.
        line = QRect(event.pos(), hit[1].box.size().toSize())
        line.moveCenter(event.pos())
        QToolTip.showText(event.globalPos(), ticks_text(len(hit[0].seen_by)), self.viewport(), line)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._end_drag()
        pressed, self._pressed = self._pressed, None
        hit = self._zone_at(event.position().toPoint())
        if pressed and hit and hit[0].key == pressed[0] and hit[1].act is pressed[1].act:
            self.zone_clicked.emit(*hit)
        elif event.button() is not Qt.MouseButton.RightButton:
            super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.open_menu()
        else:
            found = self._row_at(event.pos())
            if found is not None:
                index = self._model.index(found[1])
                self.selectionModel().setCurrentIndex(index, self.selectionModel().SelectionFlag.NoUpdate)
                self.menu_wanted.emit(found[0], event.globalPos())
        event.accept()
