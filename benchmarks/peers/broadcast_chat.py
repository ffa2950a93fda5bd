"""`websockets.broadcast()` bare: each text frame goes to every connection, in an envelope of a Mrsambosk host's size.

Nothing is checked and nothing is stored. Compression and keepalive are off, as at the host. Prints its port.
"""

import asyncio
import json

from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: set[ServerConnection] = set()


async def talk(connection: ServerConnection) -> None:
    """Relay what one client says to everyone."""
    connections.add(connection)
    try:
        async for body in connection:
            message = {
                "id": 1, "room": "lobby", "rev": 1, "author": "u_abcdefghijklm", "kind": "text",
                "cid": "0123456789abcdef", "body": body, "mentions": [], "reply_to": None, "sent_at": 1795276800123,
                "edited_at": None, "deleted_at": None, "deleted_by": None, "pinned_at": None, "pinned_by": None,
                "reactions": {}, "files": [],
            }  # fmt: skip
            event = {"type": "message", "room": "lobby", "rev": 1, "message": message}
            broadcast(connections, json.dumps(event, separators=(",", ":")))
    finally:
        connections.discard(connection)


async def main() -> None:
    """Serve until killed."""
    async with serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=2048) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
