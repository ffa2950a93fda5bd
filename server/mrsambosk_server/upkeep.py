"""`mrsambosk backup`, `backups`, `restore` and `verify`: what looks after a data directory, carried out and told.

Told in sentences, or with `--json` as one line on stdout for a program: `Copied`, `Kept`, `Restored` or `Verified`.
What failed is a sentence on stderr either way, and an exit status.
"""

import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import filelock

from mrsambosk_protocol import codec
from mrsambosk_protocol.upkeep import Copied, Kept, KeptFile, Restored, Verified, VerifiedFile

from . import backup, restore, schema
from .config import EXIT_ARGUMENTS, EXIT_DATA_IN_USE, EXIT_DATABASE, EXIT_STOPPED, Upkeep
from .host import LOCK_FILE

_BYTES_PER_MIB: Final = 1024 * 1024


def look_after(upkeep: Upkeep) -> int:
    """Carry out one of the commands and tell of it; the exit status."""
    try:
        status, answer = _VERBS[upkeep.verb](upkeep)
    except filelock.Timeout:
        _complain(f"A host is using {upkeep.data}; stop it first.")
        return EXIT_DATA_IN_USE
    except backup.BackupFailed as failed:
        _complain(str(failed))
        return EXIT_DATABASE if failed.damaged else EXIT_ARGUMENTS
    except restore.CannotRestore as failed:
        _complain(str(failed))
        return EXIT_DATABASE
    print(codec.encode_any(answer).decode() if upkeep.json else "\n".join(_sentences(answer)), flush=True)
    return status


def _backup(upkeep: Upkeep) -> tuple[int, Copied]:
    # In use or not: a running host's database is read beside it.
    return EXIT_STOPPED, Copied(str(backup.make_backup(upkeep.data, upkeep.file)))


def _backups(upkeep: Upkeep) -> tuple[int, Kept]:
    kept = []
    for made in reversed(backup.backups(upkeep.data)):
        with contextlib.suppress(OSError):  # thinned out meanwhile
            about = made.path.stat()
            at = int(about.st_mtime * 1000)
            kept.append(KeptFile(str(made.path), at, about.st_size, _count_messages(made.path)))
    return EXIT_STOPPED, Kept(tuple(kept))


def _restore(upkeep: Upkeep) -> tuple[int, Restored]:
    if not upkeep.data.is_dir():
        raise restore.CannotRestore(f"There is no directory {upkeep.data}.")
    with filelock.FileLock(upkeep.data / LOCK_FILE).acquire(blocking=False):
        done = restore.restore(upkeep.data, upkeep.file)
    kept = None if done.kept is None else str(done.kept)
    return EXIT_STOPPED, Restored(str(done.backup), kept, done.deletions, done.people, done.complete, done.continued)


def _verify(upkeep: Upkeep) -> tuple[int, Verified]:
    files = [upkeep.file] if upkeep.file else [upkeep.data / backup.DATABASE]
    if upkeep.file is None:
        files += [kept.path for kept in reversed(backup.backups(upkeep.data))]
    seen, status = [], EXIT_STOPPED
    for file in files:
        try:
            backup.check(file)
            seen.append(VerifiedFile(str(file), True, ""))
        except schema.DatabaseUnusable as unusable:
            seen.append(VerifiedFile(str(file), False, str(unusable)))
            out_of_reach = isinstance(unusable, schema.DatabaseOutOfReach)
            status = max(status, EXIT_ARGUMENTS if out_of_reach else EXIT_DATABASE)
    return status, Verified(tuple(seen))


Answer = Copied | Kept | Restored | Verified
_VERBS: Final[dict[str, Callable[[Upkeep], tuple[int, Answer]]]] = {
    "backup": _backup,
    "backups": _backups,
    "restore": _restore,
    "verify": _verify,
}


def _sentences(answer: Answer) -> list[str]:
    match answer:
        case Copied():
            return [f"Backed up to {answer.file}."]
        case Kept():
            return [_line(it) for it in answer.backups] or ["There are no backups yet."]
        case Verified():
            return [f"{it.file}: {it.problem or 'good'}" for it in answer.files]
    lines = [
        f"Restored {answer.file}.",
        f"Applied again from what was there: {answer.deletions} deletions, changes to {answer.people} people.",
    ]
    if not answer.continued:
        lines.append(
            "What was there is not known to go on from this backup: only deletions were applied again. "
            "Bans, roles, passwords, sessions and who may join are as they were in the backup."
        )
    elif not answer.complete:
        lines.append("What was there could not be read to its end: later deletions or bans may be missing.")
    if answer.kept is not None:
        lines.append(f"What was there is kept as {answer.kept}.")
    return lines


def _line(kept: KeptFile) -> str:
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.made_at / 1000))
    messages = "cannot be read" if kept.messages is None else f"{kept.messages:,} messages"
    return f"{made}  {kept.bytes / _BYTES_PER_MIB:.1f} MiB  {messages}  {kept.file}"


def _count_messages(path: Path) -> int | None:
    """What a person could read in it; a look, not a check."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            counted = db.execute("SELECT count(*) FROM messages WHERE kind = 'text' AND deleted_at IS NULL").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    return int(counted[0])


def _complain(sentence: str) -> None:
    print(f"mrsambosk: {sentence}", file=sys.stderr, flush=True)
