"""The rates of *Limits*, as they are without any option: each user's changes, each connection's commands."""

import asyncio
import json
import time

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, request


@pytest.fixture(scope="module")
def host_options() -> tuple[str, ...]:
    return ()


async def drain(client: WireClient, refs: list[int]) -> list[dict[str, object]]:
    return [await client.reply(ref) for ref in refs]


async def test_twenty_posts_at_once_and_then_five_a_second(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        cids = [new_cid() for _ in range(28)]
        began = time.monotonic()
        refs = [await client.start("post", room="lobby", cid=cid, body="x") for cid in cids]
        replies = await drain(client, refs)
        took = time.monotonic() - began
        accepted = [reply for reply in replies if reply["type"] == "done"]
        limited = [reply for reply in replies if reply["type"] == "refused"]
        assert {reply["code"] for reply in limited} == {"rate_limited"}
        assert 20 <= len(accepted) <= 20 + 5 * took + 1
        assert [reply["type"] for reply in replies[:20]] == ["done"] * 20
        for reply in limited:
            wait = reply["retry_after"]
            assert isinstance(wait, int | float)
            assert 0 < wait <= 10
        # What is promised holds: after `retry_after` the same post goes in, and was not in before.
        last = limited[-1]
        assert isinstance(last["retry_after"], int | float)
        await asyncio.sleep(float(last["retry_after"]))  # the wait that the host itself asked for
        place = replies.index(last)
        done = await client.done("post", room="lobby", cid=cids[place], body="x")
        assert done["duplicate"] is False


async def test_edits_deletes_reactions_and_pins_are_paid_from_one_purse(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        id = (await client.post("x"))["id"]
        target = {"room": "lobby", "id": id}
        refs = []
        for number in range(6):
            refs.append(await client.start("edit", **target, body=f"{number}"))
            refs.append(await client.start("react", **target, emoji="👍", on=number % 2 == 0))
            refs.append(await client.start("pin", **target, on=number % 2 == 0))
        refs += [await client.start("delete", **target) for _ in range(6)]
        replies = await drain(client, refs)
        assert any(reply.get("code") == "rate_limited" for reply in replies)
        assert all(reply["type"] == "done" or reply["code"] == "rate_limited" for reply in replies)


async def test_the_purse_is_the_persons_not_the_connections(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        refs = [
            (client, await client.start("post", room="lobby", cid=new_cid(), body="x"))
            for client in (one, two)
            for _ in range(14)
        ]
        replies = [await client.reply(ref) for client, ref in refs]
        assert any(reply.get("code") == "rate_limited" for reply in replies)
    async with WireClient(host, bert.token) as other:  # somebody else's is full
        await other.post("x")


async def test_both_doors_are_paid_from_one_purse(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        refs = [await client.start("post", room="lobby", cid=new_cid(), body="x") for _ in range(20)]
        assert {reply["type"] for reply in await drain(client, refs)} == {"done"}
    answers = [
        request(host, "POST", "/api/v1/rooms/lobby/messages", token=anna.token, data={"body": "x"}) for _ in range(20)
    ]
    limited = [answer for answer in answers if answer.status == 429]
    assert limited
    assert limited[0].code == "rate_limited"
    assert float(limited[0].headers["Retry-After"]) > 0


async def test_reading_is_not_paid_from_that_purse(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        refs = [await client.start("post", room="lobby", cid=new_cid(), body="x") for _ in range(22)]
        await drain(client, refs)
        assert (await client.page(limit=1))["messages"]


async def test_commands_of_one_connection_are_bounded(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        began = time.monotonic()
        refs = [await client.start("ping") for _ in range(120)]
        replies = await drain(client, refs)
        took = time.monotonic() - began
        done = [reply for reply in replies if reply["type"] == "done"]
        limited = [reply for reply in replies if reply["type"] == "refused"]
        # Refused, or read no faster: 30 a second either way, with at most a second's worth at once.
        assert 30 <= len(done) <= 30 * took + 31
        assert {reply["code"] for reply in limited} <= {"rate_limited"}
        for reply in limited:
            wait = reply["retry_after"]
            assert isinstance(wait, int | float)
            assert 0 < wait <= 5
        await other.done("ping")  # a neighbour does not notice


async def test_a_limited_command_is_not_a_bad_frame(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        refs = [await client.start("ping") for _ in range(60)]
        replies = await drain(client, refs)
        waits = [reply["retry_after"] for reply in replies if reply["type"] == "refused"]
        if waits:
            assert isinstance(waits[-1], int | float)
            await asyncio.sleep(float(waits[-1]) + 0.05)  # the wait that the host itself asked for
        await client.done("ping")


async def test_a_flood_ends_in_refusals_or_4006_and_hurts_nobody(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as flooder, WireClient(host, bert.token) as other:
        frame = json.dumps({"type": "ping", "ref": 1})

        async def flood() -> None:
            for _ in range(3000):
                await flooder.send_raw(frame)

        flooding = asyncio.create_task(flood())
        done = await other.post("calm")
        await other.told(done["id"])
        await asyncio.wait([flooding])
        if flooding.exception() is not None:
            assert await flooder.closed() in (4006, 1008)
        assert {event["code"] for event in flooder.heard("refused")} <= {"rate_limited"}
        await other.done("ping")
