"""A host inside the test's own loop, on a free port, and connections to it that do only what they are told.

async with hosted(tmp_path, strangers=4) as host:
    anna = await host.person("Anna")
    async with host.raw() as peer:
        await peer.send(b"GET /healthz HTTP/1.1\\r\\nHost: ...")
        answer = await peer.rest()
"""

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mrsambosk_protocol import codec, events
from mrsambosk_protocol.limits import Limits
from mrsambosk_server.actions import accounts, messages
from mrsambosk_server.channel import Channel
from mrsambosk_server.config import Config
from mrsambosk_server.front import Door
from mrsambosk_server.host import Host
from mrsambosk_server.hub import Hub
from mrsambosk_server.ledger import Ledger
from mrsambosk_server.session import Session
from tests.helpers.server_desk import RULES, post

SECONDS = 10.0


class Peer:
    """One TCP connection, by hand: it reads only when asked to."""

    def __init__(self, taken: socket.socket) -> None:
        self.socket = taken
        self.address: tuple[str, int] = taken.getsockname()
        self._loop = asyncio.get_running_loop()
        self._data = b""

    async def send(self, data: bytes) -> None:
        await asyncio.wait_for(self._loop.sock_sendall(self.socket, data), SECONDS)

    async def receive(self, most: int = 65536) -> bytes:
        """Some bytes; none at the end, which a reset is too."""
        try:
            return await asyncio.wait_for(self._loop.sock_recv(self.socket, most), SECONDS)
        except ConnectionError:
            return b""

    async def rest(self) -> bytes:
        """Everything up to the end."""
        data = self._data
        self._data = b""
        while chunk := await self.receive():
            data += chunk
        return data

    async def head(self) -> bytes:
        """A response's head, with its empty line."""
        while b"\r\n\r\n" not in self._data:
            chunk = await self.receive()
            assert chunk, f"the connection ended: {self._data!r}"
            self._data += chunk
        head, mark, self._data = self._data.partition(b"\r\n\r\n")
        return head + mark

    async def frame(self) -> tuple[int, bytes]:
        """The next WebSocket frame: opcode and payload; (-1, b"") at the end."""
        header = await self._exactly(2)
        if len(header) < 2:
            return -1, b""
        assert header[0] & 0x80, "the host cuts no message into fragments"
        size = header[1]
        if size > 125:
            size = int.from_bytes(await self._exactly(2 if size == 126 else 8), "big")
        return header[0] & 0x0F, await self._exactly(size)

    async def event(self) -> events.Event:
        """The next event; pings and pongs are passed over."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 1:
                event = codec.decode_event(payload)
                assert event is not None
                return event
            assert opcode in (9, 10), f"closed instead: {opcode} {payload!r}"

    async def until(self, kind: type[events.Event]) -> events.Event:
        """The next event of that kind; what comes before it is dropped."""
        while not isinstance(event := await self.event(), kind):
            pass
        return event

    async def close_code(self) -> int:
        """The code of the close frame that ends the connection; text frames before it are dropped. 0: none came."""
        while True:
            opcode, payload = await self.frame()
            if opcode in (-1, 8):
                return int.from_bytes(payload[:2], "big")

    async def _exactly(self, size: int) -> bytes:
        while len(self._data) < size:
            chunk = await self.receive()
            if not chunk:
                return b""
            self._data += chunk
        taken, self._data = self._data[:size], self._data[size:]
        return taken


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A client's frame (RFC 6455 §5.2), masked with zeros, which is masked all the same."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + bytes(4) + payload


class Hosted:
    """A started `Host` and its insides."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.port: int = host.ready["port"]
        self.door: Door = _there(host._door)
        self.hub: Hub = _there(host._hub)
        self.ledger: Ledger = _there(host._ledger)

    @property
    def sessions(self) -> set[Session]:
        return self.door.services.sessions

    def session_of(self, peer: Peer) -> Session:
        """The host's side of a peer's WebSocket."""
        (found,) = [it for it in self.sessions if it._channel._transport.get_extra_info("peername") == peer.address]
        return found

    def channel_of(self, peer: Peer) -> Channel:
        return self.session_of(peer)._channel

    async def person(self, name: str | None = None) -> SimpleNamespace:
        """Somebody new: `id` and `token`."""
        token = secrets.token_urlsafe(16)
        action = accounts.do_register
        outcome = await self.ledger.submit(action, name or secrets.token_hex(6), token, "", None, None, RULES)
        return SimpleNamespace(id=outcome.reply.user.id, token=token)

    async def post(self, user: str, body: str = "Hello") -> int:
        """A message past the throttle; its rev."""
        outcome = await self.ledger.submit(messages.do_post, user, post(body), RULES)
        rev: int = outcome.reply.rev
        return rev

    @contextmanager
    def raw(self, *, receive_buffer: int | None = None, source: str | None = None) -> Iterator[Peer]:
        """A connection that says nothing by itself."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            if receive_buffer is not None:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if source is not None:
                taken.bind((source, 0))
            taken.connect(("127.0.0.1", self.port))
            taken.setblocking(False)
            yield Peer(taken)

    def upgrade(self, *fields: str) -> bytes:
        """A request for a WebSocket."""
        lines = ["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *fields]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def hello(self, token: str, **fields: Any) -> bytes:
        return self.command(type="hello", protocol=[1], client="test/1", token=token, **fields)

    def command(self, **fields: Any) -> bytes:
        """A command as a frame; `ref` is 1 unless given."""
        return masked(1, json.dumps({"ref": 1, **fields}).encode())

    @contextmanager
    def websocket(self, **options: Any) -> Iterator[Peer]:
        """A connection for `join`."""
        with self.raw(**options) as peer:
            yield peer

    async def join(self, peer: Peer, token: str, **fields: Any) -> list[events.Event]:
        """Upgrade and say hello; what came up to `live`."""
        await peer.send(self.upgrade() + self.hello(token, **fields))
        head = await peer.head()
        assert head.startswith(b"HTTP/1.1 101"), head
        came = [await peer.event()]
        while not isinstance(came[-1], events.Live):
            came.append(await peer.event())
        return came


def _there(thing: Any) -> Any:
    assert thing is not None
    return thing


@asynccontextmanager
async def hosted(folder: Path, **limits: int) -> AsyncIterator[Hosted]:
    """A plain-text host on loopback with these limits; its once-a-second round is made by hand."""
    rules = Limits(commands_per_second=100_000, posts_per_second=100_000, posts_burst=100_000).with_values(limits)
    config = Config(data=folder, port=0, tls=False, announce=False, limits=rules, policy="open")
    host = Host(config)
    await host.start()
    it = Hosted(host)
    it.door._round_timer.cancel()
    try:
        yield it
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await host.stop()
