"""One WebSocket over an asyncio transport: the library's sans-I/O protocol, with our own write path and keepalive.

The library's asyncio connection keeps a task, a queue and a keepalive timer for each connection and awaits in its
writes; this class keeps none of them (see docs/decisions). Frames that the hub has built once are written as they are.

The owner (a session) gets callbacks and calls `write`, `close` and `tick`.
"""

import asyncio
import random
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from mrsambosk_protocol.limits import (
    HOST_PING_SECONDS,
    HOST_PONG_SECONDS,
    STALLED_SECONDS,
    SUBPROTOCOL,
    UNSENT_BYTES,
    Close,
)

from .problems import HEADERS, PROBLEM, problem

#: One TLS record (RFC 8446 §5.1).
_TLS_SLICE: Final = 16 * 1024
#: How long the closing handshake may take before the connection is cut.
_CLOSE_SECONDS: Final = 5.0
#: A client that took no byte is left its unsent frames and the close behind them for so long, should it wake up.
_LINGER_SECONDS: Final = 120.0


class Owner(Protocol):
    """What a channel calls."""

    def on_text(self, data: bytes) -> None: ...
    def on_filled(self) -> None: ...
    def on_drained(self) -> None: ...
    def on_closed(self) -> None: ...


class Channel(asyncio.Protocol):
    """A WebSocket that a request head has just asked for; give the transport to it and call `start`.

    Args:
        transport: the connection, whose head `start` gets.
        frame_bytes: a larger message is answered with 1009.
        on_lost: called once the connection is gone for good.
    """

    def __init__(self, transport: asyncio.Transport, frame_bytes: int, on_lost: "Callable[[Channel], None]") -> None:
        self._transport = transport
        self._on_lost = on_lost
        # asyncio's TLS transport counts only what is not encrypted yet; the rest waits in the socket's own transport.
        tls = getattr(transport, "_ssl_protocol", None)
        self._below: asyncio.Transport | None = getattr(tls, "_transport", None)
        self._waiting = transport.get_write_buffer_size
        self._socket = None if tls else _socket_of(transport)
        self._protocol = ServerProtocol(
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            select_subprotocol=_select_subprotocol,
            max_size=frame_bytes,
            extensions=[],
        )
        self._owner: Owner | None = None
        self._fragments: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._lost = False
        self.open = False
        self._filled = False
        self._written = 0
        self._sent = 0
        self._progress_at = self._loop.time()
        # Pings of many connections spread over the interval.
        self._ping_at = self._progress_at + HOST_PING_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311
        self._pinged_at: float | None = None

    def start(self, head: bytes, rest: bytes, make_owner: "Callable[[Channel, Request], Owner | Response]") -> None:
        """Answer the handshake in `head`, then read frames, first those in `rest`, which came with it.

        `make_owner` gives the owner, or a response that refuses the upgrade.
        """
        self._transport.set_protocol(self)
        self._transport.set_write_buffer_limits(high=UNSENT_BYTES, low=0)
        self._protocol.receive_data(head)
        events = self._protocol.events_received()
        if not events or not isinstance(events[0], Request):
            self._send_pending()
            self._transport.close()
            return
        response = self._protocol.accept(events[0])
        if response.status_code != 101:
            response = self.refuse(response.status_code, "bad_field", "This is not a handshake of WebSocket 13.")
        else:
            made = make_owner(self, events[0])
            if isinstance(made, Response):
                response = made
            else:
                self._owner = made
        self._protocol.send_response(response)
        self._send_pending()
        self.open = self._protocol.state is OPEN
        if self._owner is None:
            self._transport.close()
            return
        if rest:
            self.data_received(rest)

    def refuse(self, status: int, code: str, text: str) -> Response:
        """A plain response that refuses the upgrade, for `make_owner`."""
        response = self._protocol.reject(status, problem(status, code, text).decode())
        del response.headers["Content-Type"]
        response.headers.update({**HEADERS, "Content-Type": PROBLEM})
        if status == 426:
            response.headers["Upgrade"] = "websocket"
            response.headers["Sec-WebSocket-Version"] = "13"
        return response

    # Towards the client.

    def write(self, frames: bytes) -> None:
        """Whole frames, built by `hub.text_frame`. Dropped once the connection is closing."""
        if not self.open:
            return
        size = len(frames)
        self._written += size
        if self._socket is not None and not self._waiting():
            # What the socket takes at once needs none of the transport's bookkeeping: a fifth of a write's time.
            try:
                sent = self._socket.send(frames)
            except OSError:
                sent = 0  # it is full, or broken: the transport knows what to do about either
            if sent == size:
                return
            frames = frames[sent:]
        if self._below is None or size <= _TLS_SLICE:
            self._transport.write(frames)
        else:
            # What TLS encrypts into grows to the largest write and stays so: a welcome in one would cost each
            # connection its size in memory for good.
            view = memoryview(frames)
            for at in range(0, size, _TLS_SLICE):
                self._transport.write(view[at : at + _TLS_SLICE])

    def unsent(self) -> int:
        """Bytes that have not left for the socket."""
        size = self._transport.get_write_buffer_size()
        return size if self._below is None else size + self._below.get_write_buffer_size()

    def close(self, code: int, reason: str = "", linger: bool = False) -> None:
        """Start the closing handshake; the connection is cut when it takes too long.

        Args:
            linger: leave the client time to take what is unsent and the close behind it.
        """
        if self.open and self._protocol.state is OPEN:
            self.open = False
            self._protocol.send_close(code, reason)
            self._send_pending()
            # The other side's answer must be read, also where commands are not.
            self.resume_reading()
            self._timer = self._loop.call_later(_LINGER_SECONDS if linger else _CLOSE_SECONDS, self.abort)
        elif linger is False and self._timer is not None and not self._lost:
            self._timer.cancel()
            self._timer = self._loop.call_later(_CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection now."""
        self._transport.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def tick(self, now: float) -> None:
        """Keepalive and the guard on clients that take nothing; call it about once a second.

        A ping counts from when it has left for the socket; while bytes are unsent only the longer limit holds.
        """
        if not self.open:
            return
        unsent = self.unsent()
        sent = self._written - unsent
        if not unsent or sent != self._sent:
            self._sent = sent
            self._progress_at = now
        elif now - self._progress_at >= STALLED_SECONDS:
            self.close(Close.STALLED, "took nothing for too long", linger=True)
            if self._owner is not None:
                self._owner.on_closed()
            return
        if unsent:
            self._pinged_at = now if self._pinged_at is not None else None
        elif self._pinged_at is not None:
            if now - self._pinged_at >= HOST_PONG_SECONDS:
                self.abort()
        elif now >= self._ping_at:
            self._ping_at = now + HOST_PING_SECONDS
            self._pinged_at = now
            self._protocol.send_ping(b"")
            self._send_pending()

    def excuse(self, now: float) -> None:
        """This process was itself stopped for a while: what the client did not do meanwhile does not count."""
        self._progress_at = now
        self._pinged_at = None
        self._ping_at = now + HOST_PING_SECONDS

    # asyncio.Protocol.

    def data_received(self, data: bytes) -> None:
        self._pinged_at = None
        self._protocol.receive_data(data)
        self._handle(self._protocol.events_received())

    def eof_received(self) -> None:
        # A connection cut without a close frame: nothing can be written to it any more.
        self.open = False
        self._protocol.receive_eof()
        self._send_pending()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self.open = False
        if self._socket is not None:
            # The descriptor is the transport's to close.
            self._socket.detach()
            self._socket = None
        if self._timer is not None:
            self._timer.cancel()
        if self._owner is not None:
            self._owner.on_closed()
            self._owner = None
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._filled = True
        if self._owner is not None:
            self._owner.on_filled()

    def resume_writing(self) -> None:
        self._filled = False
        if self._owner is not None:
            self._owner.on_drained()

    @property
    def filled(self) -> bool:
        """Whether more than the limit is unsent, until it has drained."""
        return self._filled

    def _handle(self, events: "list[Any]") -> None:
        for event in events:
            if self.open and isinstance(event, Frame):
                self._handle_frame(event)
        self._send_pending()
        if self._protocol.close_expected() and self._timer is None:
            self.open = False
            self._timer = self._loop.call_later(_CLOSE_SECONDS, self.abort)

    def _handle_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            if not frame.fin:
                self._fragments.append(bytes(frame.data))
                return
            data = bytes(frame.data)
            if self._fragments:
                data = b"".join([*self._fragments, data])
                self._fragments.clear()
            try:
                data.decode()
            except UnicodeDecodeError:
                self._fail(Close.NOT_UTF8, "not UTF-8")
                return
            if self._owner is not None:
                self._owner.on_text(data)
        elif frame.opcode is Opcode.BINARY:
            self._fail(Close.BINARY, "text frames only")
        elif frame.opcode is Opcode.CLOSE:
            self.open = False

    def _fail(self, code: int, reason: str) -> None:
        self._protocol.fail(code, reason)
        self.open = False

    def _send_pending(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._written += len(data)
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()


def _socket_of(transport: asyncio.Transport) -> socket.socket | None:
    """The transport's socket, to send on by ourselves; None where it is not this loop that does its writing."""
    theirs = transport.get_extra_info("socket")
    if theirs is None or sys.platform == "win32":
        return None
    ours = socket.socket(theirs.family, theirs.type, theirs.proto, theirs.fileno())
    ours.setblocking(False)
    return ours


def _select_subprotocol(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Ours where it is offered; a client that names none is served too."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None
