"""The tables and opening a file: models and migrations agree, and what can't be used is left byte for byte."""

import contextlib
import functools
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest

from mrsambosk_server import schema
from mrsambosk_server.migrations import MIGRATIONS
from tests.helpers.server_desk import Desk, on_loop

#: Columns that hold text or bytes of which a person's id is no part.
_NOBODY = {
    "meta": {"name", "value"},
    "users": {"name", "name_key", "role", "password", "email", "reset_code"},
    "devices": {"id", "hash", "name"},
    "rooms": {"id", "name", "topic", "kind"},
    "memberships": {"room", "role"},
    "messages": {"room", "kind", "cid", "body"},
    "mentions": {"room"},
    "epochs": {"epoch", "room"},
    "jobs": {"kind", "payload"},
    "audit": {"verb", "room", "reason"},
    "invites": {"id", "hash"},
    "invite_uses": {"invite"},
}


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    path = tmp_path / "room.db"
    schema.open_writer(path).close()
    return path


def columns_of(path: Path, table: str) -> dict[str, tuple[str, bool]]:
    """Type and whether it may be NULL, by column."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(f"PRAGMA table_info({table})").fetchall()
    return {name: (kind, not not_null and not key) for _number, name, kind, not_null, _default, key in rows}


def digest(folder: Path) -> dict[str, str]:
    """What is in each file, but for SQLite's shared memory, which holds nothing that lasts."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
        if not file.name.endswith("-shm")
    }


# Tables.


def test_the_models_are_what_the_migrations_make(migrated: Path) -> None:
    kinds = {peewee.TextField: "TEXT", peewee.IntegerField: "INTEGER", peewee.BlobField: "BLOB"}
    for model in schema.TABLES:
        meta: Any = model._meta
        key = set(meta.primary_key.field_names) if meta.composite_key else {meta.primary_key.name}
        fields = {
            field.column_name: (kinds[type(field)], field.null and field.name not in key)
            for field in meta.sorted_fields
        }
        made = columns_of(migrated, meta.table_name)
        loose = {name: (kind, null and name not in key) for name, (kind, null) in made.items()}
        assert fields == loose, meta.table_name


def test_every_table_is_strict_and_known(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated)) as db:
        tables = db.execute("PRAGMA table_list").fetchall()
    made = {name: bool(strict) for _schema, name, kind, _columns, _rowid, strict in tables if kind == "table"}
    made = {name: strict for name, strict in made.items() if not name.startswith("sqlite_")}
    assert set(made) == {model._meta.table_name for model in schema.TABLES}
    assert all(made.values())


def test_every_column_that_could_name_a_person_is_decided_about(migrated: Path) -> None:
    undecided = []
    for model in schema.TABLES:
        table = model._meta.table_name
        listed = set(schema.PERSON_COLUMNS.get(table, ()))
        texts = {name for name, (kind, _null) in columns_of(migrated, table).items() if kind in ("TEXT", "BLOB")}
        assert listed <= texts, table
        assert not listed & _NOBODY[table], table
        undecided += [f"{table}.{name}" for name in texts - listed - _NOBODY[table]]
    assert not undecided, "say in schema.PERSON_COLUMNS or here whether these name a person"
    assert set(schema.PERSON_COLUMNS) <= set(_NOBODY)


@on_loop
async def test_a_persons_id_stands_only_where_the_list_says(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, ben = await desk.person(role="admin"), await desk.person()
        row = await desk.post(ben, mentions=(anna,))
        await desk.react(anna, row)
        await desk.pin(anna, row)
        await desk.delete(anna, await desk.post(ben))
        for model in schema.TABLES:
            table = model._meta.table_name
            listed = schema.PERSON_COLUMNS.get(table, ())
            for column in columns_of(desk.path, table):
                if column not in listed:
                    found = await desk.sql(f"SELECT count(*) FROM {table} WHERE instr({column}, ?)", anna)
                    assert found == [(0,)], (table, column)


# Opening.


def test_the_settings_are_what_durability_needs(migrated: Path) -> None:
    for opened in (schema.open_writer(migrated), schema.open_reader(migrated)):
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
        for name, value in wanted.items():
            assert opened.execute_sql(f"PRAGMA {name}").fetchone() == (value,), name
        opened.close()
    reader = schema.open_reader(migrated)
    with pytest.raises(peewee.OperationalError, match="readonly"):
        reader.execute_sql("DELETE FROM meta")
    reader.close()


def test_a_setting_that_sqlite_does_not_keep_is_no_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # As on a file system without shared memory: the write-ahead log is not switched on.
    def open_without_log(path: str, pragmas: dict[str, Any], **options: Any) -> peewee.SqliteDatabase:
        return peewee.SqliteDatabase(path, pragmas={**pragmas, "journal_mode": "delete"}, **options)

    monkeypatch.setattr(schema, "SqliteDatabase", open_without_log)
    with pytest.raises(schema.DatabaseUnusable, match="journal_mode"):
        schema.open_writer(tmp_path / "room.db")


def test_what_is_not_there_yet_is_version_0(tmp_path: Path) -> None:
    assert schema.examine(tmp_path / "room.db", thorough=True) == 0
    (tmp_path / "room.db").touch()
    assert schema.examine(tmp_path / "room.db", thorough=True) == 0
    assert digest(tmp_path) == {"room.db": hashlib.sha256(b"").hexdigest()}


def test_a_good_file_is_not_touched(migrated: Path) -> None:
    before = digest(migrated.parent)
    assert schema.examine(migrated, thorough=True) == len(MIGRATIONS)
    assert digest(migrated.parent) == before


def _spoil(path: Path, kind: str) -> None:
    """Make a good database one that can't be used."""
    data = bytearray(path.read_bytes())
    match kind:
        case "no database":
            path.write_bytes(b"Dear diary, " * 1000)
        case "two bytes":
            # One alone is no file yet to SQLite, which writes it itself where it makes one.
            path.write_bytes(b"xy")
        case "cut short":
            path.write_bytes(data[: len(data) // 2 + 100])
        case "header only":
            path.write_bytes(data[:100])
        case "overwritten page":
            data[4096 * 5 : 4096 * 6] = os.urandom(4096)
            path.write_bytes(data)
        case "overwritten schema":
            data[100:4096] = os.urandom(3996)
            path.write_bytes(data)
        case "another program's":
            with closing(sqlite3.connect(path)) as db:
                db.execute("PRAGMA application_id = 7")
        case "nobody's tables":
            path.unlink()
            with closing(sqlite3.connect(path)) as db:
                db.execute("CREATE TABLE users (id)")
        case "newer":
            with closing(sqlite3.connect(path)) as db:
                db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        case _:
            raise ValueError(kind)


_SPOILT = {
    "no database": "damaged",
    "two bytes": "damaged",
    "cut short": "damaged",
    "header only": "damaged",
    "overwritten page": "damaged",
    "overwritten schema": "damaged",
    "another program's": "another program",
    "nobody's tables": "another program",
    "newer": "newer version",
}


@pytest.mark.parametrize("with_log", [False, True])
@pytest.mark.parametrize("kind", _SPOILT)
def test_what_cannot_be_used_is_said_and_left_byte_for_byte(migrated: Path, kind: str, with_log: bool) -> None:
    _spoil(migrated, kind)
    if with_log:
        migrated.with_name("room.db-wal").write_bytes(os.urandom(5000))
    before = digest(migrated.parent)
    with pytest.raises(schema.DatabaseUnusable, match=_SPOILT[kind]) as caught:
        schema.examine(migrated, thorough=True)
    assert str(migrated) in str(caught.value)
    assert digest(migrated.parent) == before


@pytest.mark.parametrize("why", ["locked", "no descriptor", "a folder", "no tables"])
def test_what_is_out_of_reach_is_not_called_damaged(migrated: Path, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as stack:
        if why == "locked":
            other = stack.enter_context(closing(sqlite3.connect(migrated, isolation_level=None)))
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN IMMEDIATE")
            other.execute("COMMIT")
            monkeypatch.setattr(schema, "SqliteDatabase", functools.partial(schema.SqliteDatabase, timeout=0.1))
        elif why == "a folder":
            migrated.unlink()
            migrated.mkdir()
        elif why == "no tables":
            migrated.unlink()
            with closing(sqlite3.connect(migrated)) as db:
                db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {schema.VERSION}")
        else:
            resource = pytest.importorskip("resource")
            used = [os.open(os.devnull, os.O_RDONLY)]
            stack.callback(lambda: [os.close(it) for it in used])
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (used[0] + 1, hard))
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with pytest.raises(schema.DatabaseUnusable) as caught:
            schema.examine(migrated, thorough=True)
    is_out_of_reach = why != "no tables"
    assert isinstance(caught.value, schema.DatabaseOutOfReach) is is_out_of_reach
    assert ("cannot be read: " in str(caught.value)) is is_out_of_reach
    assert ("damaged" in str(caught.value)) is not is_out_of_reach
    if why == "no descriptor":
        assert "Too many open files" in str(caught.value)


def test_a_log_left_by_a_crash_is_read_and_left(tmp_path: Path) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    dead.mkdir()
    db = schema.open_writer(alive / "room.db")
    db.execute_sql("INSERT INTO meta (name, value) VALUES ('in the log', 'only')")
    for name in ("room.db", "room.db-wal"):
        (dead / name).write_bytes((alive / name).read_bytes())
    db.close()
    assert (dead / "room.db-wal").stat().st_size > 0
    before = digest(dead)
    assert schema.examine(dead / "room.db", thorough=True) == len(MIGRATIONS)
    assert digest(dead) == before
    reopened = schema.open_writer(dead / "room.db")
    assert reopened.execute_sql("SELECT value FROM meta WHERE name = 'in the log'").fetchone() == ("only",)
    reopened.close()


# Migrations.

_KILLED = """
import os, sys
from types import SimpleNamespace
from pathlib import Path
from typing import Any
from mrsambosk_server import schema
from mrsambosk_server.migrations import MIGRATIONS

path, place = Path(sys.argv[1]), int(sys.argv[2])
steps = [
    "CREATE TABLE extra (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
    "INSERT INTO extra (name) SELECT name FROM meta",
    "UPDATE meta SET value = 'migrated'",
    "ALTER TABLE rooms ADD COLUMN colour TEXT",
]
execute = schema.SqliteDatabase.execute_sql

def execute_sql(self, sql, *args, **kwargs):
    result = execute(self, sql, *args, **kwargs)
    if place < len(steps) and sql == steps[place] or sql.startswith("PRAGMA user_version = ") and place == len(steps):
        os.kill(os.getpid(), 9)
    return result

schema.MIGRATIONS = (*MIGRATIONS, SimpleNamespace(STATEMENTS=steps))
schema.SqliteDatabase.execute_sql = execute_sql
schema.open_writer(path).close()
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
@pytest.mark.parametrize("place", range(6))
def test_a_migration_killed_in_the_middle_leaves_old_or_new(migrated: Path, place: int) -> None:
    with closing(sqlite3.connect(migrated)) as db:
        db.execute("INSERT INTO meta (name, value) VALUES ('policy', 'open')")
        db.commit()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, "-c", _KILLED, str(migrated), str(place)]
    child = subprocess.run(line, env=environment, timeout=60, check=False)
    killed = place < 5
    assert child.returncode == (-9 if killed else 0)
    if killed:
        assert schema.examine(migrated, thorough=True) == len(MIGRATIONS)
    else:
        with pytest.raises(schema.DatabaseUnusable, match="newer"):
            schema.examine(migrated, thorough=True)
    with closing(sqlite3.connect(migrated)) as db:
        extra = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone()[0]
        value = db.execute("SELECT value FROM meta WHERE name = 'policy'").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
    expected = (0, "open", len(MIGRATIONS)) if killed else (1, "migrated", len(MIGRATIONS) + 1)
    assert (extra, value, version) == expected
    assert "colour" in columns_of(migrated, "rooms") or killed


def test_a_step_that_fails_is_not_there_at_all(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Step:
        STATEMENTS = ("CREATE TABLE extra (id INTEGER) STRICT", "no SQL at all")

    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, Step))
    with pytest.raises(peewee.OperationalError, match="syntax error"):
        schema.open_writer(migrated)
    monkeypatch.undo()
    assert schema.examine(migrated, thorough=True) == len(MIGRATIONS)
    assert not columns_of(migrated, "extra")


def test_each_step_is_numbered_by_its_name() -> None:
    assert [step.__name__.rpartition(".")[2][:5] for step in MIGRATIONS] == [
        f"m{number:04}" for number in range(1, len(MIGRATIONS) + 1)
    ]
