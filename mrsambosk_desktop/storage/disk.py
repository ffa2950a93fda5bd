"""The one thread that touches SQLite: calls run in it in the order in which they were made.

    rows = await disk.run(disk.replica.before, host, room, id, 0, 100)

The loop never waits for the disk, only the task that asked.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from .credentials import Credentials, Ring
from .database import Damaged, StorageFault
from .profile import Profile
from .replica import Replica

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class ReplicaLost(Exception):
    """The replica is damaged: begin as with a host never seen before. The outbox is untouched.

    Until `Disk.accept_loss`, which makes it anew, every use of the replica raises this: what was read before must not
    be built upon.
    """


class Disk:
    """The files of one profile.

    Args:
        folder: made, readable for this user only, when it is not there.
        ring: the system's keyring for tokens, see `credentials`; None for a file.

    `replica_lost` is called in the loop for every call that failed so.
    """

    def __init__(self, folder: Path, ring: Ring | None = None) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        self.replica = Replica(folder / "replica.db")
        self.profile = Profile(folder / "profile.db")
        self.credentials = Credentials(folder / "tokens.json", ring)
        self.replica_lost: Callable[[], None] = lambda: None
        self._lost = False

    async def open(self) -> None:
        """Open all files. Call it before anything else, and `aclose` also when it fails.

        Raises:
            StorageFault: the folder or a file can't be made or opened.
        """
        await self.run(self._open)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` gives, run in the disk's thread. It runs to its end also when the waiting task is cancelled.

        Raises:
            ReplicaLost: it was the replica's, and the file turned out to be damaged.
            StorageFault: the disk does not let us.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, lambda: self._guarded(work, args, kwargs))
        except ReplicaLost:
            self.replica_lost()
            raise

    async def accept_loss(self) -> None:
        """Nobody builds any more on what the lost replica held: it is made anew, empty.

        Raises:
            StorageFault: there is no room for that; the replica stays lost.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._begin_anew)

    async def aclose(self) -> None:
        """Wait for what is running, close all files and end the thread."""
        try:
            await self.run(self._close)
        finally:
            self._thread.shutdown(wait=True)

    def _guarded(self, work: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
        of_replica = getattr(work, "__self__", None) is self.replica
        if of_replica and self._lost:
            raise ReplicaLost
        try:
            return work(*args, **kwargs)
        except Damaged:
            if not of_replica:
                raise
            self._lost = True
            _log.warning("the replica was damaged and is built anew")
            raise ReplicaLost from None

    def _begin_anew(self) -> None:
        if self._lost:
            self.replica.rebuild()
            self._lost = False

    def _open(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFault(f"The folder {self._folder} can't be used: {error.strerror}.") from error
        self.profile.open()
        self.replica.open()

    def _close(self) -> None:
        self.replica.close()
        self.profile.close()
