"""What a start looks at before it opens a room: whether its database is whole, damaged, lost or out of reach, what its
log lost, and the host's key. Each that stands in the way is said in one sentence, with what to do about it.
"""

import logging
import shlex
from pathlib import Path
from typing import Any

from . import backup, certificate, clean_stop, schema, write_ahead_log
from .config import EXIT_ARGUMENTS, EXIT_DATABASE

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """Why there is no host: a plain sentence, and the exit status that says it to a program."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def examine(path: Path) -> int:
    """The schema version of the room's database, 0 where there never was one.

    Raises:
        CannotStart: it can't be used, or is gone.
    """
    try:
        version = schema.examine(path, thorough=clean_stop.needs_check(path))
        is_lost = version == 0 and (backup.backups(path.parent) or _has_log_alone(path))
    except schema.DatabaseOutOfReach as failure:
        raise CannotStart(EXIT_ARGUMENTS, str(failure)) from None
    except schema.DatabaseUnusable as unusable:
        raise CannotStart(EXIT_DATABASE, f"{unusable} {way_back(path.parent)}") from None
    except OSError as error:
        raise CannotStart(EXIT_ARGUMENTS, f"{path} cannot be read: {error.strerror}.") from None
    if is_lost:
        # A new room in its place would hide the loss.
        how = "holds no room" if path.exists() else "is missing"
        raise CannotStart(EXIT_DATABASE, f"{path} {how}, and there was a room before. {way_back(path.parent)}")
    return version


def _has_log_alone(path: Path) -> bool:
    """Whether there is a write-ahead log without the database it belongs to, which SQLite would throw away."""
    log = Path(f"{path}-wal")
    is_there = path.exists() and path.stat().st_size > 1
    return not is_there and log.exists() and log.stat().st_size > 0


def look_at_log(path: Path) -> None:
    """Say so where SQLite is about to throw away what had been stored, and keep it."""
    lost = write_ahead_log.lost_commits(path)
    if not lost:
        return
    try:
        told = f"it is kept as {write_ahead_log.keep(path)}"
    except OSError as error:
        told = f"it cannot be kept: {error.strerror}"
    log.error("The write-ahead log is damaged, and the last %d commits are lost; %s", lost, told)


def load_key(path: Path) -> Any:
    """The host's key, made where there is none.

    Raises:
        CannotStart: it is damaged, or cannot be read or written.
    """
    try:
        return certificate.load_or_make_key(path)
    except (ValueError, TypeError):
        raise CannotStart(EXIT_ARGUMENTS, f"{path} is damaged; it was left as it is.") from None
    except OSError as error:
        raise CannotStart(EXIT_ARGUMENTS, f"{path} cannot be used: {error.strerror}.") from None


def way_back(data: Path) -> str:
    """What to do about a database that cannot be used."""
    good = backup.newest_good(data)
    if good is None:
        return "None of its backups can be used." if backup.backups(data) else "There is no backup of it."
    return f"The newest good backup is {good}; put it back with: mrsambosk restore --data {shlex.quote(str(data))}."
