"""The doctor at a window: looks at the host here or at the way to one elsewhere, and tells what it found."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.doctor import examine_host
from mrsambosk_desktop.core.findings import Finding
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.core.way import examine_way
from mrsambosk_desktop.net.doctor import Hosted, look_at_host, look_at_way
from mrsambosk_desktop.net.http import Door
from mrsambosk_desktop.net.trust import Trust, invited, pinned
from mrsambosk_protocol.invite import SCHEME, Address, BadInvite, parse_address, parse_invite
from mrsambosk_protocol.limits import DEFAULT_PORT

Look = Callable[[], Coroutine[Any, Any, tuple[Finding, ...]]]


class DoctorController(QObject):
    """Signals: `looking`: it has begun; `looked` (findings): it is done; `glanced` (findings): as `looked`, for who did
    not ask for it.

    `aim` at what a person tries to join, before `check_way`.

    Args:
        glances: whether it looks without being asked.
    """

    looking = Signal()
    looked = Signal(object)
    glanced = Signal(object)

    def __init__(self, tasks: Tasks, door: Callable[[], Door | None], *, glances: bool = True) -> None:
        super().__init__()
        self._tasks, self._door, self._glances = tasks, door, glances
        self._aim: tuple[tuple[Address, ...], Trust | None] | None = None
        self._last: Look | None = None
        self._work: asyncio.Task[None] | None = None

    def aim(self, text: str) -> None:
        """Remember what is to be joined: an invite or an address. What is neither is forgotten."""
        self._aim = None
        with contextlib.suppress(BadInvite):
            if text.strip().lower().startswith(f"{SCHEME}:"):
                invite = parse_invite(text)
                self._aim = invite.addresses, invited(invite)
            else:
                self._aim = (parse_address(text),), None

    def aim_at(self, host: FoundHost) -> None:
        """Remember that a host found on the network is to be joined."""
        self._aim = host.addresses, pinned(host.id) if host.tls else None

    def check_way(self) -> None:
        """Look at the way to what is to be joined."""
        if self._aim is not None:
            addresses, trust = self._aim
            self._begin(lambda: _look_at_way(addresses, trust))

    def check_host(self, invite: str) -> None:
        """Look at the host here, by its invite."""
        self._begin(lambda: self._look_at_host(invite))

    def glance(self, invite: str) -> None:
        """Look at the host here as `check_host` does, beside whatever else goes on."""
        if self._glances:
            self._tasks.start(self._glance(invite), "glance at the connection")

    def again(self) -> None:
        """The same once more."""
        if self._last is not None:
            self._begin(self._last)

    def _begin(self, look: Look) -> None:
        if self._work is not None:
            self._work.cancel()
        self._last = look
        self._work = self._tasks.start(self._run(look), "check the connection")
        self.looking.emit()

    async def _run(self, look: Look) -> None:
        self.looked.emit(await look())

    async def _glance(self, invite: str) -> None:
        self.glanced.emit(await self._look_at_host(invite))

    async def _look_at_host(self, text: str) -> tuple[Finding, ...]:
        try:
            invite = parse_invite(text)
        except BadInvite:
            return examine_host(await look_at_host(DEFAULT_PORT, None, None))
        numbers = tuple(at.host for at in invite.addresses if _is_number(at.host))
        hosted = Hosted(port=invite.addresses[0].port, addresses=numbers, fingerprint=invite.fingerprint)
        return examine_host(await look_at_host(hosted.port, hosted, self._door()))


async def _look_at_way(addresses: tuple[Address, ...], trust: Trust | None) -> tuple[Finding, ...]:
    return examine_way(await look_at_way(addresses, trust))


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
