"""The timeline on screen: a list view that never jumps.

Its place is kept as an anchor: the newest end, or one row's id and where its top is. Every new layout, whatever caused
it, is followed by putting the anchor back before anything is painted.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView

from mrsambosk_desktop.core.grouping import local_day
from mrsambosk_desktop.delegates.row_layout import QUIET_MS, Zone, pill_text
from mrsambosk_desktop.delegates.timeline import TimelineDelegate
from mrsambosk_desktop.models.entries import Key, TimelineRow
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.models.transcript import transcript

from .hover_bar import HoverBar
from .theme import Theme
from .timeline_overlays import DayPill, JumpButton

#: Pages are asked for when the reader is this many view heights from the end of what is loaded.
_AHEAD: Final = 2.5
_ASK_AGAIN_SECONDS: Final = 3.0
_FLASH_MS: Final = 1500
#: A timeline shorter than this many rows is brought down to the composer.
_SHORT_ROWS: Final = 80


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row, and how far its top is below the top of the view."""

    key: Key
    offset: int


class TimelineView(QListView):
    """Signals: `menu_wanted` (row, global point), `zone_clicked` (row, zone), `older_wanted`, `newer_wanted`,
    `react_wanted` (row, global point), `latest_wanted` when the newest end is not loaded, `read_reached` (id), and the
    keys that mean something for the current row: `delete_pressed` (row, at once), `reply_pressed`, `edit_pressed`;
    `left` for Esc."""

    menu_wanted = Signal(object, QPoint)
    react_wanted = Signal(object, QPoint)
    zone_clicked = Signal(object, object)
    older_wanted = Signal()
    newer_wanted = Signal()
    latest_wanted = Signal()
    read_reached = Signal(int)
    delete_pressed = Signal(object, bool)
    reply_pressed = Signal(object)
    edit_pressed = Signal(object)
    left = Signal()

    def __init__(self, theme: Theme, model: TimelineModel) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self._anchor: Anchor | None = None
        self._laying_out = False
        # The bar where the last layout or movement left it, where it was before that, and how many layouts there were.
        self._settled = 0
        self._before = 0
        self._layouts = 0
        # Until the reader has done anything, and while nothing was shown yet, a room is laid out as just opened.
        self._opening = False
        self._heading_latest = False
        self._pressed: tuple[Key, Zone] | None = None
        self._dragged_from: Key | None = None
        self._asked: dict[str, tuple[Key | None, float]] = {}
        self._read = 0
        self._empty_text = ""
        self._delegate = TimelineDelegate(theme, self)
        self._pill = DayPill(theme, self.viewport())
        self.jump = JumpButton(theme, self)
        self.hover = HoverBar(theme, self.viewport())
        self._flash_timer = QTimer(self)
        self._flash_timer.setSingleShot(True)
        self._flash_timer.timeout.connect(self._end_flash)
        self.setAccessibleName(self.tr("Messages"))
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAutoScroll(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setViewportMargins(0, 0, 0, 8)
        self.setMinimumSize(120, 60)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.jump.clicked.connect(self.to_latest)
        self.hover.react_wanted.connect(self.react_wanted)
        self.hover.reply_wanted.connect(self.reply_pressed)
        self.hover.more_wanted.connect(self.menu_wanted)
        model.modelReset.connect(self._reset)
        model.arrived.connect(self._arrived)
        model.ends_changed.connect(self.scheduleDelayedItemsLayout)
        model.rowsInserted.connect(self._rows_inserted)
        theme.changed.connect(self._theme_changed)

    # Where the reader is ----------------------------------------------------------------------------------------

    @property
    def at_latest(self) -> bool:
        """Whether the newest end is shown, and new rows will keep it shown."""
        return self._anchor is None and not self._model.has_newer

    def to_latest(self) -> None:
        """Shows the newest end, asking for it when it is not loaded."""
        if self._model.has_newer:
            self._heading_latest = True
            self.latest_wanted.emit()
        self._opening = False
        self._anchor = None
        self._model.set_following(True)
        self._restore()
        self._after_scroll()

    def show_row(self, key: Key, *, flash: bool = True) -> bool:
        """Brings a row into view and points it out. False when it is not in the window."""
        number = self._model.place_of(key)
        if number is None:
            return False
        self._opening = False
        rect = self.visualRect(self._model.index(number))
        if rect.top() < 0 or rect.bottom() > self.viewport().height():
            self._anchor = Anchor(key, max(0, (self.viewport().height() - rect.height()) // 3))
            self._restore()
            self._scrolled(self.verticalScrollBar().value())
        if flash:
            self._delegate.flash = key
            self._flash_timer.start(_FLASH_MS)
            self.viewport().update()
        return True

    def set_empty_text(self, text: str) -> None:
        """What to say while there is nothing to show."""
        self._empty_text = text
        said = text if self._model.rowCount() == 0 else ""
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            self.viewport().update()

    def current_row(self) -> TimelineRow | None:
        """The row that keys act on."""
        index = self.currentIndex()
        return self._model.row(index.row()) if index.isValid() else None

    def selected_text(self) -> str:
        """The selected rows' texts, in order, or the current row's."""
        numbers = sorted(index.row() for index in self.selectedIndexes()) or [self.currentIndex().row()]
        return transcript(self._model.row(number) for number in numbers if number >= 0)

    def is_picked(self, row: TimelineRow) -> bool:
        """Whether the row is one of several that are selected."""
        picked = self.selectedIndexes()
        return len(picked) > 1 and any(self._model.row(index.row()).key == row.key for index in picked)

    # Layout -----------------------------------------------------------------------------------------------------

    def doItemsLayout(self) -> None:
        self._laying_out = True
        self._layouts += 1
        self._before = self._settled
        self.hover.hide()
        try:
            self._lead()
            super().doItemsLayout()
            if self._opening:
                self._begin()
            self._restore()
        finally:
            self._laying_out = False
        self._settled = self.verticalScrollBar().value()
        if not self._model.has_newer and self.verticalScrollBar().value() >= self.verticalScrollBar().maximum() - 2:
            self._take_anchor()
        self._after_scroll()

    def updateGeometries(self) -> None:
        # Ranges change here, and the bar with them: that is not the reader scrolling.
        laying_out, self._laying_out = self._laying_out, True
        super().updateGeometries()
        self._laying_out = laying_out

    def resizeEvent(self, event: QResizeEvent) -> None:
        laying_out, self._laying_out = self._laying_out, True
        super().resizeEvent(event)
        self._laying_out = laying_out
        self._set_width()
        self._place_jump()
        self.doItemsLayout()

    def dataChanged(self, top: QModelIndex, bottom: QModelIndex, roles: Any = ()) -> None:  # type: ignore[override]
        super().dataChanged(top, bottom, list(roles))
        for number in range(top.row(), bottom.row() + 1):
            shown = self.visualRect(self._model.index(number)).height()
            if shown != self._delegate.height_of(self._model.row(number)) + (self._delegate.lead if not number else 0):
                self.scheduleDelayedItemsLayout()
                break
        self.viewport().update()

    def _lead(self) -> None:
        count = self._model.rowCount()
        lead = 0
        if 0 < count <= _SHORT_ROWS:
            total = 0
            for number in range(count):
                total += self._delegate.height_of(self._model.row(number))
                if total >= self.viewport().height():
                    break
            lead = max(0, self.viewport().height() - total)
        self._delegate.lead = lead

    def _restore(self) -> None:
        """Puts the anchor back where it was."""
        bar = self.verticalScrollBar()
        laying_out, self._laying_out = self._laying_out, True
        try:
            if self._anchor is None:
                bar.setValue(bar.maximum())
            elif (number := self._model.place_of(self._anchor.key)) is not None:
                top = self.visualRect(self._model.index(number)).top()
                bar.setValue(bar.value() + top - self._anchor.offset)
        finally:
            self._laying_out = laying_out

    def _set_width(self) -> None:
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._delegate.set_width(self.viewport().width(), mirrored, self.width() - self.viewport().width())

    def _theme_changed(self) -> None:
        self._delegate.forget()
        self._place_jump()
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._set_width()
            self._place_jump()
            self.scheduleDelayedItemsLayout()

    # What the model tells ---------------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._asked.clear()
        self._read = 0
        self.jump.set_counts(0, 0)
        self._anchor = None
        self._model.set_following(True)
        self.set_empty_text(self._empty_text)
        # Who asked for the latest is not taken to where reading once began.
        self._opening, self._heading_latest = not self._heading_latest, False
        self.doItemsLayout()

    def _begin(self) -> None:
        """Where a room begins: at its newest end, or where reading ended when all that is new does not fit there."""
        self._anchor = None
        self._restore()
        for number in range(self._model.rowCount()):
            row = self._model.row(number)
            if row.group.unread and self.visualRect(self._model.index(number)).top() < 0:
                self._anchor = Anchor(row.key, round(self.viewport().height() * 0.25))
                self._restore()
        self._take_anchor()

    def _rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        self.set_empty_text(self._empty_text)
        self._opening = self._opening and not self.isVisible()
        if last == self._model.rowCount() - 1 and (pending := self._model.row(last).pending) is not None:
            # Nothing is said of it while it is this young: look again when it no longer is.
            age = time.time() * 1000 - pending.queued_at
            if age < QUIET_MS:
                QTimer.singleShot(QUIET_MS + 20, self.viewport(), self._delegate.end_quiet)

    def _arrived(self, count: int, mentions: int) -> None:
        if not self.at_latest:
            self.jump.set_counts(self.jump.count + count, self.jump.mentions + mentions)
        self._after_scroll()

    # What the reader does ---------------------------------------------------------------------------------------

    def _scrolled(self, value: int) -> None:
        if self._laying_out:
            return
        self._opening = False
        self.hover.hide()
        bar = self.verticalScrollBar()
        # With the mouse over it, the view has laid out already, to see what is below it now.
        late = bar.value() != value
        moved, layouts = value - (self._before if late else self._settled), self._layouts
        self.executeDelayedItemsLayout()
        if late or self._layouts != layouts:
            # Rows came in between, and their layout put the reader back to where the movement began.
            self._laying_out = True
            bar.setValue(bar.value() + moved)
            self._laying_out = False
        self._settled = bar.value()
        self._take_anchor()
        self._show_day()
        self._after_scroll()

    def _take_anchor(self) -> None:
        """Remembers where the reader is now."""
        bar = self.verticalScrollBar()
        if bar.value() >= bar.maximum() - 2 and not self._model.has_newer:
            self._anchor = None
        else:
            number = self._top_number()
            row = self._model.row(number) if number is not None else None
            if row is None or number is None:
                self._anchor = None
            else:
                self._anchor = Anchor(row.key, self.visualRect(self._model.index(number)).top())
        self._model.set_following(self._anchor is None)

    def _top_number(self) -> int | None:
        index = self.indexAt(QPoint(self.viewport().width() // 2, 1))
        return index.row() if index.isValid() else None

    def _show_day(self) -> None:
        number = self._top_number()
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

    def _after_scroll(self) -> None:
        """Asks for pages that will be needed, tells what was read, shows or hides the jump button."""
        bar = self.verticalScrollBar()
        # Both ends at once are never near: each page of one would push out what the other asks for.
        ahead = max(min(self.viewport().height() * _AHEAD, (bar.maximum() - bar.minimum()) / 4), 1)
        if self._model.has_older and bar.value() - bar.minimum() < ahead:
            self._ask("older", self._model.first_id, self.older_wanted)
        if self._model.has_newer and bar.maximum() - bar.value() < ahead:
            self._ask("newer", self._model.last_id, self.newer_wanted)
        if self.at_latest and self.jump.count:
            self.jump.set_counts(0, 0)
        far = bar.maximum() - bar.value() > self.viewport().height() * 0.5
        self.jump.setVisible(not self.at_latest and (far or self.jump.count > 0 or self._model.has_newer))
        self._tell_read()

    def _ask(self, side: str, end: Key | None, signal: Any) -> None:
        asked, at = self._asked.get(side, (None, 0.0))
        now = time.monotonic()
        if (asked == end and at and now - at < _ASK_AGAIN_SECONDS) or not self.isVisible():
            return
        self._asked[side] = (end, now)
        # Later: a page may come at once, and the layout that led here is not over.
        QTimer.singleShot(0, self, signal.emit)

    def _tell_read(self) -> None:
        if not self.isVisible() or not self.isActiveWindow():
            return
        if self.at_latest:
            seen = self._model.last_id
        else:
            index = self.indexAt(QPoint(self.viewport().width() // 2, self.viewport().height() - 2))
            row = self._model.row(index.row() - 1) if index.isValid() and index.row() > 0 else None
            seen = row.key if row is not None and isinstance(row.key, int) else None
        if seen is not None and seen > self._read:
            self._read = seen
            self.read_reached.emit(seen)

    def window_activated(self) -> None:
        """The window is in front: what shows counts as read."""
        self._tell_read()

    def _last_shown(self) -> QModelIndex:
        """The lowest row in view."""
        index = self.indexAt(QPoint(self.viewport().width() // 2, self.viewport().height() - 2))
        return index if index.isValid() else self._model.index(self._model.rowCount() - 1)

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
        self._delegate.show_focus = False
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
            start, end = self._model.place_of(self._dragged_from), self.indexAt(event.position().toPoint())
            # Within one row the hand may tremble; from the second row on it is meant.
            if start is not None and end.isValid() and (end.row() != start or self.selectedIndexes()):
                self._pressed = None
                self._pick_to(self._model.index(start), end)
            return
        if not event.buttons():
            self._hover(event.position().toPoint())
        over = self._zone_at(event.position().toPoint()) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

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
        if event.type() is QEvent.Type.Leave:
            self.hover.hide()
        return super().viewportEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
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

    def open_menu(self) -> None:
        """The current row's menu, at its bubble."""
        row = self.current_row()
        if row is not None:
            rect = QRectF(self.visualRect(self.currentIndex()))
            bubble = self._delegate.bubble(row, self.currentIndex().row(), rect)
            inside = bubble.intersected(QRectF(self.viewport().rect()))
            self.menu_wanted.emit(row, self.viewport().mapToGlobal(inside.center().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current_row()
        key, plain = event.key(), event.modifiers() == Qt.KeyboardModifier.NoModifier
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        self._delegate.show_focus = True
        if key == Qt.Key.Key_Menu or (key == Qt.Key.Key_F10 and shift):
            self.open_menu()
        elif event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_Delete and (plain or shift) and row is not None:
            self.delete_pressed.emit(row, shift)
        elif key == Qt.Key.Key_R and plain and row is not None:
            self.reply_pressed.emit(row)
        elif key == Qt.Key.Key_E and plain and row is not None:
            self.edit_pressed.emit(row)
        elif key == Qt.Key.Key_End and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.to_latest()
        elif key == Qt.Key.Key_Escape:
            if self.selectedIndexes():
                self.clearSelection()
            else:
                self.left.emit()
        elif event.text() and event.text().isprintable() and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            # Letters do not search: a list that jumps while one types into the wrong pane helps nobody.
            event.ignore()
        else:
            super().keyPressEvent(event)
            if self.currentIndex().isValid() and self._model.row(self.currentIndex().row()) is not row:
                self.scrollTo(self.currentIndex())
        self.viewport().update()

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """As usual, but from what shows, and rows folded into another are stepped over."""
        if not self.currentIndex().isValid():
            return self._last_shown()
        index = super().moveCursor(action, modifiers)
        up = (QAbstractItemView.CursorAction.MoveUp, QAbstractItemView.CursorAction.MovePrevious)
        step = -1 if action in up else 1
        while index.isValid() and self._delegate.height_of(self._model.row(index.row())) == 0:
            index = self._model.index(index.row() + step)
        return index if index.isValid() else self.currentIndex()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        if event.reason() in by_key:
            self._delegate.show_focus = True
            if not self.currentIndex().isValid() and self._model.rowCount():
                self.selectionModel().setCurrentIndex(self._last_shown(), self.selectionModel().SelectionFlag.NoUpdate)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._model.rowCount() == 0 and self._empty_text:
            painter = QPainter(self.viewport())
            painter.setFont(self._theme.font(14))
            painter.setPen(self._theme.tokens.muted)
            box = self.viewport().rect().adjusted(30, 0, -30, 0)
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(box, flags, self._empty_text)

    def _place_jump(self) -> None:
        size = self.jump.sizeHint()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = 16 if mirrored else self.width() - size.width() - 16
        self.jump.setGeometry(x, self.height() - size.height() - 10, size.width(), size.height())
        self.jump.raise_()

    def _end_flash(self) -> None:
        self._delegate.flash = None
        self.viewport().update()
