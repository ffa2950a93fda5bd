"""Saying on the network that a host is here: mDNS on each interface, and a UDP beacon for where multicast is dropped.

Only where the host really listens, and never on loopback. It says goodbye when it ends.
"""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final

import ifaddr
import msgspec
from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from mrsambosk_protocol.announcement import (
    BEACON_PORT,
    BEACON_SECONDS,
    MDNS_TYPE,
    Announcement,
    Beacon,
    Question,
    decode_datagram,
    to_properties,
)

log = logging.getLogger(__name__)

#: Records live this long, so that a host that vanished without a goodbye is soon forgotten.
_TTL: Final = 30
#: Answers to questions, a second: a flood of questions must not make this host flood others.
_ANSWERS_A_SECOND: Final = 20


def broadcast_addresses(addresses: Sequence[str]) -> dict[str, str]:
    """The directed broadcast address of each IPv4 address's network, by its interface's real mask."""
    found: dict[str, str] = {}
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str) and ip.ip in addresses and ip.network_prefix < 31:
                network = ipaddress.ip_network(f"{ip.ip}/{ip.network_prefix}", strict=False)
                found[ip.ip] = str(network.broadcast_address)
    return found


class Announcer:
    """Announces one host, by whatever of the two ways works here, until it is stopped; what does not is logged.

    Args:
        describe: what to say now; asked before each word.
    """

    def __init__(self, describe: Callable[[], Announcement]) -> None:
        self._describe = describe
        self._addresses: list[str] = []
        self._zeroconf: AsyncZeroconf | None = None
        self._info: AsyncServiceInfo | None = None
        self._senders: dict[str, tuple[asyncio.DatagramTransport, str]] = {}
        self._listener: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answers = 0
        self._said: Announcement | None = None
        self._starting: asyncio.Task[None] | None = None
        self._updates: set[asyncio.Task[None]] = set()

    def announce(self, addresses: Sequence[str]) -> None:
        """Say from now on that the host listens at these; called again when it listens elsewhere.

        mDNS makes sure for most of a second that its name is free: nobody waits for that.
        """
        self._starting = asyncio.get_running_loop().create_task(self._start(tuple(addresses), self._starting))

    async def _start(self, addresses: Sequence[str], before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            before.cancel()
            await asyncio.wait([before])
            # Who goes on listening is not told of a goodbye: the next word is said at once.
            await self._end()
        self._addresses = [
            address for address in addresses if ":" not in address and not ipaddress.ip_address(address).is_loopback
        ]
        if self._addresses:
            await self._start_beacon()
            self._beat()
            await self._start_mdns()

    async def _start_mdns(self) -> None:
        try:
            self._zeroconf = AsyncZeroconf(interfaces=list(self._addresses), ip_version=IPVersion.V4Only)
            self._info = self._make_info()
            await self._zeroconf.async_register_service(self._info, ttl=_TTL)
        except (OSError, ZeroconfError, RuntimeError) as error:
            log.info("mDNS is not to be had here: %s", error)
            self._zeroconf, zeroconf = None, self._zeroconf
            if zeroconf is not None:
                await zeroconf.async_close()

    def _make_info(self) -> AsyncServiceInfo:
        said = self._describe()
        # Named by its id: two hosts of one name do not argue, and a name's odd characters stay out of DNS.
        label = said.id[:20].lower()
        return AsyncServiceInfo(
            MDNS_TYPE,
            f"{label}.{MDNS_TYPE}",
            addresses=[socket.inet_aton(address) for address in self._addresses],
            port=said.port,
            properties=to_properties(said),
            server=f"mrsambosk-{label}.local.",
            host_ttl=_TTL,
            other_ttl=_TTL,
        )

    async def _start_beacon(self) -> None:
        loop = asyncio.get_running_loop()
        for address, broadcast in broadcast_addresses(self._addresses).items():
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Receiver(self._on_datagram), local_addr=(address, 0), allow_broadcast=True
                )
            except OSError as error:
                log.info("No beacon from %s: %s", address, error)
                continue
            self._senders[address] = (transport, broadcast)
        try:
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            listener.bind(("", BEACON_PORT))
            self._listener, _ = await loop.create_datagram_endpoint(lambda: _Receiver(self._on_datagram), sock=listener)
        except OSError as error:
            log.info("Questions for hosts cannot be heard: %s", error)

    def _beat(self) -> None:
        """One beacon on each network; the mDNS record follows what changed."""
        self._timer = asyncio.get_running_loop().call_later(BEACON_SECONDS, self._beat)
        self._answers = 0
        said = self._describe()
        self._broadcast(said)
        if self._said is not None and said != self._said and self._zeroconf is not None:
            task = asyncio.get_running_loop().create_task(self._update())
            self._updates.add(task)
            task.add_done_callback(self._updates.discard)
        self._said = said

    async def _update(self) -> None:
        assert self._zeroconf is not None
        self._info = self._make_info()
        with contextlib.suppress(OSError, ZeroconfError):
            await self._zeroconf.async_update_service(self._info)

    def _broadcast(self, said: Announcement) -> None:
        data = self._datagram(said)
        for transport, broadcast in self._senders.values():
            # A network that is down for now comes back, or not: the next beat tries again.
            with contextlib.suppress(OSError):
                transport.sendto(data, (broadcast, BEACON_PORT))

    def _datagram(self, said: Announcement) -> bytes:
        return msgspec.json.encode(Beacon(host=msgspec.structs.replace(said, addresses=tuple(self._addresses))))

    def _on_datagram(self, data: bytes, peer: tuple[str, int]) -> None:
        if not isinstance(decode_datagram(data), Question) or self._answers >= _ANSWERS_A_SECOND * BEACON_SECONDS:
            return
        self._answers += 1
        for transport, _broadcast in self._senders.values():
            with contextlib.suppress(OSError):
                transport.sendto(self._datagram(self._describe()), peer)

    async def stop(self) -> None:
        """Say goodbye both ways and be silent."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        if self._senders:
            self._broadcast(msgspec.structs.replace(self._describe(), bye=True))
        if self._zeroconf is not None and self._info is not None:
            with contextlib.suppress(OSError, ZeroconfError):
                # Awaited twice: the first wait schedules the goodbyes, the second sees them leave.
                await (await self._zeroconf.async_unregister_service(self._info))
        await self._end()

    async def _end(self) -> None:
        """Close whatever is open."""
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._updates):
            task.cancel()
        zeroconf, self._zeroconf, self._info = self._zeroconf, None, None
        if zeroconf is not None:
            await zeroconf.async_close()
        for transport, _broadcast in self._senders.values():
            transport.close()
        self._senders.clear()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()


class _Receiver(asyncio.DatagramProtocol):
    """Hands datagrams on; errors of single datagrams are nobody's news."""

    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        log.debug("A datagram was not delivered: %s", exc)
