"""A host with faults planted in it: ``python -m tests.faults.planted_host FAULT,FAULT host …``.

Two kinds. *Circumstances* are what a check needs and cannot do from outside: a clock that jumps, a delivery that
raises. *Mistakes* are what a check must catch: each is a bug that somebody could write one day.
"""

# mypy: ignore-errors

import asyncio
import atexit
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import filelock

from mrsambosk_protocol import loglines
from mrsambosk_server import (
    backup,
    channel,
    cli,
    front,
    history,
    host,
    hub,
    ledger,
    passwords,
    people,
    replaced,
    reserve,
    restore,
    schema,
    session,
    transaction,
    writer,
)
from mrsambosk_server.actions import messages

# Circumstances.


def clock() -> None:
    """SIGUSR2 moves the wall clock by the seconds in the file named by FAULT_CLOCK."""
    offset = [0.0]
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + offset[0]
    time.time_ns = lambda: real_ns() + int(offset[0] * 1e9)

    def jump(_number: int, _frame: Any) -> None:
        offset[0] = float(Path(os.environ["FAULT_CLOCK"]).read_text())

    signal.signal(signal.SIGUSR2, jump)


def throwing_delivery() -> None:
    """Writing a live message that holds ``#throw#`` to whoever is called Victim raises."""
    made = session.Session.__init__

    def make(self: Any, services: Any, own: Any, *args: Any) -> None:
        write = own.write

        def throw(data: bytes) -> None:
            if (
                b'"type":"message"' in data
                and b"#throw#" in data
                and self._hub.user(self.user).name.startswith("Victim")
            ):
                raise RuntimeError("thrown into a delivery")
            write(data)

        own.write = throw
        made(self, services, own, *args)

    session.Session.__init__ = make


def impatient() -> None:
    """A client that takes nothing is given up after 2 s, and the write-ahead log is emptied of deletes at once."""
    channel.STALLED_SECONDS = 2.0
    writer._WIPE_SECONDS = 1.0


def small_cache() -> None:
    """SQLite's page caches have FAULT_CACHE kibibytes each."""
    schema._PRAGMAS["cache_size"] = -int(os.environ["FAULT_CACHE"])


class NextStep:
    """What `next_step` adds."""

    STATEMENTS = (
        "CREATE TABLE next_one (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT",
        "ALTER TABLE rooms ADD COLUMN next_two TEXT NOT NULL DEFAULT ''",
        "UPDATE rooms SET next_two = name",
        "INSERT INTO next_one (word) SELECT name FROM users",
    )


def next_step() -> None:
    """One more migration than there is."""
    schema.MIGRATIONS = (*schema.MIGRATIONS, NextStep)
    schema.VERSION = len(schema.MIGRATIONS)


def die_in_migration() -> None:
    """SIGKILL to itself before the FAULT_STATEMENT-th statement of the migrations, the pragmas after them included."""
    left = [int(os.environ["FAULT_STATEMENT"])]

    def migrate(db: Any) -> None:
        execute = db.execute_sql

        def counted(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*args, **kwargs)

        db.execute_sql = counted
        try:
            real(db)
        finally:
            db.execute_sql = execute

    real = schema.migrate
    schema.migrate = migrate


def die_in_restore() -> None:
    """SIGKILL to itself before the FAULT_STEP-th time that a database is renamed, linked or deleted, or a file synced.

    Where it lives on, the number of such steps is the last line it writes to stderr.
    """
    last, steps = int(os.environ["FAULT_STEP"]), [0]
    sync = os.fsync

    def step() -> None:
        if steps[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)
        steps[0] += 1

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        is_one = event in ("os.rename", "os.link", "os.remove") and ".db" in str(arguments[0])
        if is_one and os.path.exists(arguments[0]):
            step()

    def counted(descriptor: int) -> None:
        step()
        sync(descriptor)

    os.fsync = counted
    sys.addaudithook(watch)
    atexit.register(lambda: print(steps[0], file=sys.stderr))


def quoting() -> None:
    """A post that begins with ``#quote#``, and each password to be compared, ends in an exception that quotes it."""
    post = messages.do_post

    def do_post(tx: Any, user: str, command: Any, rules: Any) -> Any:
        return {}[command.body] if command.body.startswith("#quote#") else post(tx, user, command, rules)

    async def matches(self: Any, stored: Any, password: str, address: str = "") -> bool:
        return {}[password]

    messages.do_post = do_post
    passwords.Passwords.matches = matches


def broken_copies() -> None:
    """Each copy of the database comes out with its middle overwritten, as a failing disk makes it."""
    copy = backup._copy

    def broken(source: Path, part: Path, wanted: Callable[[], bool]) -> None:
        copy(source, part, wanted)
        with part.open("r+b") as file:
            file.seek(part.stat().st_size // 2 // 4096 * 4096)
            file.write(os.urandom(4096))

    backup._copy = broken


# Mistakes.


def late_commit() -> None:
    """Posts are answered before the commit: only every eighth one is carried out."""
    run, post = transaction.Transaction.run, messages.do_post
    posts = [0]

    def do_post(*args: Any) -> Any:
        posts[0] += 1
        return post(*args)

    def lazy(self: Any, sql: str, parameters: Any = ()) -> int:
        if sql == "COMMIT" and posts[0] % 8:
            return 0
        if sql == "BEGIN IMMEDIATE" and self.db.connection().in_transaction:
            return 0
        return run(self, sql, parameters)

    messages.do_post = do_post
    transaction.Transaction.run = lazy


def early_answer() -> None:
    """Posts are told and answered, and committed 20 ms later."""
    attempt, run = writer.Writer._attempt, transaction.Transaction.run
    about_to: list[Callable[[], None]] = []

    def early(self: Any, tx: Any, batch: Any, savepoints: bool) -> Any:
        if not any(action is messages.do_post for action, _, _ in batch):
            return attempt(self, tx, batch, savepoints)
        outcomes: list[Any] = []

        def noted(action: Any) -> Any:
            def carry_out(*args: Any) -> Any:
                outcomes.append(action(*args))
                return outcomes[-1]

            return carry_out

        def tell() -> None:
            self._listener.on_committed(list(batch), list(outcomes))
            batch.clear()  # nobody is left to be told after the commit
            outcomes.clear()
            time.sleep(0.02)

        about_to.append(tell)
        attempt(self, tx, [(noted(action), args, future) for action, args, future in batch], savepoints)
        return outcomes

    def told_first(self: Any, sql: str, parameters: Any = ()) -> int:
        if sql == "COMMIT" and about_to:
            about_to.pop()()
        return run(self, sql, parameters)

    writer.Writer._attempt = early
    transaction.Transaction.run = told_first


def unsynced() -> None:
    """Commits are not synced to the disk."""
    schema._PRAGMAS["synchronous"] = 0


def keeps_for_slow() -> None:
    """What a slow client is owed is kept for it."""
    session.Session.on_filled = lambda self: None
    channel.STALLED_SECONDS = 1e9


def unguarded_fan_out() -> None:
    """One client's exception ends the fan-out for all."""

    def drop(self: Any, client: Any) -> None:
        raise  # noqa: PLE0704 - called where an exception is being handled

    hub.Hub._drop = drop


def leaks_descriptors() -> None:
    """One descriptor is lost with each connection."""
    made = front.Front.connection_made

    def leak(self: Any, transport: Any) -> None:
        os.dup(0)
        made(self, transport)

    front.Front.connection_made = leak


def believes_full_disk() -> None:
    """A commit that the disk refused is answered as if it had been stored."""
    run = transaction.Transaction.run

    def swallow(self: Any, sql: str, parameters: Any = ()) -> int:
        try:
            return run(self, sql, parameters)
        except sqlite3.Error:
            if sql == "COMMIT":
                return 0
            raise

    transaction.Transaction.run = swallow


def no_reserve() -> None:
    """Nothing is held back for a full disk."""
    reserve.Reserve.keep = lambda self: True
    host._ESSENTIAL = ()


def no_examination() -> None:
    """A database is opened without a look at it."""
    schema.examine = lambda path, thorough: schema.VERSION


def late_rows() -> None:
    """What a step of a migration does to rows comes after the commit of its tables and its number."""

    def is_late(statement: str) -> bool:
        return statement.startswith(("INSERT", "UPDATE", "DELETE"))

    def migrate(db: Any) -> None:
        version = db.execute_sql("PRAGMA user_version").fetchone()[0]
        for number, step in enumerate(schema.MIGRATIONS[version:], start=version + 1):
            with db.atomic("IMMEDIATE"):
                for statement in step.STATEMENTS:
                    if not is_late(statement):
                        db.execute_sql(statement)
                db.execute_sql(f"PRAGMA user_version = {number}")
                db.execute_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            for statement in filter(is_late, step.STATEMENTS):
                db.execute_sql(statement)

    schema.migrate = migrate


def wall_clock_loop() -> None:
    """Timers go by the wall clock."""
    asyncio.BaseEventLoop.time = lambda self: time.time()


def blames_clients() -> None:
    """After it was stopped itself, the host takes its clients for silent."""
    front._LATE_SECONDS = 1e9
    session.Session.excuse = lambda self, now: None


def no_lock() -> None:
    """Nobody asks whether the data directory is in use."""
    filelock.FileLock.acquire = lambda self, *args, **kwargs: None


def believes_cursors() -> None:
    """Every cursor is taken for one of this database's history."""
    people.cursor_is_good = lambda tx, room, epoch, cursor: True
    history.cursor_is_good = people.cursor_is_good


def gives_up_without_descriptors() -> None:
    """The first accept that fails ends the listening."""
    from asyncio import selector_events

    accept = selector_events.BaseSelectorEventLoop._accept_connection

    def once(self: Any, factory: Any, sock: Any, *args: Any, **kwargs: Any) -> None:
        handler = self.call_exception_handler

        def give_up(context: Any) -> None:
            self._remove_reader(sock.fileno())
            self.call_later = lambda *a, **k: _Nothing()
            handler(context)

        self.call_exception_handler = give_up
        try:
            accept(self, factory, sock, *args, **kwargs)
        finally:
            self.call_exception_handler = handler

    selector_events.BaseSelectorEventLoop._accept_connection = once


class _Nothing:
    def cancel(self) -> None: ...


def forgets_nothing() -> None:
    """Every frame ever told is kept."""
    kept: list[bytes] = []
    publish = hub.Hub._publish_row

    def keep(self: Any, room: str, rev: int, frame: bytes) -> None:
        kept.append(frame * 50)
        publish(self, room, rev, frame)

    hub.Hub._publish_row = keep


def endless_log() -> None:
    """The write-ahead log is never emptied."""
    schema._PRAGMAS["wal_autocheckpoint"] = 0
    writer.Writer._empty_log = lambda self, tx: False


def logs_bodies() -> None:
    """Posts are logged, as somebody writes it while looking for a bug."""
    post = messages.do_post

    def do_post(tx: Any, user: str, command: Any, rules: Any) -> Any:
        ledger.log.info("post %s", command.body)
        return post(tx, user, command, rules)

    messages.do_post = do_post
    loglines.escape = lambda text: text


def forgets_deletions() -> None:
    """A restore does not apply again what was deleted since."""
    replaced._carry_over_deletions = lambda tx, old: 0


def moves_log() -> None:
    """The log of the database that a restore replaces is moved away, and then the database replaced."""
    restore._take_in_log = lambda path: None


def unchecked_backups() -> None:
    """A backup counts without having been checked."""
    backup.check = lambda path: schema.VERSION


FAULTS: dict[str, Callable[[], None]] = {
    name.replace("_", "-"): value
    for name, value in list(globals().items())
    if isinstance(value, FunctionType) and value.__module__ == __name__ and not name.startswith("_")
}


def main() -> int:
    for name in filter(None, sys.argv[1].split(",")):
        FAULTS[name]()
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
