"""The round picture of a person: initials on their colour, with their presence where it is wanted."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from mrsambosk_protocol.entities import AWAY, BUSY, OFFLINE

from .tokens import Tokens, initials


def paint_avatar(painter: QPainter, tokens: Tokens, font: QFont, box: QRectF, user_id: str, name: str) -> None:
    """Fills the square box with a disc and one or two letters."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tokens.person_fill(user_id))
    painter.drawEllipse(box)
    # The disc does not grow with the text, so neither do the letters in it.
    fitted = QFont(font)
    fitted.setPixelSize(round(box.height() * 0.39))
    painter.setFont(fitted)
    painter.setPen(tokens.on_people)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, initials(name))


def paint_presence(painter: QPainter, tokens: Tokens, ground: QColor, centre: QPointF, status: str) -> None:
    """A small disc ringed by the ground it stands on. Presence is in words too, wherever this is drawn."""
    colours = {OFFLINE: tokens.offline, AWAY: tokens.away, BUSY: tokens.busy}
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawEllipse(centre, 6.5, 6.5)
    painter.setBrush(colours.get(status, tokens.ok))
    painter.drawEllipse(centre, 4.5, 4.5)
    if status == OFFLINE:
        # Hollow, so that it differs in shape and not only in colour.
        painter.setBrush(ground)
        painter.drawEllipse(centre, 2.2, 2.2)
