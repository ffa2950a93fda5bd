"""The way in: which host is meant, how it proves itself, and a token for whoever comes.

What only the person can decide is asked by signals; the connection itself is `connection`'s.
"""

import asyncio
import platform
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.words import words_of
from mrsambosk_desktop.net.connection import Unreachable, Why
from mrsambosk_desktop.net.http import register, sign_in
from mrsambosk_desktop.net.trust import PLAIN, Trust, Way, invited, is_loopback, look, pinned
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.invite import SCHEME, Address, Invite, parse_address, parse_invite
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import Register, SignIn


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and as whom.

    Args:
        trust: how the host proves that it is the one.
        host: its id, once known: another host at the same address is not taken for it.
        hosted: this app runs it.
    """

    addresses: tuple[Address, ...]
    token: str
    trust: Trust = PLAIN
    host: str = ""
    hosted: bool = False


class Distrusted(Exception):
    """The person compared the words, and they were not the same."""


class NotAnnounced(Exception):
    """What answers at a found host's addresses has another key than the one announced."""


class Entrance(QObject):
    """Signals: `trust_asked` (words, address) and `secret_asked` (name, whether the join code is wanted), both answered
    by the calls of that name."""

    trust_asked = Signal(object, str)
    secret_asked = Signal(str, bool)

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk
        self._trusted: asyncio.Future[bool] | None = None
        self._secret: asyncio.Future[str] | None = None

    async def by_text(self, name: str, text: str) -> Target:
        """Enter by an address or an invite, under a name.

        Raises:
            BadInvite, Refused, Unreachable.
            Distrusted: the person said no.
        """
        return await self._enter_as(name, *await self._identify(text))

    async def to_found(self, name: str, host: FoundHost, code: str) -> Target:
        """Enter a host that was found on the network.

        Raises:
            Refused, Unreachable.
            NotAnnounced, Distrusted.
        """
        return await self._enter_as(name, *await self._identify_found(host, code))

    def answer_secret(self, secret: str) -> None:
        """What the person typed after `secret_asked`; empty for a no."""
        if self._secret is not None and not self._secret.done():
            self._secret.set_result(secret)

    def answer_trust(self, trusted: bool) -> None:
        """The person compared the words of `trust_asked`: they match, or not."""
        if self._trusted is not None and not self._trusted.done():
            self._trusted.set_result(trusted)

    async def _enter_as(self, name: str, invite: Invite, trust: Trust) -> Target:
        return await self._known(invite, trust) or await self._register(invite, trust, name)

    async def _identify(self, text: str) -> tuple[Invite, Trust]:
        """The host meant by what a person typed, and how it proves itself; a typed address is asked about.

        Raises:
            BadInvite, Unreachable.
            Distrusted: the person said no.
        """
        if text.strip().lower().startswith(SCHEME + ":"):
            invite = parse_invite(text)
            return invite, invited(invite)
        address = parse_address(text)
        invite = Invite(addresses=(address,))
        seen = await look(invite.addresses)
        if seen is None or not seen[0]:
            if is_loopback(address):
                # On this very machine there is nobody in between.
                return invite, PLAIN
            raise Unreachable(Why.SILENT, address)
        return invite, await self._compared(seen[0], address)

    async def _identify_found(self, host: FoundHost, code: str) -> tuple[Invite, Trust]:
        """A found host by the key it was announced with, once that key was seen and its words compared.

        Raises:
            Unreachable.
            NotAnnounced: what answers has another key, or none.
            Distrusted: the person said no.
        """
        if not host.addresses:
            raise Unreachable(Why.NO_ADDRESS)
        answered = [seen for seen in await asyncio.gather(*(look((at,)) for at in host.addresses)) if seen is not None]
        good = [at for fingerprint, at in answered if fingerprint == host.id]
        if not good:
            raise NotAnnounced if answered or not host.tls else Unreachable(Why.SILENT, host.addresses[0])
        others = (at for at in host.addresses if at not in good)
        # Addresses come from strangers: those where the right key was seen are tried first.
        invite = Invite(addresses=(*good, *others), name=host.name, fingerprint=host.id, code=code or None)
        return invite, await self._compared(host.id, good[0])

    async def _is_known(self, fingerprint: str) -> bool:
        """Whether this key was pinned before."""
        known = await self._disk.run(self._disk.profile.hosts)
        return any(host.id == fingerprint and host.way == Way.PINNED for host in known)

    async def _compared(self, fingerprint: str, address: Address) -> Trust:
        """Let the person compare the words of a key that was seen, unless it was pinned before.

        Raises:
            Distrusted: the person said no.
        """
        if await self._is_known(fingerprint):
            return pinned(fingerprint)
        self._trusted = asyncio.get_running_loop().create_future()
        self.trust_asked.emit(words_of(fingerprint), str(address))
        if not await self._trusted:
            raise Distrusted
        return pinned(fingerprint)

    async def _known(self, invite: Invite, trust: Trust) -> Target | None:
        """A host that this person is a member of already: with the token of then nobody registers again."""
        token = await self._disk.run(self._disk.credentials.get, trust.fingerprint) if trust.fingerprint else None
        return Target(invite.addresses, token, trust, trust.fingerprint) if token is not None else None

    async def _register(self, invite: Invite, trust: Trust, name: str) -> Target:
        wanted = Register(name=name, code=invite.code, device=platform.node()[:64])
        failure = Unreachable(Why.NO_ADDRESS)
        for address in invite.addresses:
            try:
                token = await self._enter(address, wanted, trust)
            except Unreachable as unreachable:
                failure = unreachable
            else:
                others = (other for other in invite.addresses if other != address)
                return Target((address, *others), token, trust)
        raise failure

    async def _enter(self, address: Address, wanted: Register, trust: Trust) -> str:
        """A token: for a new name, or for one that is this person's already. What the host wants to hear is asked for.

        Raises:
            Refused, Unreachable.
        """
        try:
            return (await register(address, wanted, trust)).token
        except Refused as refused:
            wants_code = refused.code == "auth_required"
            if not wants_code and refused.code != "name_taken":
                raise
            secret = await self._ask_secret(wanted.name, wants_code)
            if not secret:
                raise
        if wants_code:
            return await self._enter(address, msgspec.structs.replace(wanted, code=secret), trust)
        who = SignIn(name=wanted.name, password=secret, device=wanted.device)
        return (await sign_in(address, who, trust)).access_token

    async def _ask_secret(self, name: str, wants_code: bool) -> str:
        self._secret = asyncio.get_running_loop().create_future()
        self.secret_asked.emit(name, wants_code)
        return await self._secret
