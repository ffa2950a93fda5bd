"""The thread, damage found while running, and the tokens."""

import asyncio
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mrsambosk_desktop.core.outbox import Entry
from mrsambosk_desktop.core.sync import Ranges, RoomCopy
from mrsambosk_desktop.storage.credentials import Credentials
from mrsambosk_desktop.storage.database import Damaged, StorageFault
from mrsambosk_desktop.storage.disk import Disk, ReplicaLost
from mrsambosk_protocol.commands import Post
from mrsambosk_protocol.entities import Message


def test_all_work_is_done_in_one_thread_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        disk = Disk(tmp_path / "profile")
        await disk.open()
        seen: list[int] = []
        threads = await asyncio.gather(
            *(disk.run(lambda n=n: (seen.append(n), threading.get_ident())[1]) for n in range(50))
        )
        assert seen == list(range(50))
        assert len(set(threads)) == 1
        assert threads[0] != threading.get_ident()
        await disk.aclose()
        assert "disk" not in {thread.name.split("_")[0] for thread in threading.enumerate()}

    asyncio.run(run())
    assert stat.S_IMODE((tmp_path / "profile").stat().st_mode) == 0o700


def test_damage_found_while_running_rebuilds_the_replica_and_keeps_the_outbox(
    tmp_path: Path, expect_log: Callable[..., None]
) -> None:
    expect_log("built anew")
    path = tmp_path / "replica.db"

    async def run() -> None:
        disk = Disk(tmp_path)
        await disk.open()
        rows = [Message(id=id, room="lobby", rev=id, author="u_a", body="x" * 500) for id in range(1, 3000)]
        await disk.run(disk.replica.apply, "HOST", "lobby", rows, RoomCopy(3000, "e", Ranges.of((0, 3000))))
        await disk.run(disk.profile.put, Entry(1, "HOST", Post(ref=1, room="lobby", cid="c" * 16, body="kept")))
        await disk.run(disk.replica.close)
        whole = path.read_bytes()
        path.write_bytes(whole[:20_000] + b"\xa5" * (len(whole) - 40_000) + whole[-20_000:])
        await disk.run(disk.replica._db.open)
        with pytest.raises(ReplicaLost):
            await disk.run(disk.replica.before, "HOST", "lobby", 10**6, 0, 10**6)
        told: list[bool] = []
        disk.replica_lost = lambda: told.append(True)
        with pytest.raises(ReplicaLost):
            await disk.run(disk.replica.count, "HOST", "lobby", 99)
        assert told == [True]
        await disk.accept_loss()
        assert await disk.run(disk.replica.load, "HOST") is None
        assert len(await disk.run(disk.profile.entries)) == 1
        await disk.aclose()

    asyncio.run(run())


def test_a_lost_replica_stays_lost_while_there_is_no_room_for_a_new_one(
    tmp_path: Path, expect_log: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("built anew")

    def refuse(*_: object) -> None:
        raise StorageFault("no room")

    def damaged() -> None:
        raise Damaged("replica.db is damaged.")

    async def run() -> None:
        disk = Disk(tmp_path)
        await disk.open()
        monkeypatch.setattr(disk.replica._db, "one", lambda *_: damaged())
        with pytest.raises(ReplicaLost):
            await disk.run(disk.replica.load, "HOST")
        monkeypatch.undo()
        with monkeypatch.context() as full:
            full.setattr(disk.replica._db, "open", refuse)
            with pytest.raises(StorageFault):
                await disk.accept_loss()
        with pytest.raises(ReplicaLost):
            await disk.run(disk.replica.load, "HOST")
        await disk.accept_loss()
        assert await disk.run(disk.replica.load, "HOST") is None
        await disk.aclose()

    asyncio.run(run())


def test_a_folder_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def run() -> None:
        disk = Disk(tmp_path / "file" / "profile")
        with pytest.raises(StorageFault, match="can't be used"):
            await disk.open()
        await disk.aclose()

    asyncio.run(run())


def test_tokens_are_for_this_user_only_and_can_be_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens = Credentials(path)
    assert tokens.get("HOST") is None
    tokens.put("HOST", "secret")
    tokens.put("OTHER", "other")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Credentials(path).get("HOST") == "secret"
    tokens.put("HOST", None)
    assert tokens.get("HOST") is None
    assert tokens.get("OTHER") == "other"
    assert list(tmp_path.iterdir()) == [path]
    path.write_bytes(b"{damaged")
    assert tokens.get("OTHER") is None


def test_tokens_that_can_not_be_kept_are_the_disks_fault(tmp_path: Path) -> None:
    tokens = Credentials(tmp_path / "gone" / "tokens.json")
    with pytest.raises(StorageFault, match=r"could not write tokens\.json"):
        tokens.put("HOST", "secret")
