"""Putting a backup in the place of a room's database, without bringing back what was taken away since.

What the database that is replaced can still tell is carried over (`replaced`): deleted messages, erased people, and,
where it went on from the backup, bans, mutes, roles, passwords, ended sessions, left rooms, who may join. Everything
else is as it was in the backup. The room goes on under a new epoch, so each client that knew more than the backup gets
the room anew, once (docs/protocol.md, *Resume*).

Killed at any point there is the old room or the new one: what the old one has in its write-ahead log is taken into it
first, so that the last step is one rename. The replaced database is kept beside the new one; `restore` it to undo.
"""

import contextlib
import filecmp
import os
import re
import secrets
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Final

import msgspec
import peewee

from . import backup, clean_stop, schema
from .actions import starting
from .replaced import CarriedOver, Replaced
from .storage_errors import is_damage
from .transaction import Transaction

#: What SQLite would take for a part of whatever database has the name.
_LOGS: Final = ("-wal", "-journal")
_WORK: Final = "restoring.db"
_KEPT: Final = re.compile(r"replaced-(\d{4,})-(\d{8}T\d{6})\.db")
_DAY_SECONDS: Final = 24 * 3600
#: How long who reads the replaced database is waited for.
_PATIENCE_SECONDS: Final = 5.0


class CannotRestore(Exception):
    """Everything is as it was; the message is a sentence for a person."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Args:
        kept: where the replaced database is now, or None where there was none.
        deletions, people: how many messages were wiped, and people's standing changed, as they had been since.
        complete: whether all that was taken away since is taken away again, as far as anybody can know.
        continued: whether the replaced database is known to have gone on from the backup.
    """

    backup: Path
    kept: Path | None
    deletions: int
    people: int
    complete: bool
    continued: bool


def restore(data: Path, chosen: Path | None = None) -> Restored:
    """Put a backup in place. The caller holds the lock on the data directory.

    Args:
        chosen: the newest good one where None. What is in a write-ahead log beside it is a part of it.

    Raises:
        CannotRestore: there is no good one, somebody else has the database open, or the disk does not let us.
    """
    clear_up(data)
    if chosen is None:
        chosen = backup.newest_good(data)
        if chosen is None:
            raise CannotRestore(f"There is no good backup in {data / backup.FOLDER}.")
    path = data / backup.DATABASE
    work = data / _WORK
    try:
        backup.check(chosen)
        _take_in_log(path)
        _copy(chosen, work)
        carried = _bring_up_to_date(work, path)
        backup.check(work)
        kept = _put_in_place(work, path)
    except schema.DatabaseUnusable as unusable:
        raise CannotRestore(str(unusable)) from None
    except (OSError, sqlite3.Error, peewee.DatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotRestore(f"The backup cannot be put in place: {reason}.") from error
    finally:
        with contextlib.suppress(OSError):
            _remove(work)
    is_kept = kept.exists()
    # An empty one is no reason to let another go.
    if is_kept and kept.stat().st_size:
        _thin_out(kept, chosen)
    return Restored(
        chosen, kept if is_kept else None, carried.deletions, carried.people, carried.complete, carried.continued
    )


def clear_up(data: Path) -> None:
    """Finish with a restore that was killed; where the disk does not let us, nothing is worse than it was.

    The caller holds the lock on the data directory.
    """
    path = data / backup.DATABASE
    with contextlib.suppress(OSError):
        _remove(data / _WORK)
    for kept in _all_kept(data):
        with contextlib.suppress(OSError):
            if _is_copy(kept, path):
                _give_back(path, kept)


def _bring_up_to_date(work: Path, path: Path) -> CarriedOver:
    db = schema.open_writer(work)
    try:
        tx = Transaction(db)
        tx.now = time.time_ns() // 1_000_000
        tx.run("BEGIN IMMEDIATE")
        replaced = Replaced(path, tx) if path.exists() else None
        try:
            # Revisions given below must not count as the epoch in which clients saw other ones.
            starting.do_start(tx, secrets.token_urlsafe(12), None, None)
            # Which of these was used or withdrawn since can't always be read: people are invited anew.
            tx.run("UPDATE invites SET revoked_at = ? WHERE revoked_at IS NULL", (tx.now,))
            carried = CarriedOver() if replaced is None else replaced.carry_over(tx)
        finally:
            if replaced is not None:
                replaced.close()
        tx.run("COMMIT")
        tx.one("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    _sync(work)
    return carried


def _copy(chosen: Path, work: Path) -> None:
    """A copy of what SQLite finds in a database, its log included; nothing is changed there."""
    os.close(os.open(work, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    mode = "mode=ro" if Path(f"{chosen}-wal").exists() else "mode=ro&immutable=1"
    with (
        contextlib.closing(sqlite3.connect(f"{chosen.absolute().as_uri()}?{mode}", uri=True)) as source,
        contextlib.closing(sqlite3.connect(work)) as copy,
    ):
        source.backup(copy)


def _take_in_log(path: Path) -> None:
    """Move what waits in a database's log into it, so that it is one file, unless it is too damaged for that.

    It is the same database before, between and after.

    Raises:
        CannotRestore: somebody has it open.
    """
    # Beside an empty file SQLite would delete the log.
    if not path.exists() or path.stat().st_size == 0 or not any(_logs(path)):
        return
    # From one that may write, SQLite deletes the log of a database it cannot read.
    if _is_damaged(path, "ro", "SELECT count(*) FROM sqlite_master") or _is_damaged(
        path, "rw", "PRAGMA wal_checkpoint(TRUNCATE)", "SELECT count(*) FROM sqlite_master"
    ):
        return
    # The last one to close a database deletes its log.
    if Path(f"{path}-wal").exists():
        raise CannotRestore(f"Another program has {path} open; nothing was changed.")


def _is_damaged(path: Path, mode: str, *statements: str) -> bool:
    """Carry these out; whether the database is too damaged for it.

    Raises:
        sqlite3.Error: it failed for another reason, and may write.
    """
    where = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with contextlib.closing(
            sqlite3.connect(where, uri=True, isolation_level=None, timeout=_PATIENCE_SECONDS)
        ) as db:
            for statement in statements:
                db.execute(statement).fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return True
        if mode == "rw":
            raise
    return False


def _put_in_place(work: Path, path: Path) -> Path:
    """Make `work` the database; where the one before it is now, if there was one."""
    kept = _next_kept(path.parent)
    try:
        _keep(path, kept)
        clean_stop.forget(path)
        # First the old log is gone for good: the new database must never be found beside it.
        backup.sync_folder(path.parent)
        os.replace(work, path)
    except OSError:
        with contextlib.suppress(OSError):
            _give_back(path, kept)
        raise
    # Without it a power cut may bring back the old room, which is whole.
    with contextlib.suppress(OSError):
        backup.sync_folder(path.parent)
    return kept


def _keep(path: Path, kept: Path) -> None:
    """Give a database a second name, and move there what could not be taken in from its log."""
    if path.exists():
        try:
            os.link(path, kept)
        except OSError:
            shutil.copy2(path, kept)
            _sync(kept)
    for log in _logs(path):
        # Of a database that cannot be used the log is moved first: between these two steps nobody can use it either.
        os.replace(log, f"{kept}{log.name.removeprefix(path.name)}")
        Path(f"{path}-shm").unlink(missing_ok=True)


def _give_back(path: Path, kept: Path) -> None:
    """Undo `_keep`, where nothing else has taken the log's place."""
    if not any(_logs(path)):
        for log in _logs(kept):
            os.replace(log, f"{path}{log.name.removeprefix(kept.name)}")
    if not any(_logs(kept)):
        kept.unlink(missing_ok=True)


def _is_copy(kept: Path, path: Path) -> bool:
    """Whether a restore was killed between keeping this database and replacing it."""
    if not path.exists():
        return False
    return kept.samefile(path) or (any(_logs(kept)) and filecmp.cmp(kept, path, shallow=False))


def _logs(database: Path) -> list[Path]:
    return [log for ending in _LOGS if (log := Path(f"{database}{ending}")).exists()]


def _all_kept(data: Path) -> list[Path]:
    """Replaced databases, the oldest first. Their numbers order them, not the time: clocks jump."""
    return sorted((it for it in data.iterdir() if _KEPT.fullmatch(it.name)), key=_number)


def _next_kept(data: Path) -> Path:
    number = max(map(_number, _all_kept(data)), default=0) + 1
    return data / f"replaced-{number:04}-{_stamp(time.time())}.db"


def _number(kept: Path) -> int:
    return int(kept.name.split("-")[1])


def _stamp(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))


def _thin_out(kept: Path, chosen: Path) -> None:
    """Delete replaced databases but the newest, the first of its day, and the chosen one.

    Text that was deleted since is in them. Who tries one backup after the other still finds the room as it was before.
    """
    older = [it for it in _all_kept(kept.parent) if it != kept]
    of_the_day = [it for it in older if it.name.split("-")[2] >= _stamp(time.time() - _DAY_SECONDS)]
    for it in older:
        if it not in of_the_day[:1] and it.resolve() != chosen.resolve():
            with contextlib.suppress(OSError):
                _remove(it)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    for ending in ("", "-shm", *_LOGS):
        Path(f"{path}{ending}").unlink(missing_ok=True)
