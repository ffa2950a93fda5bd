"""`presence`, `users` gathered for a second, and `typing`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register

StartHost = Callable[..., HostProcess]


async def status_of(client: WireClient, user: str, status: str) -> dict[str, Any]:
    """The first `users` entry that shows this person so."""
    while True:
        event = await client.next("users", seconds=5)
        for entry in event["users"]:
            if entry["id"] == user and entry["status"] == status:
                return entry  # type: ignore[no-any-return]


async def test_coming_and_going_is_told(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client:
        async with WireClient(host, bert.token):
            entry = await status_of(client, bert.id, "online")
            assert entry["name"] == bert.name
        entry = await status_of(client, bert.id, "offline")
        assert entry["last_seen"] is not None


async def test_a_cut_connection_is_gone_too(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        await status_of(client, bert.id, "online")
        other.cut()
        await status_of(client, bert.id, "offline")


async def test_one_is_here_until_the_last_device_leaves(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client:
        async with WireClient(host, bert.token):
            await status_of(client, bert.id, "online")
            since = len(client.log)
            async with WireClient(host, bert.token):
                pass
            third = register(host)
            async with WireClient(host, third.token):
                await status_of(client, third.id, "online")  # a gathering later
            told = [user for event in client.heard("users", since) for user in event["users"]]
            assert all(user["status"] == "online" for user in told if user["id"] == bert.id)
        await status_of(client, bert.id, "offline")


@pytest.mark.parametrize("status", ["away", "busy", "online"])
async def test_a_status_is_told_and_welcomed(host: HostProcess, anna: Person, bert: Person, status: str) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        if status == "online":
            await other.done("presence", status="away")
            await status_of(client, bert.id, "away")
        await other.done("presence", status=status)
        await status_of(client, bert.id, status)
        async with WireClient(host, anna.token) as late:
            entry = next(user for user in late.welcome["users"] if user["id"] == bert.id)
            assert entry["status"] == status


async def test_flips_within_a_second_are_gathered(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        await status_of(client, bert.id, "online")
        since = len(client.log)
        for _ in range(10):
            await other.done("presence", status="away")
            await other.done("presence", status="busy")
        await status_of(client, bert.id, "busy")
        told = [event for event in client.heard("users", since) if any(u["id"] == bert.id for u in event["users"])]
        assert len(told) <= 3, told


# Typing.


async def typists(client: WireClient, since: int = 0) -> list[str]:
    """Who was told to be typing by now."""
    await client.settle()
    return [event["user"] for event in client.heard("typing", since)]


async def test_typing_is_told_to_others_and_not_answered(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        since = len(client.log)
        await client.send("typing", room="lobby")
        event = await other.next("typing")
        assert (event["room"], event["user"]) == ("lobby", anna.id)
        await client.settle()
        assert [event for event in client.log[since:] if event["type"] not in ("users", "read")][:-1] == []


async def test_typing_is_told_once_in_three_seconds(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        for _ in range(10):
            await client.send("typing", room="lobby")
        await client.settle()
        assert await typists(other) == [anna.id]


async def test_typing_elsewhere_is_told_to_nobody(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        await client.send("typing", room="r_nowhere")
        await client.done("ping")
        assert await typists(other) == []
        # None is the reply, or a refusal that names no ref, since there was none.
        assert all(event["ref"] is None for event in client.heard("refused"))


async def test_typing_is_not_stored(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        before = client.lobby.cursor
        await client.send("typing", room="lobby")
        done = await client.done("post", room="lobby", cid=new_cid(), body="x")
        assert done["rev"] == before + 1


async def test_among_more_than_32_nobody_hears_typing(start_host: StartHost) -> None:
    host = start_host("--limit", "commands_per_second=1000")
    clients = [WireClient(host, register(host).token) for _ in range(33)]
    try:
        for client in clients:
            await client.__aenter__()
        await clients[0].send("typing", room="lobby")
        await clients[0].settle()
        assert await typists(clients[1]) == []
    finally:
        for client in clients:
            await client.close()
