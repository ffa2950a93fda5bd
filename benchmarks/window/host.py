"""The host of the measured room, a process of its own: it welcomes the app, and sends what lines on its input ask for.

`steady RATE SECONDS`: new messages, one by one. `catch-up COUNT`: hangs up; who comes back finds so many new ones.
Prints its port, then a line for each thing done. Ends with its input.
"""

import asyncio
import contextlib
import sys
import time

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from mrsambosk_protocol import codec
from mrsambosk_protocol.commands import Hello, Ping, Read, Seen
from mrsambosk_protocol.entities import HostInfo, You
from mrsambosk_protocol.events import Done, Event, Live, MessageTold, Refusal, SeenBy, Sync, Welcome
from mrsambosk_protocol.limits import SUBPROTOCOL, SYNC_ROWS, Limits

from .room import BIG, EPOCH, HOST, HOST_NAME, ME, PEOPLE, QUIET, Talk, rooms


class Host:
    """One room, one client at a time."""

    def __init__(self) -> None:
        self._talk = Talk()
        self._rev = 0
        self._socket: ServerConnection | None = None
        self._missed = 0

    async def serve(self, socket: ServerConnection) -> None:
        """One connection from hello to its end."""
        with contextlib.suppress(ConnectionClosed):
            hello = codec.decode_command(await socket.recv(decode=False), Limits())
            assert isinstance(hello, Hello)
            cursor = (hello.have or {})[BIG]
            self._rev, self._missed = cursor + self._missed, 0
            await self._say(
                socket,
                Welcome(
                    ref=hello.ref,
                    protocol=1,
                    host=HostInfo(id=HOST, name=HOST_NAME, version="0"),
                    epoch=EPOCH,
                    you=ME,
                    users=PEOPLE,
                    rooms=rooms(self._rev),
                ),
                Sync(room=QUIET, rev=0, messages=(), more=False, reset=False),
            )
            more = True
            while more:
                last = min(cursor + SYNC_ROWS, self._rev)
                rows = tuple(self._talk.message(id) for id in range(cursor + 1, last + 1))
                more = last < self._rev
                await self._say(socket, Sync(room=BIG, rev=last, messages=rows, more=more, reset=False))
                cursor = last
            await self._say(socket, Live())
            self._socket = socket
            async for frame in socket:
                await self._answer(socket, frame if isinstance(frame, bytes) else frame.encode())

    async def obey(self, order: list[str]) -> None:
        """Carry out one line."""
        socket = self._socket
        assert socket is not None
        if order[0] == "catch-up":
            self._missed = int(order[1])
            self._socket = None
            await socket.close()
            return
        rate, seconds = float(order[1]), float(order[2])
        due = time.monotonic()
        for _ in range(round(rate * seconds)):
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._rev += 1
            await self._say(socket, MessageTold(room=BIG, rev=self._rev, message=self._talk.message(self._rev)))

    async def _answer(self, socket: ServerConnection, frame: bytes) -> None:
        command = codec.decode_command(frame, Limits())
        match command:
            case Read():
                await self._say(socket, Done(ref=command.ref, you=You(read=command.id)))
            case Seen():
                await self._say(socket, SeenBy(ref=command.ref, users=(PEOPLE[1].id,)))
            case Ping():
                await self._say(socket, Done(ref=command.ref))
            case _ if (ref := getattr(command, "ref", None)) is not None:
                await self._say(socket, Refusal(ref=ref, code="bad_field", text="This host only talks."))

    async def _say(self, socket: ServerConnection, *events: Event) -> None:
        for event in events:
            await socket.send(codec.encode(event), text=True)


async def main() -> None:
    """Serve until the input ends."""
    host = Host()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    options = {"subprotocols": [Subprotocol(SUBPROTOCOL)], "ping_interval": None, "close_timeout": 1}
    async with serve(host.serve, "127.0.0.1", 0, **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        while line := await orders.readline():
            await host.obey(line.decode().split())
            print("done", flush=True)


asyncio.run(main())
