"""The host loses its power: killed under writers, its log cut anywhere, and the order of syncs all else builds on."""

import asyncio
import contextlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from mrsambosk_server import schema
from tests.faults.stage import FaultyHost, SkipCheck, Stage, check, check_room
from tests.helpers.wire_client import Person, WireClient, new_cid, register

WRITERS = 4
READY_SECONDS = 3.0


class Writer:
    """Posts one after another, keeps what was acknowledged, and says again after a restart what was not."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.acknowledged: dict[str, int] = {}
        self._open: list[str] = []

    async def write(self, host: FaultyHost, noted: Callable[[], None]) -> None:
        """Until the connection ends."""
        # However it ends: it was the kill.
        with contextlib.suppress(Exception):
            async with WireClient(host, self.person.token, checked=False) as client:
                while True:
                    # Four in flight: the kill then falls between many more states than with one.
                    while len(self._open) < 4:
                        self._open.append(new_cid())
                    refs = [
                        (cid, await client.start("post", room="lobby", cid=cid, body=cid)) for cid in list(self._open)
                    ]
                    for cid, ref in refs:
                        reply = await client.reply(ref)
                        if reply["type"] != "done":
                            return
                        self.acknowledged[cid] = reply["id"]
                        self._open.remove(cid)
                        noted()


@check(
    "kill -9 of the host under four writers",
    "kills",
    full=200,
    short=3,
    planted="host:late-commit",
    plant="answers before the commit",
    passes="no acknowledged message lost, none twice, revisions dense, integrity_check ok, ready again ≤ 3 s",
)
async def host_killed(stage: Stage, count: int) -> str:
    host = stage.host()
    people = [register(host) for _ in range(WRITERS)]
    writers = [Writer(person) for person in people]
    slowest, checked, floor = 0.0, 0, 0
    posts: dict[str, tuple[int, str]] = {}
    for _ in range(count):
        left = [stage.dice.randrange(1, 60)]
        enough = asyncio.Event()

        def noted(left: list[int] = left, enough: asyncio.Event = enough) -> None:
            left[0] -= 1
            if left[0] <= 0:
                enough.set()

        writing = [asyncio.create_task(writer.write(host, noted)) for writer in writers]
        await asyncio.wait_for(enough.wait(), 20)
        await asyncio.sleep(stage.dice.uniform(0, 0.01))
        host.kill()
        await asyncio.wait_for(asyncio.gather(*writing), 20)
        host.start()
        slowest = max(slowest, host.ready_seconds)
        told = check_room(host.data / "room.db", floor)
        assert not told.keys() & posts.keys(), "a post twice"
        posts |= told
        floor += len(told)
        for writer in writers:
            for cid, number in writer.acknowledged.items():
                assert posts.get(cid, (0, ""))[0] == number, f"acknowledged as {number}, and not there after the kill"
            checked += len(writer.acknowledged)
            writer.acknowledged.clear()
    assert slowest <= READY_SECONDS, f"ready after {slowest:.2f} s only"
    assert host.stop() == 0
    at_the_end = check_room(host.data / "room.db")
    assert {cid: row for cid, row in at_the_end.items() if cid in posts} == posts, "lost after it had been there"
    return f"{checked:,} acknowledged, 0 lost, 0 twice; ready after {slowest:.2f} s at most"


@check(
    "order of syncs, by strace",
    "posts",
    full=200,
    short=20,
    planted="host:unsynced host:early-answer",
    plant="`synchronous=OFF`; a post is answered 20 ms before its commit",
    passes="a sync of the write-ahead log between each commit and its `done`",
    root=True,
)
async def sync_order(stage: Stage, count: int) -> str:
    if shutil.which("strace") is None:
        raise SkipCheck("strace is not installed")
    trace = stage.folder / "trace"
    calls = "sendto,sendmsg,write,pwrite64,fsync,fdatasync"
    # As much of each call as a page and its frame's head: whose text a page holds tells which post it commits.
    host = stage.host(prefix=("strace", "-f", "-y", "-s", "4200", "-e", f"trace={calls}", "-o", str(trace)))
    person = register(host)
    bodies = [f"post {number} {stage.dice.randbytes(8).hex()}" for number in range(count)]
    async with WireClient(host, person.token) as client:
        for body in bodies:
            await client.post(body)
    host.send_signal_to_server()
    host.wait()
    synced = 0
    written = flushed = False
    for call in _finished_calls(trace):
        if call.startswith("pwrite64") and "room.db-wal" in call:
            if synced < count and bodies[synced] in call:
                written, flushed = True, False
        elif call.startswith(("fdatasync", "fsync")) and "room.db-wal" in call and written:
            flushed = True
        elif call.startswith(("sendto", "sendmsg")) and re.search(r'type\\":\\"done', call):
            assert written, "a done before its commit was written"
            assert flushed, "a done before its commit was synced"
            synced += 1
            written = flushed = False
    assert synced == count, f"{synced} of {count} were seen"
    return f"{synced} of {count} synced before their `done`"


def _finished_calls(trace: Path) -> Iterator[str]:
    """The calls of a trace by strace, whole: what is sent from when it began, everything else when it was done."""
    started: dict[str, str] = {}
    with trace.open(errors="replace") as lines:
        for line in lines:
            thread, _, call = line.partition(" ")
            call = call.strip()
            is_sending = call.startswith(("sendto", "sendmsg"))
            if call.endswith("<unfinished ...>"):
                started[thread] = call
                if is_sending:
                    yield call
            elif match := re.match(r"<\.\.\. (\w+) resumed>", call):
                begun = started.pop(thread, "")
                if match[1] not in ("sendto", "sendmsg"):
                    yield begun + call
            else:
                yield call


@check(
    "the write-ahead log cut at a random byte",
    "cuts",
    full=500,
    short=40,
    planted="host:late-commit",
    plant="answers before the commit",
    passes="it opens, a prefix of history is there, with all that was acknowledged before that byte",
)
async def log_cut(stage: Stage, count: int) -> str:
    host = stage.host()
    person = register(host)
    assert host.stop() == 0  # what is there now is in the database, not in the log
    host.start()
    acknowledged: list[tuple[int, int]] = []
    async with WireClient(host, person.token) as client:
        while host.wal_bytes() < 3_000_000:
            refs = [await client.start("post", room="lobby", cid=new_cid(), body="x" * 50) for _ in range(3)]
            for ref in refs:
                reply = await client.reply(ref)
                acknowledged.append((host.wal_bytes(), reply["id"]))
        host.kill()
    sizes = [size for size, _ in acknowledged]
    assert sizes == sorted(sizes), "the log was emptied in between"
    whole = (host.data / "room.db-wal").read_bytes()
    for _ in range(count):
        offset = stage.dice.randrange(len(whole) + 1)
        rest = b"" if stage.dice.random() < 0.5 else stage.dice.randbytes(min(len(whole) - offset, 5000))
        have = _open_cut(stage.folder / "cut", host.data / "room.db", whole[:offset] + rest)
        owed = max((number for size, number in acknowledged if size <= offset), default=0)
        assert have >= owed, f"cut at {offset}: {owed} was acknowledged before, {have} is the last there"
    return f"{count} opened, each a prefix ({len(acknowledged)} posts in {len(whole) // 1024:,} KiB)"


def _open_cut(folder: Path, database: Path, log: bytes) -> int:
    """Open a copy with this log as a start of the host does; the room's revision, once all is checked."""
    folder.mkdir()
    try:
        path = folder / "room.db"
        shutil.copyfile(database, path)
        Path(f"{path}-wal").write_bytes(log)
        schema.examine(path, thorough=True)
        schema.open_writer(path).close()
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rev = int(db.execute("SELECT rev FROM rooms WHERE id = 'lobby'").fetchone()[0])
            ids = [row[0] for row in db.execute("SELECT id FROM messages ORDER BY id")]
        assert ids == list(range(1, rev + 1)), f"not a prefix: {ids[-5:]} at {rev}"
        return rev
    finally:
        shutil.rmtree(folder)
