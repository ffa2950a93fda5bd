"""The writer and its readers: group commits, the order of telling, refusals, failures of the storage, erasure."""

import asyncio
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mrsambosk_protocol.limits import Refused
from mrsambosk_server import history, schema, search
from mrsambosk_server.actions import messages
from mrsambosk_server.hub import Hub
from mrsambosk_server.ledger import Ledger
from mrsambosk_server.outcome import Outcome
from mrsambosk_server.transaction import Transaction
from tests.helpers.server_desk import RULES, Desk, on_loop, post, until

ExpectLog = Callable[..., None]


def do_nothing(tx: Transaction, reply: Any = None) -> Outcome:
    return Outcome(reply=reply)


def do_count(tx: Transaction) -> Outcome:
    """One more row, as a change that is told."""
    tx.run("INSERT INTO jobs (kind, payload, due_at) VALUES ('test', '', 0)")
    return Outcome(reply=tx.one("SELECT count(*) FROM jobs")[0], told=_TOLD)


# Anything that `told` is called for; the hub skips what it does not know.
_TOLD: Any = (object(),)


class Held:
    """Holds the writer inside an action, so that more can be made to wait behind it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def do_hold(self, tx: Transaction) -> Outcome:
        self.reached.set()
        assert self.released.wait(10.0)
        return Outcome()


async def commits(desk: Desk) -> list[str]:
    """A list that grows by each COMMIT of the writer from here on."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if statement == "COMMIT":
            seen.append(statement)

    def do_trace(tx: Transaction) -> Outcome:
        tx.db.connection().set_trace_callback(note)
        return Outcome()

    await desk.do(do_trace)
    seen.clear()
    return seen


def code_of(result: object) -> str | None:
    return result.code if isinstance(result, Refused) else None


async def gather(*futures: Any) -> list[Any]:
    return await asyncio.gather(*futures, return_exceptions=True)


# Batches.


@on_loop
async def test_what_waits_is_committed_together(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        seen = await commits(desk)
        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        waiting = [desk.do(messages.do_post, anna, post(f"message {number}"), RULES) for number in range(300)]
        held.released.set()
        await first
        outcomes = await gather(*waiting)
        assert [outcome.reply.rev for outcome in outcomes] == list(range(1, 301)), "in the order submitted, dense"
        assert len(seen) == 2
        assert [outcome.reply.rev for outcome in desk.outcomes[-300:]] == list(range(1, 301))


@on_loop
async def test_everything_is_told_in_commit_order_before_anyone_is_answered(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        log: list[tuple[str, int]] = []
        tell = desk._tell

        def note(outcome: Outcome) -> None:
            log.append(("told", outcome.reply))
            tell(outcome)

        def answered(number: int, _future: object) -> None:
            log.append(("answered", number))

        desk.ledger._told = note
        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        waiting = []
        for number in range(1, 6):
            future = desk.ledger.submit(do_count)
            future.add_done_callback(partial(answered, number))
            waiting.append(future)
        held.released.set()
        await gather(first, *waiting)
        assert log == [("told", number) for number in range(1, 6)] + [("answered", number) for number in range(1, 6)]


@on_loop
async def test_a_caller_who_went_away_swallows_nobodys_change(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        gone, stays = desk.ledger.submit(do_count), desk.ledger.submit(do_count)
        gone.cancel()
        held.released.set()
        await first
        assert (await stays).reply == 2
        assert [outcome.reply for outcome in desk.outcomes] == [1, 2]


@on_loop
async def test_a_refused_action_leaves_no_trace_and_the_others_stand(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()

        def do_write_then_refuse(tx: Transaction) -> Outcome:
            do_count(tx)
            tx.one("UPDATE rooms SET rev = rev + 1 RETURNING rev")
            raise Refused("forbidden", "No.")

        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        waiting = [
            desk.do(messages.do_post, anna, post(), RULES),
            desk.do(do_write_then_refuse),
            desk.do(messages.do_post, anna, post(), RULES),
        ]
        held.released.set()
        await first
        one, refused, two = await gather(*waiting)
        assert (one.reply.rev, code_of(refused), two.reply.rev) == (1, "forbidden", 2)
        assert await desk.sql("SELECT count(*) FROM jobs") == [(0,)]


def do_divide(tx: Transaction) -> Outcome:
    do_count(tx)
    raise ZeroDivisionError("a bug")


def do_break_a_constraint(tx: Transaction) -> Outcome:
    do_count(tx)
    return Outcome(reply=tx.run("INSERT INTO meta (name, value) VALUES ('policy', 'again')"))


def do_say_nonsense(tx: Transaction) -> Outcome:
    do_count(tx)
    return Outcome(reply=tx.run("SELECT no_such_column FROM nowhere"))


def do_bind_too_little(tx: Transaction) -> Outcome:
    do_count(tx)
    return Outcome(reply=tx.run("SELECT ?"))


@pytest.mark.parametrize("bug", [do_divide, do_break_a_constraint, do_say_nonsense, do_bind_too_little])
@on_loop
async def test_a_bug_in_an_action_is_logged_and_answered_and_the_others_stand(
    tmp_path: Path, expect_log: ExpectLog, bug: Callable[[Transaction], Outcome]
) -> None:
    expect_log(f"{bug.__name__} failed", "mrsambosk_server.ledger")
    async with Desk(tmp_path / "room.db") as desk:
        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        waiting = [desk.do(do_count), desk.do(bug), desk.do(do_count)]
        held.released.set()
        await first
        one, broken, two = await gather(*waiting)
        assert (one.reply, code_of(broken), two.reply) == (1, "internal", 2)
        assert "Traceback" not in broken.text


@on_loop
async def test_what_cannot_be_told_keeps_nobody_from_being_told_and_answered(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("could not be told", "mrsambosk_server.ledger")
    async with Desk(tmp_path / "room.db") as desk:
        told = []

        def tell(outcome: Outcome) -> None:
            told.append(outcome.reply)
            if outcome.reply == 2:
                raise ZeroDivisionError("a bug")

        desk.ledger._told = tell
        outcomes = await gather(*(desk.do(do_count) for _ in range(3)))
        assert [outcome.reply for outcome in outcomes] == told == [1, 2, 3]


# Failures of the storage.


def do_break_the_commit(tx: Transaction) -> Outcome:
    """Leave something that only the COMMIT finds wrong."""
    tx.run("PRAGMA defer_foreign_keys = 1")
    tx.run("INSERT INTO memberships (room, user, since) VALUES ('r_nowhere', 'u_nobody', 1)")
    return Outcome(told=_TOLD)


@on_loop
async def test_a_failing_commit_refuses_the_whole_batch_and_tells_nothing(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("The storage refused a batch of 3", "mrsambosk_server.writer")
    async with Desk(tmp_path / "room.db") as desk:
        held = Held()
        first = desk.do(held.do_hold)
        await until(held.reached.is_set)
        waiting = [desk.do(do_count), desk.do(do_break_the_commit), desk.do(do_count)]
        held.released.set()
        await first
        results = await gather(*waiting)
        assert [code_of(result) for result in results] == ["storage_error"] * 3
        assert desk.outcomes == []
        # The next ones are as if nothing had been.
        assert (await desk.do(do_count)).reply == 1
        assert len(desk.outcomes) == 1


@on_loop
async def test_a_full_disk_is_said_and_reading_and_writing_come_back(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("The storage refused a batch", "mrsambosk_server.writer")
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        first = await desk.post(anna, "x" * 4000)
        ((pages,),) = await desk.sql("PRAGMA page_count")
        await desk.sql(f"PRAGMA max_page_count = {pages + 8}")
        stored = [first.id]
        refusal = None
        while refusal is None:
            try:
                stored.append((await desk.post(anna, "x" * 4000)).id)
            except Refused as refused:
                refusal = refused
        assert (refusal.code, refusal.retry_after) == ("storage_full", 30.0)
        assert await desk.read(history.room_rev, anna, "lobby") == len(stored) == len(desk.outcomes) - 1
        await desk.sql("PRAGMA max_page_count = 1000000")
        assert (await desk.post(anna, "x" * 4000)).id == stored[-1] + 1, "no revision was used up"


@on_loop
async def test_a_disk_that_cannot_be_written_is_said_when_it_changes(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("The storage refused a batch", "mrsambosk_server.writer")
    said: list[str] = []
    async with Desk(tmp_path / "room.db", storage_changed=said.append) as desk:
        for _ in range(3):
            assert code_of((await gather(desk.do(do_fail, "SQLITE_READONLY")))[0]) == "storage_read_only"
        assert said == ["read_only"]
        assert await desk.read(lambda tx: tx.one("SELECT count(*) FROM jobs")) == (0,)
        assert (await desk.do(do_count)).reply == 1
        assert said == ["read_only", "writable"]


def do_fail(tx: Transaction, name: str) -> Outcome:
    """As when SQLite fails with this code."""
    do_count(tx)
    error = sqlite3.OperationalError("as if")
    error.sqlite_errorname = name
    raise error


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", "storage_full"),
        ("SQLITE_READONLY_DBMOVED", "storage_read_only"),
        ("SQLITE_PERM", "storage_read_only"),
        ("SQLITE_CANTOPEN", "storage_read_only"),
        ("SQLITE_IOERR_FSYNC", "storage_error"),
        ("SQLITE_CORRUPT", "storage_error"),
        ("SQLITE_BUSY", "storage_error"),
        ("", "storage_error"),
    ],
)
@on_loop
async def test_each_failure_has_its_code(tmp_path: Path, expect_log: ExpectLog, name: str, code: str) -> None:
    expect_log("The storage refused a batch", "mrsambosk_server.writer")
    async with Desk(tmp_path / "room.db") as desk:
        (result,) = await gather(desk.do(do_fail, name))
        assert code_of(result) == code


@on_loop
async def test_too_much_waiting_is_refused_at_once(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db", waiting_limit=5) as desk:
        held = Held()
        waiting = [desk.do(held.do_hold)]
        waiting += [desk.do(do_nothing) for _ in range(4)]
        with pytest.raises(Refused) as caught:
            desk.do(do_nothing)
        assert caught.value.code == "busy"
        held.released.set()
        await gather(*waiting)
        await desk.do(do_nothing)


# Reading.


@on_loop
async def test_a_read_has_everything_told_and_is_one_snapshot(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        started, go_on = threading.Event(), threading.Event()

        def look_twice(tx: Transaction) -> tuple[int, int]:
            before = tx.one("SELECT rev FROM rooms")[0]
            started.set()
            assert go_on.wait(10.0)
            return before, tx.one("SELECT count(*) FROM messages")[0]

        for number in range(1, 20):
            await desk.post(anna)
            assert await desk.read(history.room_rev, anna, "lobby") == number
        looking = asyncio.ensure_future(desk.read(look_twice))
        await until(started.is_set)
        await desk.post(anna)
        go_on.set()
        assert await looking == (19, 19)


@on_loop
async def test_one_thread_writes_and_readers_cannot(tmp_path: Path, expect_log: ExpectLog) -> None:
    async with Desk(tmp_path / "room.db") as desk:

        def do_say_thread(tx: Transaction) -> Outcome:
            return Outcome(reply=threading.current_thread().name)

        assert {outcome.reply for outcome in await gather(*(desk.do(do_say_thread) for _ in range(50)))} == {"ledger"}

        def write(tx: Transaction) -> None:
            tx.run("DELETE FROM meta")

        expect_log("could not be read: SQLITE_READONLY", "mrsambosk_server.ledger")
        with pytest.raises(Refused):
            await desk.read(write)
        assert await desk.sql("SELECT count(*) > 0 FROM meta") == [(1,)]


@on_loop
async def test_a_bug_in_a_query_is_not_taken_for_a_broken_disk(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            await desk.read(lambda tx: tx.one("SELECT no_such_column FROM rooms"))
        assert await desk.read(lambda tx: tx.one("SELECT 1")) == (1,)


@on_loop
async def test_a_reader_that_cannot_be_opened_is_tried_again(
    tmp_path: Path, expect_log: ExpectLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("could not be read", "mrsambosk_server.ledger")
    path = tmp_path / "room.db"
    ledger = Ledger(path, lambda _outcome: None, waiting_limit=10)
    open_reader = schema.open_reader
    monkeypatch.setattr(schema, "open_reader", lambda _path: open_reader(tmp_path / "missing" / "room.db"))
    await ledger.open()
    with pytest.raises(Refused) as caught:
        await ledger.read(lambda tx: tx.one("SELECT 1"))
    assert caught.value.code == "storage_error"
    monkeypatch.undo()
    assert await ledger.read(lambda tx: tx.one("SELECT 1")) == (1,)
    await ledger.close()


# The end.


@on_loop
async def test_close_finishes_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with Desk(path) as desk:
        held = Held()
        waiting = [desk.do(held.do_hold)] + [desk.do(do_count) for _ in range(100)]
        await until(held.reached.is_set)
        closing_now = asyncio.ensure_future(desk.ledger.close())
        await asyncio.sleep(0)
        for ask in (lambda: desk.do(do_count), lambda: desk.read(lambda tx: None)):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.code == "busy"
        held.released.set()
        results = await gather(*waiting)
        assert [result.reply for result in results[1:]] == list(range(1, 101))
        await closing_now
        await desk.ledger.close()
    assert len(desk.outcomes) == 100
    assert not [name for name in os.listdir(tmp_path) if name.startswith("room.db-")], "no log is left"


@on_loop
async def test_what_cannot_be_opened_is_said_and_nothing_runs_on(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    path.write_bytes(b"not a database" * 1000)
    ledger = Ledger(path, lambda _outcome: None, waiting_limit=10)
    with pytest.raises(Exception, match="not a database"):
        await ledger.open()
    await ledger.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger"]


@on_loop
async def test_a_bug_in_idle_work_is_logged_and_the_writer_goes_on(
    tmp_path: Path, expect_log: ExpectLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("stumble failed", "mrsambosk_server.writer")
    monkeypatch.setattr("mrsambosk_server.writer._IDLE_SECONDS", 0.0)
    stumbled = threading.Event()

    def stumble(tx: Transaction) -> bool:
        tx.run("DELETE FROM meta")
        stumbled.set()
        raise ZeroDivisionError("a bug")

    async with Desk(tmp_path / "room.db", idle=stumble) as desk:
        await until(stumbled.is_set)
        assert await desk.sql("SELECT count(*) > 0 FROM meta") == [(1,)]


# Erasure.


def secret() -> str:
    """A word whose end is found by its bytes wherever it stands, also where an index shortens its beginning."""
    return "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(40))


def holds(folder: Path, word: str) -> list[str]:
    """The files beside a database, itself included, that hold the last half of a word."""
    return [file.name for file in folder.iterdir() if word[-20:].encode() in file.read_bytes()]


@asynccontextmanager
async def wiping_desk(path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> Any:
    monkeypatch.setattr("mrsambosk_server.writer._WIPE_SECONDS", seconds)
    monkeypatch.setattr("mrsambosk_server.writer._IDLE_SECONDS", 0.0)
    async with Desk(path, idle=search.index_batch, purge=search.purge) as desk:
        yield desk


async def tell_secrets(desk: Desk, user: str, count: int) -> dict[str, Any]:
    """Messages among others, indexed, each with a word of its own."""
    told = {}
    for _number in range(count):
        word = secret()
        await gather(*(desk.post(user, f"some other words {secret()}") for _ in range(5)))
        told[word] = await desk.post(user, f"my password is {word} and that is that " + "x" * secrets.randbelow(3000))
    await desk.index()
    return told


@on_loop
async def test_erased_text_is_nowhere_on_the_disk_soon_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with wiping_desk(tmp_path / "room.db", monkeypatch, 0.2) as desk:
        anna = await desk.person()
        told = await tell_secrets(desk, anna, 30)
        assert all(holds(tmp_path, word) for word in told), "the test can find what is there"
        words = list(told)
        for word in words[:10]:
            await desk.delete(anna, told[word])
        for word in words[10:15]:
            await desk.edit(anna, told[word], "never mind")
        for word in words[15:20]:
            await desk.edit(anna, await desk.edit(anna, told[word], "soon gone"), f"back again: {word}")
            await desk.delete(anna, told[word])
        await until(lambda: not any(holds(tmp_path, word) for word in words[:20]))
        assert all(holds(tmp_path, word) for word in words[20:])
        await desk.sql("INSERT INTO search (search) VALUES ('integrity-check')")


@on_loop
async def test_erased_text_is_nowhere_on_the_disk_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with wiping_desk(tmp_path / "room.db", monkeypatch, 1000.0) as desk:
        anna = await desk.person()
        told = await tell_secrets(desk, anna, 5)
        for row in told.values():
            await desk.delete(anna, row)
        assert all(holds(tmp_path, word) for word in told), "nothing is emptied before its time"
    assert not any(holds(tmp_path, word) for word in told)


@on_loop
async def test_what_a_crash_left_behind_is_erased_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    async with wiping_desk(alive / "room.db", monkeypatch, 1000.0) as desk:
        anna = await desk.person()
        told = await tell_secrets(desk, anna, 5)
        for row in told.values():
            await desk.delete(anna, row)
        shutil.copytree(alive, dead)
    assert all(holds(dead, word) for word in told)
    async with wiping_desk(dead / "room.db", monkeypatch, 0.0):
        await until(lambda: not any(holds(dead, word) for word in told))


@on_loop
async def test_posts_go_on_while_the_index_is_purged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.search._MERGE_PAGES", 1)
    async with wiping_desk(tmp_path / "room.db", monkeypatch, 0.0) as desk:
        anna = await desk.person()
        told = await tell_secrets(desk, anna, 10)
        for row in told.values():
            await desk.delete(anna, row)
            await desk.post(anna, f"meanwhile {secret()}")
            await desk.index()
        await until(lambda: not any(holds(tmp_path, word) for word in told))
        await desk.sql("INSERT INTO search (search) VALUES ('integrity-check')")


@on_loop
async def test_a_reader_in_the_way_only_delays_the_emptying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.writer._WIPE_PATIENCE_MS", 1)
    monkeypatch.setattr("mrsambosk_server.writer._WIPE_AGAIN_SECONDS", 0.02)
    log = tmp_path / "room.db-wal"
    async with wiping_desk(tmp_path / "room.db", monkeypatch, 0.0) as desk:
        anna = await desk.person()
        row = await desk.post(anna)
        with closing(sqlite3.connect(tmp_path / "room.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM messages").fetchone()
            await desk.delete(anna, row)
            await desk.do(do_nothing)
            assert log.stat().st_size > 0
        await until(lambda: log.stat().st_size == 0)


def test_hub_and_ledger_agree_on_what_is_told() -> None:
    """`_TOLD` above leans on the hub skipping what it does not know."""

    @on_loop
    async def publish() -> None:
        hub = Hub([], {})
        hub.publish(Outcome(told=_TOLD))
        hub.close()

    publish()
