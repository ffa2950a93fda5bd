"""What the command line answers without a window and without Qt: the rooms around, the invite of one's own host, and
what keeps people from joining."""

import argparse
import asyncio
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from mrsambosk_protocol.invite import Address, parse_address, parse_invite
from mrsambosk_protocol.limits import DEFAULT_PORT
from mrsambosk_protocol.running import RUNNING_FILE, Running, decode_running

from .core.doctor import HostFacts, examine_host
from .core.findings import advice, is_healthy, report, sentence
from .core.nearby import FoundHost
from .core.way import examine_way
from .net import firewalls
from .net.computer import holder
from .net.discovery import Discovery
from .net.doctor import Hosted, is_open, look_at_host, look_at_way
from .net.http import Door
from .net.trust import Trust, invited, look, pinned
from .paths import profile_folders

EXIT_DONE: Final = 0
EXIT_NOT_RUNNING: Final = 1
EXIT_PROBLEM: Final = 1
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


#: Makes a personal invite of the host with that data: for one person only, good for so many minutes; its code.
MakeInvite = Callable[[Path, bool, int | None], str]


def invite(arguments: Sequence[str], make: MakeInvite) -> int:
    """``mrsambosk invite``: print the invite of the host that runs here, or a new personal one; the exit status.

    Args:
        make: raises an exception with a sentence.
    """
    parser = argparse.ArgumentParser(
        prog="mrsambosk invite", description="Print the invite of the host that runs here.", allow_abbrev=False
    )
    parser.add_argument("--single-use", action="store_true", help="make a new one, good for one person")
    parser.add_argument("--expires", metavar="TIME", type=_minutes, help="make a new one, good for 30m, 12h, 1d or 2w")
    parser.add_argument("--json", action="store_true", help="all that is known of it, as one line of JSON")
    parser.add_argument("--profile", metavar="NAME", default="default", help="whose window hosts (default: default)")
    parser.add_argument("--data", metavar="DIR", type=Path, help="the host's directory (default: the usual ones)")
    given = parser.parse_args(arguments)
    try:
        folders = _folders(given.data, given.profile)
    except ValueError as bad:
        print(f"mrsambosk: {bad}", file=sys.stderr)
        return EXIT_ARGUMENTS
    folder, running = next(((at, found) for at in folders if (found := _running([at]))), (None, None))
    if folder is None or running is None:
        print("mrsambosk: No host runs here. 'mrsambosk host' starts one.", file=sys.stderr)
        return EXIT_NOT_RUNNING
    if given.single_use or given.expires is not None:
        try:
            code = make(folder, given.single_use, given.expires)
        except Exception as failure:
            print(f"mrsambosk: {failure}", file=sys.stderr)
            return EXIT_NOT_RUNNING
        link = str(parse_invite(running.invite).with_code(code))
        running = msgspec.structs.replace(running, invite=link)
    print(json.dumps(msgspec.to_builtins(running)) if given.json else running.invite)
    return EXIT_DONE


def doctor(arguments: Sequence[str]) -> int:
    """``mrsambosk doctor``: look at what keeps others out of the host here, or us out of another; the exit status."""
    parser = argparse.ArgumentParser(
        prog="mrsambosk doctor",
        description="Look for what keeps people from joining: with an invite or an address on the way to that host, "
        "without on this computer, as one that hosts.",
        epilog="Exit status: 0 when nothing is wrong, 1 when something is, 2 for bad arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="all of it as one line of JSON")
    parser.add_argument("--profile", metavar="NAME", default="default", help="whose window hosts (default: default)")
    parser.add_argument("--data", metavar="DIR", type=Path, help="the host's directory (default: the usual ones)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"to host at (default: {DEFAULT_PORT})")
    parser.add_argument("at", metavar="INVITE", nargs="?", help="an invite, or an address, that can't be joined")
    given = parser.parse_args(arguments)
    try:
        if given.at is not None:
            findings = examine_way(asyncio.run(look_at_way(*_way(given.at))))
        else:
            running = _listening(_folders(given.data, given.profile))
            findings = examine_host(asyncio.run(_look_here(given.port, running)))
    except ValueError as bad:
        print(f"mrsambosk: {bad}", file=sys.stderr)
        return EXIT_ARGUMENTS
    good = is_healthy(findings)
    if given.json:
        checks = [
            {
                "check": one.check,
                "verdict": one.verdict,
                "text": sentence(one),
                "advice": advice(one),
                "commands": one.commands,
            }
            for one in findings
        ]
        print(json.dumps({"good": good, "checks": checks}))
    else:
        print(report(findings))
    return EXIT_DONE if good else EXIT_PROBLEM


def _way(text: str) -> tuple[tuple[Address, ...], Trust | None]:
    """What to try for an invite or an address.

    Raises:
        BadInvite: it is neither.
    """
    if "://" in text:
        invite = parse_invite(text)
        return invite.addresses, invited(invite)
    return (parse_address(text),), None


async def _look_here(port: int, running: Running | None) -> HostFacts:
    if running is None:
        return await look_at_host(port, None, None)
    fingerprint = running.fingerprint
    # A host listens at loopback too, unless it was told single addresses; there it needs no token to be asked.
    here = Address("127.0.0.1", running.port)
    if not await is_open(here):
        here = Address(running.addresses[0], running.port)
    trust = pinned(fingerprint) if fingerprint is not None else invited(parse_invite(running.invite))
    hosted = Hosted(port=running.port, addresses=running.addresses, fingerprint=fingerprint)
    return await look_at_host(port, hosted, Door(here, trust, ""))


def _minutes(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", text)
    minutes = int(match[1]) * {"m": 1, "h": 60, "d": 60 * 24, "w": 60 * 24 * 7}[match[2]] if match else 0
    if not 0 < minutes <= 60 * 24 * 366:
        raise ValueError
    return minutes


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


def _kept(folders: Sequence[Path]) -> Iterator[Running]:
    """What hosts of these folders left there."""
    for folder in folders:
        try:
            running = decode_running((folder / RUNNING_FILE).read_bytes())
            parse_invite(running.invite)
        except (OSError, ValueError):
            continue
        yield running


def _running(folders: Sequence[Path]) -> Running | None:
    """The first of these hosts that really runs."""
    return next((one for one in _kept(folders) if asyncio.run(_answers(one, parse_invite(one.invite).addresses))), None)


def _listening(folders: Sequence[Path]) -> Running | None:
    """The same where a firewall may let nobody connect, not even this computer: its process is there."""
    return _running(folders) or next((one for one in _kept(folders) if _has_its_port(one)), None)


def _has_its_port(running: Running) -> bool:
    """Whether this host's process listens at its port, as far as this user may know."""
    there = asyncio.run(holder(running.port, firewalls.run))
    return there is not None and (not there or there.endswith(f"({running.pid})"))


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
