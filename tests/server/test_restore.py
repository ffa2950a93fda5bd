"""Putting a backup in the database's place: what is carried over, from which one, and what is left when it fails."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mrsambosk_protocol.commands import Delete, Post
from mrsambosk_protocol.limits import Limits
from mrsambosk_server import backup, restore, schema
from mrsambosk_server.actions import accounts, messages, moderation, starting
from mrsambosk_server.transaction import Transaction

RULES = Limits()


class Desk:
    """A data directory and what happens in its room, without a host."""

    def __init__(self, data: Path) -> None:
        data.mkdir(exist_ok=True)
        self.data = data
        self.path = data / backup.DATABASE
        self._now = 1_790_000_000_000

    def do(self, *actions: Callable[..., Any]) -> Any:
        """Carry these out, each given the transaction; the last one's reply."""
        db = schema.open_writer(self.path)
        try:
            return self._carry_out(db, actions)
        finally:
            db.close()

    def _carry_out(self, db: Any, actions: tuple[Callable[..., Any], ...]) -> Any:
        tx = Transaction(db)
        self._now += 1000
        tx.now = self._now
        tx.run("BEGIN IMMEDIATE")
        replies = [action(tx) for action in actions]
        tx.run("COMMIT")
        return replies[-1].reply

    def start(self, epoch: str) -> str:
        """As a host starts, with an owner: the owner's id."""
        owned = self.do(
            lambda tx: starting.do_start(tx, epoch, None, "code"),
            lambda tx: accounts.do_own(tx, "Dana", "o" * 43, RULES),
        )
        return str(owned.user.id)

    def join(self, name: str) -> str:
        done = self.do(lambda tx: accounts.do_register(tx, name, name.ljust(43, "x"), "test", None, None, RULES))
        return str(done.user.id)

    def post(self, user: str, body: str) -> int:
        return int(self.do(lambda tx: post(tx, user, body)).id)

    def post_into_log(self, user: str, *bodies: str) -> None:
        """Posts that are in the write-ahead log alone, as a killed host leaves them."""
        scratch = Desk(self.data.with_name(f"{self.data.name}-killed"))
        shutil.copy(self.path, scratch.path)
        db = schema.open_writer(scratch.path)
        try:
            db.execute_sql("PRAGMA wal_autocheckpoint = 0")
            scratch._carry_out(db, tuple(lambda tx, body=body: post(tx, user, body) for body in bodies))
            for ending in ("", "-wal"):
                shutil.copy(f"{scratch.path}{ending}", f"{self.path}{ending}")
        finally:
            db.close()
            shutil.rmtree(scratch.data)

    def copy_to(self, name: str) -> Path:
        """A whole copy of the room beside the data directory."""
        return backup.make_backup(self.data, self.data.with_name(name))

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql).fetchall()

    @property
    def bodies(self) -> list[str]:
        return [row[0] for row in self.all("SELECT body FROM messages WHERE kind = 'text' ORDER BY id")]

    @property
    def members(self) -> set[str]:
        """Who has both a device and the lobby."""
        return {row[0] for row in self.all("SELECT user FROM memberships JOIN devices USING (user)")}

    @property
    def banned(self) -> set[str]:
        return {row[0] for row in self.all("SELECT id FROM users WHERE banned_until IS NOT NULL")}

    @property
    def kept(self) -> list[Path]:
        return sorted(self.data.glob("replaced-*.db"))


def post(tx: Transaction, user: str, body: str) -> Any:
    return messages.do_post(tx, user, Post(ref=1, room="lobby", cid=f"{user}-{body}".ljust(20, "-"), body=body), RULES)


def ban(by: str, whom: str) -> Callable[[Transaction], Any]:
    return lambda tx: moderation.do_ban(tx, by, whom, None, None)


def delete(by: str, id: int) -> Callable[[Transaction], Any]:
    return lambda tx: messages.do_delete(tx, by, Delete(ref=1, room="lobby", id=id))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data")


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)


# What is carried over, and from which database.


def test_what_was_taken_away_since_is_taken_away_again(desk: Desk) -> None:
    owner = desk.start("first")
    ada, bob, eve = desk.join("Ada"), desk.join("Bob"), desk.join("Eve")
    desk.post(ada, "kept")
    gone = desk.post(ada, "secret")
    chosen = desk.copy_to("chosen.db")
    desk.start("second")
    desk.do(
        delete(ada, gone),
        ban(owner, eve),
        lambda tx: moderation.do_kick(tx, owner, bob, None),
        lambda tx: starting.do_change_host(tx, owner, None, "closed", True),
    )
    settings = dict(desk.all("SELECT name, value FROM meta WHERE name IN ('policy', 'code')"))
    desk.post(ada, "after")
    done = restore.restore(desk.data, chosen)
    assert (done.deletions, done.people, done.complete, done.continued) == (1, 1, True, True)
    assert desk.bodies == ["kept", ""]
    assert desk.banned == {eve}
    assert desk.members == {ada, eve}, "the owner's token of the first start was replaced by the second's"
    assert dict(desk.all("SELECT name, value FROM meta WHERE name IN ('policy', 'code')")) == settings
    assert settings["policy"] == "closed"


def test_the_same_backup_a_second_time_is_continued_as_well(desk: Desk) -> None:
    owner = desk.start("first")
    eve = desk.join("Eve")
    chosen = desk.copy_to("chosen.db")
    restore.restore(desk.data, chosen)
    desk.start("second")
    desk.do(ban(owner, eve))
    assert restore.restore(desk.data, chosen).continued
    assert desk.banned == {eve}


@pytest.mark.parametrize("started", [False, True])
def test_an_empty_or_another_room_removes_nobody(desk: Desk, tmp_path: Path, started: bool) -> None:
    owner = desk.start("first")
    ada, eve = desk.join("Ada"), desk.join("Eve")
    desk.do(ban(owner, eve))
    desk.post(ada, "kept")
    chosen = desk.copy_to("chosen.db")
    code = desk.all("SELECT value FROM meta WHERE name = 'code'")
    other = Desk(tmp_path / "other")
    if started:
        other.start("elsewhere")
    else:
        other.do(lambda tx: starting.do_start(tx, "elsewhere", None, None))
    done = restore.restore(other.data, chosen)
    assert not done.continued
    assert not done.complete
    assert other.members == {owner, ada, eve}
    assert other.banned == {eve}
    assert other.bodies == ["kept"]
    assert other.all("SELECT value FROM meta WHERE name = 'code'") == code


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 40_000])
def test_what_is_no_database_removes_nobody(desk: Desk, content: bytes) -> None:
    owner = desk.start("first")
    ada = desk.join("Ada")
    chosen = desk.copy_to("chosen.db")
    desk.path.write_bytes(content)
    done = restore.restore(desk.data, chosen)
    assert desk.members == {owner, ada}
    assert done.kept is not None
    assert done.kept.read_bytes() == content


def _nothing(_desk: Desk, _owner: str, _ada: str, _eve: str) -> None: ...


def _start(desk: Desk, _owner: str, _ada: str, _eve: str) -> None:
    desk.start("later")


def _post(desk: Desk, _owner: str, ada: str, _eve: str) -> None:
    desk.post(ada, "later")


def _ban(desk: Desk, owner: str, _ada: str, eve: str) -> None:
    desk.do(ban(owner, eve))


def _join(desk: Desk, _owner: str, _ada: str, _eve: str) -> None:
    desk.join("Bob")


@pytest.mark.parametrize("meanwhile", [_start, _post, _ban, _join])
@pytest.mark.parametrize("then", [_nothing, _start, _post])
def test_an_older_copy_takes_nothing_away(desk: Desk, meanwhile: Any, then: Any) -> None:
    owner = desk.start("first")
    ada, eve = desk.join("Ada"), desk.join("Eve")
    desk.post(ada, "kept")
    older = desk.copy_to("older.db")
    meanwhile(desk, owner, ada, eve)
    desk.do(ban(owner, ada)) if meanwhile is _start else None
    members, banned = desk.members, desk.banned
    chosen = desk.copy_to("chosen.db")
    shutil.copy(older, desk.path)
    if then is not _nothing:
        desk.start("of the copy")
        then(desk, owner, ada, eve)
    done = restore.restore(desk.data, chosen)
    assert not done.continued
    assert desk.members == members
    assert desk.banned == banned


def test_a_deletion_holds_in_whatever_copy_it_was_done(desk: Desk) -> None:
    desk.start("first")
    ada, bob = desk.join("Ada"), desk.join("Bob")
    gone = desk.post(ada, "secret")
    older = desk.copy_to("older.db")
    desk.start("second")
    chosen = desk.copy_to("chosen.db")
    shutil.copy(older, desk.path)
    desk.do(delete(ada, gone), lambda tx: accounts.do_erase(tx, bob, messages_too=False))
    done = restore.restore(desk.data, chosen)
    assert (done.deletions, done.people, done.continued) == (1, 1, False)
    assert desk.bodies == [""]
    assert desk.all(f"SELECT role, name FROM users WHERE id = '{bob}'") == [("gone", "")]


# The file that is put in place, and the log beside it.


def test_a_log_beside_the_chosen_file_is_part_of_it(desk: Desk, tmp_path: Path) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    desk.post_into_log(ada, "one", "two")
    chosen = tmp_path / "room-of-before.db"
    for ending in ("", "-wal"):
        shutil.move(f"{desk.path}{ending}", f"{chosen}{ending}")
    restore.restore(desk.data, chosen)
    assert desk.bodies == ["one", "two"]
    assert Path(f"{chosen}-wal").exists(), "the chosen file was changed"


def test_undone_by_restoring_what_was_replaced(desk: Desk) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    desk.post(ada, "before")
    backup.make_backup(desk.data)
    desk.join("Bob")
    desk.post_into_log(ada, "one", "two")
    members = desk.members
    done = restore.restore(desk.data)
    assert desk.bodies == ["before"]
    assert done.kept is not None
    undone = restore.restore(desk.data, done.kept)
    assert not undone.continued
    assert desk.bodies == ["before", "one", "two"]
    assert desk.members == members


def test_the_log_of_the_replaced_one_goes_with_it(desk: Desk) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    done = restore.restore(desk.data)
    assert done.kept is not None
    assert not list(desk.data.glob("room.db-*"))
    assert desk.bodies == []
    with contextlib.closing(sqlite3.connect(done.kept)) as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (2,)


def test_a_journal_left_beside_the_replaced_one_does_not_undo_the_new_one(desk: Desk, tmp_path: Path) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    for number in range(50):
        desk.post(ada, f"{number} " + "w" * 3000)
    backup.make_backup(desk.data)
    bodies = desk.bodies
    # As a crash leaves a database that is not in WAL mode: half changed, with what undoes it beside it.
    half = tmp_path / "half.db"
    shutil.copy(desk.path, half)
    with contextlib.closing(sqlite3.connect(half, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE messages SET body = 'half done'")
        for ending in ("", "-journal"):
            shutil.copy(f"{half}{ending}", f"{desk.path}{ending}")
        db.execute("ROLLBACK")
    done = restore.restore(desk.data)
    assert desk.bodies == bodies
    assert done.kept is not None
    restore.restore(desk.data, done.kept)
    assert desk.bodies == bodies


def test_a_log_whose_database_is_missing_is_not_taken_for_the_new_ones(desk: Desk) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    log = Path(f"{desk.path}-wal").read_bytes()
    desk.path.unlink()
    restore.restore(desk.data)
    assert desk.bodies == []
    assert [path.read_bytes() for path in desk.data.glob("replaced-*-wal")] == [log]


def test_who_reads_the_database_is_waited_for_and_then_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_PATIENCE_SECONDS", 0.1)
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    with contextlib.closing(sqlite3.connect(desk.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        with pytest.raises(restore.CannotRestore, match="Another program"):
            restore.restore(desk.data)
    assert desk.bodies == ["one", "two"]
    assert desk.kept == []


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("links", [True, False])
def test_what_the_disk_refuses_leaves_all_as_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, damaged: bool, links: bool
) -> None:
    if not links:
        request.getfixturevalue("no_links")
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    if damaged:
        spoil(desk.path)
    before = files(desk.data)

    def refuse(source: Any, target: Any) -> None:
        if str(target).endswith(backup.DATABASE):
            raise PermissionError(13, "The file is in use by another program")
        replace(source, target)

    replace = os.replace
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(restore.CannotRestore, match="in use"):
        restore.restore(desk.data)
    if damaged:
        assert files(desk.data) == before
    else:
        assert desk.bodies == ["one", "two"]
        assert set(files(desk.data)) <= set(before)
    monkeypatch.setattr(os, "replace", replace)
    restore.restore(desk.data)
    assert desk.bodies == []


def spoil(database: Path) -> None:
    """Make a database of which its log cannot be taken back into it: neither file begins as it should."""
    for path in (database, Path(f"{database}-wal")):
        with path.open("r+b") as file:
            file.write(b"spoiled " * 16)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".db-shm"}


# Killed on the way.


class Killed(BaseException):
    """What `kill -9` is to the code: nothing that comes after it happens."""


@contextlib.contextmanager
def killed_before_the_last_step() -> Iterator[None]:
    """Dies before the rename that makes the new database the room's."""
    replace = os.replace

    def die(source: Any, target: Any) -> None:
        if str(target).endswith(backup.DATABASE):
            raise Killed
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", die)
        patch.setattr(restore, "_remove", lambda path: None)
        with contextlib.suppress(Killed):
            yield
            pytest.fail("it was not killed")


@pytest.mark.parametrize("links", [True, False])
def test_killed_before_the_last_step_the_old_room_is_whole(
    desk: Desk, request: pytest.FixtureRequest, links: bool
) -> None:
    if not links:
        request.getfixturevalue("no_links")
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    with killed_before_the_last_step():
        restore.restore(desk.data)
    assert desk.bodies == ["one", "two"]


@pytest.mark.parametrize("links", [True, False])
def test_the_log_of_a_damaged_database_is_put_back_beside_it(
    desk: Desk, request: pytest.FixtureRequest, links: bool
) -> None:
    if not links:
        request.getfixturevalue("no_links")
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    spoil(desk.path)
    before = files(desk.data)
    with killed_before_the_last_step():
        restore.restore(desk.data)
    assert not Path(f"{desk.path}-wal").exists()
    assert (desk.data / "restoring.db").exists()
    restore.clear_up(desk.data)
    found = files(desk.data)
    assert {name: found[name] for name in before} == before
    assert not (desk.data / "restoring.db").exists()
    assert not links or found.keys() == before.keys()


def test_a_restore_after_one_that_was_killed_keeps_the_log_of_a_damaged_database(desk: Desk) -> None:
    desk.start("first")
    ada = desk.join("Ada")
    backup.make_backup(desk.data)
    desk.post_into_log(ada, "one", "two")
    spoil(desk.path)
    before, log = desk.path.read_bytes(), Path(f"{desk.path}-wal").read_bytes()
    with killed_before_the_last_step():
        restore.restore(desk.data)
    done = restore.restore(desk.data)
    assert done.kept is not None
    assert (done.kept.read_bytes(), Path(f"{done.kept}-wal").read_bytes()) == (before, log)
    assert desk.bodies == []


# How many are kept.


def test_the_newest_is_kept_and_the_first_of_its_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_790_000_000.0]
    monkeypatch.setattr(restore.time, "time", lambda: clock[0])
    desk.start("first")
    ada = desk.join("Ada")
    chosen = desk.copy_to("chosen.db")
    desk.post(ada, "wanted back")
    kept: list[Path] = []
    for hours in (0, 1, 1, 1):
        clock[0] += hours * 3600
        done = restore.restore(desk.data, chosen)
        assert done.kept is not None
        kept.append(done.kept)
    assert desk.kept == [kept[0], kept[-1]]
    clock[0] += 25 * 3600
    (desk.data / "replaced-by-hand.db").write_bytes(b"not ours")
    done = restore.restore(desk.data, kept[0])
    assert desk.kept == [kept[0], done.kept, desk.data / "replaced-by-hand.db"], "what was just restored was deleted"
    assert desk.bodies == ["wanted back"]
    clock[0] += 25 * 3600
    done = restore.restore(desk.data, chosen)
    assert desk.kept == [done.kept, desk.data / "replaced-by-hand.db"]
