"""A person hosts: the child process is started, joined as its owner, started again when it dies, stopped."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.rows import HostCard
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.core.words import words_of
from mrsambosk_desktop.hosting import HostFailed, HostOptions, HostProcess, Ready
from mrsambosk_desktop.net.trust import PLAIN, pinned
from mrsambosk_protocol.entities import OFFLINE
from mrsambosk_protocol.invite import Address, BadInvite, parse_invite

from . import wording
from .connection import ConnectionController
from .entrance import Target
from .feed import Feed

#: A host that dies more often than this within a minute has a reason that another start does not mend.
_DEATHS_A_MINUTE: Final = 3
#: Of a host that can't use its database (docs/protocol.md, *Starting one*).
_DATABASE_STATUS: Final = 5


class HostingController(QObject):
    """Signals: `card_changed` (HostCard); `started`: the room is open; `restarted`: the child had died and the room is
    open again; `failed` (sentence), and `damaged` when it is the room's database that can't be used.

    Args:
        data: where the host keeps its room.
        port: None for the usual one; 0 picks a free one.
        bind: the addresses to serve; None for the networks that `serve` names.
    """

    card_changed = Signal(object)
    started = Signal()
    restarted = Signal()
    failed = Signal(str)
    damaged = Signal()

    def __init__(
        self,
        data: Path,
        port: int | None,
        bind: tuple[str, ...] | None,
        feed: Feed,
        connection: ConnectionController,
        tasks: Tasks,
    ) -> None:
        super().__init__()
        self._bind = bind
        self._blocks: tuple[str, ...] = ()
        self._data, self._port, self._feed, self._connection, self._tasks = data, port, feed, connection, tasks
        self._process: HostProcess | None = None
        self._ready: Ready | None = None
        self._options: HostOptions | None = None
        self._own = ""
        self._own_name = ""
        self._others = 0
        # Whether the window goes into the room as soon as it is open, wherever it is.
        self._enters = False
        self._keeper: asyncio.Task[None] | None = None
        feed.people_changed.connect(self._people_changed)

    @property
    def pid(self) -> int | None:
        """The child's, while it runs."""
        return None if self._process is None else self._process.pid

    # Intents ---------------------------------------------------------------------------------------------------

    def serve(self, blocks: tuple[str, ...]) -> None:
        """On which networks to host (``192.168.1.0/24``), from now on; who is in is back within moments."""
        if blocks == self._blocks:
            return
        self._blocks = blocks
        if self._bind is None and self._options is not None and self._process is not None and self._ready is not None:
            self._tasks.start(self._process.stop(), "start the host on other networks")

    @property
    def is_hosting(self) -> bool:
        """Whether a room is kept open here."""
        return self._keeper is not None and not self._keeper.done()

    @property
    def others(self) -> int:
        """How many are in the room that is kept open here, besides its owner; as of when the window looked at it."""
        return self._others if self._ready is not None else 0

    @property
    def is_looked_at(self) -> bool:
        """Whether the window is on the host that is run here, or was when it last ran; or on none at all."""
        # Before it ran for the first time nobody knows which host it is.
        return self._feed.host in ("", self._own) if self._own else not self._connection.is_elsewhere

    def host(self, owner: str, room_name: str | None, policy: str | None) -> None:
        """Open a room on this computer, and go in. Without a name and a policy it is the one of the last time; one that
        is open already stays as it is."""
        if not self.is_hosting:
            options = HostOptions(self._data, owner, room_name, policy, self._port)
            self._enters = True
            self._keeper = self._tasks.start(self._keep(options), "host a room")
        elif self._ready is not None:
            self._connection.connect_to(_target(self._ready))
        else:
            self._enters = True

    def stop(self) -> None:
        """Close the room."""
        self._tasks.start(self._stop(), "stop hosting")

    def again(self) -> None:
        """Open the room again that was closed at this window."""
        if self._options is not None and not self.is_hosting:
            options = replace(self._options, name=None, policy=None)
            self._enters = self.is_looked_at
            self._keeper = self._tasks.start(self._keep(options), "host a room")

    @property
    def may_open_again(self) -> bool:
        """Whether the room looked at was hosted here and is closed now."""
        return self._options is not None and self.is_looked_at and not self.is_hosting

    async def aclose(self) -> None:
        """End the child."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])

    # Inside ----------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        if self.is_looked_at:
            await self._connection.stop(wording.stopped_hosting())
        await self.aclose()

    async def _keep(self, options: HostOptions) -> None:
        """Start the child, and start it again when it dies, at the same port. Whoever looks at another host's room
        meanwhile goes on doing so."""
        self._options = options
        deaths: list[float] = []
        is_again = has_died = False
        try:
            while True:
                self._process = HostProcess(self._moved)
                try:
                    binds = self._binds()
                    self._ready = await self._process.start(replace(options, bind=binds))
                except HostFailed as failure:
                    self.failed.emit(wording.host_failed(failure))
                    if failure.status == _DATABASE_STATUS:
                        self.damaged.emit()
                    return
                # Whoever is in looks for it at this port, also when it is closed and opened again.
                options = self._options = replace(options, port=self._ready.port)
                self._own = self._ready.fingerprint or ""
                self._own_name = parse_invite(self._ready.invite).name
                if self._enters or self._feed.host == self._own:
                    self._connection.connect_to(_target(self._ready))
                self._enters = False
                self._tell()
                if not is_again:
                    is_again = True
                    self.started.emit()
                elif has_died:
                    self.restarted.emit()
                has_died = False
                if binds == self._binds():
                    await self._process.ended()
                await self._process.stop()
                if binds != self._binds():
                    continue
                has_died = True
                now = time.monotonic()
                deaths = [death for death in deaths if now - death < 60] + [now]
                if len(deaths) > _DEATHS_A_MINUTE:
                    self.failed.emit(wording.host_failed(HostFailed(None, "")))
                    return
        finally:
            process, self._process, self._ready, self._others = self._process, None, None, 0
            if process is not None:
                await process.stop()
            self._tell()

    def _binds(self) -> tuple[str, ...]:
        return self._bind if self._bind is not None else (self._blocks or ("127.0.0.1",))

    def _moved(self, ready: Ready) -> None:
        """The host is at another address, or its join code is another one."""
        if self._ready is not None:
            self._ready = msgspec.structs.replace(ready, owner_token=self._ready.owner_token)
            self._tell()

    def _people_changed(self) -> None:
        if self._feed.host == self._own:
            present = (user.id for user in self._feed.users.values() if user.status != OFFLINE)
            self._others = sum(id != self._feed.me for id in present)
        self._tell()

    def _tell(self) -> None:
        ready = self._ready
        online = self._others + (self._feed.host == self._own)
        self.card_changed.emit(
            HostCard(
                hosting=ready is not None and self.is_looked_at,
                host_name=self._feed.host_name,
                hosted_by=self._feed.owner_name(),
                address_lines=tuple(f"{at} : {ready.port}" for at in ready.addresses) if ready is not None else (),
                online=online,
                invite=ready.invite if ready is not None else None,
                words=words_of(ready.fingerprint) if ready is not None and ready.fingerprint else (),
                own_room=self._own_name if ready is not None and not self.is_looked_at else "",
            )
        )


def _target(ready: Ready) -> Target:
    """How this app reaches its own host: over loopback where the host listens there, as everybody else does."""
    try:
        addresses = parse_invite(ready.invite).addresses
    except BadInvite:
        addresses = ()
    loopback = Address("127.0.0.1", ready.port)
    trust = pinned(ready.fingerprint) if ready.fingerprint else PLAIN
    others = (at for at in addresses if at != loopback)
    return Target((loopback, *others), ready.owner_token or "", trust, hosted=True)
