"""What the doctor looks at: gathers the facts about a host here, or about the way to a host elsewhere.

    findings = examine_host(await look_at_host(port, hosted, door))
    findings = examine_way(await look_at_way(addresses, trust))

Nothing is changed anywhere, and every look has a time limit. No Qt.
"""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from websockets.exceptions import ConnectionClosed

from mrsambosk_desktop.core.doctor import HostFacts
from mrsambosk_desktop.core.findings import Interface
from mrsambosk_desktop.core.firewall import Knock, Wall
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.way import Step, Trial, WayFacts
from mrsambosk_protocol import __version__, codec
from mrsambosk_protocol.announcement import BEACON_PORT, BEACON_SECONDS
from mrsambosk_protocol.commands import Hello
from mrsambosk_protocol.events import Refusal, Welcome
from mrsambosk_protocol.invite import Address
from mrsambosk_protocol.limits import PROTOCOL_VERSION, Refused
from mrsambosk_protocol.requests import DialledBack

from . import computer, firewalls
from .connection import Unreachable, Why, dial
from .discovery import Discovery
from .http import Door, ask_health
from .trust import PLAIN, Trust, Way, WrongKey, pinned, seen_on

#: A beacon comes every five seconds.
_LISTEN_SECONDS: Final = BEACON_SECONDS + 1.5
_TRY_SECONDS: Final = 4.0
_PATIENCE_SECONDS: Final = 12.0
_MDNS_PORT: Final = 5353


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    """A host that runs here. `fingerprint`: of its key, where it has one of its own."""

    port: int
    addresses: tuple[str, ...]
    fingerprint: str | None = None


async def look_at_host(
    port: int, hosted: Hosted | None, door: Door | None, run: firewalls.Run = firewalls.run
) -> HostFacts:
    """Everything about a host here; without one, about this computer as one that could host.

    Args:
        port: where it would host.
        door: by which the host can be asked to let others dial back.
        run: runs the tools of this system.
    """
    port = hosted.port if hosted is not None else port
    addresses = hosted.addresses if hosted is not None else ()
    here = computer.interfaces()
    (heard, around), walls, quiet, holder, back = await asyncio.gather(
        _listen(hosted),
        _ask_walls(_knocks("tcp", port, addresses, here), run),
        _ask_walls([k for udp in (BEACON_PORT, _MDNS_PORT) for k in _knocks("udp", udp, addresses, here)], run),
        _nobody() if hosted is not None else computer.holder(port, run),
        _ask_dial_back(door),
    )
    return HostFacts(
        port=port,
        addresses=addresses,
        holder=holder,
        interfaces=here,
        walls=walls,
        quiet=quiet,
        way_out=computer.way_out(here),
        astray=tuple(address for address in addresses if computer.is_astray(address, here)),
        proxies=computer.proxies(os.environ),
        heard=heard,
        around=around,
        asked=back.asked if back is not None else None,
        reached=back.reached if back is not None else (),
    )


async def look_at_way(addresses: Sequence[Address], trust: Trust | None) -> WayFacts:
    """Everything about the way to a host elsewhere.

    Args:
        addresses: each is tried.
        trust: how the host proves itself; None where that is not known: then any key will do.
    """
    here = computer.interfaces()
    fingerprint = trust.fingerprint if trust is not None else ""
    hosts, trials = await asyncio.gather(
        _hear(fingerprint), asyncio.gather(*(_try_address(address, trust) for address in addresses))
    )
    found = next((host for host in hosts if fingerprint and host.id == fingerprint), None)
    return WayFacts(
        trials=tuple(trials),
        interfaces=here,
        way_out=computer.way_out(here),
        proxies=computer.proxies(os.environ),
        found_at=found.addresses if found is not None else (),
        heard=bool(fingerprint),
    )


# Firewalls -------------------------------------------------------------------------------------------------------


async def _nobody() -> None:
    """Nobody but the host itself has its port."""


def _knocks(protocol: str, port: int, addresses: Sequence[str], here: Sequence[Interface]) -> list[Knock]:
    """What somebody on each of the networks would send."""
    return [
        Knock(
            protocol=protocol,
            port=port,
            interface=one.name,
            source=computer.neighbour(one),
            address=one.address,
            network=one.network,
        )
        for one in here
        if one.prefix <= 30 and one.up and (one.address in addresses if addresses else one.is_local)
    ]


async def _ask_walls(knocks: Sequence[Knock], run: firewalls.Run) -> tuple[Wall, ...]:
    answers = [await firewalls.ask_firewalls(sys.platform, knock, run) for knock in knocks]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return firewalls.as_typed([wall for answer in answers for wall in answer], is_root=is_root)


# Announcements ---------------------------------------------------------------------------------------------------


async def _listen(hosted: Hosted | None) -> tuple[frozenset[str], int]:
    """In which ways a host here was heard, and how many others were."""

    def is_it(host: FoundHost) -> bool:
        if hosted is None:
            return False
        if hosted.fingerprint is not None:
            return host.id == hosted.fingerprint
        return any(at.port == hosted.port and at.host in hosted.addresses for at in host.addresses)

    both = frozenset(("mdns", "beacon"))
    hosts = await _overhear(lambda heard: any(is_it(host) and host.sources >= both for host in heard))
    mine = [host for host in hosts if is_it(host)]
    return (mine[0].sources if mine else frozenset()), len(hosts) - len(mine)


async def _hear(fingerprint: str) -> tuple[FoundHost, ...]:
    if not fingerprint:
        return ()
    return await _overhear(lambda heard: any(host.id == fingerprint for host in heard))


async def _overhear(enough: Callable[[tuple[FoundHost, ...]], bool]) -> tuple[FoundHost, ...]:
    """The hosts around, as soon as they are enough."""
    done = asyncio.Event()

    def changed(hosts: tuple[FoundHost, ...]) -> None:
        if enough(hosts):
            done.set()

    discovery = Discovery(changed)
    try:
        await discovery.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LISTEN_SECONDS):
                await done.wait()
        return discovery.hosts
    finally:
        await discovery.close()


# The host --------------------------------------------------------------------------------------------------------


async def _ask_dial_back(door: Door | None) -> DialledBack | None:
    """What came of asking the host to let others dial back; None where it could not be asked."""
    if door is None:
        return None
    for _ in range(2):
        try:
            return await door.ask("POST", "/host/dial-back", DialledBack)
        except Refused as refused:
            if refused.code != "rate_limited" or (refused.retry_after or _PATIENCE_SECONDS) >= _PATIENCE_SECONDS:
                return None
            # Somebody looked a moment ago; the devices are asked anew.
            await asyncio.sleep(refused.retry_after or 0)
        except Unreachable:
            return None
    return None


async def is_open(address: Address) -> bool:
    """Whether anything can be connected to there."""
    return await _reach(address) is None


async def _try_address(address: Address, trust: Trust | None) -> Trial:
    """Reach it, compare its key, ask how it is, greet it: how far that came."""
    if (step := await _reach(address)) is not None:
        return Trial(address=address, step=step)
    trust, step = await _identify(address, trust)
    if step is not None:
        return Trial(address=address, step=step)
    try:
        await ask_health(address, trust)
    except Refused as refused:
        return Trial(address=address, step=Step.HEALTH, said=refused.text)
    except Unreachable as failure:
        # Without TLS this is the first thing that tells a host from anything else that listens.
        step = Step.TLS if trust.way is Way.PLAIN or failure.why is Why.NO_HOST else Step.HEALTH
        return Trial(address=address, step=step, said=failure.why.name.lower())
    said = await _greet(address, trust)
    return Trial(address=address, step=Step.DONE if said is None else Step.HELLO, said=said or "")


async def _reach(address: Address) -> Step | None:
    """Which step fails before anything is said; None for none."""
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            _reader, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return Step.SILENT
    except socket.gaierror:
        return Step.NAME
    except ConnectionRefusedError:
        return Step.REFUSED
    except OSError as error:
        return Step.ROUTE if error.errno == errno.ENETUNREACH else Step.SILENT
    writer.transport.abort()
    return None


async def _identify(address: Address, trust: Trust | None) -> tuple[Trust, Step | None]:
    """How to speak to it, and which step failed: its TLS or its key. Without a trust any key will do, or none."""
    wanted = trust if trust is not None else pinned("")
    tls = wanted.context()
    if tls is None:
        return wanted, None
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            _reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    except ssl.SSLCertVerificationError:
        return wanted, Step.KEY
    except (OSError, EOFError, TimeoutError):
        return (PLAIN, None) if trust is None else (wanted, Step.TLS)
    try:
        if trust is None:
            return pinned(seen_on(writer.transport)), None
        wanted.check(writer.transport)
    except WrongKey:
        return wanted, Step.KEY
    finally:
        writer.transport.abort()
    return wanted, None


async def _greet(address: Address, trust: Trust) -> str | None:
    """Say hello as nobody: a host refuses that in its own words. None for a host, else what came instead."""
    hello = Hello(ref=1, protocol=(PROTOCOL_VERSION,), client=f"Mrsambosk-doctor/{__version__}")
    try:
        connection, _address = await dial([address], trust)
    except Unreachable as failure:
        return failure.why.name
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            await connection.send(codec.encode(hello), text=True)
            event = codec.decode_event(await connection.recv(decode=False))
    except (TimeoutError, codec.BadFrame, ConnectionClosed) as error:
        return type(error).__name__
    finally:
        await connection.close()
    if isinstance(event, Refusal) and event.code in ("version", "busy"):
        return event.text
    return None if isinstance(event, Refusal | Welcome) else "?"
