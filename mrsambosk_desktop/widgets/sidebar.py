"""The left pane: whose host this is, its rooms or what a search offers, and the hosting card at the foot."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QSizePolicy, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import ConnectionState, HostCard, Link
from mrsambosk_desktop.delegates.room import RoomDelegate
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel, RoomRole

from .hosting_card import HostingCard
from .other_rooms_menu import OtherRoomsMenu
from .parts import ElidedLabel, IconButton, label
from .search_field import SearchField
from .switcher import Switcher
from .theme import Theme


class _Tile(QWidget):
    """The host's first letter on the accent."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._letter = ""
        self.setFixedSize(34, 34)

    def set_name(self, name: str) -> None:
        self._letter = next((char.upper() for char in name if char.isalnum()), "M")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tokens.accent_fill)
        painter.drawRoundedRect(QRectF(self.rect()), 10, 10)
        font = self._theme.font(bold=True)
        font.setPixelSize(17)
        painter.setFont(font)
        painter.setPen(self._theme.tokens.on_accent)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._letter)


class RoomList(QListView):
    """The rooms; Enter or a click opens one. The keys go from row to row; where they are is forgotten with the focus,
    which comes to the open room."""

    def __init__(self, theme: Theme, rooms: RoomModel) -> None:
        super().__init__()
        self._rooms = rooms
        self._delegate = RoomDelegate(lambda: theme, self)
        self.setModel(rooms)
        rooms.modelReset.connect(self._come_back)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setAccessibleName(self.tr("Rooms"))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(200, 100)

    @property
    def place(self) -> int:
        """Where the open room stands; -1: it is not in the list."""
        place = self._rooms.place_of(self._delegate.open_room)
        return -1 if place is None else place

    def mark(self, room_id: str) -> None:
        """This room is open."""
        if room_id != self._delegate.open_room:
            self._delegate.open_room = room_id
            self._come_back()
            self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.ActiveWindowFocusReason:
            self._come_back()

    def _come_back(self) -> None:
        self.setCurrentIndex(self._rooms.index(self.place))


class Sidebar(QWidget):
    """Emits which room was chosen, what was asked of the hosting card and of the menu in the header (`others_wanted`:
    rooms of other hosts); `left` for Esc."""

    room_chosen = Signal(str)
    invite_wanted = Signal()
    stop_wanted = Signal()
    others_wanted = Signal()
    leave_wanted = Signal()
    settings_wanted = Signal()
    left = Signal()

    def __init__(self, theme: Theme, rooms: RoomModel, members: MemberModel) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._card = HostCard(False, "", "")
        self._link = Link.LIVE
        self._tile = _Tile(theme)
        self._name = ElidedLabel(role="strong")
        self._about = ElidedLabel(role="small")
        self.rooms = RoomList(theme, rooms)
        self.hosting = HostingCard(theme)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._name)
        words.addWidget(self._about)
        head = QHBoxLayout()
        head.setContentsMargins(14, 14, 12, 4)
        head.setSpacing(10)
        head.addWidget(self._tile)
        head.addLayout(words, 1)
        self.others = IconButton(theme, "switch", self.tr("Other rooms"), size=18)
        self.others.clicked.connect(lambda _checked=False: self._open_menu())
        self.settings = IconButton(theme, "settings", self.tr("Host and devices"), size=18)
        self.settings.clicked.connect(lambda _checked=False: self.settings_wanted.emit())
        icons = QHBoxLayout()
        icons.setSpacing(0)
        icons.addWidget(self.settings)
        icons.addWidget(self.others)
        head.addLayout(icons)
        self.search = SearchField(theme, self.tr("Search everywhere"))
        looking = QHBoxLayout()
        looking.setContentsMargins(12, 6, 12, 0)
        looking.addWidget(self.search)
        self._section = label(self.tr("ROOMS"), "section")
        self._section.setContentsMargins(16, 12, 16, 4)
        self.switcher = Switcher(theme, rooms.all, lambda: (members.users.values(), members.me))
        self.switcher.told.connect(self.search.setAccessibleDescription)
        foot = QVBoxLayout()
        foot.setContentsMargins(10, 6, 10, 10)
        foot.addWidget(self.hosting)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 1, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addLayout(looking)
        box.addWidget(self._section)
        box.addWidget(self.switcher, 1)
        box.addWidget(self.rooms, 1)
        box.addLayout(foot)
        self.rooms.clicked.connect(self._chosen)
        self.rooms.activated.connect(self._chosen)
        self.hosting.invite_wanted.connect(self.invite_wanted)
        self.hosting.stop_wanted.connect(self.stop_wanted)

    @property
    def stop(self) -> QWidget:
        """Where the focus goes when it comes to this pane."""
        return self.search if self.switcher.offers else self.rooms

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def offer(self, query: str) -> bool:
        """Offers rooms and people of this name in the rooms' place; whether there are some."""
        self.switcher.look_for(query)
        offers = self.switcher.offers
        self.rooms.setVisible(not offers)
        self._section.setText(self.tr("ROOMS AND PEOPLE") if offers else self.tr("ROOMS"))
        return offers

    def set_host(self, card: HostCard) -> None:
        """Whose host this is."""
        self._card = card
        self._tile.set_name(card.host_name)
        self._name.setText(card.host_name)
        self.hosting.set_host(card)
        self._describe()

    def set_connection(self, state: ConnectionState) -> None:
        """How it stands with the host, in a word under its name."""
        self._link = state.link
        if not self._card.host_name and state.host_name:
            self._name.setText(state.host_name)
            self._tile.set_name(state.host_name)
        self._describe()

    def select(self, room_id: str) -> None:
        """Marks the room that is open."""
        self.rooms.mark(room_id)

    def step(self, step: int, *, unread: bool = False) -> None:
        """Chooses the next room in this direction, round the end; of those with something unread if asked."""
        model, here = self.rooms.model(), self.rooms.place
        count = model.rowCount()
        for far in range(1, count):
            index = model.index((here + step * far) % count, 0)
            if not unread or index.data(RoomRole.UNREAD):
                self._chosen(index)
                return

    def _chosen(self, index: object) -> None:
        room = index.data(RoomRole.ROOM)  # type: ignore[attr-defined]
        if room is not None:
            self.room_chosen.emit(room.id)

    def _open_menu(self) -> None:
        # One's own room is stopped, at the foot; another's is left.
        menu = OtherRoomsMenu(self, self._theme, may_leave=not self._card.hosting)
        menu.others_wanted.connect(self.others_wanted)
        menu.leave_wanted.connect(self.leave_wanted)
        menu.open_below(self.others)

    def _describe(self) -> None:
        if self._link not in (Link.LIVE, Link.CATCHING_UP):
            text = self.tr("not connected")
        elif self._card.hosting:
            text = self.tr("hosted by you")
        elif self._card.hosted_by:
            # Beside it stand two buttons: what matters of it is the name.
            text = self.tr("hosted by {name}").format(name=f"\u2068{self._card.hosted_by}\u2069")
        else:
            text = self.tr("connected")
        self._about.setText(text)
