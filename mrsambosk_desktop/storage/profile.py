"""What can not be fetched again: the outbox, drafts, marks of one's own, and the hosts this person knows. The file
`profile.db`, apart from the replica, so that a replica can be thrown away at any time.

Every call runs in the disk's thread (see `disk`). A commit here has reached the disk: only then may a message show as
waiting.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from mrsambosk_desktop.core.outbox import Entry, Kept, State
from mrsambosk_desktop.core.rows import Draft
from mrsambosk_protocol.invite import Address

from .database import Damaged, Database

_log = logging.getLogger(__name__)
_TABLES: Final = (
    """
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY, host TEXT NOT NULL, command BLOB NOT NULL, queued_at INTEGER NOT NULL,
        failed INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE hosts (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, addresses BLOB NOT NULL, tls INTEGER NOT NULL,
        hosted INTEGER NOT NULL, used_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE drafts (
        host TEXT NOT NULL, room TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (host, room)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE drafts ADD COLUMN reply_to INTEGER;
    CREATE TABLE unread_marks (
        host TEXT NOT NULL, room TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (host, room)
    ) WITHOUT ROWID
    """,
)
_encode: Final = msgspec.json.Encoder().encode
_command: Final[msgspec.json.Decoder[Kept]] = msgspec.json.Decoder(Kept)
_addresses: Final = msgspec.json.Decoder(tuple[Address, ...])


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host this person joined before.

    Args:
        way: how it proves itself (`net.trust.Way`): 0 not at all, 1 by the key that is its id, 2 by an authority.
        hosted: this app ran it.
    """

    id: str
    name: str
    addresses: tuple[Address, ...]
    way: int = 0
    hosted: bool = False


class Profile:
    """The file `profile.db`."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, _TABLES, "FULL")
        self.damaged: Path | None = None

    def open(self) -> None:
        """Open it. A damaged one is set aside (`damaged` says where), never deleted.

        Raises:
            StorageFault: it can't be opened or made.
        """
        try:
            self._db.open()
        except Damaged:
            self.damaged = self._db.set_aside(f"profile-damaged-{time.strftime('%Y%m%d-%H%M%S')}.db")
            _log.warning("the profile was damaged and is kept as %s", self.damaged)
            self._db.open()

    def close(self) -> None:
        self._db.close()

    def entries(self) -> list[Entry]:
        """The whole outbox, in order. What outlived its Undo, or was in flight, is due."""
        rows = self._db.all("SELECT seq, host, command, queued_at, failed, reason FROM outbox ORDER BY seq")
        return [
            Entry(
                seq=seq,
                host=host,
                command=_command.decode(command),
                queued_at=queued_at,
                state=State.FAILED if failed else State.WAITING,
                reason=reason,
            )
            for seq, host, command, queued_at, failed, reason in rows
        ]

    def put(self, entry: Entry) -> None:
        """Store an entry, new or changed."""
        self._db.run(
            "INSERT OR REPLACE INTO outbox (seq, host, command, queued_at, failed, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (
                entry.seq,
                entry.host,
                _encode(entry.command),
                entry.queued_at,
                entry.state is State.FAILED,
                entry.reason,
            ),
        )

    def drop(self, seq: int) -> None:
        """Forget an entry."""
        self._db.run("DELETE FROM outbox WHERE seq = ?", (seq,))

    def hosts(self) -> list[KnownHost]:
        """Known hosts, the one used last first."""
        rows = self._db.all("SELECT id, name, addresses, tls, hosted FROM hosts ORDER BY used_at DESC, id")
        return [
            KnownHost(id, name, _addresses.decode(addresses), way, bool(hosted))
            for id, name, addresses, way, hosted in rows
        ]

    def use_host(self, host: KnownHost) -> None:
        """Remember a host as the one used last."""
        self._db.run(
            "INSERT OR REPLACE INTO hosts (id, name, addresses, tls, hosted, used_at) VALUES (?, ?, ?, ?, ?, "
            "(SELECT coalesce(max(used_at), 0) + 1 FROM hosts))",
            (host.id, host.name, _encode(host.addresses), host.way, host.hosted),
        )

    def forget_host(self, id: str) -> None:
        """It was left: nothing is sent there any more."""
        with self._db.transaction():
            self._db.run("DELETE FROM hosts WHERE id = ?", (id,))
            self._db.run("DELETE FROM outbox WHERE host = ?", (id,))
            self._db.run("DELETE FROM drafts WHERE host = ?", (id,))
            self._db.run("DELETE FROM unread_marks WHERE host = ?", (id,))

    def drafts(self) -> dict[tuple[str, str], Draft]:
        """What was being written, by host and room."""
        rows = self._db.all("SELECT host, room, body, reply_to FROM drafts")
        return {(host, room): Draft(body, reply_to) for host, room, body, reply_to in rows}

    def keep_draft(self, host: str, room: str, draft: Draft) -> None:
        """This is being written there; an empty one: nothing is."""
        if draft == Draft():
            self._db.run("DELETE FROM drafts WHERE host = ? AND room = ?", (host, room))
        else:
            self._db.run(
                "INSERT OR REPLACE INTO drafts (host, room, body, reply_to) VALUES (?, ?, ?, ?)",
                (host, room, draft.text, draft.reply_to),
            )

    def unread_marks(self) -> dict[tuple[str, str], int]:
        """From which message on a person marked a room unread, by host and room, where the host does not know yet."""
        rows = self._db.all("SELECT host, room, id FROM unread_marks")
        return {(host, room): id for host, room, id in rows}

    def keep_unread_mark(self, host: str, room: str, id: int | None) -> None:
        """A room is to be unread from this message on; None: the host knows."""
        if id is None:
            self._db.run("DELETE FROM unread_marks WHERE host = ? AND room = ?", (host, room))
        else:
            self._db.run("INSERT OR REPLACE INTO unread_marks (host, room, id) VALUES (?, ?, ?)", (host, room, id))
