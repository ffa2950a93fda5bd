"""The doctor's verdicts on a host of this computer: from facts that were gathered to one line a check. Pure.

    findings = examine_host(facts)

`net.doctor` gathers the facts; who can't join another's host is helped by `core.way`.
"""

import ipaddress
from collections.abc import Sequence

import msgspec

from mrsambosk_protocol.announcement import BEACON_PORT

from .findings import Check, Finding, Interface, Verdict, finding, say
from .firewall import Gate, Wall


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a host on this computer, or about this computer as one that would host.

    Args:
        port: the host's, or the one that would be used.
        addresses: where the host listens, as others would dial it; empty: none runs here.
        holder: who has the port instead; None where it is free.
        walls: what each firewall does with somebody who joins; `quiet`: with who asks for hosts (UDP).
        way_out: the interface that carries what goes elsewhere than the local network; empty for none.
        astray: of `addresses`, those whose network this computer would reach by another interface.
        proxies: the names of environment variables that set one.
        heard: in which ways this host was heard by this computer itself; None where nobody listened.
        around: how many other hosts were heard.
        asked: how many devices of others were asked to dial back; None: nobody could be asked.
        reached: at which of `addresses` they came in.
    """

    port: int
    addresses: tuple[str, ...] = ()
    holder: str | None = None
    interfaces: tuple[Interface, ...] = ()
    walls: tuple[Wall, ...] = ()
    quiet: tuple[Wall, ...] = ()
    way_out: str = ""
    astray: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    heard: frozenset[str] | None = None
    around: int = 0
    asked: int | None = None
    reached: tuple[str, ...] = ()


def examine_host(facts: HostFacts) -> tuple[Finding, ...]:
    """One line a check about a host on this computer."""
    lines = [_port(facts)]
    if facts.addresses:
        lines.append(_bind(facts))
    lines += [
        _interface(facts),
        _firewall(facts.walls, facts.port),
        vpn(facts.way_out, facts.interfaces, facts.astray),
        proxy(facts.proxies),
        _discovery(facts),
    ]
    if facts.addresses:
        lines.append(_dial_back(facts))
    return tuple(lines)


def _port(facts: HostFacts) -> Finding:
    if facts.addresses:
        return finding(Check.PORT, Verdict.GOOD, say("The host listens at port {port}."), port=facts.port)
    if facts.holder is None:
        return finding(
            Check.PORT,
            Verdict.GOOD,
            say("No host runs here; port {port} is free."),
            port=facts.port,
        )
    text = say("Port {port} is taken by {holder}.") if facts.holder else say("Port {port} is taken by another program.")
    return finding(
        Check.PORT,
        Verdict.BAD,
        text,
        say("End that program, or host at another port:"),
        (f"mrsambosk host --bind lan --port {facts.port + 2}",),
        port=facts.port,
        holder=facts.holder,
    )


def _bind(facts: HostFacts) -> Finding:
    kinds = [ipaddress.ip_address(address) for address in facts.addresses]
    shown = ", ".join(facts.addresses)
    if all(ip.is_loopback for ip in kinds):
        return finding(
            Check.BIND,
            Verdict.BAD,
            say("The host serves this computer only ({addresses}): nobody else can connect."),
            say("Stop hosting and start it for the local network:"),
            ("mrsambosk host --bind lan",),
            addresses=shown,
        )
    if public := [str(ip) for ip in kinds if ip.is_global]:
        return finding(
            Check.BIND,
            Verdict.BAD,
            say("The host serves a public address ({addresses}): the whole internet may knock."),
            say("Stop hosting and serve the private addresses only:"),
            ("mrsambosk host --bind lan",),
            addresses=", ".join(public),
        )
    return finding(Check.BIND, Verdict.GOOD, say("The host serves {addresses}."), addresses=shown)


def _interface(facts: HostFacts) -> Finding:
    here = {one.address: one for one in facts.interfaces}
    wanted = [address for address in facts.addresses if not ipaddress.ip_address(address).is_loopback]
    if gone := [address for address in wanted if address not in here and ":" not in address]:
        return finding(
            Check.INTERFACE,
            Verdict.BAD,
            say("The host serves {addresses}, which this computer no longer has."),
            say("Stop hosting and host again: the room then opens at the addresses of now."),
            addresses=", ".join(gone),
        )
    if down := [here[address] for address in wanted if address in here and not here[address].up]:
        return finding(
            Check.INTERFACE,
            Verdict.BAD,
            say("{interface} ({address}) is not connected."),
            say("Plug the cable in, or join the wireless network again."),
            interface=down[0].name,
            address=down[0].address,
        )
    return own_network(facts.interfaces, frozenset(wanted))


def own_network(interfaces: Sequence[Interface], served: frozenset[str] = frozenset()) -> Finding:
    """Whether this computer is on a local network: at the addresses it serves, where it does."""
    local = [one for one in interfaces if one.is_local and one.up and (not served or one.address in served)]
    # A tunnel's private address is of another network than the one in the room.
    if not [one for one in local if not one.tunnel] and not served:
        return finding(
            Check.INTERFACE,
            Verdict.BAD,
            say("This computer has no address on a local network."),
            say("Plug a cable in, or join the wireless network the others are on."),
        )
    shown = ", ".join(f"{one.name} {one.address}/{one.prefix}" for one in local)
    return finding(
        Check.INTERFACE,
        Verdict.GOOD,
        say("This computer is on the network with {shown}."),
        shown=shown,
    )


def _firewall(walls: Sequence[Wall], port: int) -> Finding:
    """The worst there is: a packet has to pass them all."""
    if not walls:
        text = say("No active firewall of this computer was found.")
        return finding(Check.FIREWALL, Verdict.GOOD, text)
    for gate, verdict, text, advice in (
        (
            Gate.SHUT,
            Verdict.BAD,
            say("{name} keeps others out of port {port} ({where})."),
            say("Open the port for your own network:"),
        ),
        (
            Gate.UNREAD,
            Verdict.UNREAD,
            say("Could not read the rules of {name}: that needs root or an administrator."),
            say("To see them:"),
        ),
        (
            Gate.UNSURE,
            Verdict.NOTE,
            say("{name} is active; whether it lets others in can't be told from its rules."),
            say("If others can't join, this opens the port for your own network:"),
        ),
    ):
        if found := [wall for wall in walls if wall.gate is gate]:
            commands = tuple(dict.fromkeys(command for wall in found for command in wall.commands))
            name, where = found[0].name, found[0].where or found[0].name
            return finding(
                Check.FIREWALL, verdict, text, advice if commands else "", commands, name=name, port=port, where=where
            )
    names = ", ".join(dict.fromkeys(wall.name for wall in walls))
    text = say("{name} lets others in at port {port}.")
    return finding(Check.FIREWALL, Verdict.GOOD, text, name=names, port=port)


def vpn(way_out: str, interfaces: Sequence[Interface], astray: Sequence[str]) -> Finding:
    """Whether a VPN carries what leaves this computer; `astray` are addresses whose network it has taken over."""
    tunnels = {one.name for one in interfaces if one.tunnel}
    if astray:
        return finding(
            Check.VPN,
            Verdict.BAD,
            say("What should go to the network of {addresses} leaves by another way, as with a VPN."),
            say("Allow access to the local network in the VPN's settings, or pause the VPN."),
            addresses=", ".join(astray),
        )
    if way_out in tunnels:
        return finding(
            Check.VPN,
            Verdict.NOTE,
            say("A VPN ({interface}) carries what leaves this computer."),
            say("If others can't be reached, allow the local network in its settings, or pause it."),
            interface=way_out,
        )
    return finding(Check.VPN, Verdict.GOOD, say("No VPN is in the way."))


def proxy(names: Sequence[str]) -> Finding:
    """Whether the environment sets a proxy, which Mrsambosk never uses."""
    if names:
        return finding(
            Check.PROXY,
            Verdict.NOTE,
            say("{names} set a proxy. Mrsambosk does not use it; browsers and scripts may."),
            say("For scripts on this network, put the host's address into NO_PROXY."),
            names=", ".join(names),
        )
    return finding(Check.PROXY, Verdict.GOOD, say("No proxy is set."))


def _discovery(facts: HostFacts) -> Finding:
    if facts.heard is None:
        return finding(Check.DISCOVERY, Verdict.NOTE, say("Nobody listened for announcements."))
    if not facts.addresses:
        return finding(
            Check.DISCOVERY,
            Verdict.GOOD,
            say("Hosts heard on this network: {around}."),
            around=facts.around,
        )
    commands = tuple(dict.fromkeys(c for wall in facts.quiet if wall.gate is Gate.SHUT for c in wall.commands))
    share = say("Share the invite instead: it needs no announcement.")
    if not facts.heard:
        return finding(
            Check.DISCOVERY,
            Verdict.BAD,
            say("This host's announcements were not heard, neither by mDNS nor by the beacon (UDP {udp})."),
            say("Share the invite instead: it needs no announcement. This lets the questions in:")
            if commands
            else share,
            commands,
            udp=BEACON_PORT,
        )
    ways = " + ".join(name for way, name in (("mdns", "mDNS"), ("beacon", "beacon")) if way in facts.heard)
    if commands:
        return finding(
            Check.DISCOVERY,
            Verdict.NOTE,
            say("This host announces itself ({ways}), but a firewall keeps out who asks for it."),
            say("Others still hear it within seconds. This lets the questions in:"),
            commands,
            ways=ways,
        )
    text = say("This host announces itself and hears it ({ways}).")
    return finding(Check.DISCOVERY, Verdict.GOOD, text, ways=ways)


def _dial_back(facts: HostFacts) -> Finding:
    if facts.asked is None:
        return finding(
            Check.DIAL_BACK,
            Verdict.NOTE,
            say("The host could not be asked to let somebody dial back."),
        )
    if not facts.asked:
        return finding(
            Check.DIAL_BACK,
            Verdict.NOTE,
            say("Nobody is in the room from another device, so nobody could dial back."),
            say("Let somebody join, then check again."),
        )
    if facts.reached:
        return finding(
            Check.DIAL_BACK,
            Verdict.GOOD,
            say("Another device dialled back and came in at {addresses}."),
            addresses=", ".join(facts.reached),
        )
    return finding(
        Check.DIAL_BACK,
        Verdict.BAD,
        say("Devices asked to dial back: {asked}. None came in, though their old connections still stand."),
        say("Something lets no new connections through: a firewall here, or the access point between you."),
        asked=facts.asked,
    )
