"""The write-ahead log that a killed host left, looked through before SQLite takes it over.

SQLite takes such a log up to the first frame that is wrong, and says nothing of what lies behind. After a power cut
that is right: the last commit had not reached the disk, so nobody was told of it. But a commit is synced before the
next one is begun: where more lies behind a whole commit, the disk spoiled what it had stored.

(The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log)
"""

import contextlib
import errno
import filecmp
import os
import secrets
import shutil
import struct
import time
from pathlib import Path
from typing import BinaryIO, Final

from .reserve import HEADROOM_BYTES, RESERVE_BYTES

_MAGIC: Final = 0x377F0682
_HEAD: Final = struct.Struct(">8I")
#: Page, the database's size after a commit or 0, two salts, two sums.
_FRAME: Final = struct.Struct(">6I")
_PAGE_BYTES: Final = 4096
#: A second or so of looking.
_MOST_BYTES: Final = 32 * 1024 * 1024

_Sums = tuple[int, int]


def lost_commits(database: Path) -> int:
    """How many commits lie behind a damage in a database's log, though they had been stored.

    0 also where there is no log, or none that can be read: SQLite says that itself; and where it is so large that
    looking through it would hold up the start.
    """
    with contextlib.suppress(OSError), _log(database).open("rb") as file:
        if os.fstat(file.fileno()).st_size <= _MOST_BYTES:
            return _lost_commits(file)
    return 0


def keep(database: Path) -> Path:
    """Copy the log of a database aside, for who might get something out of it; the copy.

    One that was copied already is not copied again, and of earlier ones the newest stays: deleted text is in them.

    Raises:
        OSError: there is no space for it.
    """
    log = _log(database)
    earlier = sorted(database.parent.glob("damaged-*.db-wal"))
    if earlier and filecmp.cmp(earlier[-1], log, shallow=False):
        return earlier[-1]
    if shutil.disk_usage(database.parent).free < log.stat().st_size + RESERVE_BYTES + HEADROOM_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for old in earlier[:-1]:
        old.unlink(missing_ok=True)
    when = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    kept = database.with_name(f"damaged-{when}-{secrets.token_hex(2)}.db-wal")
    try:
        shutil.copy2(log, kept)
    except OSError:
        kept.unlink(missing_ok=True)
        raise
    return kept


def _lost_commits(file: BinaryIO) -> int:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return 0
    commits, is_more_behind = 0, False
    magic, _version, page_bytes, _number, *salts, sum_one, sum_two = _HEAD.unpack(head)
    order = ">" if magic & 1 else "<"
    sums = _add(order, (0, 0), head[:24])
    whole = magic & ~1 == _MAGIC and sums == (sum_one, sum_two)
    if not whole:
        page_bytes, salts = _PAGE_BYTES, []
    while len(frame := file.read(_FRAME.size + page_bytes)) == _FRAME.size + page_bytes:
        _page, size, *own_salts, sum_one, sum_two = _FRAME.unpack_from(frame)
        # What has other salts is left from before the log was last begun anew.
        salts = salts or own_salts
        if whole:
            sums = _add(order, _add(order, sums, frame[:8]), frame[_FRAME.size :])
            whole = own_salts == salts and sums == (sum_one, sum_two)
        if not whole and own_salts == salts:
            is_more_behind = is_more_behind or commits > 0
            commits += size > 0
    return commits if is_more_behind else 0


def _log(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def _add(order: str, sums: _Sums, data: bytes) -> _Sums:
    """The sums after more data, in words of this byte order."""
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
