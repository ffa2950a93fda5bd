"""Passwords: Argon2id in two worker threads, never in the loop, never more than two at once (each takes 19 MiB).

Who waits is served in turns, one address after the other: somebody who tries a thousand passwords waits for themself.
"""

import asyncio
import base64
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from mrsambosk_protocol.limits import Refused

P = ParamSpec("P")
T = TypeVar("T")

PASSWORD_MAX: Final = 1024
#: The least that OWASP's cheat sheet on password storage asks for: 23 ms of a core. The library's default costs 180,
#: which on a laptop that hosts is the host's to pay and a hostile neighbour's to spend.
_PASSES: Final = 2
_MEMORY_KIB: Final = 19 * 1024
_WORKERS: Final = 2
#: So many may wait in all; an address of which nobody waits is let in beyond it.
_WAITING: Final = 64


class Passwords:
    """Hashing and checking for one host."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="argon2")
        self._free = _WORKERS
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._nobody = _hash_of_nobody(self._hasher)

    async def hash(self, password: str, address: str = "") -> str:
        """The Argon2id hash of a new password, for somebody at this address.

        Raises:
            Refused: `bad_field` for one too short or too long; `busy`.
        """
        if not 1 <= len(password) <= PASSWORD_MAX:
            raise Refused("bad_field", f"A password has at least one character, and at most {PASSWORD_MAX:,}.")
        return await self._run(address, self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str, address: str = "") -> bool:
        """Whether a password is the one of a stored hash; None takes as long and is never right.

        Raises:
            Refused: `busy`.
        """
        return await self._run(address, self._verify, stored, password[: PASSWORD_MAX + 1])

    def _verify(self, stored: str | None, password: str) -> bool:
        if stored is None:
            self._check(self._nobody, password)
            return False
        return self._check(stored, password)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _run(self, address: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        assert not kwargs
        await self._take_turn(address)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, work, *args)
        finally:
            self._pass_on()

    async def _take_turn(self, address: str) -> None:
        if self._free:
            self._free -= 1
            return
        if address in self._waiting and sum(map(len, self._waiting.values())) >= _WAITING:
            raise Refused("busy", "Too many people sign in at this moment; try again.", 2.0)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the worker to the next address; whoever else waits there has their turn after all the others."""
        while self._waiting:
            address, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[address] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash as `hasher` writes them, of no known password, made without the work.

    It is checked where there is no account: an unknown name must take as long as a wrong password, the first one too.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len)
    )
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${parameters}${salt}${digest}"
