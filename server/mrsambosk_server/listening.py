"""Where a host listens: the addresses asked for, one socket each, all on one port."""

import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Final

import ifaddr

LOOPBACK: Final = "127.0.0.1"
ANY_IPV4: Final = "0.0.0.0"  # noqa: S104
ANY_IPV6: Final = "::"
#: ``--bind lan``: every private address of this machine, and loopback.
LAN: Final = "lan"
#: Connections that may wait to be accepted.
BACKLOG: Final = 2048
#: How much the kernel may take for a connection beyond what is on its way.
UNSENT_KERNEL_BYTES: Final = 128 * 1024


class BadAddress(ValueError):
    """An address that is none, or not this machine's: the message is a sentence."""


class PortTaken(OSError):
    """Somebody else listens there: the message is a sentence."""


def private_addresses() -> list[str]:
    """This machine's private IPv4 addresses, as its interfaces have them. Never a public one."""
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [address for address in dict.fromkeys(found) if _is_lan(address)]


def ipv6_addresses() -> list[str]:
    """This machine's IPv6 addresses, loopback too, without those that mean something on one link only."""
    found = [ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, tuple)]
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_link_local]


def _is_lan(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return ip.is_private and not ip.is_loopback and not ip.is_unspecified


def resolve(binds: Sequence[str]) -> list[str]:
    """The addresses to listen at now.

    `LAN` stands for all private ones and loopback, ``::`` for ``0.0.0.0`` as well; a network (``192.168.1.0/24``) for
    the private ones this machine has in it, which may be none, and loopback.

    Raises:
        BadAddress: for what is neither an IP address nor a network.
    """
    addresses: list[str] = []
    for bind in binds:
        try:
            if bind == LAN:
                addresses += [*private_addresses(), LOOPBACK]
            elif "/" in bind:
                network = ipaddress.ip_network(bind)
                addresses += [at for at in private_addresses() if ipaddress.ip_address(at) in network]
                addresses.append(LOOPBACK)
            else:
                addresses.append(str(ipaddress.ip_address(bind)))
                if addresses[-1] == ANY_IPV6:
                    # A socket of each kind: what Windows and Linux make of one for both differs.
                    addresses.append(ANY_IPV4)
        except ValueError:
            raise BadAddress(
                f"--bind takes an IP address of this machine, a network like 192.168.1.0/24 or {LAN!r}, not {bind!r}."
            ) from None
    return list(dict.fromkeys(addresses))


def is_this_machine(peer: str, local: str) -> bool:
    """Whether a connection from `peer` to our address `local` is one of this machine with itself."""
    try:
        return peer == local or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def reachable(addresses: Iterable[str]) -> list[str]:
    """The addresses others can use for these: an unspecified one stands for each of the machine's own.

    Loopback is left out where there is another.
    """
    found: list[str] = []
    for address in addresses:
        ip = ipaddress.ip_address(address)
        found += (private_addresses() or [LOOPBACK]) if ip.is_unspecified else [address]
    found = list(dict.fromkeys(found))
    return [address for address in found if not ipaddress.ip_address(address).is_loopback] or found


def listen(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """One listening socket an address; with port 0 a free port that all of them share.

    Raises:
        PortTaken, BadAddress: with nothing left open.
    """
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets.append(_listen(address, port))
            port = sockets[0].getsockname()[1]
    except OSError as error:
        for opened in sockets:
            opened.close()
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL):
            raise BadAddress(f"{address} is not an address of this machine.") from None
        raise PortTaken(f"Port {port} of {address} cannot be used: {error.strerror or error}.") from None
    return sockets


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Named TCP and not 0: only then does asyncio set TCP_NODELAY on what is accepted, without which each answer waits
    # 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # What is accepted inherits it. Else the kernel takes megabytes for a slow reader: they count as sent, so its
        # keepalive is due before it could read that far, and the limit on unsent bytes comes late.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_KERNEL_BYTES)
        if os.name == "posix":
            # A port whose last host just ended is free at once; on Windows this would let two hosts share one.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            with contextlib.suppress(OSError):
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
