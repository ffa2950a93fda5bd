"""The log of a killed host: what the disk spoiled is told from what a power cut left unfinished."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mrsambosk_server import backup, schema, write_ahead_log
from tests.helpers.server_desk import on_loop
from tests.helpers.server_host import hosted

HEAD, FRAME = 32, 24 + 4096
COMMITS = 20


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A database with a log of that many commits beside it, one frame each, after those of the migrations."""
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    dead.mkdir()
    schema.open_writer(alive / "room.db").close()
    db = schema.open_writer(alive / "room.db")
    db.execute_sql("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for number in range(1, COMMITS + 1):
        db.execute_sql("INSERT INTO numbers VALUES (?)", (number,))
    for name in ("room.db", "room.db-wal"):
        shutil.copy(alive / name, dead)
    db.close()
    assert (dead / "room.db-wal").stat().st_size == HEAD + COMMITS * FRAME
    return dead / "room.db"


def flip(database: Path, place: int) -> bytes:
    """Turn a bit of the log; all of it."""
    log = Path(f"{database}-wal")
    content = bytearray(log.read_bytes())
    content[place] ^= 1
    log.write_bytes(content)
    return bytes(content)


def numbers(database: Path) -> int:
    db = schema.open_writer(database)
    try:
        return int(db.execute_sql("SELECT count(*) FROM numbers").fetchone()[0])
    finally:
        db.close()


def test_a_whole_log_has_lost_nothing(killed: Path) -> None:
    assert write_ahead_log.lost_commits(killed) == 0
    assert numbers(killed) == COMMITS


@pytest.mark.parametrize("frame", [0, 1, 7, COMMITS - 2])
@pytest.mark.parametrize("place", [3, 16, 24 + 2000, FRAME - 1])
def test_as_many_are_lost_as_sqlite_does_not_take(killed: Path, frame: int, place: int) -> None:
    flip(killed, HEAD + frame * FRAME + place)
    lost = write_ahead_log.lost_commits(killed)
    assert lost == COMMITS - frame
    assert numbers(killed) == COMMITS - lost


@pytest.mark.parametrize("place", [0, 9, 17, 30])
def test_a_spoilt_head_loses_all(killed: Path, place: int) -> None:
    flip(killed, place)
    assert write_ahead_log.lost_commits(killed) == COMMITS
    assert numbers(killed) == 0


def test_a_frame_that_lost_its_salt_is_no_end(killed: Path) -> None:
    flip(killed, HEAD + 5 * FRAME + 10)
    assert write_ahead_log.lost_commits(killed) == COMMITS - 6, "of the spoilt one itself nothing is known"
    assert numbers(killed) == 5


def test_the_last_commit_may_not_have_reached_the_disk(killed: Path) -> None:
    flip(killed, HEAD + (COMMITS - 1) * FRAME + 100)
    assert write_ahead_log.lost_commits(killed) == 0
    assert numbers(killed) == COMMITS - 1


@pytest.mark.parametrize("rest", [0, 10, HEAD, HEAD + 1000, HEAD + 3 * FRAME + 7])
def test_a_log_cut_short_is_what_a_power_cut_leaves(killed: Path, rest: int) -> None:
    os.truncate(f"{killed}-wal", rest)
    assert write_ahead_log.lost_commits(killed) == 0


def test_what_is_left_of_an_older_log_is_not_lost(killed: Path) -> None:
    older = Path(f"{killed}-wal").read_bytes()
    db = schema.open_writer(killed)
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    db.execute_sql("INSERT INTO numbers VALUES (100)")
    newer = Path(f"{killed}-wal").read_bytes()
    db.close()
    assert len(newer) == HEAD + FRAME
    Path(f"{killed}-wal").write_bytes(newer + older[len(newer) :])
    assert write_ahead_log.lost_commits(killed) == 0


def test_without_a_log_nothing_is_lost(tmp_path: Path) -> None:
    assert write_ahead_log.lost_commits(tmp_path / "room.db") == 0


@pytest.mark.parametrize("full", [False, True])
@on_loop
async def test_a_start_keeps_a_damaged_log_and_says_so(
    tmp_path: Path, full: bool, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    async with hosted(alive) as host:
        anna = await host.person()
        for number in range(COMMITS):
            await host.post(anna.id, f"number {number}")
        shutil.copytree(alive, dead)
    database = dead / backup.DATABASE
    spoilt = flip(database, HEAD + 10 * FRAME + 100)
    how = "it cannot be kept: No space left" if full else "it is kept as"
    expect_log(rf"damaged, and the last \d+ commits are lost; {how}", "mrsambosk_server.examination")
    if full:

        def copy(_source: Path, to: Path) -> None:
            to.write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(shutil, "copy2", copy)
    async with hosted(dead):
        kept = [path.read_bytes() for path in dead.glob("damaged-*.db-wal")]
        assert kept == ([] if full else [spoilt])
