"""After each batch of broken frames a watching pair of clients exchanges 20 messages in order within a second.

What the frames are is in ``tests/server/wire/test_mutations.py``; here they are written as fast as the host reads them,
and what counts is that nobody else notices.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed

from tests.helpers.host_process import HostProcess
from tests.helpers.times import within
from tests.helpers.wire_client import Person, WireClient, new_cid
from tests.helpers.wire_shapes import CODES
from tests.server.wire.test_mutations import mutate

EXCHANGE_SECONDS = within(1.0)
#: Answered with a code; more than ten in a minute end the connection, and so a new one is made.
ENDS = {1002, 1003, 1007, 1008}
LISTED = CODES - {"internal"}
Make = Callable[[random.Random], bytes]


def at_random(dice: random.Random) -> bytes:
    """Bytes of no language; half of them at least text."""
    junk = dice.randbytes(dice.randrange(1, 200))
    return junk.decode("latin-1").encode() if dice.random() < 0.5 else junk


def mutated(dice: random.Random) -> bytes:
    frame = mutate(dice)
    return frame.encode() if isinstance(frame, str) else frame


def is_text(frame: bytes) -> bool:
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True


async def batter(host: HostProcess, person: Person, make: Make, seed: int, count: int, codes: Counter[str]) -> None:
    """Write so many: ten a connection, and none after what is not UTF-8, so that the host reads each of them."""
    dice = random.Random(seed)
    left = count
    while left > 0:
        async with WireClient(host, person.token, checked=False) as attacking:
            try:
                for _ in range(min(left, 10)):
                    left -= 1
                    frame = make(dice)
                    await attacking.send_raw(frame, text=True)
                    if not is_text(frame):
                        break
                await attacking.send("ping", ref=2**50)
                await attacking.reply(2**50)
            except (ConnectionClosed, AssertionError):
                assert await attacking.closed() in ENDS
            codes.update(event["code"] for event in attacking.heard("refused"))


async def exchange(one: WireClient, two: WireClient, number: int) -> float:
    """Twenty messages to and fro, in order; how long it took."""
    began = time.monotonic()
    for turn in range(10):
        for speaker, listener in ((one, two), (two, one)):
            body = json.dumps([number, turn])
            done = await speaker.done("post", room="lobby", cid=new_cid(), body=body)
            assert (await listener.told(done["id"]))["body"] == body
    return time.monotonic() - began


async def attack(host: HostProcess, people: list[Person], make: Make, batches: int, size: int) -> None:
    anna, bert, attacker = people
    codes: Counter[str] = Counter()
    slowest = 0.0
    async with WireClient(host, anna.token, checked=False) as one, WireClient(host, bert.token, checked=False) as two:
        for number in range(batches):
            parts = (batter(host, attacker, make, number * 4 + part, size // 4, codes) for part in range(4))
            await asyncio.gather(*parts)
            took = await exchange(one, two, number)
            assert took < EXCHANGE_SECONDS, f"twenty messages took {took:.2f} s after batch {number}"
            slowest = max(slowest, took)
    assert set(codes) <= LISTED, codes
    assert not host.faults(), host.log[-3000:]
    print(f"{batches * size} frames, {dict(codes)}; twenty messages in {slowest * 1000:.0f} ms at most")


@pytest.fixture
def people(anna: Person, bert: Person, dana: Person) -> list[Person]:
    """Two who talk, and the owner, whose frames may do the most."""
    return [anna, bert, dana]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batches", [2, pytest.param(100, marks=pytest.mark.long)])
async def test_mutated_frames(host: HostProcess, people: list[Person], batches: int) -> None:
    await attack(host, people, mutated, batches, size=500)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batches", [1, pytest.param(40, marks=pytest.mark.long)])
async def test_random_frames(host: HostProcess, people: list[Person], batches: int) -> None:
    await attack(host, people, at_random, batches, size=500)
