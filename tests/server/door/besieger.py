"""A hostile neighbour as a process of its own: holds connections that say one thing and fall silent.

    python -m tests.server.door.besieger PORT OPENING SOURCE...

OPENING is hexadecimal. It prints ``up`` once all are up; each that the host drops is opened anew. Ends with its input.
"""

import asyncio
import socket
import sys


async def hold(source: str, port: int, opening: bytes, up: "asyncio.Queue[str]") -> None:
    """One connection at a time from this loopback address, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.setblocking(False)
        try:
            plain.bind((source, 0))
            await loop.sock_connect(plain, ("127.0.0.1", port))
            await loop.sock_sendall(plain, opening)
            up.put_nowait(source)
            while await loop.sock_recv(plain, 4096):
                pass
        except ConnectionError:
            pass
        finally:
            plain.close()


async def besiege(port: int, opening: bytes, sources: list[str]) -> None:
    up: asyncio.Queue[str] = asyncio.Queue()
    holders = [asyncio.create_task(hold(source, port, opening, up)) for source in sources]
    for _ in sources:
        await up.get()
    print("up", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for holder in holders:
        holder.cancel()
    await asyncio.gather(*holders, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(besiege(int(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3:]))
