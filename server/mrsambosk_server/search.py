"""Text search (SQLite FTS5), newest first. The index is filled in lazy batches, never while a message is being posted.

Everything that only SQLite knows of text search stays in this file.
"""

import re
import sqlite3
from typing import Final

from mrsambosk_protocol.commands import Search
from mrsambosk_protocol.events import Results
from mrsambosk_protocol.limits import Refused

from .history import no_room
from .records import MESSAGE_COLUMNS, to_message
from .transaction import Transaction

INDEX_BATCH: Final = 500
#: A step of a purge writes about so many pages: some milliseconds.
_MERGE_PAGES: Final = 64
#: In `meta`: how far the index came, and whether words must be purged.
_INDEXED: Final = "indexed"
_PURGE: Final = "purge"
_DUE: Final = "due"
_TERMS: Final = 16
# The index knows letters and digits; an underscore is to it a space.
_word: Final = re.compile(r"[^\W_]")
_COLUMNS: Final = ", ".join(f"m.{name.strip()}" for name in MESSAGE_COLUMNS.split(","))


def index_batch(tx: Transaction) -> bool:
    """Index the next rows in commit order; whether there may be more. Run it on the writer."""
    rows = tx.all("SELECT key, body FROM messages WHERE key > ? ORDER BY key LIMIT ?", (_indexed(tx), INDEX_BATCH))
    if not rows:
        return False
    tx.run_many("INSERT INTO search (rowid, body) VALUES (?, ?)", [row for row in rows if row[1]])
    _set(tx, _INDEXED, str(rows[-1][0]))
    return len(rows) == INDEX_BATCH


def index_change(tx: Transaction, key: int, old: str, new: str) -> None:
    """Follow an edit or a delete of a row. Before its row is indexed there is nothing to follow.

    The old words stay in the index's segments until `purge` has merged them.
    """
    if _indexed(tx) < key:
        return
    if old:
        tx.run("INSERT INTO search (search, rowid, body) VALUES ('delete', ?, ?)", (key, old))
    if new:
        tx.run("INSERT INTO search (rowid, body) VALUES (?, ?)", (key, new))
    _set(tx, _PURGE, _DUE)


def purge(tx: Transaction) -> bool:
    """A step of taking words of erased texts out of the index; whether there is more to do. Run it on the writer.

    FTS5 only marks a text as deleted, and repeats its words to do so; they are gone once all segments were merged
    into one. That rewrites the index, so it is done in steps, and once for all that was erased meanwhile.
    """
    row = tx.one("SELECT value FROM meta WHERE name = ?", (_PURGE,))
    if row is None:
        return False
    changes = tx.total_changes
    if row[0] == _DUE:
        # Negative: begin to merge all segments, however few; what is erased from here on makes it due again.
        tx.run("INSERT INTO search (search, rank) VALUES ('merge', ?)", (-_MERGE_PAGES,))
        _set(tx, _PURGE, "begun")
        return True
    tx.run("INSERT INTO search (search, rank) VALUES ('merge', ?)", (_MERGE_PAGES,))
    if tx.total_changes - changes >= 2:
        return True
    tx.run("DELETE FROM meta WHERE name = ?", (_PURGE,))
    return False


def is_purge_due(db: sqlite3.Connection) -> bool:
    """Whether words of erased texts are still in the index of a database; an older one may have none."""
    tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'search')").fetchone()[0]
    return tables == 2 and db.execute("SELECT 1 FROM meta WHERE name = ?", (_PURGE,)).fetchone() is not None


def index_bytes(db: sqlite3.Connection) -> int:
    """How much the index takes."""
    return int(db.execute("SELECT coalesce(sum(length(block)), 0) FROM search_data").fetchone()[0])


def purge_copy(db: sqlite3.Connection) -> None:
    """As `purge`, to its end, in a copy of the database that nobody uses yet."""
    db.execute("PRAGMA secure_delete = ON").fetchone()
    db.execute("INSERT INTO search (search) VALUES ('optimize')")
    db.execute("DELETE FROM meta WHERE name = ?", (_PURGE,))


def is_indexed(tx: Transaction) -> bool:
    """Whether every row is in the index, so that a search misses nothing."""
    newest: int = tx.one("SELECT max(key) FROM messages")[0] or 0
    return newest <= _indexed(tx)


def _indexed(tx: Transaction) -> int:
    """The key of the newest row that the index knows."""
    row = tx.one("SELECT value FROM meta WHERE name = ?", (_INDEXED,))
    return int(row[0]) if row else 0


def _set(tx: Transaction, name: str, value: str) -> None:
    tx.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def search(tx: Transaction, viewer: str, ask: Search) -> Results:
    """Messages with all the words of the query (the last one as a prefix), newest first, in rooms the viewer is in.

    Raises:
        Refused: `not_found` for the room; `bad_field` for a query without a word or a cursor that is none.
    """
    terms = [term for term in ask.query.split() if _word.search(term)][:_TERMS]
    if not terms:
        raise Refused("bad_field", "A search needs at least one word.")
    if ask.cursor is not None and not (ask.cursor.isascii() and ask.cursor.isdigit() and len(ask.cursor) < 18):
        raise Refused("bad_field", "This is not a cursor that a search gave.")
    if ask.room is not None and not tx.one("SELECT 1 FROM memberships WHERE room = ? AND user = ?", (ask.room, viewer)):
        raise no_room()
    # Quoted term by term, so that nothing a person types is query syntax.
    match = " ".join('"' + term.replace('"', '""') + '"' for term in terms) + "*"
    rows = tx.all(
        f"SELECT s.rowid, {_COLUMNS} FROM search s JOIN messages m ON m.key = s.rowid "  # noqa: S608
        "WHERE search MATCH ?1 AND s.rowid < ?2 AND m.deleted_at IS NULL AND (?3 IS NULL OR m.room = ?3) "
        "AND EXISTS (SELECT 1 FROM memberships b WHERE b.room = m.room AND b.user = ?4) "
        "ORDER BY s.rowid DESC LIMIT ?5",
        (match, int(ask.cursor) if ask.cursor else 2**62, ask.room, viewer, ask.limit + 1),
    )
    shown = rows[: ask.limit]
    cursor = str(shown[-1][0]) if len(rows) > ask.limit else None
    return Results(ref=ask.ref, messages=tuple(to_message(row[1:]) for row in shown), cursor=cursor)
