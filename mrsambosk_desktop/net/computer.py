"""This computer as the doctor sees it: its addresses, who has a port, where packets would leave. Nothing is sent."""

import errno
import ipaddress
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import ifaddr

from mrsambosk_desktop.core.findings import Interface

from .firewalls import Run

_TUNNEL: Final = re.compile(
    r"(?:tun|tap|wg|utun|ppp|ipsec|tailscale|zt|nordlynx|proton)[\w-]*$|.*(?:wireguard|openvpn|tailscale|vpn)",
    re.IGNORECASE,
)
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
#: Somewhere on the internet (RFC 5737 §3); nothing is ever sent there.
_ELSEWHERE: Final = "192.0.2.1"
_UP: Final = 0x1
_POINT_TO_POINT: Final = 0x10
_RUNNING: Final = 0x40


def interfaces() -> tuple[Interface, ...]:
    """This computer's IPv4 addresses that are not loopback."""
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if not isinstance(ip.ip, str) or ip.ip.startswith("127."):
                continue
            name = ip.nice_name or adapter.name
            flags = _flags(adapter.name)
            found.append(
                Interface(
                    name=name,
                    address=ip.ip,
                    prefix=ip.network_prefix,
                    up=flags is None or flags & (_UP | _RUNNING) == _UP | _RUNNING,
                    tunnel=is_tunnel(name) or bool(flags and flags & _POINT_TO_POINT),
                )
            )
    return tuple(found)


def is_tunnel(name: str) -> bool:
    """Whether an interface of this name is a VPN's."""
    return _TUNNEL.match(name) is not None


def _flags(name: str) -> int | None:
    """An interface's flags (netdevice(7)); None where this system doesn't tell them so."""
    if sys.platform != "linux":
        return None
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            told = fcntl.ioctl(any_socket, 0x8913, struct.pack("16sH14x", name.encode()[:15], 0))  # SIOCGIFFLAGS
        except OSError:
            return None
    return int(struct.unpack("16sH14x", told)[1])


def way_out(here: Sequence[Interface]) -> str:
    """The interface that carries what goes elsewhere; empty where nothing does."""
    source = _source_for(_ELSEWHERE)
    return next((one.name for one in here if one.address == source), "")


def is_astray(address: str, here: Sequence[Interface]) -> bool:
    """Whether a neighbour of this address of ours would be reached from another of our addresses."""
    own = next((one for one in here if one.address == address), None)
    if own is None or own.prefix > 30:
        return False
    source = _source_for(neighbour(own))
    same = {one.address for one in here if one.network == own.network}
    return source != "" and source not in same


def _source_for(address: str) -> str:
    """The address this computer would send from; empty where it has no way there. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def neighbour(own: Interface) -> str:
    """Another address of the same network."""
    network = ipaddress.ip_network(own.network)
    first = network.network_address + 1
    return str(first if str(first) != own.address else first + 1)


def proxies(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of variables that set a proxy."""
    return tuple(name for name in environment if name.upper() in _PROXIES and environment[name])


async def holder(port: int, run: Run) -> str | None:
    """Who listens at this port; None for nobody, empty for somebody unknown."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            return None
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                return None
    command = {
        "linux": ("ss", "-Hltnp", f"sport = :{port}"),
        "darwin": ("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fcp"),
        "win32": (
            *("powershell", "-NoProfile", "-NonInteractive", "-Command"),
            f"Get-NetTCPConnection -State Listen -LocalPort {port} | ForEach-Object {{ $p = Get-Process -Id "
            '$_.OwningProcess; "p$($p.Id)`nc$($p.ProcessName)" }',
        ),
    }.get(sys.platform)
    printed = await run(*command) if command is not None else None
    return holder_in(printed.text) if printed is not None else ""


def holder_in(printed: str) -> str:
    """The program in what `ss -p` or `lsof -F` prints; empty where it names none (another user's)."""
    if found := re.search(r'users:\(\("([^"]*)",pid=(\d+)', printed):
        return f"{found[1]} ({found[2]})"
    name, number = re.search(r"^c(.+)$", printed, re.MULTILINE), re.search(r"^p(\d+)$", printed, re.MULTILINE)
    return f"{name[1].strip()} ({number[1]})" if name is not None and number is not None else ""
