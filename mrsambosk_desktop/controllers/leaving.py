"""A person leaves a host for good: this computer forgets all it kept of it."""

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.storage.disk import Disk

from .chat import ChatController
from .connection import ConnectionController
from .drafts import DraftsController
from .feed import Feed
from .finding import FindingController
from .hosting import HostingController
from .reading import ReadingController


class LeavingController(QObject):
    """Signal `left`: nothing of the host is here any more."""

    left = Signal()

    def __init__(
        self,
        disk: Disk,
        feed: Feed,
        connection: ConnectionController,
        hosting: HostingController,
        chat: ChatController,
        drafts: DraftsController,
        reading: ReadingController,
        finding: FindingController,
        tasks: Tasks,
    ) -> None:
        super().__init__()
        self._disk, self._feed, self._connection, self._hosting = disk, feed, connection, hosting
        self._chat, self._drafts, self._reading, self._finding = chat, drafts, reading, finding
        self._tasks = tasks

    def leave(self) -> None:
        """Leave the host whose room is open."""
        self._tasks.start(self._forget_host(), "leave a host")

    async def _forget_host(self) -> None:
        host = self._feed.host
        await self._connection.stop()
        if self._hosting.is_looked_at:
            await self._hosting.aclose()
        self._finding.stop()
        self._chat.forget_host(host)
        self._drafts.forget_host(host)
        self._reading.forget_host(host)
        await self._disk.run(self._disk.profile.forget_host, host)
        await self._disk.run(self._disk.credentials.put, host, None)
        await self._disk.run(self._disk.replica.forget_host, host)
        await self._feed.open_host("")
        self.left.emit()
