"""One port: each connection's request head is read here, guarded, and handed to a WebSocket session or to HTTP.

The head is peeked at, not consumed: whoever takes over gets the same bytes. Connections that have not said what they
want (no whole TLS handshake, request head or body, or a WebSocket without a hello) are *strangers*; there may be few of
them, and the busiest address loses its oldest first.

The port is opened without asyncio's own TLS: that would show a connection only once its handshake is done, and nobody
would count those that never finish it.
"""

import asyncio
import contextlib
import heapq
import logging
import ssl
from asyncio.sslproto import SSLProtocol
from collections import deque
from collections.abc import Callable
from typing import Final

from websockets.http11 import Request, Response

from mrsambosk_protocol.limits import HEAD_SECONDS, STRANGER_SECONDS, Close, Limits

from .channel import Channel, Owner
from .exchange import Exchange
from .guard import Guard
from .head import BadHead, parse_head
from .listening import is_this_machine
from .problems import plain_answer
from .session import Services, Session

log = logging.getLogger(__name__)

_LATE_SECONDS: Final = 3.0
_GOODBYE_SECONDS: Final = 0.5


class Door:
    """Everything that is connected, counted; and the once-a-second round over it.

    Args:
        make_exchange: makes what serves one plain HTTP request; its argument is the `whole` of `Exchange`.
        tls: of the port, or None for plain connections.
        proxy: the address of a reverse proxy whose X-Forwarded-For is believed.
    """

    def __init__(
        self,
        services: Services,
        guard: Guard,
        rules: Limits,
        make_exchange: Callable[[Callable[[], None]], Exchange],
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self.services = services
        self.guard = guard
        self.rules = rules
        self.make_exchange = make_exchange
        self.tls = tls
        self.proxy = proxy
        self.closing = False
        self.channels: set[Channel] = set()
        self._gone = asyncio.Event()
        self._strangers: dict[object, tuple[float, str, Callable[[], None]]] = {}
        self._loop = asyncio.get_running_loop()
        self._round_at = self._loop.time()
        self._round_timer = self._loop.call_later(1.0, self._make_round)

    def add_stranger(self, key: object, address: str, drop: Callable[[], None]) -> None:
        """Count a connection that has not said what it wants; `drop` closes it."""
        self._strangers[key] = (self._loop.time(), address, drop)

    def greet(self, key: object) -> None:
        """It is no stranger any more, or gone."""
        self._strangers.pop(key, None)

    def forget(self, channel: Channel) -> None:
        """A WebSocket's connection is gone."""
        self.channels.discard(channel)
        if not self.channels:
            self._gone.set()

    async def until_empty(self, seconds: float) -> None:
        """Wait until every WebSocket has taken its goodbye, at most so long; cut the rest."""
        if self.channels:
            self._gone.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
        for channel in tuple(self.channels):
            channel.abort()

    @property
    def is_full(self) -> bool:
        return self.services.welcomed >= self.rules.connections

    def close(self) -> None:
        """Stop the rounds and drop the strangers."""
        self.closing = True
        self._round_timer.cancel()
        for _since, _address, drop in tuple(self._strangers.values()):
            drop()

    def _make_round(self) -> None:
        now = self._loop.time()
        # A late round means that this process was stopped or starved, not that everyone else was silent.
        late = now - self._round_at > _LATE_SECONDS
        self._round_at = now
        self._round_timer = self._loop.call_later(1.0, self._make_round)
        for session in tuple(self.services.sessions):
            if late:
                session.excuse(now)
            else:
                session.tick(now)
        self._thin_out(now)

    def _thin_out(self, now: float) -> None:
        lingering: dict[str, deque[object]] = {}
        # Oldest first: a dict keeps the order of arrival.
        for key, (since, address, _drop) in self._strangers.items():
            if now - since > STRANGER_SECONDS:
                lingering.setdefault(address, deque()).append(key)
        dropped: list[object] = []
        for keys in lingering.values():
            while len(keys) > self.rules.strangers_per_address:
                dropped.append(keys.popleft())
        busiest = [(-len(keys), number, keys) for number, keys in enumerate(lingering.values())]
        heapq.heapify(busiest)
        for _ in range(sum(map(len, lingering.values())) - self.rules.strangers):
            _count, number, keys = busiest[0]
            dropped.append(keys.popleft())
            heapq.heapreplace(busiest, (-len(keys), number, keys))
        for key in dropped:
            self._strangers.pop(key)[2]()


class _Handshake(SSLProtocol):
    """TLS that also tells when a connection ends before its handshake does, of which asyncio tells nobody."""

    left: Callable[[], None]

    def connection_lost(self, exc: BaseException | None) -> None:
        self.left()
        super().connection_lost(exc)


class Front(asyncio.Protocol):
    """A connection until its request head is whole."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of the plain connection; under TLS a second time, once the handshake is done."""
        assert isinstance(transport, asyncio.Transport)
        first, self._transport = self._transport is None, transport
        if not first:
            return
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if peer else ""
        self._door.add_stranger(self, self._address, transport.abort)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HEAD_SECONDS, transport.abort)
        if self._door.closing:
            transport.abort()
        elif self._door.tls is not None:
            # Nobody waits for it (None): whoever fails is dropped, and the timer above holds for the whole of it.
            handshake = _Handshake(loop, self, self._door.tls, None, server_side=True)  # type: ignore[arg-type]
            handshake.left = self._leave
            transport.set_protocol(handshake)
            handshake.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        try:
            if not b"A" <= self._data[:1] <= b"Z":
                # A TLS hello at a plain port, most often: who sends it waits for an answer, and can do without ten
                # seconds of silence.
                raise BadHead(400, "This is not a request of HTTP/1.1.")
            if end < 0 and b"\n\n" in self._data:
                raise BadHead(400, "A line of the request ends in a bare LF.")
            if (end if end >= 0 else len(self._data)) > self._door.rules.head_bytes:
                raise BadHead(431, "The request's head is too large.")
            if end < 0:
                return
            end += 4
            head = parse_head(self._data[:end])
            self._door.guard.check(head)
        except BadHead as bad:
            self._refuse(bad)
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._address == self._door.proxy and (forwarded := head.all("x-forwarded-for")):
            # The last one is what our proxy saw; those before it are what a client claims.
            self._address = forwarded[-1].rpartition(",")[2].strip()
        if head.wants_websocket and head.method == "GET" and head.path == "/ws":
            self._become_websocket(end)
        else:
            self._become_http()

    def _leave(self) -> None:
        self._door.greet(self)
        if self._timer is not None:
            self._timer.cancel()

    def _become_websocket(self, end: int) -> None:
        assert self._transport is not None
        self._leave()
        door, address, transport = self._door, self._address, self._transport

        def make_owner(channel: Channel, request: Request) -> Owner | Response:
            if door.closing or door.is_full:
                return channel.refuse(503, "busy", "This host has as many connections as it allows.")
            session = Session(door.services, channel, lambda: door.greet(channel))
            session.is_elsewhere = not is_this_machine(address, (transport.get_extra_info("sockname") or ("",))[0])

            def drop() -> None:
                session.end(Close.NO_HELLO, "too many strangers")
                # Where there are too many, nobody is waited for to say goodbye.
                asyncio.get_running_loop().call_later(_GOODBYE_SECONDS, channel.abort)

            door.add_stranger(channel, address, drop)
            return session

        channel = Channel(transport, door.rules.frame_bytes, door.forget)
        door.channels.add(channel)
        channel.start(self._data[:end], self._data[end:], make_owner)

    def _become_http(self) -> None:
        assert self._transport is not None
        self._door.make_exchange(self._leave).take_over(self._transport, self._address, self._data)

    def _refuse(self, bad: BadHead) -> None:
        assert self._transport is not None
        code = "forbidden" if bad.status in (403, 421) else "bad_field"
        self._transport.write(plain_answer(bad.status, code, bad.text))
        self._leave()
        self._transport.close()
