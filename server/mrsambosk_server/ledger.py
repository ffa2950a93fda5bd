"""The database's two doors: one writer thread that commits in groups, and a small pool of readers.

`submit` hands an action to the writer, which takes all that waits (it never lingers for more), runs each so that it can
be undone by itself and commits once. After the commit, in one turn of the loop, every outcome is told in commit order
and only then are the callers answered: a session that dies meanwhile can't swallow everyone's message.

What may go wrong has two kinds. `Refused` is an answer: the action broke a rule (what it wrote is undone, the others
in the batch stand) or the storage failed (the whole batch is refused, nothing is told). Any other exception from
an action is our own bug: logged with its traceback, answered with `internal`; the others stand.

Erased text must also leave the text index and the write-ahead log: a while after an erasure, after each start and
before the end, the writer purges the index, piece by piece between batches, and then empties the log.

On a full disk the ledger gives up its reserve (see `reserve`) and carries out only what frees space or takes something
from somebody, until the reserve can be taken again.
"""

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import peewee

from mrsambosk_protocol.limits import Refused

from . import schema
from .outcome import Outcome
from .reserve import Reserve
from .transaction import Transaction

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_BATCH: Final = 1000
_READERS: Final = 2
#: Deleted text leaves the write-ahead log this long after the delete; the protocol promises a minute.
_WIPE_SECONDS: Final = 30.0
#: Where it could not be done: again after so long.
_WIPE_AGAIN_SECONDS: Final = 1.0
#: How long emptying the log may keep the writer waiting for readers.
_WIPE_PATIENCE_MS: Final = 200
#: With nothing to write for this long, the writer does idle work (the text index).
_IDLE_SECONDS: Final = 0.25
#: A write-ahead log beyond this is emptied by force: SQLite's own checkpoints wait for a moment without readers.
_LOG_BYTES: Final = 16 * 1024 * 1024
_LOG_STEP_BYTES: Final = 4 * 1024 * 1024
#: On a full disk, how often it is tried whether there is space again.
_SPACE_SECONDS: Final = 2.0


_OUR_BUGS: Final = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)

Action = Callable[Concatenate[Transaction, P], Outcome]
Query = Callable[Concatenate[Transaction, P], T]
_Batch = list[tuple[Callable[..., Outcome], tuple[Any, ...], "asyncio.Future[Outcome]"]]


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
        self._idle = idle
        self._purge = purge
        self._storage_changed = storage_changed
        self._essential = frozenset(essential)
        self._reserve = Reserve(path.parent)
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[Callable[..., Outcome], tuple[Any, ...], asyncio.Future[Outcome]]] = deque()
        self._awake = threading.Condition()
        self._closing = False
        self._waiting = 0
        self._storage = "writable"
        self._look_at = 0.0
        self._log_limit = _LOG_BYTES
        # The last run may have ended before it could wipe.
        self._wipe_at: float | None = time.monotonic() + _WIPE_SECONDS
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._writer = threading.Thread(target=self._write_all, name="ledger", daemon=True)
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

    def loop_time(self) -> float:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time()

    def _read(self, query: Callable[..., T], args: tuple[Any, ...]) -> T:
        try:
            # Not in the pool's initializer: one failure there (no descriptor left) would end the pool for good.
            transaction = self._reader_of_this_thread()
            transaction.now = _now()
            transaction.run("BEGIN")
            try:
                return query(transaction, *args)
            finally:
                transaction.run("ROLLBACK")
        except (sqlite3.Error, peewee.PeeweeException) as error:
            if not _is_storage(error):
                raise
            log.error("The storage could not be read: %s", error)
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

    # The writer thread.

    def _write_all(self) -> None:
        try:
            db = self._open_writer()
        except BaseException as error:
            self._post(_fail, self._opened, error)
            self._post(_settle_one, self._ended)
            return
        transaction = Transaction(db)
        if not self._reserve.keep():
            self._note_storage("full")
        self._post(_settle_one, self._opened)
        more_idle_work = True
        while True:
            with self._awake:
                if not self._queue and not self._closing:
                    self._awake.wait(self._seconds_to_work(more_idle_work))
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                if not batch and self._closing:
                    break
            if batch:
                results = self._commit(transaction, batch)
                self._post(self._settle, batch, results)
                more_idle_work = True
            elif more_idle_work:
                # What fails is owed to nobody: it is tried again after the next commit.
                more_idle_work = self._work(transaction, self._idle) is True
            if self._wipe_at is not None and time.monotonic() >= self._wipe_at:
                self._wipe(transaction)
            self._look_for_space()
        self._readers.shutdown(wait=True)
        for reader in self._reader_connections:
            reader.close()
        while self._work(transaction, self._purge):
            pass
        self._empty_log(transaction)
        db.close()
        self._post(_settle_one, self._ended)

    def _open_writer(self) -> peewee.SqliteDatabase:
        try:
            return schema.open_writer(self._path)
        except (peewee.OperationalError, OSError):
            # The write-ahead log and its index need room too.
            if not self._reserve.is_disk_full():
                raise
            self._reserve.release()
            return schema.open_writer(self._path)

    def _commit(self, transaction: Transaction, batch: "_Batch") -> list[Outcome | BaseException]:
        """Carry out a batch; the outcome or the refusal of each."""
        try:
            results = self._run(transaction, batch)
        except (sqlite3.Error, peewee.PeeweeException) as error:
            log.error("The storage refused a batch of %d: %s", len(batch), error)
            refusal = self._refusal(error)
            results = [refusal] * len(batch)
            if refusal.code == "storage_full" and self._storage != "full":
                self._reserve.release()
                self._note_storage("full")
                with contextlib.suppress(sqlite3.Error, peewee.PeeweeException):
                    results = self._run(transaction, batch)
            elif refusal.code == "storage_read_only":
                self._note_storage("read_only")
        else:
            if self._storage == "read_only":
                self._note_storage("writable")
        if self._wipe_at is None and any(isinstance(result, Outcome) and result.wiped for result in results):
            self._wipe_at = time.monotonic() + _WIPE_SECONDS
        self._bound_log(transaction)
        return results

    def _run(self, transaction: Transaction, batch: "_Batch") -> list[Outcome | BaseException]:
        """All of a batch in one transaction; what an action wrote before it refused is undone, the others stand.

        Raises:
            sqlite3.Error, peewee.PeeweeException: the storage failed, and nothing of the batch is stored.
        """
        try:
            return self._attempt(transaction, batch, savepoints=False)
        except _HalfDone:
            return self._attempt(transaction, batch, savepoints=True)

    def _attempt(self, transaction: Transaction, batch: "_Batch", savepoints: bool) -> list[Outcome | BaseException]:
        """Carry out a batch, each action in a savepoint or all without.

        Nearly every action that refuses does so before it writes, so a savepoint for each would be two statements more
        for nothing: they were a tenth of a busy host's time.

        Raises:
            _HalfDone: without savepoints, where one is needed; nothing of the batch is stored.
            sqlite3.Error, peewee.PeeweeException: the storage failed, and nothing of the batch is stored.
        """
        results: list[Outcome | BaseException] = []
        transaction.now = _now()
        run = transaction.run
        try:
            run("BEGIN IMMEDIATE")
            for action, args, _future in batch:
                if self._storage == "full" and action not in self._essential:
                    results.append(_disk_full())
                    continue
                if savepoints:
                    run("SAVEPOINT action")
                changes = transaction.total_changes
                try:
                    results.append(action(transaction, *args))
                except Exception as error:
                    if not isinstance(error, Refused) and _is_storage(error):
                        raise
                    if savepoints:
                        run("ROLLBACK TO action")
                    elif transaction.total_changes != changes:
                        raise _HalfDone from error
                    results.append(error)
                if savepoints:
                    run("RELEASE action")
            run("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                run("ROLLBACK")
            raise
        return results

    def _work(self, transaction: Transaction, work: Callable[[Transaction], bool] | None) -> bool | None:
        """A piece of work that nobody waits for; whether there is more of it, None where it failed."""
        if work is None:
            return False
        transaction.now = _now()
        try:
            transaction.run("BEGIN IMMEDIATE")
            more = work(transaction)
            transaction.run("COMMIT")
            return more
        except Exception as error:
            if _is_storage(error):
                log.info("Work put off: %s", error)
            else:
                log.exception("%s failed", getattr(work, "__name__", work))
            with contextlib.suppress(sqlite3.Error):
                transaction.run("ROLLBACK")
            return None

    def _seconds_to_work(self, idle_work: bool) -> float | None:
        """How long to wait for an action before there is something else to do."""
        now = time.monotonic()
        times = [_IDLE_SECONDS] if idle_work else []
        if self._wipe_at is not None:
            times.append(self._wipe_at - now)
        if self._storage == "full":
            times.append(self._look_at - now)
        return max(0.0, min(times)) if times else None

    def _wipe(self, transaction: Transaction) -> None:
        """One step of letting nothing remain of what was erased; what waits for the writer comes in between."""
        more = self._work(transaction, self._purge)
        if more:
            return
        emptied = self._empty_log(transaction)
        done = emptied and more is not None
        self._wipe_at = None if done else time.monotonic() + _WIPE_AGAIN_SECONDS

    def _empty_log(self, transaction: Transaction) -> bool:
        """Move the write-ahead log into the database and truncate it; False where a reader is in the way."""
        try:
            transaction.run(f"PRAGMA busy_timeout = {_WIPE_PATIENCE_MS}")
            blocked = transaction.one("PRAGMA wal_checkpoint(TRUNCATE)")[0]
            transaction.run(f"PRAGMA busy_timeout = {schema.BUSY_TIMEOUT_MS}")
        except sqlite3.Error as error:
            log.info("The write-ahead log could not be emptied: %s", error)
            return False
        return not blocked

    def _bound_log(self, transaction: Transaction) -> None:
        """Keep the write-ahead log from growing on and on under readers who leave no gap."""
        try:
            size = os.stat(f"{self._path}-wal").st_size
        except OSError:
            return
        if size > self._log_limit:
            self._log_limit = _LOG_BYTES if self._empty_log(transaction) else size + _LOG_STEP_BYTES

    def _look_for_space(self) -> None:
        if self._storage == "full" and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _SPACE_SECONDS
            if self._reserve.keep():
                self._note_storage("writable")

    def _note_storage(self, state: str) -> None:
        if state != self._storage:
            self._storage = state
            if self._storage_changed is not None:
                self._post(self._storage_changed, state)

    def _refusal(self, error: Exception) -> Refused:
        """The code for what SQLite could not do."""
        name = getattr(_sqlite_error(error), "sqlite_errorname", "") or ""
        # On a full disk some of SQLite's calls fail with a plainer error.
        vague = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and self._reserve.is_disk_full()
        return _disk_full() if vague else _storage_refusal(error)

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


class _HalfDone(Exception):
    """An action failed after it had written."""


def _settle_one(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: "asyncio.Future[None]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _is_storage(error: Exception) -> bool:
    """Whether the disk or the file failed; wrong SQL and broken constraints are our own bugs."""
    cause = _sqlite_error(error)
    if cause is None or isinstance(cause, _OUR_BUGS):
        return False
    return getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def _sqlite_error(error: BaseException | None) -> sqlite3.Error | None:
    """What SQLite raised; peewee wraps it."""
    if isinstance(error, peewee.PeeweeException):
        error = error.__cause__ or error.__context__
    return error if isinstance(error, sqlite3.Error) else None


def _disk_full() -> Refused:
    return Refused("storage_full", "The host's disk is full; nothing was stored.", 30.0)


def _storage_refusal(error: Exception) -> Refused:
    """The code for what SQLite could not do."""
    name = getattr(_sqlite_error(error), "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return _disk_full()
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")) or name == "SQLITE_CANTOPEN":
        return Refused("storage_read_only", "The host cannot write to its disk; nothing was stored.", 30.0)
    return Refused("storage_error", "The host's storage failed; nothing was stored.", 30.0)
