"""Personal invites of this host: made, listed with who came by them, withdrawn."""

from PySide6.QtCore import Signal

from mrsambosk_desktop.core.rows import InvitePage
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.http import Door
from mrsambosk_protocol.requests import InviteMade, Invites, MakeInvite

from .asking import AskingController
from .connection import ConnectionController
from .feed import Feed


class InvitesController(AskingController):
    """Signals: `loaded` (InvitePage); `failed` (sentence)."""

    loaded = Signal(object)

    def __init__(self, feed: Feed, connection: ConnectionController, tasks: Tasks) -> None:
        super().__init__(connection, tasks)
        self._feed = feed

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
