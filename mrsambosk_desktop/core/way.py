"""The doctor's verdicts on the way to a host elsewhere, for who can't join: which step fails at which address. Pure.

findings = examine_way(facts)
"""

import ipaddress
from collections.abc import Sequence
from enum import StrEnum, auto
from typing import Final

import msgspec

from mrsambosk_protocol.invite import Address

from .doctor import own_network, proxy, vpn
from .findings import Check, Finding, Interface, Verdict, finding, say


class Step(StrEnum):
    """How far a trial came: the first step that failed, or `DONE`."""

    NAME = auto()
    ROUTE = auto()
    SILENT = auto()
    REFUSED = auto()
    TLS = auto()
    KEY = auto()
    HEALTH = auto()
    HELLO = auto()
    DONE = auto()


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One address, tried: reached, its key compared, asked how it is, greeted. `said`: what it answered instead."""

    address: Address
    step: Step
    said: str = ""


class WayFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out for who can't join: see `HostFacts` for what is not said here.

    Args:
        found_at: where the very host is announced just now, by its key; empty where it isn't, or has none.
        heard: whether hosts were listened for.
    """

    trials: tuple[Trial, ...]
    interfaces: tuple[Interface, ...] = ()
    way_out: str = ""
    proxies: tuple[str, ...] = ()
    found_at: tuple[Address, ...] = ()
    heard: bool = False


def examine_way(facts: WayFacts) -> tuple[Finding, ...]:
    """One line a check, and one for each address of the host, for who can't join it."""
    reached = any(trial.step is Step.DONE for trial in facts.trials)
    announced = {at.host for at in facts.found_at}
    return (
        own_network(facts.interfaces),
        vpn(facts.way_out, facts.interfaces, ()),
        proxy(facts.proxies),
        *(_way(trial, facts.interfaces, announced, reached=reached) for trial in facts.trials),
        *_elsewhere(facts, reached=reached),
    )


def _way(trial: Trial, interfaces: Sequence[Interface], announced: set[str], *, reached: bool) -> Finding:
    """One address of the host. Where another one works, that this one doesn't is worth no more than a note."""
    at, step = trial.address, trial.step
    text, what = _WAYS[step]
    if step is Step.SILENT and at.host in announced:
        text = say("{address} announces itself, but its port does not answer: most likely its firewall.")
    elif step in (Step.SILENT, Step.ROUTE) and _is_foreign(at.host, interfaces):
        text, what = _FOREIGN
    verdict = Verdict.GOOD if step is Step.DONE else Verdict.NOTE if reached else Verdict.BAD
    advised = "" if verdict is not Verdict.BAD else what
    networks = ", ".join(one.network for one in interfaces if one.is_local and one.up) or "–"
    commands = ("mrsambosk doctor",) if advised and step is Step.SILENT and what is not _FOREIGN[1] else ()
    return finding(
        Check.WAY,
        verdict,
        text,
        advised,
        commands,
        address=at,
        port=at.port,
        said=trial.said,
        networks=networks,
    )


def _elsewhere(facts: WayFacts, *, reached: bool) -> list[Finding]:
    """What the announcements say of the very host that can't be reached."""
    if not facts.heard:
        return []
    tried = {trial.address for trial in facts.trials}
    if fresh := [at for at in facts.found_at if at not in tried]:
        return [
            finding(
                Check.DISCOVERY,
                Verdict.NOTE if reached else Verdict.BAD,
                say("This host is announced at another address now: {addresses}."),
                say("Pick it from the list on the first page, or ask for a new invite."),
                addresses=", ".join(map(str, fresh)),
            )
        ]
    if facts.found_at:
        text = say("This host is heard on this network.")
        return [finding(Check.DISCOVERY, Verdict.GOOD, text)]
    text = say("No announcement of this host was heard here; that alone keeps nobody out.")
    return [finding(Check.DISCOVERY, Verdict.NOTE, text)]


def _is_foreign(host: str, interfaces: Sequence[Interface]) -> bool:
    """Whether an address is of none of this computer's networks."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not ip.is_loopback and not any(ip in ipaddress.ip_network(one.network) for one in interfaces if one.up)


#: For each step that failed: what happened, and what to do.
_WAYS: Final = {
    Step.NAME: (
        say("The name in {address} is not known here."),
        say("Ask for an invite: it has the address in numbers."),
    ),
    Step.ROUTE: (
        say("There is no way from here to {address}."),
        say("Join the network the host is on."),
    ),
    Step.SILENT: (
        say("{address} does not answer at all: it is off, or a firewall drops what is sent to it."),
        say("On the host's computer this tells what to do:"),
    ),
    Step.REFUSED: (
        say("{address} is there, but nothing listens at port {port}."),
        say("Ask whether the room is open, and for its present invite: it may have another port."),
    ),
    Step.TLS: (
        say("{address} connects, but does not speak as a Mrsambosk host does."),
        say("Check the port; another program may have it. Or the invite is of a host with other settings."),
    ),
    Step.KEY: (
        say("{address} connects, but its key is another than the invite's: it is not the host you mean."),
        say("Do not join. Ask who runs the host for a new invite, by a way you trust."),
    ),
    Step.HEALTH: (
        say("{address} connects and has the right key, but is not well: {said}"),
        say("Ask who runs the host; if it is reached by another name there, it needs --allow-host."),
    ),
    Step.HELLO: (
        say("{address} connects, has the right key and is well, but does not answer a hello: {said}"),
        say("Update Mrsambosk here or there; a proxy in between must let WebSockets through."),
    ),
    Step.DONE: (say("{address} connects, has the right key, is well and answers a hello."), ""),
}
_FOREIGN: Final = (
    say("{address} is not on this computer's network ({networks}), and does not answer."),
    say("Join the network the host is on, by cable or wireless; a guest network is another one."),
)
