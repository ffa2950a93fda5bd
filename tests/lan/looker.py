"""A child that looks for hosts and prints each change of the list as a line of JSON, until its input ends.

    python -m tests.lan.looker
    python -m tests.lan.looker INVITE      dials it once instead and prints what came of it

It uses what the app uses, without a window.
"""

import asyncio
import json
import os
import sys

import msgspec

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.net.connection import Unreachable, dial
from mrsambosk_desktop.net.discovery import Discovery
from mrsambosk_desktop.net.trust import invited, seen_on
from mrsambosk_protocol.invite import parse_invite


def _print(hosts: tuple[FoundHost, ...]) -> None:
    sys.stdout.write(msgspec.json.encode(hosts).decode() + "\n")
    sys.stdout.flush()


async def _look() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: os.read(sys.stdin.fileno(), 4096) or ended.set())
    discovery = Discovery(_print)
    try:
        await discovery.start()
        _print(())
        await ended.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
        await discovery.close()


async def _dial(text: str) -> None:
    invite = parse_invite(text)
    try:
        connection, address = await dial(invite.addresses, invited(invite))
    except Unreachable as failure:
        print(json.dumps({"failed": failure.why.name}))
    else:
        print(json.dumps({"host": seen_on(connection.transport), "at": str(address)}))
        await connection.close()


if __name__ == "__main__":
    asyncio.run(_dial(sys.argv[1]) if len(sys.argv) > 1 else _look())
