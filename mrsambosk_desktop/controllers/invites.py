"""Personal invites of this host: made, listed with who came by them, withdrawn."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.rows import InvitePage
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.connection import Unreachable
from mrsambosk_desktop.net.http import Door
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import InviteMade, Invites, MakeInvite

from . import wording
from .connection import ConnectionController
from .feed import Feed


class InvitesController(QObject):
    """Signals: `loaded` (InvitePage); `failed` (sentence)."""

    loaded = Signal(object)
    failed = Signal(str)

    def __init__(self, feed: Feed, connection: ConnectionController, tasks: Tasks) -> None:
        super().__init__()
        self._feed, self._connection, self._tasks = feed, connection, tasks

    # Intents ---------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Fetch the list; `loaded` follows."""
        self._do(self._load, "load the invites")

    def make(self, single_use: bool, minutes: int) -> None:
        """Make one, good for so many minutes (0: until it is withdrawn); `loaded` follows, with its code this once."""
        self._do(lambda door: self._make(door, MakeInvite(single_use=single_use, minutes=minutes or None)), "invite")

    def revoke(self, id: str) -> None:
        """Withdraw one; `loaded` follows."""
        self._do(lambda door: self._revoke(door, id), "withdraw an invite")

    # Inside ----------------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[Door], Awaitable[None]], name: str) -> None:
        self._tasks.start(self._guarded(work), name)

    async def _guarded(self, work: Callable[[Door], Awaitable[None]]) -> None:
        door = self._connection.door
        if door is None:
            self.failed.emit(wording.no_connection())
            return
        try:
            await work(door)
        except Refused as refused:
            self.failed.emit(refused.text)
        except Unreachable as failure:
            self.failed.emit(wording.unreachable(failure))

    async def _load(self, door: Door, code: str = "") -> None:
        listed = await door.ask("GET", "/invites", Invites)
        names = {user.id: user.name for user in self._feed.users.values()}
        self.loaded.emit(InvitePage(listed.invites, names, code))

    async def _make(self, door: Door, wanted: MakeInvite) -> None:
        made = await door.ask("POST", "/invites", InviteMade, wanted)
        await self._load(door, made.code)

    async def _revoke(self, door: Door, id: str) -> None:
        await door.ask("DELETE", f"/invites/{id}", type(None))
        await self._load(door)
