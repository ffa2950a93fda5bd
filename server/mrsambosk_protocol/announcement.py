"""How a host says on its network that it is there: the fields of its mDNS record and of its UDP beacon.

Everything in an announcement comes from a stranger. It names a host by its id (`host.id`, the hash of its key), never
by its address, and is worth no more than a rumour until the key has been seen.
"""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from .invite import Address
from .limits import Limits, Refused
from .text import check_name

MDNS_TYPE: Final = "_mrsambosk._tcp.local."
BEACON_PORT: Final = 8766
BEACON_SECONDS: Final = 5.0
#: Without a word for so long, an announced host is shown as stale.
STALE_SECONDS: Final = 30.0
#: A beacon fits one unfragmented datagram on any network.
BEACON_BYTES: Final = 1200
ADDRESSES: Final = 8

_ID: Final = re.compile(r"[A-Z2-7]{52}\Z")
_ADDRESS: Final = re.compile(r"[0-9a-fA-F.:]{2,45}\Z")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a host. `locked`: a join code or an account is needed. `people`: how many are online."""

    id: str
    name: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    addresses: tuple[str, ...] = ()
    tls: bool = True
    locked: bool = False
    people: Annotated[int, Meta(ge=0, le=100_000)] = 0
    version: int = 1
    #: The host is closing.
    bye: bool = False

    def at(self, *more: str) -> tuple[Address, ...]:
        """Where it says it listens, with the addresses it was heard from first."""
        return tuple(Address(address, self.port) for address in dict.fromkeys((*more, *self.addresses)))


class Beacon(msgspec.Struct, frozen=True, kw_only=True, tag_field="mrsambosk", tag="here"):
    """The datagram that a host sends to its network every few seconds, and to whoever asks."""

    host: Announcement


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="mrsambosk", tag="who"):
    """The datagram of somebody who looks for hosts: each answers with its beacon."""


_datagrams: Final[msgspec.json.Decoder[Beacon | Question]] = msgspec.json.Decoder(Beacon | Question)


def decode_datagram(data: bytes) -> Beacon | Question | None:
    """What a datagram says, made safe to show; None for anything else."""
    if len(data) > BEACON_BYTES:
        return None
    try:
        said = _datagrams.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if isinstance(said, Question):
        return said
    host = make_safe(said.host)
    return Beacon(host=host) if host is not None else None


def to_properties(announcement: Announcement) -> dict[str, str]:
    """The TXT record's pairs (RFC 6763 §6)."""
    return {
        "txtvers": "1",
        "id": announcement.id,
        "name": announcement.name,
        "tls": str(int(announcement.tls)),
        "locked": str(int(announcement.locked)),
        "people": str(announcement.people),
        "v": str(announcement.version),
    }


def from_properties(
    properties: dict[bytes, bytes | None] | dict[bytes, Any], port: int | None, addresses: tuple[str, ...]
) -> Announcement | None:
    """The announcement in a TXT record and its service record, made safe to show; None where it is none of ours."""

    def text(key: bytes) -> str:
        value = properties.get(key)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""

    people = text(b"people")
    try:
        said = Announcement(
            id=text(b"id"),
            name=text(b"name"),
            port=port or 0,
            addresses=addresses,
            tls=text(b"tls") != "0",
            locked=text(b"locked") == "1",
            people=int(people) if people.isascii() and people.isdigit() and len(people) < 7 else 0,
            version=int(text(b"v")) if text(b"v") in ("1", "2", "3") else 1,
        )
    except (ValueError, TypeError):
        return None
    return make_safe(said) if 1 <= said.port <= 65535 else None


def make_safe(said: Announcement) -> Announcement | None:
    """The announcement with a name that is safe to show and few addresses; None where its id is no id."""
    if not _ID.match(said.id):
        return None
    try:
        name = check_name(said.name, Limits())
    except Refused:
        name = said.id[:8].lower()
    addresses = tuple(address for address in said.addresses[:ADDRESSES] if _ADDRESS.match(address))
    return msgspec.structs.replace(said, name=name, addresses=addresses)
