"""How one choice looks: a person's picture, the emoji or a sign, its name, a word beside it."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mrsambosk_desktop.models.choices import Choice, ChoiceRole

from .avatar import paint_avatar
from .icons import paint_icon
from .look import Look

_HEIGHT: Final = 32
_PICTURE: Final = 24.0
_MARGIN: Final = 10.0


class ChoiceDelegate(QStyledItemDelegate):
    """Paints one choice a row."""

    def __init__(self, look: Callable[[], Look], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, max(self._look().px(_HEIGHT), round(_PICTURE) + 6))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, tokens = self._look(), self._look().tokens
        choice: Choice = index.data(ChoiceRole.CHOICE)
        mirrored = option.direction is Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        far = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.selection)
            painter.drawRoundedRect(box.adjusted(4, 1, -4, -1), 7, 7)
        left = box.right() - _MARGIN - _PICTURE if mirrored else box.left() + _MARGIN
        picture = QRectF(left, box.center().y() - _PICTURE / 2, _PICTURE, _PICTURE)
        if choice.user is not None:
            paint_avatar(painter, tokens, look.font(10, bold=True), picture, choice.user.id, choice.user.name)
        elif choice.emoji is not None:
            painter.setFont(look.font(17))
            painter.setPen(tokens.text)
            painter.drawText(picture, Qt.AlignmentFlag.AlignCenter, choice.emoji.text)
        elif choice.room is not None:
            painter.setFont(look.font(14, bold=True))
            painter.setPen(tokens.selection_text if chosen else tokens.muted)
            painter.drawText(picture, Qt.AlignmentFlag.AlignCenter, "#")
        elif choice.search:
            spot = QRectF(picture.center().x() - 8, picture.center().y() - 8, 16, 16)
            paint_icon(painter, "search", tokens.selection_text if chosen else tokens.muted, spot)
        lead = _MARGIN + _PICTURE + 10
        inner = box.adjusted(_MARGIN, 0, -lead, 0) if mirrored else box.adjusted(lead, 0, -_MARGIN, 0)
        painter.setFont(look.font(12))
        painter.setPen(tokens.selection_text if chosen else tokens.muted)
        painter.drawText(inner, middle | far, choice.hint)
        room = painter.fontMetrics().horizontalAdvance(choice.hint) + 8
        painter.setFont(look.font(13.3))
        painter.setPen(tokens.selection_text if chosen else tokens.text)
        inner = inner.adjusted(room, 0, 0, 0) if mirrored else inner.adjusted(0, 0, -room, 0)
        words = index.data(Qt.ItemDataRole.DisplayRole)
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(inner, middle | side | Qt.TextFlag.TextSingleLine, shown)
        painter.restore()
