"""Whether what answers is the host that is meant: by its pinned key, by a public authority, or not at all.

A host on a local network has no name that an authority could vouch for, so its key is pinned: from an invite at once,
from a typed or found address after a person compared its fingerprint. Nothing secret is sent before `check` has passed.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from mrsambosk_protocol.invite import Address, Invite
from mrsambosk_protocol.pin import fingerprint_of

_LOOK_SECONDS: Final = 5.0


class Way(IntEnum):
    """How a host proves itself. The numbers are kept on disk."""

    PLAIN = 0
    PINNED = 1
    AUTHORITY = 2


class WrongKey(Exception):
    """What answered is not the host that is meant: another key, or none that could be read."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed of a host.

    Args:
        fingerprint: of its public key, for `PINNED`: `host.id`.
    """

    way: Way = Way.PLAIN
    fingerprint: str = ""

    def context(self) -> ssl.SSLContext | None:
        """For dialling; None where the host speaks no TLS."""
        if self.way is Way.PLAIN:
            return None
        if self.way is Way.AUTHORITY:
            return ssl.create_default_context()
        # The key itself is compared in `check`; names and dates of a self-made certificate say nothing. The system's
        # authorities are not even read: that would stop the window for a while at each dial.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Compare the key of an open connection with the one that is meant.

        Raises:
            WrongKey: hang up, send nothing.
        """
        if self.way is Way.PINNED and seen_on(transport) != self.fingerprint:
            raise WrongKey


PLAIN: Final = Trust()


def pinned(fingerprint: str) -> Trust:
    """Only the host of this key."""
    return Trust(Way.PINNED, fingerprint)


def invited(invite: Invite) -> Trust:
    """What an invite says of its host."""
    if not invite.tls:
        return PLAIN
    return pinned(invite.fingerprint) if invite.fingerprint else Trust(Way.AUTHORITY)


def seen_on(transport: asyncio.BaseTransport) -> str:
    """The fingerprint of the key at the other end; empty without TLS.

    Raises:
        WrongKey: its certificate can't be read.
    """
    tls: Any = transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    if not certificate:
        return ""
    try:
        return fingerprint_of(certificate)
    except ValueError:
        raise WrongKey from None


def is_loopback(address: Address) -> bool:
    """Whether it is this machine itself."""
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return address.host.lower() == "localhost"


async def look(addresses: Sequence[Address]) -> tuple[str, Address] | None:
    """The fingerprint of the first host that answers with TLS, for a person to compare; None where none does."""
    context = Trust(Way.PINNED).context()
    for address in addresses:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                _reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
        except (OSError, EOFError, TimeoutError):
            continue
        try:
            return seen_on(writer.transport), address
        except WrongKey:
            continue
        finally:
            writer.transport.abort()
    return None
