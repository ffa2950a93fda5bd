"""The networks this computer is on, and where its person lets it host: never where nobody was asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

#: Interfaces that machines and tunnels make: others in the room are hardly there.
_MADE: Final = re.compile(
    r"docker|br-|virbr|veth|vbox|vmnet|vmware|vethernet|lxc|lxd|podman|cni|flannel|tun|tap|utun|wg|zt|tailscale|ppp",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Network:
    """One private network this computer is on.

    Args:
        interface: as the system calls it.
        address: this computer's there.
        block: the network in CIDR notation, ``192.168.1.0/24``.
        usual: whether traffic to elsewhere leaves by it.
    """

    interface: str
    address: str
    block: str
    usual: bool = False

    @property
    def key(self) -> str:
        """By which a choice is remembered; the address may change."""
        return f"{self.block} {self.interface}"


def suggested(networks: Sequence[Network]) -> tuple[Network, ...]:
    """Where to host when nobody has chosen: where the others most likely are."""
    likely = [network for network in networks if not _MADE.match(network.interface)]
    return tuple([network for network in likely if network.usual] or likely[:1] or networks[:1])


@dataclass(frozen=True, slots=True)
class NetworkChoices:
    """What was answered for each network so far."""

    hosted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    @staticmethod
    def parse(text: str) -> "NetworkChoices":
        """What `str` of one gave; lines that are none are left out."""
        lines = [line for line in text.split("\n") if len(line) > 2]
        return NetworkChoices(
            frozenset(line[1:] for line in lines if line[0] == "+"),
            frozenset(line[1:] for line in lines if line[0] == "-"),
        )

    def __str__(self) -> str:
        return "\n".join([*(f"+{key}" for key in sorted(self.hosted)), *(f"-{key}" for key in sorted(self.refused))])

    def answered(self, asked: Sequence[Network], chosen: Sequence[Network]) -> "NetworkChoices":
        """With an answer for those that were asked about."""
        yes = {network.key for network in chosen}
        no = {network.key for network in asked} - yes
        return replace(self, hosted=self.hosted - no | yes, refused=self.refused - yes | no)

    def unanswered(self, networks: Sequence[Network]) -> tuple[Network, ...]:
        """Those that nobody was asked about; not the ones that machines make."""
        known = self.hosted | self.refused
        return tuple(network for network in networks if network.key not in known and not _MADE.match(network.interface))

    @property
    def blocks(self) -> tuple[str, ...]:
        """Where to host, for ``--bind``."""
        return tuple(sorted({key.partition(" ")[0] for key in self.hosted}))
