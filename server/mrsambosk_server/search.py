"""Text search (SQLite FTS5), newest first. The index is filled in lazy batches, never while a message is being posted.

Everything that only SQLite knows of text search stays in this file.
"""

import re
from typing import Final

from mrsambosk_protocol.commands import Search
from mrsambosk_protocol.events import Results
from mrsambosk_protocol.limits import Refused

from .history import no_room
from .records import MESSAGE_COLUMNS, to_message
from .transaction import Transaction

INDEX_BATCH: Final = 500
_TERMS: Final = 16
_word: Final = re.compile(r"\w", re.UNICODE)
_COLUMNS: Final = ", ".join(f"m.{name.strip()}" for name in MESSAGE_COLUMNS.split(","))


def index_batch(tx: Transaction) -> bool:
    """Index the next rows in commit order; whether there may be more. Run it on the writer."""
    row = tx.one("SELECT value FROM meta WHERE name = 'indexed'")
    done = int(row[0]) if row else 0
    rows = tx.all("SELECT key, body FROM messages WHERE key > ? ORDER BY key LIMIT ?", (done, INDEX_BATCH))
    if not rows:
        return False
    tx.run_many("INSERT INTO search (rowid, body) VALUES (?, ?)", [row for row in rows if row[1]])
    tx.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('indexed', ?)", (str(rows[-1][0]),))
    return len(rows) == INDEX_BATCH


def index_change(tx: Transaction, key: int, old: str, new: str) -> None:
    """Follow an edit or a delete of a row. Before its row is indexed there is nothing to follow."""
    row = tx.one("SELECT value FROM meta WHERE name = 'indexed'")
    if row is None or int(row[0]) < key:
        return
    if old:
        tx.run("INSERT INTO search (search, rowid, body) VALUES ('delete', ?, ?)", (key, old))
    if new:
        tx.run("INSERT INTO search (rowid, body) VALUES (?, ?)", (key, new))
    else:
        # The deleted words must not stay in old segments of the index.
        tx.run("INSERT INTO search (search, rank) VALUES ('merge', -64)")


def is_indexed(tx: Transaction) -> bool:
    """Whether every row is in the index, so that a search misses nothing."""
    row = tx.one("SELECT value FROM meta WHERE name = 'indexed'")
    newest = tx.one("SELECT max(key) FROM messages")[0] or 0
    return newest <= (int(row[0]) if row else 0)


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
