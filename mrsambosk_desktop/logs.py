"""What the app writes about itself: to stderr, to files that rotate, and the last lines for a report.

Each line is as `loglines` makes it.
"""

import logging
import logging.handlers
import sys
from collections import deque
from pathlib import Path
from typing import Final

from mrsambosk_protocol.loglines import FORMAT, LineFormatter

_FILE: Final = "mrsambosk.log"
_FILE_BYTES: Final = 1_000_000
_FILES: Final = 3
_LAST: Final = 120


class LastLines(logging.Handler):
    """The newest lines, for a report."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=_LAST)
        self.setFormatter(LineFormatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.extend(self.format(record).split("\n"))

    def lines(self) -> tuple[str, ...]:
        """The oldest first."""
        return tuple(self._lines)


class _File(logging.handlers.RotatingFileHandler):
    """A log file that a full disk silences and never breaks."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


def set_up(verbose: bool, folder: Path | None) -> LastLines:
    """Log to stderr, which a program without a console lacks, to a file in the folder, and to what this gives.

    Raises:
        OSError: the folder can't be written.
    """
    last = LastLines()
    handlers: list[logging.Handler] = [last]
    if sys.stderr is not None:
        handlers.append(logging.StreamHandler())
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(
            _File(
                folder / _FILE,
                maxBytes=_FILE_BYTES,
                backupCount=_FILES - 1,
                encoding="utf-8",
                errors="backslashreplace",
            )
        )
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(LineFormatter(FORMAT))
        root.addHandler(handler)
    # Libraries tell what they carry once they are asked to tell more: statements with their values, frames.
    root.setLevel(logging.WARNING)
    logging.getLogger(__package__).setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("zeroconf").setLevel(logging.ERROR)  # it tells of each word that a pulled cable does not take
    return last
