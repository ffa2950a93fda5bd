"""Clients that do not take what they are sent: nobody waits for them, and when they wake up nothing is missing."""

import asyncio
import json
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient
from tests.server.wire.raw_socket import RawSocket

LONG = "😀" * 4000
MESSAGES = 500  # 16 KB each: far more than sockets and the 1 MiB hold


async def sleeper(host: HostProcess, person: Person) -> RawSocket:
    """A live client that has stopped reading."""
    raw = await RawSocket(host, receive_buffer=4096).__aenter__()
    assert await raw.upgrade() == 101
    await raw.send_frame(
        json.dumps({"type": "hello", "ref": 1, "protocol": [1], "client": "raw/1", "token": person.token}).encode()
    )
    while (await read_event(raw))["type"] != "live":
        pass
    return raw


async def read_event(raw: RawSocket) -> dict[str, Any]:
    while True:
        opcode, payload = await raw.read_frame()
        if opcode == 8:
            raise AssertionError(f"closed: {payload!r}")
        if opcode == 9:
            await raw.send_frame(payload, opcode=10)
        if opcode == 1:
            return json.loads(payload)  # type: ignore[no-any-return]


async def write(client: WireClient, count: int) -> list[int]:
    """Post long bodies, some dozens under way at a time; their ids."""
    ids = []
    for start in range(0, count, 50):
        refs = [
            await client.start("post", room="lobby", cid=f"cid-{client.you['id']}-{number:06}"[-40:], body=LONG)
            for number in range(start, start + 50)
        ]
        ids += [(await client.reply(ref))["id"] for ref in refs]
    return ids


async def test_a_slow_client_is_set_behind_and_synced_when_it_wakes(
    host: HostProcess, anna: Person, bert: Person
) -> None:
    raw = await sleeper(host, bert)
    try:
        async with WireClient(host, anna.token) as client:
            ids = await write(client, MESSAGES)  # at full speed, though one does not read
            last = await client.done("edit", room="lobby", id=ids[0], body="changed while it slept")
        rows: dict[int, dict[str, Any]] = {}
        cursor, synced = None, 0
        while cursor != last["rev"]:
            event = await read_event(raw)
            if event["type"] == "message":
                assert cursor is None or event["rev"] == cursor + 1
                cursor = event["rev"]
                rows[event["message"]["id"]] = event["message"]
            elif event["type"] == "sync":
                synced += 1
                assert not event["reset"]
                assert cursor is None or all(row["rev"] > cursor for row in event["messages"])
                cursor = event["rev"]
                rows |= {row["id"]: row for row in event["messages"]}
        assert synced, "8 MB were kept in memory for a client that did not read"
        assert set(ids) <= set(rows)
        assert rows[ids[0]]["body"] == "changed while it slept"
    finally:
        await raw.__aexit__(None, None, None)


async def test_others_do_not_wait_for_a_slow_client(host: HostProcess, anna: Person, bert: Person) -> None:
    raw = await sleeper(host, bert)
    try:
        async with WireClient(host, anna.token) as client:
            await write(client, 150)
            async with asyncio.timeout(5):
                done = await client.post("at once")
                await client.told(done["id"])
    finally:
        await raw.__aexit__(None, None, None)


@pytest.mark.long
async def test_who_takes_no_byte_for_20_seconds_is_closed_with_4008(
    host: HostProcess, anna: Person, bert: Person
) -> None:
    raw = await sleeper(host, bert)
    try:
        async with WireClient(host, anna.token) as client:
            await write(client, MESSAGES)

            async def gone() -> bool:
                async with WireClient(host, anna.token) as looking:
                    return any(
                        user["id"] == bert.id and user["status"] == "offline" for user in looking.welcome["users"]
                    )

            began = asyncio.get_running_loop().time()
            while not await gone():
                assert asyncio.get_running_loop().time() - began < 30
                await asyncio.sleep(1)
            assert asyncio.get_running_loop().time() - began > 10
        assert await raw.close_code() == 4008
    finally:
        await raw.__aexit__(None, None, None)


@pytest.mark.long
async def test_who_answers_no_ping_is_gone_within_20_seconds(host: HostProcess, bert: Person) -> None:
    raw = await sleeper(host, bert)
    try:
        async with asyncio.timeout(20):
            pinged = False
            while True:
                try:
                    opcode, _ = await raw.read_frame()
                except (asyncio.IncompleteReadError, ConnectionError):
                    break
                except TimeoutError:
                    continue
                pinged = pinged or opcode == 9
                if opcode == 8:
                    break
            assert pinged
    finally:
        await raw.__aexit__(None, None, None)
