"""What the doctor found: one line a check, whether it is red or green, what to do, and all of it as text.

The words are English templates with their values apart, so that a window can translate them; commands are given as they
are to be typed.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum, auto
from typing import Final

import msgspec

#: Of the translations of everything here.
CONTEXT: Final = "Doctor"


class Verdict(StrEnum):
    """`NOTE`: worth knowing, neither good nor bad. `UNREAD`: it could not be looked at as this user."""

    GOOD = auto()
    BAD = auto()
    NOTE = auto()
    UNREAD = auto()


class Check(StrEnum):
    """What is looked at, in the order of the report."""

    PORT = auto()
    BIND = auto()
    INTERFACE = auto()
    FIREWALL = auto()
    VPN = auto()
    PROXY = auto()
    DISCOVERY = auto()
    DIAL_BACK = auto()
    WAY = auto()


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. `text` and `advice` are templates for `values`; `commands` are exact, to be typed one after another."""

    check: Check
    verdict: Verdict
    text: str
    advice: str = ""
    values: dict[str, str] = {}
    commands: tuple[str, ...] = ()


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One IPv4 address of this computer. `tunnel`: a VPN's, as far as names and flags tell."""

    name: str
    address: str
    prefix: int
    up: bool = True
    tunnel: bool = False

    @property
    def network(self) -> str:
        """Like ``192.168.1.0/24``."""
        return str(ipaddress.ip_network(f"{self.address}/{self.prefix}", strict=False))

    @property
    def is_local(self) -> bool:
        """Whether others on a local network could use this address."""
        ip = ipaddress.ip_address(self.address)
        return ip.is_private and not ip.is_loopback and not ip.is_link_local


def say(text: str) -> str:
    """The text itself: marks one that is translated where it is shown, in the context `CONTEXT`."""
    return text


TITLES: Final = {
    Check.PORT: say("Port"),
    Check.BIND: say("Served addresses"),
    Check.INTERFACE: say("Network"),
    Check.FIREWALL: say("Firewall"),
    Check.VPN: say("VPN"),
    Check.PROXY: say("System proxy"),
    Check.DISCOVERY: say("Announced and heard"),
    Check.DIAL_BACK: say("Reached from elsewhere"),
    Check.WAY: say("Way to the host"),
}
MARKS: Final = {
    Verdict.GOOD: say("good"),
    Verdict.BAD: say("problem"),
    Verdict.NOTE: say("note"),
    Verdict.UNREAD: say("could not read"),
}


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Whether nothing is red."""
    return all(finding.verdict is not Verdict.BAD for finding in findings)


def report(findings: Sequence[Finding], translate: Callable[[str], str] = lambda text: text) -> str:
    """All of it as plain text, a line a check, with advice and commands below."""
    lines: list[str] = []
    for finding in findings:
        mark, title = translate(MARKS[finding.verdict]), translate(TITLES[finding.check])
        lines.append(f"[{mark}] {title}: {sentence(finding, translate)}")
        if finding.advice:
            lines.append(f"    {advice(finding, translate)}")
        lines += [f"    $ {command}" for command in finding.commands]
    return "\n".join(lines)


def sentence(finding: Finding, translate: Callable[[str], str] = lambda text: text) -> str:
    """What was found, in words."""
    return translate(finding.text).format(**finding.values)


def advice(finding: Finding, translate: Callable[[str], str] = lambda text: text) -> str:
    """What to do about it, in words; empty for nothing."""
    return translate(finding.advice).format(**finding.values)


def finding(
    check: Check, verdict: Verdict, text: str, advice: str = "", commands: tuple[str, ...] = (), **values: object
) -> Finding:
    """One line, its values as text."""
    told = {name: str(value) for name, value in values.items()}
    return Finding(check=check, verdict=verdict, text=text, advice=advice, values=told, commands=commands)
