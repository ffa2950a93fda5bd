"""Networks on one machine: each computer is a network namespace, the wire between them a bridge in another.

    with Lan() as lan:
        lan.add("a", "10.77.0.1/24")
        lan.add("b", "10.77.0.2/24")
        subprocess.run(lan.within("a", "some", "command"))

Nothing of it touches the machine's own network. All names begin with ``mrsambosk-``; ``python -m tests.lan.networks``
removes what a killed run left.
"""

import os
import shutil
import subprocess
import sys
from types import TracebackType
from typing import Final, Self

PREFIX: Final = "mrsambosk-"
_SECONDS: Final = 20


def why_not() -> str:
    """Why there can be no such networks here, in one sentence; empty when there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    missing = [tool for tool in ("ip", "bridge") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} of iproute2 is missing"
    tried = f"{PREFIX}{os.getpid()}-try"
    try:
        _ip("netns", "add", tried)
        _ip("-n", tried, "link", "add", "wire", "type", "bridge")
    except subprocess.CalledProcessError as error:
        return f"this kernel makes no network namespaces: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", tried], capture_output=True, timeout=_SECONDS, check=False)
    return ""


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=_SECONDS)
    return done.stdout


class Lan:
    """Computers on one wire. A context manager: at its end all of it is removed, and what runs there loses its net."""

    def __init__(self) -> None:
        self._name = f"{PREFIX}{os.getpid()}-"
        self._wire = self._name + "wire"
        self._made: list[str] = []

    def __enter__(self) -> Self:
        self._make(self._wire)
        # Without snooping what is sent to a group goes to all, or to none where flooding is turned off.
        _ip("-n", self._wire, "link", "add", "wire", "type", "bridge", "mcast_snooping", "0")
        _ip("-n", self._wire, "link", "set", "wire", "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for made in self._made:
            _ip("netns", "del", made)
        self._made.clear()

    def add(self, computer: str, address: str) -> None:
        """A computer with one interface at this address (with the mask's length) and no other route."""
        space = self._name + computer
        self._make(space)
        port = f"to-{computer}"
        _ip("link", "add", "lan0", "netns", space, "type", "veth", "peer", "name", port, "netns", self._wire)
        _ip("-n", self._wire, "link", "set", "dev", port, "master", "wire", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", space, "link", "set", "lan0", "up")
        _ip("-n", space, "addr", "add", address, "brd", "+", "dev", "lan0")

    def move(self, computer: str, address: str) -> None:
        """Give it another address in place of its own."""
        space = self._name + computer
        _ip("-n", space, "addr", "flush", "dev", "lan0", "scope", "global")
        _ip("-n", space, "addr", "add", address, "brd", "+", "dev", "lan0")

    def add_dead_end(self, computer: str, address: str) -> None:
        """One more interface, `dead0`, on a network of its own where nobody else is."""
        space, port = self._name + computer, f"dead-{computer}"
        _ip("link", "add", "dead0", "netns", space, "type", "veth", "peer", "name", port, "netns", self._wire)
        _ip("-n", self._wire, "link", "set", "dev", port, "up")
        _ip("-n", space, "link", "set", "dead0", "up")
        _ip("-n", space, "addr", "add", address, "brd", "+", "dev", "dead0")

    def route(self, computer: str, network: str) -> None:
        """Let this computer look for a network on the wire, where it may not be."""
        _ip("-n", self._name + computer, "route", "add", network, "dev", "lan0")

    def pull(self, computer: str) -> None:
        """Take its link down."""
        _ip("-n", self._name + computer, "link", "set", "lan0", "down")

    def plug(self, computer: str) -> None:
        """Take its link up again."""
        _ip("-n", self._name + computer, "link", "set", "lan0", "up")

    def drop_multicast(self) -> None:
        """Let the wire deliver nothing that is sent to a group, as some access points do."""
        for computer in self._made[1:]:
            port = f"to-{computer.removeprefix(self._name)}"
            _ip("-n", self._wire, "link", "set", "dev", port, "type", "bridge_slave", "mcast_flood", "off")

    def drop_udp(self, computer: str) -> None:
        """Let this computer neither send nor receive UDP, as a strict firewall does."""
        self.drop_multicast()
        space = self._name + computer
        # The kernel asks the rules in order, also about what arrives; the first is usually about its own addresses.
        _ip("-n", space, "rule", "add", "ipproto", "udp", "blackhole", "pref", "1")
        _ip("-n", space, "rule", "add", "lookup", "local", "pref", "10")
        _ip("-n", space, "rule", "del", "pref", "0")

    def routes(self, computer: str) -> str:
        """Its routes, as `ip` prints them."""
        return _ip("-n", self._name + computer, "route")

    def within(self, computer: str, *command: str) -> list[str]:
        """The command line that runs a command on it."""
        return ["ip", "netns", "exec", self._name + computer, *command]

    def _make(self, space: str) -> None:
        _ip("netns", "add", space)
        self._made.append(space)


def main() -> None:
    """Remove every namespace of ours."""
    for line in _ip("netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith(PREFIX):
            _ip("netns", "del", name)
            print(f"removed {name}")


if __name__ == "__main__":
    main()
