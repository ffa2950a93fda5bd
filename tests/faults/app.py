"""What the app lives through: killed around a send, cut off in every way, a full disk, a damaged replica, a host that
is not the one it was. The app is `headless_app`, a process with all its parts but the window."""

import asyncio
import contextlib
import json
import random
import shutil
import socket
import sqlite3
import struct
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from tests.faults.disk import _damage, _fill
from tests.faults.stage import FaultyHost, Stage, check, check_room, until
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
        self.failed: list[str] = []

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
            if event["event"] == "failed":
                self.failed.append(event["sentence"])
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

    def rows(self) -> dict[int, str]:
        """The replica's rows of the lobby."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'replica.db'}?mode=ro", uri=True)) as db:
            return {id: json.loads(body)["body"] for id, body in db.execute("SELECT id, body FROM messages")}


class Proxy:
    """Between apps and a host, with a fate for every connection: a way to be cut, after so many bytes."""

    WAYS = ("reset", "mid-frame", "delay", "throttle", "swallow")

    def __init__(self, dice: random.Random) -> None:
        self.port = 0
        self.target = 1
        self.cuts = 0
        self.connections = 0
        self.harmless = True
        self._dice = dice
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to_writer}
        way = "none" if self.harmless else self._dice.choices(self.WAYS, (40, 30, 14, 14, 2))[0]
        left = [self._dice.randrange(1500, 12000)]
        tasks = [
            asyncio.create_task(self._pump(reader, to_writer, way, left)),
            asyncio.create_task(self._pump(to_reader, writer, way, left)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for one in (writer, to_writer):
                if way == "reset":
                    with contextlib.suppress(OSError):
                        # The kernel then sends a RST, and drops what is on its way.
                        linger = struct.pack("ii", 1, 0)
                        one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.transport.abort()
            self._writers -= {writer, to_writer}

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str, left: list[int]
    ) -> None:
        with contextlib.suppress(OSError, ConnectionError):
            while data := await reader.read(4096):
                if way == "delay":
                    await asyncio.sleep(self._dice.uniform(0, 0.02))
                if way == "throttle":
                    for start in range(0, len(data), 700):
                        writer.write(data[start : start + 700])
                        await asyncio.sleep(0.002)
                    data = data[:0] if left[0] > len(data) else data
                    left[0] -= 700
                left[0] -= len(data)
                if way != "none" and left[0] <= 0:
                    self.cuts += 1
                    if way == "swallow":
                        await asyncio.sleep(8)
                    elif way == "mid-frame":
                        writer.write(data[: len(data) // 2])
                        await asyncio.sleep(0)
                    return
                writer.write(data)


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
    planted="app:new-cids",
    plant="what is sent again gets a new cid",
    passes="each message exactly once, each sender's order kept, every replica like the host",
)
async def cut_off(stage: Stage, count: int) -> str:
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    apps = [AppProcess(stage.folder / f"profile-{number}", stage.planted) for number in range(3)]
    senders: dict[str, list[str]] = {f"App {number}": [] for number in range(3)}
    begun = time.monotonic()
    try:
        await asyncio.gather(*(app.start() for app in apps))
        await asyncio.gather(*(app.join(name, proxy.port) for name, app in zip(senders, apps, strict=True)))
        proxy.harmless = False
        proxy.cut_all()
        while proxy.cuts < count:
            assert time.monotonic() - begun < 900, f"only {proxy.cuts} cuts"
            for (name, bodies), app in zip(senders.items(), apps, strict=True):
                bodies.append(f"{name}: {len(bodies)}")
                app.do("send", body=bodies[-1])
            await asyncio.sleep(0.05)
        proxy.harmless = True
        proxy.cut_all()
        await asyncio.gather(*(app.settled(90) for app in apps))
        everything = dict(check_room(host.data / "room.db").values())
        await asyncio.gather(*(app.settled(30, cursor=max(everything)) for app in apps))
        await asyncio.gather(*(app.aclose() for app in apps))
        posts = exactly_once(host.data / "room.db", senders)
        for app in apps:
            for id, body in app.rows().items():
                assert everything.get(id) == body, f"row {id} of a replica is not the host's"
    finally:
        for app in apps:
            await app.kill()
        await proxy.aclose()
    return f"{proxy.cuts} cuts, {posts:,} posts once and in order, 3 replicas like the host"


@check(
    "disk of the app full",
    "rounds",
    full=20,
    short=1,
    planted="app:believes-disk",
    plant="a command that the disk refused is shown",
    passes="a sentence instead of a row, nothing shown that was not stored, all goes on once there is space",
    root=True,
)
async def app_disk_full(stage: Stage, count: int) -> str:
    place = stage.mount("disk", "8m")
    ballast = place / "ballast"
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    app = AppProcess(place / "profile", stage.planted)
    refused = 0
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        for number in range(count):
            _fill(ballast)
            failures = len(app.failed)
            for part in range(600):
                # Long ones: the files of the profile have megabytes of room that they took before.
                app.do("send", body=f"{number}.{part} " + "漢" * 3900)
                if part % 10 == 9:
                    app.do("ask")
                    await app.next("waiting")
                if len(app.failed) > failures:
                    break
            assert len(app.failed) > failures, "everything went onto a full disk"
            refused += 1
            if stage.dice.random() < 0.3:
                await app.kill()
                ballast.unlink()
                await app.start()
            else:
                ballast.unlink()
            app.do("send", body=f"after {number}")
            await until(lambda: f"after {number}" in app.shown, 30, "writing is back")  # noqa: B023
            await app.settled(60)
        await app.aclose()
        stored = [body for _, body in check_room(host.data / "room.db").values()]
        assert set(stored) >= app.shown, f"{len(app.shown - set(stored))} were shown and are nowhere"
        assert len(stored) == len(set(stored)), "a post twice"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"{refused} times full, each said so; {len(app.shown)} shown, all stored once"


@check(
    "the app's replica damaged",
    "replicas",
    full=20,
    short=1,
    planted="app:forgets-outbox",
    plant="the outbox goes with the replica",
    passes="built anew from the host, and what waited in the outbox is sent once",
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
            app.do("send", body=f"before {number}")
            sent.append(f"before {number}")
            await app.settled()
            proxy.target = 1
            proxy.cut_all()
            await app.next("state", link="RETRYING")
            sent.append(f"waiting {number}")
            app.do("send", body=sent[-1])
            await until(lambda: sent[-1] in app.shown, 10, "the post is shown")
            await (app.kill() if stage.dice.random() < 0.5 else app.aclose())
            for ending in ("-wal", "-shm"):
                (app.folder / f"replica.db{ending}").unlink(missing_ok=True)
            _damage(stage, app.folder / "replica.db")
            proxy.target = host.port
            await app.start()
            await app.settled()
        # Live is not yet complete: the page comes after the welcome.
        await app.settled(cursor=max(id for id, _body in check_room(host.data / "room.db").values()))
        await app.aclose()
        exactly_once(host.data / "room.db", {"Ada": sent})
        everything = dict(check_room(host.data / "room.db").values())
        rows = app.rows()
        assert rows.items() <= everything.items()
        assert list(everything)[-20:] == list(rows)[-20:], "the newest rows are not all there"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"{count} built anew, {len(sent)} posts once"


@check(
    "a data directory copied by hand and grown apart",
    "changes from one to the other",
    full=20,
    short=2,
    planted="host:believes-cursors",
    plant="every cursor is believed",
    passes="only what diverged is reset, at most two connections each, no row but the host's",
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
        await app.aclose()
        last_host = hosts[(count - 1) % 2]
        with contextlib.closing(sqlite3.connect(last_host.data / "room.db")) as db:
            truth = dict(db.execute("SELECT id, body FROM messages").fetchall())
        ghosts = {id for id, body in app.rows().items() if truth.get(id) != body}
        assert not ghosts, f"ghosts: {sorted(ghosts)[:5]}"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"{count} changes, {len(truth)} rows, no ghost"
