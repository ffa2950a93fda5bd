"""The networks this computer is on, followed as they change, and those on which a room here is served."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.networks import Network, NetworkChoices
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.interfaces import my_networks
from mrsambosk_desktop.settings import SettingsFile

from .hosting import HostingController

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


class ServedNetworks(QObject):
    """On which networks a room is served, as its person chose: never on one that nobody was asked about.

    Signals: `offered` (networks, those to tick or None): where one can host now; `asked` (networks): a room is open,
    and these are new. The answer to either is `choose`.
    """

    offered = Signal(object, object)
    asked = Signal(object)

    def __init__(self, watch: NetworkWatch, hosting: HostingController, settings: SettingsFile) -> None:
        super().__init__()
        self._watch, self._hosting, self._settings = watch, hosting, settings
        self._choices = NetworkChoices.parse(settings.now.networks)
        hosting.serve(self._choices.blocks)

    def offer(self, networks: tuple[Network, ...]) -> None:
        """This computer is on these networks."""
        unanswered = self._choices.unanswered(networks)
        known = tuple(network for network in networks if network.key in self._choices.hosted)
        self.offered.emit(networks, known if known or not unanswered else None)
        self.ask()

    def ask(self) -> None:
        """Ask about those that nobody was asked about, if a room is open."""
        unanswered = self._choices.unanswered(self._watch.networks)
        if self._hosting.is_hosting and unanswered:
            self.asked.emit(unanswered)

    def choose(self, asked: Sequence[Network], chosen: Sequence[Network]) -> None:
        """The person was asked about some, and chose among them."""
        self._choices = self._choices.answered(asked, chosen)
        self._settings.now = replace(self._settings.now, networks=str(self._choices))
        self._hosting.serve(self._choices.blocks)
