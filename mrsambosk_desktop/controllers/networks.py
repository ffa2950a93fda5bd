"""Follows the networks this computer is on, for who chooses where to host."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.interfaces import my_networks

_log = logging.getLogger(__name__)
LOOK_SECONDS: Final = 3.0


class NetworkWatch(QObject):
    """Signal `changed` (a tuple of Network): this computer is on others than before.

    Args:
        look: what tells them.
    """

    changed = Signal(object)

    def __init__(self, tasks: Tasks, look: Callable[[], tuple[Network, ...]] = my_networks) -> None:
        super().__init__()
        self._tasks, self._look = tasks, look
        self.networks: tuple[Network, ...] = ()

    def start(self) -> None:
        """Look at once, and from now on until the tasks end."""
        self.look()
        self._tasks.start(self._watch(), "watch the networks")

    def look(self) -> None:
        """Look now."""
        try:
            networks = self._look()
        except OSError as error:
            _log.info("the networks can't be read now: %s", error)
            return
        if networks != self.networks:
            self.networks = networks
            self.changed.emit(networks)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
