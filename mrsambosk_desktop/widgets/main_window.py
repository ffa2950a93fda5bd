"""The window: the first page or the room. Everything asked of it leaves as a signal; all it shows comes in by slots.

It knows no controller. `wiring.py` connects its signals to what acts on them.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import ConnectionState, Draft, HostCard
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_protocol.entities import Room

from .chat_pane import ChatPane
from .dialogs import Dialogs
from .first_run import FirstRun
from .people_pane import PeoplePane
from .room_page import RoomPage
from .side_pages import SidePages
from .sidebar import Sidebar
from .theme import Theme


class MainWindow(QWidget):
    """Intents (signals): what a person asked. `jump_requested` is for a message that a reply quotes and the timeline
    does not hold; `closed` comes instead of closing: whoever owns the window ends the program in order."""

    send_requested = Signal(str, object, object)
    edit_requested = Signal(int, str, object)
    delete_requested = Signal(int)
    delete_now_requested = Signal(int)
    undo_delete_requested = Signal(int)
    react_requested = Signal(int, str, bool)
    pin_requested = Signal(int, bool)
    unread_requested = Signal(int)
    retry_requested = Signal(str)
    discard_requested = Signal(str)
    edit_pending_requested = Signal(str)
    jump_requested = Signal(int)
    older_requested = Signal()
    newer_requested = Signal()
    latest_requested = Signal()
    read_reached = Signal(int)
    typing = Signal()
    draft_changed = Signal(object)
    try_again_requested = Signal()
    stop_hosting_requested = Signal()
    room_selected = Signal(str)
    other_rooms_requested = Signal()
    host_page_requested = Signal()
    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        timeline: TimelineModel,
        members: MemberModel,
        rooms: RoomModel,
        found: FoundModel,
        pinned: FoundModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Mrsambosk"))
        self.setAccessibleName(self.tr("Mrsambosk"))
        self._theme = theme
        self._host = HostCard(False, "", "")
        self._room: Room | None = None
        self.first_run = FirstRun(theme)
        self.sidebar = Sidebar(theme, rooms, members)
        self.chat = ChatPane(theme, timeline, members)
        self.people = PeoplePane(theme, members, found, pinned)
        self.room_page = RoomPage(theme, self.sidebar, self.chat, self.people)
        self.side = SidePages(self.room_page, rooms)
        self.dialogs = Dialogs(self, theme)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.first_run)
        self._pages.addWidget(self.room_page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        self._connect()
        self._shortcuts()
        theme.dress(self)
        self.setMinimumSize(360, 420)
        self.resize(1240, 800)

    # What it shows ----------------------------------------------------------------------------------------------

    def show_first_run(self) -> None:
        """The first page."""
        self._pages.setCurrentWidget(self.first_run)
        self.first_run.name.setFocus()

    def show_room(self) -> None:
        """The room."""
        self._pages.setCurrentWidget(self.room_page)
        self.room_page.show_chat()

    def set_connection(self, state: ConnectionState) -> None:
        """How it stands with the host."""
        self.chat.set_connection(state)
        self.sidebar.set_connection(state)

    def set_host(self, card: HostCard) -> None:
        """Whose host this is."""
        self._host = card
        self.sidebar.set_host(card)
        self.chat.set_host(card)
        self.dialogs.set_host(card)
        self._name_window()

    def set_room(self, room: Room) -> None:
        """The room that is open, or what changed about it."""
        self._room = room
        self.chat.set_room(room)
        self.side.set_room(room.id)
        self.sidebar.select(room.id)
        self._name_window()

    def set_typing(self, names: tuple[str, ...]) -> None:
        """Who is writing just now."""
        self.chat.set_typing(names)

    def show_error(self, sentence: str) -> None:
        """One sentence about what just failed."""
        if self._pages.currentWidget() is self.first_run:
            self.first_run.show_problem(sentence)
        else:
            self.chat.banner.show_problem(sentence)

    def set_draft(self, draft: Draft) -> None:
        """What was being written in the room that was opened."""
        self.chat.set_draft(draft)

    def give_back(self, body: str, reply_to: int | None, edited: int | None) -> None:
        """What was written could not be kept, and is the writer's again."""
        self.chat.give_back(body, reply_to, edited)

    @property
    def ctrl_enter(self) -> bool:
        """Whether Ctrl+Enter sends, and Enter breaks the line."""
        return self.chat.composer.editor.sends_with_ctrl

    def set_ctrl_enter(self, on: bool) -> None:
        """Which of the two sends."""
        self.chat.composer.editor.sends_with_ctrl = on

    @property
    def recent_emoji(self) -> tuple[str, ...]:
        """The emoji used last, the newest first."""
        return self.chat.composer.picker.recent

    def set_recent_emoji(self, recent: tuple[str, ...]) -> None:
        """What `recent_emoji` gave when the window was there last."""
        self.chat.composer.picker.set_recent(recent)

    def show_keys(self) -> None:
        """The list of all keys."""
        self.dialogs.show_keys(ctrl_enter=self.ctrl_enter)

    def layout_state(self) -> bytes:
        """The panes, for `restore_layout` at the next start."""
        return self.room_page.save_state()

    def restore_layout(self, state: bytes) -> None:
        """What `layout_state` gave."""
        self.room_page.restore_state(state)

    # Inside -----------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        chat = self.chat
        for name in (
            "send_requested",
            "edit_requested",
            "delete_requested",
            "delete_now_requested",
            "undo_delete_requested",
            "react_requested",
            "pin_requested",
            "unread_requested",
            "retry_requested",
            "discard_requested",
            "edit_pending_requested",
            "jump_requested",
        ):
            getattr(chat, name).connect(getattr(self, name))
        chat.view.older_wanted.connect(self.older_requested)
        chat.view.newer_wanted.connect(self.newer_requested)
        chat.view.latest_wanted.connect(self.latest_requested)
        chat.view.read_reached.connect(self.read_reached)
        chat.composer.typed.connect(self.typing)
        chat.composer.draft_changed.connect(self.draft_changed)
        chat.banner.try_again.connect(self.try_again_requested)

        self.sidebar.room_chosen.connect(self.room_selected)
        self.sidebar.stop_wanted.connect(self.stop_hosting_requested)
        self.sidebar.others_wanted.connect(self.other_rooms_requested)
        self.sidebar.leave_wanted.connect(self.dialogs.ask_leave)
        self.sidebar.invite_wanted.connect(self.dialogs.show_hosting)
        chat.empty.invite_wanted.connect(self.sidebar.invite_wanted)
        self.sidebar.settings_wanted.connect(self.host_page_requested)
        self.dialogs.ctrl_enter_changed.connect(self.set_ctrl_enter)
        self.people.people.chosen.connect(self.dialogs.ask_moderation)
        chat.moderation_wanted.connect(self.dialogs.ask_moderation)

    def _shortcuts(self) -> None:
        def key(keys: str, act: Callable[[], object], where: QWidget = self) -> None:
            QShortcut(QKeySequence(keys), where).activated.connect(act)

        # A shortcut sleeps while its widget is not shown: those of the room do nothing on the first page.
        room = self.room_page
        key("Ctrl+End", self.chat.view.to_latest, room)
        key("Ctrl+.", room.toggle_people, room)
        key("Ctrl+F", lambda: self.side.open_search(everywhere=False), room)
        key("Ctrl+Shift+F", lambda: self.side.open_search(everywhere=True), room)
        key("Ctrl+K", self.side.open_sidebar_search, room)
        key("F6", lambda: room.next_pane(1), room)
        key("Shift+F6", lambda: room.next_pane(-1), room)
        key("Alt+R", self._reply_to_current, room)
        key("Alt+Up", lambda: self.sidebar.step(-1), room)
        key("Alt+Down", lambda: self.sidebar.step(1), room)
        key("Alt+Shift+Up", lambda: self.sidebar.step(-1, unread=True), room)
        key("Alt+Shift+Down", lambda: self.sidebar.step(1, unread=True), room)
        key("Ctrl++", lambda: self._theme.step_scale(1))
        key("Ctrl+=", lambda: self._theme.step_scale(1))
        key("Ctrl+-", lambda: self._theme.step_scale(-1))
        key("Ctrl+0", lambda: self._theme.step_scale(0))
        key("Ctrl+/", self.show_keys)

    def _reply_to_current(self) -> None:
        row = self.chat.view.current_row()
        if row is not None:
            self.chat.view.reply_pressed.emit(row)

    def _name_window(self) -> None:
        parts = [self._host.host_name or (self._room.name if self._room else "")]
        title = " — ".join(part for part in (self.tr("Mrsambosk"), *parts) if part)
        # Qt takes [*] in a title for the mark of an unsaved document.
        self.setWindowTitle(title.replace("[*]", "[*][*]"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self.chat.view.window_activated()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.closed.emit()
