"""A file that holds a little space, given up when the disk is full, so that deleting goes on working.

A delete needs room too: it is written to the write-ahead log before anything is freed. Used by the ledger's writer
thread only.
"""

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 2 * 1024 * 1024
#: The reserve is taken back only where so much stays free beside it: else the next few posts would fill the disk again.
HEADROOM_BYTES: Final = 1024 * 1024
#: With less than this free, a failed write of whatever kind is called a full disk.
_NOTHING_LEFT_BYTES: Final = 256 * 1024


class Reserve:
    """The file `reserve` in a data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "reserve"

    def keep(self) -> bool:
        """Take the space, or keep what is held; whether it is held now. False: the disk is too full for it."""
        try:
            if self._path.stat().st_size == RESERVE_BYTES:
                return True
        except OSError:
            pass
        try:
            if shutil.disk_usage(self._folder).free < RESERVE_BYTES + HEADROOM_BYTES:
                return False
            with self._path.open("wb") as file:
                _allocate(file.fileno())
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the space up for what must be written."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def is_disk_full(self) -> bool:
        """Whether next to nothing is free, so that a write that failed in an unclear way failed for that."""
        try:
            return shutil.disk_usage(self._folder).free < _NOTHING_LEFT_BYTES
        except OSError:
            return False


def _allocate(descriptor: int) -> None:
    """Real space, not a hole."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
    os.write(descriptor, bytes(RESERVE_BYTES))
    os.fsync(descriptor)
