"""The mark of a clean stop beside a database: with it, a large one need not be read page by page at the next start.

The mark holds the file's size and time of change, so it says nothing once anybody touched the file.
"""

import contextlib
import json
from pathlib import Path
from typing import Final

#: A database up to this size is checked page by page at every start: that takes no time.
_CHECK_BYTES: Final = 64 * 1024 * 1024


def note(database: Path) -> None:
    """The database was closed in order. Where it can't be noted, the next start only takes longer."""
    with contextlib.suppress(OSError):
        # A log that could not be emptied is part of the database, and the mark knows nothing of it.
        if not database.with_name(database.name + "-wal").exists():
            _mark(database).write_text(json.dumps(_stamp(database)))


def forget(database: Path) -> None:
    """It is in use, or another file now."""
    _mark(database).unlink(missing_ok=True)


def needs_check(database: Path) -> bool:
    """Whether every page must be read before the database is trusted."""
    try:
        clean = json.loads(_mark(database).read_text()) == _stamp(database)
        return not clean or database.stat().st_size <= _CHECK_BYTES
    except (OSError, ValueError):
        return True


def _mark(database: Path) -> Path:
    return database.with_name("clean-stop.json")


def _stamp(database: Path) -> list[int]:
    status = database.stat()
    return [status.st_size, status.st_mtime_ns]
