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
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_storage(error: Exception) -> bool:
    """Whether the disk or the file failed; else it is a bug of ours."""
    cause = sqlite_error(error)
    if cause is None or isinstance(cause, _OUR_BUGS):
        return False
    return getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def is_damage(error: BaseException) -> bool:
    """Whether the file is broken, and not what it lies on or who else uses it."""
    cause = sqlite_error(error)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        # Text that is no UTF-8, which we never write; Python finds it, and gives it no code.
        return str(cause).startswith("Could not decode to UTF-8")
    return code & 0xFF in _DAMAGE


def name_of(error: BaseException) -> str:
    """What SQLite calls a failure, for the log: its message might hold what somebody wrote."""
    cause = sqlite_error(error) or error
    return getattr(cause, "sqlite_errorname", None) or type(cause).__name__


def sqlite_error(error: BaseException | None) -> sqlite3.Error | None:
    """What SQLite raised; peewee wraps it, a failure to open twice."""
    while isinstance(error, peewee.PeeweeException):
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
