"""Where a running host is: its listening sockets, and how they follow the addresses of this machine.

A laptop gets another address, a cable is pulled: what was asked for on the command line (`lan`, a network, an address)
is looked at again every few seconds. New addresses are listened at, on the same port, and those that are gone are not.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final

from . import listening

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3.0
#: How many connections are taken in one turn of the loop; asyncio calls it the backlog, the real one is longer. While
#: 500 people join at once with TLS, two leave the others' messages a median of 28 ms behind and 32 left them 250 ms,
#: for the same time until all are in. asyncio also tries as often in a turn when no descriptor is left.
_ACCEPTS: Final = 2


class Whereabouts:
    """The listening sockets of one host, which exist at once. `open`, then `watch`; `close` ends it all.

    Args:
        binds: what the host was told to serve.
        port: 0 for a free one.

    Raises:
        listening.BadAddress, listening.PortTaken: with nothing left open.
    """

    def __init__(self, binds: Sequence[str], port: int) -> None:
        self._binds = tuple(binds)
        addresses = listening.resolve(binds)
        sockets = listening.listen(addresses, port)
        self._waiting = dict(zip(addresses, sockets, strict=True))
        self._servers: dict[str, asyncio.Server] = {}
        self._make: Callable[[], asyncio.Protocol] = asyncio.Protocol
        self._watch: asyncio.Task[None] | None = None
        self.port: int = sockets[0].getsockname()[1]
        #: What others can use to come here.
        self.addresses = listening.reachable(self._waiting)
        self._served = self.served

    @property
    def served(self) -> set[str]:
        """Every address this host answers at, loopback included."""
        bound = {*self._waiting, *self._servers}
        ipv6 = ("::1", *listening.ipv6_addresses()) if listening.ANY_IPV6 in bound else ()
        return {*bound, *self.addresses, *ipv6, listening.LOOPBACK} - {listening.ANY_IPV4, listening.ANY_IPV6}

    async def open(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Accept connections; `make` is called for each."""
        self._make = make
        while self._waiting:
            address, listener = self._waiting.popitem()
            self._servers[address] = await self._serve(listener)

    def watch(self, moved: Callable[[], None]) -> None:
        """Follow the machine's addresses from now on; `moved` is called after each change."""
        self._watch = asyncio.get_running_loop().create_task(self._keep_looking(moved))

    async def close(self) -> None:
        """Follow no more and take nobody new; who is here stays."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait([watch])
        for server in self._servers.values():
            server.close()
        for listener in self._waiting.values():
            listener.close()

    async def _keep_looking(self, moved: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if await self._follow():
                    log.info("This host is now at %s", ", ".join(self.addresses))
                    moved()
            except OSError as error:
                log.info("The addresses of this machine can't be read now: %s", error)

    async def _follow(self) -> bool:
        """Look once; whether others find this host elsewhere than before."""
        before = self.addresses, self._served
        wanted = listening.resolve(self._binds)
        for address in set(wanted) - set(self._servers):
            # An address that just came may not be usable yet (IPv6 looks first whether it is free): the next look is
            # soon. One that somebody else holds on this port is tried again as well.
            with contextlib.suppress(listening.BadAddress, listening.PortTaken):
                self._servers[address] = await self._serve(listening.listen([address], self.port)[0])
        for address in set(self._servers) - set(wanted):
            self._servers.pop(address).close()
        self.addresses = listening.reachable(at for at in wanted if at in self._servers)
        self._served = self.served
        return (self.addresses, self._served) != before

    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(lambda: self._make(), sock=listener, backlog=_ACCEPTS)
        listener.listen(listening.BACKLOG)
        return server
