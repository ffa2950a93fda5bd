"""A writer at full speed, a client that is cut and comes back 60 times: none missing, none twice, the order right."""

import asyncio
import random
from typing import Any

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid

RECONNECTS = 60


async def write_until(stopped: asyncio.Event, client: WireClient, seed: int) -> None:
    """Post, edit, react, delete, up to twenty under way, as fast as the host answers."""
    dice = random.Random(seed)
    ids: list[int] = []
    under_way: list[int] = []
    while not stopped.is_set():
        target = {"room": "lobby", "id": dice.choice(ids[-200:])} if ids else {}
        match dice.random():
            case luck if luck < 0.7 or not ids:
                ref = await client.start("post", room="lobby", cid=new_cid(), body=f"{seed} {len(ids)}")
            case luck if luck < 0.85:
                ref = await client.start("edit", **target, body=f"edited {dice.random()}")
            case luck if luck < 0.95:
                ref = await client.start("react", **target, emoji=dice.choice("👍🎉😀"), on=dice.random() < 0.7)
            case _:
                ref = await client.start("delete", **target)
        under_way.append(ref)
        while len(under_way) > 20:
            reply = await client.reply(under_way.pop(0))
            assert reply["type"] == "done" or reply["code"] == "gone", reply
            if "id" in reply:
                ids.append(reply["id"])
    for ref in under_way:
        await client.reply(ref)


async def test_sixty_reconnects_under_a_writer_miss_nothing(host: HostProcess, anna: Person, bert: Person) -> None:
    dice = random.Random(20261122)
    stopped = asyncio.Event()
    async with WireClient(host, anna.token) as writer:
        epoch, start = writer.welcome["epoch"], writer.lobby.cursor
        cursors = [start]
        # What the client that comes and goes has: its cursor and its rows, over all its connections.
        kept: dict[int, dict[str, Any]] = {}
        cursor = start
        writing = asyncio.create_task(write_until(stopped, writer, 1))
        try:
            for number in range(RECONNECTS):
                # Mostly from where it was; now and then from anywhere earlier, as an older replica would.
                have = cursor if number % 3 else dice.choice(cursors)
                client = WireClient(host, bert.token, epoch=epoch, have={"lobby": have}, live=False)
                async with client:
                    if dice.random() < 0.8:
                        await client.wait_live()
                        for _ in range(dice.randrange(30)):
                            await client.next("message")
                    elif dice.random() < 0.5:
                        await client.next("sync")
                    client.cut()
                if "lobby" not in client.rooms:
                    continue
                # The client has checked each frame: pages in order after the cursor, live revisions dense.
                assert client.lobby.resets == 0
                for id, row in client.lobby.rows.items():
                    if id not in kept or kept[id]["rev"] < row["rev"]:
                        kept[id] = row
                if client.lobby.cursor >= cursor:
                    cursor = client.lobby.cursor
                cursors.append(cursor)
        finally:
            stopped.set()
            await writing
        async with WireClient(host, bert.token, epoch=epoch, have={"lobby": cursor}) as last:
            for id, row in last.lobby.rows.items():
                kept[id] = row
            end = last.lobby.cursor
        async with WireClient(host, bert.token, epoch=epoch, have={"lobby": start}) as fresh:
            truth = fresh.lobby.rows
        assert end - start > 300, "the writer was not at full speed"
        assert {id: row for id, row in kept.items() if id > start} == truth
        # The writer itself was told each revision once, in order.
        await writer.settle()
        assert writer.lobby.told == list(range(start + 1, end + 1))


async def test_many_come_and_go_at_once(host: HostProcess, anna: Person, bert: Person) -> None:
    stopped = asyncio.Event()
    async with WireClient(host, anna.token) as writer:
        epoch, start = writer.welcome["epoch"], writer.lobby.cursor
        writing = asyncio.create_task(write_until(stopped, writer, 2))

        async def come_and_go(seed: int) -> None:
            dice = random.Random(seed)
            cursor, told = start, []
            for _ in range(8):
                async with WireClient(host, bert.token, epoch=epoch, have={"lobby": cursor}) as client:
                    for _ in range(dice.randrange(1, 20)):
                        await client.next("message")
                    assert client.lobby.resets == 0
                    told += client.lobby.told
                    cursor = client.lobby.cursor
                    client.cut()
            assert told == sorted(set(told)), "a revision twice"

        try:
            await asyncio.gather(*(come_and_go(seed) for seed in range(6)))
        finally:
            stopped.set()
            await writing
