"""The right pane: the people of the host, online first; in the same place, the details of one message, what a search
found, and the room's pinned messages."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QListView, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from mrsambosk_desktop.delegates.member import MemberDelegate
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.models.members import MemberModel, MemberRole
from mrsambosk_protocol.entities import User

from .details_page import DetailsPage
from .found_pages import PinsPage, SearchPage
from .member_menu import MemberMenu, member_actions
from .parts import IconButton
from .theme import Theme


class PeopleList(QListView):
    """One person a row, each with a menu of what one may do about them."""

    chosen = Signal(object, str)

    def __init__(self, theme: Theme, members: MemberModel) -> None:
        super().__init__()
        self._theme, self._members = theme, members
        self._delegate = MemberDelegate(lambda: theme, self)
        self.setModel(members)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("People"))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def sizeHint(self) -> QSize:
        return QSize(200, 200)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if not index.isValid():
            return
        user: User = index.data(MemberRole.USER)
        me = self._members.users.get(self._members.me)
        actions = member_actions(me, user)
        if not actions:
            return
        menu = MemberMenu(self, self._theme, user, actions)
        menu.chosen.connect(lambda name: self.chosen.emit(user, name))
        menu.popup(self.viewport().mapToGlobal(self.visualRect(index).center() if by_key else event.pos()))


class PeoplePane(QWidget):
    """Shows people, or another page until that is closed. Signals: `left`: back to the messages; `page_closed`: the
    people are shown again."""

    left = Signal()
    page_closed = Signal()

    def __init__(self, theme: Theme, members: MemberModel, found: FoundModel, pinned: FoundModel) -> None:
        super().__init__()
        self.setObjectName("side_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._members = theme, members
        self._narrow = False
        self._placed: frozenset[str] = frozenset()
        self._stack = QStackedWidget()
        self.people = PeopleList(theme, members)
        for changed in (members.modelReset, members.layoutChanged):
            changed.connect(self._place_people)
        self._place_people()
        self.back = IconButton(theme, "back", self.tr("Back to the messages"))
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        self.back.hide()
        self._stack.currentChanged.connect(self._show_back)
        people_page = QWidget()
        box = QVBoxLayout(people_page)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.people)
        self._stack.addWidget(people_page)
        self.details = DetailsPage(theme, members)
        self.search = SearchPage(theme, found)
        self.pins = PinsPage(theme, pinned)
        for page in (self.details, self.search, self.pins):
            self._stack.addWidget(page)
        for closable in (self.details, self.search, self.pins):
            closable.closed.connect(self.close_page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 4, 1, 0)
        outer.setSpacing(0)
        outer.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeading)
        outer.addWidget(self._stack, 1)

    def _place_people(self) -> None:
        """Colours are by who there is; one that changed shows everywhere in the window."""
        there = frozenset(self._members.users)
        if there != self._placed:
            self._placed = there
            if self._theme.place_people(there):
                self.window().update()

    def set_narrow(self, narrow: bool) -> None:
        """Whether this pane is the only one shown."""
        self._narrow = narrow
        self._show_back()

    @property
    def stop(self) -> QWidget:
        """Where the focus goes when it comes to this pane."""
        match self._stack.currentWidget():
            case self.search:
                return self.search.field
            case self.pins:
                return self.pins.list
            case self.details:
                return self.details.close_button
        return self.people

    @property
    def shows_people(self) -> bool:
        return self._stack.currentIndex() == 0

    @property
    def shows_search(self) -> bool:
        return self._stack.currentWidget() is self.search

    @property
    def shows_pins(self) -> bool:
        return self._stack.currentWidget() is self.pins

    def show_people(self) -> None:
        """Back to who is here."""
        self._stack.setCurrentIndex(0)

    def show_search(self) -> None:
        """The search, in the people's place."""
        self._stack.setCurrentWidget(self.search)

    def show_pins(self) -> None:
        """The pinned messages, in the people's place."""
        self._stack.setCurrentWidget(self.pins)

    def close_page(self) -> None:
        """Whatever stands in the people's place goes."""
        if not self.shows_people:
            self.show_people()
            self.page_closed.emit()

    def show_details(self, row: TimelineRow) -> None:
        """What is known of this message."""
        if row.message is not None:
            self.details.show_row(row)
            self._stack.setCurrentWidget(self.details)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.shows_people:
            self.left.emit()
        else:
            self.close_page()

    def _show_back(self) -> None:
        """A page has its own way out."""
        self.back.setVisible(self._narrow and self.shows_people)
