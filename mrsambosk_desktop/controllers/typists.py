"""Who is writing in the open room: heard of, and forgotten when nothing is heard for a while."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from mrsambosk_protocol.limits import TYPING_SECONDS

_SHOWN_SECONDS: Final = 2 * TYPING_SECONDS


class Typists:
    """Args:
    changed: called with the ids of who is writing now, the longest first.
    """

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        self._changed = changed
        self._until: dict[str, float] = {}
        self._timer: asyncio.Handle | None = None

    def heard(self, user: str) -> None:
        """They are at it."""
        self._until[user] = time.monotonic() + _SHOWN_SECONDS
        self._tell()

    def wrote(self, users: Iterable[str]) -> None:
        """What they were writing is here."""
        if self._until:
            for user in users:
                self._until.pop(user, None)
            self._tell()

    def forget(self) -> None:
        """Another room is open."""
        self._until.clear()
        self._tell()

    def close(self) -> None:
        """Nothing more is told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        now = time.monotonic()
        self._until = {user: until for user, until in self._until.items() if until > now}
        self._changed(tuple(self._until))
        self.close()
        if self._until:
            wait = min(self._until.values()) - now
            self._timer = asyncio.get_running_loop().call_later(wait + 0.05, self._tell)
