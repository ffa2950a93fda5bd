"""The composition root of the app: builds everything, connects signals to slots, ends everything in order.

There is one loop, Qt's and asyncio's at once. `App` is one window with its profile; `main` runs one.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QApplication

# PySide6 first: qasync takes the Qt that is already there.
import qasync  # type: ignore[import-untyped]  # isort: skip

from .autostart import Autostart
from .controllers import wording
from .controllers.backups import BackupsController
from .controllers.chat import ChatController
from .controllers.connection import ConnectionController
from .controllers.doctor import DoctorController
from .controllers.drafts import DraftsController
from .controllers.feed import Feed
from .controllers.finding import FindingController
from .controllers.hosting import HostingController
from .controllers.invites import InvitesController
from .controllers.nearby import NearbyController
from .controllers.networks import NetworkWatch
from .controllers.people import PeopleController
from .controllers.reading import ReadingController
from .controllers.report import ReportController
from .controllers.waking import WakeWatch
from .core.nearby import FoundHost, with_known
from .core.networks import Network, NetworkChoices
from .core.rows import ConnectionState, Link
from .core.tasks import Tasks
from .instance import Instance
from .links import Links
from .models.found import FoundModel
from .models.members import MemberModel
from .models.rooms import RoomModel
from .models.timeline import TimelineModel
from .settings import SettingsFile
from .storage.credentials import Ring
from .storage.database import StorageFault
from .storage.disk import Disk, ReplicaLost
from .widgets.main_window import MainWindow
from .widgets.theme import Theme
from .widgets.tray import Tray

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How the app was started.

    Args:
        folder: the profile's, see `paths.profile_folder`.
        join: an invite or address to offer at once.
        port: for a room hosted here: None is the usual one, 0 a free one.
        bind: for a room hosted here: the addresses to serve; None for the networks that the person chooses.
        look_around: whether hosts are looked for on the network.
        ring: the system's keyring for tokens; None for a file in the profile.
        config: where the settings are; None for the folder.
        hidden: whether the window waits until it is asked for, as at a start with the session.
        autostart: the entry that starts the app with the session; None where there shall be none.
        log_lines: gives the last lines of the log, for a report.
    """

    folder: Path
    join: str | None = None
    port: int | None = None
    bind: tuple[str, ...] | None = None
    look_around: bool = True
    ring: Ring | None = None
    config: Path | None = None
    hidden: bool = False
    autostart: Autostart | None = None
    log_lines: Callable[[], Sequence[str]] = tuple


class App:
    """One window and all that works for it. Made inside the running loop; `closed` is set when the person closed it."""

    def __init__(self, qt: QApplication, options: Options) -> None:
        self._qt, self._options = qt, options
        self.closed = asyncio.Event()
        self.tasks = Tasks(self._failed)
        self._settings_file = SettingsFile(options.config or options.folder)
        self.settings = self._settings_file.load()
        self.disk = Disk(options.folder, options.ring)
        self.timeline = TimelineModel()
        self.members = MemberModel()
        self.rooms = RoomModel()
        self.feed = Feed(self.disk, self.timeline, self.members, self.rooms)
        self.reading = ReadingController(self.disk, self.feed, self.timeline, self.tasks)
        self.found, self.pinned = FoundModel(), FoundModel()
        self.finding = FindingController(self.disk, self.feed, self.reading, self.found, self.pinned, self.tasks)
        self.chat = ChatController(self.disk, self.feed, self.timeline, self.tasks)
        self.drafts = DraftsController(self.disk, self.feed, self.tasks)
        self.connection = ConnectionController(self.disk, self.feed, self.reading, self.chat, self.tasks)
        self.hosting = HostingController(
            options.folder / "host", options.port, options.bind, self.feed, self.connection, self.tasks
        )
        self.backups = BackupsController(options.folder / "host", self.hosting, self.connection, self.tasks)
        self.people = PeopleController(self.feed, self.connection, self.tasks)
        self.doctor = DoctorController(self.tasks, lambda: self.connection.door)
        self.invites = InvitesController(self.feed, self.connection, self.tasks)
        self.nearby = NearbyController(self.tasks, enabled=options.look_around)
        self.networks = NetworkWatch(self.tasks)
        self.network_choices = NetworkChoices.parse(self.settings.networks)
        self.hosting.serve(self.network_choices.blocks)
        self.waking = WakeWatch(self.tasks)
        self.theme = Theme(qt, "system", self.settings.text_scale)
        self.window = MainWindow(self.theme, self.timeline, self.members, self.rooms, self.found, self.pinned)
        self.tray = Tray(self.theme)
        self._found: tuple[FoundHost, ...] = ()
        self._known: tuple[FoundHost, ...] = ()
        self.report = ReportController(
            options.folder,
            self.disk,
            self.feed,
            self.timeline,
            self.connection,
            self.hosting,
            self.tasks,
            log_lines=options.log_lines,
            look=self._look,
            own_names=lambda: (self.settings.name, self.settings.room_name),
        )
        self._connect()

    async def start(self) -> None:
        """Open the profile and show the window: on the room that was used last, or on the first page.

        Raises:
            StorageFault: the profile can't be opened.
        """
        await self.disk.open()
        await self.chat.load()
        await self.drafts.load()
        await self.reading.load()
        self.window.set_recent_emoji(tuple(self.settings.recent_emoji.split()))
        self.window.set_ctrl_enter(self.settings.ctrl_enter_sends)
        self.theme.set_less_motion(self.settings.motion == "reduced")
        self.window.first_run.set_name(self.settings.name)
        if self.settings.geometry:
            self.window.restoreGeometry(QByteArray(self.settings.geometry))
        if self.settings.panes:
            self.window.restore_layout(self.settings.panes)
        if self._options.autostart is not None:
            self._options.autostart.repair()
            self.window.set_autostart(self._options.autostart.is_on)
        self._show_first_run()
        if not self._options.hidden:
            self.window.show()
        self.waking.start()
        if self._options.bind is None:
            self.networks.start()
        _log.info("the window waits to be asked for" if self._options.hidden else "the window is shown")
        if self._options.join is not None:
            self.window.first_run.offer(self._options.join, may_go_back=False)
            return
        known = await self.disk.run(self.disk.profile.hosts)
        if known and await self.connection.resume(known[0]) and known[0].hosted:
            self.hosting.host(self.settings.name, None, None)

    def show_again(self, link: str) -> None:
        """The app was started a second time: bring the window to the front, and offer the link it was started with."""
        _log.info("started again, with %s", "a link" if link else "nothing")
        window = self.window
        self.tray.hide()
        window.show()
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        window.activateWindow()
        if link:
            self._show_first_run()
            window.first_run.offer(link, may_go_back=bool(self.feed.host))

    async def aclose(self) -> None:
        """Send what can't wait, hang up, end the host, close the files; afterwards nothing of this app is left."""
        self.window.hide()
        self._qt.applicationStateChanged.disconnect(self._state_changed)
        self._save_settings()
        try:
            await self.drafts.flush()
            await self.reading.flush()
            await self.chat.quit()
            await self.connection.stop()
            await self.hosting.aclose()
        finally:
            await self.nearby.aclose()
            await self.tasks.aclose()
            self.feed.close()
            await self.disk.aclose()
            self.tray.close()
            self.window.deleteLater()
            self.theme.deleteLater()

    # Signals to slots ------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        window, chat, reading, connection = self.window, self.chat, self.reading, self.connection
        window.send_requested.connect(chat.send)
        window.edit_requested.connect(chat.edit)
        window.delete_requested.connect(chat.delete)
        window.delete_now_requested.connect(chat.delete_now)
        window.undo_delete_requested.connect(chat.undo_delete)
        window.react_requested.connect(chat.react)
        window.pin_requested.connect(chat.pin)
        window.retry_requested.connect(chat.retry)
        window.discard_requested.connect(chat.discard)
        window.edit_pending_requested.connect(chat.discard)
        window.typing.connect(chat.typing)
        window.draft_changed.connect(self.drafts.keep)
        self.drafts.restored.connect(window.set_draft)
        window.jump_requested.connect(reading.jump)
        window.older_requested.connect(reading.older)
        window.newer_requested.connect(reading.newer)
        window.latest_requested.connect(reading.latest)
        window.read_reached.connect(reading.read)
        window.unread_requested.connect(reading.mark_unread)
        window.room_selected.connect(reading.open_room)
        window.autostart_switched.connect(self._switch_autostart)
        window.try_again_requested.connect(self._try_again)
        window.stop_hosting_requested.connect(self.hosting.stop)
        window.leave_requested.connect(self._leave)
        window.first_run.join_requested.connect(self._join)
        window.first_run.host_requested.connect(self._host)
        window.first_run.found_requested.connect(self._join_found)
        window.first_run.back_requested.connect(self._show_room)
        self.nearby.changed.connect(self._show_found)
        self.nearby.changed.connect(connection.heard)
        window.invites_requested.connect(self.invites.load)
        window.make_invite_requested.connect(self.invites.make)
        window.revoke_invite_requested.connect(self.invites.revoke)
        self.invites.loaded.connect(window.show_invites)
        self.invites.failed.connect(window.show_error)
        self.feed.people_changed.connect(self._refresh_invites)
        self.networks.changed.connect(self._show_networks)
        self.hosting.started.connect(self._ask_networks)
        window.networks_answered.connect(self._choose_networks)
        window.closed.connect(self._close)
        window.keep_hosting_requested.connect(self._keep_hosting)
        window.quit_requested.connect(self.closed.set)
        self.tray.shown_wanted.connect(lambda: self.show_again(""))
        self.tray.quit_wanted.connect(self.closed.set)
        self.hosting.failed.connect(self._show_failed_hosting)
        self.hosting.restarted.connect(lambda: window.show_error(wording.host_restarted()))
        self.feed.room_opened.connect(window.set_room)
        self.feed.room_changed.connect(window.set_room)
        self.feed.typing_changed.connect(window.set_typing)
        chat.failed.connect(window.show_error)
        chat.given_back.connect(window.give_back)
        reading.failed.connect(window.show_error)
        reading.jumped.connect(window.chat.view.show_row)
        side, finding = window.side, self.finding
        side.search_requested.connect(finding.look_for)
        side.more_found_requested.connect(finding.search.more)
        side.pins_requested.connect(finding.show_pins)
        side.more_pins_requested.connect(finding.pins.more)
        side.message_requested.connect(reading.show)
        side.seen_requested.connect(reading.ask_seen)
        reading.seen.connect(side.set_seen)
        finding.search.changed.connect(side.set_search)
        finding.pins.changed.connect(side.set_pins)
        self.waking.woke.connect(connection.woke)
        connection.state_changed.connect(self._show_state)
        connection.joined.connect(self._show_room)
        connection.join_failed.connect(self._join_failed)
        connection.join_unreached.connect(window.first_run.offer_check)
        window.check_requested.connect(self.doctor.check_host)
        window.first_run.check_requested.connect(self.doctor.check_way)
        window.check_again_requested.connect(self.doctor.again)
        self.doctor.looking.connect(window.show_looking)
        self.doctor.looked.connect(window.show_findings)
        connection.trust_asked.connect(window.ask_trust)
        window.trust_answered.connect(connection.answer_trust)
        connection.secret_asked.connect(window.ask_secret)
        window.secret_answered.connect(connection.answer_secret)
        window.password_requested.connect(self.people.set_password)
        window.moderation_requested.connect(self.people.moderate)
        window.host_page_requested.connect(self.people.load)
        window.device_end_requested.connect(self.people.end_device)
        window.policy_requested.connect(self.people.set_policy)
        window.new_code_requested.connect(self.people.make_code)
        self.people.page_loaded.connect(window.show_host_page)
        self.people.code_made.connect(window.show_code)
        self.people.failed.connect(window.show_error)
        self.hosting.card_changed.connect(window.set_host)
        self.hosting.started.connect(window.show_hosting)
        self.hosting.failed.connect(window.show_error)
        self.hosting.damaged.connect(self.backups.offer)
        window.backups_requested.connect(self.backups.load)
        window.back_up_requested.connect(self.backups.back_up)
        window.report_requested.connect(self.report.make)
        self.report.made.connect(window.show_report)
        window.check_backups_requested.connect(self.backups.check)
        window.restore_requested.connect(self.backups.restore)
        self.backups.changed.connect(window.set_backups)
        self.backups.offered.connect(window.show_backups)
        self._qt.applicationStateChanged.connect(self._state_changed)

    def _join(self, name: str, text: str) -> None:
        self.settings = replace(self.settings, name=name)
        self.window.first_run.set_busy(wording.joining())
        self.doctor.aim(text)
        self.connection.join(name, text)

    def _join_found(self, name: str, host: FoundHost, code: str) -> None:
        self.settings = replace(self.settings, name=name)
        self.window.first_run.set_busy(wording.joining())
        self.doctor.aim_at(host)
        if host.known:
            self.tasks.start(self._return(name, host), "return to a known host")
        else:
            self.connection.join_found(name, host, code)

    async def _return(self, name: str, host: FoundHost) -> None:
        """To a host where this person is a member: what is kept of it at once, then the host itself."""
        hosts = await self.disk.run(self.disk.profile.hosts)
        known = next((one for one in hosts if one.id == host.id), None)
        if known is None or (known.id == self.feed.host and self.connection.state.link is Link.LIVE):
            self._show_room()
            return
        await self.connection.stop()
        if not await self.connection.resume(known):
            self.connection.join_found(name, host, "")
            return
        self._show_room()
        if known.hosted:
            self.hosting.host(self.settings.name, None, None)

    def _host(self, name: str, room_name: str, policy: str) -> None:
        self.settings = replace(self.settings, name=name, room_name=room_name, policy=policy)
        self.window.first_run.set_busy(wording.starting_host())
        where = self.window.first_run.networks
        self._choose_networks(where.shown, where.chosen)
        self.hosting.host(name, room_name, policy)

    def _switch_autostart(self, on: bool) -> None:
        entry = self._options.autostart
        if entry is not None:
            try:
                entry.switch(on)
            except OSError as fault:
                self.window.show_error(wording.storage(fault.strerror or str(fault)))
            self.window.set_autostart(entry.is_on)

    def _close(self) -> None:
        """The window was closed: that ends the app, but nobody is put out of the room here without a word."""
        if self.hosting.others:
            self.window.ask_closing(self.hosting.others, Tray.is_there())
        else:
            self.window.hide()
            self.closed.set()

    def _keep_hosting(self) -> None:
        """Go on without the window; nothing depends on a tray."""
        if Tray.is_there():
            self.window.hide()
            self.tray.show()
        else:
            self.window.showMinimized()
        _log.info("hosting goes on without the window")

    def _show_failed_hosting(self) -> None:
        """Nobody would know that a room without a window is closed."""
        if (not self.window.isVisible() or self.window.isMinimized()) and not self.closed.is_set():
            self.show_again("")

    def _show_networks(self, networks: tuple[Network, ...]) -> None:
        unanswered = self.network_choices.unanswered(networks)
        known = tuple(network for network in networks if network.key in self.network_choices.hosted)
        ticked = known if known or not unanswered else None
        self.window.first_run.set_networks(networks, ticked)
        self._ask_networks()

    def _refresh_invites(self) -> None:
        """Somebody came, perhaps by one of them."""
        if self.window.shows_invites:
            self.invites.load()

    def _ask_networks(self) -> None:
        """Nothing is hosted on a network that nobody was asked about."""
        unanswered = self.network_choices.unanswered(self.networks.networks)
        if self.hosting.is_hosting and unanswered:
            self.window.ask_networks(unanswered)

    def _choose_networks(self, asked: tuple[Network, ...], chosen: tuple[Network, ...]) -> None:
        self.network_choices = self.network_choices.answered(asked, chosen)
        self.settings = replace(self.settings, networks=str(self.network_choices))
        self.hosting.serve(self.network_choices.blocks)

    def _join_failed(self, sentence: str) -> None:
        self.window.first_run.show_problem(sentence)

    def _try_again(self) -> None:
        if self.hosting.may_open_again:
            self.hosting.again()
        else:
            self.connection.try_again()

    def _leave(self) -> None:
        self.tasks.start(self._forget_host(), "leave a host")

    async def _forget_host(self) -> None:
        host = self.feed.host
        await self.connection.stop()
        await self.hosting.aclose()
        self.finding.stop()
        self.chat.forget_host(host)
        self.drafts.forget_host(host)
        self.reading.forget_host(host)
        await self.disk.run(self.disk.profile.forget_host, host)
        await self.disk.run(self.disk.credentials.put, host, None)
        await self.disk.run(self.disk.replica.forget_host, host)
        await self.feed.open_host("")
        self.window.first_run.set_busy(None)
        self.window.first_run.offer("", may_go_back=False)
        self._show_first_run()

    def _show_first_run(self) -> None:
        """The first page, with what is around for as long as it shows."""
        self.window.show_first_run()
        self.nearby.start()
        self.tasks.start(self._show_known(), "show the known hosts")

    async def _show_known(self) -> None:
        """Where this person is a member is on the first page whether or not it is heard of."""
        known = await self.disk.run(self.disk.profile.hosts)
        self._known = tuple(
            FoundHost(
                id=host.id,
                name=host.name,
                addresses=host.addresses,
                tls=host.way != 0,
                locked=False,
                people=0,
                known=True,
            )
            for host in known
        )
        self._show_found(self._found)

    def _show_found(self, hosts: tuple[FoundHost, ...]) -> None:
        self._found = hosts
        self.window.first_run.set_found(with_known(hosts, self._known))

    def _show_room(self) -> None:
        self.nearby.stop()
        self.window.first_run.set_busy(None)
        self.window.first_run.offer("", may_go_back=False)
        self.window.show_room()

    def _show_state(self, state: ConnectionState) -> None:
        self.window.set_connection(state)
        if state.link in (Link.RETRYING, Link.STOPPED):
            # The host may have another address by now; its key tells.
            self.nearby.start()
        elif state.link is Link.LIVE:
            self.nearby.stop()

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        self.connection.set_active(state == Qt.ApplicationState.ApplicationActive)

    def _look(self) -> dict[str, str]:
        """What the window looks like, for a report."""
        screen = self.window.screen()
        return {
            "theme": self.theme.tokens.name,
            "text size": f"{self.theme.scale:g}",
            "window": f"{self.window.width()} x {self.window.height()}, {screen.devicePixelRatio():g} pixels a point",
            "drawn by": self._qt.platformName(),
        }

    def _save_settings(self) -> None:
        self.settings = replace(
            self.settings,
            text_scale=self.theme.scale,
            motion="reduced" if self.theme.less_motion else "system",
            ctrl_enter_sends=self.window.ctrl_enter,
            recent_emoji=" ".join(self.window.recent_emoji),
            geometry=bytes(self.window.saveGeometry().data()),
            panes=self.window.layout_state(),
        )
        self._settings_file.save(self.settings)

    def _failed(self, name: str, error: BaseException) -> None:
        """A task failed: the environment's fault is told to the person, our own is logged whole."""
        if isinstance(error, StorageFault):
            self.window.show_error(wording.storage(str(error)))
        elif isinstance(error, ReplicaLost):
            _log.info("Task %s met the lost replica; the connection begins anew", name)
        else:
            _log.error("Task %s failed", name, exc_info=error)


async def run(qt: QApplication, options: Options, instance: Instance | None = None) -> int:
    """One window until it is closed; the exit status."""
    app = App(qt, options)
    if instance is not None:
        instance.asked.connect(app.show_again)
    if sys.platform == "darwin":
        Links(qt).asked.connect(app.show_again)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: the console's own handling stays
            loop.add_signal_handler(number, app.closed.set)
    try:
        await app.start()
        await app.closed.wait()
    except StorageFault as fault:
        print(f"mrsambosk: {fault}", file=sys.stderr)
        return 1
    finally:
        await app.aclose()
    return 0


def main(options: Options) -> int:
    """Run the app; the exit status."""
    qt = QApplication([])
    qt.setApplicationName("Mrsambosk")
    # What the desktop knows the window by: its icon and name are in mrsambosk.desktop.
    qt.setDesktopFileName("mrsambosk")
    qt.setQuitOnLastWindowClosed(False)
    instance = Instance(options.folder)
    if not instance.take():
        if instance.hand_over(options.join or ""):
            return 0
        print("mrsambosk: Mrsambosk runs already for this profile, but does not answer.", file=sys.stderr)
        return 1
    try:
        return _run(qt, options, instance)
    finally:
        instance.close()


def _run(qt: QApplication, options: Options, instance: Instance) -> int:
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
        return runner.run(run(qt, options, instance))
