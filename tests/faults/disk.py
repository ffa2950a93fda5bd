"""The host's disk: full, damaged, half migrated, restored, and what the logs say of it all."""

import asyncio
import contextlib
import gzip
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mrsambosk_server import backup, restore, schema
from mrsambosk_server.migrations import MIGRATIONS
from tests.faults.planted_host import NextStep
from tests.faults.stage import FaultyHost, Stage, check, check_room, reading
from tests.helpers.host_process import ROOT, environment, run_host
from tests.helpers.wire_client import Person, WireClient, eventually, new_cid, register, request

FIXTURES = Path(__file__).parent / "fixtures"


@check(
    "disk of the host full",
    "rounds",
    full=20,
    short=2,
    planted="host:no-reserve",
    plant="nothing is held back, no action is let through",
    passes="`storage_full`, reading and deleting go on, writing is back ≤ 30 s after space is, nothing acknowledged "
    "that was not stored, and it starts on a full disk",
    root=True,
)
async def disk_full(stage: Stage, count: int) -> str:
    place = stage.mount("disk", "24m")
    data, ballast = place / "data", place / "ballast"
    host = stage.host(data=data)
    person = register(host)
    acknowledged: dict[str, int] = {}
    slowest, refused, deleted = 0.0, 0, 0
    epoch, have = None, None
    for number in range(count):
        async with WireClient(host, person.token, epoch=epoch, have=have) as client:
            await eventually(lambda: _stored(client, acknowledged), 30)
            _fill(ballast)
            begun = time.monotonic()
            while isinstance(answer := await _post(client, acknowledged), int):
                assert time.monotonic() - begun < 20, "the disk is full, and everything is stored"
            assert answer == "storage_full", answer
            refused += 1
            await _notice(client, "read_only")
            assert (await client.page(limit=10))["messages"], "reading stopped"
            # Many more than one: each writes to the log before it frees anything.
            for id in stage.dice.sample(sorted(acknowledged.values()), min(10, len(acknowledged))):
                await client.done("delete", room="lobby", id=id)
                deleted += 1
            assert await _post(client, acknowledged) == "storage_full"
            ballast.unlink()
            begun = time.monotonic()
            await eventually(lambda: _stored(client, acknowledged), 30)
            slowest = max(slowest, time.monotonic() - begun)
            await _notice(client, "writable")
            epoch, have = client.welcome["epoch"], {"lobby": client.lobby.cursor}
        with reading(data / "room.db") as db:
            stored = {row[0]: row[1] for row in db.execute("SELECT cid, id FROM messages")}
        assert stored == acknowledged, "what was acknowledged and what is stored differ"
        if number % 5 == 0:
            _fill(ballast)
            host.kill()
            host.start()
            ballast.unlink()
            epoch, have = None, None
    assert host.stop() == 0
    with reading(data / "room.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return f"{refused} times full, {deleted} deleted meanwhile, writing back after {slowest:.1f} s at most"


async def _notice(client: WireClient, kind: str) -> None:
    while (await client.next("notice"))["kind"] != kind:
        pass


def _fill(ballast: Path) -> None:
    """Take all that is left."""
    with contextlib.suppress(OSError), ballast.open("ab") as file:
        while True:
            file.write(bytes(4096))
            file.flush()


async def _post(client: WireClient, acknowledged: dict[str, int]) -> int | str:
    cid = new_cid()
    reply = await client.call("post", room="lobby", cid=cid, body="z" * 1000)
    if reply["type"] == "done":
        acknowledged[cid] = reply["id"]
        return int(reply["id"])
    return str(reply["code"])


async def _stored(client: WireClient, acknowledged: dict[str, int]) -> bool:
    return isinstance(await _post(client, acknowledged), int)


@check(
    "a damaged database",
    "databases",
    full=50,
    short=3,
    planted="host:no-examination",
    plant="a database is opened without a look at it",
    passes="status 5, the original untouched, the newest good backup named, and restored whole",
)
async def damaged(stage: Stage, count: int) -> str:
    folder = stage.folder / "original"
    host = stage.host(data=folder)
    person = register(host)
    async with WireClient(host, person.token) as client:
        for part in range(3):
            for _ in range(60):
                await client.post("w" * 300)
            backup.make_backup(folder)
            if part == 2:
                for _ in range(30):
                    await client.post()
    assert host.stop() == 0
    kept = [it.path.name for it in backup.backups(folder)]
    assert len(kept) == 3
    killed = stage.folder / "killed"
    shutil.copytree(folder, killed)
    host = stage.host(data=killed)
    async with WireClient(host, person.token) as client:
        for _ in range(30):
            await client.post()
        host.kill()
    kinds = list(DAMAGES)
    stage.dice.shuffle(kinds)
    named = 0
    for number in range(count):
        kind = kinds[number % len(kinds)]
        data = stage.folder / f"damaged-{number}"
        shutil.copytree(killed if kind == LOG_LEFT else folder, data)
        DAMAGES[kind](stage.dice, data / "room.db")
        expected = kept[-1]
        if stage.dice.random() < 0.3:
            _damage(stage, data / "backups" / kept[-1])
            expected = kept[-2]
        before = _content(data / "room.db")
        end = _run(stage, data)
        assert end.status == 5, f"{kind}: status {end.status}: {end.stderr[-300:]}"
        assert _content(data / "room.db") == before, f"{kind}: the original was changed"
        assert expected in end.sentence, f"{kind}: {expected} is not named: {end.sentence}"
        named += 1
        done = _cli("restore", "--data", str(data))
        assert done.returncode == 0, (kind, done)
        original = [_content(path) for path in data.glob("replaced-*.db")]
        assert original == ([before] if "" in before else []), f"{kind}: the damaged original was not kept"
        if number % 10 == 0:
            again = stage.host(data=data)
            assert request(again, "GET", "/healthz").status == 200
            assert again.stop() == 0
        assert len(check_room(data / "room.db")) == 60 * (kept.index(expected) + 1), kind
        shutil.rmtree(data)
    return f"{named} of {count}, of {min(count, len(kinds))} kinds, named the newest good one and were restored"


def _run(stage: Stage, data: Path) -> Any:
    """A start that should end by itself."""
    host = stage.host(data=data, start=False)
    return run_host(host._line)


def _cli(*arguments: str, fault: str = "", **variables: str) -> "subprocess.CompletedProcess[bytes]":
    """One of the commands that look after data, with a fault planted where one is named."""
    return subprocess.run(
        _cli_line(*arguments, fault=fault), capture_output=True, env=environment() | variables, cwd=ROOT, timeout=60
    )


def _cli_line(*arguments: str, fault: str = "") -> list[str]:
    program = ["tests.faults.planted_host", fault] if fault else ["mrsambosk_server"]
    return [sys.executable, "-m", *program, *arguments]


def _content(database: Path) -> dict[str, bytes]:
    """What is in a database file and in its write-ahead log, as far as they are there."""
    files = {ending: Path(f"{database}{ending}") for ending in ("", "-wal")}
    return {ending: file.read_bytes() for ending, file in files.items() if file.exists()}


PAGE = 4096


def _overwrite(dice: random.Random, path: Path, pages: Sequence[int]) -> None:
    """Fill pages, counted from 1, with anything."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(dice.randbytes(PAGE))


def _damage(stage: Stage, path: Path) -> None:
    """Overwrite a page that is in use, the head, or cut it short."""
    stage.dice.choice((_spoil_head, _cut_short, _spoil_table, _spoil_table))(stage.dice, path)


def _spoil_head(dice: random.Random, path: Path) -> None:
    with path.open("r+b") as file:
        file.write(dice.randbytes(100))


def _cut_short(dice: random.Random, path: Path) -> None:
    os.truncate(path, dice.randrange(PAGE, path.stat().st_size - PAGE))


def _spoil_table(dice: random.Random, path: Path) -> None:
    _overwrite(dice, path, [dice.choice(_roots(path))])


def _roots(path: Path) -> list[int]:
    """The pages from which a table or an index hangs."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return [row[0] for row in db.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 0")]


def _spoil_page(dice: random.Random, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA freelist_count").fetchone() == (0,), "nobody would miss a free page"
    _overwrite(dice, path, [dice.randrange(2, path.stat().st_size // PAGE + 1)])


def _fill_with_garbage(dice: random.Random, path: Path) -> None:
    path.write_bytes(dice.randbytes(path.stat().st_size))


def _spoil_beside_log(dice: random.Random, path: Path) -> None:
    """All pages that do not stand in the log of a host that was killed, where there is one."""
    log = Path(f"{path}-wal")
    content = log.read_bytes() if log.exists() else b""
    logged = {int.from_bytes(content[at : at + 4], "big") for at in range(32, len(content), 24 + PAGE)}
    _overwrite(dice, path, sorted(set(range(1, path.stat().st_size // PAGE + 1)) - logged))


LOG_LEFT = "beside the log of a host that was killed"
DAMAGES: dict[str, Callable[[random.Random, Path], None]] = {
    "the head overwritten": _spoil_head,
    "cut short": _cut_short,
    "the root of a table overwritten": _spoil_table,
    "any page overwritten": _spoil_page,
    "all of it garbage": _fill_with_garbage,
    LOG_LEFT: _spoil_beside_log,
    "of no length": lambda _dice, path: path.write_bytes(b"") and None,
    "of one byte": lambda dice, path: path.write_bytes(dice.randbytes(1)) and None,
    "missing": lambda _dice, path: path.unlink(),
}


@check(
    "kill -9 during a migration",
    "kills at most, one before each statement",
    full=100,
    short=4,
    planted="host:late-rows",
    plant="the rows of a step follow after its commit",
    passes="the old schema and rows or the new ones, never between; a backup was made before; the next start is whole",
)
async def migration_killed(stage: Stage, count: int) -> str:
    wholes = [_wholes_from(stage, version) for version in range(schema.VERSION + 1)]
    cases = [(version, statement) for version in range(schema.VERSION + 1) for statement in range(_statements(version))]
    if len(cases) > count:
        # The last one is always tried: by then all is done and nothing must show.
        cases = [*stage.dice.sample(cases[:-1], count - 1), cases[-1]]
    for version, statement in cases:
        data = stage.folder / f"migration-{version}-{statement}"
        data.mkdir()
        if version:
            (data / "room.db").write_bytes(fixture(version))
        host = stage.host(
            data=data,
            start=False,
            faults=("next-step", "die-in-migration"),
            extra_environment={"FAULT_STATEMENT": str(statement)},
        )
        child = _end(host)
        assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-500:]
        where = f"killed at statement {statement} from version {version}"
        found = _whole(data / "room.db")
        assert found in wholes[version], f"between two versions, {where}"
        if version:
            assert backup.newest_good(data) is not None, "no backup before the migration"
        again = stage.host(data=data, faults=("next-step",))
        assert again.stop() == 0
        whole, newest = _whole(data / "room.db"), wholes[version][-1]
        assert whole.version == newest.version, where
        assert whole.schema == newest.schema, where
        # What the start itself does not write.
        for table in ("messages", "next_one"):
            assert whole.rows_of(table) == newest.rows_of(table), f"{table}, {where}"
        shutil.rmtree(data)
    return f"{len(cases)} kills from versions 0 to {schema.VERSION}, each old or new"


def _end(host: FaultyHost) -> "subprocess.CompletedProcess[bytes]":
    """A start without an input, so that it ends at once where nothing kills it."""
    line, env = host._line, host._environment
    return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, env=env, cwd=ROOT, timeout=60)


def fixture(version: int) -> bytes:
    """A database as that version of the schema left it; one is kept for every version, for ever."""
    return gzip.decompress((FIXTURES / f"room-v{version}.db.gz").read_bytes())


def _statements(version: int) -> int:
    """How many statements bring a database of this version up to the next step, the look at its version included."""
    return 1 + sum(len(step.STATEMENTS) + 2 for step in (*MIGRATIONS[version:], NextStep))


class _Whole(NamedTuple):
    """All that a database file holds, as SQL."""

    version: int
    schema: tuple[str, ...]
    rows: tuple[str, ...]

    def rows_of(self, table: str) -> list[str]:
        return [row for row in self.rows if row.startswith(f'INSERT INTO "{table}"')]


def _whole(path: Path) -> _Whole:
    """A file as a start would find it."""
    if not path.exists() or path.stat().st_size == 0:
        return _Whole(0, (), ())
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        # When it was made is the only thing in which two migrations of the same differ.
        lines = [re.sub(r"\b1[0-9]{9}000\b", "(a time)", line) for line in db.iterdump()]
    rows = [line for line in lines if line.startswith("INSERT")]
    rest = [line for line in lines if line not in rows and line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    return _Whole(version, tuple(rest), tuple(rows))


def _wholes_from(stage: Stage, version: int) -> list[_Whole]:
    """A database of this version, and what each further step should make of it."""
    path = stage.folder / f"whole-{version}.db"
    if version:
        path.write_bytes(fixture(version))
    wholes = [_whole(path)]
    steps = (*MIGRATIONS, NextStep)
    for number in range(version + 1, len(steps) + 1):
        with contextlib.closing(sqlite3.connect(path)) as db:
            for statement in steps[number - 1].STATEMENTS:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
            db.commit()
        wholes.append(_whole(path))
    return wholes


@check(
    "restoring a backup",
    "restores",
    full=20,
    short=1,
    planted="forgets-deletions",
    plant="deletions since the backup are not applied again",
    passes="deletions, bans and a new join code since are applied again; one resync a client, then none; no row but "
    "the host's; in the place of another room nobody is removed and no ban lifted",
)
async def restored(stage: Stage, count: int) -> str:
    deletions = bans = 0
    for number in range(count):
        data = stage.folder / f"restored-{number}"
        host = stage.host(data=data)
        person, troll, away = register(host), register(host), register(host)
        async with WireClient(host, person.token) as client, WireClient(host, away.token) as early:
            ids = [(await client.post(f"secret {index}"))["id"] for index in range(20)]
            await early.told(ids[-1])
            have_early = early.welcome["epoch"], {"lobby": early.lobby.cursor}
            assert _cli("backup", "--data", str(data)).returncode == 0
            gone = stage.dice.sample(ids, 5)
            for id in gone:
                await client.done("delete", room="lobby", id=id)
            for _ in range(stage.dice.randrange(1, 20)):
                await client.post("after the backup")
            epoch, have, rows = client.welcome["epoch"], {"lobby": client.lobby.cursor}, dict(client.lobby.rows)
        answer = request(host, "POST", f"/api/v1/users/{troll.id}/ban", token=host.owner_token, data={"reason": "x"})
        assert answer.status == 204, answer
        answer = request(host, "PATCH", "/api/v1/host", token=host.owner_token, data={"new_code": True})
        assert answer.status == 200, answer
        code = _join_code(data / "room.db")
        if stage.dice.random() < 0.5:
            host.kill()
        else:
            assert host.stop() == 0
        in_use = stage.host(data=data)
        refused = _cli("restore", "--data", str(data))
        assert refused.returncode == 4, refused
        assert in_use.stop() == 0
        put_back = _cli("restore", "--data", str(data), fault=stage.planted)
        assert put_back.returncode == 0, put_back
        assert _join_code(data / "room.db") == code, "an older join code is good again"
        host = stage.host(data=data)
        found = check_found(data / "room.db")
        for id in gone:
            assert found[id] == "", f"message {id} has its text back"
        deletions += len(gone)
        assert b"secret %d" % (gone[0] - ids[0]) not in _needle(data, gone[0] - ids[0]), "deleted text is in the file"
        end = await _welcome_code(host, troll)
        assert end == "banned", end
        bans += 1
        # One resync for who saw more than the backup, none for who did not; then none for anybody.
        async with WireClient(host, person.token, epoch=epoch, have=have) as client:
            assert client.lobby.resets == 1
            assert {id: row["body"] for id, row in client.lobby.rows.items()} == found
            epoch, have, rows = client.welcome["epoch"], {"lobby": client.lobby.cursor}, dict(client.lobby.rows)
        async with WireClient(host, person.token, epoch=epoch, have=have) as client:
            assert client.lobby.resets == 0
            await client.post("and on")
        async with WireClient(host, away.token, epoch=have_early[0], have=have_early[1]) as client:
            assert client.lobby.resets == 0, "who knew no more than the backup was reset"
            assert {row["id"] for row in client.lobby.rows.values() if row["deleted_at"]} >= set(gone)
        assert rows
        assert host.stop() == 0
        await _move_in(stage, data, person, troll)
        shutil.rmtree(data)
    return f"{count} restored, {deletions} deletions and {bans} bans applied again, one resync each"


async def _move_in(stage: Stage, data: Path, person: Person, troll: Person) -> None:
    """A room restored on a computer on which another one was begun meanwhile."""
    moved, carried = data.with_name(f"{data.name}-moved"), data.with_name(f"{data.name}.db")
    assert _cli("backup", "--data", str(data), str(carried)).returncode == 0
    assert stage.host(data=moved).stop() == 0
    assert _cli("restore", "--data", str(moved), str(carried)).returncode == 0
    host = stage.host(data=moved)
    assert await _welcome_code(host, person) == "welcome", "another room's database removed somebody"
    assert await _welcome_code(host, troll) == "banned", "another room's database lifted a ban"
    assert host.stop() == 0
    shutil.rmtree(moved)
    carried.unlink()


def _join_code(database: Path) -> str:
    with reading(database) as db:
        return str(db.execute("SELECT value FROM meta WHERE name = 'code'").fetchone()[0])


def check_found(database: Path) -> dict[int, str]:
    with reading(database) as db:
        return dict(db.execute("SELECT id, body FROM messages WHERE room = 'lobby'").fetchall())


def _needle(data: Path, index: int) -> bytes:
    """The current database, if the word with this number stands in it by itself."""
    content = (data / "room.db").read_bytes() + (data / "room.db-wal").read_bytes()
    text = b"secret %d" % index
    at = content.find(text)
    # "secret 1" is the beginning of "secret 12".
    return (
        content[at : at + len(text)] if at >= 0 and not content[at + len(text) : at + len(text) + 1].isdigit() else b""
    )


async def _welcome_code(host: FaultyHost, person: Person) -> str:
    async with WireClient(host, person.token, live=False, checked=False) as client:
        first = await client.first()
        return str(first.get("code", first["type"]))


@check(
    "kill -9 during a restore",
    "kills",
    full=50,
    short=4,
    planted="moves-log",
    plant="the old log is moved away before the new database is there",
    passes="the old room with all that was acknowledged, or the new one, never between; the next restore succeeds, and "
    "restoring what it replaced brings all back",
)
async def restore_killed(stage: Stage, count: int) -> str:
    killed, stopped = stage.folder / "killed", stage.folder / "stopped"
    host = stage.host(data=killed)
    person = register(host)
    async with WireClient(host, person.token) as client:
        for _ in range(20):
            await client.post("before " + "w" * 300)
        backup.make_backup(killed)
        new = check_room(killed / "room.db")
        for _ in range(200):
            await client.post("after " + "w" * 300)
    host.kill()
    assert (killed / "room.db-wal").stat().st_size, "nothing is in the log alone"
    old = check_room(killed / "room.db")
    shutil.copytree(killed, stopped)
    assert stage.host(data=stopped).stop() == 0
    seconds = 0.0
    # The last steps first: the short form has only those.
    cases: list[tuple[Path, int | None]] = []
    for origin in (killed, stopped):
        begun = time.monotonic()
        untouched = _restore_step(stage, shutil.copytree(origin, stage.folder / f"whole-{origin.name}"), 1_000_000)
        seconds = time.monotonic() - begun
        assert untouched.returncode == 0, untouched
        cases += [(origin, step) for step in reversed(range(int(untouched.stderr.split()[-1])))]
    steps = len(cases)
    cases += [(stage.dice.choice((killed, stopped)), None) for _ in range(count - steps)]
    survived = {"old": 0, "new": 0}
    for number, (origin, step) in enumerate(cases[:count]):
        data = stage.folder / f"restore-{number}"
        shutil.copytree(origin, data)
        if step is None:
            _restore_for(data, stage.dice.uniform(seconds / 5, seconds))
        else:
            child = _restore_step(stage, data, step)
            assert child.returncode == -signal.SIGKILL, child
        found = check_room(data / "room.db")
        assert found in (old, new), f"{len(found)} messages, between {len(new)} and {len(old)}: step {step}"
        survived["old" if found == old else "new"] += 1
        if number % 5 == 0:
            again = stage.host(data=data)
            assert again.stop() == 0
            assert check_room(data / "room.db") == found, "the next start has other messages"
        if found == old:
            restore.restore(data)
            assert check_room(data / "room.db") == new, "the next restore brought something else"
        restore.restore(data, max(data.glob("replaced-*.db")))
        assert check_room(data / "room.db") == old, "what was replaced is not whole"
        shutil.rmtree(data)
    return f"{survived['old']} times the old room, {survived['new']} times the new one; all brought back each time"


def _restore_step(stage: Stage, data: Path, step: int) -> "subprocess.CompletedProcess[bytes]":
    """A restore that dies before this step."""
    faults = ",".join(filter(None, ("die-in-restore", stage.planted)))
    return _cli("restore", "--data", str(data), fault=faults, FAULT_STEP=str(step))


def _restore_for(data: Path, seconds: float) -> None:
    """A restore that is killed after some time, unless it has ended."""
    line = _cli_line("restore", "--data", str(data))
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), cwd=ROOT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(seconds)
    child.kill()
    child.wait()


@check(
    "backups on a schedule, under writers",
    "backups",
    full=30,
    short=3,
    planted="host:unchecked-backups",
    plant="a backup counts without having been checked",
    passes="each is whole and a prefix of history, seven are kept at most, a failed one leaves nothing",
)
async def scheduled(stage: Stage, count: int) -> str:
    host = stage.host("--backup-hours", "0.00005", faults=("broken-copies",) if stage.planted else ())
    person = register(host)
    seen: dict[str, int] = {}
    async with WireClient(host, person.token) as client:
        while len(seen) < count:
            last = (await client.post("v" * 500))["rev"]
            for kept in backup.backups(host.data):
                if kept.path.name not in seen:
                    with contextlib.suppress(FileNotFoundError):
                        backup.check(kept.path)
                        seen[kept.path.name] = len(check_room(kept.path))
                        assert seen[kept.path.name] <= last
            assert len(backup.backups(host.data)) <= backup.NEWEST + backup.DAYS + 1
    assert host.stop() == 0
    kept = backup.backups(host.data)
    assert not list((host.data / "backups").glob("*.part*"))
    assert len(kept) == min(kept[-1].number, backup.NEWEST + backup.DAYS), "of one day as many are kept as of many"
    return f"{len(seen)} made and opened, up to {max(seen.values()):,} posts; {len(kept)} kept"


@check(
    "what the logs hold",
    "posts with markers",
    full=300,
    short=15,
    planted="host:logs-bodies",
    plant="posts are logged",
    passes="no body, password, token or code in any log, also where an exception quotes it; no control character, "
    "files rotate",
)
async def log_contents(stage: Stage, count: int) -> str:
    host = stage.host("--verbose", "--policy", "code", faults=("throwing-delivery", "quoting"))
    code = host.ready["code"]
    evil = "Eve\u202e\u0007"
    assert request(host, "POST", "/api/v1/register", data={"name": evil, "code": code}).status == 400
    person = register(host, "Victim", code=code)
    marker = new_cid()
    async with WireClient(host, person.token, checked=False) as client, asyncio.timeout(60):
        for number in range(count):
            await client.call("post", room="lobby", cid=new_cid(), body=f"{marker} {number} \u001b[31m")
            await client.call("search", query=f"{marker} {code}")
            await client.send_raw('{"type":"post","ref":1,"\\u0007\\n' + marker + '":1}') if number % 40 == 39 else None
        await client.call("post", room="lobby", cid=new_cid(), body=f"#quote# {marker}")
        await client.start("post", room="lobby", cid=new_cid(), body=f"#throw# {marker}")
        await client.closed()
    answer = request(host, "POST", f"/api/v1/users/{person.id}/reset", token=host.owner_token)
    # As somebody types it, and not as it would be struck out for its form.
    password, reset = f"pass {marker}", answer.json["code"].lower()
    for tried in (password, reset):
        answer = request(host, "POST", "/api/v1/token", data={"name": person.name, "password": tried})
        assert answer.status == 500, answer
    assert host.stop() == 0
    written = host.last_log + "".join(path.read_text() for path in (host.data / "logs").iterdir())
    secrets = {"a body or a password": marker, "a token": person.token, "the owner's token": host.owner_token}
    for name, secret in (secrets | {"a code": code, "a reset code": reset}).items():
        assert secret not in written, f"{name} is in the log"
    assert written.count("builtins.KeyError") == 2 * 3, "the exceptions are not in both logs"
    strange = {char for char in written if ord(char) < 32 and char != "\n"}
    assert not strange, f"control characters: {strange}"
    assert written.count("\n") > 5
    rotated = _rotates(stage.folder / "logs")
    return f"{written.count(chr(10))} lines without one; {rotated} files at most"


def _rotates(folder: Path) -> int:
    """Fill the log of a data directory; how many files there are in the end."""
    import logging

    from mrsambosk_server import logs

    folder.mkdir()
    handler = logs.open_file(folder)
    assert handler is not None
    try:
        record = logging.LogRecord("a", logging.INFO, "", 0, "word\r\n\x1b " * 1000, (), None)
        for _ in range(500):
            handler.emit(record)
    finally:
        logs.close_file(handler)
    files = list((folder / logs.FOLDER).iterdir())
    assert 1 < len(files) <= 4, files
    assert sum(path.stat().st_size for path in files) <= 5 * 1024 * 1024
    assert not any(char in path.read_text() for path in files for char in "\x1b\r")
    return len(files)


def make_fixture(version: int) -> None:
    """Keep a database of the present version for the checks of later ones (``python -m tests.faults.disk``)."""
    from mrsambosk_protocol.commands import Post
    from mrsambosk_protocol.limits import Limits
    from mrsambosk_server.actions import accounts, messages, starting
    from mrsambosk_server.transaction import Transaction

    path = FIXTURES / "made.db"
    db = schema.open_writer(path)
    tx = Transaction(db)
    tx.now = 1_790_000_000_000
    tx.run("BEGIN")
    starting.do_start(tx, "fixture-epoch", "Fixture", "open")
    user = accounts.do_register(tx, "Ada", "a" * 43, "fixture", None, None, Limits()).reply.user.id
    for number in range(30):
        messages.do_post(
            tx, user, Post(ref=1, room="lobby", cid=f"fixture-{number:012}", body=f"Line {number}"), Limits()
        )
    tx.run("COMMIT")
    tx.run("VACUUM")
    tx.one("PRAGMA journal_mode = DELETE")
    db.close()
    (FIXTURES / f"room-v{version}.db.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


if __name__ == "__main__":
    make_fixture(schema.VERSION)
    print(os.listdir(FIXTURES))
