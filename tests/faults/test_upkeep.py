"""The small decisions behind backups and logs, without a host: what is kept, when it is time, what is struck out."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mrsambosk_protocol import loglines
from mrsambosk_server import backup
from mrsambosk_server.backup import Backup, Schedule, superfluous
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
    assert list((data / backup.FOLDER).iterdir()) == []


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
