"""Putting a backup in the place of a room's database, without bringing back what was taken away since.

What the database that is replaced can still tell is carried over: deleted messages, erased people, bans, mutes, roles,
passwords, ended sessions, left rooms. Everything else is as it was in the backup. The room goes on under a new epoch,
so each client that knew more than the backup gets the room anew, once (docs/protocol.md, *Resume*).

The replaced database is kept beside the new one. Nothing is renamed before the new one is whole on the disk.
"""

import contextlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import peewee

from mrsambosk_protocol.entities import GONE

from . import backup, clean_stop, schema
from .actions import accounts, messages, starting
from .records import MESSAGE_COLUMNS, to_message
from .transaction import Transaction

_KEYS: Final = 256


class CannotRestore(Exception):
    """Everything is as it was; the message is a sentence for a person."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Args:
        kept: where the replaced database is now, or None where there was none.
        deletions, people: how many messages were wiped, and people's standing changed, as they had been since.
        complete: whether the replaced database could be read to its end.
    """

    backup: Path
    kept: Path | None
    deletions: int
    people: int
    complete: bool


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
        deletions, people, complete = _bring_up_to_date(work, path)
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
    return Restored(chosen, kept, deletions, people, complete)


def _bring_up_to_date(work: Path, replaced: Path) -> tuple[int, int, bool]:
    db = schema.open_writer(work)
    try:
        tx = Transaction(db)
        tx.now = time.time_ns() // 1_000_000
        tx.run("BEGIN IMMEDIATE")
        # First of all: revisions given below must not count as the epoch in which clients saw other ones.
        starting.do_start(tx, secrets.token_urlsafe(12), None, None)
        # Which of these was used or withdrawn since can't always be read: people are invited anew.
        tx.run("UPDATE invites SET revoked_at = ? WHERE revoked_at IS NULL", (tx.now,))
        deletions, people, complete = 0, 0, True
        if replaced.exists():
            deletions, people, complete = _carry_over(tx, replaced)
        tx.run("COMMIT")
        tx.one("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    with work.open("r+b") as file:
        os.fsync(file.fileno())
    return deletions, people, complete


def _carry_over(tx: Transaction, replaced: Path) -> tuple[int, int, bool]:
    """What a damaged database still tells of what was taken away; how much, and whether it told all."""
    reader = _Reader(replaced)
    try:
        people = _carry_over_people(tx, reader)
        deletions = _carry_over_deletions(tx, reader)
    finally:
        reader.close()
    return deletions, people, reader.complete


def _carry_over_people(tx: Transaction, old: "_Reader") -> int:
    changed = 0
    columns = "role, password, muted_until, banned_until, reset_code, reset_until"
    known = {row[0]: row[1:] for row in tx.all(f"SELECT id, {columns} FROM users")}  # noqa: S608
    for row in old.rows(f"SELECT id, {columns} FROM users"):  # noqa: S608
        if row[0] not in known or known[row[0]] == row[1:] or known[row[0]][0] == GONE:
            continue
        if row[1] == GONE:
            # As somebody whom nothing hinders from erasing themselves.
            tx.run("UPDATE users SET role = 'member', banned_until = NULL WHERE id = ?", (row[0],))
            accounts.do_erase(tx, row[0], messages_too=False)
        else:
            try:
                tx.run(
                    "UPDATE users SET role = ?, password = ?, muted_until = ?, banned_until = ?, reset_code = ?, "
                    "reset_until = ? WHERE id = ?",
                    (*row[1:], row[0]),
                )
            except sqlite3.IntegrityError:  # a damaged row, whose values are of no use
                old.complete = False
                continue
        changed += 1
    # What ended since must not come back; whether something ended shows only in a list that was read whole.
    devices = old.whole("SELECT id FROM devices")
    if devices is not None:
        alive = {row[0] for row in devices}
        for (device,) in tx.all("SELECT id FROM devices"):
            if device not in alive:
                tx.run("DELETE FROM devices WHERE id = ?", (device,))
    members = old.whole("SELECT room, user FROM memberships")
    if members is not None:
        still = set(members)
        for room, user in tx.all("SELECT room, user FROM memberships"):
            if (room, user) not in still:
                tx.run("DELETE FROM memberships WHERE room = ? AND user = ?", (room, user))
    return changed


def _carry_over_deletions(tx: Transaction, old: "_Reader") -> int:
    wiped = 0
    last = tx.one("SELECT coalesce(max(key), 0) FROM messages")[0]
    now = tx.now
    for room, number, author, cid, at, by in old.deleted(last):
        if not (isinstance(at, int) and isinstance(by, str)):
            old.complete = False
            continue
        row = tx.one(
            f"SELECT {MESSAGE_COLUMNS}, key FROM messages "  # noqa: S608
            "WHERE room = ? AND id = ? AND author = ? AND cid IS ? AND deleted_at IS NULL",
            (room, number, author, cid),
        )
        if row is not None:
            tx.now = at
            messages.wipe(tx, 1, by, to_message(row), row[-1])
            wiped += 1
    tx.now = now
    return wiped


class _Reader:
    """Reads what can be read of a database that may be damaged anywhere, and changes nothing of it."""

    def __init__(self, path: Path) -> None:
        self.complete = True
        self._shared = Path(f"{path}-shm")
        self._had_shared = self._shared.exists()
        mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def close(self) -> None:
        self._db.close()
        if not self._had_shared:
            self._shared.unlink(missing_ok=True)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Rows until the damage."""
        try:
            yield from self._db.execute(sql)
        except sqlite3.Error:
            self.complete = False

    def whole(self, sql: str) -> list[tuple[Any, ...]] | None:
        """All rows, or None."""
        try:
            return self._db.execute(sql).fetchall()
        except sqlite3.Error:
            self.complete = False
            return None

    def deleted(self, last: int) -> Iterator[tuple[Any, ...]]:
        """Deleted messages up to a key, around whatever is damaged."""
        for first in range(1, last + 1, _KEYS):
            yield from self._deleted(first, min(first + _KEYS - 1, last))

    def _deleted(self, first: int, last: int) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(
                "SELECT room, id, author, cid, deleted_at, deleted_by FROM messages NOT INDEXED "
                "WHERE key BETWEEN ? AND ? AND deleted_at IS NOT NULL",
                (first, last),
            ).fetchall()
        except sqlite3.Error:
            self.complete = False
            if first == last:
                return []
            middle = (first + last) // 2
            return self._deleted(first, middle) + self._deleted(middle + 1, last)


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
