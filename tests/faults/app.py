"""What the app lives through: killed around a send, cut off in every way, a full disk, a damaged replica, a host that
is not the one it was. The app is `headless_app`, a process with all its parts but the window."""

import asyncio
import contextlib
import json
import random
import secrets
import shutil
import socket
import sqlite3
import struct
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.disk import _fill, _roots
from tests.faults.stage import FaultyHost, Stage, check, check_room, reading, until
from tests.helpers.host_process import ROOT, environment
from tests.helpers.wire_client import WireClient, register


class AppProcess:
    """One headless app. Start it with `start`; end it with `kill` or `aclose`."""

    def __init__(self, folder: Path, planted: str = "") -> None:
        self.folder = folder
        self._planted = planted.removeprefix("app:") if planted.startswith("app:") else ""
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._events: deque[dict[str, Any]] = deque()
        self.shown: set[str] = set()
        self.given_back: set[str] = set()
        self.failed: list[str] = []
        self.rebuilt = 0

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    async def start(self) -> "AppProcess":
        self._events.clear()
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.faults.headless_app", str(self.folder), self._planted),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )
        self._reader = asyncio.create_task(self._read(self._child))
        await self.next("ready", seconds=20)
        return self

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        while line := await child.stdout.readline():
            event = json.loads(line)
            if event["event"] == "shown":
                self.shown.add(event["body"])
            if event["event"] == "given_back":
                self.given_back.add(event["body"])
            if event["event"] == "failed":
                self.failed.append(event["sentence"])
            self.rebuilt += event["event"] == "rebuilt"
            self._events.append(event)
            self._arrived.set()
        self._arrived.set()

    async def next(self, name: str, seconds: float = 15, **fields: Any) -> dict[str, Any]:
        """The next event of this kind; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                while self._events:
                    event = self._events.popleft()
                    if event["event"] == name and all(event.get(key) == value for key, value in fields.items()):
                        return event
                assert self._reader is not None
                assert not self._reader.done(), f"the app ended before {name} {fields}"
                self._arrived.clear()
                await self._arrived.wait()

    def do(self, what: str, **fields: Any) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": what, **fields}).encode() + b"\n")

    async def join(self, name: str, port: int) -> None:
        self.do("join", name=name, at=f"127.0.0.1:{port}")
        await self.next("state", link="LIVE")

    async def settled(self, seconds: float = 60, cursor: int = 0) -> None:
        """Wait until it is live and nothing waits."""
        deadline = time.monotonic() + seconds
        while True:
            self.do("ask")
            now = await self.next("waiting")
            if now["live"] and not now["count"] and now["cursor"] >= cursor:
                return
            assert time.monotonic() < deadline, f"not settled after {seconds} s: {now}; {self.failed[-1:]}"
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._child is None or self._reader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        await self._child.wait()
        await self._reader

    async def aclose(self) -> None:
        """End it as a person does."""
        assert self._child is not None
        assert self._child.stdin is not None
        assert self._reader is not None
        self._child.stdin.close()
        try:
            await asyncio.wait_for(self._child.wait(), 15)
        finally:
            await self.kill()


def like_host(app: AppProcess, host: FaultyHost) -> int:
    """The app's copy of the lobby is what it says it is: no row but the host's as they are now, each of them that lies
    within a range, the newest range up to the cursor, the cursor at the host's revision. How many rows it has.

    Raises:
        AssertionError: it is not, or not yet.
    """
    with reading(host.data / "room.db") as db:
        rev, rows = db.execute("SELECT rev FROM rooms WHERE id = 'lobby'").fetchone()[0], {}
        for id, *row in db.execute("SELECT id, rev, body FROM messages WHERE room = 'lobby'"):
            rows[id] = tuple(row)
    with reading(app.folder / "replica.db") as db:
        room = db.execute("SELECT key, cursor, ranges FROM rooms WHERE id = 'lobby'").fetchone()
        assert room is not None, "the replica has no lobby"
        key, cursor, ranges = room[0], room[1], json.loads(room[2])
        kept = {}
        for id, row_rev, row in db.execute("SELECT id, rev, body FROM messages WHERE room = ?", (key,)):
            kept[id] = (row_rev, json.loads(row)["body"])
    name = app.folder.name
    assert cursor == rev, f"{name} stands at {cursor} of {rev}"
    assert not ranges or ranges[-1][1] == cursor, f"{name}: the newest range ends at {ranges[-1][1]}, not at {cursor}"
    strange = sorted(id for id, row in kept.items() if rows.get(id) != row)
    assert not strange, f"{name}: {len(strange)} rows are not the host's: {strange[:5]}"
    covered = {id for id in rows for first, last in ranges if first <= id <= last}
    missing = sorted(covered - set(kept))
    assert not missing, f"{name}: {len(missing)} rows are missing: {missing[:5]}"
    assert ranges or not rows, f"{name} has nothing"
    return len(covered)


async def becomes_like_host(app: AppProcess, host: FaultyHost, seconds: float = 15) -> int:
    """The same, within that time: after the last row is told its replica writes it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return like_host(app, host)
        except (AssertionError, sqlite3.DatabaseError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


def revision(host: FaultyHost) -> int:
    """Where the host's lobby stands."""
    with reading(host.data / "room.db") as db:
        return int(db.execute("SELECT rev FROM rooms WHERE id = 'lobby'").fetchone()[0])


#: What a proxy does to connections, each as often as it stands here.
FATES = (*("reset", "mid-frame") * 4, *("delay",) * 2, "throttle", "swallow")
WAYS = tuple(dict.fromkeys(FATES))
#: No message and no sign of the end: an active client finds out by a ping every 3 s, answered within 2 s. Before it is
#: live it may have to wait 10 s for a welcome, and 2 s for a farewell.
NOTICED_SECONDS, UNWELCOMED_SECONDS = 8.0, 14.0


@dataclass
class Fate:
    """What becomes of one connection after so many more bytes, both directions together."""

    way: str
    left: int
    live: bool = False
    struck_at: float | None = None
    ends_at: float = 0.0


class Proxy:
    """Between apps and a host, with a fate for every connection but while `harmless`.

    `struck` counts connections by what was done to them:
    - reset: cut with what was on its way, by a RST;
    - mid-frame: cut within a frame;
    - delay: whatever comes is held back for one to three seconds, and it is cut after a while;
    - throttle: two to six kilobytes a second get through, and it is cut after a while;
    - swallow: nothing gets through any more and nobody is told; counted once the client has hung up by itself.
    """

    def __init__(self, dice: random.Random) -> None:
        self.port = 0
        self.target = 1
        self.connections = 0
        self.harmless = True
        self.struck: Counter[str] = Counter()
        #: How long a swallowed connection was taken for alive, at most: a live one, and one that was not so far.
        self.unnoticed = {True: 0.0, False: 0.0}
        self._dice = dice
        # The slow ones first: few cuts are to have all.
        self._deck = list(FATES)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def cuts(self) -> int:
        return self.struck.total()

    @property
    def allowed(self) -> tuple[str, str]:
        """What lets a host answer to this name."""
        return "--allow-host", f"127.0.0.1:{self.port}"

    def lead_to(self, host: FaultyHost) -> FaultyHost:
        self.target = host.port
        return host

    def cut_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def aclose(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    def _draw(self) -> str:
        """From a deck, not by dice: each way comes up regularly."""
        if not self._deck:
            self._deck = self._dice.sample(FATES, len(FATES))
        return self._deck.pop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to_writer}
        way = "none" if self.harmless else self._draw()
        # Silence is for live connections above all; the others may fall into the welcome too.
        fate = Fate(way, self._dice.randrange(6000 if way == "swallow" else 1500, 12000))
        tasks = [
            asyncio.create_task(self._pump(reader, to_writer, fate)),
            asyncio.create_task(self._pump(to_reader, writer, fate)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if fate.way == "swallow" and fate.struck_at is not None and not self.harmless:
                self.unnoticed[fate.live] = max(self.unnoticed[fate.live], time.monotonic() - fate.struck_at)
                self.struck[fate.way] += tasks[0].done()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for one in (writer, to_writer):
                if fate.way == "reset":
                    with contextlib.suppress(OSError):
                        # The kernel then sends a RST, and drops what is on its way.
                        linger = struct.pack("ii", 1, 0)
                        one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.transport.abort()
            self._writers -= {writer, to_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: Fate) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                fate.left -= len(data)
                if fate.way == "none" or fate.left > 0:
                    fate.live = fate.live or b'"type":"live"' in data
                    writer.write(data)
                    await writer.drain()
                    continue
                if fate.struck_at is None:
                    fate.struck_at = time.monotonic()
                    fate.ends_at = fate.struck_at + self._dice.uniform(2, 4)
                    self.struck[fate.way] += fate.way != "swallow"
                if not await self._strike(data, writer, fate):
                    return

    async def _strike(self, data: bytes, writer: asyncio.StreamWriter, fate: Fate) -> bool:
        """Do it to this piece; whether the connection lives on."""
        match fate.way:
            case "mid-frame":
                # A piece ends where a frame does, or is within one anyway.
                writer.write(data[: -self._dice.randrange(1, 12)])
                await asyncio.sleep(0)
                return False
            case "delay":
                await asyncio.sleep(self._dice.uniform(1, 3))
                writer.write(data)
                return time.monotonic() < fate.ends_at
            case "throttle":
                rate = self._dice.uniform(2000, 6000)
                for start in range(0, len(data), 200):
                    writer.write(data[start : start + 200])
                    await asyncio.sleep(200 / rate)
                return time.monotonic() < fate.ends_at
            case "swallow":
                return True
        return False


def exactly_once(database: Path, senders: dict[str, list[str]]) -> int:
    """Every body of every sender once, in that sender's order; how many."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT u.name, m.body FROM messages m JOIN users u ON u.id = m.author WHERE kind = 'text' ORDER BY m.id"
        ).fetchall()
    for name, bodies in senders.items():
        stored = [body for author, body in rows if author == name]
        twice = len(stored) - len(set(stored))
        missing = len(set(bodies) - set(stored))
        assert not twice, f"{twice} of {name} twice"
        assert not missing, f"{missing} of {name} missing"
        assert [body for body in stored if body in set(bodies)] == bodies, f"{name} out of order"
    return sum(map(len, senders.values()))


@check(
    "kill -9 of the app around a send",
    "kills",
    full=100,
    short=3,
    planted="app:no-outbox",
    plant="commands are not brought to disk",
    passes="each post that was shown is at the host once, in order",
)
async def app_killed(stage: Stage, count: int) -> str:
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    app = AppProcess(stage.folder / "profile", stage.planted)
    sent: list[str] = []
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        for number in range(count):
            moment = number % 3
            if moment == 0:
                # Before it could be sent at all: it is on disk only.
                proxy.target = 1
                proxy.cut_all()
                await app.next("state", link="RETRYING")
            for part in range(3):
                sent.append(f"post {number}.{part}")
                app.do("send", body=sent[-1])
            if moment < 2:
                await until(lambda: sent[-1] in app.shown, 10, "the post is shown")  # noqa: B023
            else:
                await asyncio.sleep(stage.dice.uniform(0, 0.02))
            await app.kill()
            # Only what was shown is promised; the rest was not typed to the end.
            sent = [body for body in sent if body in app.shown]
            proxy.target = host.port
            await app.start()
        await app.settled()
        await app.aclose()
        exactly_once(host.data / "room.db", {"Ada": sent})
        everything = check_room(host.data / "room.db")
        bodies = [body for _, body in everything.values()]
        assert len(bodies) == len(set(bodies)), "a post twice"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"{count} kills, {len(sent)} shown, each there once"


@check(
    "a proxy that resets, cuts mid-frame, swallows, delays and throttles",
    "cuts",
    full=500,
    short=15,
    planted="app:drops-rows",
    plant="every twentieth row that an app is told is not kept",
    passes="each way a twentieth of them at least, silence noticed ≤ 8 s; each message exactly once, each sender's "
    "order kept, every replica like the host",
)
async def cut_off(stage: Stage, count: int) -> str:
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    names = [f"App {number}" for number in range(4 if stage.short else 8)]
    apps = [AppProcess(stage.folder / name, stage.planted) for name in names]
    senders: dict[str, list[str]] = {name: [] for name in names}
    begun = time.monotonic()
    try:
        await asyncio.gather(*(app.start() for app in apps))
        await asyncio.gather(*(app.join(name, proxy.port) for name, app in zip(names, apps, strict=True)))
        proxy.harmless = False
        proxy.cut_all()
        while proxy.cuts < count or min(proxy.struck[way] for way in WAYS) < max(1, count // 20):
            assert time.monotonic() - begun < 900, f"only {dict(proxy.struck)}"
            for (name, bodies), app in zip(senders.items(), apps, strict=True):
                bodies.append(f"{name}: {len(bodies)}")
                app.do("send", body=bodies[-1])
            await asyncio.sleep(0.1)
        proxy.harmless = True
        proxy.cut_all()
        await asyncio.gather(*(app.settled(90) for app in apps))
        end = revision(host)
        await asyncio.gather(*(app.settled(30, cursor=end) for app in apps))
        await asyncio.gather(*(app.aclose() for app in apps))
        posts = exactly_once(host.data / "room.db", senders)
        # They were there from the first row on, and nothing began anew: no replica has less than everything.
        everything = len(check_room(host.data / "room.db"))
        for app in apps:
            assert like_host(app, host) == everything, "a replica begins later"
        assert proxy.unnoticed[True] < NOTICED_SECONDS, f"the dead passed for live: {proxy.unnoticed}"
        assert proxy.unnoticed[False] < UNWELCOMED_SECONDS, f"the dead were waited for: {proxy.unnoticed}"
    finally:
        for app in apps:
            await app.kill()
        await proxy.aclose()
    ways = ", ".join(f"{proxy.struck[way]} {way}" for way in WAYS)
    return (
        f"{proxy.cuts} cuts: {ways}; silence noticed after {proxy.unnoticed[True]:.1f} s at most; {posts:,} posts once "
        f"and in order, {len(apps)} replicas like the host"
    )


@check(
    "disk of the app full",
    "rounds",
    full=20,
    short=2,
    planted="app:believes-disk",
    plant="a command that the disk refused is shown",
    passes="a sentence, and the text given back instead of a row; what is kept can be read, after a start too; what "
    "others wrote meanwhile is there ≤ 30 s after space is, nothing shown that was not stored",
    root=True,
)
async def app_disk_full(stage: Stage, count: int) -> str:
    place = stage.mount("disk", "24m")
    ballast = place / "ballast"
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    other = register(host)
    app = AppProcess(place / "profile", stage.planted)
    sent: set[str] = set()
    slowest = 0.0
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        async with WireClient(host, other.token, checked=False) as client:
            await client.post("something to keep")
            await app.settled(cursor=1)
            for number in range(count):
                _fill(ballast)
                failures = len(app.failed)
                for part in range(600):
                    # Long ones: the files of the profile have megabytes of room that they took before.
                    body = f"{number}.{part} " + "漢" * 3900
                    sent.add(body)
                    app.do("send", body=body)
                    if part % 10 == 9:
                        app.do("ask")
                        await app.next("waiting")
                    if len(app.failed) > failures:
                        break
                assert len(app.failed) > failures, "everything went onto a full disk"
                await until(lambda: sent == app.shown | app.given_back, 10, "each text is shown or given back")
                await _others_write(app, client)
                if number % 3 < 2:
                    await _start_on_full_disk(app, ballast, killed=number % 3 == 0)
                ballast.unlink()
                begun = time.monotonic()
                sent.add(f"after {number}")
                app.do("send", body=f"after {number}")
                await until(lambda: f"after {number}" in app.shown, 30, "writing is back")  # noqa: B023
                await app.settled(30, cursor=revision(host))
                await becomes_like_host(app, host)
                slowest = max(slowest, time.monotonic() - begun)
        await app.aclose()
        assert slowest <= 30, f"all was there {slowest:.1f} s after space was"
        everything = len(check_room(host.data / "room.db"))
        assert like_host(app, host) == everything
        stored = [body for _, body in check_room(host.data / "room.db").values()]
        assert set(stored) >= app.shown, f"{len(app.shown - set(stored))} were shown and are nowhere"
        assert not set(stored) & app.given_back, "what was given back was sent too"
        assert len(stored) == len(set(stored)), "a post twice"
    finally:
        await app.kill()
        await proxy.aclose()
    return (
        f"{count} times full, each said so; {len(app.shown)} shown and stored once, {len(app.given_back)} given back; "
        f"{everything} rows, the last {slowest:.1f} s after space at most"
    )


async def _others_write(app: AppProcess, client: WireClient) -> None:
    """Until the app says that it can't keep that."""
    said = asyncio.create_task(app.next("state", 30, link="RETRYING", here=True))
    try:
        while not said.done():
            await client.post(f"meanwhile {secrets.token_hex(8)} " + "漢" * 3000)
            await asyncio.sleep(0.05)
        assert "no room" in said.result()["reason"], said.result()
    finally:
        said.cancel()


async def _start_on_full_disk(app: AppProcess, ballast: Path, *, killed: bool) -> None:
    """It ends, starts, shows what it has, and says what is the matter."""
    app.do("ask")
    before = await app.next("waiting")
    await (app.kill() if killed else app.aclose())
    # Its end gave some back.
    _fill(ballast)
    await app.start()
    app.do("ask")
    after = await app.next("waiting")
    assert after["cursor"] >= before["cursor"], f"it knew up to {before['cursor']}, and knows up to {after['cursor']}"
    assert after["rows"], "nothing of what is kept is shown"
    assert "no room" in (await app.next("state", 30, link="RETRYING", here=True))["reason"]


#: How a replica is damaged, those first that show as soon as it is opened.
DAMAGES = ("garbage", "head", "empty", "short", "table", "newest", "row", "log")


def _spoil(stage: Stage, replica: Path, how: str, newest: str) -> None:
    """Damage the closed replica, which holds a row with the text `newest`.

    Args:
        how: garbage: all of it; head: its first bytes; empty: no byte left; short: cut off somewhere; table: the page
            from which a table hangs; newest: the page of that row, lost; row: bytes within that row; log: a write-ahead
            log of something else.
    """
    with contextlib.closing(sqlite3.connect(replica)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    whole = bytearray(replica.read_bytes())
    dice = stage.dice
    match how:
        case "garbage":
            whole[:] = dice.randbytes(len(whole))
        case "head":
            whole[:100] = dice.randbytes(100)
        case "empty":
            whole.clear()
        case "short":
            del whole[dice.randrange(4096, len(whole)) :]
        case "table":
            start = (dice.choice(_roots(replica)) - 1) * 4096
            whole[start : start + 4096] = dice.randbytes(4096)
        case "newest":
            start = whole.index(newest.encode()) // 4096 * 4096
            whole[start : start + 4096] = bytes(4096)
        case "row":
            start = whole.index(newest.encode())
            whole[start : start + 4] = b"\xa5" * 4
    replica.write_bytes(whole)
    for ending in ("-wal", "-shm"):
        replica.with_name(replica.name + ending).unlink(missing_ok=True)
    if how == "log":
        replica.with_name(f"{replica.name}-wal").write_bytes(dice.randbytes(40_000))


@check(
    "the app's replica damaged",
    "replicas",
    full=50,
    short=2,
    planted="app:forgets-outbox",
    plant="the outbox goes with the replica",
    passes="made whole from the host, whatever was damaged, and what waited in the outbox is sent once",
)
async def replica_damaged(stage: Stage, count: int) -> str:
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    app = AppProcess(stage.folder / "profile", stage.planted)
    sent: list[str] = []
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        for number in range(count):
            sent.append(f"before {number}!")
            app.do("send", body=sent[-1])
            await app.settled()
            await becomes_like_host(app, host)
            proxy.target = 1
            proxy.cut_all()
            await app.next("state", link="RETRYING")
            newest = sent[-1]
            sent.append(f"waiting {number}!")
            app.do("send", body=sent[-1])
            await until(lambda: sent[-1] in app.shown, 10, "the post is shown")
            await (app.kill() if stage.dice.random() < 0.5 else app.aclose())
            _spoil(stage, app.folder / "replica.db", DAMAGES[number % len(DAMAGES)], newest)
            proxy.target = host.port
            await app.start()
            await app.settled()
            await app.settled(cursor=revision(host))
            await becomes_like_host(app, host)
        await app.aclose()
        exactly_once(host.data / "room.db", {"Ada": sent})
        assert like_host(app, host) >= min(50, len(sent)), "the newest rows are not all there"
        with reading(app.folder / "replica.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        await app.kill()
        await proxy.aclose()
    kinds = min(count, len(DAMAGES))
    return f"{count} damaged in {kinds} ways, each whole again ({app.rebuilt} built anew); {len(sent)} posts once"


@check(
    "a data directory copied by hand and grown apart",
    "changes from one to the other",
    full=20,
    short=2,
    planted="host:believes-cursors",
    plant="every cursor is believed",
    passes="only what diverged is reset, at most two connections each, no row but the host's and none missing",
)
async def grown_apart(stage: Stage, count: int) -> str:
    proxy = await Proxy(stage.dice).open()
    one = proxy.lead_to(stage.host(*proxy.allowed, data=stage.folder / "one"))
    writer = register(one)
    app = AppProcess(stage.folder / "profile", stage.planted)
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        async with WireClient(one, writer.token) as client:
            for number in range(80):
                await client.post(f"common {number}")
            # What lies before the parting is nobody's to reset.
            early = client.welcome["epoch"], {"lobby": client.lobby.cursor}
        await app.settled(cursor=80)
        assert one.stop() == 0
        shutil.copytree(one.data, stage.folder / "two")
        two = stage.host(*proxy.allowed, data=stage.folder / "two")
        one.start()
        hosts = [one, two]
        for host in hosts:
            async with WireClient(host, writer.token, epoch=early[0], have=early[1]) as client:
                assert client.lobby.resets == 0, "what had not diverged was reset"
        for number in range(count):
            now = hosts[number % 2]
            async with WireClient(now, writer.token, checked=False) as client:
                for part in range(stage.dice.randrange(1, 70)):
                    last = await client.post(f"{number % 2} {number} {part}")
                    if stage.dice.random() < 0.2:
                        await client.done("delete", room="lobby", id=last["id"])
                end = await client.row(last["id"])
            proxy.target = now.port
            before = proxy.connections
            proxy.cut_all()
            await app.next("state", link="LIVE")
            await app.settled(cursor=end["rev"])
            assert proxy.connections - before <= 2, f"{proxy.connections - before} connections for one change"
            await becomes_like_host(app, now)
        await app.aclose()
        last_host = hosts[(count - 1) % 2]
        rows = like_host(app, last_host)
        assert rows >= 50, f"only {rows} rows are there"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"{count} changes, {rows} rows like the host's after each"
