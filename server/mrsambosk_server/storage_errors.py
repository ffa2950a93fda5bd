"""What SQLite's failures mean: which of them are the disk's, and what a caller is answered."""

import sqlite3
from typing import Final

import peewee

from mrsambosk_protocol.limits import Refused

#: Wrong SQL, broken constraints: our own bugs, not the disk's.
_OUR_BUGS: Final = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)


def is_storage(error: Exception) -> bool:
    """Whether the disk or the file failed; else it is a bug of ours."""
    cause = sqlite_error(error)
    if cause is None or isinstance(cause, _OUR_BUGS):
        return False
    return getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def sqlite_error(error: BaseException | None) -> sqlite3.Error | None:
    """What SQLite raised; peewee wraps it."""
    if isinstance(error, peewee.PeeweeException):
        error = error.__cause__ or error.__context__
    return error if isinstance(error, sqlite3.Error) else None


def disk_full() -> Refused:
    """The answer where there is no room."""
    return Refused("storage_full", "The host's disk is full; nothing was stored.", 30.0)


def storage_refusal(error: Exception) -> Refused:
    """The code for what SQLite could not do."""
    name = getattr(sqlite_error(error), "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return disk_full()
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")) or name == "SQLITE_CANTOPEN":
        return Refused("storage_read_only", "The host cannot write to its disk; nothing was stored.", 30.0)
    return Refused("storage_error", "The host's storage failed; nothing was stored.", 30.0)
