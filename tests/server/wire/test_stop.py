"""A stop tells everyone and closes in order; `kill -9` loses nothing that was answered."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import WireClient, eventually, new_cid, register, request
from tests.server.wire.raw_socket import RawSocket

StartHost = Callable[..., HostProcess]


async def stop(host: HostProcess) -> int:
    """Stop it while this loop goes on reading."""
    return await asyncio.to_thread(host.stop)


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGINT"])
async def test_a_stop_says_closing_and_closes_with_1001_or_1012(start_host: StartHost, how: str) -> None:
    host = start_host()
    async with WireClient(host, register(host).token) as one, WireClient(host, host.owner_token) as two:
        if how == "end of input":
            host.close_input()
        else:
            host.send_signal(getattr(signal, how))
        for client in (one, two):
            notice = await client.next("notice")
            assert notice["kind"] == "closing"
            assert notice["text"]
            assert await client.closed() in (1001, 1012)
        assert await asyncio.to_thread(host.wait) == 0
        assert not host.faults(), host.last_log


async def test_a_stop_answers_what_it_took_in(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        refs = [await client.start("post", room="lobby", cid=new_cid(), body=str(number)) for number in range(300)]
        first = await client.reply(refs[0])
        stopping = asyncio.create_task(stop(host))
        await client.closed()
        assert await stopping == 0
        answered = [event["id"] for event in client.heard("done") if "id" in event]
        assert answered[0] == first["id"]
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token, epoch=client.welcome["epoch"], have={"lobby": 0}) as client:
        assert set(answered) <= set(client.lobby.rows)


async def test_a_stop_does_not_wait_for_who_does_not_answer(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with RawSocket(host) as silent, RawSocket(host) as half:
        assert await silent.upgrade() == 101
        await half.send(b"GET /healthz HTTP/1.1\r\n")
        assert await stop(host) == 0
        assert not host.faults(), host.last_log


async def test_a_stop_closes_strangers_too(start_host: StartHost) -> None:
    host = start_host()
    async with WireClient(host) as stranger:
        host.close_input()
        # They never said hello: any of the closes that a stop may make will do.
        assert await stranger.closed() in (1001, 1012, 4001, 1006)
        assert await asyncio.to_thread(host.wait) == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_restart_keeps_everything(start_host: StartHost, end: str) -> None:
    host = start_host(*ROOMY)
    anna, bert = register(host), register(host)
    cid = new_cid()
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        ids = [(await client.post(f"number {number}"))["id"] for number in range(10)]
        posted = await client.done("post", room="lobby", cid=cid, body="@bert", mentions=[bert.id], reply_to=ids[0])
        await other.done("react", room="lobby", id=ids[1], emoji="🎉", on=True)
        await other.done("pin", room="lobby", id=ids[2], on=True)
        await client.done("edit", room="lobby", id=ids[3], body="edited")
        await client.done("delete", room="lobby", id=ids[4])
        await other.done("read", room="lobby", id=ids[8])
        before = (await client.page(limit=100))["messages"]
        rev, identity = client.lobby.cursor, client.welcome["host"]["id"]
    if end == "stop":
        assert host.stop() == 0
    else:
        host.kill()

    host = start_host(*ROOMY)
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        assert client.welcome["host"]["id"] == identity
        page = await client.page(limit=100)
        assert (page["messages"], page["rev"]) == (before, rev)
        assert other.reader_of() == {"read": ids[8], "unread": 2, "mentions": 1}
        again = await client.done("post", room="lobby", cid=cid, body="@bert")
        assert (again["id"], again["duplicate"]) == (posted["id"], True)
        assert (await client.post("next"))["rev"] == rev + 1


async def test_a_deleted_text_is_nowhere_on_disk_after_a_clean_stop(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    secret = "xylophone-marmalade-quibble"
    async with WireClient(host, host.owner_token) as client:
        for number in range(20):
            await client.post(f"before {number}")
        id = (await client.post(f"the word is {secret} and more"))["id"]
        for number in range(20):
            await client.post(f"after {number}")
        await client.call("search", query=secret)
        await client.done("delete", room="lobby", id=id)
    assert holding(host.data, "before") != []
    assert host.stop() == 0
    assert holding(host.data, secret) == []


def holding(data: Path, text: str) -> list[str]:
    """The files under a data directory in which a text stands, in one piece or by its first word."""
    word = text.split("-")[0].encode()
    return [path.name for path in data.rglob("*") if path.is_file() and word in path.read_bytes()]


async def test_a_post_under_way_when_the_host_dies_is_stored_or_not_and_never_twice(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    cids = [new_cid() for _ in range(200)]
    async with WireClient(host, host.owner_token) as client:
        refs = [await client.start("post", room="lobby", cid=cid, body=cid) for cid in cids]
        await client.reply(refs[20])
        host.kill()
        await client.closed()
        answered = {event["ref"]: event for event in client.heard("done")}
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        # As an outbox does: all that was not answered, again; here all.
        for ref, cid in zip(refs, cids, strict=True):
            again = await client.done("post", room="lobby", cid=cid, body=cid)
            if ref in answered:
                assert (again["id"], again["duplicate"]) == (answered[ref]["id"], True)
    async with WireClient(host, host.owner_token, epoch=client.welcome["epoch"], have={"lobby": 0}) as client:
        rows = [client.lobby.rows[id] for id in sorted(client.lobby.rows)]
        assert [row["cid"] for row in rows if row["cid"] in set(cids)] == cids


def test_the_host_answers_http_until_it_ends(start_host: StartHost) -> None:
    host = start_host()
    assert request(host, "GET", "/healthz").json == {"status": "ok"}
    port = host.port
    assert host.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        request(_Gone(port), "GET", "/healthz")  # type: ignore[arg-type]


class _Gone:
    """Where a host was."""

    def __init__(self, port: int) -> None:
        self.port = port


@pytest.mark.long
async def test_a_deleted_text_leaves_the_disk_within_a_minute_while_it_runs(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        id = (await client.post("xylophone-marmalade-quibble"))["id"]
        await client.done("delete", room="lobby", id=id)

        async def wiped() -> bool:
            await client.done("ping")
            return holding(host.data, "xylophone") == []

        assert await eventually(wiped, 70)
