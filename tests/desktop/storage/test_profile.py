"""The outbox and the known hosts on disk, also through a crash."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mrsambosk_desktop.core.outbox import Entry, Outbox, State
from mrsambosk_desktop.core.rows import Draft
from mrsambosk_desktop.storage import profile as profiles
from mrsambosk_desktop.storage.database import Database, TooNew
from mrsambosk_desktop.storage.profile import KnownHost, Profile
from mrsambosk_protocol.commands import Delete, Edit, Post, React
from mrsambosk_protocol.invite import Address

ROOT = Path(__file__).parents[3]


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    profile = Profile(tmp_path / "profile.db")
    profile.open()
    yield profile
    profile.close()


def post(seq: int, body: str = "text") -> Entry:
    return Entry(seq, "HOST", Post(ref=1, room="lobby", cid=f"cid-{seq:016}", body=body), queued_at=seq)


def test_every_kind_of_command_comes_back_as_it_was(profile: Profile) -> None:
    commands = (
        Post(ref=1, room="lobby", cid="c" * 16, body="שלום 👋\n<b>", mentions=("u_a",), reply_to=4),
        Edit(ref=1, room="lobby", id=3, body="new", mentions=()),
        Edit(ref=1, room="lobby", id=3, body="new"),
        Delete(ref=1, room="lobby", id=3),
        React(ref=1, room="lobby", id=3, emoji="👍", on=False),
    )
    entries = [Entry(seq, "HOST", command, queued_at=5) for seq, command in enumerate(commands, start=1)]
    for entry in entries:
        profile.put(entry)
    assert profile.entries() == entries


def test_what_was_in_flight_waits_and_what_failed_failed(profile: Profile) -> None:
    box = Outbox([post(1), post(2)])
    (leaving,) = box.due(0)
    profile.put(leaving)
    failed = box.refused(1, "forbidden", "You may not.", None, 0)
    assert failed is not None
    assert profile.entries()[0].state is State.WAITING
    profile.put(failed)
    assert [(entry.state, entry.reason) for entry in profile.entries()] == [(State.FAILED, "You may not.")]
    profile.drop(1)
    assert profile.entries() == []


def test_a_delete_that_outlived_its_undo_is_due(profile: Profile) -> None:
    profile.put(Entry(1, "HOST", Delete(ref=1, room="lobby", id=3), due=1e12))
    assert [entry.seq for entry in Outbox(profile.entries()).due(0)] == [1]


def test_hosts_are_remembered_the_last_used_first(profile: Profile) -> None:
    first = KnownHost("ONE", "Dana", (Address("10.0.0.1", 8765), Address("fe80::1", 9)), hosted=True)
    second = KnownHost("TWO", "Avi", (Address("host.local"),), way=1)
    profile.use_host(first)
    profile.use_host(second)
    assert profile.hosts() == [second, first]
    profile.use_host(first)
    assert profile.hosts() == [first, second]
    profile.put(Entry(1, "ONE", Delete(ref=1, room="lobby", id=3)))
    profile.forget_host("ONE")
    assert profile.hosts() == [second]
    assert profile.entries() == []


def test_a_damaged_profile_is_set_aside_and_never_deleted(tmp_path: Path, expect_log: Callable[..., None]) -> None:
    expect_log("was damaged and is kept as")
    path = tmp_path / "profile.db"
    path.write_bytes(b"no database at all" * 500)
    profile = Profile(path)
    profile.open()
    profile.put(post(1))
    profile.close()
    assert profile.damaged is not None
    assert profile.damaged.read_bytes() == b"no database at all" * 500


def test_a_profile_of_a_later_version_is_left_as_it_is(profile: Profile, tmp_path: Path) -> None:
    profile.put(post(1))
    profile._db.run("PRAGMA user_version = 99")
    profile.close()
    before = (tmp_path / "profile.db").read_bytes()
    with pytest.raises(TooNew, match="later version"):
        profile.open()
    assert (tmp_path / "profile.db").read_bytes() == before


_WRITER = """
import sys
from pathlib import Path
from mrsambosk_desktop.core.outbox import Entry
from mrsambosk_desktop.storage.profile import Profile
from mrsambosk_protocol.commands import Post
profile = Profile(Path(sys.argv[1]))
profile.open()
print("ready", flush=True)
for seq in range(1, 100_000):
    profile.put(Entry(seq, "HOST", Post(ref=1, room="lobby", cid=f"cid-{seq:016}", body="text")))
    print(seq, flush=True)
    if seq % 3 == 0:
        profile.drop(seq - 1)
"""


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_around_a_send_loses_nothing_that_showed_as_waiting(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "profile.db"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "server")))}
    line = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        stop_after = random.Random(seed).randint(1, 60)
        shown = [int(child.stdout.readline()) for _ in range(stop_after)]
        child.send_signal(signal.SIGKILL)
        shown += [int(number) for number in child.stdout.read().split("\n")[:-1] if number]
    profile = Profile(path)
    profile.open()
    kept = [entry.seq for entry in profile.entries()]
    profile.close()
    assert kept == sorted(kept)
    # Each third drops the one before it; only the very last drop may or may not have been carried out.
    dropped = {seq - 1 for seq in shown if seq % 3 == 0}
    assert set(shown) - dropped <= set(kept)
    assert len(dropped & set(kept)) <= 1


def test_drafts_of_the_version_before_come_along(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    older = Database(path, profiles._TABLES[:2], "FULL")
    older.open()
    older.run("INSERT INTO drafts (host, room, body) VALUES ('HOST', 'lobby', 'half a sent')")
    older.close()
    profile = Profile(path)
    profile.open()
    assert profile.drafts() == {("HOST", "lobby"): Draft("half a sent")}
    profile.keep_draft("HOST", "lobby", Draft("", 4))
    assert profile.drafts() == {("HOST", "lobby"): Draft("", 4)}
    profile.close()


def test_unread_marks_are_kept_until_the_host_knows(profile: Profile) -> None:
    profile.keep_unread_mark("HOST", "lobby", 5)
    profile.keep_unread_mark("HOST", "lobby", 7)
    profile.keep_unread_mark("HOST", "staff", 2)
    profile.keep_unread_mark("OTHER", "lobby", 1)
    profile.keep_unread_mark("HOST", "staff", None)
    assert profile.unread_marks() == {("HOST", "lobby"): 7, ("OTHER", "lobby"): 1}
    profile.forget_host("HOST")
    assert profile.unread_marks() == {("OTHER", "lobby"): 1}
