"""The dialogs that open beside the window: each is made when it is first wanted, and told what is known by then.

Not for what belongs to one pane, as a menu or the question before an edit is lost: that pane opens it itself.
"""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from mrsambosk_desktop.core.backups import BackupsPage
from mrsambosk_desktop.core.findings import Finding
from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.core.rows import HostCard, HostPage, InvitePage
from mrsambosk_desktop.models.wording import isolated
from mrsambosk_protocol.entities import User

from .backups_dialog import BackupsDialog
from .closing_dialog import ClosingDialog
from .doctor_dialog import DoctorDialog
from .host_dialog import HostDialog
from .hosting_dialog import HostingDialog
from .invites_dialog import InvitesDialog
from .keys_dialog import KeysDialog
from .member_menu import asks_first, question_for
from .network_list import NetworkDialog
from .question import notice, question
from .report_dialog import ReportDialog
from .secret_dialog import SecretDialog
from .theme import Theme
from .trust_dialog import TrustDialog


class Dialogs(QObject):
    """Signals: what a person answered, or asked for in one of them. `networks_answered` (those asked about, those
    chosen); `moderation_requested` (user, verb) comes at once for a verb that needs no question; `check_requested`, and
    `glance_requested` for the line about it in *You are hosting*, are for the host of this invite;
    `ctrl_enter_changed`: whether Ctrl+Enter sends."""

    trust_answered = Signal(bool)
    secret_answered = Signal(str)
    keep_hosting_requested = Signal()
    quit_requested = Signal()
    leave_requested = Signal()
    moderation_requested = Signal(object, str)
    networks_answered = Signal(object, object)
    check_requested = Signal(str)
    check_again_requested = Signal()
    glance_requested = Signal(str)
    invites_requested = Signal()
    make_invite_requested = Signal(bool, int)
    revoke_invite_requested = Signal(str)
    device_end_requested = Signal(str)
    policy_requested = Signal(str)
    new_code_requested = Signal()
    password_requested = Signal(str)
    backups_requested = Signal()
    back_up_requested = Signal()
    check_backups_requested = Signal()
    restore_requested = Signal(str)
    ctrl_enter_changed = Signal(bool)
    autostart_switched = Signal(bool)
    report_requested = Signal()

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._theme = window, theme
        self._host = HostCard(False, "", "")
        self._backups_page = BackupsPage("")
        self._autostart: bool | None = None
        self._asking_networks: NetworkDialog | None = None
        self._hosting: HostingDialog | None = None
        self._invites: InvitesDialog | None = None
        self._doctor: DoctorDialog | None = None
        self._host_page: HostDialog | None = None
        self._backups: BackupsDialog | None = None

    def set_host(self, card: HostCard) -> None:
        """Whose host this is."""
        self._host = card
        if self._hosting is not None:
            self._hosting.set_host(card)
        if self._invites is not None:
            self._invites.set_invite(card.invite or "")

    # In and out -------------------------------------------------------------------------------------------------

    def ask_trust(self, words: Sequence[str], address: str) -> None:
        """Let the person compare a host's key; `trust_answered` follows."""
        dialog = TrustDialog(self._theme, words, address, self._window)
        dialog.answered.connect(self.trust_answered)
        dialog.open()

    def ask_secret(self, name: str, wants_code: bool) -> None:
        """Let the person type the join code, or their password; `secret_answered` follows."""
        dialog = SecretDialog(self._theme, name, wants_code, self._window)
        dialog.answered.connect(self.secret_answered)
        dialog.open()

    def ask_leave(self) -> None:
        """Whether to leave the host, and all that is kept of it; `leave_requested` may follow."""
        box = question(
            self._window,
            self._theme,
            self.tr("Leave {host}?").format(host=isolated(self._host.host_name)),
            self.tr("What is there stays with the host. This computer forgets its copy, and what waits to be sent."),
            self.tr("Leave"),
        )
        box.accepted.connect(self.leave_requested)
        box.open()

    def ask_closing(self, others: int, has_tray: bool) -> None:
        """The room hosted here has others in it: `keep_hosting_requested` or `quit_requested` may follow."""
        if self._window.findChild(ClosingDialog) is None:
            dialog = ClosingDialog(self._theme, others, has_tray, self._window)
            dialog.keep_wanted.connect(self.keep_hosting_requested)
            dialog.quit_wanted.connect(self.quit_requested)
            dialog.open()

    # Hosting ----------------------------------------------------------------------------------------------------

    def show_hosting(self) -> None:
        """'You are hosting'."""
        if self._hosting is None:
            self._hosting = HostingDialog(self._theme, self._window)
            self._hosting.personal_wanted.connect(self._open_invites)
            self._hosting.check_wanted.connect(lambda: self.check_requested.emit(self._host.invite or ""))
        self._hosting.set_host(self._host)
        self._hosting.open()
        self.glance_requested.emit(self._host.invite or "")

    def show_reach(self, findings: Sequence[Finding]) -> None:
        """Whether others can reach this computer, where *You are hosting* shows."""
        if self._hosting is not None and self._hosting.isVisible():
            self._hosting.show_reach(findings)

    def ask_networks(self, networks: Sequence[Network]) -> None:
        """Let the person say whether to host on these too; `networks_answered` may follow."""
        if self._asking_networks is not None:
            self._asking_networks.close()
        dialog = self._asking_networks = NetworkDialog(self._theme, networks, self._window)
        dialog.answered.connect(self.networks_answered)
        dialog.finished.connect(lambda _result: self._forget_question(dialog))
        dialog.open()

    def show_invites(self, page: InvitePage) -> None:
        """The personal invites, where their dialog is open."""
        if self._invites is not None:
            self._invites.show_page(page)

    def refresh_invites(self) -> None:
        """Somebody came, perhaps by one of them: who looks at them is to see it."""
        if self._invites is not None and self._invites.isVisible():
            self.invites_requested.emit()

    def show_looking(self) -> None:
        """The doctor's page, while he looks."""
        if self._doctor is None:
            self._doctor = DoctorDialog(self._theme, self._window)
            self._doctor.again_wanted.connect(self.check_again_requested)
        self._doctor.show_looking()
        self._doctor.open()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """What the doctor found."""
        if self._doctor is not None:
            self._doctor.show_findings(findings)

    # The host's page, people, backups ---------------------------------------------------------------------------

    def show_host_page(self, page: HostPage) -> None:
        """The devices of the person and, for who runs the host, its settings and its log."""
        if self._host_page is None:
            self._host_page = HostDialog(self._theme, self._window)
            self._host_page.end_wanted.connect(self.device_end_requested)
            self._host_page.policy_wanted.connect(self.policy_requested)
            self._host_page.code_wanted.connect(self.new_code_requested)
            self._host_page.password_given.connect(self.password_requested)
            self._host_page.backups_wanted.connect(self.show_backups)
            self._host_page.backups_wanted.connect(self.backups_requested)
        self._host_page.backups.setVisible(self._host.hosting)
        self._host_page.show_page(page)

    def ask_moderation(self, user: User, verb: str) -> None:
        """Whether to do what can't be undone; `moderation_requested` may follow."""
        if not asks_first(verb):
            self.moderation_requested.emit(user, verb)
            return
        text, details, yes = question_for(verb, isolated(user.name))
        box = question(self._window, self._theme, text, details, yes)
        box.accepted.connect(lambda: self.moderation_requested.emit(user, verb))
        box.open()

    def show_code(self, name: str, code: str) -> None:
        """A one-time code, to tell the person it is for."""
        box = notice(
            self._window,
            self._theme,
            self.tr("One-time code for {name}").format(name=isolated(name)),
            self.tr("{code}\n\nTell it to them. It signs them in once, within a day, in place of a password.").format(
                code=code
            ),
        )
        box.open()

    def show_backups(self) -> None:
        """The backups of the room hosted here."""
        if self._backups is None:
            self._backups = BackupsDialog(self._theme, self._window)
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

    # The app itself ---------------------------------------------------------------------------------------------

    def show_keys(self, *, ctrl_enter: bool) -> None:
        """The list of all keys, and what can be chosen of the app."""
        dialog = KeysDialog(
            self._theme,
            self._window,
            ctrl_enter=ctrl_enter,
            less_motion=self._theme.less_motion,
            autostart=self._autostart,
        )
        dialog.ctrl_enter_changed.connect(self.ctrl_enter_changed)
        dialog.less_motion_changed.connect(self._theme.set_less_motion)
        dialog.autostart_changed.connect(self.autostart_switched)
        dialog.report_wanted.connect(self.report_requested)
        dialog.open()

    def set_autostart(self, on: bool) -> None:
        """Whether the app starts with the session; until this was said, nobody is asked."""
        self._autostart = on

    def show_report(self, text: str) -> None:
        """The report on the app, which is copied."""
        ReportDialog(self._theme, self._window, text).open()

    # Inside -----------------------------------------------------------------------------------------------------

    def _open_invites(self) -> None:
        if self._invites is None:
            self._invites = InvitesDialog(self._theme, self._window)
            self._invites.make_wanted.connect(self.make_invite_requested)
            self._invites.revoke_wanted.connect(self.revoke_invite_requested)
        self._invites.set_invite(self._host.invite or "")
        self._invites.open()
        self.invites_requested.emit()

    def _forget_question(self, dialog: NetworkDialog) -> None:
        if self._asking_networks is dialog:
            self._asking_networks = None
