"""The database's two doors: one writer thread that commits in groups, and a small pool of readers.

`submit` hands an action to the writer, which takes all that waits (it never lingers for more), runs each in a
savepoint of its own and commits once. After the commit, in one turn of the loop, every outcome is told in commit order
and only then are the callers answered: a session that dies meanwhile can't swallow everyone's message.

What may go wrong has two kinds. `Refused` is an answer: the action broke a rule (its savepoint is rolled back, the
others in the batch stand) or the storage failed (the whole batch is refused, nothing is told). Any other exception from
an action is our own bug: logged with its traceback, answered with `internal`.
"""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from mrsambosk_protocol.limits import Refused

from . import schema
from .outcome import Outcome
from .transaction import Transaction

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_BATCH: Final = 1000
_READERS: Final = 2
#: Deleted text leaves the write-ahead log this long after the delete; the protocol promises a minute.
_WIPE_SECONDS: Final = 20.0
#: With nothing to write for this long, the writer does idle work (the text index).
_IDLE_SECONDS: Final = 0.25


Action = Callable[Concatenate[Transaction, P], Outcome]
Query = Callable[Concatenate[Transaction, P], T]


class Ledger:
    """See the module. Made, used and closed on one event loop; `told` is called there.

    Args:
        path: the database file, already examined (`schema.examine`).
        told: gets every committed outcome, in commit order.
        waiting_limit: more actions waiting than this are refused with `busy`.
        idle: work for quiet moments, in a transaction of the writer; gives whether there is more of it.
        storage_changed: called with "read_only" or "writable" when that changes.
    """

    def __init__(
        self,
        path: Path,
        told: Callable[[Outcome], None],
        *,
        waiting_limit: int,
        idle: Callable[[Transaction], bool] | None = None,
        storage_changed: Callable[[str], None] | None = None,
    ) -> None:
        self._path = path
        self._told = told
        self._waiting_limit = waiting_limit
        self._idle = idle
        self._storage_changed = storage_changed
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[Callable[..., Outcome], tuple[Any, ...], asyncio.Future[Outcome]]] = deque()
        self._awake = threading.Condition()
        self._closing = False
        self._waiting = 0
        self._read_only = False
        self._wipe_at: float | None = None
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._writer = threading.Thread(target=self._write_all, name="ledger", daemon=True)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader", initializer=self._open_reader)
        self._local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []

    async def open(self) -> None:
        """Start the writer and migrate.

        Raises:
            schema.DatabaseUnusable, peewee.OperationalError: as `schema.open_writer`.
        """
        self._writer.start()
        await self._opened

    async def close(self) -> None:
        """Finish what waits, empty the write-ahead log, close. Nothing may be submitted after."""
        if not self._writer.is_alive():
            return
        with self._awake:
            self._closing = True
            self._awake.notify()
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
        with self._awake:
            self._queue.append((action, args, future))
            self._awake.notify()
        return future

    def read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """Run ``query(transaction, *args)`` on a reader, in one snapshot that has everything told so far."""
        assert not kwargs
        return self._loop.run_in_executor(self._readers, self._read, query, args)

    @property
    def waiting(self) -> int:
        """How many actions have been submitted and not answered."""
        return self._waiting

    def loop_time(self) -> float:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time()

    def _open_reader(self) -> None:
        db = schema.open_reader(self._path)
        self._local.transaction = Transaction(db)
        self._reader_connections.append(db.connection())

    def _read(self, query: Callable[..., T], args: tuple[Any, ...]) -> T:
        transaction: Transaction = self._local.transaction
        transaction.now = _now()
        transaction.run("BEGIN")
        try:
            return query(transaction, *args)
        except sqlite3.Error as error:
            raise _storage_refusal(error) from error
        finally:
            transaction.run("ROLLBACK")

    # The writer thread.

    def _write_all(self) -> None:
        try:
            db = schema.open_writer(self._path)
        except BaseException as error:
            self._post(_fail, self._opened, error)
            return
        transaction = Transaction(db)
        self._post(_settle_one, self._opened)
        more_idle_work = True
        while True:
            with self._awake:
                if not self._queue and not self._closing:
                    self._awake.wait(_IDLE_SECONDS if more_idle_work else self._seconds_to_wipe())
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                if not batch and self._closing:
                    break
            if batch:
                results = self._commit(transaction, batch)
                self._post(self._settle, batch, results)
                more_idle_work = True
            elif more_idle_work:
                more_idle_work = self._work_idly(transaction)
            if self._wipe_at is not None and time.monotonic() >= self._wipe_at:
                self._wipe(transaction)
        self._readers.shutdown(wait=True)
        for reader in self._reader_connections:
            reader.close()
        with contextlib.suppress(sqlite3.Error):
            self._wipe(transaction)
        db.close()
        self._post(_settle_one, self._ended)

    def _commit(
        self,
        transaction: Transaction,
        batch: list[tuple[Callable[..., Outcome], tuple[Any, ...], "asyncio.Future[Outcome]"]],
    ) -> list[Outcome | BaseException]:
        results: list[Outcome | BaseException] = []
        transaction.now = _now()
        run = transaction.run
        try:
            run("BEGIN IMMEDIATE")
            for action, args, _future in batch:
                run("SAVEPOINT action")
                try:
                    results.append(action(transaction, *args))
                except Refused as refused:
                    run("ROLLBACK TO action")
                    results.append(refused)
                except sqlite3.IntegrityError as error:
                    run("ROLLBACK TO action")
                    results.append(error)
                except sqlite3.Error:
                    raise
                except Exception as error:
                    run("ROLLBACK TO action")
                    results.append(error)
                run("RELEASE action")
            run("COMMIT")
        except sqlite3.Error as error:
            log.error("The storage refused a batch of %d: %s", len(batch), error)
            with contextlib.suppress(sqlite3.Error):
                run("ROLLBACK")
            refusal = _storage_refusal(error)
            self._note_storage(refusal.code == "storage_read_only")
            return [refusal] * len(batch)
        self._note_storage(False)
        if self._wipe_at is None and any(isinstance(result, Outcome) and result.wiped for result in results):
            self._wipe_at = time.monotonic() + _WIPE_SECONDS
        return results

    def _work_idly(self, transaction: Transaction) -> bool:
        if self._idle is None:
            return False
        transaction.now = _now()
        try:
            transaction.run("BEGIN IMMEDIATE")
            more = self._idle(transaction)
            transaction.run("COMMIT")
            return more
        except sqlite3.Error as error:
            # Idle work is never owed to anyone: it is tried again after the next commit.
            log.info("Idle work put off: %s", error)
            with contextlib.suppress(sqlite3.Error):
                transaction.run("ROLLBACK")
            return False

    def _seconds_to_wipe(self) -> float | None:
        return None if self._wipe_at is None else max(0.0, self._wipe_at - time.monotonic())

    def _wipe(self, transaction: Transaction) -> None:
        """Move the write-ahead log into the database and truncate it; a reader in its way means trying again."""
        try:
            blocked = transaction.one("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        except sqlite3.OperationalError:
            blocked = 1
        self._wipe_at = time.monotonic() + 1.0 if blocked else None

    def _note_storage(self, read_only: bool) -> None:
        if read_only != self._read_only:
            self._read_only = read_only
            if self._storage_changed is not None:
                self._post(self._storage_changed, "read_only" if read_only else "writable")

    def _post(self, function: Callable[..., None], *args: Any) -> None:
        # The loop may be gone where a host is torn down without `close`; then nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)

    # Back on the loop.

    def _settle(
        self,
        batch: list[tuple[Callable[..., Outcome], tuple[Any, ...], "asyncio.Future[Outcome]"]],
        results: list[Outcome | BaseException],
    ) -> None:
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


def _now() -> int:
    return time.time_ns() // 1_000_000


def _storage_refusal(error: sqlite3.Error) -> Refused:
    """The code for what SQLite could not do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return Refused("storage_full", "The host's disk is full; nothing was stored.", 30.0)
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")) or name == "SQLITE_CANTOPEN":
        return Refused("storage_read_only", "The host cannot write to its disk; nothing was stored.", 30.0)
    return Refused("storage_error", "The host's storage failed; nothing was stored.", 30.0)
