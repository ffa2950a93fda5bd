"""The composition root of the app: builds everything, has it connected, ends everything in order.

There is one loop, Qt's and asyncio's at once. `App` is one window with its profile; `main` runs one.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

# PySide6 first: qasync takes the Qt that is already there.
import qasync  # type: ignore[import-untyped]  # isort: skip

from . import wiring
from .appearance import Appearance
from .arrival import Arrival
from .autostart import Autostart
from .closing import Closing
from .controllers import wording
from .controllers.backups import BackupsController
from .controllers.chat import ChatController
from .controllers.colouring import ColouringController
from .controllers.connection import ConnectionController
from .controllers.doctor import DoctorController
from .controllers.drafts import DraftsController
from .controllers.feed import Feed
from .controllers.finding import FindingController
from .controllers.hosting import HostingController
from .controllers.invites import InvitesController
from .controllers.leaving import LeavingController
from .controllers.nearby import NearbyController
from .controllers.networks import NetworkWatch, ServedNetworks
from .controllers.people import PeopleController
from .controllers.reading import ReadingController
from .controllers.report import ReportController
from .controllers.waking import WakeWatch
from .core.tasks import Tasks
from .instance import Instance
from .links import Links
from .models.found import FoundModel
from .models.members import MemberModel
from .models.rooms import RoomModel
from .models.timeline import TimelineModel
from .net.http import Door
from .settings import Settings, SettingsFile
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
        self._settings_file.load()
        self.disk = Disk(options.folder, options.ring)
        self.timeline = TimelineModel()
        self.members = MemberModel()
        self.rooms = RoomModel()
        self.feed = Feed(self.disk, self.timeline, self.members, self.rooms)
        self.reading = ReadingController(self.disk, self.feed, self.timeline, self.tasks)
        self.found, self.pinned = FoundModel(), FoundModel()
        self.finding = FindingController(self.disk, self.feed, self.reading, self.found, self.pinned, self.tasks)
        self.chat = ChatController(self.disk, self.feed, self.timeline, self.tasks)
        self.colouring = ColouringController(self.tasks)
        self.drafts = DraftsController(self.disk, self.feed, self.tasks)
        self.connection = ConnectionController(self.disk, self.feed, self.reading, self.chat, self.tasks)
        self.hosting = HostingController(
            options.folder / "host", options.port, options.bind, self.feed, self.connection, self.tasks
        )
        self.backups = BackupsController(options.folder / "host", self.hosting, self.connection, self.tasks)
        self.people = PeopleController(self.feed, self.connection, self.tasks)
        self.doctor = DoctorController(self.tasks, self._own_door, glances=options.look_around)
        self.invites = InvitesController(self.feed, self.connection, self.tasks)
        self.nearby = NearbyController(self.tasks, enabled=options.look_around)
        self.networks = NetworkWatch(self.tasks)
        self.served = ServedNetworks(self.networks, self.hosting, self._settings_file)
        self.leaving = LeavingController(
            self.disk,
            self.feed,
            self.connection,
            self.hosting,
            self.chat,
            self.drafts,
            self.reading,
            self.finding,
            self.tasks,
        )
        self.waking = WakeWatch(self.tasks)
        self.theme = Theme(qt, "system", self.settings.text_scale)
        self.window = MainWindow(self.theme, self.timeline, self.members, self.rooms, self.found, self.pinned)
        self.tray = Tray(self.theme)
        self.appearance = Appearance(self.window, self.theme, self._settings_file)
        self.arrival = Arrival(
            self.window,
            self._settings_file,
            self.disk,
            self.feed,
            self.connection,
            self.hosting,
            self.served,
            self.nearby,
            self.doctor,
            self.tasks,
        )
        self.closing = Closing(self.window, self.tray, self.hosting, self.closed)
        self.report = ReportController(
            options.folder,
            self.disk,
            self.feed,
            self.timeline,
            self.connection,
            self.hosting,
            self.tasks,
            log_lines=options.log_lines,
            look=self.appearance.describe,
            own_names=lambda: (self.settings.name, self.settings.room_name),
        )
        self._connect()

    async def start(self) -> None:
        """Open the profile and show the window: on the room that was used last, or on the first page.

        Raises:
            StorageFault: the profile can't be opened.
        """
        # Before anything can fail: what is kept at the end is what was there.
        self.appearance.restore()
        await self.disk.open()
        await self.chat.load()
        await self.drafts.load()
        await self.reading.load()
        self.window.first_run.set_name(self.settings.name)
        if self._options.autostart is not None:
            self._options.autostart.repair()
            self.window.dialogs.set_autostart(self._options.autostart.is_on)
        self.arrival.show_first_page()
        if not self._options.hidden:
            self.window.show()
        self.waking.start()
        if self._options.bind is None:
            self.networks.start()
        _log.info("the window waits to be asked for" if self._options.hidden else "the window is shown")
        await self.arrival.begin(self._options.join)

    @property
    def settings(self) -> Settings:
        """What the person chose, as it stands."""
        return self._settings_file.now

    def show_again(self, link: str) -> None:
        """The app was started a second time: bring the window to the front, and offer the link it was started with."""
        _log.info("started again, with %s", "a link" if link else "nothing")
        self.closing.show_again()
        if link:
            self.arrival.offer(link)

    async def aclose(self) -> None:
        """Send what can't wait, hang up, end the host, close the files; afterwards nothing of this app is left."""
        self.window.hide()
        self._qt.applicationStateChanged.disconnect(self._state_changed)
        self.appearance.keep()
        try:
            for keep in (self.drafts.flush, self.reading.flush):
                # What a full disk does not take is lost; the room hosted here is ended in order all the same.
                with contextlib.suppress(StorageFault, ReplicaLost):
                    await keep()
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

    # Inside ----------------------------------------------------------------------------------------------------

    def _own_door(self) -> Door | None:
        """The HTTP of the host that is run here, while the window is on it: no other is asked about this computer."""
        return self.connection.door if self.hosting.is_looked_at else None

    def _connect(self) -> None:
        window = self.window
        wiring.connect_messages(window, self.feed, self.chat, self.drafts)
        wiring.connect_reading(window, self.feed, self.reading, self.colouring)
        wiring.connect_side_pages(window.side, self.finding, self.reading)
        wiring.connect_first_page(window.first_run, self.arrival, self.nearby, self.connection)
        wiring.connect_door(window.dialogs, self.connection)
        wiring.connect_connection(window, self.arrival, self.connection, self.waking, self.leaving)
        wiring.connect_hosting(window, self.closing, self.hosting, self.networks, self.served)
        wiring.connect_invites(window, self.feed, self.invites)
        wiring.connect_doctor(window, self.doctor)
        wiring.connect_host_page(window, self.people)
        wiring.connect_upkeep(window.dialogs, self.hosting, self.backups, self.report)
        wiring.connect_closing(window, self.tray, self.closing)
        window.dialogs.autostart_switched.connect(self._switch_autostart)
        self._qt.applicationStateChanged.connect(self._state_changed)

    def _switch_autostart(self, on: bool) -> None:
        entry = self._options.autostart
        if entry is not None:
            try:
                entry.switch(on)
            except OSError as fault:
                self.window.show_error(wording.storage(fault.strerror or str(fault)))
            self.window.dialogs.set_autostart(entry.is_on)

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        self.connection.set_active(state == Qt.ApplicationState.ApplicationActive)

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
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
            return runner.run(run(qt, options, instance))
    finally:
        instance.close()
