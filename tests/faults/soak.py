"""What only time shows: memory that grows, a write-ahead log that is never emptied."""

import asyncio
import time

from tests.faults.readers import MEBIBYTE, Drain
from tests.faults.stage import Stage, check
from tests.helpers.wire_client import WireClient, new_cid, register

WAL_BYTES = 64 * MEBIBYTE


@check(
    "the write-ahead log under readers who leave no gap",
    "posts of 12 KB",
    full=20000,
    short=1800,
    planted="host:endless-log",
    plant="the log is never emptied",
    passes="the write-ahead log ≤ 64 MiB (short form: 24)",
)
async def log_bounded(stage: Stage, count: int) -> str:
    host = stage.host()
    people = [register(host) for _ in range(6)]
    largest, posted = 0, 0
    limit = 24 * MEBIBYTE if stage.short else WAL_BYTES
    writing = True

    async def read(token: str) -> None:
        async with WireClient(host, token, checked=False) as client:
            while writing:
                await client.page(limit=20, before=max(2, posted))
                client.log.clear()
                client._unread.clear()

    async def write(token: str) -> None:
        nonlocal largest, posted
        async with WireClient(host, token, checked=False) as client:
            while posted < count:
                refs = [await client.start("post", room="lobby", cid=new_cid(), body="漢" * 4000) for _ in range(10)]
                for ref in refs:
                    assert (await client.reply(ref))["type"] == "done"
                    posted += 1
                client.log.clear()
                client._unread.clear()
                largest = max(largest, host.wal_bytes())
                assert largest <= limit, f"the log has {largest // MEBIBYTE} MiB"

    readers = [asyncio.create_task(read(person.token)) for person in people[:4]]
    try:
        await asyncio.gather(*(write(person.token) for person in people[4:]))
    finally:
        writing = False
        await asyncio.gather(*readers, return_exceptions=True)
    size = (host.data / "room.db").stat().st_size
    return f"{largest / MEBIBYTE:.1f} MiB at most, {size // MEBIBYTE} MiB written"


@check(
    "50 clients, 20 messages a second, a reconnect a second",
    "s",
    full=1800,
    short=8,
    planted="host:forgets-nothing",
    plant="every frame ever told is kept",
    passes="memory grows ≤ 5 % after the first five minutes (short form: ≤ 20 %), write-ahead log ≤ 64 MiB",
)
async def soak(stage: Stage, count: int) -> str:
    seconds = stage.minutes * 60 if stage.minutes else float(count)
    pace = 0.005 if stage.short else 0.05
    host = stage.host()
    people = [register(host) for _ in range(25)]
    samples: list[tuple[float, int]] = []
    largest, reconnects, posted = 0, 0, 0
    async with WireClient(host, people[0].token, checked=False) as poster:
        drains = [await Drain(host, people[number % 25]).open() for number in range(49)]
        begun = time.monotonic()
        sampled, reconnected = begun, begun
        while (now := time.monotonic()) - begun < seconds:
            reply = await poster.call("post", room="lobby", cid=new_cid(), body=f"message {posted} " + "s" * 200)
            assert reply["type"] == "done", reply
            posted += 1
            poster.log.clear()
            poster._unread.clear()
            if now - reconnected >= 1:
                reconnected += 1
                reconnects += 1
                leaving = drains.pop(0)
                leaving.cut()
                drains.append(await Drain(host, leaving.person).open())
            if now - sampled >= seconds / 120:
                sampled = now
                samples.append((now - begun, host.resident()))
                largest = max(largest, host.wal_bytes())
            await asyncio.sleep(max(0.0, begun + posted * pace - time.monotonic()))
        lost = sum(drain.closed.is_set() for drain in drains)
        for drain in drains:
            drain.cut()
    late = [(at, size) for at, size in samples if at >= min(300.0, seconds / 3)]
    start, end = _fitted(late)
    growth = (end - start) / start
    assert not lost, f"{lost} connections were lost"
    assert largest <= WAL_BYTES, f"the log has {largest // MEBIBYTE} MiB"
    assert growth <= (0.2 if stage.short else 0.05), f"memory grows by {growth:.1%}"
    assert host.stop() == 0
    return (
        f"{seconds / 60:.1f} min, {posted:,} posts, {reconnects} reconnects; memory {start / MEBIBYTE:.1f} MiB "
        f"{growth:+.1%}; write-ahead log {largest / MEBIBYTE:.1f} MiB"
    )


def _fitted(samples: list[tuple[float, int]]) -> tuple[float, float]:
    """Where a straight line through the samples begins and ends."""
    count = len(samples)
    middle = sum(at for at, _ in samples) / count
    mean = sum(size for _, size in samples) / count
    spread = sum((at - middle) ** 2 for at, _ in samples)
    slope = sum((at - middle) * (size - mean) for at, size in samples) / spread
    return mean + slope * (samples[0][0] - middle), mean + slope * (samples[-1][0] - middle)
