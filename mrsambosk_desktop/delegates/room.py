"""How a room looks in the list: bold when something is unread, a number beside it, a mark for mentions."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mrsambosk_desktop.models.rooms import RoomRole
from mrsambosk_desktop.models.wording import isolated

from .look import Look

_HEIGHT: Final = 32
_MARGIN: Final = 8


class RoomDelegate(QStyledItemDelegate):
    """Paints one room a row, and a band under the one whose id is `open_room`, wherever the selection is."""

    def __init__(self, look: Callable[[], Look], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.open_room = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(60, self._look().px(_HEIGHT))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = self._look()
        tokens = look.tokens
        room = index.data(RoomRole.ROOM)
        state = option.state
        mirrored = option.direction is Qt.LayoutDirection.RightToLeft
        box = QRectF(option.rect).adjusted(_MARGIN, 1, -_MARGIN, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        selected = room.id == self.open_room
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(tokens.selection if selected else tokens.hover)
            painter.drawRoundedRect(box, 9, 9)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(tokens.focus, 1.5))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 8, 8)
        unread = room.you.unread > 0 and not selected
        inner = box.adjusted(10, 0, -10, 0)
        if room.you.unread or room.you.mentions:
            inner = self._badge(painter, look, inner, room.you.unread, room.you.mentions, mirrored)
        text = tokens.selection_text if selected else tokens.text
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        align = Qt.AlignmentFlag.AlignVCenter | side | Qt.AlignmentFlag.AlignAbsolute
        painter.setFont(look.font(13, bold=unread))
        painter.setPen(text)
        painter.drawText(inner, align, "#")
        lead = look.px(19)
        name = inner.adjusted(0, 0, -lead, 0) if mirrored else inner.adjusted(lead, 0, 0, 0)
        shown = painter.fontMetrics().elidedText(isolated(room.name), Qt.TextElideMode.ElideRight, int(name.width()))
        painter.drawText(name, align | Qt.TextFlag.TextSingleLine, shown)
        painter.restore()

    def _badge(
        self, painter: QPainter, look: Look, inner: QRectF, unread: int, mentions: int, mirrored: bool
    ) -> QRectF:
        """Draws the number; gives the room that is left beside it."""
        tokens = look.tokens
        words = f"@ {mentions}" if mentions else (str(unread) if unread < 1000 else "999+")
        font = look.font(11, bold=True)
        width = max(QFontMetricsF(font).horizontalAdvance(words) + look.px(14), look.px(22))
        height = look.px(17)
        left = inner.left() if mirrored else inner.right() - width
        pill = QRectF(left, inner.center().y() - height / 2, width, height)
        fill: QColor = tokens.danger_fill if mentions else tokens.accent_fill
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(pill, height / 2, height / 2)
        painter.setFont(font)
        painter.setPen(tokens.on_danger if mentions else tokens.on_accent)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, words)
        if mirrored:
            return inner.adjusted(width + 6, 0, 0, 0)
        return inner.adjusted(0, 0, -width - 6, 0)
