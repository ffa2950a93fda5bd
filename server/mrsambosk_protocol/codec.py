"""Frame ⇄ struct: strict for what a client asks, lenient for what the host says.

`decode_command` is what the host does with every frame of a stranger: any bytes give a command or a `BadFrame`,
never another exception. `decode_event` is what a client does with the host's: what it does not know is `None`.
"""

import re
from typing import Any, Final, TypeVar

import msgspec

from . import limits
from .commands import AnyCommand, Command
from .events import AnyEvent, Event
from .limits import Limits, Refused

T = TypeVar("T")

_encoder: Final = msgspec.json.Encoder()
_command_decoder: Final[msgspec.json.Decoder[AnyCommand]] = msgspec.json.Decoder(AnyCommand)
_event_decoder: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)
_any_decoder: Final = msgspec.json.Decoder()
_string: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

COMMAND_TYPES: Final = frozenset(kind.__struct_config__.tag for kind in AnyCommand.__args__)
EVENT_TYPES: Final = frozenset(kind.__struct_config__.tag for kind in AnyEvent.__args__)


class BadFrame(Refused):
    """A frame that breaks the language. `ref` is the client's number where one could be read, else None."""

    def __init__(self, code: str, text: str, ref: int | None = None, type: str | None = None) -> None:
        super().__init__(code, text)
        self.ref = ref
        self.type = type


def encode(thing: Command | Event) -> bytes:
    """One frame's text, as UTF-8."""
    return _encoder.encode(thing)


def encode_any(thing: Any) -> bytes:
    """JSON of anything made of structs, lists and dicts, as UTF-8 (HTTP bodies, the ready line)."""
    return _encoder.encode(thing)


def decode_command(frame: bytes, rules: Limits) -> AnyCommand:
    """The command in a client's text frame (UTF-8, already checked for size).

    Raises:
        BadFrame: `bad_json` (not JSON, not an object, too deep, a lone surrogate, NaN), `unknown_type` or `bad_field`,
            with the `ref` where it could be read. Answer it as `refused` and keep the connection.
    """
    check_depth(frame, rules.json_depth)
    try:
        return _command_decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise _explain(frame, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadFrame("bad_json", "This is not a JSON object.") from None


def decode_body(text: bytes, kind: type[T], rules: Limits) -> T:
    """An HTTP request's body.

    Raises:
        BadFrame: `bad_json` or `bad_field`.
    """
    check_depth(text, rules.json_depth)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        decode_object(text)
        raise BadFrame("bad_field", f"A field is missing, unknown or wrong: {error}.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadFrame("bad_json", "This is not a JSON object.") from None


def decode_event(frame: bytes | str) -> AnyEvent | None:
    """The event in a host's frame, or None for one this version does not know.

    Raises:
        BadFrame: `bad_json` or `bad_field`: this host does not speak the language; close with 1002.
    """
    try:
        return _event_decoder.decode(frame)
    except msgspec.ValidationError as error:
        kind = decode_object(frame).get("type")
        if not isinstance(kind, str) or kind not in EVENT_TYPES:
            return None
        raise BadFrame("bad_field", str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadFrame("bad_json", "This is not a JSON object.") from None


def decode_object(text: bytes | str) -> dict[str, Any]:
    """Any JSON object.

    Raises:
        BadFrame: `bad_json`.
    """
    try:
        whole = _any_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadFrame("bad_json", "This is not JSON.") from None
    if not isinstance(whole, dict):
        raise BadFrame("bad_json", "A JSON object is needed here.")
    return whole


def check_depth(text: bytes, depth: int) -> None:
    """Refuse JSON nested deeper than `depth`, without recursion.

    Raises:
        BadFrame: `bad_json`.
    """
    # Two counts in C settle every honest frame; brackets inside strings only matter past that.
    if text.count(b"[") + text.count(b"{") <= depth:
        return
    open_now = 0
    for byte in _string.sub(b"", text):
        if byte in b"[{":
            open_now += 1
            if open_now > depth:
                raise BadFrame("bad_json", f"The JSON is nested deeper than {depth} levels.")
        elif byte in b"]}":
            open_now -= 1


def _explain(frame: bytes, reason: str) -> BadFrame:
    """Which rule a decodable or undecodable frame breaks, with its `ref` and `type` where they can be read."""
    try:
        whole = decode_object(frame)
    except BadFrame as bad:
        return bad
    kind = whole.get("type")
    kind = kind if isinstance(kind, str) else None
    ref = whole.get("ref")
    if not isinstance(ref, int) or isinstance(ref, bool) or not 1 <= ref <= limits.MAX_INTEGER:
        ref = None
    if kind is not None and kind not in COMMAND_TYPES:
        return BadFrame("unknown_type", "This host does not know that kind of request.", ref, kind)
    return BadFrame("bad_field", f"A field is missing, unknown or wrong: {reason}.", ref, kind)
