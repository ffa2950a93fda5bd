"""The window: the first page or the room. Everything asked of it leaves as a signal; all it shows comes in by slots.

It knows no controller. `app.py` connects its signals to what acts on them.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from mrsambosk_desktop.core.backups import BackupsPage
from mrsambosk_desktop.core.findings import Finding
from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.core.rows import ConnectionState, Draft, HostCard, HostPage, InvitePage
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.models.wording import isolated
from mrsambosk_protocol.entities import Room, User

from .backups_dialog import BackupsDialog
from .chat_pane import ChatPane
from .closing_dialog import ClosingDialog
from .doctor_dialog import DoctorDialog
from .first_run import FirstRun
from .host_dialog import HostDialog
from .hosting_dialog import HostingDialog
from .invites_dialog import InvitesDialog
from .keys_dialog import KeysDialog
from .member_menu import asks_first, question_for
from .network_list import NetworkDialog
from .people_pane import PeoplePane
from .question import notice, question
from .report_dialog import ReportDialog
from .room_page import RoomPage
from .secret_dialog import SecretDialog
from .side_pages import SidePages
from .sidebar import Sidebar
from .theme import Theme
from .trust_dialog import TrustDialog


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
    invite_requested = Signal()
    leave_requested = Signal()
    room_selected = Signal(str)
    trust_answered = Signal(bool)
    secret_answered = Signal(str)
    password_requested = Signal(str)
    moderation_requested = Signal(object, str)
    host_page_requested = Signal()
    device_end_requested = Signal(str)
    policy_requested = Signal(str)
    new_code_requested = Signal()
    check_requested = Signal(str)
    check_again_requested = Signal()
    autostart_switched = Signal(bool)
    networks_answered = Signal(object, object)
    invites_requested = Signal()
    make_invite_requested = Signal(bool, int)
    revoke_invite_requested = Signal(str)
    keep_hosting_requested = Signal()
    quit_requested = Signal()
    backups_requested = Signal()
    back_up_requested = Signal()
    check_backups_requested = Signal()
    restore_requested = Signal(str)
    report_requested = Signal()
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
        self._hosting: HostingDialog | None = None
        self._doctor: DoctorDialog | None = None
        self._host_page: HostDialog | None = None
        self._backups: BackupsDialog | None = None
        self._backups_page = BackupsPage("")
        self._asking_networks: NetworkDialog | None = None
        self._invites: InvitesDialog | None = None
        self._autostart: bool | None = None
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
        self.focus_composer()

    def set_connection(self, state: ConnectionState) -> None:
        """How it stands with the host."""
        self.chat.set_connection(state)
        self.sidebar.set_connection(state)

    def set_host(self, card: HostCard) -> None:
        """Whose host this is."""
        self._host = card
        self.sidebar.set_host(card)
        self.chat.set_host(card)
        if self._hosting is not None:
            self._hosting.set_host(card)
        if self._invites is not None:
            self._invites.set_invite(card.invite or "")
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

    def ask_trust(self, words: Sequence[str], address: str) -> None:
        """Let the person compare a host's key; `trust_answered` follows."""
        dialog = TrustDialog(self._theme, words, address, self)
        dialog.answered.connect(self.trust_answered)
        dialog.open()

    def ask_secret(self, name: str, wants_code: bool) -> None:
        """Let the person type the join code, or their password; `secret_answered` follows."""
        dialog = SecretDialog(self._theme, name, wants_code, self)
        dialog.answered.connect(self.secret_answered)
        dialog.open()

    def ask_closing(self, others: int, has_tray: bool) -> None:
        """The room hosted here has others in it: `keep_hosting_requested` or `quit_requested` may follow."""
        if self.findChild(ClosingDialog) is None:
            dialog = ClosingDialog(self._theme, others, has_tray, self)
            dialog.keep_wanted.connect(self.keep_hosting_requested)
            dialog.quit_wanted.connect(self.quit_requested)
            dialog.open()

    @property
    def shows_invites(self) -> bool:
        """Whether the personal invites are looked at."""
        return self._invites is not None and self._invites.isVisible()

    def show_invites(self, page: InvitePage) -> None:
        """The personal invites, where their dialog is open."""
        if self._invites is not None:
            self._invites.show_page(page)

    def ask_networks(self, networks: Sequence[Network]) -> None:
        """Let the person say whether to host on these too; `networks_answered` (asked, chosen) may follow."""
        if self._asking_networks is not None:
            self._asking_networks.close()
        dialog = self._asking_networks = NetworkDialog(self._theme, networks, self)
        dialog.answered.connect(self.networks_answered)
        dialog.finished.connect(lambda _result: self._forget_question(dialog))
        dialog.open()

    def show_host_page(self, page: HostPage) -> None:
        """The devices of the person and, for who runs the host, its settings and its log."""
        if self._host_page is None:
            self._host_page = HostDialog(self._theme, self)
            self._host_page.end_wanted.connect(self.device_end_requested)
            self._host_page.policy_wanted.connect(self.policy_requested)
            self._host_page.code_wanted.connect(self.new_code_requested)
            self._host_page.password_given.connect(self.password_requested)
            self._host_page.backups_wanted.connect(self.show_backups)
            self._host_page.backups_wanted.connect(self.backups_requested)
        self._host_page.backups.setVisible(self._host.hosting)
        self._host_page.show_page(page)

    def show_backups(self) -> None:
        """The backups of the room hosted here, beside the window."""
        if self._backups is None:
            self._backups = BackupsDialog(self._theme, self)
            self._backups.back_up_wanted.connect(self.back_up_requested)
            self._backups.check_wanted.connect(self.check_backups_requested)
            self._backups.restore_wanted.connect(self.restore_requested)
        self._backups.show_page(self._backups_page)
        self._backups.open()

    def set_backups(self, page: BackupsPage) -> None:
        """How it stands with them."""
        self._backups_page = page
        if self._backups is not None:
            self._backups.show_page(page)

    def show_code(self, name: str, code: str) -> None:
        """A one-time code, to tell the person it is for."""
        box = notice(
            self,
            self._theme,
            self.tr("One-time code for {name}").format(name=isolated(name)),
            self.tr("{code}\n\nTell it to them. It signs them in once, within a day, in place of a password.").format(
                code=code
            ),
        )
        box.open()

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

    def focus_composer(self) -> None:
        """Puts the cursor where one writes."""
        self.chat.composer.setFocus()

    def show_keys(self) -> None:
        """The list of all keys."""
        dialog = KeysDialog(
            self._theme,
            self,
            ctrl_enter=self.ctrl_enter,
            less_motion=self._theme.less_motion,
            autostart=self._autostart,
        )
        dialog.ctrl_enter_changed.connect(self.set_ctrl_enter)
        dialog.less_motion_changed.connect(self._theme.set_less_motion)
        dialog.autostart_changed.connect(self.autostart_switched)
        dialog.report_wanted.connect(self.report_requested)
        dialog.open()

    def show_report(self, text: str) -> None:
        """The report on the app, which is copied."""
        ReportDialog(self._theme, self, text).open()

    def set_autostart(self, on: bool) -> None:
        """Whether the app starts with the session; until this was said, nobody is asked."""
        self._autostart = on

    def show_hosting(self) -> None:
        """'You are hosting', beside the window."""
        if self._hosting is None:
            self._hosting = HostingDialog(self._theme, self)
            self._hosting.personal_wanted.connect(self._open_invites)
            self._hosting.check_wanted.connect(lambda: self.check_requested.emit(self._host.invite or ""))
        self._hosting.set_host(self._host)
        self._hosting.open()

    def show_looking(self) -> None:
        """The doctor's page, while he looks."""
        if self._doctor is None:
            self._doctor = DoctorDialog(self._theme, self)
            self._doctor.again_wanted.connect(self.check_again_requested)
        self._doctor.show_looking()
        self._doctor.open()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """What the doctor found."""
        if self._doctor is not None:
            self._doctor.show_findings(findings)

    def layout_state(self) -> bytes:
        """The panes' widths, for `restore_layout` at the next start."""
        return self.room_page.save_state()

    def restore_layout(self, state: bytes) -> None:
        """Widths that `layout_state` gave."""
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
        self.sidebar.leave_wanted.connect(self._ask_leave)
        self.sidebar.invite_wanted.connect(self.invite_requested)
        self.sidebar.invite_wanted.connect(self.show_hosting)
        chat.empty.invite_wanted.connect(self.sidebar.invite_wanted)
        self.sidebar.settings_wanted.connect(self.host_page_requested)
        self.people.people.chosen.connect(self._ask_moderation)

    def _shortcuts(self) -> None:
        def key(keys: str, act: Callable[[], object]) -> None:
            QShortcut(QKeySequence(keys), self).activated.connect(act)

        key("Ctrl+End", self.chat.view.to_latest)
        key("Ctrl+.", self.room_page.toggle_people)
        key("Ctrl+F", lambda: self.side.open_search(everywhere=False))
        key("Ctrl+Shift+F", lambda: self.side.open_search(everywhere=True))
        key("Ctrl+K", self.side.open_sidebar_search)
        key("F6", lambda: self._next_pane(1))
        key("Shift+F6", lambda: self._next_pane(-1))
        key("Ctrl++", lambda: self._theme.step_scale(1))
        key("Ctrl+=", lambda: self._theme.step_scale(1))
        key("Ctrl+-", lambda: self._theme.step_scale(-1))
        key("Ctrl+0", lambda: self._theme.step_scale(0))
        key("Alt+R", self._reply_to_current)
        key("Alt+Up", lambda: self.sidebar.step(-1))
        key("Alt+Down", lambda: self.sidebar.step(1))
        key("Alt+Shift+Up", lambda: self.sidebar.step(-1, unread=True))
        key("Alt+Shift+Down", lambda: self.sidebar.step(1, unread=True))
        key("Ctrl+/", self.show_keys)

    def _next_pane(self, step: int) -> None:
        """Moves the focus to the next pane that shows."""
        rooms = self.sidebar.rooms if self.sidebar.rooms.isVisible() else self.sidebar.search
        stops: list[tuple[QWidget, QWidget]] = [
            (self.sidebar, rooms),
            (self.chat.view, self.chat.view),
            (self.chat.composer, self.chat.composer.editor),
            (self.people, self.people.stop),
        ]
        shown = [(pane, stop) for pane, stop in stops if pane.isVisible()]
        focused = self.focusWidget()
        if shown:
            here = next(
                (place for place, (pane, _) in enumerate(shown) if pane is focused or pane.isAncestorOf(focused)),
                -1 if step > 0 else 0,
            )
            shown[(here + step) % len(shown)][1].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _reply_to_current(self) -> None:
        row = self.chat.view.current_row()
        if row is not None:
            self.chat.view.reply_pressed.emit(row)

    def _ask_leave(self) -> None:
        box = question(
            self,
            self._theme,
            self.tr("Leave {host}?").format(host=isolated(self._host.host_name)),
            self.tr("What is there stays with the host. This computer forgets its copy, and what waits to be sent."),
            self.tr("Leave"),
        )
        box.accepted.connect(self.leave_requested)
        box.open()

    def _ask_moderation(self, user: User, verb: str) -> None:
        if not asks_first(verb):
            self.moderation_requested.emit(user, verb)
            return
        text, details, yes = question_for(verb, isolated(user.name))
        box = question(self, self._theme, text, details, yes)
        box.accepted.connect(lambda: self.moderation_requested.emit(user, verb))
        box.open()

    def _open_invites(self) -> None:
        if self._invites is None:
            self._invites = InvitesDialog(self._theme, self)
            self._invites.make_wanted.connect(self.make_invite_requested)
            self._invites.revoke_wanted.connect(self.revoke_invite_requested)
        self._invites.set_invite(self._host.invite or "")
        self._invites.open()
        self.invites_requested.emit()

    def _forget_question(self, dialog: NetworkDialog) -> None:
        if self._asking_networks is dialog:
            self._asking_networks = None

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
