"""What a local firewall would do with a first packet from another computer, read from what its own tool prints.

Only printed text comes in; who runs the tools is `net.firewalls`. A judge that does not understand a rule that matters
says so (`Gate.UNSURE`) rather than guess. nftables, which has a language, is judged in `core.nftables`.
"""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec


class Gate(StrEnum):
    """What a firewall does with it. `UNREAD`: its rules can't be read as this user."""

    OPEN = "open"
    SHUT = "shut"
    UNSURE = "unsure"
    UNREAD = "unread"


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A first packet from another computer of the same network.

    Args:
        protocol: "tcp" or "udp".
        interface: the one it comes in by, as the system names it.
        source, address: from whom, and to which of our addresses.
        network: of both, like ``192.168.1.0/24``.
    """

    protocol: str
    port: int
    interface: str
    source: str
    address: str
    network: str


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """One firewall and its answer.

    Args:
        where: which rule or zone decides, as its tool names it.
        commands: that open it for this network alone, or, for `UNREAD`, that show its rules.
    """

    name: str
    gate: Gate
    where: str = ""
    commands: tuple[str, ...] = ()


UFW: Final = "ufw"
FIREWALLD: Final = "firewalld"
WINDOWS: Final = "Windows Firewall"
MACOS: Final = "macOS firewall"

_UFW_RULE: Final = re.compile(
    r"(?P<to>\S.*?)\s+(?P<does>ALLOW|DENY|REJECT|LIMIT)(?: (?P<way>IN|OUT|FWD))?\s+(?P<source>\S.*?)\s*(?:#.*)?$"
)


def judge_ufw(printed: str, knock: Knock) -> Wall | None:
    """By ``ufw status verbose``; None where it is inactive."""
    if "Status: active" not in printed:
        return None
    lets_in = re.search(r"^Default: (\w+) \(incoming\)", printed, re.MULTILINE)
    allow = f"from {knock.network} to any port {knock.port} proto {knock.protocol}"
    unsure = False
    for line in printed.splitlines():
        rule = _UFW_RULE.match(line)
        if rule is None or rule["way"] in ("OUT", "FWD") or "(v6)" in line:
            continue
        fits = _fits_ufw(rule["to"], rule["source"], knock)
        if fits is None:
            unsure = True
        elif fits and rule["does"] in ("ALLOW", "LIMIT"):
            return Wall(name=UFW, gate=Gate.OPEN)
        elif fits:
            # An earlier rule wins: one that is only added would come too late.
            return Wall(
                name=UFW, gate=Gate.SHUT, where=" ".join(line.split()), commands=(f"sudo ufw insert 1 allow {allow}",)
            )
    if lets_in is not None and lets_in[1] == "allow":
        return Wall(name=UFW, gate=Gate.UNSURE if unsure else Gate.OPEN)
    where = f"Default: {lets_in[1]} (incoming)" if lets_in is not None else ""
    gate = Gate.UNSURE if unsure else Gate.SHUT
    return Wall(name=UFW, gate=gate, where=where, commands=(f"sudo ufw allow {allow}",))


def _fits_ufw(to: str, source: str, knock: Knock) -> bool | None:
    """Whether a line of ufw's table is about this packet; None for what is not understood (an application's name)."""
    to, _, interface = to.partition(" on ")
    if interface and interface.strip() != knock.interface:
        return False
    if not _holds(source.partition(" on ")[0], knock.source):
        return False
    words = to.split()
    if words and (words[0] == "Anywhere" or _is_network(words[0])):
        if not _holds(words.pop(0), knock.address):
            return False
        if not words:
            return True
    if len(words) != 1:
        return None
    ports, _, protocol = words[0].partition("/")
    if protocol and protocol != knock.protocol:
        return False
    if not re.fullmatch(r"[0-9:,]+", ports):
        return None
    return _in_ports(ports.replace(":", "-"), knock.port)


def judge_zone(zone: str, printed: str, knock: Knock) -> Wall:
    """By ``firewall-cmd --zone=ZONE --list-all``."""
    said = dict(re.findall(r"^\s+([a-z-]+):[ \t]*(.*)$", printed, re.MULTILINE))
    target = said.get("target", "default")
    wanted = f"{knock.port}/{knock.protocol}"
    opened = any(
        _in_ports(ports, knock.port)
        for ports, _, protocol in (entry.partition("/") for entry in said.get("ports", "").split())
        if protocol == knock.protocol
    )
    if knock.protocol == "udp" and knock.port == 5353 and "mdns" in said.get("services", "").split():
        opened = True
    if opened or target == "ACCEPT":
        return Wall(name=FIREWALLD, gate=Gate.OPEN)
    has_rich = bool(re.search(r"^\s+rule .*\b(?:accept|drop|reject)\b", printed, re.MULTILINE))
    return Wall(
        name=FIREWALLD,
        gate=Gate.UNSURE if has_rich else Gate.SHUT,
        where=f"zone {zone}",
        commands=(
            f"sudo firewall-cmd --zone={zone} --add-port={wanted}",
            f"sudo firewall-cmd --permanent --zone={zone} --add-port={wanted}",
        ),
    )


def zone_of(printed: str, interface: str) -> str:
    """The zone of an interface by ``firewall-cmd --get-active-zones``; empty where it is in the default one."""
    zone = ""
    for line in printed.splitlines():
        if line and not line[0].isspace():
            zone = line.split()[0]
        elif line.strip().startswith("interfaces:") and interface in line.split(":", 1)[1].split():
            return zone
    return ""


def judge_windows(printed: str, knock: Knock) -> Wall | None:
    """By the JSON of `net.firewalls.WINDOWS_SCRIPT`; None where it is off for this network."""
    try:
        said = json.loads(printed)
        networks = {one["alias"]: one["category"] for one in _rows(said, "networks")}
        profiles = {one["name"]: one for one in _rows(said, "profiles")}
        category = networks.get(knock.interface) or next(iter(networks.values()), "Public")
        profile = profiles["Domain" if category.startswith("Domain") else category]
        rules = [rule for rule in _rows(said, "rules") if _fits_windows(rule, profile["name"], knock)]
        enabled, default = profile["enabled"] == "True", profile["inbound"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Wall(name=WINDOWS, gate=Gate.UNSURE)
    if not enabled:
        return None
    where = f"{profile['name']} network"
    # There a rule that blocks wins over any that allows.
    blocking = [rule["id"] for rule in rules if rule["action"] == "Block"]
    if blocking:
        undo = tuple(f"Set-NetFirewallRule -Name '{_quoted(rule)}' -Action Allow" for rule in blocking)
        return Wall(name=WINDOWS, gate=Gate.SHUT, where=where, commands=undo)
    if default == "Allow" or any(rule["action"] == "Allow" for rule in rules):
        return Wall(name=WINDOWS, gate=Gate.OPEN)
    protocol = knock.protocol.upper()
    commands = [
        f"New-NetFirewallRule -DisplayName Mrsambosk -Direction Inbound -Action Allow -Protocol {protocol} "
        f"-LocalPort {knock.port} -RemoteAddress LocalSubnet -Profile Private,Domain"
    ]
    if category == "Public":
        # Opening the port on networks of strangers as well would be the wrong way: this one is to be called private.
        commands.insert(
            0, f"Set-NetConnectionProfile -InterfaceAlias '{_quoted(knock.interface)}' -NetworkCategory Private"
        )
    return Wall(name=WINDOWS, gate=Gate.SHUT, where=where, commands=tuple(commands))


def _rows(said: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """A list of PowerShell's, which writes a list of one as that one, and an empty one as null."""
    rows = said.get(name) or []
    return rows if isinstance(rows, list) else [rows]


def _fits_windows(rule: Mapping[str, Any], profile: str, knock: Knock) -> bool:
    if rule["protocol"] not in (knock.protocol.upper(), "Any"):
        return False
    ports = rule["ports"] if isinstance(rule["ports"], list) else [rule["ports"]]
    if "Any" not in ports and not any(_in_ports(str(port), knock.port) for port in ports):
        return False
    return rule["profile"] == "Any" or profile in [one.strip() for one in str(rule["profile"]).split(",")]


def _quoted(text: str) -> str:
    """For a string between single quotes in PowerShell."""
    return text.replace("'", "''")


def judge_macos(state: str, block_all: str, application: str, program: str) -> Wall | None:
    """By what ``socketfilterfw`` says to --getglobalstate, --getblockall and --getappblocked; None where it is off."""
    tool = "/usr/libexec/ApplicationFirewall/socketfilterfw"
    if "disabled" in state.lower() or "State = 0" in state:
        return None
    if "enabled" not in state.lower():
        return Wall(name=MACOS, gate=Gate.UNSURE)
    if re.search(r"block all (?:state set to )?enabled", block_all, re.IGNORECASE) or "State = 2" in state:
        return Wall(name=MACOS, gate=Gate.SHUT, where="Block all", commands=(f"sudo {tool} --setblockall off",))
    if "blocked" in application.lower():
        return Wall(name=MACOS, gate=Gate.SHUT, where=program, commands=(f"sudo {tool} --unblockapp '{program}'",))
    if "permitted" in application.lower():
        return Wall(name=MACOS, gate=Gate.OPEN)
    # One that is on no list is asked about, or let in because it is signed: that can't be known from here.
    commands = (f"sudo {tool} --add '{program}'", f"sudo {tool} --unblockapp '{program}'")
    return Wall(name=MACOS, gate=Gate.UNSURE, where=program, commands=commands)


def _is_network(text: str) -> bool:
    return re.fullmatch(r"[0-9]+\.[0-9.]+(?:/[0-9.]+)?", text) is not None


def _holds(network: str, address: str) -> bool:
    """Whether an address is meant by ``Anywhere``, a network or an address."""
    if network.strip() == "Anywhere":
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network.strip(), strict=False)
    except ValueError:
        return False


def _in_ports(text: str, port: int) -> bool:
    """Whether a port is in a list like ``80,8000-9000``."""
    return any(first <= port <= last for first, last in _ranges(text))


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.strip().isdecimal() and (last or first).strip().isdecimal():
            yield int(first), int(last or first)
