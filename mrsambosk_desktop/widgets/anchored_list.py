"""A list of messages that never jumps: where the reader is, kept whatever comes.

Its place is kept as an anchor: the newest end, or one row's id and where its top is. Every new layout, whatever caused
it, is followed by putting the anchor back before anything is painted. What the keys do is
`KeyedList`'s, what the mouse does `TimelineView`'s.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from mrsambosk_desktop.delegates.timeline import TimelineDelegate
from mrsambosk_desktop.models.entries import Key
from mrsambosk_desktop.models.timeline import TimelineModel

from .theme import Theme
from .timeline_overlays import JumpButton

#: Pages are asked for when the reader is this many view heights from the end of what is loaded.
_AHEAD: Final = 2.5
_ASK_AGAIN_SECONDS: Final = 3.0
#: A timeline shorter than this many rows is brought down to the composer.
_SHORT_ROWS: Final = 80


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row, and how far its top is below the top of the view."""

    key: Key
    offset: int


class AnchoredList(QListView):
    """Signals: `older_wanted`, `newer_wanted`, `latest_wanted` when the newest end is not loaded, `read_reached` (id);
    `scrolled` when the reader moved, `laid_out` when rows may have. `jump` leads back to the newest end.

    Qt lays out while this is still being made: a subclass listens to `laid_out`, and overrides no `doItemsLayout`.
    """

    older_wanted = Signal()
    newer_wanted = Signal()
    latest_wanted = Signal()
    read_reached = Signal(int)
    scrolled = Signal()
    laid_out = Signal()

    def __init__(self, theme: Theme, model: TimelineModel) -> None:
        super().__init__()
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
        self._asked: dict[str, tuple[Key | None, float]] = {}
        self._read = 0
        self._delegate = TimelineDelegate(theme, self)
        self.jump = JumpButton(theme, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoScroll(False)
        self.setViewportMargins(0, 0, 0, 8)
        self.verticalScrollBar().valueChanged.connect(self._bar_moved)
        self.jump.clicked.connect(self.to_latest)
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

    def bring_into_view(self, key: Key) -> bool:
        """Goes to a row unless all of it shows. False when it is not in the window."""
        number = self._model.place_of(key)
        if number is None:
            return False
        self._opening = False
        rect = self.visualRect(self._model.index(number))
        if rect.top() < 0 or rect.bottom() > self.viewport().height():
            self._anchor = Anchor(key, max(0, (self.viewport().height() - rect.height()) // 3))
            self._restore()
            self._bar_moved(self.verticalScrollBar().value())
        return True

    def window_activated(self) -> None:
        """The window is in front: what shows counts as read."""
        self._tell_read()

    def top_number(self) -> int | None:
        """The place of the topmost row in view."""
        index = self.indexAt(QPoint(self.viewport().width() // 2, 1))
        return index.row() if index.isValid() else None

    # Layout -----------------------------------------------------------------------------------------------------

    def doItemsLayout(self) -> None:
        self._laying_out = True
        self._layouts += 1
        self._before = self._settled
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
        self.laid_out.emit()
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
        self.jump.stand_in(self.size())
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
        self.jump.stand_in(self.size())
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._set_width()
            self.jump.stand_in(self.size())
            self.scheduleDelayedItemsLayout()

    # What the model tells ---------------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._asked.clear()
        self._read = 0
        self.jump.set_counts(0, 0)
        self._anchor = None
        self._model.set_following(True)
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

    def _rows_inserted(self) -> None:
        self._opening = self._opening and not self.isVisible()

    def _arrived(self, count: int, mentions: int) -> None:
        if not self.at_latest:
            self.jump.set_counts(self.jump.count + count, self.jump.mentions + mentions)
        self._after_scroll()

    # What the reader does ---------------------------------------------------------------------------------------

    def _bar_moved(self, value: int) -> None:
        if self._laying_out:
            return
        self._opening = False
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
        self.scrolled.emit()
        self._after_scroll()

    def _take_anchor(self) -> None:
        """Remembers where the reader is now."""
        bar = self.verticalScrollBar()
        if bar.value() >= bar.maximum() - 2 and not self._model.has_newer:
            self._anchor = None
        else:
            number = self.top_number()
            row = self._model.row(number) if number is not None else None
            if row is None or number is None:
                self._anchor = None
            else:
                self._anchor = Anchor(row.key, self.visualRect(self._model.index(number)).top())
        self._model.set_following(self._anchor is None)

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
