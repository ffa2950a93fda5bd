"""Which names this host answers to, and which pages may speak to it: the Host and Origin check of every request.

A page elsewhere can make a browser on this network send requests here (DNS rebinding, cross-site WebSockets); it
cannot forge these two fields.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

from .head import BadHead, Head

_AUTHORITY: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?\Z")


class Guard:
    """The allowed names of one listening port.

    Args:
        addresses: the IP addresses served.
        port: ours.
        tls: whether this port speaks TLS.
        extra: what ``--allow-host`` adds: ``NAME`` or ``NAME:PORT``, as a reverse proxy's clients know it.
    """

    def __init__(self, addresses: Iterable[str], port: int, *, tls: bool, extra: Iterable[str] = ()) -> None:
        machine = socket.gethostname().lower()
        #: The names, without addresses, for the certificate.
        self.names = frozenset({"localhost", machine, f"{machine.partition('.')[0]}.local"})
        self._port = port
        self._extra = tuple(extra)
        self._scheme, self._default = ("https", 443) if tls else ("http", 80)
        self.serve(addresses)

    def serve(self, addresses: Iterable[str]) -> None:
        """Answer to these addresses from now on, and to the names as before."""
        port, default = self._port, self._default
        names = {*self.names, *(_bracketed(address) for address in addresses)}
        self._hosts = {(name, port) for name in names}
        self._origins = {f"{self._scheme}://{name}{'' if port == default else f':{port}'}" for name in names}
        for allowed in self._extra:
            name, _, number = allowed.rpartition(":") if re.search(r":\d+\Z", allowed) else (allowed, "", "")
            name = _bracketed(name.lower())
            # Without a port: as it is reached directly, and behind a proxy at the usual ones.
            ports = {int(number)} if number else {port, default, 443}
            self._hosts |= {(name, one) for one in ports}
            self._origins |= {f"https://{name}{'' if one == 443 else f':{one}'}" for one in ports - {80}}

    def check(self, head: Head) -> None:
        """Refuse a request that was not meant for this host or comes from a foreign page.

        Raises:
            BadHead: 400 (no Host or two), 421 (another host), 403 (a foreign origin).
        """
        hosts = head.all("host")
        if len(hosts) != 1:
            raise BadHead(400, "A request names one host.")
        match = _AUTHORITY.match(hosts[0])
        if match is None:
            raise BadHead(400, "The request's host is malformed.")
        name = match[1].lower().rstrip(".")
        port = int(match[2]) if match[2] else self._default
        if (name, port) not in self._hosts:
            raise BadHead(421, "This host does not go by that name; it can be allowed with --allow-host.")
        for origin in head.all("origin"):
            if origin.lower() not in self._origins:
                raise BadHead(403, "A page from elsewhere may not speak to this host.")


def _bracketed(address: str) -> str:
    try:
        return f"[{address.lower()}]" if ipaddress.ip_address(address).version == 6 else address
    except ValueError:
        return address
