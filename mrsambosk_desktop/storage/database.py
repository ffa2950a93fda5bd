"""Opening one SQLite file the way this app wants it, and the two ways in which that can go wrong.

    StorageFault        the environment's fault: disk full, no permission, damaged file
    ├── Damaged         the file is no database any more
    └── TooNew          the file was written by a later version of this program

Anything else that SQLite raises is a mistake of ours and stays what it is.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import peewee

_ENVIRONMENT: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class StorageFault(Exception):
    """The disk does not let us; the message is a sentence for a person."""


class Damaged(StorageFault):
    """The file is not a database any more."""


class TooNew(StorageFault):
    """The file was written by a later version of this program. It is left as it is."""


class Database:
    """One file. Used from one thread: the one that called `open`.

    Args:
        path: made with its tables when it is not there.
        tables: one script for each version of the schema, applied in order from the file's version on.
        synchronous: FULL where a commit must survive a power cut.
    """

    def __init__(self, path: Path, tables: Sequence[str], synchronous: Literal["FULL", "NORMAL"]) -> None:
        self.path = path
        self._tables = tables
        self._synchronous = synchronous
        self._db: peewee.SqliteDatabase | None = None

    def open(self) -> None:
        """Open it, make or bring up its tables. What is there can be read on a full disk too.

        Raises:
            StorageFault: and its two kinds.
        """
        try:
            self._open({})
        except (Damaged, TooNew):
            raise
        except StorageFault:
            # A full disk has no room for the index of the write-ahead log either. Who has the file alone keeps that in
            # memory.
            self._open({"locking_mode": "exclusive"})

    def _open(self, first: dict[str, str]) -> None:
        # Text that was deleted must not stay in free pages.
        pragmas = {**first, "journal_mode": "wal", "synchronous": self._synchronous, "secure_delete": "on"}
        self._db = peewee.SqliteDatabase(str(self.path), pragmas=pragmas, thread_safe=False)
        try:
            with _faults(self.path):
                self._db.connect()
                version = self.one("PRAGMA user_version")[0]
                if version > len(self._tables):
                    raise TooNew(f"{self.path.name} was written by a later version of Mrsambosk.")
                for number, script in enumerate(self._tables[version:], start=version + 1):
                    with self.transaction():
                        for statement in script.split(";"):
                            if statement.strip():
                                self.run(statement)
                        self.run(f"PRAGMA user_version = {number}")
                self.one("SELECT count(*) FROM sqlite_master")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the write-ahead log goes with the last connection."""
        if self._db is not None:
            with contextlib.suppress(peewee.DatabaseError):
                self._db.close()
            self._db = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is run inside is stored together or not at all.

        Raises:
            StorageFault: it could not be stored; nothing was.
        """
        assert self._db is not None
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # By hand: a full disk has SQLite roll back by itself, and the second ROLLBACK would hide why.
            with contextlib.suppress(peewee.DatabaseError):
                self._db.rollback()
            raise

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Carry out one statement; how many rows it changed."""
        assert self._db is not None
        with _faults(self.path):
            return int(self._db.execute_sql(sql, tuple(values)).rowcount)

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        assert self._db is not None
        with _faults(self.path):
            return list(self._db.execute_sql(sql, tuple(values)).fetchall())

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first row of a query, or None."""
        assert self._db is not None
        with _faults(self.path):
            return self._db.execute_sql(sql, tuple(values)).fetchone()

    def forget_log(self) -> None:
        """Empty the write-ahead log, in which text that was overwritten still stands."""
        self.one("PRAGMA wal_checkpoint(TRUNCATE)")

    def remove(self) -> None:
        """Delete the closed file and what belongs to it."""
        assert self._db is None
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def set_aside(self, name: str) -> Path:
        """Rename the closed file and what belongs to it; where it is now."""
        assert self._db is None
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.replace(self.path.with_name(name + ending))
        return self.path.with_name(name)


@contextlib.contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Tell the environment's faults from our own."""
    try:
        yield
    except peewee.DatabaseError as error:
        cause = error.__cause__ or error.__context__
        code = getattr(cause, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _DAMAGED:
            raise Damaged(f"{path.name} is damaged.") from error
        if primary == sqlite3.SQLITE_FULL:
            raise StorageFault(f"The disk has no room left for {path.name}.") from error
        if primary in _ENVIRONMENT:
            raise StorageFault(f"This computer could not write {path.name}: {cause}.") from error
        raise
