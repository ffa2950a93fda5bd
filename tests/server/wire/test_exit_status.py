"""*Starting one*: a start that cannot be leaves everything as it was, says why, and ends with its number."""

import contextlib
import hashlib
import itertools
import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mrsambosk_server import backup, restore
from tests.helpers.host_process import Finished, HostProcess, command_line, run_host
from tests.helpers.wire_client import WireClient, eventually, request

StartHost = Callable[..., HostProcess]
SQLITE = b"SQLite format 3\0"


def check_failure(end: Finished, status: int) -> None:
    """The status, nothing on stdout, and a sentence for a person on stderr."""
    assert end.status == status, end
    assert end.stdout == "", end
    assert "Traceback" not in end.stderr, end
    assert " " in end.sentence, end
    assert end.sentence[-1] in ".!)", end
    if status != 2:  # arguments may be explained at length
        assert len(end.stderr.strip().splitlines()) == 1, end


def databases(data: Path) -> list[Path]:
    """The database files under a data directory, by what they begin with."""
    found = [path for path in data.rglob("*") if path.is_file() and path.read_bytes()[:16] == SQLITE]
    assert found, list(data.rglob("*"))
    return [path for path in found if "backup" not in str(path.relative_to(data)).lower()]


def digests(data: Path) -> dict[str, str]:
    """What each file holds; not the shared-memory index, which holds nothing, nor a lock."""
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "lock"))
    }


@pytest.mark.parametrize(
    "options",
    [
        ["--nonsense"],
        ["--port", "many"],
        ["--port", "65536"],
        ["--port", "-1"],
        ["--policy", "ajar"],
        ["--limit", "body_chars"],
        ["--limit", "body_chars=lots"],
        ["--limit", "body_chars=0"],
        ["--limit", "body_chars=-5"],
        ["--limit", "no_such_limit=5"],
        ["--bind", "not an address"],
        ["--owner", "   "],
        ["--allow-host", "chat.example:99999"],
        ["--proxy", "a proxy"],
        ["stray"],
    ],
    ids=" ".join,
)
def test_bad_arguments_end_with_2(tmp_path: Path, options: list[str]) -> None:
    check_failure(run_host(command_line(tmp_path / "data", *options)), 2)


def test_a_port_that_is_taken_ends_with_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        end = run_host(command_line(tmp_path / "data", port=other.getsockname()[1]))
    check_failure(end, 3)


def test_the_port_of_another_host_ends_with_3(host: HostProcess, tmp_path: Path) -> None:
    check_failure(run_host(command_line(tmp_path / "data", port=host.port)), 3)
    assert request(host, "GET", "/healthz").status == 200


def test_a_second_host_on_the_same_data_ends_with_4(host: HostProcess) -> None:
    check_failure(run_host(command_line(host.data)), 4)
    assert request(host, "GET", "/healthz").status == 200


async def test_a_second_host_does_not_disturb_the_first(host: HostProcess) -> None:
    async with WireClient(host, host.owner_token) as client:
        before = client.lobby.cursor
        check_failure(run_host(command_line(host.data, owner="Mallory")), 4)
        done = await client.post("still mine")
        assert done["rev"] == before + 1


def test_the_lock_dies_with_its_host(start_host: StartHost) -> None:
    start_host().kill()
    assert start_host().stop() == 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a host that has run and was stopped."""
    data: Path = tmp_path_factory.mktemp("stopped") / "data"
    with HostProcess(data):
        pass
    return data


@pytest.fixture
def database(stopped: Path, tmp_path: Path) -> Path:
    """The database in a copy of such a directory."""
    shutil.copytree(stopped, tmp_path / "data")
    (found,) = databases(tmp_path / "data")
    return found


def overwrite(database: Path, start: int, length: int) -> None:
    with database.open("r+b") as file:
        file.seek(start)
        file.write(bytes((place * 37 + 11) % 256 for place in range(length)))


@pytest.mark.parametrize("damage", ["header", "schema page", "all pages", "cut short", "text file"])
def test_a_damaged_database_ends_with_5_and_is_left_alone(database: Path, damage: str) -> None:
    data = database.parent
    size = database.stat().st_size
    if damage == "header":
        overwrite(database, 0, 64)
    elif damage == "schema page":
        overwrite(database, 100, 2000)
    elif damage == "all pages":
        overwrite(database, 4096, size - 4096)
    elif damage == "cut short":
        with database.open("r+b") as file:
            file.truncate(size // 2)
    else:
        database.write_text("Not a database at all.\n" * 500)
    before = digests(data)
    check_failure(run_host(command_line(data)), 5)
    assert digests(data) == before


def test_a_damaged_page_in_the_middle_ends_with_5(database: Path) -> None:
    # The root page of the table of messages: a start that does not look there would serve a broken room.
    with sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()
    db.close()
    if root is None:
        pytest.skip("this host keeps messages under another name")
    overwrite(database, (root[0] - 1) * size, size)
    before = digests(database.parent)
    check_failure(run_host(command_line(database.parent)), 5)
    assert digests(database.parent) == before


def test_a_write_ahead_log_beside_a_damaged_database_is_left_too(start_host: StartHost, database: Path) -> None:
    host = start_host()
    host.kill()  # what this start wrote is in the log only, which holds some of the pages but not all
    overwrite(database, 0, database.stat().st_size)
    before = digests(host.data)
    assert any(name.endswith("-wal") for name in before)
    check_failure(run_host(command_line(host.data)), 5)
    assert digests(host.data) == before


def test_a_newer_database_ends_with_5_and_is_left_alone(database: Path) -> None:
    with sqlite3.connect(database) as db:
        # Where another host may keep its version elsewhere, this one keeps it where SQLite has a place for it.
        assert db.execute("PRAGMA user_version").fetchone()[0] >= 1
        db.execute("PRAGMA user_version = 9999")
    db.close()
    before = digests(database.parent)
    end = run_host(command_line(database.parent))
    check_failure(end, 5)
    assert digests(database.parent) == before


async def test_the_newest_good_backup_is_named(start_host: StartHost) -> None:
    host = start_host()

    async def made() -> list[str]:
        # Where and when a host keeps backups is its own affair: by itself, soon after it started.
        found = [path for path in host.data.rglob("*") if "backup" in str(path.relative_to(host.data)).lower()]
        whole = [path for path in found if path.is_file() and path.suffix != ".part"]
        return [path.name for path in whole if path.read_bytes()[:16] == SQLITE]

    names = await eventually(made, 20)
    assert host.stop() == 0
    (database,) = databases(host.data)
    overwrite(database, 0, database.stat().st_size)
    end = run_host(command_line(host.data))
    check_failure(end, 5)
    assert any(name in end.stderr for name in names), end


@pytest.fixture
def backed_up(database: Path) -> Path:
    """The same with a backup beside it."""
    backup.make_backup(database.parent)
    return database


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        *itertools.product(("nothing", "no byte", "one byte"), ("a backup", "a backup and a log", "a log")),
        # Beside a database that was just begun a log may well lie.
        ("no table", "a backup"),
    ],
)
def test_a_database_that_is_gone_ends_with_5_and_no_new_one_is_made(backed_up: Path, left: str, kept: str) -> None:
    data = backed_up.parent
    made = backup.backups(data)[-1].path
    backed_up.unlink()
    if left == "no table":
        with sqlite3.connect(backed_up) as db:
            db.execute("VACUUM")
        db.close()
    elif left != "nothing":
        backed_up.write_bytes(b"\0" * (left == "one byte"))
    if "log" in kept:
        backed_up.with_name(backed_up.name + "-wal").write_bytes(b"what was written last" * 1000)
    if "backup" not in kept:
        made.unlink()
    before = digests(data)
    end = run_host(command_line(data))
    check_failure(end, 5)
    assert digests(data) == before
    assert (made.name in end.stderr) is ("backup" in kept), end
    assert ("no backup" in end.stderr) is ("backup" not in kept), end


def test_a_database_that_is_gone_is_restored(backed_up: Path) -> None:
    content = backed_up.read_bytes()
    backed_up.unlink()
    assert run_host(command_line(backed_up.parent)).status == 5
    restore.restore(backed_up.parent)
    assert len(backed_up.read_bytes()) >= len(content) // 2
    with HostProcess(backed_up.parent):
        pass


def test_without_a_good_backup_that_is_said(backed_up: Path) -> None:
    backed_up.unlink()
    overwrite(backup.backups(backed_up.parent)[-1].path, 0, 8192)
    end = run_host(command_line(backed_up.parent))
    check_failure(end, 5)
    assert "None of its backups can be used" in end.sentence


def test_a_database_that_another_program_holds_is_not_called_damaged(backed_up: Path) -> None:
    before = digests(backed_up.parent)
    with contextlib.closing(sqlite3.connect(backed_up, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
        end = run_host(command_line(backed_up.parent))
    check_failure(end, 2)
    assert digests(backed_up.parent) == before
    assert "cannot be read: database is locked" in end.sentence
    assert "restore" not in end.sentence


async def test_a_log_file_that_finds_no_space_hinders_neither_start_nor_stop(database: Path) -> None:
    log = database.parent / "logs" / "host.log"
    log.unlink()
    log.symlink_to("/dev/full")

    async def has_logged() -> bool:
        return bool(backup.backups(database.parent))

    with HostProcess(database.parent, "--backup-hours", "0.00005"):
        assert await eventually(has_logged, 20)
    assert not (database.parent / "running.json").exists(), "what comes after the log file's end is done too"
    assert (database.parent / "clean-stop.json").exists()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("mine")
    end = run_host(command_line(place))
    check_failure(end, 2)
    assert place.read_text() == "mine"
