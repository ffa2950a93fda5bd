"""Invite links: ``mrsambosk://join?at=ADDRESS:PORT&at=…&name=…&fp=…&code=…``.

`at` repeats, in the order to try. `fp` is the host's id (base32 SHA-256 of its public key); with it the app trusts
that key alone. Without it the app verifies the certificate as a browser does, unless ``tls=0`` says there is none.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from .limits import DEFAULT_PORT

SCHEME: Final = "mrsambosk"
_FINGERPRINT: Final = re.compile(r"[A-Z2-7]{52}\Z")
#: What a mail, or a window that wraps a link, puts into it; a name in a link has its blanks written as %20.
_BLANKS: Final = re.compile(r"[\s\u200b\u2060\ufeff]+")
_CODE: Final = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z")
_ADDRESSES: Final = 16
_LENGTH: Final = 2048


class Address(msgspec.Struct, frozen=True):
    """Where a host listens: a name, or an IPv4 or IPv6 address without brackets, and a port."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """A link's content."""

    addresses: tuple[Address, ...]
    name: str = ""
    fingerprint: str | None = None
    code: str | None = None
    tls: bool = True

    def with_code(self, code: str) -> "Invite":
        """The same with another code: of one person, in place of everybody's."""
        return msgspec.structs.replace(self, code=code)

    def __str__(self) -> str:
        """The link itself."""
        pairs = [("at", str(address)) for address in self.addresses]
        if self.name:
            pairs.append(("name", self.name))
        if self.fingerprint:
            pairs.append(("fp", self.fingerprint))
        if self.code:
            pairs.append(("code", self.code))
        if not self.tls:
            pairs.append(("tls", "0"))
        return f"{SCHEME}://join?{urlencode(pairs, quote_via=quote, safe=':[]')}"


class BadInvite(ValueError):
    """A link or address that cannot be used.

    `part` names which (link, at, fp, code or tls); the message is a sentence for a person.
    """

    def __init__(self, part: str, text: str) -> None:
        super().__init__(text)
        self.part = part


def parse_invite(link: str) -> Invite:
    """What an invite says. Unknown parameters are ignored, and blanks and breaks that it got on its way.

    Raises:
        BadInvite: with the part that failed.
    """
    if len(link) > _LENGTH:
        raise BadInvite("link", "This invite is too long to be one.")
    link = _BLANKS.sub("", link)
    try:
        parts = urlsplit(link)
    except ValueError:
        raise BadInvite("link", "This is not a Mrsambosk invite.") from None
    if parts.scheme.lower() != SCHEME or (parts.netloc or parts.path.strip("/")).lower() != "join":
        raise BadInvite("link", "This is not a Mrsambosk invite: those begin with mrsambosk://join.")
    addresses: list[Address] = []
    single: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key == "at":
            addresses.append(parse_address(value))
        else:
            single.setdefault(key, value)
    if not 1 <= len(addresses) <= _ADDRESSES:
        raise BadInvite("at", "This invite does not say where the host is.")
    fingerprint = single.get("fp")
    if fingerprint is not None and not _FINGERPRINT.match(fingerprint):
        raise BadInvite("fp", "The fingerprint in this invite is damaged; ask for the invite again.")
    code = single.get("code")
    if code is not None and not _CODE.match(code):
        raise BadInvite("code", "The join code in this invite is damaged; ask for the invite again.")
    tls = single.get("tls", "1")
    if tls not in ("0", "1"):
        raise BadInvite("tls", "This invite is damaged; ask for it again.")
    name = "".join(char for char in single.get("name", "") if char.isprintable())[:64]
    return Invite(addresses=tuple(addresses), name=name, fingerprint=fingerprint, code=code, tls=tls == "1")


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """An address a person typed: ``192.168.1.20``, ``host.local:9000``, ``[fe80::1]:8765``, ``fe80::1``.

    Raises:
        BadInvite: part `at`.
    """
    text = text.strip()
    bad = BadInvite("at", "This is not an address: try one like 192.168.1.20 or 192.168.1.20:8765.")
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise bad
        port = rest[1:]
        if ":" not in host:
            raise bad
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not port:
            raise bad
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise bad
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise bad from None
    elif not host or len(host) > 253 or not all(_LABEL.match(label) for label in host.rstrip(".").split(".")):
        raise bad
    elif re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise bad from None
    return Address(host, int(port) if port else default_port)
