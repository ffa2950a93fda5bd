"""How a found message looks: who and when on one line, below it two lines of the text, what was looked for marked."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mrsambosk_desktop.models.found import FoundRole, FoundRow
from mrsambosk_desktop.models.wording import isolated, name_of, when_text

from .avatar import paint_avatar
from .body_layout import reads_right, text_option, utf16_length
from .look import Look

_AVATAR: Final = 26
_MARGIN: Final = 12
_GAP: Final = 9
_LINES: Final = 2


class FoundDelegate(QStyledItemDelegate):
    """Paints one found message a row; all rows are of one height."""

    def __init__(self, look: Callable[[], Look], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        look = self._look()
        name, text = QFontMetricsF(look.font(12.5, bold=True)), QFontMetricsF(look.font(12.5))
        return QSize(60, round(name.height() + 2 + _LINES * text.height()) + 18)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = self._look()
        tokens = look.tokens
        row: FoundRow = index.data(FoundRole.ROW)
        state = option.state
        mirrored = option.direction is Qt.LayoutDirection.RightToLeft
        box = QRectF(option.rect).adjusted(6, 1, -6, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.selection if selected else tokens.hover)
            painter.drawRoundedRect(box, 9, 9)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(tokens.focus, 1.5))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 8, 8)
        picture = QRectF(box.left() + _MARGIN - 4, box.top() + 8, _AVATAR, _AVATAR)
        inner = box.adjusted(_MARGIN - 4 + _AVATAR + _GAP, 7, -_MARGIN + 2, -7)
        if mirrored:
            picture.moveRight(box.right() - _MARGIN + 4)
            inner = box.adjusted(_MARGIN - 2, 7, -(_MARGIN - 4 + _AVATAR + _GAP), -7)
        paint_avatar(painter, tokens, look.font(10.5, bold=True), picture, row.message.author, name_of(row.author))
        text = tokens.selection_text if selected else tokens.text
        quiet = tokens.selection_text if selected else tokens.muted
        top = self._head(painter, look, row, inner, mirrored, (text, quiet))
        self._snippet(
            painter, look, row, QRectF(inner.left(), top, inner.width(), inner.bottom() - top), mirrored, text
        )
        painter.restore()

    def _head(
        self,
        painter: QPainter,
        look: Look,
        row: FoundRow,
        inner: QRectF,
        mirrored: bool,
        colours: tuple[QColor, QColor],
    ) -> float:
        """Who, where and when; gives where the text begins below."""
        flag = Qt.AlignmentFlag
        near, far = (flag.AlignRight, flag.AlignLeft) if mirrored else (flag.AlignLeft, flag.AlignRight)
        name_font, when_font = look.font(12.5, bold=True), look.font(11)
        height = QFontMetricsF(name_font).height()
        line = QRectF(inner.left(), inner.top(), inner.width(), height)
        when = when_text(row.message.sent_at)
        width = QFontMetricsF(when_font).horizontalAdvance(when) + 8
        single = Qt.TextFlag.TextSingleLine
        painter.setFont(when_font)
        painter.setPen(colours[1])
        painter.drawText(line, int(flag.AlignVCenter | far | flag.AlignAbsolute) | int(single), when)
        rest = line.adjusted(width, 0, 0, 0) if mirrored else line.adjusted(0, 0, -width, 0)
        painter.setFont(name_font)
        painter.setPen(colours[0])
        name = isolated(name_of(row.author))
        if row.room:
            name = f"{name} · # {isolated(row.room)}"
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(rest.width()))
        painter.drawText(rest, int(flag.AlignVCenter | near | flag.AlignAbsolute) | int(single), shown)
        return line.bottom() + 2

    def _snippet(
        self, painter: QPainter, look: Look, row: FoundRow, box: QRectF, mirrored: bool, colour: QColor
    ) -> None:
        font = look.font(12.5)
        layout = QTextLayout(row.text, font)
        right = reads_right(row.text)
        layout.setTextOption(text_option(right))
        layout.setFormats(_marks(look, row, font))
        layout.beginLayout()
        y = 0.0
        while y < box.height() and (line := layout.createLine()).isValid():
            line.setLineWidth(box.width())
            at_end = right or mirrored
            line.setPosition(QPointF(box.width() - line.naturalTextWidth() if at_end else 0, y))
            y += line.height()
        layout.endLayout()
        painter.setPen(colour)
        painter.save()
        painter.setClipRect(box)
        layout.draw(painter, box.topLeft())
        painter.restore()


def _marks(look: Look, row: FoundRow, font: QFont) -> list[QTextLayout.FormatRange]:
    tokens = look.tokens
    marks, at = [], 0
    for piece in row.pieces:
        length = utf16_length(piece.text)
        if piece.hit:
            hit = QTextCharFormat()
            strong = QFont(font)
            strong.setBold(True)
            hit.setFont(strong)
            hit.setBackground(tokens.flash)
            hit.setForeground(tokens.text)
            mark = QTextLayout.FormatRange()
            mark.start, mark.length, mark.format = at, length, hit
            marks.append(mark)
        at += length
    return marks
