"""What the measured room holds: people, and messages of the lengths and kinds that people write."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from mrsambosk_desktop.core.sync import Ranges, RoomCopy
from mrsambosk_desktop.storage.credentials import Credentials
from mrsambosk_desktop.storage.profile import KnownHost, Profile
from mrsambosk_desktop.storage.replica import Replica
from mrsambosk_protocol.entities import ONLINE, OWNER, Message, Room, User, You
from mrsambosk_protocol.invite import Address

HOST: Final = "BENCHHOST"
HOST_NAME: Final = "Staff room"
EPOCH: Final = "epoch"
#: The room that opens first, and holds nothing; and the one that is measured.
QUIET: Final = "quiet"
BIG: Final = "big"
ME: Final = User(id="u_me", name="Dana", role=OWNER, status=ONLINE)
PEOPLE: Final = (ME, *(User(id=f"u_{number}", name=f"Person {number}", status=ONLINE) for number in range(20)))
START: Final = 1_750_000_000_000


def rooms(cursor: int) -> tuple[Room, ...]:
    """Both, as one who has read all of them sees them."""
    return (
        Room(id=QUIET, name="quiet", topic="Nobody is here"),
        Room(id=BIG, name="big", topic="Everyone is here", rev=cursor, you=You(read=cursor)),
    )


class Talk:
    """An endless conversation: `message(id)` is always the same for one id."""

    def __init__(self) -> None:
        dice = random.Random(4)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        words = ["".join(dice.choices(syllables, k=dice.randint(1, 4))) for _ in range(3000)]
        self._bodies = [_body(dice, words) for _ in range(4093)]
        self._authors = [PEOPLE[dice.randrange(1, len(PEOPLE))].id for _ in range(997)]

    def message(self, id: int) -> Message:
        """The row of this id, told for the first time."""
        return Message(
            id=id,
            room=BIG,
            rev=id,
            # Who writes, writes one to four messages in a row.
            author=ME.id if id % 37 == 0 else self._authors[id // 3 % 997],
            cid=f"bench{id:017d}",
            body=self._bodies[id % 4093],
            reply_to=id - 5 if id % 23 == 0 and id > 5 else None,
            sent_at=START + id * 20_000,
            reactions={"👍": (PEOPLE[3].id, PEOPLE[4].id)} if id % 19 == 0 else {},
        )


def _body(dice: random.Random, words: list[str]) -> str:
    text = " ".join(dice.choices(words, k=min(1 + int(dice.expovariate(1 / 12)), 90)))
    kind = dice.random()
    if kind < 0.04:
        return f"**{text}**"
    if kind < 0.08:
        return f"see `{dice.choice(words)}.pdf` {text}"
    if kind < 0.11:
        return f"{text} https://example.org/{dice.choice(words)}"
    if kind < 0.12:
        return f"{text}\n```python\nfor one in range(10):\n    print(one, '{dice.choice(words)}')\n```"
    if kind < 0.14:
        return f"{text}\n- {dice.choice(words)}\n- {dice.choice(words)}"
    if kind < 0.19:
        return f"{text} 🙏"
    if kind < 0.24:
        return f"נתראה בשעה {dice.randint(8, 18)}:00, בחדר {dice.randint(100, 300)}"
    return text


def make_profile(folder: Path, messages: int) -> None:
    """A profile whose replica holds so many messages, all of the room."""
    folder.mkdir(parents=True)
    replica = Replica(folder / "replica.db")
    replica.open()
    replica.save_host(HOST, HOST_NAME, ME.id, PEOPLE, rooms(messages))
    copy = RoomCopy(messages, EPOCH, Ranges.of((0, messages)))
    replica.save_copy(HOST, BIG, copy)
    replica.save_copy(HOST, QUIET, RoomCopy(0, EPOCH, Ranges.of((0, 0))))
    replica.close()
    db = sqlite3.connect(folder / "replica.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    key = db.execute("SELECT key FROM rooms WHERE id = ?", (BIG,)).fetchone()[0]
    db.execute("BEGIN")
    db.executemany("INSERT INTO messages (room, id, rev, body) VALUES (?, ?, ?, ?)", _stored(key, messages))
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    Credentials(folder / "tokens.json").put(HOST, "token")


def _stored(key: int, messages: int) -> Iterator[tuple[int, int, int, bytes]]:
    talk, encode = Talk(), msgspec.json.Encoder().encode
    for id in range(1, messages + 1):
        yield key, id, id, encode(talk.message(id))


def remember_host(folder: Path, port: int) -> None:
    """The host of the profile is at this port now."""
    profile = Profile(folder / "profile.db")
    profile.open()
    profile.use_host(KnownHost(HOST, HOST_NAME, (Address("127.0.0.1", port),)))
    profile.close()
