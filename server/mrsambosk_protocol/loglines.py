"""What both programs write into a log: one line stays one line, and what looks like a secret is struck out.

Nothing that a client sends can forge another line or drive a terminal. Nothing logged should ever get a body, a token
or a code; this is the last line of defence. Of an exception only its kind and its way are logged, with the system's own
words where it is the system's fault: any other message might hold what a person wrote.
"""

import logging
import re
import traceback
from types import TracebackType
from typing import Final

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: A bearer token is 43 letters of base64url; a host's fingerprint, which is public, has 52 of base32.
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
#: Join codes are two groups, reset codes and personal invites four.
_CODE: Final = re.compile(r"(?<![A-Za-z0-9-])[A-Z2-9]{4}(?:-[A-Z2-9]{4}){1,3}(?![A-Za-z0-9-])")
#: What shows nothing or changes how the rest shows: controls, format characters, lone surrogates, line separators.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def escape(text: str) -> str:
    """Text as it may stand in one line of a log: nothing invisible, no token, no code."""
    return _CODE.sub("[code]", _TOKEN.sub("[token]", _HIDDEN.sub(_escaped, text)))


def _escaped(hidden: "re.Match[str]") -> str:
    code = ord(hidden[0])
    # Not the codec: it is imported at its first use, for which there may be no descriptor left.
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class LineFormatter(logging.Formatter):
    """A record as one line, and below it the way and the kind of an exception, each line escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escape(record.message)
        return super().formatMessage(record)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        if ei[0] is None:
            return ""
        way = [f"  {it.filename}:{it.lineno} in {it.name}" for it in traceback.extract_tb(ei[2], limit=-20)]
        words = ei[1].strerror if isinstance(ei[1], OSError) else None
        kind = f"{ei[0].__module__}.{ei[0].__qualname__}"
        lines = ("Traceback (most recent call last):", *way, f"{kind}: {words}" if words else kind)
        return "\n".join(escape(line) for line in lines)
