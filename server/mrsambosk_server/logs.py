"""What a host writes about itself: to stderr, and to files that rotate; each line as `loglines` makes it."""

import contextlib
import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Final

from mrsambosk_protocol.loglines import FORMAT, LineFormatter

FOLDER: Final = "logs"
_FILE_BYTES: Final = 1024 * 1024
_FILES: Final = 4


def set_up(verbose: bool) -> None:
    """Log to stderr. Call it once, before anything else logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for noisy in ("asyncio", "filelock", "peewee", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for noisier in ("uvicorn", "zeroconf"):  # the latter tells each word that a pulled cable does not take, at length
        logging.getLogger(noisier).setLevel(logging.ERROR)


def open_file(data: Path) -> logging.Handler | None:
    """Log to `logs/host.log` in a data directory too, which the caller has locked; None where that cannot be.

    Give the handler to `close_file` at the end.
    """
    folder = data / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handler = _File(
            folder / "host.log",
            maxBytes=_FILE_BYTES,
            backupCount=_FILES - 1,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        logging.getLogger(__name__).warning("There is no log file: %s", error.strerror)
        return None
    handler.setFormatter(LineFormatter(FORMAT))
    logging.getLogger().addHandler(handler)
    return handler


def close_file(handler: logging.Handler) -> None:
    """Stop logging there, also where what was not written yet finds no space."""
    logging.getLogger().removeHandler(handler)
    with contextlib.suppress(OSError):
        handler.close()


class _File(logging.handlers.RotatingFileHandler):
    """A log file that a full disk silences and never breaks."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass
