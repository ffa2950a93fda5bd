"""Wrong frames: each gets the code the document names, with the `ref` where one could be read, and hurts nobody."""

import json

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register

CID = "0123456789abcdefX"


def nested(depth: int) -> str:
    """A `ping` whose unknown field makes it `depth` levels deep in all."""
    return '{"type":"ping","ref":9,"x":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


# name → (frame, codes that are right, ref)
NOT_JSON = ("bad_json",)
BAD_FRAMES: dict[str, tuple[str, tuple[str, ...], int | None]] = {
    "nothing": ("", NOT_JSON, None),
    "spaces": ("   ", NOT_JSON, None),
    "words": ("hello there", NOT_JSON, None),
    "cut short": ('{"type":"ping","ref":9', NOT_JSON, None),
    "trailing comma": ('{"type":"ping","ref":9,}', NOT_JSON, None),
    "two objects": ('{"type":"ping","ref":9}{"type":"ping","ref":10}', NOT_JSON, None),
    "single quotes": ("{'type':'ping','ref':9}", NOT_JSON, None),
    "a list": ('[{"type":"ping","ref":9}]', NOT_JSON, None),
    "a number": ("42", NOT_JSON, None),
    "a string": ('"ping"', NOT_JSON, None),
    "null": ("null", NOT_JSON, None),
    "true": ("true", NOT_JSON, None),
    "NaN": ('{"type":"ping","ref":NaN}', NOT_JSON, None),
    "Infinity": ('{"type":"ping","ref":9,"x":Infinity}', NOT_JSON, None),
    "minus Infinity": ('{"type":"ping","ref":9,"x":-Infinity}', NOT_JSON, None),
    "a control character in a string": ('{"type":"ping","ref":9,"x":"a\x01b"}', NOT_JSON, None),
    "a byte order mark": ('\ufeff{"type":"ping","ref":9}', NOT_JSON, None),
    "17 levels": (nested(17), NOT_JSON, 9),
    "a lone surrogate": ('{"type":"ping","ref":9,"x":"\\ud800"}', NOT_JSON, 9),
    "10,000 levels": ("[" * 10_000 + "]" * 10_000, NOT_JSON, None),
    "10,000 open brackets": ("[" * 10_000, NOT_JSON, None),
    "10,000 open objects": ('{"a":' * 10_000, NOT_JSON, None),
    "16 levels and an unknown field": (nested(16), ("bad_field",), 9),
    "brackets in a string": ('{"type":"ping","ref":9,"x":"' + "[" * 50 + '"}', ("bad_field",), 9),
    # A missing type is a missing field, a wrong one a wrong field; either is also a type nobody knows.
    "no type": ('{"ref":9}', ("bad_field", "unknown_type"), 9),
    "empty object": ("{}", ("bad_field", "unknown_type"), None),
    "type a number": ('{"type":5,"ref":9}', ("bad_field", "unknown_type"), 9),
    "type null": ('{"type":null,"ref":9}', ("bad_field", "unknown_type"), 9),
    "type unknown": ('{"type":"pong","ref":9}', ("unknown_type",), 9),
    "type of an event": ('{"type":"message","ref":9}', ("unknown_type",), 9),
    "type in capitals": ('{"type":"PING","ref":9}', ("unknown_type",), 9),
    "type empty": ('{"type":"","ref":9}', ("unknown_type", "bad_field"), 9),
    "unknown type, unreadable ref": ('{"type":"pong","ref":"9"}', ("unknown_type",), None),
    "unknown field": ('{"type":"ping","ref":9,"x":1}', ("bad_field",), 9),
    "no ref": ('{"type":"ping"}', ("bad_field",), None),
    "ref 0": ('{"type":"ping","ref":0}', ("bad_field",), None),
    "ref below 0": ('{"type":"ping","ref":-3}', ("bad_field",), None),
    "ref a word": ('{"type":"ping","ref":"9"}', ("bad_field",), None),
    "ref true": ('{"type":"ping","ref":true}', ("bad_field",), None),
    "ref null": ('{"type":"ping","ref":null}', ("bad_field",), None),
    "ref a list": ('{"type":"ping","ref":[9]}', ("bad_field",), None),
    "ref a fraction": ('{"type":"ping","ref":1.5}', ("bad_field",), None),
    "ref past 2^53": ('{"type":"ping","ref":9007199254740992}', ("bad_field", "bad_json"), None),
    "ref past 2^64": ('{"type":"ping","ref":36893488147419103232}', ("bad_field", "bad_json"), None),
    "ref of 400 digits": ('{"type":"ping","ref":' + "9" * 400 + "}", ("bad_field", "bad_json"), None),
    "ref 1e400": ('{"type":"ping","ref":1e400}', ("bad_field", "bad_json"), None),
}
_POST = {"type": "post", "ref": 9, "room": "lobby", "cid": CID, "body": "x"}
BAD_COMMANDS: dict[str, dict[str, object]] = {
    "post without body": {**_POST, "body": ...},
    "post without room": {**_POST, "room": ...},
    "post without cid": {**_POST, "cid": ...},
    "post, body a number": {**_POST, "body": 5},
    "post, body null": {**_POST, "body": None},
    "post, body a list": {**_POST, "body": ["x"]},
    "post, room a number": {**_POST, "room": 1},
    "post, room null": {**_POST, "room": None},
    "post, cid of 15": {**_POST, "cid": "a" * 15},
    "post, cid of 41": {**_POST, "cid": "a" * 41},
    "post, cid with a space": {**_POST, "cid": "a" * 16 + " "},
    "post, cid with a line break": {**_POST, "cid": "a" * 16 + "\n"},
    "post, cid not ASCII": {**_POST, "cid": "ä" * 16},
    "post, cid with a dot": {**_POST, "cid": "a" * 16 + "."},
    "post, cid a number": {**_POST, "cid": 1234567890123456},
    "post, mentions a word": {**_POST, "mentions": "u_1"},
    "post, mentions numbers": {**_POST, "mentions": [1]},
    "post, mentions an object": {**_POST, "mentions": {}},
    "post, reply_to a word": {**_POST, "reply_to": "1"},
    "post, reply_to 0": {**_POST, "reply_to": 0},
    "post, reply_to below 0": {**_POST, "reply_to": -1},
    "post, reply_to a fraction": {**_POST, "reply_to": 1.5},
    "post, files a word": {**_POST, "files": "f"},
    "post, an id": {**_POST, "id": 5},
    "post, an author": {**_POST, "author": "u_1"},
    "post, a kind": {**_POST, "kind": "system"},
    "edit without id": {"type": "edit", "ref": 9, "room": "lobby", "body": "x"},
    "edit without body": {"type": "edit", "ref": 9, "room": "lobby", "id": 1},
    "edit, id a word": {"type": "edit", "ref": 9, "room": "lobby", "id": "1", "body": "x"},
    "edit, id true": {"type": "edit", "ref": 9, "room": "lobby", "id": True, "body": "x"},
    "delete without id": {"type": "delete", "ref": 9, "room": "lobby"},
    "delete, a body": {"type": "delete", "ref": 9, "room": "lobby", "id": 1, "body": ""},
    "delete, id below 0": {"type": "delete", "ref": 9, "room": "lobby", "id": -1},
    "react without on": {"type": "react", "ref": 9, "room": "lobby", "id": 1, "emoji": "👍"},
    "react, on a number": {"type": "react", "ref": 9, "room": "lobby", "id": 1, "emoji": "👍", "on": 1},
    "react, on a word": {"type": "react", "ref": 9, "room": "lobby", "id": 1, "emoji": "👍", "on": "true"},
    "react without emoji": {"type": "react", "ref": 9, "room": "lobby", "id": 1, "on": True},
    "pin without on": {"type": "pin", "ref": 9, "room": "lobby", "id": 1},
    "pin, on null": {"type": "pin", "ref": 9, "room": "lobby", "id": 1, "on": None},
    "history without room": {"type": "history", "ref": 9},
    "history, limit 0": {"type": "history", "ref": 9, "room": "lobby", "limit": 0},
    "history, limit 101": {"type": "history", "ref": 9, "room": "lobby", "limit": 101},
    "history, limit below 0": {"type": "history", "ref": 9, "room": "lobby", "limit": -1},
    "history, limit a word": {"type": "history", "ref": 9, "room": "lobby", "limit": "5"},
    "history, before a word": {"type": "history", "ref": 9, "room": "lobby", "before": "5"},
    "history, before below 0": {"type": "history", "ref": 9, "room": "lobby", "before": -5},
    "history, before and after": {"type": "history", "ref": 9, "room": "lobby", "before": 5, "after": 2},
    "history, all three": {"type": "history", "ref": 9, "room": "lobby", "before": 5, "after": 2, "around": 3},
    "history, pinned a number": {"type": "history", "ref": 9, "room": "lobby", "pinned": 1},
    "get without ids": {"type": "get", "ref": 9, "room": "lobby"},
    "get, 101 ids": {"type": "get", "ref": 9, "room": "lobby", "ids": list(range(1, 102))},
    "get, ids of words": {"type": "get", "ref": 9, "room": "lobby", "ids": ["1"]},
    "get, ids a number": {"type": "get", "ref": 9, "room": "lobby", "ids": 1},
    "get, an id below 0": {"type": "get", "ref": 9, "room": "lobby", "ids": [-1]},
    "search without query": {"type": "search", "ref": 9},
    "search, query a number": {"type": "search", "ref": 9, "query": 5},
    "search, limit 51": {"type": "search", "ref": 9, "query": "x", "limit": 51},
    "search, limit 0": {"type": "search", "ref": 9, "query": "x", "limit": 0},
    "search, cursor a number": {"type": "search", "ref": 9, "query": "x", "cursor": 5},
    "read without id": {"type": "read", "ref": 9, "room": "lobby"},
    "read, id a word": {"type": "read", "ref": 9, "room": "lobby", "id": "1"},
    "read, id below 0": {"type": "read", "ref": 9, "room": "lobby", "id": -1},
    "read, back a number": {"type": "read", "ref": 9, "room": "lobby", "id": 1, "back": 1},
    "seen without id": {"type": "seen", "ref": 9, "room": "lobby"},
    "presence offline": {"type": "presence", "ref": 9, "status": "offline"},
    "presence asleep": {"type": "presence", "ref": 9, "status": "asleep"},
    "presence without status": {"type": "presence", "ref": 9},
    "presence online with a line break": {"type": "presence", "ref": 9, "status": "online\n"},
    "typing with a ref": {"type": "typing", "ref": 9, "room": "lobby"},
}


@pytest.fixture(scope="module")
def watcher(host: HostProcess) -> Person:
    return register(host)


@pytest.mark.parametrize(("frame", "codes", "ref"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_bad_frame_is_refused_and_the_connection_stays(
    host: HostProcess, watcher: Person, frame: str, codes: tuple[str, ...], ref: int | None
) -> None:
    async with WireClient(host, watcher.token) as client:
        since = len(client.log)
        await client.send_raw(frame)
        reply = await client.next("refused")
        assert reply["code"] in codes, reply
        assert reply["ref"] == ref, reply
        await client.settle()
        assert len(client.heard("refused", since)) == 1


async def test_each_bad_command_is_refused_with_its_ref(host: HostProcess) -> None:
    items = iter(BAD_COMMANDS.items())
    exhausted = False
    while not exhausted:
        # Nine of them are borne on one connection; anyone new may send nine more.
        async with WireClient(host, register(host).token) as client:
            before = client.lobby.cursor
            for _ in range(9):
                name, command = next(items, ("", {}))
                if exhausted := not name:
                    break
                await client.send_raw(json.dumps({key: value for key, value in command.items() if value is not ...}))
                reply = await client.next("refused")
                assert (reply["code"], reply["ref"]) == ("bad_field", 9), (name, reply)
            await client.settle()
            assert client.lobby.cursor == before
            assert not client.heard("done")[1:]


async def test_lone_surrogates_and_nul_are_refused(host: HostProcess, anna: Person) -> None:
    # *Limits* forbids them in any JSON; in a body they are also bad text. Each of the codes says it well.
    codes = ("bad_json", "bad_text", "bad_field")
    async with WireClient(host, anna.token) as client:
        for escape in ("\\ud800", "\\udc00", "\\udc00\\ud800", "\\u0000", "x\\u0000y", "\\ud83dx"):
            frame = f'{{"type":"post","ref":9,"room":"lobby","cid":"{new_cid()}","body":"a{escape}b"}}'
            await client.send_raw(frame)
            assert (await client.next("refused"))["code"] in codes, escape
        await client.post("a pair is well \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"))


async def test_nul_and_surrogates_are_refused_wherever_they_stand(host: HostProcess, anna: Person) -> None:
    frames = [
        '{"type":"history","ref":9,"room":"lob\\u0000by"}',
        '{"type":"history","ref":9,"room":"\\ud800"}',
        '{"type":"search","ref":9,"query":"\\ud800"}',
        '{"type":"react","ref":9,"room":"lobby","id":1,"emoji":"\\ud83d","on":true}',
        '{"type":"get","ref":9,"room":"lobby","ids":[1],"\\ud800":1}',
        '{"type":"\\ud800","ref":9}',
    ]
    async with WireClient(host, anna.token) as client:
        for frame in frames:
            await client.send_raw(frame)
            reply = await client.next("refused")
            assert reply["code"] in ("bad_json", "bad_field", "bad_text", "not_found", "unknown_type"), (frame, reply)
        await client.done("ping")


async def test_the_tenth_bad_frame_is_answered_and_then_closed(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        for number in range(1, 11):
            await client.send_raw(json.dumps({"type": "nonsense", "ref": number}))
        assert await client.closed() == 1008
        assert [event["ref"] for event in client.heard("refused")] == list(range(1, 11))


async def test_nine_bad_frames_are_borne(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        for _ in range(9):
            await client.send_raw("nonsense")
        for _ in range(9):
            await client.next("refused")
        await client.post("still here")


async def test_refusals_of_sound_frames_do_not_count(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        for _ in range(25):
            assert await client.refused("delete", room="lobby", id=2**40) == "not_found"
        await client.done("ping")


async def test_a_bad_neighbour_is_not_noticed(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as good, WireClient(host, bert.token) as bad:
        for number, frame in enumerate(["{", "\0", '{"type":"post","ref":1}', '{"type":"hello"}', "[" * 5000]):
            await bad.send_raw(frame)
            done = await good.post(f"calm {number}")
            await good.told(done["id"])
        since = await good.settle()
        assert not good.heard("refused")[since:]


# Frames that end the connection.


@pytest.mark.parametrize("said_hello", [True, False], ids=["after hello", "before hello"])
async def test_a_binary_frame_is_closed_with_1003(host: HostProcess, anna: Person, said_hello: bool) -> None:
    async with WireClient(host, anna.token if said_hello else None) as client:
        await client.send_raw(b'{"type":"ping","ref":9}')
        assert await client.closed() == 1003


@pytest.mark.parametrize("said_hello", [True, False], ids=["after hello", "before hello"])
@pytest.mark.parametrize("junk", [b"\xff", b'{"type":"ping","ref":9,"x":"\xed\xa0\x80"}', b"\xc3"], ids=repr)
async def test_text_that_is_not_utf8_is_closed_with_1007(
    host: HostProcess, anna: Person, said_hello: bool, junk: bytes
) -> None:
    async with WireClient(host, anna.token if said_hello else None) as client:
        await client.send_raw(junk, text=True)
        assert await client.closed() == 1007


def padded(size: int) -> str:
    frame = '{"type":"ping","ref":9}'
    return frame + " " * (size - len(frame))


async def test_a_frame_of_64_kib_is_read(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        await client.send_raw(padded(64 * 1024))
        assert (await client.reply(9))["type"] == "done"


@pytest.mark.parametrize("said_hello", [True, False], ids=["after hello", "before hello"])
async def test_a_frame_past_64_kib_is_closed_with_1009(host: HostProcess, anna: Person, said_hello: bool) -> None:
    async with WireClient(host, anna.token if said_hello else None) as client:
        await client.send_raw(padded(64 * 1024 + 1))
        assert await client.closed() == 1009


async def test_size_is_counted_in_bytes(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        await client.send_raw('{"type":"ping","ref":9,"x":"' + "ä" * 32 * 1024 + '"}')
        assert await client.closed() == 1009


async def test_the_longest_body_fits_a_frame_however_it_is_written(host: HostProcess, anna: Person) -> None:
    body = "\U0001f600" * 4000
    async with WireClient(host, anna.token) as client:
        done = await client.post(body)  # json.dumps writes each as two escapes, 48,000 bytes
        assert (await client.told(done["id"]))["body"] == body


async def test_a_message_in_fragments_is_one_message(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        await client.socket.send(['{"type":', '"ping"', ',"ref":77}'])
        assert (await client.reply(77))["type"] == "done"


async def test_fragments_are_counted_together(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        await client.socket.send([" " * 30_000, " " * 30_000, padded(30_000)])
        assert await client.closed() == 1009
