"""Bytes below the frames: a broken WebSocket is closed with 1002, a broken upgrade refused, and nobody else notices."""

import asyncio
import json

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient
from tests.server.wire.raw_socket import RawSocket


def hello(person: Person) -> bytes:
    return json.dumps({"type": "hello", "ref": 1, "protocol": [1], "client": "raw/1", "token": person.token}).encode()


async def read_event(raw: RawSocket, kind: str) -> dict[str, object]:
    while True:
        opcode, payload = await raw.read_frame()
        if opcode == 1 and json.loads(payload)["type"] == kind:
            return json.loads(payload)  # type: ignore[no-any-return]


async def test_a_plain_client_of_bytes_is_served(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        assert await raw.upgrade() == 101
        await raw.send_frame(hello(anna))
        await read_event(raw, "live")
        await raw.send_frame(b"are you there", opcode=9)
        while (frame := await raw.read_frame())[0] != 10:
            pass
        assert frame[1] == b"are you there"
        await raw.send_frame(b"\x03\xe8", opcode=8)
        assert await raw.close_code() == 1000


async def test_hello_in_the_same_packet_as_the_upgrade(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        payload = hello(anna)
        frame = bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + bytes(4) + payload
        await raw.send(
            f"GET /ws HTTP/1.1\r\nHost: {host.authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: mrsambosk.v1\r\n\r\n".encode()
            + frame
        )
        await raw.reader.readuntil(b"\r\n\r\n")
        await read_event(raw, "live")


BROKEN = {
    "not masked": {"masked": False},
    "a reserved bit": {"reserved": 4},
    "a reserved opcode": {"opcode": 3},
    "a continuation of nothing": {"opcode": 0},
    "a ping in fragments": {"opcode": 9, "fin": False},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_frame_is_closed_with_1002(host: HostProcess, anna: Person, broken: dict[str, int]) -> None:
    async with RawSocket(host) as raw:
        assert await raw.upgrade() == 101
        await raw.send_frame(hello(anna))
        await read_event(raw, "live")
        await raw.send_frame(b'{"type":"ping","ref":9}', **broken)  # type: ignore[arg-type]
        assert await raw.close_code() == 1002


async def test_a_text_within_a_text_is_closed_with_1002(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        await raw.upgrade()
        await raw.send_frame(hello(anna), fin=False)
        await raw.send_frame(b"again")
        assert await raw.close_code() == 1002


async def test_a_ping_between_fragments_is_well(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        await raw.upgrade()
        whole = hello(anna)
        await raw.send_frame(whole[:20], fin=False)
        await raw.send_frame(b"", opcode=9)
        await raw.send_frame(whole[20:], opcode=0)
        await read_event(raw, "live")


async def test_a_letter_cut_by_fragments_is_whole_again(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        await raw.upgrade()
        await raw.send_frame(hello(anna))
        await read_event(raw, "live")
        post = json.dumps(
            {"type": "post", "ref": 2, "room": "lobby", "cid": "x" * 16, "body": "é"}, ensure_ascii=False
        ).encode()
        cut = post.index("é".encode()) + 1
        await raw.send_frame(post[:cut], fin=False)
        await raw.send_frame(post[cut:], opcode=0)
        told = await read_event(raw, "message")
        assert told["message"]["body"] == "é"  # type: ignore[index]


async def test_an_announced_giant_is_closed_before_it_comes(host: HostProcess, anna: Person) -> None:
    async with RawSocket(host) as raw:
        await raw.upgrade()
        await raw.send(bytes([0x81, 0x80 | 127]) + (2**62).to_bytes(8, "big") + bytes(4) + b"{")
        assert await raw.close_code() == 1009


HEADERS = {
    "another version": "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    "no version": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    "no key": "Sec-WebSocket-Version: 13\r\n",
    "a short key": "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n",
    "two keys": "Sec-WebSocket-Version: 13\r\n" + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" * 2,
    "a body": "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 4\r\n",
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_a_broken_upgrade_is_refused(host: HostProcess, headers: str) -> None:
    async with RawSocket(host) as raw:
        await raw.send(
            f"GET /ws HTTP/1.1\r\nHost: {host.authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\n{headers}\r\nbody".encode()
        )
        said = await raw.read_all()
        assert 400 <= int(said.split()[1]) < 500, said
        assert said.count(b"HTTP/1.1 ") == 1


REQUESTS = {
    "nonsense": b"hello\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + bytes(200) + b"\r\n\r\n",
    "two lengths": b"POST /api/v1/token HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length and chunks": b"POST /api/v1/token HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: @\r\n\r\n",
    "a space before the colon": b"GET /healthz HTTP/1.1\r\nHost : @\r\n\r\n",
    "a folded line": b"GET /healthz HTTP/1.1\r\nHost: @\r\nX: a\r\n b\r\n\r\n",
    "bare LF": b"GET /healthz HTTP/1.1\nHost: @\n\n",
    "a NUL": b"GET /healthz HTTP/1.1\r\nHost: @\r\nX: a\0b\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a length below zero": b"POST /api/v1/token HTTP/1.1\r\nHost: @\r\nContent-Length: -1\r\n\r\n",
    "a head past 16 KiB": b"GET /healthz HTTP/1.1\r\nHost: @\r\n" + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "a head without an end": b"GET /healthz HTTP/1.1\r\nHost: @\r\n" + b"X: " + b"a" * 70_000,
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_broken_request_gets_one_refusal_or_a_close(host: HostProcess, name: str) -> None:
    async with RawSocket(host) as raw:
        await raw.send(REQUESTS[name].replace(b"@", host.authority.encode()))
        said = await raw.read_all()
        assert said.count(b"HTTP/1.1 ") <= 1, said
        if said:
            assert 400 <= int(said.split()[1]) < 600, said
            assert b"Traceback" not in said


async def test_after_all_that_the_host_is_well(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        done = await client.post("well")
        await client.told(done["id"])
    assert not host.faults()


@pytest.mark.long
async def test_a_head_that_never_ends_is_dropped_after_ten_seconds(host: HostProcess) -> None:
    async with RawSocket(host) as raw:
        await raw.send(b"GET /healthz HTTP/1.1\r\nHost: ")
        began = asyncio.get_running_loop().time()
        while await raw.reader.read(1000):
            pass
        assert 9 < asyncio.get_running_loop().time() - began < 13
