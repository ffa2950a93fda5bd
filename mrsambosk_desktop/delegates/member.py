"""How a person looks in the list: picture, presence, name, role; a heading above the first of each group."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mrsambosk_desktop.models.members import MemberRole
from mrsambosk_desktop.models.wording import name_of

from .avatar import paint_avatar, paint_presence
from .look import Look

_HEIGHT: Final = 38
_SECTION: Final = 30
_AVATAR: Final = 28
_MARGIN: Final = 14


class MemberDelegate(QStyledItemDelegate):
    """Paints one person a row."""

    def __init__(self, look: Callable[[], Look], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        look = self._look()
        section = look.px(_SECTION) if index.data(MemberRole.SECTION) else 0
        return QSize(60, max(look.px(_HEIGHT), _AVATAR + 6) + section)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = self._look()
        tokens = look.tokens
        user = index.data(MemberRole.USER)
        mirrored = option.direction is Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        align = side | Qt.AlignmentFlag.AlignAbsolute
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if section := index.data(MemberRole.SECTION):
            font = look.font(11)
            font.setWeight(QFont.Weight.DemiBold)
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 1)
            painter.setFont(font)
            painter.setPen(tokens.muted)
            head = QRectF(box.left() + 16, box.top(), box.width() - 32, look.px(_SECTION) - 4)
            painter.drawText(head, Qt.AlignmentFlag.AlignBottom | align, section.upper())
            box.setTop(box.top() + look.px(_SECTION))
        state = option.state
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(tokens.focus, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(7, 2, -7, -2), 8, 8)

        top = box.center().y() - _AVATAR / 2
        left = box.right() - _MARGIN - _AVATAR if mirrored else box.left() + _MARGIN
        picture = QRectF(left, top, _AVATAR, _AVATAR)
        paint_avatar(painter, tokens, look.font(11, bold=True), picture, user.id, name_of(user))
        if presence := index.data(MemberRole.PRESENCE):
            dot = QPointF(picture.left() + 4 if mirrored else picture.right() - 4, picture.bottom() - 4)
            paint_presence(painter, tokens, tokens.panel, dot, presence)

        inner = box.adjusted(_MARGIN, 0, -_MARGIN - _AVATAR - 10, 0)
        if not mirrored:
            inner = box.adjusted(_MARGIN + _AVATAR + 10, 0, -_MARGIN, 0)
        if role := index.data(MemberRole.ROLE_TEXT):
            inner = self._role(painter, look, inner, role, mirrored)
        painter.setFont(look.font(13.3))
        painter.setPen(tokens.text if index.data(MemberRole.ONLINE) else tokens.muted)
        shown = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideRight, int(inner.width())
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | align | Qt.TextFlag.TextSingleLine, shown)
        painter.restore()

    def _role(self, painter: QPainter, look: Look, inner: QRectF, role: str, mirrored: bool) -> QRectF:
        """Draws the role in its outline; gives the room that is left beside it."""
        font = look.font(10.5)
        width, height = QFontMetricsF(font).horizontalAdvance(role) + 12, look.px(16)
        left = inner.left() if mirrored else inner.right() - width
        pill = QRectF(left, inner.center().y() - height / 2, width, height)
        painter.setPen(QPen(look.tokens.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(pill, 5, 5)
        painter.setFont(font)
        painter.setPen(look.tokens.muted)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, role)
        return inner.adjusted(width + 6, 0, 0, 0) if mirrored else inner.adjusted(0, 0, -width - 6, 0)
