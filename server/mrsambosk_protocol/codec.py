"""Frame ⇄ struct: strict for what a client asks, lenient for what the host says.

`decode_command` is what the host does with every frame of a stranger: any bytes give a command or a `BadFrame`,
never another exception. `decode_event` is what a client does with the host's: what it does not know is `None`.
"""

import json
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
#: In msgspec's messages: the field that is missing or unknown, else the place of the wrong one (`$.cid`, `$.ids[0]`).
_named_field: Final = re.compile(r"field `([A-Za-z_]{1,40})`")
_path: Final = re.compile(r"`(?:key in )?\$\.?([A-Za-z_]{0,40})")
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
    try:
        check_depth(frame, rules.json_depth)
        return _command_decoder.decode(frame)
    except BadFrame as deep:
        raise BadFrame(deep.code, deep.text, _ref_of(frame)) from None
    except msgspec.ValidationError as error:
        raise _explain(frame, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadFrame("bad_json", "This is not a JSON object.", _ref_of(frame)) from None


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
        raise BadFrame("bad_field", wrong_field(str(error))) from None
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
        return BadFrame(bad.code, bad.text, _ref_of(frame))
    kind = whole.get("type")
    kind = kind if isinstance(kind, str) else None
    ref = _as_ref(whole.get("ref"))
    if kind is not None and kind not in COMMAND_TYPES:
        return BadFrame("unknown_type", "This host does not know that kind of request.", ref, kind)
    return BadFrame("bad_field", wrong_field(reason), ref, kind)


def wrong_field(reason: str) -> str:
    """The decoder's reason as a sentence for a person: which field, without how it is checked."""
    named = _named_field.search(reason) or _path.search(reason)
    field = named[1] if named else ""
    return f"The field {field} is missing, unknown or wrong." if field else "A field is missing, unknown or wrong."


def _ref_of(frame: bytes) -> int | None:
    """The `ref` of a frame that the strict decoder does not take: too deep, or with a lone surrogate in it."""
    try:
        whole = json.loads(frame.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return _as_ref(whole.get("ref")) if isinstance(whole, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _as_ref(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limits.MAX_INTEGER:
        return value
    return None
