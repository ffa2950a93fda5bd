"""The line above the messages: which room this is, and the ways to what is beside it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from mrsambosk_protocol.entities import Room

from .parts import ElidedLabel, IconButton
from .theme import Theme

_HEIGHT = 54


class RoomHeader(QWidget):
    """Signals: what its buttons ask for. `back` shows where the rooms do not."""

    back_wanted = Signal()
    people_wanted = Signal()
    search_wanted = Signal()
    pins_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("room_header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self.back = IconButton(theme, "back", self.tr("Back to rooms"))
        self.back.hide()
        self.people = IconButton(theme, "people", self.tr("People"))
        self.search = IconButton(theme, "search", self.tr("Search in this room"))
        self.pins = IconButton(theme, "pin", self.tr("Pinned messages"))
        for icon, wanted in (
            (self.back, self.back_wanted),
            (self.people, self.people_wanted),
            (self.search, self.search_wanted),
            (self.pins, self.pins_wanted),
        ):
            icon.clicked.connect(lambda _checked=False, wanted=wanted: wanted.emit())
        self.title = ElidedLabel(role="title")
        # All it needs, until the topic has nothing left to give.
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.topic = ElidedLabel(role="muted")
        line = QHBoxLayout(self)
        line.setContentsMargins(18, 0, 14, 0)
        line.setSpacing(12)
        line.addWidget(self.back)
        line.addWidget(self.title)
        line.addWidget(self.topic, 1)
        icons = QHBoxLayout()
        icons.setSpacing(4)
        for icon in (self.search, self.pins, self.people):
            icons.addWidget(icon)
        line.addLayout(icons)
        theme.changed.connect(self._fit)
        self._fit()

    def set_room(self, room: Room) -> None:
        """The room that is open."""
        self.title.setText(f"# {room.name}")
        self.topic.setText(room.topic)

    def _fit(self) -> None:
        # There is room to spare at the usual size of text.
        self.setFixedHeight(max(_HEIGHT, self._theme.px(_HEIGHT * 0.8)))
