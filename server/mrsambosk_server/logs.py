"""What a host writes about itself: to stderr, and to files that rotate.

A line of the log is one line: control characters are escaped, so that nothing a client sends can forge another line or
drive a terminal. Nothing here should ever get a body, a token or a code; what looks like a token or a code is struck
out all the same, as the last line of defence.
"""

import logging
import logging.handlers
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import Final

FOLDER: Final = "logs"
_FILE_BYTES: Final = 1024 * 1024
_FILES: Final = 4
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: A bearer token is 43 letters of base64url; a host's fingerprint, which is public, has 52 of base32.
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
#: Join codes are two groups, reset codes four.
_CODE: Final = re.compile(r"(?<![A-Za-z0-9-])[A-Z2-9]{4}(?:-[A-Z2-9]{4}){1,3}(?![A-Za-z0-9-])")
#: What shows nothing or changes how the rest shows: controls, format characters, lone surrogates, line separators.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def set_up(verbose: bool) -> None:
    """Log to stderr. Call it once, before anything else logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(_FORMAT))
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
    handler.setFormatter(LineFormatter(_FORMAT))
    logging.getLogger().addHandler(handler)
    return handler


def close_file(handler: logging.Handler) -> None:
    """Stop logging there."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def escape(text: str) -> str:
    """Text as it may stand in one line of a log: nothing invisible, no token, no code."""
    return _CODE.sub("[code]", _TOKEN.sub("[token]", _HIDDEN.sub(_escaped, text)))


def _escaped(hidden: "re.Match[str]") -> str:
    code = ord(hidden[0])
    # Not the codec: it is imported at its first use, for which there may be no descriptor left.
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class LineFormatter(logging.Formatter):
    """A record as one line, and a traceback's lines below it, each escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escape(record.message)
        return super().formatMessage(record)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "\n".join(escape(line) for line in super().formatException(ei).split("\n"))


class _File(logging.handlers.RotatingFileHandler):
    """A log file that a full disk silences and never breaks."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass
