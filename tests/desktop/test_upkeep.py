"""The host's commands as the app runs them: real child processes, real answers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mrsambosk_desktop import upkeep
from tests.faults.disk import fixture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "room.db").write_bytes(fixture(1))
    return folder


def test_made_listed_looked_through_and_restored(data: Path) -> None:
    assert asyncio.run(upkeep.list_backups(data)) == ()
    made = asyncio.run(upkeep.make_backup(data))
    (kept,) = asyncio.run(upkeep.list_backups(data))
    about = Path(made).stat()
    assert (kept.file, kept.bytes, kept.made_at) == (made, about.st_size, int(about.st_mtime * 1000))
    assert kept.messages is not None
    assert [it.good for it in asyncio.run(upkeep.verify(data))] == [True, True]
    done = asyncio.run(upkeep.restore(data, made))
    assert (done.file, done.complete) == (made, True)
    assert done.kept is not None
    assert Path(done.kept).parent == data


def test_what_is_damaged_is_told_and_not_restored(data: Path) -> None:
    made = asyncio.run(upkeep.make_backup(data))
    before = (data / "room.db").read_bytes()
    Path(made).write_bytes(before[:5000])
    (kept,) = asyncio.run(upkeep.list_backups(data))
    assert kept.bytes == 5000
    room, backup = asyncio.run(upkeep.verify(data))
    assert (room.good, room.problem) == (True, "")
    assert not backup.good
    assert "damaged" in backup.problem
    with pytest.raises(upkeep.UpkeepFailed, match="damaged"):
        asyncio.run(upkeep.restore(data, made))
    assert (data / "room.db").read_bytes() == before


def test_what_can_not_be_done_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(upkeep.UpkeepFailed, match="no room"):
        asyncio.run(upkeep.make_backup(tmp_path))


@pytest.mark.parametrize("verb", ["verify", "make_backup"])
def test_a_child_never_outlives_who_waits_for_it(data: Path, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    begun = asyncio.Event()
    start = asyncio.create_subprocess_exec

    async def noted(*line: Any, **how: Any) -> asyncio.subprocess.Process:
        started.append(await start(*line, **how))
        begun.set()
        return started[-1]

    async def play() -> None:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
        work = asyncio.create_task(getattr(upkeep, verb)(data))
        await begun.wait()
        work.cancel()
        await asyncio.wait([work])
        assert work.cancelled()
        (child,) = started
        # One that only reads is ended, one that changes something comes to its end.
        assert (child.returncode == 0) is (verb == "make_backup")
        assert [path.suffix for path in (data / "backups").glob("backup-*")] == [".db"] * (verb == "make_backup")

    asyncio.run(play())
