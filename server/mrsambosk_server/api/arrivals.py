"""Whether others can still come in: the host asks devices elsewhere for a fresh connection, and sees where it arrives.

The event that asks names no address: a device dials only where it knows this host to be, so that nobody can be sent
anywhere. One asking at a time, and a pause after each.
"""

import asyncio
import contextlib
import hmac
import secrets
from typing import Final

from mrsambosk_protocol import events
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import DialledBack

from ..session import Services
from ..throttle import round_up

#: Devices asked at most: one that comes in is enough.
_ASKED: Final = 3
_PAUSE_SECONDS: Final = 5.0
#: A device tries each address it knows: the first may be one that leads nowhere.
_WAIT_SECONDS: Final = 5.0
#: After the first that came in, for those at the host's other addresses.
_MORE_SECONDS: Final = 0.5
#: Other programs than the app may not know the event: their silence would say nothing.
_KNOWS: Final = "Mrsambosk/"


class Arrivals:
    """The asking that is under way, and when the next may be."""

    def __init__(self) -> None:
        self._id = ""
        self._reached: dict[str, None] = {}
        self._came = asyncio.Event()
        self._next_at = 0.0

    async def ask(self, services: Services, now: float) -> DialledBack:
        """Ask, and wait for who comes.

        Raises:
            Refused: `rate_limited`.
        """
        if now < self._next_at:
            raise Refused("rate_limited", "That was asked just now; wait a moment.", round_up(self._next_at - now))
        self._next_at = now + _WAIT_SECONDS + _PAUSE_SECONDS
        asked = [one for one in services.sessions if one.is_elsewhere and one.program.startswith(_KNOWS)][:_ASKED]
        if not asked:
            self._next_at = now + 1.0
            return DialledBack(asked=0, reached=())
        self._id, self._reached = secrets.token_urlsafe(16), {}
        self._came.clear()
        try:
            for session in asked:
                services.hub.send(session, events.DialBack(id=self._id))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WAIT_SECONDS):
                    await self._came.wait()
                    await asyncio.sleep(_MORE_SECONDS)
            return DialledBack(asked=len(asked), reached=tuple(self._reached))
        finally:
            self._id = ""

    def arrive(self, id: str, address: str) -> None:
        """Somebody came in at this address of the host.

        Raises:
            Refused: `not_found` where nobody asked for that.
        """
        if not self._id or not hmac.compare_digest(self._id.encode(), id.encode()):
            raise Refused("not_found", "Nobody asked for this.")
        self._reached[address] = None
        self._came.set()
