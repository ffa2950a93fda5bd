"""Thousands of frames with something broken in them: only codes of the list, no `internal`, and nobody else notices."""

import asyncio
import json
import random
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid
from tests.server.wire.test_frames import CID

COMMANDS: list[dict[str, Any]] = [
    {"type": "post", "ref": 1, "room": "lobby", "cid": CID, "body": "Hello 👍", "mentions": [], "reply_to": 1},
    {"type": "edit", "ref": 2, "room": "lobby", "id": 1, "body": "x", "mentions": ["u_1"]},
    {"type": "delete", "ref": 3, "room": "lobby", "id": 1},
    {"type": "react", "ref": 4, "room": "lobby", "id": 1, "emoji": "👍", "on": True},
    {"type": "pin", "ref": 5, "room": "lobby", "id": 1, "on": False},
    {"type": "history", "ref": 6, "room": "lobby", "before": 9, "limit": 5, "pinned": False},
    {"type": "get", "ref": 7, "room": "lobby", "ids": [1, 2, 3]},
    {"type": "search", "ref": 8, "query": "hello", "room": "lobby", "limit": 5},
    {"type": "read", "ref": 9, "room": "lobby", "id": 1, "back": False},
    {"type": "seen", "ref": 10, "room": "lobby", "id": 1},
    {"type": "presence", "ref": 11, "status": "away"},
    {"type": "typing", "room": "lobby"},
    {"type": "ping", "ref": 12},
    {"type": "hello", "ref": 13, "protocol": [1], "client": "x/1", "token": "x", "have": {"lobby": 1}},
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**40),
    *("", " ", "x", "0", "lobby", "\0", "\ud800", "\u202e", "é" * 50, "x" * 5000, "%s", "'; --", "../..", "👍" * 20),
    *([], {}, [[]], [None], {"": None}, [1] * 200, {"lobby": -1}, [["x"] * 3] * 3),
]


def mutate(dice: random.Random) -> str | bytes:
    """A command with one to three things wrong; a str is sent as text, bytes too, whatever they are."""
    command = dict(dice.choice(COMMANDS))
    for _ in range(dice.randrange(1, 4)):
        match dice.randrange(5):
            case 0:
                command[dice.choice(list(command))] = dice.choice(VALUES)
            case 1:
                command.pop(dice.choice(list(command)), None)
                command = command or {"type": "ping"}
            case 2:
                command[dice.choice(["x", "type ", "Ref", "", "id", "room", "limit", "around"])] = dice.choice(VALUES)
            case 3:
                other = dice.choice(COMMANDS)
                command["type"] = other["type"]
            case 4:
                command = {key: [value] if dice.random() < 0.2 else value for key, value in command.items()}
    text = json.dumps(command, ensure_ascii=dice.random() < 0.5, allow_nan=True)
    if dice.random() < 0.4:
        raw = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(dice.randrange(1, 5)):
            place = dice.randrange(len(raw))
            match dice.randrange(4):
                case 0:
                    raw[place] = dice.randrange(256)
                case 1:
                    del raw[place:]
                case 2:
                    raw[place:place] = dice.choice([b"\0", b'"', b"\\", b"{", b"[[", b"\xff", b"NaN", b"\xed\xa0\x80"])
                case 3:
                    raw[place:place] = raw[: dice.randrange(len(raw))]
            if not raw:
                return b""
        return bytes(raw)
    return text.encode("utf-8", "surrogatepass")


async def batter(host: HostProcess, person: Person, seed: int, count: int) -> None:
    """Send so many, on a new connection whenever the host has had enough of one."""
    dice = random.Random(seed)
    sent = 0
    while sent < count:
        async with WireClient(host, person.token) as client:
            try:
                while sent < count:
                    for _ in range(5):
                        sent += 1
                        await client.send_raw(mutate(dice), text=True)
                    await client.send("ping", ref=2**40 + sent)
                    await client.reply(2**40 + sent)
            except ConnectionClosed:
                pass
            except AssertionError as ended:
                if "closed with" not in str(ended):
                    raise
            codes = {event["code"] for event in client.heard("refused")}
            assert "internal" not in codes, client.log[-10:]
            code = client.socket.close_code
            assert code in (None, 1000, 1007, 1008), code


async def chat(one: WireClient, two: WireClient, number: int) -> None:
    """Twenty messages to and fro, in order, within a second or what a busy machine makes of it."""
    async with asyncio.timeout(5):
        for turn in range(10):
            for speaker, listener in ((one, two), (two, one)):
                done = await speaker.done("post", room="lobby", cid=new_cid(), body=f"{number} {turn}")
                await listener.told(done["id"])


async def attack(host: HostProcess, people: list[Person], batches: int, size: int) -> None:
    anna, bert, mallory = people
    async with WireClient(host, anna.token) as one, WireClient(host, bert.token) as two:
        for number in range(batches):
            await asyncio.gather(
                *(batter(host, mallory, number * 10 + part, size // 4) for part in range(4)), chat(one, two, number)
            )
            assert not host.faults(), host.log[-3000:]


@pytest.fixture
def mallory(anna: Person, bert: Person, dana: Person) -> list[Person]:
    """Two who talk, and one who may do everything wrong, and has all rights to."""
    return [anna, bert, dana]


async def test_mutated_frames_get_listed_codes(host: HostProcess, mallory: list[Person]) -> None:
    await attack(host, mallory, batches=2, size=1000)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_fifty_thousand_mutated_frames(host: HostProcess, mallory: list[Person]) -> None:
    await attack(host, mallory, batches=25, size=2000)


@pytest.mark.parametrize("count", [150, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
async def test_random_bytes(host: HostProcess, anna: Person, bert: Person, count: int) -> None:
    dice = random.Random(count)
    async with WireClient(host, anna.token) as watching:
        for _ in range(count):
            async with WireClient(host, bert.token) as client:
                junk = dice.randbytes(dice.randrange(20, 300))
                await client.send_raw(junk, text=dice.random() < 0.9)
                assert await client.closed() in (1003, 1007)
        done = await watching.post("calm")
        await watching.told(done["id"])
        assert not host.faults(), host.log[-3000:]
