"""What stands in the timeline's place while a room has no message: where one is, what to do, and for who hosts, the way
to get others in."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mrsambosk_desktop.delegates.icons import pixmap
from mrsambosk_desktop.models.wording import isolated

from .parts import button, label
from .theme import Theme

_MARK = 52


class EmptyRoom(QWidget):
    """Covers the widget it is put over. `invite_wanted` comes from its button, which only who hosts has."""

    invite_wanted = Signal()

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("chat")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._over = theme, over
        self._mark = label(centred=True)
        self._mark.setAccessibleName(self.tr("No messages yet"))
        self._mark.setFixedSize(QSize(_MARK, _MARK))
        self._title = label(role="card", wraps=True, centred=True)
        self._words = label(role="muted", wraps=True, centred=True)
        self.invite = button(self.tr("Invite…"), self.invite_wanted.emit, "primary", name=self.tr("Invite others"))
        centre = Qt.AlignmentFlag.AlignHCenter
        box = QVBoxLayout(self)
        box.setContentsMargins(30, 20, 30, 20)
        box.setSpacing(8)
        box.addStretch(2)
        box.addWidget(self._mark, 0, centre)
        box.addSpacing(4)
        box.addWidget(self._title)
        box.addWidget(self._words)
        box.addSpacing(8)
        box.addWidget(self.invite, 0, centre)
        box.addStretch(3)
        over.installEventFilter(self)
        theme.changed.connect(self._tint)
        self._tint()
        self.set_hosting(False)
        self.hide()

    def set_room(self, name: str) -> None:
        """Which room it is."""
        self._title.setText(self.tr("This is the beginning of #{room}").format(room=isolated(name)))

    def set_hosting(self, hosting: bool) -> None:
        """Whether this app hosts: then others can be invited from here."""
        self.invite.setVisible(hosting)
        if hosting:
            self._words.setText(self.tr("No messages yet. Say hello, or let others in."))
        else:
            self._words.setText(self.tr("No messages yet. Say hello!"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() is QEvent.Type.Resize:
            self.setGeometry(self._over.rect())
        return False

    def showEvent(self, event: object) -> None:
        self.setGeometry(self._over.rect())
        self.raise_()

    def _tint(self) -> None:
        self._mark.setPixmap(pixmap("chat", self._theme.tokens.accent.name(), _MARK, 2.0))
