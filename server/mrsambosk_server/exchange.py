"""One plain HTTP request and its answer, over uvicorn's parser: what it leaves open towards a hostile client.

Exactly one answer leaves, whatever is wrong with the body; a client that does not take its answer is cut off.
"""

import asyncio
from collections.abc import Callable

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from mrsambosk_protocol.limits import STALLED_SECONDS

from .problems import plain_answer


class Exchange(H11Protocol):
    """Give it the connection with `take_over`.

    Args:
        whole: called once the request is here with all of its body, and once more when the connection is gone.
    """

    def __init__(self, config: Config, state: ServerState, whole: Callable[[], None]) -> None:
        super().__init__(config, state, {})
        self._whole = whole
        self._stalled: asyncio.TimerHandle | None = None

    def take_over(self, transport: asyncio.Transport, address: str, data: bytes) -> None:
        """Serve the request that begins with `data`; `address` is the client's, as a proxy may have told it."""
        transport.set_protocol(self)
        self.connection_made(transport)
        self.client = (address, 0)
        # Every byte that does not leave counts, so that `pause_writing` tells of each client that takes none. (Not 0:
        # asyncio's TLS would then never be done.)
        transport.set_write_buffer_limits(high=1, low=0)
        self.data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.more_body:
            self._whole()

    def send_400_response(self, msg: str) -> None:
        """A body that breaks its own coding, or bytes behind a request: an answer only where none has left."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is not None and cycle.response_started
        if cycle is not None:
            # The request is over for whoever still reads its body, and nothing they answer leaves any more.
            cycle.disconnected = True
            cycle.message_event.set()
        if not answered:
            self.transport.write(plain_answer(400, "bad_field", "The request's body is malformed."))
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unset_stalled()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_stalled()
        self._whole()
        super().connection_lost(exc)

    def _unset_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
