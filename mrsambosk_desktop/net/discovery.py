"""The hosts around: heard by mDNS and by UDP beacon, merged by their id into one list. No Qt.

What is heard is a rumour from strangers: names were made safe by `announcement.make_safe`, the table is bounded, and
nothing is joined by itself. Whether a host really has the id it claims is known only when its key is seen.
"""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

import ifaddr
import msgspec
from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_protocol.announcement import (
    ADDRESSES,
    BEACON_PORT,
    MDNS_TYPE,
    STALE_SECONDS,
    Announcement,
    Beacon,
    Question,
    decode_datagram,
    from_properties,
)

log = logging.getLogger(__name__)

#: Shown at most; a flood of announcements pushes nobody out who was there before.
SHOWN: Final = 64
_KEPT: Final = 256
_DATAGRAMS_A_SECOND: Final = 200
_RESOLVING: Final = 32
_RESOLVE_MS: Final = 2000
_ROUND_SECONDS: Final = 1.0
_ASK_SECONDS: Final = 10.0


class _Entry:
    def __init__(self, said: Announcement) -> None:
        self.said = said
        self.heard_from: dict[str, None] = {}
        self.sources: set[str] = set()
        self.heard_at = 0.0


class Discovery:
    """Listens until closed; `changed` is called with the list whenever it is another one.

    Args:
        changed: gets the hosts, in the order they were first heard.
        addresses: this machine's addresses to listen on; None for all its IPv4 networks.
    """

    def __init__(
        self, changed: Callable[[tuple[FoundHost, ...]], None], addresses: Iterable[str] | None = None
    ) -> None:
        self._changed = changed
        self._chosen = tuple(addresses) if addresses is not None else None
        self._entries: dict[str, _Entry] = {}
        self._services: dict[str, str] = {}
        self._shown: tuple[FoundHost, ...] = ()
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._listener: asyncio.DatagramTransport | None = None
        self._silent = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._networks: list[tuple[str, str]] = []
        self._moving: asyncio.Task[None] | None = None
        self._datagrams = 0
        self._asked_at = 0.0

    async def start(self) -> None:
        """Begin by whatever of the two ways works here; what does not is logged."""
        await self._start_beacon()
        await self._start_mdns()
        self._make_round()

    async def close(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._end_mdns()
        if self._listener is not None:
            self._listener.close()
            # The socket is closed in a later turn of the loop, which may be the last one.
            await self._silent.wait()

    async def _end_mdns(self) -> None:
        if self._browser is not None and self._zeroconf is not None:
            # A browser cancelled before zeroconf has started takes the future of that start with it, and nothing of
            # zeroconf could be closed any more.
            with contextlib.suppress(ZeroconfError):
                await self._zeroconf.zeroconf.async_wait_for_start()
            await self._browser.async_cancel()
        if self._zeroconf is not None:
            await self._zeroconf.async_close()
            # Its sockets are closed in the next turns of the loop, which may be the last ones.
            for _ in range(3):
                await asyncio.sleep(0)
        self._browser, self._zeroconf = None, None

    @property
    def hosts(self) -> tuple[FoundHost, ...]:
        """The list as it was last told."""
        return self._shown

    def ask(self) -> None:
        """Ask each network who is there; hosts answer within moments."""
        self._asked_at = self._loop.time()
        if self._listener is None:
            return
        question = msgspec.json.encode(Question())
        for _address, broadcast in self._my_networks():
            with contextlib.suppress(OSError):
                self._listener.sendto(question, (broadcast, BEACON_PORT))

    # The beacon.

    async def _start_beacon(self) -> None:
        try:
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            # Several apps on one machine hear the same beacons.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            listener.bind(("", BEACON_PORT))
            self._listener, _ = await self._loop.create_datagram_endpoint(
                lambda: _Receiver(self._on_datagram, self._silent), sock=listener
            )
        except OSError as error:
            log.info("Beacons cannot be heard: %s", error)

    def _on_datagram(self, data: bytes, peer: tuple[str, int]) -> None:
        self._datagrams += 1
        if self._datagrams > _DATAGRAMS_A_SECOND * _ROUND_SECONDS:
            return
        said = decode_datagram(data)
        if isinstance(said, Beacon):
            self._hear(said.host, "beacon", (peer[0],))

    # mDNS.

    async def _start_mdns(self) -> None:
        self._networks = self._my_networks()
        addresses = [address for address, _broadcast in self._networks]
        if not addresses:
            return
        try:
            # Explicit interfaces: the library's default raises where there is no default route.
            self._zeroconf = AsyncZeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
            self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, MDNS_TYPE, handlers=[self._on_service])
        except (OSError, ZeroconfError, RuntimeError) as error:
            log.info("mDNS is not to be had here: %s", error)

    def _my_networks(self) -> list[tuple[str, str]]:
        return [pair for pair in networks() if self._chosen is None or pair[0] in self._chosen]

    async def _move(self) -> None:
        """This machine has other addresses: mDNS is asked for again, from those."""
        await self._end_mdns()
        self._services.clear()
        for host in list(self._entries):
            self._forget_source(host, "mdns")
        await self._start_mdns()
        self.ask()

    def _on_service(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed:
            if (host := self._services.pop(name, None)) is not None:
                self._forget_source(host, "mdns")
            return
        if len(self._tasks) < _RESOLVING and len(self._services) < _KEPT:
            self._start(partial(self._resolve, zeroconf, name))

    async def _resolve(self, zeroconf: Zeroconf, name: str) -> None:
        info = AsyncServiceInfo(MDNS_TYPE, name)
        if not await info.async_request(zeroconf, _RESOLVE_MS):
            return
        addresses = tuple(address for address in info.parsed_addresses(IPVersion.V4Only) if is_usable(address))
        said = from_properties(info.properties, info.port, addresses)
        if said is not None:
            self._services[name] = said.id
            self._hear(said, "mdns", addresses)

    # The list.

    def _hear(self, said: Announcement, source: str, heard_from: tuple[str, ...]) -> None:
        if said.bye:
            self._entries.pop(said.id, None)
            self._tell()
            return
        entry = self._entries.get(said.id)
        if entry is None:
            if len(self._entries) >= _KEPT:
                return
            entry = self._entries[said.id] = _Entry(said)
        entry.said = said
        entry.sources.add(source)
        entry.heard_at = self._loop.time()
        for address in heard_from:
            if is_usable(address) and address not in entry.heard_from:
                # The newest first: a host that moved is not dialled where it was.
                entry.heard_from = dict.fromkeys((address, *tuple(entry.heard_from)[: ADDRESSES - 1]))
        self._tell()

    def _forget_source(self, host: str, source: str) -> None:
        entry = self._entries.get(host)
        if entry is None:
            return
        entry.sources.discard(source)
        if not entry.sources:
            del self._entries[host]
        self._tell()

    def _make_round(self) -> None:
        """Once a second: what has not been heard of for a while is stale, and the networks are asked again."""
        self._timer = self._loop.call_later(_ROUND_SECONDS, self._make_round)
        self._datagrams = 0
        if (self._moving is None or self._moving.done()) and self._my_networks() != self._networks:
            self._moving = self._start(self._move)
        now = self._loop.time()
        if now - self._asked_at >= _ASK_SECONDS or not self._asked_at:
            self.ask()
        for host, entry in list(self._entries.items()):
            if now - entry.heard_at > 4 * STALE_SECONDS:
                del self._entries[host]
        self._tell()

    def _tell(self) -> None:
        now = self._loop.time()
        count = Counter(entry.said.name.casefold() for entry in self._entries.values())
        shown = tuple(
            FoundHost(
                id=entry.said.id,
                name=entry.said.name,
                addresses=entry.said.at(*entry.heard_from),
                tls=entry.said.tls,
                locked=entry.said.locked,
                people=entry.said.people,
                sources=frozenset(entry.sources),
                stale=now - entry.heard_at > STALE_SECONDS,
                double=count[entry.said.name.casefold()] > 1,
            )
            for entry in list(self._entries.values())[:SHOWN]
        )
        if shown != self._shown:
            self._shown = shown
            self._changed(shown)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        # Called inside the task: one that is cancelled before its first step must not leave a coroutine never awaited.
        task = self._loop.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except (OSError, ZeroconfError) as error:
            log.debug("An announcement could not be resolved: %s", error)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None], lost: asyncio.Event) -> None:
        self._received = received
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        log.debug("A question was not delivered: %s", exc)


def networks() -> list[tuple[str, str]]:
    """This machine's IPv4 addresses that are not loopback, each with its network's broadcast address."""
    found: list[tuple[str, str]] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str) and ip.network_prefix < 31 and not ipaddress.ip_address(ip.ip).is_loopback:
                network = ipaddress.ip_network(f"{ip.ip}/{ip.network_prefix}", strict=False)
                found.append((ip.ip, str(network.broadcast_address)))
    return found


def is_usable(address: str) -> bool:
    """Whether an announced address is one that a host on a local network can have."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (ip.is_loopback or ip.is_multicast or ip.is_unspecified or ip.is_reserved)
