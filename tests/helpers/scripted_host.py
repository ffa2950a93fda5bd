"""A host that lies in one way: each connection is given to a script, which says what it likes, or nothing.

For faults that a real host can't be made to show. Everything else is tested against the real one (`host_process`).

    async def script(line: Line) -> None:
        await line.welcome()
        await line.say(Live())
        ...
    async with scripted_host(script) as address:
        ...
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from mrsambosk_protocol import codec
from mrsambosk_protocol.commands import AnyCommand, Hello
from mrsambosk_protocol.entities import HostInfo, Room, User
from mrsambosk_protocol.events import Event, Welcome
from mrsambosk_protocol.invite import Address
from mrsambosk_protocol.limits import SUBPROTOCOL, Limits

ME = User(id="u_me", name="Me")
OTHER = User(id="u_other", name="Avi")


class Line:
    """One connection, as the script sees it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def say(self, *events: Event) -> None:
        for event in events:
            await self.socket.send(codec.encode(event), text=True)

    async def hear(self) -> AnyCommand:
        return codec.decode_command(await self.socket.recv(decode=False), Limits())

    async def welcome(self, epoch: str = "epoch", rooms: tuple[Room, ...] = (Room(id="lobby", name="Lobby"),)) -> Hello:
        """Take the hello, which is given back, and greet."""
        hello = await self.hear()
        assert isinstance(hello, Hello)
        host = HostInfo(id="HOSTID", name="Dana's host", version="0")
        await self.say(
            Welcome(ref=hello.ref, protocol=1, host=host, epoch=epoch, you=ME, users=(ME, OTHER), rooms=rooms)
        )
        return hello


@contextlib.asynccontextmanager
async def scripted_host(script: Callable[[Line], Awaitable[None]]) -> AsyncIterator[Address]:
    """Run `script` for each connection on a free port of this machine."""

    async def handle(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await script(Line(socket))

    async with serve(
        handle, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)], ping_interval=None, close_timeout=1
    ) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        yield Address(host, port)
