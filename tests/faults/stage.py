"""What every check of faults stands on: its folder, its dice, its hosts, and whether a fault is planted.

A check is an async function of a stage and a count; it gives the figure it measured, or raises AssertionError. Each
names the fault on which it was seen to fail: `planted` is put into the host (see `planted_host`) or read by the check
itself.

    @check("host killed", "kills", full=200, short=4, planted="late-commit", passes="nothing acknowledged is lost")
    async def host_killed(stage: Stage, count: int) -> str: ...
"""

import asyncio
import contextlib
import os
import queue
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.helpers.host_process import ROOMY, ROOT, HostProcess, environment

#: Rooms for faults are not about limits, and are not backed up unless asked.
QUIET = (*ROOMY, "--limit", "connections_per_user=1000", "--backup-hours", "0")


class SkipCheck(Exception):
    """It can't be done here; the message says why."""


Run = Callable[["Stage", int], Coroutine[Any, Any, str]]


@dataclass(frozen=True)
class Check:
    """One line of the table in docs/reliability.md.

    Args:
        unit: what the count counts.
        short: the count in the normal test suite.
        planted: the faults on which it fails, each by itself, with a blank between their names.
        passes: the condition, for the table.
        root: needs root (mounts, strace).
    """

    name: str
    run: Run
    unit: str
    full: int
    short: int
    planted: str
    plant: str
    passes: str
    root: bool = False


CHECKS: list[Check] = []


def check(
    name: str, unit: str, *, full: int, short: int, planted: str, plant: str, passes: str, root: bool = False
) -> Callable[[Run], Run]:
    """Register a check.

    Args:
        planted: the planted fault's name; `plant` is the sentence that tells it.
    """

    def keep(run: Run) -> Run:
        CHECKS.append(Check(name, run, unit, full, short, planted, plant, passes, root))
        return run

    return keep


class FaultyHost(HostProcess):
    """A host whose start can be wrapped, and into which faults can be planted.

    Args:
        faults: names from `planted_host`.
        prefix: a command that runs it (strace, prlimit).
    """

    def __init__(
        self, data: Path, *options: str, faults: tuple[str, ...] = (), prefix: tuple[str, ...] = (), **more: Any
    ) -> None:
        super().__init__(data, *options, **more)
        arguments = self._line[3:]
        program = ["-m", "tests.faults.planted_host", ",".join(faults)] if faults else ["-m", "mrsambosk_server"]
        self._line = [*prefix, sys.executable, *program, *arguments]
        self.ready_seconds = 0.0

    def start(self) -> Self:
        self._stdout = queue.Queue()  # the end of an earlier run's output is no part of this one's
        begun = time.monotonic()
        super().start()
        self.ready_seconds = time.monotonic() - begun
        return self

    @property
    def server_pid(self) -> int:
        """The host itself, also where something wraps it."""
        return int(child) if (child := _only_child(self.pid)) else self.pid

    def send_signal_to_server(self, number: signal.Signals = signal.SIGTERM) -> None:
        """A signal to the host itself, also where something wraps it."""
        os.kill(self.server_pid, number)

    def resident(self) -> int:
        """Bytes of memory it uses."""
        for line in Path(f"/proc/{self.server_pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def descriptors(self) -> int:
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.server_pid}/fd"))

    def wal_bytes(self) -> int:
        try:
            return (self.data / "room.db-wal").stat().st_size
        except FileNotFoundError:
            return 0


def _only_child(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()
    return ""


@dataclass
class Stage:
    """See the module. `close` kills, unmounts and deletes what is left.

    Args:
        planted: the fault that is planted this time, or "".
        short: whether this is the short form, in which waits of a fixed length are cut down.
    """

    folder: Path
    seed: str
    planted: str = ""
    short: bool = True
    minutes: float | None = None
    dice: random.Random = field(init=False)
    _hosts: list[FaultyHost] = field(default_factory=list)
    _mounts: list[Path] = field(default_factory=list)
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)

    def host(
        self,
        *options: str,
        data: Path | None = None,
        faults: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (),
        start: bool = True,
        **more: Any,
    ) -> FaultyHost:
        """A host of this check's, with the planted fault in it."""
        if self.planted.startswith("host:"):
            faults = (self.planted.removeprefix("host:"), *faults)
        made = FaultyHost(data or self.folder / "data", *QUIET, *options, faults=faults, prefix=prefix, **more)
        self._hosts.append(made)
        return made.start() if start else made

    def mount(self, name: str, size: str) -> Path:
        """A file system of its own in memory, of that size."""
        place = self.folder / name
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "faults", place], check=True)
        self._mounts.append(place)
        return place

    def child(self, *line: str) -> "subprocess.Popen[bytes]":
        """A further child process, fed and heard through pipes."""
        made = subprocess.Popen(
            [sys.executable, *line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=ROOT
        )
        self._children.append(made)
        return made

    def close(self) -> None:
        for host in self._hosts:
            if host.running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(host.server_pid, signal.SIGKILL)
                host.kill()
        for child in self._children:
            child.kill()
            child.wait(10)
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        for place in self._mounts:
            subprocess.run(["umount", "-l", place], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """A database, read beside whoever uses it."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        yield db
    finally:
        db.close()


def check_room(database: Path, floor: int = 0) -> dict[str, tuple[int, str]]:
    """The posts of the lobby by cid, as (id, body), once it is sure that the file is whole and revisions are dense.

    Args:
        floor: rows up to this revision were checked before, and are left out.
    """
    with reading(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rev = db.execute("SELECT rev FROM rooms WHERE id = 'lobby'").fetchone()[0]
        rows = db.execute("SELECT id, rev, author, cid, body FROM messages WHERE room = 'lobby' AND rev > ?", (floor,))
        found = rows.fetchall()
    revs = sorted(row[1] for row in found)
    assert revs == list(range(floor + 1, rev + 1)), f"revisions are not dense up to {rev}: {revs[-20:]}"
    posts = {row[3]: (row[0], row[4]) for row in found}
    assert len(posts) == len(found), "a cid twice"
    return posts


async def until(done: Callable[[], Any], seconds: float, what: str) -> float:
    """Look until it is so; how long that took.

    Raises:
        AssertionError: it took longer.
    """
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - begun
