"""Bytes on a TCP socket: what a library would not let a test send."""

import asyncio
import contextlib
import os
import socket
import struct
from types import TracebackType
from typing import Self

from tests.helpers.host_process import HostProcess

SECONDS = 10.0


class RawSocket:
    """One connection to a host, as a context manager. Reading ends with the connection or after `SECONDS`."""

    def __init__(self, host: HostProcess, receive_buffer: int | None = None) -> None:
        self.host = host
        self._buffer = receive_buffer

    async def __aenter__(self) -> Self:
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self._buffer is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.host.port))
        limit = 2**16 if self._buffer is None else self._buffer
        self.reader, self.writer = await asyncio.open_connection(sock=plain, limit=limit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):  # what it said before it went is still to be read
            await self.writer.drain()

    async def read_all(self) -> bytes:
        """All it says until it closes."""
        said = b""
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    more = await self.reader.read(65536)
                except ConnectionError:
                    return said
                if not more:
                    return said
                said += more

    async def read_response(self) -> tuple[int, dict[str, str], bytes]:
        """One HTTP response with a length."""
        async with asyncio.timeout(SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
            return int(lines[0].split()[1]), headers, body

    async def upgrade(self, extra: str = "") -> int:
        """Ask for the WebSocket; the status."""
        await self.send(
            f"GET /ws HTTP/1.1\r\nHost: {self.host.authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Protocol: mrsambosk.v1\r\n{extra}\r\n".encode()
        )
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def send_frame(
        self, payload: bytes, opcode: int = 1, *, fin: bool = True, reserved: int = 0, masked: bool = True
    ) -> None:
        """One WebSocket frame, right or wrong."""
        first = (0x80 if fin else 0) | reserved << 4 | opcode
        mask_bit = 0x80 if masked else 0
        if len(payload) < 126:
            head = struct.pack("!BB", first, mask_bit | len(payload))
        elif len(payload) < 65536:
            head = struct.pack("!BBH", first, mask_bit | 126, len(payload))
        else:
            head = struct.pack("!BBQ", first, mask_bit | 127, len(payload))
        if masked:
            mask = os.urandom(4)
            payload = mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        await self.send(head + payload)

    async def read_frame(self) -> tuple[int, bytes]:
        """One frame of the host: opcode and payload."""
        async with asyncio.timeout(SECONDS):
            first, second = await self.reader.readexactly(2)
            assert first & 0x70 == 0, "reserved bits"
            assert second & 0x80 == 0, "a masked frame from a server"
            size = second
            if second == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif second == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """The code of the close frame that comes next, other frames aside; 1006 where none came."""
        try:
            while True:
                opcode, payload = await self.read_frame()
                if opcode == 8:
                    return int(struct.unpack("!H", payload[:2])[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006
