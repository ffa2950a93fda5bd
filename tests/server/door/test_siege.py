"""Hundreds of connections that say nothing, half of something, or all but hello: a real client is live within 2 s."""

import asyncio
import contextlib
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest

from tests.helpers.host_process import ROOT, HostProcess
from tests.helpers.times import within
from tests.helpers.wire_client import Person
from tests.server.door.doors import SecureHost, ask, client, trust_nobody

COUNT: Final = 500
LIVE_SECONDS: Final = within(2.0)
GIVEN_UP_SECONDS: Final = 10.0
#: What a busy machine may add to a timer.
SLACK: Final = within(2.0)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with HostProcess(tmp_path_factory.mktemp("siege") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with SecureHost(tmp_path_factory.mktemp("siege-tls") / "data") as running:
        yield running


def client_hello() -> bytes:
    """The first flight of a TLS handshake."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = trust_nobody().wrap_bio(into, out)
    with contextlib.suppress(ssl.SSLWantReadError):
        wrapped.do_handshake()
    return out.read()


def openings(host: HostProcess) -> dict[str, bytes]:
    """What a besieger says before it falls silent."""
    if isinstance(host, SecureHost):
        hello = client_hello()
        return {"nothing": b"", "half a handshake": hello[: len(hello) // 2], "a first flight": hello}
    top = f"Host: {host.authority}\r\n".encode()
    return {
        "nothing": b"",
        "half a head": b"GET /healthz HTTP/1.1\r\nHost: ",
        "a head and no body": b"POST /api/v1/register HTTP/1.1\r\n"
        + top
        + b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{",
        "an upgrade and no hello": b"GET /ws HTTP/1.1\r\n"
        + top
        + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    }


@contextlib.asynccontextmanager
async def besieged(host: HostProcess, sources: list[str], opening: bytes) -> AsyncIterator[None]:
    """So many connections, held by another process; each that the host drops is opened anew."""
    words = ["-m", "tests.server.door.besieger", str(host.port), opening.hex(), *sources]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await child.stdout.readline() == b"up\n"
        yield
    finally:
        child.stdin.close()
        try:
            async with asyncio.timeout(10):
                assert await child.wait() == 0
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


async def seconds_to_live(host: HostProcess, person: Person) -> float:
    began = time.monotonic()
    async with client(host, person.token) as joined:
        took = time.monotonic() - began
        await joined.done("ping")
    return took


MANY = [f"127.0.{1 + number // 200}.{1 + number % 200}" for number in range(COUNT)]
ONE = ["127.0.0.99"] * COUNT


async def resist(host: HostProcess, sources: list[str], seconds: float) -> None:
    answer = ask(host, "POST", "/api/v1/register", data={"name": f"Real {time.monotonic_ns()}"})
    person = Person(answer.json["user"]["id"], answer.json["user"]["name"], answer.json["token"])
    slowest = 0.0
    for what, opening in openings(host).items():
        async with besieged(host, sources, opening):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                took = await seconds_to_live(host, person)
                assert took < LIVE_SECONDS, f"live after {took:.2f} s behind {len(sources)} of {what}"
                slowest = max(slowest, took)
            began = time.monotonic()
            answer = await asyncio.to_thread(ask, host, "GET", "/api/v1/me", person.token)
            assert answer.status == 200
            assert time.monotonic() - began < LIVE_SECONDS
    print(f"live after {slowest * 1000:.0f} ms at most")
    assert not host.faults(), host.log[-3000:]


#: The long form lasts until the host has dropped all of them several times.
LASTING = pytest.mark.parametrize("seconds", [0.5, pytest.param(10.0, marks=pytest.mark.long)])
FROM = pytest.mark.parametrize("sources", [MANY, ONE], ids=["500 addresses", "one address"])


@FROM
@LASTING
@pytest.mark.timeout(300)
async def test_a_real_client_is_live_within_two_seconds(plain: HostProcess, sources: list[str], seconds: float) -> None:
    await resist(plain, sources, seconds)


@FROM
@LASTING
@pytest.mark.timeout(300)
async def test_and_over_tls(secure: HostProcess, sources: list[str], seconds: float) -> None:
    await resist(secure, sources, seconds)


async def held_for(host: HostProcess, source: str, opening: bytes) -> float:
    """How long the host bears a connection that says this and falls silent."""
    loop = asyncio.get_running_loop()
    silent = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    silent.setblocking(False)
    silent.bind((source, 0))
    try:
        await loop.sock_connect(silent, ("127.0.0.1", host.port))
        began = time.monotonic()
        await loop.sock_sendall(silent, opening)
        with contextlib.suppress(ConnectionError):
            while await loop.sock_recv(silent, 4096):
                pass
        return time.monotonic() - began
    finally:
        silent.close()


async def check_patience(host: HostProcess) -> None:
    kinds = list(openings(host).values())
    async with asyncio.timeout(GIVEN_UP_SECONDS + SLACK):
        each = (held_for(host, source, kinds[number % len(kinds)]) for number, source in enumerate(MANY))
        held = sorted(await asyncio.gather(*each))
    assert held[-1] < GIVEN_UP_SECONDS + SLACK, held[-5:]
    # No more than 64 strangers are borne for longer than a second or two.
    assert held[COUNT - 64 - 1] < 4.0, held[::50]


async def test_what_is_half_open_is_gone_in_ten_seconds(plain: HostProcess, secure: HostProcess) -> None:
    """The last of them; of 500 most go much sooner."""
    await asyncio.gather(check_patience(plain), check_patience(secure))
