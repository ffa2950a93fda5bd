"""The database's two doors: one writer thread that commits in groups, and a small pool of readers.

`submit` hands an action to the writer (see `writer`). After the commit, in one turn of the loop, every outcome is told
in commit order and only then are the callers answered: a session that dies meanwhile can't swallow everyone's message.

What may go wrong has two kinds. `Refused` is an answer: the action broke a rule (what it wrote is undone, the others
in the batch stand) or the storage failed (the whole batch is refused, nothing is told). Any other exception from
an action is our own bug: logged with its traceback, answered with `internal`; the others stand.
"""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import peewee

from mrsambosk_protocol.limits import Refused

from . import schema
from .outcome import Outcome
from .storage_errors import is_damage, is_storage, name_of
from .transaction import Transaction
from .writer import Batch, Result, Writer, now_ms

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = 2

Action = Callable[Concatenate[Transaction, P], Outcome]
Query = Callable[Concatenate[Transaction, P], T]


class Ledger:
    """See the module. Made, used and closed on one event loop; `told` is called there.

    Args:
        path: the database file, already examined (`schema.examine`).
        told: gets every committed outcome, in commit order.
        waiting_limit: more actions waiting than this are refused with `busy`.
        idle: work for quiet moments, in a transaction of the writer; gives whether there is more of it.
        purge: like `idle`: takes what was erased out of the text index; done in full before the log is emptied.
        storage_changed: called with "full", "read_only" or "writable" when that changes.
        essential: the actions that are carried out on a full disk too.
    """

    def __init__(
        self,
        path: Path,
        told: Callable[[Outcome], None],
        *,
        waiting_limit: int,
        idle: Callable[[Transaction], bool] | None = None,
        purge: Callable[[Transaction], bool] | None = None,
        storage_changed: Callable[[str], None] | None = None,
        essential: Collection[Callable[..., Outcome]] = (),
    ) -> None:
        self._path = path
        self._told = told
        self._waiting_limit = waiting_limit
        self._storage_changed = storage_changed
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._damaged = False
        self._waiting = 0
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._writer = Writer(path, self, idle=idle, purge=purge, essential=essential)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []

    async def open(self) -> None:
        """Start the writer and migrate.

        Raises:
            schema.DatabaseUnusable, peewee.OperationalError: as `schema.open_writer`.
        """
        self._writer.start()
        await self._opened
        # All readers now: by their first query no descriptor may be left for one.
        together = threading.Barrier(_READERS)
        opening = [self._loop.run_in_executor(self._readers, self._prepare, together) for _ in range(_READERS)]
        await asyncio.gather(*opening)

    async def close(self) -> None:
        """Finish what waits, empty the write-ahead log, close. Nothing may be submitted after."""
        if not self._writer.is_alive:
            return
        self._closing = True
        self._writer.stop()
        await self._ended
        self._writer.join()

    def submit(self, action: Action[P], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[Outcome]":
        """Run ``action(transaction, *args)`` in the writer; the future gives its outcome after the commit.

        Raises:
            Refused: at once with `busy` where too much waits; through the future where the action or the storage
                refuses.
        """
        if self._waiting >= self._waiting_limit or self._closing:
            raise Refused("busy", "The host has more to do than it can; try again in a moment.", 2.0)
        assert not kwargs
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting += 1
        self._writer.put((action, args, future))
        return future

    def read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """Run ``query(transaction, *args)`` on a reader, in one snapshot that has everything told so far.

        Raises:
            Refused: at once with `busy` where the ledger closes; through the future where the query or the storage
                refuses.
        """
        assert not kwargs
        if self._closing:
            raise Refused("busy", "The host is closing.", 2.0)
        return self._loop.run_in_executor(self._readers, self._read, query, args)

    @property
    def waiting(self) -> int:
        """How many actions have been submitted and not answered."""
        return self._waiting

    @property
    def is_damaged(self) -> bool:
        """Whether the database turned out damaged while it was used."""
        return self._damaged

    def loop_time(self) -> float:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time()

    def _read(self, query: Callable[..., T], args: tuple[Any, ...]) -> T:
        try:
            # Not in the pool's initializer: one failure there (no descriptor left) would end the pool for good.
            transaction = self._reader_of_this_thread()
            transaction.now = now_ms()
            transaction.run("BEGIN")
            try:
                return query(transaction, *args)
            finally:
                transaction.run("ROLLBACK")
        except (sqlite3.Error, peewee.PeeweeException) as error:
            if not is_storage(error):
                raise
            log.error("The storage could not be read: %s", name_of(error))
            if is_damage(error):
                self.on_damaged()
            raise Refused("storage_error", "The host's storage could not be read.", 30.0) from error

    def _prepare(self, together: threading.Barrier) -> None:
        """Open the connection of one of the pool's threads; what fails is tried again by its first query."""
        with contextlib.suppress(sqlite3.Error, peewee.PeeweeException, OSError):
            self._reader_of_this_thread()
        # No thread takes a second turn before each has had its first.
        together.wait()

    def _reader_of_this_thread(self) -> Transaction:
        known: Transaction | None = getattr(self._local, "transaction", None)
        if known is not None:
            return known
        db = schema.open_reader(self._path)
        self._reader_connections.append(db.connection())
        transaction = self._local.transaction = Transaction(db)
        return transaction

    def on_damaged(self) -> None:
        """From any thread."""
        if not self._damaged:
            self._damaged = True
            log.error("The database is damaged; the next start looks through all of it")

    # What the writer's thread says.

    def on_opened(self, error: BaseException | None) -> None:
        if error is None:
            self._post(_settle_one, self._opened)
        else:
            self._post(_fail, self._opened, error)

    def on_committed(self, batch: Batch, results: list[Result]) -> None:
        self._post(self._settle, batch, results)

    def on_storage(self, state: str) -> None:
        if self._storage_changed is not None:
            self._post(self._storage_changed, state)

    def on_closing(self) -> None:
        self._readers.shutdown(wait=True)
        for reader in self._reader_connections:
            reader.close()

    def on_ended(self) -> None:
        self._post(_settle_one, self._ended)

    def _post(self, function: Callable[..., None], *args: Any) -> None:
        # The loop may be gone where a host is torn down without `close`; then nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)

    # Back on the loop.

    def _settle(self, batch: Batch, results: list[Result]) -> None:
        self._waiting -= len(batch)
        for result in results:
            if isinstance(result, Outcome) and result.told:
                try:
                    self._told(result)
                except Exception:
                    log.exception("A committed change could not be told")
        for (action, _args, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Outcome):
                future.set_result(result)
            elif isinstance(result, Refused):
                future.set_exception(result)
            else:
                log.error("%s failed", getattr(action, "__name__", action), exc_info=result)
                future.set_exception(Refused("internal", "Something went wrong in the host; it has been noted."))


def _settle_one(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: "asyncio.Future[None]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
