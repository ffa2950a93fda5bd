"""The one port: who may come in, how long a stranger may stay, and one answer to each request whatever its bytes."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from mrsambosk_protocol import events
from mrsambosk_protocol.limits import STRANGER_SECONDS
from tests.helpers.server_desk import on_loop, until
from tests.helpers.server_host import Hosted, Peer, hosted


@pytest.fixture(autouse=True)
def _quiet_uvicorn() -> None:
    # As the command line sets it: what a stranger sends is no news.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def count_answers(data: bytes) -> list[int]:
    """The statuses of all responses in these bytes, each a whole one."""
    statuses = []
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        assert mark, head
        start, *lines = head.decode("latin-1").split("\r\n")
        assert start.startswith("HTTP/1.1 "), start
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert fields["connection"] == "close"
        size = int(fields["content-length"])
        assert len(data) >= size
        assert b"Traceback" not in data[:size]
        data = data[size:]
        statuses.append(int(start.split()[1]))
    return statuses


async def ask(host: Hosted, data: bytes) -> list[int]:
    with host.raw() as peer:
        await peer.send(data.replace(b"HOST", f"127.0.0.1:{host.port}".encode()))
        return count_answers(await peer.rest())


_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"
_POST = b"POST /api/v1/register HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
_CASES: dict[str, tuple[bytes, set[int]]] = {
    "plain": (_HEALTH, {200}),
    "pipelined": (_HEALTH * 3, {200, 400}),
    "pipelined behind a body": (_POST + b"Content-Length: 2\r\n\r\n{}" + _HEALTH, {400}),
    "bare LF": (_HEALTH.replace(b"\r\n", b"\n"), {400}),
    "bare LF in a field": (_HEALTH.replace(b"HOST\r\n", b"HOST\nX: 1\r\n"), {400}),
    "two lengths": (_POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + _HEALTH, {400}),
    "chunked and a length": (
        _POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _HEALTH,
        {400},
    ),
    "broken chunks": (_POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + _HEALTH, {400}),
    "chunk with an endless size": (
        _POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 100 + b"\r\n" + _HEALTH,
        {400},
    ),
    "another coding": (_POST + b"Transfer-Encoding: gzip\r\n\r\n" + _HEALTH, {501}),
    "absolute form": (b"GET http://HOST/healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", {400}),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", {400}),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", {400}),
    "another host": (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", {421}),
    "a foreign page": (b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\n\r\n", {403}),
    "9 KB of target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n", {414}),
    "200 headers": (b"GET / HTTP/1.1\r\nHost: HOST\r\n" + b"X: 1\r\n" * 200 + b"\r\n", {431}),
    "20 KB of head": (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: " + b"a" * 20000 + b"\r\n\r\n", {431}),
    "20 KB without an end": (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: " + b"a" * 20000, {431}),
    "TRACE": (b"TRACE /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", {405}),
    "an unknown method": (b"BREW /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", {405}),
    "an upgrade with a body": (
        b"GET /ws HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}",
        {400},
    ),
    "an upgrade elsewhere": (b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\n\r\n", {200, 400, 404}),
    "an upgrade to HTTP/2": (b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nUpgrade: h2c\r\n\r\n", {200}),
    "an upgrade without a key": (b"GET /ws HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\n\r\n", {400, 426}),
    "the way to WebSocket without an upgrade": (b"GET /ws HTTP/1.1\r\nHost: HOST\r\n\r\n", {404, 426}),
    "TLS at a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n", {400}),
    "an empty line first": (b"\r\n" + _HEALTH, {400}),
    "NUL": (_HEALTH.replace(b"healthz", b"heal\x00thz"), {400}),
}


@pytest.mark.parametrize("case", _CASES)
@on_loop
async def test_each_request_has_one_clean_answer_or_none(tmp_path: Path, case: str) -> None:
    data, statuses = _CASES[case]
    async with hosted(tmp_path) as host:
        answers = await ask(host, data)
        assert len(answers) <= 1
        assert set(answers) <= statuses
        assert await ask(host, _HEALTH) == [200]
        await until(lambda: not host.door._strangers)


@on_loop
async def test_a_head_may_come_in_pieces(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        with host.raw() as peer:
            for byte in _HEALTH.replace(b"HOST", f"127.0.0.1:{host.port}".encode()):
                await peer.send(bytes([byte]))
                await asyncio.sleep(0)
            assert count_answers(await peer.rest()) == [200]


@on_loop
async def test_who_begins_with_tls_at_a_plain_port_is_not_left_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than this test waits for anything: only an answer at once can end it.
    monkeypatch.setattr("mrsambosk_server.front.HEAD_SECONDS", 600.0)
    async with hosted(tmp_path) as host:
        with host.raw() as peer:
            await peer.send(b"\x16\x03\x01\x02\x00\x01\x00")
            assert count_answers(await peer.rest()) == [400]


@on_loop
async def test_half_a_head_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.front.HEAD_SECONDS", 0.05)
    async with hosted(tmp_path) as host:
        with host.raw() as silent, host.raw() as half:
            await half.send(b"GET / HTTP/1.1\r\nHost:")
            assert await silent.rest() == await half.rest() == b""
        assert not host.door._strangers


@on_loop
async def test_no_hello_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.session.HELLO_SECONDS", 0.05)
    async with hosted(tmp_path) as host:
        with host.websocket() as peer:
            await peer.send(host.upgrade())
            await peer.head()
            assert await peer.close_code() == 4001
        await until(lambda: not host.sessions)
        assert not host.door._strangers


# Strangers.


def thin_out(host: Hosted) -> None:
    """The once-a-second round, as if all who are there had been for longer than a stranger may."""
    host.door._thin_out(asyncio.get_running_loop().time() + STRANGER_SECONDS + 0.1)


@contextmanager
def _many(host: Hosted, peers: list[Peer], count: int, source: str = "127.0.0.1") -> Iterator[None]:
    """So many silent connections from an address, put into `peers`."""
    with ExitStack() as stack:
        peers += [stack.enter_context(host.raw(source=source)) for _ in range(count)]
        yield


async def arrived(host: Hosted, peers: list[Peer]) -> None:
    await until(lambda: len(host.door._strangers) >= len(peers))


async def is_cut(peer: Peer) -> bool:
    """Whether the host has ended this connection; looked at once the host has answered somebody else."""
    try:
        return peer.socket.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def cut(host: Hosted, peers: list[Peer]) -> list[bool]:
    assert await ask(host, _HEALTH) == [200]
    await asyncio.sleep(0)
    return [await is_cut(peer) for peer in peers]


@on_loop
async def test_an_address_keeps_its_newest_strangers(tmp_path: Path) -> None:
    async with hosted(tmp_path, strangers=100, strangers_per_address=4) as host:
        peers: list[Peer] = []
        with _many(host, peers, 10):
            await arrived(host, peers)
            assert not any(await cut(host, peers)), "for a second there may be any number"
            thin_out(host)
            assert await cut(host, peers) == [True] * 6 + [False] * 4


@on_loop
async def test_the_busiest_address_loses_first(tmp_path: Path) -> None:
    async with hosted(tmp_path, strangers=8, strangers_per_address=100) as host:
        few: list[Peer] = []
        many: list[Peer] = []
        with _many(host, few, 3, "127.0.0.2"), _many(host, many, 20, "127.0.0.3"):
            await arrived(host, few + many)
            thin_out(host)
            assert await cut(host, few) == [False] * 3
            assert await cut(host, many) == [True] * 15 + [False] * 5


@on_loop
async def test_who_said_hello_or_left_is_no_stranger(tmp_path: Path) -> None:
    async with hosted(tmp_path, strangers=1, strangers_per_address=1) as host:
        anna = await host.person()
        with host.websocket() as member:
            await host.join(member, anna.token)
            for _ in range(5):
                with host.websocket() as refused:
                    await refused.send(host.upgrade() + host.hello("no such token"))
                    await refused.head()
                    assert isinstance(await refused.event(), events.Refusal)
                    assert await refused.close_code() == 4002
            await until(lambda: not host.door._strangers)
            with host.websocket() as stranger:
                await stranger.send(host.upgrade())
                await stranger.head()
                thin_out(host)
                await stranger.send(host.hello(anna.token))
                assert isinstance(await stranger.event(), events.Welcome)
                thin_out(host)
            await member.send(host.command(type="ping", ref=5))
            assert isinstance(await member.until(events.Done), events.Done)


@on_loop
async def test_a_websocket_without_a_hello_is_a_stranger(tmp_path: Path) -> None:
    async with hosted(tmp_path, strangers=100, strangers_per_address=2) as host:
        peers: list[Peer] = []
        with _many(host, peers, 5):
            for peer in peers:
                await peer.send(host.upgrade())
                await peer.head()
            thin_out(host)
            codes = [await peer.close_code() for peer in peers[:3]]
            assert codes == [4001] * 3
            assert await cut(host, peers[3:]) == [False] * 2


@on_loop
async def test_one_connection_too_many(tmp_path: Path) -> None:
    async with hosted(tmp_path, connections=2, connections_per_user=2) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket() as one, host.websocket() as two, host.websocket() as three:
            await host.join(one, anna.token)
            await host.join(two, anna.token)
            await three.send(host.upgrade())
            assert count_answers(await three.rest()) == [503]
            two.socket.shutdown(socket.SHUT_RDWR)
            await until(lambda: len(host.sessions) == 1)
            with host.websocket() as four:
                await host.join(four, ben.token)


@on_loop
async def test_one_connection_too_many_of_a_person(tmp_path: Path) -> None:
    async with hosted(tmp_path, connections_per_user=1) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket() as one, host.websocket() as two, host.websocket() as three:
            await host.join(one, anna.token)
            await two.send(host.upgrade() + host.hello(anna.token))
            await two.head()
            refusal = await two.event()
            assert isinstance(refusal, events.Refusal)
            assert (refusal.code, await two.close_code()) == ("busy", 1013)
            await host.join(three, ben.token)


@on_loop
async def test_a_host_that_stops_says_goodbye_to_everyone(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as member, host.raw() as stranger:
            await host.join(member, anna.token)
            await until(lambda: host.door._strangers)

            async def listen() -> tuple[events.Event, int]:
                notice = await member.until(events.Notice)
                code = await member.close_code()
                member.socket.shutdown(socket.SHUT_WR)
                return notice, code

            listening = asyncio.create_task(listen())
            await host.host.stop()
            notice, code = await listening
            assert isinstance(notice, events.Notice)
            assert (notice.kind, code) == ("closing", 1001)
            assert await stranger.rest() == b""
