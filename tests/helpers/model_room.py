"""A room as the protocol describes it, in memory: what a correct host answers. The yardstick for sync, and the heart of
the scripted host. It never lies; who needs a fault adds it outside.
"""

from collections.abc import Iterable

import msgspec

from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.events import Page, Sync

Snapshot = tuple[dict[int, Message], int, list[tuple[str, int]]]


class ModelRoom:
    """One room and the epochs of its host.

    Args:
        reset_rows, sync_rows: how many rows a reset and a page of `sync` hold.
    """

    def __init__(self, room: str = "lobby", *, reset_rows: int = 50, sync_rows: int = 500) -> None:
        self.room = room
        self.rows: dict[int, Message] = {}
        self.rev = 0
        self.epochs: list[tuple[str, int]] = []
        self._reset_rows = reset_rows
        self._sync_rows = sync_rows
        self._starts = 0
        self.start()

    @property
    def epoch(self) -> str:
        return self.epochs[-1][0]

    def start(self) -> None:
        """The host starts (again): a new epoch."""
        self._starts += 1
        self.epochs.append((f"epoch{self._starts}", self.rev + 1))

    def snapshot(self) -> Snapshot:
        return dict(self.rows), self.rev, list(self.epochs)

    def restore(self, snapshot: Snapshot) -> None:
        """A backup is put in place of the database, and the host starts on it."""
        rows, self.rev, epochs = snapshot
        self.rows, self.epochs = dict(rows), list(epochs)
        self.start()

    def post(self, author: str, cid: str, body: str, **fields: object) -> Message:
        self.rev += 1
        row = Message(id=self.rev, room=self.room, rev=self.rev, author=author, cid=cid, body=body, sent_at=self.rev)
        return self._put(msgspec.structs.replace(row, **fields))

    def edit(self, id: int, body: str) -> Message:
        self.rev += 1
        return self._put(msgspec.structs.replace(self.rows[id], rev=self.rev, body=body, edited_at=self.rev))

    def react(self, id: int, emoji: str, user: str) -> Message:
        self.rev += 1
        reactions = {**self.rows[id].reactions, emoji: (user,)}
        return self._put(msgspec.structs.replace(self.rows[id], rev=self.rev, reactions=reactions))

    def delete(self, id: int) -> Message:
        self.rev += 1
        return self._put(
            msgspec.structs.replace(
                self.rows[id], rev=self.rev, body="", mentions=(), reactions={}, deleted_at=self.rev, deleted_by="u_x"
            )
        )

    def hidden(self) -> int:
        """A change that is not for this viewer."""
        self.rev += 1
        return self.rev

    def good(self, epoch: str | None, cursor: int) -> bool:
        """Whether a client's cursor of that epoch still stands in this database."""
        ends = [first - 1 for _, first in self.epochs[1:]] + [self.rev]
        return any(name == epoch and cursor <= end for (name, _), end in zip(self.epochs, ends, strict=True))

    def sync(self, cursor: int | None) -> Sync:
        """The next page for a client at `cursor` (good already), or the one page of a reset (None)."""
        if cursor is None:
            rows = sorted(self.rows.values(), key=lambda row: row.id)[-self._reset_rows :]
            return Sync(room=self.room, rev=self.rev, messages=tuple(rows), more=False, reset=True)
        changed = sorted((row for row in self.rows.values() if row.rev > cursor), key=lambda row: row.rev)
        page = changed[: self._sync_rows]
        more = len(changed) > len(page)
        rev = page[-1].rev if more else self.rev
        return Sync(room=self.room, rev=rev, messages=tuple(page), more=more, reset=False)

    def page(
        self, ref: int, limit: int, before: int | None = None, after: int | None = None, around: int | None = None
    ) -> Page:
        ids = sorted(self.rows)
        if after is not None:
            chosen = [id for id in ids if id > after][:limit]
        elif around is not None:
            older = [id for id in ids if id <= around][-(limit // 2 + 1) :]
            chosen = (older + [id for id in ids if id > around])[:limit]
        else:
            chosen = [id for id in ids if before is None or id < before][-limit:]
        low = chosen[0] if chosen else (before or (after or 0) + 1)
        high = chosen[-1] if chosen else (before or 1) - 1 if before is not None else (after or 0)
        return Page(
            ref=ref,
            room=self.room,
            rev=self.rev,
            messages=self.take(chosen),
            has_older=bool(ids) and ids[0] < low,
            has_newer=bool(ids) and ids[-1] > high,
        )

    def take(self, ids: Iterable[int]) -> tuple[Message, ...]:
        return tuple(self.rows[id] for id in ids if id in self.rows)

    def _put(self, row: Message) -> Message:
        self.rows[row.id] = row
        return row
