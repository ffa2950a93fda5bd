"""The tables, as peewee models, and opening a database file safely.

The models describe what the numbered migrations in `migrations/` create (a test compares the two) and serve
the queries that are not on the hot path; they are bound to no database, so each query names one:
``Account.select().execute(db)``.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

import peewee
from peewee import BlobField, CompositeKey, IntegerField, Model, SqliteDatabase, TextField

from .migrations import MIGRATIONS
from .storage_errors import is_damage, sqlite_error

#: "MrSb": marks a file as ours (PRAGMA application_id).
APPLICATION_ID: Final = 0x4D725362

#: What this program writes.
VERSION: Final = len(MIGRATIONS)
BUSY_TIMEOUT_MS: Final = 5000
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a commit is on the disk before anyone is told
    "foreign_keys": 1,
    "secure_delete": 1,  # deleted text is overwritten, not merely unlinked
    "busy_timeout": BUSY_TIMEOUT_MS,
    "cache_size": -2048,  # for each of three connections; the system caches the file once for all
    "temp_store": 2,
}


class DatabaseUnusable(Exception):
    """The file cannot be used, and was left as it is; the message is a sentence for a person.

    DatabaseUnusable             it is damaged, foreign or newer than this program
    └── DatabaseOutOfReach       it may be whole: this computer does not let it be used
    """


class DatabaseOutOfReach(DatabaseUnusable):
    """Another program has it, a right is missing, no descriptor is left, the disk fails: no reason to roll back."""


class _Table(Model):
    class Meta:
        legacy_table_names = False


class Meta(_Table):
    """Settings of this host that outlive a start: its name, policy and join code."""

    name = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class Account(_Table):
    """A person. Everything about one hangs on `id`; an erased one keeps only it, with the role `gone`."""

    id = TextField(primary_key=True)
    name = TextField()
    name_key = TextField(null=True, unique=True)
    role = TextField()
    password = TextField(null=True)
    email = TextField(null=True)
    created_at = IntegerField()
    last_seen = IntegerField(null=True)
    muted_until = IntegerField(null=True)
    banned_until = IntegerField(null=True)
    reset_code = BlobField(null=True)
    reset_until = IntegerField(null=True)

    class Meta:
        table_name = "users"


class Device(_Table):
    """A bearer token, by its SHA-256, and what it is called. `owner_start`: made by ``--owner`` at a start."""

    id = TextField(primary_key=True)
    hash = BlobField(unique=True)
    user = TextField(index=True)
    name = TextField()
    created_at = IntegerField()
    used_at = IntegerField()
    owner_start = IntegerField(default=0)

    class Meta:
        table_name = "devices"


class RoomRow(_Table):
    id = TextField(primary_key=True)
    name = TextField()
    topic = TextField(default="")
    kind = TextField()
    private = IntegerField(default=0)
    rev = IntegerField(default=0)
    first = IntegerField(default=1)
    slow_mode = IntegerField(default=0)
    created_at = IntegerField()

    class Meta:
        table_name = "rooms"


class Membership(_Table):
    """Who is in a room, since when, read up to which id. The lobby has a row for everyone too."""

    room = TextField()
    user = TextField(index=True)
    role = TextField(null=True)
    since = IntegerField()
    read = IntegerField(default=0)

    class Meta:
        table_name = "memberships"
        primary_key = CompositeKey("room", "user")


class MessageRow(_Table):
    """`key` is commit order and the text index's rowid, never on the wire. `mentions` and `reactions` are JSON."""

    key = IntegerField(primary_key=True)
    room = TextField()
    id = IntegerField()
    rev = IntegerField()
    author = TextField(index=True)
    kind = TextField()
    cid = TextField(null=True)
    body = TextField()
    mentions = TextField(null=True)
    reply_to = IntegerField(null=True)
    sent_at = IntegerField()
    edited_at = IntegerField(null=True)
    deleted_at = IntegerField(null=True)
    deleted_by = TextField(null=True)
    pinned_at = IntegerField(null=True)
    pinned_by = TextField(null=True)
    reactions = TextField(null=True)
    event = TextField(null=True)

    class Meta:
        table_name = "messages"


class Mention(_Table):
    room = TextField()
    id = IntegerField()
    user = TextField()

    class Meta:
        table_name = "mentions"
        primary_key = CompositeKey("user", "room", "id")


class Epoch(_Table):
    """One row for each start and room: cursors of that epoch are good up to where the next one begins."""

    number = IntegerField()
    epoch = TextField()
    room = TextField()
    first_rev = IntegerField()
    started_at = IntegerField()

    class Meta:
        table_name = "epochs"
        primary_key = CompositeKey("room", "number")


class Job(_Table):
    """Work that a commit owes the outside (mail, push), written in the same transaction as its cause."""

    id = IntegerField(primary_key=True)
    kind = TextField()
    payload = TextField()
    due_at = IntegerField()

    class Meta:
        table_name = "jobs"


class Audit(_Table):
    """Who did what to whom, when; never the text that was deleted."""

    id = IntegerField(primary_key=True)
    at = IntegerField()
    actor = TextField(null=True)
    verb = TextField()
    target = TextField(null=True)
    room = TextField(null=True)
    message = IntegerField(null=True)
    reason = TextField(null=True)
    until = IntegerField(null=True)

    class Meta:
        table_name = "audit"


class InviteRow(_Table):
    """A personal invite, by the SHA-256 of its code. `made_by` is NULL where it was made on the host's machine."""

    id = TextField(primary_key=True)
    hash = BlobField(unique=True)
    made_by = TextField(null=True)
    made_at = IntegerField()
    single_use = IntegerField()
    expires_at = IntegerField(null=True)
    revoked_at = IntegerField(null=True)

    class Meta:
        table_name = "invites"


class InviteUse(_Table):
    """Who came by which invite."""

    invite = TextField()
    user = TextField(index=True)
    used_at = IntegerField()

    class Meta:
        table_name = "invite_uses"
        primary_key = CompositeKey("invite", "user")


TABLES: Final = (
    Meta,
    Account,
    Device,
    RoomRow,
    Membership,
    MessageRow,
    Mention,
    Epoch,
    Job,
    Audit,
    InviteRow,
    InviteUse,
)

#: Where a person's id stands, by table: what an export gathers and an erasure decides about. A test fails when a
#: migration adds a column that is neither here nor known to name nobody.
PERSON_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "users": ("id",),
    "devices": ("user",),
    "memberships": ("user",),
    # The last three hold ids inside JSON.
    "messages": ("author", "deleted_by", "pinned_by", "mentions", "reactions", "event"),
    "mentions": ("user",),
    "audit": ("actor", "target"),
    "invites": ("made_by",),
    "invite_uses": ("user",),
}


def examine(path: Path, thorough: bool) -> int:
    """The schema version of a database file, without changing a byte of it; 0 where there is none yet.

    Args:
        thorough: read every page and look for damage (about half a second for 100 MB).

    Raises:
        DatabaseUnusable: for a damaged, foreign or newer file.
        DatabaseOutOfReach: where it cannot be read.
    """
    try:
        # To SQLite, a file of one byte is none yet.
        if not path.exists() or path.stat().st_size <= 1:
            return 0
    except OSError as error:
        raise DatabaseOutOfReach(f"{path} cannot be read: {error.strerror}.") from None
    # With no write-ahead log beside it, `immutable` keeps SQLite from making side files.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    db = SqliteDatabase(f"{path.absolute().as_uri()}?{mode}", uri=True)
    try:
        application, version, tables = (
            db.execute_sql(sql).fetchone()[0]
            for sql in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if application != APPLICATION_ID and (application or tables):
            raise DatabaseUnusable(f"{path} is a database of another program; it was left as it is.")
        if version > len(MIGRATIONS):
            raise DatabaseUnusable(
                f"{path} was written by a newer version of Mrsambosk; update this program. The file was left as it is."
            )
        if version and not tables:
            raise DatabaseUnusable(f"{path} is damaged; it was left as it is.")
        if thorough:
            problems = [row[0] for row in db.execute_sql("PRAGMA quick_check(1)")]
            if problems != ["ok"]:
                raise DatabaseUnusable(f"{path} is damaged; it was left as it is.")
        return int(version)
    except (peewee.DatabaseError, UnicodeDecodeError) as error:
        raise unusable(path, error) from None
    finally:
        db.close()


def unusable(path: Path, error: Exception) -> DatabaseUnusable:
    """What a failure to read a database file with constant SQL says of it."""
    cause = sqlite_error(error)
    code = getattr(cause, "sqlite_errorcode", None)
    # SQLITE_ERROR: the SQL is right, so the file lacks our tables, or has a form that SQLite does not know.
    if cause is None or is_damage(cause) or code == sqlite3.SQLITE_ERROR:
        return DatabaseUnusable(f"{path} is damaged or not a database; it was left as it is.")
    reason = str(cause)
    if code is not None and code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        # SQLite does not say why.
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError as refused:
            reason = refused.strerror or reason
    return DatabaseOutOfReach(f"{path} cannot be read: {reason}.")


def open_writer(path: Path) -> SqliteDatabase:
    """The one connection that writes, migrated to this version. Use it on the thread that opened it.

    Raises:
        DatabaseUnusable: as `examine`; call that first, so that a file that can't be used is not touched.
        DatabaseOutOfReach: SQLite does not keep here what durability needs.
        peewee.OperationalError: where the disk is full or read-only.
    """
    db = SqliteDatabase(str(path), pragmas=_PRAGMAS, cached_statements=256)
    db.connect()
    try:
        _verify_pragmas(db)
        migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> SqliteDatabase:
    """A connection that only reads, for the calling thread."""
    db = SqliteDatabase(
        str(path), pragmas={**_PRAGMAS, "query_only": 1}, cached_statements=256, check_same_thread=False
    )
    db.connect()
    return db


def migrate(db: SqliteDatabase) -> None:
    """Bring a database to this version: each step in one transaction with its number, so it is whole or not there."""
    version = db.execute_sql("PRAGMA user_version").fetchone()[0]
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        with db.atomic("IMMEDIATE"):
            for statement in step.STATEMENTS:
                db.execute_sql(statement)
            db.execute_sql(f"PRAGMA user_version = {number}")
            db.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _verify_pragmas(db: SqliteDatabase) -> None:
    """A promise of durability is worth only what SQLite really does: read the settings back."""
    for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete"):
        value = db.execute_sql(f"PRAGMA {name}").fetchone()[0]
        if value != _PRAGMAS[name]:
            raise DatabaseOutOfReach(f"SQLite does not keep {name}={_PRAGMAS[name]} here (it says {value}).")
