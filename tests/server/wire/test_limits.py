"""`--limit NAME=VALUE`: each limit that is set is the one that holds, and the welcome says so."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.exceptions import InvalidStatus

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.times import within
from tests.helpers.wire_client import Person, WireClient, eventually, new_cid, new_name, register, request

StartHost = Callable[..., HostProcess]
SET = {
    "frame_bytes": 2048,
    "body_chars": 10,
    "name_chars": 12,
    "posts_per_second": 1,
    "posts_burst": 3,
    "commands_per_second": 10,
    "connections_per_user": 2,
}


@pytest.fixture(scope="module")
def host_options() -> tuple[str, ...]:
    return tuple(word for name, value in SET.items() for word in ("--limit", f"{name}={value}"))


@pytest.fixture
def anna(host: HostProcess) -> Person:
    return register(host, new_name("")[:12].strip())


async def test_the_welcome_tells_the_limits(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        limits = client.welcome["host"]["limits"]
        assert {name: limits[name] for name in SET} == SET
        assert limits["connections"] == 1000


async def test_body_chars(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        await client.post("😀" * 10)
        assert await client.refused("post", room="lobby", cid=new_cid(), body="x" * 11) == "too_long"


async def test_frame_bytes(host: HostProcess, anna: Person) -> None:
    frame = json.dumps({"type": "ping", "ref": 5})
    async with WireClient(host, anna.token) as client:
        await client.send_raw(frame + " " * (2048 - len(frame)))
        await client.reply(5)
        await client.send_raw(frame + " " * (2049 - len(frame)))
        assert await client.closed() == 1009


def test_name_chars(host: HostProcess) -> None:
    register(host, new_name("")[:11].strip() + "y")
    answer = request(host, "POST", "/api/v1/register", data={"name": "x" * 13})
    assert (answer.status, answer.code) == (400, "bad_name")


async def test_posts_burst(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        refs = [await client.start("post", room="lobby", cid=new_cid(), body="x") for _ in range(5)]
        replies = [await client.reply(ref) for ref in refs]
        assert [reply["type"] for reply in replies] == ["done"] * 3 + ["refused"] * 2


async def test_connections_per_user(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token), WireClient(host, anna.token):
        try:
            async with WireClient(host, anna.token, live=False) as third:
                assert (await third.first())["code"] == "busy"
                code = await third.closed()
        except InvalidStatus as refusal:
            code = refusal.response.status_code
        assert code in (503, 1013)


async def test_connections(start_host: StartHost) -> None:
    host = start_host("--limit", "connections=2")
    people = [register(host) for _ in range(3)]
    async with WireClient(host, people[0].token) as one, WireClient(host, people[1].token):
        try:
            async with WireClient(host, people[2].token, live=False) as third:
                code = await third.closed()
        except InvalidStatus as refusal:
            code = refusal.response.status_code
        assert code in (503, 1013)
        await one.done("ping")

    async def room_again() -> bool:
        try:
            async with WireClient(host, people[2].token):
                return True
        except (InvalidStatus, AssertionError):
            return False

    assert await eventually(room_again)


# Strangers: upgraded without a hello, or without a whole request head.


@contextlib.asynccontextmanager
async def strangers(host: HostProcess, count: int, address: str = "127.0.0.1") -> AsyncIterator[list[WireClient]]:
    clients = [WireClient(host, local_addr=(address, 0)) for _ in range(count)]
    try:
        for client in clients:
            await client.open()
        yield clients
    finally:
        for client in clients:
            await client.close()


def gone(clients: list[WireClient]) -> list[bool]:
    return [client._reader is not None and client._reader.done() for client in clients]


async def some_gone(clients: list[WireClient], count: int) -> float:
    """Wait until so many have been closed; how long it took."""
    began = time.monotonic()

    async def enough() -> bool:
        return sum(gone(clients)) >= count

    await eventually(enough)
    return time.monotonic() - began


async def test_sixteen_strangers_an_address_the_oldest_goes_first(start_host: StartHost) -> None:
    host = start_host()
    person = register(host)
    async with strangers(host, 20) as clients:
        began = time.monotonic()
        async with WireClient(host, person.token) as client:
            await client.post("a real one gets in")
        assert time.monotonic() - began < within(2)
        # Well before the five seconds that a hello may take; those younger than a second do not count.
        assert await some_gone(clients, 4) < 4
        assert gone(clients) == [True] * 4 + [False] * 16


async def test_the_busiest_address_loses_first(start_host: StartHost) -> None:
    host = start_host("--limit", "strangers=8")
    async with strangers(host, 3, "127.0.0.2") as few, strangers(host, 9, "127.0.0.3") as many:
        assert await some_gone(many, 4) < 4
        assert not any(gone(few))
        assert gone(many) == [True] * 4 + [False] * 5


async def test_strangers_per_address(start_host: StartHost) -> None:
    host = start_host("--limit", "strangers_per_address=2")
    async with strangers(host, 3, "127.0.0.2") as here, strangers(host, 2, "127.0.0.3") as there:
        assert await some_gone(here, 1) < 4
        assert gone(here) == [True, False, False]
        assert not any(gone(there))


async def test_half_a_head_is_a_stranger_too(start_host: StartHost) -> None:
    host = start_host("--limit", "strangers_per_address=2")
    person = register(host)
    pipes = [await asyncio.open_connection("127.0.0.1", host.port) for _ in range(5)]
    try:
        for _reader, writer in pipes:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: ")
        async with asyncio.timeout(5):
            for reader, _writer in pipes[:3]:
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
        async with WireClient(host, person.token) as client:
            await client.done("ping")
    finally:
        for _reader, writer in pipes:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_who_said_hello_is_no_stranger(start_host: StartHost) -> None:
    host = start_host(*ROOMY, "--limit", "strangers_per_address=1", "--limit", "strangers=1")
    people = [register(host) for _ in range(4)]
    clients = [WireClient(host, person.token) for person in people]
    try:
        for client in clients:
            await client.__aenter__()
        async with strangers(host, 3) as unknown:
            await some_gone(unknown, 2)
            for client in clients:
                await client.done("ping")
    finally:
        for client in clients:
            await client.close()
