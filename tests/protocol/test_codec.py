"""The codec by property: every struct comes back as it went, and no bytes get past it or crash it."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mrsambosk_protocol import codec
from mrsambosk_protocol.codec import BadFrame
from mrsambosk_protocol.commands import AnyCommand, Command, Ping, Post, Typing
from mrsambosk_protocol.events import AnyEvent, Event, MessageTold
from mrsambosk_protocol.limits import CODES, MAX_INTEGER, Limits
from tests.helpers import structs

RULES = Limits()
COMMANDS = AnyCommand.__args__
EVENTS = AnyEvent.__args__
CID = "0192f1c2-aaaa-bbbb"

any_command = st.one_of([structs.of(kind) for kind in COMMANDS])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def attempt(decode: Callable[..., Any], *args: Any) -> Any:
    """What it gives, or the `BadFrame` it raises; any other exception is the test's failure."""
    try:
        return decode(*args)
    except BadFrame as bad:
        return bad


def refusal(frame: bytes, rules: Limits = RULES) -> BadFrame:
    with pytest.raises(BadFrame) as caught:
        codec.decode_command(frame, rules)
    return caught.value


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_every_command_comes_back_as_it_went(kind: type[Command], data: st.DataObject) -> None:
    command = data.draw(structs.of(kind))
    frame = codec.encode(command)
    assert codec.decode_command(frame, RULES) == command
    assert json.loads(frame)["type"] == kind.__struct_config__.tag


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_every_event_comes_back_as_it_went(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(structs.of(kind))
    frame = codec.encode(event)
    assert codec.decode_event(frame) == event
    assert codec.decode_event(frame.decode()) == event


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (
            b'{"type":"post","ref":1,"room":"lobby","cid":"short","body":"x"}',
            "The field cid is missing, unknown or wrong.",
        ),
        (b'{"type":"post","ref":1,"room":"lobby","body":"x"}', "The field cid is missing, unknown or wrong."),
        (b'{"type":"ping","ref":1,"x":2}', "The field x is missing, unknown or wrong."),
        (b'{"type":"get","ref":1,"room":"lobby","ids":["a"]}', "The field ids is missing, unknown or wrong."),
        (b'{"type":"ping","ref":1,"a b":2}', "A field is missing, unknown or wrong."),
    ],
)
def test_a_wrong_field_is_named_to_a_person(frame: bytes, text: str) -> None:
    assert refusal(frame).text == text


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"")
@example(b"null")
@example(b'{"type":"ping","ref":1}{"type":"ping","ref":2}')
@example(b"\xef\xbb\xbf{}")
@example(b'{"type":"ping","ref":NaN}')
@example(b'{"type":"ping","ref":1e400}')
@example(b'{"type":["ping"],"ref":1}')
@example(b'{"type":"typing","room":"\\ud800"}')
@example(b'{"type":"typing","room":"\xed\xa0\x80"}')
@example(b"[" * 60_000)
@example(b'{"a":' * 10_000)
def test_no_bytes_crash_the_codec(frame: bytes) -> None:
    for rules in (RULES, Limits(json_depth=MAX_INTEGER)):
        got = attempt(codec.decode_command, frame, rules)
        if isinstance(got, BadFrame):
            assert got.code in ("bad_json", "bad_field", "unknown_type")
            assert got.ref is None or 1 <= got.ref <= MAX_INTEGER
        else:
            assert isinstance(got, Command)
    got = attempt(codec.decode_event, frame)
    if isinstance(got, BadFrame):
        assert got.code in ("bad_json", "bad_field")
    else:
        assert isinstance(got, Event | None)


@given(any_command, st.data())
def test_no_damaged_frame_crashes_the_codec(command: Command, data: st.DataObject) -> None:
    frame = codec.encode(command)
    place = data.draw(st.integers(0, len(frame)))
    cut = data.draw(st.integers(0, 4))
    damaged = frame[:place] + data.draw(st.binary(max_size=4)) + frame[place + cut :]
    got = attempt(codec.decode_command, damaged, RULES)
    assert isinstance(got, Command) or got.code in ("bad_json", "bad_field", "unknown_type")


@given(any_command, st.text(structs.TEXT, min_size=1, max_size=10), st.none() | st.integers() | st.text(structs.TEXT))
def test_an_unknown_field_is_refused_with_its_ref(command: Command, name: str, value: Any) -> None:
    whole = msgspec.to_builtins(command)
    assume(name not in command.__struct_fields__ and name != "type")
    bad = refusal(json.dumps({**whole, name: value}).encode())
    assert (bad.code, bad.ref, bad.type) == ("bad_field", whole.get("ref"), whole["type"])


@given(any_command, st.data())
def test_a_missing_field_is_refused(command: Command, data: st.DataObject) -> None:
    whole = msgspec.to_builtins(command)
    needed = [field.name for field in msgspec.structs.fields(command) if field.required]
    gone = data.draw(st.sampled_from(needed))
    del whole[gone]
    bad = refusal(json.dumps(whole).encode())
    assert bad.code == "bad_field"
    assert bad.ref == whole.get("ref")


@pytest.mark.parametrize(
    ("frame", "code", "ref"),
    [
        (b'{"type":"shout","ref":7}', "unknown_type", 7),
        (b'{"ref":7}', "bad_field", 7),
        (b'{"type":"ping"}', "bad_field", None),
        (b'{"type":"ping","ref":0}', "bad_field", None),
        (b'{"type":"ping","ref":true}', "bad_field", None),
        (b'{"type":"ping","ref":9007199254740992}', "bad_field", None),
        (b'{"type":"ping","ref":1.5}', "bad_field", None),
        (b'{"type":"ping","ref":1', "bad_json", None),
        (b'{"type":"ping","ref":NaN}', "bad_json", None),
        (b"[]", "bad_json", None),
        (b'{"type":"typing","room":"\\ud800"}', "bad_json", None),
        (b'{"type":"typing","room":""}', "bad_field", None),
        (b'{"type":"presence","ref":3,"status":"offline"}', "bad_field", 3),
        (b'{"type":"history","ref":3,"room":"lobby","before":5,"around":5}', "bad_field", 3),
        (b'{"type":"post","ref":3,"room":"lobby","cid":"short","body":"hi"}', "bad_field", 3),
        (b'{"type":"post","ref":3,"room":"lobby","cid":"0192f1c2-aaaa-bbbb\\n","body":"hi"}', "bad_field", 3),
    ],
)
def test_each_broken_rule_has_its_code(frame: bytes, code: str, ref: int | None) -> None:
    bad = refusal(frame)
    assert (bad.code, bad.ref) == (code, ref)
    assert code in CODES


@given(st.integers(1, 30), st.booleans())
def test_depth_is_counted_outside_strings_only(depth: int, filled: bool) -> None:
    inside = '"\\"]}[[[{{{' + "[" * 40 + '"' if filled else ""
    text = ("[" * depth + inside + "]" * depth).encode()
    if depth <= RULES.json_depth:
        codec.check_depth(text, RULES.json_depth)
    else:
        with pytest.raises(BadFrame) as caught:
            codec.check_depth(text, RULES.json_depth)
        assert caught.value.code == "bad_json"


def test_brackets_in_a_body_are_text() -> None:
    post = Post(ref=1, room="lobby", cid=CID, body="{[" * 400 + '"\\')
    assert codec.decode_command(codec.encode(post), RULES) == post


def test_a_client_ignores_what_it_does_not_know() -> None:
    assert codec.decode_event('{"type":"confetti","room":"lobby"}') is None
    assert codec.decode_event('{"colour":"red"}') is None
    told = codec.decode_event('{"type":"typing","room":"lobby","user":"u_1","later":{"version":2}}')
    assert told == codec.decode_event('{"type":"typing","room":"lobby","user":"u_1"}')


def test_a_host_that_speaks_another_language_is_told_from_a_later_one() -> None:
    with pytest.raises(BadFrame):
        codec.decode_event('{"type":"typing","room":5}')
    with pytest.raises(BadFrame):
        codec.decode_event("<html>")


def test_absent_values_of_a_message_are_null_and_of_an_event_absent() -> None:
    told = codec.encode(MessageTold(room="lobby", rev=4))
    assert json.loads(told) == {"type": "message", "room": "lobby", "rev": 4}
    assert json.loads(codec.encode(Typing(room="lobby"))) == {"type": "typing", "room": "lobby"}
    assert json.loads(codec.encode(Ping(ref=1))) == {"type": "ping", "ref": 1}
