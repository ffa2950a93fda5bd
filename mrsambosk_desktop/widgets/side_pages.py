"""What may stand in the people's place, and how one comes there and back: the search, the pins, a message's details.

Keeps the room page's panes, the fields and icons that open a page, and the focus together, so that the window needn't.
"""

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal

from mrsambosk_desktop.core.rows import Finding
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_protocol.entities import Message, User

from .room_page import RoomPage


class SidePages(QObject):
    """Intents: `search_requested` (query, everywhere), `more_found_requested`, `pins_requested`,
    `more_pins_requested`, `message_requested` (room, id): show this message in its room; `seen_requested` (id): who has
    seen it?"""

    search_requested = Signal(str, bool)
    more_found_requested = Signal()
    pins_requested = Signal()
    more_pins_requested = Signal()
    message_requested = Signal(str, int)
    seen_requested = Signal(int)

    def __init__(self, page: RoomPage, rooms: RoomModel) -> None:
        super().__init__(page)
        self._page, self._rooms = page, rooms
        self._timeline: TimelineModel = page.chat.view.model()  # type: ignore[assignment]
        self._timeline.dataChanged.connect(self._rows_changed)
        self._room = ""
        pane, chat, field = page.people, page.chat, page.sidebar.search
        chat.header.search_wanted.connect(self._toggle_search)
        chat.header.pins_wanted.connect(self._toggle_pins)
        chat.details_wanted.connect(self.show_details)
        chat.composer.left.connect(self.close)
        pane.page_closed.connect(self._closed)
        pane.search.asked.connect(self.search_requested)
        pane.search.more_wanted.connect(self.more_found_requested)
        pane.search.chosen.connect(self._chosen)
        pane.search.edited.connect(field.clear)
        pane.pins.more_wanted.connect(self.more_pins_requested)
        pane.pins.chosen.connect(self._chosen)
        field.textEdited.connect(self._typed)
        field.textChanged.connect(lambda text: text or page.sidebar.offer(""))
        field.entered.connect(self._take_offered)
        field.stepped.connect(self._step)
        switcher = page.sidebar.switcher
        switcher.room_chosen.connect(self._switch_room)
        switcher.person_chosen.connect(self._mention)
        switcher.messages_chosen.connect(self._enter_found)
        field.left.connect(self._leave_switcher)
        for changed in (rooms.rowsInserted, rooms.rowsRemoved, rooms.modelReset):
            changed.connect(self._count_rooms)
        self._count_rooms()

    def open_search(self, *, everywhere: bool) -> None:
        """The search, ready to type."""
        self._page.sidebar.search.clear()
        self._page.people.show_search()
        self._page.show_people_pane()
        self._page.people.search.open(everywhere=everywhere)

    def open_sidebar_search(self) -> None:
        """The sidebar's field: the switcher, and the search for messages."""
        field = self._page.sidebar.search
        self._page.show_rooms()
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        field.selectAll()

    def open_pins(self) -> None:
        """What is pinned in this room."""
        self._page.people.show_pins()
        self._page.show_people_pane()
        self.pins_requested.emit()
        self._page.people.pins.list.enter()

    def show_details(self, row: TimelineRow) -> None:
        """What is known of one message."""
        self._page.people.show_details(row)
        self._page.show_people_pane()
        if row.message is not None and not row.deleted:
            self.seen_requested.emit(row.message.id)

    def close(self) -> None:
        """Back to the people."""
        self._page.people.close_page()

    def set_room(self, room: str) -> None:
        """Another room is open: what was about the last one goes."""
        if room == self._room:
            return
        self._room = room
        pane = self._page.people
        if pane.shows_pins:
            self.pins_requested.emit()
        elif not pane.shows_search:
            self.close()

    def set_seen(self, id: int, users: tuple[str, ...]) -> None:
        """Who has seen a message."""
        self._page.people.details.set_seen(id, users)

    def set_search(self, state: Finding) -> None:
        """How it stands with the search."""
        self._page.people.search.set_state(state)

    def set_pins(self, state: Finding) -> None:
        """How it stands with the pins."""
        self._page.people.pins.set_state(state)

    def _toggle_search(self) -> None:
        if self._page.people.isVisible() and self._page.people.shows_search:
            self.close()
        else:
            self.open_search(everywhere=False)

    def _toggle_pins(self) -> None:
        if self._page.people.isVisible() and self._page.people.shows_pins:
            self.close()
        else:
            self.open_pins()

    def _typed(self, query: str) -> None:
        pane = self._page.people
        pane.search.look_for(query)
        offers = self._page.sidebar.offer(query)
        if self._page.narrow and (offers or not query):
            return
        if not query:
            self._page.sidebar.search.setFocus()
            return
        if not (pane.isVisible() and pane.shows_search):
            # In a narrow window the sidebar goes now: what comes next is typed in the search itself.
            pane.show_search()
            self._page.show_people_pane()

    def _take_offered(self) -> None:
        switcher = self._page.sidebar.switcher
        if switcher.offers:
            switcher.take()
        else:
            self._enter_found()

    def _step(self, step: int) -> None:
        if not self._page.sidebar.switcher.step(step) and step > 0:
            self._enter_found()

    def _switch_room(self, room: str) -> None:
        self._leave_switcher()
        self._page.sidebar.room_chosen.emit(room)

    def _mention(self, user: User) -> None:
        """Who is looked for is mostly to be told something."""
        self._leave_switcher()
        self._page.chat.composer.mention(user)

    def _leave_switcher(self) -> None:
        self._page.sidebar.search.clear()
        self.close()
        self._page.show_chat()

    def _enter_found(self) -> None:
        pane = self._page.people
        pane.search.hurry()
        if self._page.narrow and self._page.sidebar.isVisible() and pane.search.query:
            pane.show_search()
            self._page.show_people_pane()
        if pane.shows_search and pane.isVisible():
            pane.search.list.enter()

    def _chosen(self, message: Message) -> None:
        self._page.show_pane(self._page.chat)
        self.message_requested.emit(message.room, message.id)

    def _closed(self) -> None:
        self._page.sidebar.search.clear()
        self._page.people.search.clear()
        self._page.leave_people_pane()
        self._page.show_chat()

    def _rows_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        """The message whose details are shown may be among them."""
        details = self._page.people.details
        number = self._timeline.place_of(details.key) if details.key is not None else None
        if number is not None and first.row() <= number <= last.row():
            details.follow(self._timeline.row(number))

    def _count_rooms(self) -> None:
        self._page.people.search.set_many_rooms(self._rooms.rowCount() > 1)
