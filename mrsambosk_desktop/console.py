"""What the command line answers without a window and without Qt: the rooms around, and the invite of one's own host."""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from mrsambosk_protocol.invite import Address, BadInvite, parse_invite
from mrsambosk_protocol.running import RUNNING_FILE, Running, decode_running

from .core.nearby import FoundHost
from .net.discovery import Discovery
from .net.trust import look
from .paths import profile_folders

EXIT_DONE: Final = 0
EXIT_NOT_RUNNING: Final = 1
EXIT_ARGUMENTS: Final = 2


def rooms(arguments: Sequence[str]) -> int:
    """``mrsambosk rooms``: listen for a while and print who is around; the exit status."""
    parser = argparse.ArgumentParser(
        prog="mrsambosk rooms", description="Show the rooms that are announced on this network.", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON: an array of hosts")
    parser.add_argument("--seconds", metavar="N", type=_seconds, default=3.0, help="how long to listen (default: 3)")
    given = parser.parse_args(arguments)
    found = asyncio.run(_listen(given.seconds))
    if given.json:
        print(msgspec.json.encode(found).decode())
        return EXIT_DONE
    for host in found:
        print(_line(host))
    if not found:
        print("No room was heard of. A host can also be reached by its invite or its address.")
    return EXIT_DONE


def invite(arguments: Sequence[str]) -> int:
    """``mrsambosk invite``: print the invite of the host that runs here; the exit status."""
    parser = argparse.ArgumentParser(
        prog="mrsambosk invite", description="Print the invite of the host that runs here.", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="all that is known of it, as one line of JSON")
    parser.add_argument("--profile", metavar="NAME", default="default", help="whose window hosts (default: default)")
    parser.add_argument("--data", metavar="DIR", type=Path, help="the host's directory (default: the usual ones)")
    given = parser.parse_args(arguments)
    try:
        running = _running(_folders(given.data, given.profile))
    except ValueError as bad:
        print(f"mrsambosk: {bad}", file=sys.stderr)
        return EXIT_ARGUMENTS
    if running is None:
        print("mrsambosk: No host runs here. 'mrsambosk host' starts one.", file=sys.stderr)
        return EXIT_NOT_RUNNING
    print(json.dumps(msgspec.to_builtins(running)) if given.json else running.invite)
    return EXIT_DONE


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 3600):
        raise ValueError
    return value


async def _listen(seconds: float) -> tuple[FoundHost, ...]:
    discovery = Discovery(lambda _hosts: None)
    try:
        await discovery.start()
        await asyncio.sleep(seconds)
        return discovery.hosts
    finally:
        await discovery.close()


def _line(host: FoundHost) -> str:
    """One host for a person. Its name was made safe to print where it was heard."""
    parts = [host.name, f"{host.people} online"]
    if host.locked:
        parts.append("needs a code")
    if host.stale:
        parts.append("not heard of lately")
    parts.append(", ".join(str(address) for address in host.addresses))
    parts.append(f"id {host.id[:8].lower()}…" if host.double else "")
    return " · ".join(part for part in parts if part)


def _folders(data: Path | None, profile: str) -> list[Path]:
    """Where a host of this person may keep its data.

    Raises:
        ValueError: that is no profile's name.
    """
    if data is not None:
        return [data]
    return [
        profile_folders(profile).data / "host",
        Path(platformdirs.user_data_path("mrsambosk", appauthor=False)) / "host",
    ]


def _running(folders: Sequence[Path]) -> Running | None:
    """The first of these hosts that really runs."""
    for folder in folders:
        try:
            running = decode_running((folder / RUNNING_FILE).read_bytes())
            addresses = parse_invite(running.invite).addresses
        except (OSError, ValueError, BadInvite):
            continue
        if asyncio.run(_answers(running, addresses)):
            return running
    return None


async def _answers(running: Running, addresses: Sequence[Address]) -> bool:
    """Whether this host is there: a killed one leaves its file, and another program may have taken its port."""
    if running.fingerprint is not None:
        return any(seen is not None and seen[0] == running.fingerprint for seen in [await look(addresses)])
    for address in addresses:
        try:
            async with asyncio.timeout(2):
                _reader, writer = await asyncio.open_connection(address.host, address.port)
        except (OSError, TimeoutError):
            continue
        writer.transport.abort()
        return True
    return False
