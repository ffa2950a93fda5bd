"""What the app writes about itself: to stderr, to files that rotate, and the last lines for a report.

Each line is as `loglines` makes it. Of an exception only its kind and its way are logged, with the system's own words
where it is the system's fault: any other message might hold what a person wrote.
"""

import logging
import logging.handlers
import sys
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Final

from mrsambosk_protocol.loglines import FORMAT, LineFormatter, escape

_FILE: Final = "mrsambosk.log"
_FILE_BYTES: Final = 1_000_000
_FILES: Final = 3
_LAST: Final = 120


class LastLines(logging.Handler):
    """The newest lines, for a report."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=_LAST)
        self.setFormatter(AppFormatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.extend(self.format(record).split("\n"))

    def lines(self) -> tuple[str, ...]:
        """The oldest first."""
        return tuple(self._lines)


class AppFormatter(LineFormatter):
    """A record as a line, an exception as its way and its kind."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        if ei[0] is None:
            return ""
        way = [f"  {it.filename}:{it.lineno} in {it.name}" for it in traceback.extract_tb(ei[2], limit=-20)]
        words = ei[1].strerror if isinstance(ei[1], OSError) else None
        kind = f"{ei[0].__module__}.{ei[0].__qualname__}"
        return "\n".join(escape(line) for line in (*way, f"{kind}: {words}" if words else kind))


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
        handler.setFormatter(AppFormatter(FORMAT))
        root.addHandler(handler)
    # Libraries tell what they carry once they are asked to tell more: statements with their values, frames.
    root.setLevel(logging.WARNING)
    logging.getLogger(__package__).setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("zeroconf").setLevel(logging.ERROR)  # it tells of each word that a pulled cable does not take
    return last
