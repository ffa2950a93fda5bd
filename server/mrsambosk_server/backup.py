"""Verified copies of the room's database, made while it is in use: on a schedule, before a migration, on demand.

A backup is one file, `backups/backup-NUMBER-TIME.db`. It counts only once it was opened and checked whole; until then
it has another ending. The number orders them, not the time: clocks jump. Seven are kept: the newest three, of the older
ones the newest of each of four days, and where there are fewer days the next newest.

One copy at a time is made in a data directory, whoever makes it; what an earlier one left half done is removed first.
None is begun that would take the space the host needs to go on.

Backups hold what the database held, password hashes included, and text that was deleted later stays in them until they
are thinned out. The host's key is not in them.
"""

import asyncio
import contextlib
import errno
import logging
import os
import re
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Self

import filelock
import msgspec

from . import schema, search
from .reserve import HEADROOM_BYTES, RESERVE_BYTES
from .storage_errors import is_damage

log = logging.getLogger(__name__)

DATABASE: Final = "room.db"
FOLDER: Final = "backups"
#: How many are kept.
NEWEST: Final = 3
DAYS: Final = 4
#: What a copy must leave free.
_LEFT_BYTES: Final = RESERVE_BYTES + HEADROOM_BYTES
_MIB: Final = 1024 * 1024
_LOCK: Final = "copying.lock"
#: How long a copy waits for another one's end.
_PATIENCE_SECONDS: Final = 60.0
#: Pages copied between two looks whether to go on.
_PAGES: Final = 2000
_FIRST_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 60.0
_NAME: Final = re.compile(r"backup-(\d{4,})-(\d{8})T(\d{6})\.db")


class BackupFailed(Exception):
    """There is no new backup; the message is a sentence for a person.

    Args:
        damaged: the copy is not whole, and so most likely the database is not.
    """

    def __init__(self, text: str, damaged: bool = False) -> None:
        super().__init__(text)
        self.damaged = damaged


class Backup(msgspec.Struct, frozen=True, order=True):
    """One backup that was good when it was made. They sort from the oldest to the newest."""

    number: int
    day: str
    path: Path

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The backup with this name, or None where the name is not of one."""
        match = _NAME.fullmatch(path.name)
        return None if match is None else cls(int(match[1]), match[2], path)


def backups(data: Path) -> list[Backup]:
    """Those of a data directory, the oldest first."""
    with contextlib.suppress(OSError):
        return sorted(found for path in (data / FOLDER).iterdir() if (found := Backup.of(path)))
    return []


def newest_good(data: Path) -> Path | None:
    """The newest backup that this program can use, each looked at page by page until one is good."""
    for backup in reversed(backups(data)):
        try:
            check(backup.path)
        except schema.DatabaseUnusable:
            continue
        return backup.path
    return None


def check(path: Path) -> int:
    """The schema version of a database file in which everything is in order; nothing is changed.

    Raises:
        schema.DatabaseUnusable: it is damaged, empty, foreign or newer than this program.
        schema.DatabaseOutOfReach: it cannot be read.
    """
    version = schema.examine(path, thorough=False)
    if version == 0:
        raise schema.DatabaseUnusable(f"{path} holds no room.")
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as db:
            problems = [row[0] for row in db.execute("PRAGMA integrity_check(1)")]
            dangling = db.execute("PRAGMA foreign_key_check").fetchone()
            ahead = db.execute(
                "SELECT m.room FROM messages m LEFT JOIN rooms r ON r.id = m.room "
                "WHERE r.id IS NULL OR m.rev > r.rev OR m.id > m.rev LIMIT 1"
            ).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise schema.unusable(path, error) from None
    if problems != ["ok"] or dangling or ahead:
        raise schema.DatabaseUnusable(f"{path} is damaged; it was left as it is.")
    return version


def make_backup(data: Path, to: Path | None = None, wanted: Callable[[], bool] = lambda: True) -> Path:
    """Copy the database of a data directory, in use or not, check the copy, and thin out the older ones.

    The copy has the time of its snapshot, not of its end: what was committed meanwhile was written since.

    Args:
        to: another file than the next one in `backups`, which must not exist; then nothing is thinned out.
        wanted: asked now and then; once it says no, the copy is given up.

    Raises:
        BackupFailed: nothing was left behind, and no other backup was touched.
    """
    source, folder = data / DATABASE, data / FOLDER
    try:
        if not source.exists() or source.stat().st_size == 0:
            raise BackupFailed(f"There is no room in {data}.")
        if to is not None:
            if to.exists():
                raise BackupFailed(f"{to} exists already.")
            # A name of its own: somebody else may be copying there too.
            return _make(source, to, to.with_name(f"{to.name}.{secrets.token_hex(4)}.part"), wanted)
        folder.mkdir(mode=0o700, exist_ok=True)
        with _alone(folder, wanted):
            for left in folder.glob("backup-*.part*"):
                left.unlink(missing_ok=True)
            to = folder / _next_name(backups(data))
            made = _make(source, to, to.with_name(f"{to.name}.part"), wanted)
            for backup in superfluous(backups(data)):
                with contextlib.suppress(OSError):
                    backup.path.unlink()
            return made
    except (sqlite3.Error, OSError, schema.DatabaseUnusable) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rstrip(".")
        damaged = isinstance(error, schema.DatabaseUnusable) and not isinstance(error, schema.DatabaseOutOfReach)
        raise BackupFailed(f"No backup could be made: {reason}.", damaged or is_damage(error)) from error


def superfluous(kept: Iterable[Backup]) -> list[Backup]:
    """Of these, the ones that need not be kept."""
    newest_first = sorted(kept, reverse=True)
    days: set[str] = set()
    rest = []
    for backup in newest_first[NEWEST:]:
        if backup.day in days or len(days) == DAYS:
            rest.append(backup)
        else:
            days.add(backup.day)
    return rest[DAYS - len(days) :]


class Schedule:
    """Makes a backup whenever the newest is older than the interval and something was written since.

    After a failure it pauses, each time for longer, the interval at most.

    Args:
        data: the data directory.
        hours: the interval; 0 for never.
    """

    #: Whether a copy was not whole: the database is to be looked through.
    found_damage = False

    def __init__(self, data: Path, hours: float) -> None:
        self._data = data
        self._seconds = hours * 3600
        self._pause = 0.0
        self._not_before = 0.0
        self._stopping = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. Call `aclose` at the end."""
        if self._seconds:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """Give up a copy that is being made, and end."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        await asyncio.sleep(min(_FIRST_SECONDS, self._seconds))
        while True:
            # The thread is waited for also when this task is cancelled: it must not outlive the lock on the directory.
            work = asyncio.ensure_future(asyncio.to_thread(self._make_if_due))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await work
                raise
            await asyncio.sleep(min(_LOOK_SECONDS, self._seconds))

    def _make_if_due(self) -> None:
        if time.monotonic() < self._not_before:
            return
        try:
            if self.is_due():
                made = make_backup(self._data, wanted=lambda: not self._stopping.is_set())
                log.info("Made the backup %s", made.name)
            self._pause = 0.0
            return
        except BackupFailed as failure:
            if not self._stopping.is_set():
                self.found_damage = self.found_damage or failure.damaged
                log.log(logging.ERROR if failure.damaged else logging.WARNING, "%s", failure)
        except OSError as error:
            log.warning("Backups cannot be looked at: %s", error.strerror)
        self._pause = min(self._seconds, max(_LOOK_SECONDS, 2 * self._pause))
        self._not_before = time.monotonic() + self._pause

    def is_due(self) -> bool:
        """Whether it is time for one."""
        kept = backups(self._data)
        if not kept:
            return True
        made, now = kept[-1].path.stat().st_mtime, time.time()
        files = (self._data / DATABASE, self._data / f"{DATABASE}-wal")
        written = max(file.stat().st_mtime for file in files if file.exists())
        # A clock that jumped back leaves the newest one in the future: that is no reason to wait until then.
        # Times of files go by ticks: what has the copy's own may have been written after it was begun.
        return made > now or (now - made >= self._seconds and written >= made)


def sync_folder(folder: Path) -> None:
    """Make the names in a directory durable, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _next_name(kept: list[Backup]) -> str:
    number = kept[-1].number + 1 if kept else 1
    return f"backup-{number:04}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.db"


@contextlib.contextmanager
def _alone(folder: Path, wanted: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock on a folder of backups.

    Raises:
        BackupFailed: somebody else held it for too long.
    """
    lock = filelock.FileLock(folder / _LOCK)
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except filelock.Timeout:
            _check_wanted(wanted)
            if time.monotonic() > until:
                raise BackupFailed("Another backup is being made; try again later.") from None
    try:
        yield
    finally:
        lock.release()


def _make(source: Path, to: Path, part: Path, wanted: Callable[[], bool]) -> Path:
    """A checked copy of a database; where it fails, nothing of it is left."""
    try:
        _copy(source, part, wanted)
        check(part)
        os.replace(part, to)
        sync_folder(to.parent)
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{part}{ending}").unlink(missing_ok=True)
    return to


def _check_space(folder: Path, wanted: int) -> None:
    """Whether so many bytes leave the host what it needs to go on."""
    needed = wanted + _LEFT_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(0, f"it needs {-(-needed // _MIB):,} MiB, and {free // _MIB:,} MiB are free")


def _bytes_of(db: sqlite3.Connection) -> int:
    """How large a database is with what is in its log."""
    pages, each = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * each)


def _check_wanted(wanted: Callable[[], bool]) -> None:
    if not wanted():
        raise OSError(0, "the host is stopping")


def _copy(source: Path, part: Path, wanted: Callable[[], bool]) -> None:
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    # By the clock that gives the database's files their times.
    begun = part.stat().st_mtime_ns

    def go_on(_status: int, _left: int, _all: int) -> None:
        _check_wanted(wanted)
        if shutil.disk_usage(part.parent).free < _LEFT_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    mode = "mode=ro" if Path(f"{source}-wal").exists() else "mode=rw"
    with (
        contextlib.closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        ) as db,
        contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy,
    ):
        # One snapshot for all steps: else every commit of the host would begin the copy anew.
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _check_space(part.parent, _bytes_of(db))
        db.backup(copy, pages=_PAGES, progress=go_on, sleep=0)
        db.execute("ROLLBACK")
        # A backup is one file.
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        # What was deleted before the snapshot is not in it, its words in the index included.
        if search.is_purge_due(copy):
            _check_wanted(wanted)
            # The index may be there twice for a while.
            _check_space(part.parent, search.index_bytes(copy))
            copy.execute("PRAGMA journal_mode = MEMORY").fetchone()
            search.purge_copy(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    os.utime(part, ns=(begun, begun))
    with part.open("r+b") as file:
        os.fsync(file.fileno())
