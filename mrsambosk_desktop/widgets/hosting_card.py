"""The card at the foot of the room list while this app hosts: where, how many are here, Invite… and Stop."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import HostCard
from mrsambosk_desktop.models.wording import isolated

from .parts import ElidedLabel, button
from .theme import Theme


class _Dot(QWidget):
    """The green point that says: running."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(8, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.tokens.ok)
        painter.setBrush(self._theme.tokens.ok)
        painter.drawEllipse(self.rect().adjusted(0, 0, -1, -1))


class HostingCard(QFrame):
    """Shown only while hosting."""

    invite_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("card")
        self._title = ElidedLabel(role="strong")
        self._where = ElidedLabel(role="small")
        title = QHBoxLayout()
        title.setSpacing(6)
        title.addWidget(_Dot(theme))
        title.addWidget(self._title, 1)
        self.invite = button(self.tr("Invite…"), self.invite_wanted.emit, "primary")
        self.stop = button(self.tr("Stop"), self.stop_wanted.emit, name=self.tr("Stop hosting"))
        buttons = QHBoxLayout()
        buttons.setSpacing(5)
        buttons.addWidget(self.invite)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 10, 12, 10)
        box.setSpacing(4)
        box.addLayout(title)
        box.addWidget(self._where)
        box.addSpacing(3)
        box.addLayout(buttons)
        self.hide()

    def set_host(self, card: HostCard) -> None:
        """Where it runs and who is there; which room it is, where another is looked at."""
        self.setVisible(card.hosting or bool(card.own_room))
        if card.own_room:
            title = self.tr("Hosting {room}").format(room=isolated(card.own_room))
        else:
            title = self.tr("Hosting this room")
        self._title.setText(title)
        self.setAccessibleName(title)
        online = self.tr("{count} online").format(count=card.online)
        # An address reads from the left wherever it stands.
        addresses = (f"\u2066{line}\u2069" for line in card.address_lines[:1])
        self._where.setText(" · ".join((*addresses, isolated(online))))
