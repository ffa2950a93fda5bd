"""What the controllers share that ask the host over HTTP because somebody clicked."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.connection import Unreachable
from mrsambosk_desktop.net.http import Door
from mrsambosk_protocol.limits import Refused

from . import wording
from .connection import ConnectionController


class AskingController(QObject):
    """Signal `failed` (sentence): what was asked was not done, and why."""

    failed = Signal(str)

    def __init__(self, connection: ConnectionController, tasks: Tasks) -> None:
        super().__init__()
        self._connection, self._tasks = connection, tasks

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
