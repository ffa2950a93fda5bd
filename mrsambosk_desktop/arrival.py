"""Coming into a room: the first page, and what leads from it to a host and back.

A link, a host that was found or known, a room of one's own: each way in begins here, and what came of it is shown here.
"""

from dataclasses import replace
from typing import Final

from .controllers import wording
from .controllers.connection import ConnectionController
from .controllers.doctor import DoctorController
from .controllers.feed import Feed
from .controllers.hosting import HostingController
from .controllers.nearby import NearbyController
from .controllers.networks import ServedNetworks
from .core.nearby import FoundHost, with_known
from .core.rows import ConnectionState, Link
from .core.tasks import Tasks
from .settings import SettingsFile
from .storage.disk import Disk
from .storage.profile import KnownHost
from .widgets.main_window import MainWindow

#: While it stands so with the host, it may have another address by now.
_LOST: Final = (Link.RETRYING, Link.STOPPED)


class Arrival:
    """Between the first page and the controllers that get a person into a room. Hosts are looked for on the network as
    long as they may be wanted: while the first page shows, and while the host does not answer."""

    def __init__(
        self,
        window: MainWindow,
        settings: SettingsFile,
        disk: Disk,
        feed: Feed,
        connection: ConnectionController,
        hosting: HostingController,
        served: ServedNetworks,
        nearby: NearbyController,
        doctor: DoctorController,
        tasks: Tasks,
    ) -> None:
        self._window, self._page, self._settings = window, window.first_run, settings
        self._disk, self._feed, self._connection, self._hosting = disk, feed, connection, hosting
        self._served, self._nearby, self._doctor, self._tasks = served, nearby, doctor, tasks
        self._found: tuple[FoundHost, ...] = ()
        self._known: tuple[FoundHost, ...] = ()

    async def begin(self, link: str | None) -> None:
        """At the start of the app: offer the link that it was started with, else go where this person was last."""
        if link is not None:
            self._page.offer(link, may_go_back=False)
            return
        known = await self._disk.run(self._disk.profile.hosts)
        if known and await self._connection.resume(known[0]):
            self._host_again(known[0])

    def offer(self, link: str) -> None:
        """The first page with this link, from wherever the window is."""
        self.show_first_page()
        self._page.offer(link, may_go_back=bool(self._feed.host))

    def look_elsewhere(self) -> None:
        """The first page from a room, to go to another one, or back."""
        self.offer("")

    def start_over(self) -> None:
        """The host was left: the first page as at the first start."""
        self._clear_page()
        self.show_first_page()

    # The ways in ------------------------------------------------------------------------------------------------

    def join(self, name: str, text: str) -> None:
        """By an address or an invite."""
        self._settings.now = replace(self._settings.now, name=name)
        self._page.set_busy(wording.joining())
        self._doctor.aim(text)
        self._connection.join(name, text)

    def join_found(self, name: str, host: FoundHost, code: str) -> None:
        """To a host of the list: back to one that is known, or into another."""
        self._settings.now = replace(self._settings.now, name=name)
        self._page.set_busy(wording.joining())
        self._doctor.aim_at(host)
        if host.known:
            self._tasks.start(self._return(name, host), "return to a known host")
        else:
            self._connection.join_found(name, host, code)

    def host(self, name: str, room_name: str, policy: str) -> None:
        """Into a room of one's own, on the networks that are ticked."""
        self._settings.now = replace(self._settings.now, name=name, room_name=room_name, policy=policy)
        self._page.set_busy(wording.starting_host())
        where = self._page.networks
        self._served.choose(where.shown, where.chosen)
        self._hosting.host(name, room_name, policy)

    def try_again(self) -> None:
        """At once: to the room that was hosted here and is closed, or to the host that did not answer."""
        if self._hosting.may_open_again:
            self._hosting.again()
        else:
            self._connection.try_again()

    # What is shown of it ----------------------------------------------------------------------------------------

    def show_first_page(self) -> None:
        """The first page, with what is around for as long as it shows."""
        self._window.show_first_run()
        self._nearby.start()
        self._tasks.start(self._show_known(), "show the known hosts")

    def show_room(self) -> None:
        """The room; the first page is as new when it comes again."""
        self._clear_page()
        self._window.show_room()
        if self._connection.state.link not in _LOST:
            self._nearby.stop()

    def show_found(self, hosts: tuple[FoundHost, ...]) -> None:
        """Who is around."""
        self._found = hosts
        self._page.set_found(with_known(hosts, self._known))

    def show_state(self, state: ConnectionState) -> None:
        """How it stands with the host."""
        self._window.set_connection(state)
        if state.link in _LOST:
            # Its key tells.
            self._nearby.start()
        elif state.link is Link.LIVE and self._page.isHidden():
            self._nearby.stop()

    # Inside -----------------------------------------------------------------------------------------------------

    async def _return(self, name: str, host: FoundHost) -> None:
        """To a host where this person is a member: what is kept of it at once, then the host itself."""
        hosts = await self._disk.run(self._disk.profile.hosts)
        known = next((one for one in hosts if one.id == host.id), None)
        if known is None or (known.id == self._feed.host and self._connection.state.link is Link.LIVE):
            self.show_room()
            return
        await self._connection.stop()
        if not await self._connection.resume(known):
            self._connection.join_found(name, host, "")
            return
        self.show_room()
        self._host_again(known)

    def _host_again(self, known: KnownHost) -> None:
        """A room of one's own is there only once it is open."""
        if known.hosted:
            self._hosting.host(self._settings.now.name, None, None)

    async def _show_known(self) -> None:
        """Where this person is a member is on the first page whether or not it is heard of."""
        known = await self._disk.run(self._disk.profile.hosts)
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
        self.show_found(self._found)

    def _clear_page(self) -> None:
        self._page.set_busy(None)
        self._page.offer("", may_go_back=False)
