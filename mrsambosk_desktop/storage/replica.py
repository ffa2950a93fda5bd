"""The copy of rooms on this machine: rows, people, where the copy stands. A cache: what is lost is fetched again.

Opens a room at once and keeps it readable when the host is gone. Every call runs in the disk's thread (see `disk`).
A row is replaced only by a newer one; the cursor is stored in the same transaction as the rows it vouches for.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from mrsambosk_desktop.core.sync import Ranges, RoomCopy
from mrsambosk_protocol.entities import Message, Room, User

from .database import Damaged, Database, TooNew

_TABLES: Final = (
    """
    CREATE TABLE hosts (id TEXT PRIMARY KEY, name TEXT NOT NULL, me TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE users (host TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (host, id)) WITHOUT ROWID;
    CREATE TABLE rooms (
        key INTEGER PRIMARY KEY, host TEXT NOT NULL, id TEXT NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL,
        cursor INTEGER NOT NULL DEFAULT 0, epoch TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0,
        ranges BLOB NOT NULL DEFAULT '[]', settled BLOB NOT NULL DEFAULT 'null', UNIQUE (host, id)
    );
    CREATE TABLE messages (
        room INTEGER, id INTEGER, rev INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (room, id)
    ) WITHOUT ROWID
    """,
)
_UPSERT: Final = (
    "INSERT INTO messages (room, id, rev, body) VALUES (?, ?, ?, ?) ON CONFLICT (room, id) DO UPDATE "
    "SET rev = excluded.rev, body = excluded.body WHERE excluded.rev > messages.rev"
)


class Glance(msgspec.Struct):
    """As much of a row as tells whether it is looked for."""

    kind: str
    body: str
    deleted_at: int | None
    pinned_at: int | None


_encode: Final = msgspec.json.Encoder().encode
_glance: Final = msgspec.json.Decoder(Glance)
_message: Final = msgspec.json.Decoder(Message)
_user: Final = msgspec.json.Decoder(User)
_room: Final = msgspec.json.Decoder(Room)
_ranges: Final = msgspec.json.Decoder(tuple[tuple[int, int], ...])
_settled: Final = msgspec.json.Decoder(tuple[int, str] | None)


@dataclass(frozen=True, slots=True)
class HostCopy:
    """What is kept of one host. `copies` holds only rooms that were synced before."""

    id: str
    name: str
    me: str
    users: tuple[User, ...]
    rooms: tuple[Room, ...]
    copies: dict[str, RoomCopy]


class Replica:
    """The file `replica.db`."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, _TABLES, "NORMAL")
        self._keys: dict[tuple[str, str], int] = {}

    def open(self) -> None:
        """Open it; a damaged one, or one of another version, is made anew."""
        try:
            self._db.open()
        except (Damaged, TooNew):
            self.rebuild()

    def rebuild(self) -> None:
        """Throw it away and begin with an empty one."""
        self.close()
        self._db.remove()
        self._db.open()

    def close(self) -> None:
        self._keys.clear()
        self._db.close()

    def load(self, host: str) -> HostCopy | None:
        """What is kept of this host, without its messages."""
        row = self._db.one("SELECT name, me FROM hosts WHERE id = ?", (host,))
        if row is None:
            return None
        rooms, copies = [], {}
        with _garbled():
            users = tuple(
                _user.decode(body) for (body,) in self._db.all("SELECT body FROM users WHERE host = ?", (host,))
            )
            for id, body, cursor, epoch, since, ranges, settled in self._db.all(
                "SELECT id, body, cursor, epoch, since, ranges, settled FROM rooms WHERE host = ? ORDER BY place",
                (host,),
            ):
                rooms.append(_room.decode(body))
                if epoch:
                    copies[id] = RoomCopy(
                        cursor, epoch, Ranges.of(*_ranges.decode(ranges)), since, _settled.decode(settled)
                    )
        return HostCopy(host, row[0], row[1], users, tuple(rooms), copies)

    def save_host(self, host: str, name: str, me: str, users: Iterable[User], rooms: Iterable[Room]) -> None:
        """What `welcome` said. Rooms that are not named are no longer ours: their copies go."""
        with self._db.transaction():
            self._db.run("INSERT OR REPLACE INTO hosts (id, name, me) VALUES (?, ?, ?)", (host, name, me))
            self._db.run("DELETE FROM users WHERE host = ?", (host,))
            self._put_users(host, users)
            kept = []
            for place, room in enumerate(rooms):
                kept.append(room.id)
                self._put_room(host, room, place)
            for (id,) in self._db.all("SELECT id FROM rooms WHERE host = ?", (host,)):
                if id not in kept:
                    self._drop_room(host, id)

    def forget_host(self, host: str) -> None:
        """It was left: nothing of it stays."""
        with self._db.transaction():
            for (id,) in self._db.all("SELECT id FROM rooms WHERE host = ?", (host,)):
                self._drop_room(host, id)
            self._db.run("DELETE FROM users WHERE host = ?", (host,))
            self._db.run("DELETE FROM hosts WHERE id = ?", (host,))
        self._db.forget_log()

    def save_users(self, host: str, users: Iterable[User]) -> None:
        with self._db.transaction():
            self._put_users(host, users)

    def save_room(self, host: str, room: Room) -> None:
        with self._db.transaction():
            self._put_room(host, room, 1_000_000)

    def drop_room(self, host: str, room: str) -> None:
        """It is no longer ours."""
        with self._db.transaction():
            self._drop_room(host, room)
        self._db.forget_log()

    def apply(
        self, host: str, room: str, rows: Iterable[Message], copy: RoomCopy, *, drop: bool = False, ahead: bool = False
    ) -> None:
        """Store rows and where the copy stands after them.

        Args:
            drop: forget all rows of the room first (a sync with `reset`).
            ahead: forget first what `ids_ahead` named.
        """
        rows = tuple(rows)
        wiped = drop or ahead
        with self._db.transaction():
            key = self._made_key(host, room)
            if drop:
                self._db.run("DELETE FROM messages WHERE room = ?", (key,))
            elif ahead:
                self._db.run(
                    "DELETE FROM messages WHERE room = ? AND rev > (SELECT cursor FROM rooms WHERE key = ?)", (key, key)
                )
            for row in rows:
                changed = self._db.run(_UPSERT, (key, row.id, row.rev, _encode(row)))
                wiped = wiped or (row.deleted and changed > 0)
            self._put_copy(key, copy)
        if wiped:
            self._db.forget_log()

    def save_copy(self, host: str, room: str, copy: RoomCopy) -> None:
        """Where the copy stands, without rows (see `core.sync.resumed`)."""
        with self._db.transaction():
            self._put_copy(self._made_key(host, room), copy)

    def ids_ahead(self, host: str, room: str) -> tuple[int, ...]:
        """Ids of rows with a higher revision than the room's cursor (see `core.sync.is_new_epoch`)."""
        return tuple(
            id
            for (id,) in self._db.all(
                "SELECT m.id FROM messages m JOIN rooms r ON r.key = m.room WHERE r.host = ? AND r.id = ? "
                "AND m.rev > r.cursor",
                (host, room),
            )
        )

    def before(self, host: str, room: str, id: int, first: int, limit: int) -> tuple[Message, ...]:
        """The newest rows with `first` ≤ id < `id`, ascending."""
        rows = self._db.all(
            "SELECT body FROM messages WHERE room = ? AND id < ? AND id >= ? ORDER BY id DESC LIMIT ?",
            (self._key(host, room), id, first, limit),
        )
        return _messages(body for (body,) in reversed(rows))

    def after(self, host: str, room: str, id: int, last: int, limit: int) -> tuple[Message, ...]:
        """The oldest rows with `id` < id ≤ `last`, ascending."""
        rows = self._db.all(
            "SELECT body FROM messages WHERE room = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
            (self._key(host, room), id, last, limit),
        )
        return _messages(body for (body,) in rows)

    def rows(self, host: str, room: str, ids: Iterable[int]) -> tuple[Message, ...]:
        """The rows of these ids that are here, ascending."""
        key = self._key(host, room)
        found = (
            self._db.one("SELECT body FROM messages WHERE room = ? AND id = ?", (key, id)) for id in sorted(set(ids))
        )
        return _messages(row[0] for row in found if row is not None)

    def scan(
        self, host: str, room: str, below: int, rows: int, wanted: Callable[[Glance], bool]
    ) -> tuple[tuple[Message, ...], int]:
        """Look through the newest `rows` rows with an id under `below`.

        Returns:
            Those that are `wanted`, newest first, and `below` for the next call: 0 when there are no more.
        """
        seen = self._db.all(
            "SELECT id, body FROM messages WHERE room = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (self._key(host, room), below, rows),
        )
        with _garbled():
            found = [body for _, body in seen if wanted(_glance.decode(body))]
        return _messages(found), seen[-1][0] if len(seen) == rows else 0

    def count(self, host: str, room: str, most: int) -> int:
        """How many rows of the room are here, counted up to `most`: all of a long room would take a second."""
        return int(
            self._db.one(
                "SELECT count(*) FROM (SELECT 1 FROM messages WHERE room = ? LIMIT ?)", (self._key(host, room), most)
            )[0]
        )

    def counts(self) -> int:
        """How many rows are here altogether, for a report."""
        return int(self._db.one("SELECT count(*) FROM messages")[0])

    def _key(self, host: str, room: str) -> int:
        """The number that stands for a room in the rows; 0 for one that is not here."""
        if (host, room) not in self._keys:
            row = self._db.one("SELECT key FROM rooms WHERE host = ? AND id = ?", (host, room))
            if row is None:
                return 0
            self._keys[host, room] = row[0]
        return self._keys[host, room]

    def _made_key(self, host: str, room: str) -> int:
        """As `_key`, for a room that is made when it is not here."""
        if not self._key(host, room):
            self._put_room(host, Room(id=room, name=room), 1_000_000)
        return self._key(host, room)

    def _put_room(self, host: str, room: Room, place: int) -> None:
        self._db.run(
            "INSERT INTO rooms (host, id, place, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (host, id) DO UPDATE SET body = excluded.body",
            (host, room.id, place, _encode(room)),
        )

    def _put_copy(self, key: int, copy: RoomCopy) -> None:
        self._db.run(
            "UPDATE rooms SET cursor = ?, epoch = ?, since = ?, ranges = ?, settled = ? WHERE key = ?",
            (copy.cursor, copy.epoch, copy.since, _encode(copy.ranges.pairs()), _encode(copy.settled), key),
        )

    def _put_users(self, host: str, users: Iterable[User]) -> None:
        for user in users:
            self._db.run(
                "INSERT OR REPLACE INTO users (host, id, body) VALUES (?, ?, ?)", (host, user.id, _encode(user))
            )

    def _drop_room(self, host: str, room: str) -> None:
        key = self._key(host, room)
        self._keys.pop((host, room), None)
        self._db.run("DELETE FROM messages WHERE room = ?", (key,))
        self._db.run("DELETE FROM rooms WHERE key = ?", (key,))


def _messages(bodies: Iterable[bytes]) -> tuple[Message, ...]:
    with _garbled():
        return tuple(map(_message.decode, bodies))


@contextlib.contextmanager
def _garbled() -> Iterator[None]:
    """A row that can't be read is a damaged file, even where SQLite sees nothing wrong with it."""
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged("replica.db holds a row that can't be read.") from error
