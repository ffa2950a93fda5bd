"""Notices that the machine slept: the clock on the wall went further than this program waited."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.tasks import Tasks

LOOK_SECONDS: Final = 2.0
#: A busy machine is late by less; a shorter sleep is found by the next ping all the same.
LATE_SECONDS: Final = 6.0


class WakeWatch(QObject):
    """Signal: `woke`, also when the clock was set forwards: asking once too often does no harm.

    Args:
        clock: seconds, going on while the machine sleeps.
        wait: how it waits between two looks.
    """

    woke = Signal()

    def __init__(
        self,
        tasks: Tasks,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._tasks, self._clock, self._wait = tasks, clock, wait

    def start(self) -> None:
        """Look from now on, until the tasks end."""
        self._tasks.start(self._watch(), "watch the clock")

    async def _watch(self) -> None:
        while True:
            before = self._clock()
            await self._wait(LOOK_SECONDS)
            if self._clock() - before > LOOK_SECONDS + LATE_SECONDS:
                self.woke.emit()
