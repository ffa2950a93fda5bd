"""Putting a backup in the place of a room's database, without bringing back what was taken away since.

What the database that is replaced can still tell is carried over (`replaced`): deleted messages, erased people, and,
where it went on from the backup, bans, mutes, roles, passwords, ended sessions, left rooms, who may join. Everything
else is as it was in the backup. The room goes on under a new epoch, so each client that knew more than the backup gets
the room anew, once (docs/protocol.md, *Resume*).

The replaced database is kept beside the new one. Nothing is renamed before the new one is whole on the disk.
"""

import contextlib
import os
import secrets
import shutil
import sqlite3
import time
from pathlib import Path

import msgspec
import peewee

from . import backup, clean_stop, schema
from .actions import starting
from .replaced import CarriedOver, Replaced
from .transaction import Transaction


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
        chosen: the newest good one where None.

    Raises:
        CannotRestore: there is no good one, or the disk does not let us.
    """
    if chosen is None:
        chosen = backup.newest_good(data)
        if chosen is None:
            raise CannotRestore(f"There is no good backup in {data / backup.FOLDER}.")
    path = data / backup.DATABASE
    work = data / "restoring.db"
    try:
        backup.check(chosen)
        _remove(work)
        shutil.copyfile(chosen, work)
        os.chmod(work, 0o600)
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
    return Restored(chosen, kept, carried.deletions, carried.people, carried.complete, carried.continued)


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
    with work.open("r+b") as file:
        os.fsync(file.fileno())
    return carried


def _put_in_place(work: Path, path: Path) -> Path | None:
    """Make `work` the database; where the one before it is now."""
    kept = None
    if path.exists():
        kept = path.with_name(f"replaced-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(2)}.db")
        log = Path(f"{path}-wal")
        try:
            os.link(path, kept)
        except OSError:
            shutil.copy2(path, kept)
        if log.exists():
            # The old log beside a new database would be taken for its own.
            os.replace(log, f"{kept}-wal")
        Path(f"{path}-shm").unlink(missing_ok=True)
    os.replace(work, path)
    clean_stop.forget(path)
    backup.sync_folder(path.parent)
    return kept


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
