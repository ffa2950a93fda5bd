"""What a database that a backup replaces still tells of what was taken away since, done again in the new one.

Messages and people that are gone there are gone for good, whichever copy of the room that was. All else counts only
from a database that went on from the backup: to another room, or to an older copy of this one, everybody whom it does
not know would look signed out, and each ban of which it does not know would look lifted.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from mrsambosk_protocol.entities import GONE

from .actions import accounts, messages
from .records import MESSAGE_COLUMNS, to_message
from .transaction import Transaction

_KEYS: Final = 256
_SETTINGS: Final = ("policy", "code")


class CarriedOver(msgspec.Struct, frozen=True):
    """What was done again.

    Args:
        deletions, people: how many messages were wiped, and people's standing changed.
        complete: whether all that was taken away since is taken away again, as far as anybody can know.
        continued: whether the replaced database is known to have gone on from the backup.
    """

    deletions: int = 0
    people: int = 0
    complete: bool = True
    continued: bool = True


class Replaced:
    """The database that is replaced. It may be damaged anywhere; nothing of it is changed. `close` it.

    Args:
        tx: in the backup that replaces it, as it was made: nothing was written there since.
    """

    def __init__(self, path: Path, tx: Transaction) -> None:
        self._reader = _Reader(path)
        self._continued = _continues(self._reader, tx)

    def close(self) -> None:
        self._reader.close()

    def carry_over(self, tx: Transaction) -> CarriedOver:
        """Do again what was done; the transaction has written its epoch by now."""
        reader = self._reader
        people = _carry_over_erased(tx, reader)
        if self._continued:
            people += _carry_over_people(tx, reader)
            _carry_over_settings(tx, reader)
        deletions = _carry_over_deletions(tx, reader)
        return CarriedOver(deletions, people, reader.complete and self._continued, self._continued)


def _continues(old: "_Reader", tx: Transaction) -> bool:
    """Whether it has all of the backup that only ever grows: epochs with their revisions, people, the audit log."""
    ends = old.whole(
        "SELECT room, epoch, coalesce(lead(first_rev) OVER (PARTITION BY room ORDER BY number), "
        "(SELECT rev FROM rooms WHERE id = room)) FROM epochs"
    )
    if ends is None:
        return False
    # As a client's cursor is judged: good up to where its epoch ended.
    reached = {(room, epoch): end for room, epoch, end in ends if isinstance(end, int)}
    for room, rev, epoch in tx.all(
        "SELECT id, rev, (SELECT epoch FROM epochs WHERE room = id ORDER BY number DESC LIMIT 1) FROM rooms"
    ):
        if reached.get((room, epoch), -1) < rev:
            return False
    # Copies made in one epoch may have the same revisions. Where these can't be read, the revisions must do.
    people = old.whole("SELECT id FROM users")
    if people is not None and not set(tx.all("SELECT id FROM users")) <= set(people):
        return False
    last = tx.one("SELECT id, at, verb FROM audit ORDER BY id DESC LIMIT 1")
    noted = None if last is None else old.whole("SELECT id, at, verb FROM audit WHERE id = ?", last[:1])
    return noted is None or noted == [last]


def _carry_over_erased(tx: Transaction, old: "_Reader") -> int:
    alive = {row[0] for row in tx.all("SELECT id FROM users WHERE role <> ?", (GONE,))}
    erased = [row[0] for row in old.rows("SELECT id, role FROM users") if row[1] == GONE and row[0] in alive]
    for user in erased:
        # As somebody whom nothing hinders from erasing themselves.
        tx.run("UPDATE users SET role = 'member', banned_until = NULL WHERE id = ?", (user,))
        accounts.do_erase(tx, user, messages_too=False)
    return len(erased)


def _carry_over_people(tx: Transaction, old: "_Reader") -> int:
    changed = 0
    columns = "role, password, muted_until, banned_until, reset_code, reset_until"
    known = {row[0]: row[1:] for row in tx.all(f"SELECT id, {columns} FROM users")}  # noqa: S608
    for row in old.rows(f"SELECT id, {columns} FROM users"):  # noqa: S608
        if row[0] not in known or known[row[0]] == row[1:] or GONE in (row[1], known[row[0]][0]):
            continue
        try:
            tx.run(
                "UPDATE users SET role = ?, password = ?, muted_until = ?, banned_until = ?, reset_code = ?, "
                "reset_until = ? WHERE id = ?",
                (*row[1:], row[0]),
            )
        except sqlite3.IntegrityError:  # a damaged row, whose values are of no use
            old.complete = False
            continue
        changed += 1
    # What ended since must not come back; whether something ended shows only in a list that was read whole.
    devices = old.whole("SELECT id FROM devices")
    if devices is not None:
        alive = {row[0] for row in devices}
        for (device,) in tx.all("SELECT id FROM devices"):
            if device not in alive:
                tx.run("DELETE FROM devices WHERE id = ?", (device,))
    members = old.whole("SELECT room, user FROM memberships")
    if members is not None:
        still = set(members)
        for room, user in tx.all("SELECT room, user FROM memberships"):
            if (room, user) not in still:
                tx.run("DELETE FROM memberships WHERE room = ? AND user = ?", (room, user))
    return changed


def _carry_over_settings(tx: Transaction, old: "_Reader") -> None:
    """Who may join: else a code that was withdrawn would let people in again."""
    for name, value in old.rows("SELECT name, value FROM meta"):
        if name in _SETTINGS and isinstance(value, str):
            tx.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _carry_over_deletions(tx: Transaction, old: "_Reader") -> int:
    wiped = 0
    last = tx.one("SELECT coalesce(max(key), 0) FROM messages")[0]
    now = tx.now
    for room, number, author, cid, at, by in old.deleted(last):
        if not (isinstance(at, int) and isinstance(by, str)):
            old.complete = False
            continue
        row = tx.one(
            f"SELECT {MESSAGE_COLUMNS}, key FROM messages "  # noqa: S608
            "WHERE room = ? AND id = ? AND author = ? AND cid IS ? AND deleted_at IS NULL",
            (room, number, author, cid),
        )
        if row is not None:
            tx.now = at
            messages.wipe(tx, 1, by, to_message(row), row[-1])
            wiped += 1
    tx.now = now
    return wiped


class _Reader:
    """Reads what can be read of a database that may be damaged anywhere, and changes nothing of it."""

    def __init__(self, path: Path) -> None:
        self.complete = True
        self._shared = Path(f"{path}-shm")
        self._had_shared = self._shared.exists()
        # Beside an empty file SQLite would delete the log.
        logged = path.stat().st_size > 0 and Path(f"{path}-wal").exists()
        mode = "mode=ro" if logged else "mode=ro&immutable=1"
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def close(self) -> None:
        self._db.close()
        if not self._had_shared:
            self._shared.unlink(missing_ok=True)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Rows until the damage."""
        try:
            yield from self._db.execute(sql)
        except sqlite3.Error:
            self.complete = False

    def whole(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]] | None:
        """All rows, or None."""
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error:
            self.complete = False
            return None

    def deleted(self, last: int) -> Iterator[tuple[Any, ...]]:
        """Deleted messages up to a key, around whatever is damaged."""
        if self.whole("SELECT 1 FROM messages WHERE 0") is None:
            return
        for first in range(1, last + 1, _KEYS):
            yield from self._deleted(first, min(first + _KEYS - 1, last))

    def _deleted(self, first: int, last: int) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(
                "SELECT room, id, author, cid, deleted_at, deleted_by FROM messages NOT INDEXED "
                "WHERE key BETWEEN ? AND ? AND deleted_at IS NOT NULL",
                (first, last),
            ).fetchall()
        except sqlite3.Error:
            self.complete = False
            if first == last:
                return []
            middle = (first + last) // 2
            return self._deleted(first, middle) + self._deleted(middle + 1, last)
