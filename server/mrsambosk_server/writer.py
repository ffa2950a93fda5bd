"""The one thread that writes: it commits what waits, in groups, and keeps the file free of what was erased.

It takes all that waits (it never lingers for more), runs each action so that it can be undone by itself and commits
once. Erased text must also leave the text index and the write-ahead log: a while after an erasure, after each start and
before the end, the index is purged, piece by piece between batches, and then the log is emptied.

On a full disk it gives up its reserve (see `reserve`) and carries out only what frees space or takes something from
somebody, until the reserve can be taken again.

Nothing here knows a loop: what the thread has to say it says through `Listener`, from the thread.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, Protocol

import peewee

from mrsambosk_protocol.limits import Refused

from . import schema
from .outcome import Outcome
from .reserve import Reserve
from .storage_errors import disk_full, is_damage, is_storage, name_of, sqlite_error, storage_refusal
from .transaction import Transaction

log = logging.getLogger(__name__)

_BATCH: Final = 1000
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

#: What waits: an action, its arguments, and whatever the caller wants to have beside its result.
Item = tuple[Callable[..., Outcome], tuple[Any, ...], Any]
Batch = list[Item]
Result = Outcome | BaseException


class Listener(Protocol):
    """What the thread tells, each from the thread."""

    def on_opened(self, error: BaseException | None) -> None:
        """The database is open and migrated, or can't be (then the thread has ended)."""

    def on_committed(self, batch: Batch, results: list[Result]) -> None:
        """What became of each item of a batch, after its commit."""

    def on_storage(self, state: str) -> None:
        """The storage is now "full", "read_only" or "writable"."""

    def on_damaged(self) -> None:
        """The database turned out damaged."""

    def on_closing(self) -> None:
        """Nothing waits any more: end every reading, and come back only then."""

    def on_ended(self) -> None:
        """All is closed."""


class Writer:
    """See the module. `start` it once; `put` and `stop` may be called from any thread.

    Args:
        path: the database file, already examined (`schema.examine`).
        idle: work for quiet moments, in a transaction; gives whether there is more of it.
        purge: like `idle`: takes what was erased out of the text index; done in full before the log is emptied.
        essential: the actions that are carried out on a full disk too.
    """

    def __init__(
        self,
        path: Path,
        listener: Listener,
        *,
        idle: Callable[[Transaction], bool] | None,
        purge: Callable[[Transaction], bool] | None,
        essential: Collection[Callable[..., Outcome]],
    ) -> None:
        self._path = path
        self._listener = listener
        self._idle = idle
        self._purge = purge
        self._essential = frozenset(essential)
        self._reserve = Reserve(path.parent)
        self._queue: deque[Item] = deque()
        self._awake = threading.Condition()
        self._stopping = False
        self._storage = "writable"
        self._look_at = 0.0
        self._log_limit = _LOG_BYTES
        # The last run may have ended before it could wipe.
        self._wipe_at: float | None = time.monotonic() + _WIPE_SECONDS
        self._thread = threading.Thread(target=self._write_all, name="ledger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        """Have an action carried out."""
        with self._awake:
            self._queue.append(item)
            self._awake.notify()

    def stop(self) -> None:
        """Finish what waits, then end; `Listener.on_ended` says when."""
        with self._awake:
            self._stopping = True
            self._awake.notify()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end of the thread, a moment after `Listener.on_ended`."""
        self._thread.join()

    def _write_all(self) -> None:
        try:
            db = self._open_writer()
        except BaseException as error:
            self._listener.on_opened(error)
            self._listener.on_ended()
            return
        transaction = Transaction(db)
        if not self._reserve.keep():
            self._note_storage("full")
        self._listener.on_opened(None)
        more_idle_work = True
        while True:
            with self._awake:
                if not self._queue and not self._stopping:
                    self._awake.wait(self._seconds_to_work(more_idle_work))
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                if not batch and self._stopping:
                    break
            if batch:
                results = self._commit(transaction, batch)
                self._listener.on_committed(batch, results)
                more_idle_work = True
            elif more_idle_work:
                # What fails is owed to nobody: it is tried again after the next commit.
                more_idle_work = self._work(transaction, self._idle) is True
            if self._wipe_at is not None and time.monotonic() >= self._wipe_at:
                self._wipe(transaction)
            self._look_for_space()
        self._listener.on_closing()
        while self._work(transaction, self._purge):
            pass
        self._empty_log(transaction)
        db.close()
        self._listener.on_ended()

    def _open_writer(self) -> peewee.SqliteDatabase:
        try:
            return schema.open_writer(self._path)
        except (peewee.OperationalError, OSError):
            # The write-ahead log and its index need room too.
            if not self._reserve.is_disk_full():
                raise
            self._reserve.release()
            return schema.open_writer(self._path)

    def _commit(self, transaction: Transaction, batch: Batch) -> list[Outcome | BaseException]:
        """Carry out a batch; the outcome or the refusal of each."""
        try:
            results = self._run(transaction, batch)
        except (sqlite3.Error, peewee.PeeweeException) as error:
            log.error("The storage refused a batch of %d: %s", len(batch), name_of(error))
            self._look_for_damage(error)
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

    def _run(self, transaction: Transaction, batch: Batch) -> list[Outcome | BaseException]:
        """All of a batch in one transaction; what an action wrote before it refused is undone, the others stand.

        Raises:
            sqlite3.Error, peewee.PeeweeException: the storage failed, and nothing of the batch is stored.
        """
        try:
            return self._attempt(transaction, batch, savepoints=False)
        except _HalfDone:
            return self._attempt(transaction, batch, savepoints=True)

    def _attempt(self, transaction: Transaction, batch: Batch, savepoints: bool) -> list[Outcome | BaseException]:
        """Carry out a batch, each action in a savepoint or all without.

        Nearly every action that refuses does so before it writes, so a savepoint for each would be two statements more
        for nothing: they were a tenth of a busy host's time.

        Raises:
            _HalfDone: without savepoints, where one is needed; nothing of the batch is stored.
            sqlite3.Error, peewee.PeeweeException: the storage failed, and nothing of the batch is stored.
        """
        results: list[Outcome | BaseException] = []
        transaction.now = now_ms()
        run = transaction.run
        try:
            run("BEGIN IMMEDIATE")
            for action, args, _future in batch:
                if self._storage == "full" and action not in self._essential:
                    results.append(disk_full())
                    continue
                if savepoints:
                    run("SAVEPOINT action")
                changes = transaction.total_changes
                try:
                    results.append(action(transaction, *args))
                except Exception as error:
                    if not isinstance(error, Refused) and is_storage(error):
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
        transaction.now = now_ms()
        try:
            transaction.run("BEGIN IMMEDIATE")
            more = work(transaction)
            transaction.run("COMMIT")
            return more
        except Exception as error:
            if is_storage(error):
                log.info("Work put off: %s", name_of(error))
                self._look_for_damage(error)
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
            log.info("The write-ahead log could not be emptied: %s", name_of(error))
            self._look_for_damage(error)
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
            self._listener.on_storage(state)

    def _look_for_damage(self, error: Exception) -> None:
        if is_damage(error):
            self._listener.on_damaged()

    def _refusal(self, error: Exception) -> Refused:
        """The code for what SQLite could not do."""
        name = getattr(sqlite_error(error), "sqlite_errorname", "") or ""
        # On a full disk some of SQLite's calls fail with a plainer error.
        vague = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and self._reserve.is_disk_full()
        return disk_full() if vague else storage_refusal(error)


class _HalfDone(Exception):
    """An action failed after it had written."""


def now_ms() -> int:
    """The host's clock, in Unix milliseconds."""
    return time.time_ns() // 1_000_000
