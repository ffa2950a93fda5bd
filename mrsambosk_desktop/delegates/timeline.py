"""The timeline's delegate: a cache of measured rows, and the painting of those that show."""

from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mrsambosk_desktop.models.entries import Key, TimelineRow
from mrsambosk_desktop.models.timeline import TimelineModel, TimelineRole
from mrsambosk_desktop.models.window import MAX_ROWS

from .look import Look, text_look
from .row_layout import Fonts, RowLayout, Zone, measure_row, text_width_for
from .row_painter import bubble_box, paint_row

_KEPT: Final = 2 * MAX_ROWS


class TimelineDelegate(QStyledItemDelegate):
    """`set_width` before anything is measured, and whenever the view's width or direction changes.

    `lead` is empty room above the first row, which brings a short timeline down to the composer.
    `flash` is the row that is being pointed out; `show_focus` whether the current row is ringed.

    Signals: `language_wanted` (name), once each, for code that could be in colours: `show_colours` when it is loaded.
    """

    language_wanted = Signal(str)

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._width = 400.0
        self._text_width = text_width_for(self._width, self._look.scale)
        self._mirrored = False
        self._bar = 0.0
        self._measured: dict[Key, RowLayout] = {}
        # A list view asks for every row's size whenever it lays out, which is with every new message.
        self._sizes: dict[Key, tuple[TimelineRow, QSize]] = {}
        self._asked: set[str] = set()
        self.lead = 0
        self.flash: Key | None = None
        self.show_focus = False
        self.forget()

    def forget(self) -> None:
        """The theme or the text size changed: measures and colours are made anew."""
        self._measured.clear()
        self._sizes.clear()
        self._text_width = text_width_for(self._width, self._look.scale)
        self._fonts = Fonts(self._look)
        self._texts = {own: text_look(self._look, own=own) for own in (False, True)}

    @property
    def fonts(self) -> Fonts:
        return self._fonts

    def set_width(self, width: int, mirrored: bool, bar: int = 0) -> None:
        """How wide rows are, whether they read from the right, and how wide a scroll bar stands at their end."""
        self._width, self._bar = float(width), float(bar)
        self._text_width = text_width_for(self._width, self._look.scale)
        self._mirrored = mirrored
        self._sizes.clear()

    def layout_for(self, row: TimelineRow) -> RowLayout:
        """The row's measures, from the cache while they hold."""
        made = self._measured.get(row.key)
        if made is None or not made.serves(row, self._text_width, self._mirrored):
            if len(self._measured) >= _KEPT:
                for key in list(self._measured)[: _KEPT // 2]:
                    del self._measured[key]
            made = measure_row(row, self._text_width, self._mirrored, self._fonts, self._texts[row.mine])
            self._measured[row.key] = made
            for language in made.body.plain if made.body is not None else ():
                if language not in self._asked:
                    self._asked.add(language)
                    self.language_wanted.emit(language)
        return made

    def show_colours(self, language: str) -> None:
        """This language is loaded: rows with code in it are painted in colours from now on, as large as they were."""
        for key in [key for key, made in self._measured.items() if made.body and language in made.body.plain]:
            del self._measured[key]

    def end_quiet(self) -> None:
        """Measures anew what was measured while nothing was said of its being sent, and has the view lay it out."""
        if spoken := [key for key, made in self._measured.items() if made.quiet]:
            for key in spoken:
                del self._measured[key]
                self._sizes.pop(key, None)
            self.sizeHintChanged.emit(QModelIndex())

    def height_of(self, row: TimelineRow) -> int:
        """How high a row is, without `lead`."""
        return round(self.layout_for(row).height)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        number = index.row()
        model: TimelineModel = index.model()  # type: ignore[assignment]
        row = model.row(number)
        known = self._sizes.get(row.key)
        if known is None or known[0] is not row:
            if len(self._sizes) >= _KEPT:
                self._sizes.clear()
            known = self._sizes[row.key] = (row, QSize(50, self.height_of(row)))
        size = known[1]
        return QSize(size.width(), size.height() + self.lead) if number == 0 and self.lead else size

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: TimelineRow = index.data(TimelineRole.ROW)
        state = option.state
        painter.save()
        paint_row(
            painter,
            self.layout_for(row),
            self._box(QRectF(option.rect), index.row()),
            self._look.tokens,
            self._fonts,
            self._texts[row.mine],
            selected=bool(state & QStyle.StateFlag.State_Selected),
            focused=self.show_focus and bool(state & QStyle.StateFlag.State_HasFocus),
            flashed=self.flash is not None and row.key == self.flash,
            bar=self._bar,
        )
        painter.restore()

    def bubble(self, row: TimelineRow, number: int, rect: QRectF) -> QRectF:
        """Where the row's bubble is, given where the row is."""
        return bubble_box(self.layout_for(row), self._box(rect, number), self._bar)

    def zone_at(self, row: TimelineRow, number: int, rect: QRectF, point: QPointF) -> Zone | None:
        """What can be clicked at a point of the view."""
        layout = self.layout_for(row)
        inside = point - bubble_box(layout, self._box(rect, number), self._bar).topLeft()
        return next((zone for zone in layout.zones if zone.box.contains(inside)), None)

    def _box(self, rect: QRectF, number: int) -> QRectF:
        return rect.adjusted(0, self.lead, 0, 0) if number == 0 else rect
