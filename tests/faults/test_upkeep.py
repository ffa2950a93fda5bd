"""The small decisions behind backups and logs, without a host: what is kept, when it is time, what is struck out."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mrsambosk_protocol import loglines
from mrsambosk_server import backup, storage_errors
from mrsambosk_server.backup import Backup, Schedule, superfluous
from mrsambosk_server.reserve import HEADROOM_BYTES, RESERVE_BYTES
from tests.faults.disk import fixture
from tests.helpers.host_process import ROOT, environment


def made(number: int, day: int) -> Backup:
    return Backup(number, f"202601{day:02}", Path(f"backup-{number:04}-202601{day:02}T000000.db"))


def test_the_newest_three_and_four_days_are_kept() -> None:
    hourly = [made(number, 1 + number // 24) for number in range(24 * 9)]
    kept = sorted(set(hourly) - set(superfluous(hourly)))
    assert [it.number for it in kept] == [5 * 24 + 23, 6 * 24 + 23, 7 * 24 + 23, 212, 213, 214, 215]
    assert len(kept) == 7


def test_thinning_out_again_changes_nothing() -> None:
    hourly = [made(number, 1 + number // 24) for number in range(24 * 9)]
    kept = sorted(set(hourly) - set(superfluous(hourly)))
    assert superfluous(kept) == []


def test_seven_of_one_day_are_kept() -> None:
    kept = sorted(set(hourly := [made(number, 1) for number in range(10)]) - set(superfluous(hourly)))
    assert [it.number for it in kept] == [3, 4, 5, 6, 7, 8, 9]


def test_what_is_short_of_days_is_filled_up_with_the_next_newest() -> None:
    backups = [made(1, 1), made(2, 2), *(made(number, 3) for number in range(3, 20))]
    kept = sorted(set(backups) - set(superfluous(backups)))
    assert [it.number for it in kept] == [1, 2, 15, 16, 17, 18, 19]


def test_thinned_out_each_hour_as_at_once() -> None:
    kept: set[Backup] = set()
    for number in range(24 * 9):
        kept.add(made(number, 1 + number // 24))
        kept -= set(superfluous(kept))
        assert len(kept) == min(7, number + 1)
    assert sorted(it.number for it in kept) == [5 * 24 + 23, 6 * 24 + 23, 7 * 24 + 23, 212, 213, 214, 215]


def test_order_is_by_number_whatever_the_clock_said() -> None:
    back_in_time = [made(1, 20), made(2, 21), made(3, 3), made(4, 3)]
    assert max(back_in_time).number == 4


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / backup.DATABASE).write_bytes(fixture(1))
    return tmp_path


def test_due_at_first_then_after_the_interval_and_only_when_something_was_written(data: Path) -> None:
    schedule = Schedule(data, 1.0)
    assert schedule.is_due()
    kept = backup.make_backup(data)
    assert not schedule.is_due()
    now = time.time()
    os.utime(kept, (now - 7200, now - 7200))
    os.utime(data / backup.DATABASE, (now - 8000, now - 8000))
    assert not schedule.is_due(), "nothing was written since"
    os.utime(data / backup.DATABASE, (now - 10, now - 10))
    assert schedule.is_due()
    os.utime(kept, (now + 7200, now + 7200))
    assert schedule.is_due(), "the clock jumped back"


def test_a_backup_given_up_leaves_nothing(data: Path) -> None:
    with pytest.raises(backup.BackupFailed):
        backup.make_backup(data, wanted=lambda: False)
    assert files(data) == []


def test_what_was_written_during_a_copy_is_written_since(data: Path) -> None:
    late = sqlite3.connect(data / backup.DATABASE)

    def write_once() -> bool:
        with late:
            late.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('late', '')")
        time.sleep(0.05)
        return True

    with contextlib.closing(late):
        late.execute("PRAGMA journal_mode = WAL")
        kept = backup.make_backup(data, wanted=write_once)
        with contextlib.closing(sqlite3.connect(kept)) as copy:
            assert copy.execute("SELECT * FROM meta WHERE name = 'late'").fetchone() is None
        assert Schedule(data, 1e-9).is_due()


def test_what_a_killed_copy_left_is_removed(data: Path) -> None:
    folder = data / backup.FOLDER
    folder.mkdir()
    for ending in ("part", "part-journal", "part-wal", "part-shm"):
        (folder / f"backup-0001-20260101T000000.db.{ending}").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    kept = backup.make_backup(data)
    assert files(data) == sorted([kept.name, "notes.txt"])


def test_a_copy_that_fails_leaves_no_journal(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, part: Path, wanted: Callable[[], bool]) -> None:
        for ending in ("", "-journal"):
            Path(f"{part}{ending}").write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backup, "_copy", fail)
    for to in (None, data / "mine.db"):
        with pytest.raises(backup.BackupFailed, match="full"):
            backup.make_backup(data, to)
    assert files(data) == []
    assert not list(data.glob("mine*"))


def test_no_copy_takes_the_space_the_host_needs(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data)
    (data / "room.db-wal").write_bytes(b"")
    needed = (data / backup.DATABASE).stat().st_size + RESERVE_BYTES + HEADROOM_BYTES
    free = needed - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=free))
    with pytest.raises(backup.BackupFailed, match="MiB"):
        backup.make_backup(data)
    assert files(data) == []
    free = needed
    assert backup.make_backup(data).exists()


def test_a_copy_on_a_disk_that_fills_up_is_given_up(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data)
    free = iter([2**40, RESERVE_BYTES])
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=next(free)))
    with pytest.raises(backup.BackupFailed, match="No space"):
        backup.make_backup(data)
    assert files(data) == []


def test_backups_made_at_once_wait_for_each_other(data: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _number: backup.make_backup(data), range(12)))
    assert len(set(made)) == 12
    assert sorted(files(data)) == sorted(path.name for path in made)[-7:]
    assert all(backup.check(it.path) for it in backup.backups(data))


def test_a_backup_that_waits_too_long_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_PATIENCE_SECONDS", 0.0)

    def again() -> bool:
        with pytest.raises(backup.BackupFailed, match="Another backup is being made"):
            backup.make_backup(data)
        return True

    assert backup.make_backup(data, wanted=again).exists()


def test_after_a_failure_the_next_try_waits_longer_and_longer(
    data: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    expect_log("No backup could be made", "mrsambosk_server.backup")
    tries: list[int] = []
    minute = 0

    def fail(*_args: object, **_more: object) -> Path:
        tries.append(minute)
        if minute == 63:
            return data / "made"
        raise backup.BackupFailed("No backup could be made: no luck.")

    monkeypatch.setattr(backup, "make_backup", fail)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + 60 * minute)
    schedule = Schedule(data, 24.0)
    for minute in range(100):  # noqa: B007 - read by the two above
        schedule._make_if_due()
    assert tries == [0, 1, 3, 7, 15, 31, 63, 64, 65, 67, 71, 79, 95]


def files(data: Path) -> list[str]:
    """What is in the folder of backups, but for the lock."""
    return sorted(path.name for path in (data / backup.FOLDER).iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("damaged", [False, True])
def test_a_copy_that_is_not_whole_says_that_the_room_may_not_be(data: Path, damaged: bool) -> None:
    if damaged:
        with (data / backup.DATABASE).open("r+b") as file:
            file.seek(4096 * 5)
            file.write(os.urandom(4096))
        with pytest.raises(backup.BackupFailed, match="damaged") as failed:
            backup.make_backup(data)
        assert failed.value.damaged
    else:
        with pytest.raises(backup.BackupFailed) as failed:
            backup.make_backup(data, wanted=lambda: False)
        assert not failed.value.damaged


def test_a_backup_elsewhere_overwrites_nothing(data: Path, tmp_path: Path) -> None:
    there = tmp_path / "mine.db"
    assert backup.make_backup(data, there) == there
    content = there.read_bytes()
    with pytest.raises(backup.BackupFailed, match="exists"):
        backup.make_backup(data, there)
    assert there.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["backup"], 0),
        (["backup", "--json"], 0),
        (["backups"], 0),
        (["backups", "--json"], 0),
        (["verify"], 0),
        (["restore"], 5),
        (["restore", "nowhere.db"], 5),
        (["verify", "reserve"], 5),
        (["backup", "--nonsense"], 2),
    ],
)
def test_the_commands_end_with_the_numbers_of_the_host(data: Path, arguments: list[str], status: int) -> None:
    line = [sys.executable, "-m", "mrsambosk_server", arguments[0], "--data", str(data), *arguments[1:]]
    end = subprocess.run(line, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=30)
    assert end.returncode == status, end
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain text, ünïcode 漢字 👍", "plain text, ünïcode 漢字 👍"),
        ("two\r\nlines", "two\\x0d\\x0alines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("right\u202eleft", "right\\u202eleft"),
        ("lone \udc80", "lone \\udc80"),
        ("Bearer " + "A" * 43, "Bearer [token]"),
        ("host " + "A" * 52, "host " + "A" * 52),
        ("code ABCD-2345.", "code [code]."),
        ("reset ABCD-2345-EFGH-6789", "reset [code]"),
    ],
)
def test_what_a_line_of_the_log_shows(written: str, shown: str) -> None:
    assert loglines.escape(written) == shown


def test_what_the_log_shows_of_an_exception() -> None:
    try:
        {}["my very private words"]
    except KeyError:
        told = loglines.LineFormatter().formatException(sys.exc_info())
    first, *way, last = told.split("\n")
    assert first.startswith("Traceback"), "what looks for faults looks for that"
    assert len(way) == 1
    assert f"{Path(__file__).name}:" in way[0]
    assert last == "builtins.KeyError"
    assert loglines.LineFormatter().formatException((None, None, None)) == ""


def test_the_log_has_the_name_of_what_the_storage_did_and_not_its_words() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        with pytest.raises(sqlite3.OperationalError, match="private") as unreadable:
            db.execute("SELECT CAST(x'ff' || 'private' AS TEXT)").fetchone()
        assert storage_errors.name_of(unreadable.value) == "OperationalError"
        assert storage_errors.is_damage(unreadable.value)
        with pytest.raises(sqlite3.OperationalError) as wrong:
            db.execute("private")
        assert storage_errors.name_of(wrong.value) == "SQLITE_ERROR"
        assert not storage_errors.is_damage(wrong.value)
