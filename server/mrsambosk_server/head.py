"""The head of an HTTP request, read strictly before anything else looks at it.

Whatever two parsers could read in two ways is refused here (RFC 9112 §2.2, §3, §6): bare LF, folded lines, two
lengths, a length with a coding, absolute targets. Pure: bytes in, `Head` or `BadHead` out.
"""

import re
from typing import Final

import msgspec

_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])\Z")
_FIELD: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*\Z"
)
_HEADERS: Final = 100
_TARGET: Final = 8192


class BadHead(Exception):
    """A head that is refused: an HTTP status and a sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class Head(msgspec.Struct, frozen=True):
    """A request's method, target and fields (names in lower case, in order)."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self.fields if key == name]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def wants_websocket(self) -> bool:
        return any("websocket" in value.lower() for value in self.all("upgrade"))


def parse_head(raw: bytes) -> Head:
    """The head in `raw`, which ends with the empty line.

    Raises:
        BadHead: answer with its status and close: nothing after it can be trusted.
    """
    lines = raw[:-4].split(b"\r\n")
    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        raise BadHead(400, "A line of the request ends in a bare CR or LF.")
    if len(lines[0]) > _TARGET:
        raise BadHead(414, "The request's target is too long.")
    start = _REQUEST_LINE.match(lines[0])
    if start is None:
        raise BadHead(400, "This is not a request line of HTTP/1.1.")
    if len(lines) - 1 > _HEADERS:
        raise BadHead(431, "The request has too many header fields.")
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        field = _FIELD.match(line)
        if field is None:
            raise BadHead(400, "A header field of the request is malformed.")
        fields.append((field[1].decode("ascii").lower(), field[2].decode("latin-1")))
    head = Head(start[1].decode("ascii"), start[2].decode("ascii"), tuple(fields))
    _check_length(head, old=start[3] == b"0")
    return head


def _check_length(head: Head, *, old: bool) -> None:
    """One way to know where the body ends, or none."""
    lengths, codings = head.all("content-length"), head.all("transfer-encoding")
    if len(lengths) > 1 or (lengths and codings) or (codings and old):
        raise BadHead(400, "The request says in more than one way how long it is.")
    if lengths and not re.fullmatch(r"[0-9]{1,12}", lengths[0]):
        raise BadHead(400, "The request's length is not a number.")
    if codings and [coding.lower() for coding in codings] != ["chunked"]:
        raise BadHead(501, "This host knows no transfer coding but chunked.")
    if head.wants_websocket and (codings or (lengths and int(lengths[0]))):
        raise BadHead(400, "A request for a WebSocket has no body.")
