"""Data directories to measure on: people with tokens, and rooms of any size, written through the host's own schema."""

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

from mrsambosk_protocol.limits import LOBBY, Limits
from mrsambosk_server import schema, search
from mrsambosk_server.actions import accounts
from mrsambosk_server.transaction import Transaction

START = 1_750_000_000_000


def make_room(data: Path, people: int, messages: int = 0) -> Path:
    """Make `data` with so many people and messages; the file that holds a token of each person, one a line.

    Every message is indexed, and everyone has read all.
    """
    data.mkdir(parents=True)
    db = schema.open_writer(data / "room.db")
    tx = Transaction(db)
    tx.now = START
    tokens, ids = [], []
    tx.run("BEGIN IMMEDIATE")
    for number in range(people):
        token = secrets.token_urlsafe(32)
        outcome = accounts.do_register(tx, f"Person {number}", token, "bench", None, None, Limits())
        tokens.append(token)
        ids.append(outcome.reply.user.id)
    tx.run("COMMIT")
    if messages:
        tx.run("BEGIN IMMEDIATE")
        tx.run_many(
            "INSERT INTO messages (room, id, rev, author, kind, cid, body, sent_at) "
            "VALUES (?, ?, ?, ?, 'text', ?, ?, ?)",
            _rows(ids, messages),
        )
        tx.run("UPDATE rooms SET rev = ? WHERE id = ?", (messages, LOBBY))
        tx.run("UPDATE memberships SET read = ? WHERE room = ?", (messages, LOBBY))
        tx.run("COMMIT")
        more = True
        while more:
            tx.run("BEGIN IMMEDIATE")
            for _ in range(40):
                more = more and search.index_batch(tx)
            tx.run("COMMIT")
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    path = data / "tokens"
    path.write_text("".join(f"{token}\n" for token in tokens))
    return path


def _rows(ids: list[str], count: int) -> Iterator[tuple[str, int, int, str, str, str, int]]:
    """Messages of 120 characters in words of which some are common and most are rare, as people's are."""
    chance = random.Random(6)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(8000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    words[:3] = ["the", "report", "today"]
    bag = chance.choices(words, weights, k=400_000)
    for number in range(1, count + 1):
        at = chance.randrange(len(bag) - 40)
        body = " ".join(bag[at : at + 24])[:120].rstrip()
        yield LOBBY, number, number, ids[number % len(ids)], f"seed{number:020d}", body, START + number * 1000
