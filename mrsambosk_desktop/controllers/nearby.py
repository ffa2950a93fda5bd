"""Who is around: looks for hosts on the network while a window wants to know, and is silent otherwise."""

import asyncio

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.discovery import Discovery


class NearbyController(QObject):
    """Signals: `changed` (a tuple of FoundHost): the list is another one.

    Args:
        enabled: False for a profile that looks for nobody.
    """

    changed = Signal(object)

    def __init__(self, tasks: Tasks, *, enabled: bool = True) -> None:
        super().__init__()
        self._tasks = tasks
        self._enabled = enabled
        self._looking: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look, unless it does already."""
        if self._enabled and self._looking is None:
            self._looking = self._tasks.start(self._look(), "look for hosts")

    def stop(self) -> None:
        """Stop looking; what was found is forgotten."""
        looking, self._looking = self._looking, None
        if looking is not None:
            self._closing.add(looking)
            looking.add_done_callback(self._closing.discard)
            looking.cancel()
            self.changed.emit(())

    async def aclose(self) -> None:
        """Stop looking, and wait until all is closed."""
        self.stop()
        if self._closing:
            await asyncio.wait(tuple(self._closing))

    async def _look(self) -> None:
        """Until cancelled."""
        me = asyncio.current_task()
        discovery = Discovery(lambda hosts: self._heard(me, hosts))
        try:
            await discovery.start()
            await asyncio.Event().wait()
        finally:
            await discovery.close()

    def _heard(self, by: "asyncio.Task[None] | None", hosts: tuple[FoundHost, ...]) -> None:
        if by is self._looking:
            self.changed.emit(hosts)
