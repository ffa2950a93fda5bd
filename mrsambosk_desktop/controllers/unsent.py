"""What the timeline shows of what a person did and the host has not stored, or not told, yet.

Posts are rows of their own at its end; edits and reactions are shown on the messages they change; a message that is
deleted says Undo. Who asks for it has brought the entry to disk, or heard of its fate, before.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from mrsambosk_desktop.core.outbox import Entry, Outbox, State
from mrsambosk_desktop.core.rows import Change, Pending, SendState
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_protocol.commands import Delete, Edit, Post, React

from .feed import Feed


class Unsent:
    """Of the open room.

    Args:
        outbox: the queue of the host that is open now.
        is_connected: whether there is a connection by which what waits can leave.
    """

    def __init__(
        self, feed: Feed, timeline: TimelineModel, outbox: Callable[[], Outbox], is_connected: Callable[[], bool]
    ) -> None:
        self._feed, self._timeline = feed, timeline
        self._outbox, self._is_connected = outbox, is_connected
        self._shown: set[str] = set()
        # Edits and reactions that the host has stored, and at which revision: shown on until the row itself comes.
        self._untold: list[tuple[Entry, int]] = []
        feed.rows_stored.connect(self._rows_stored)

    def show_all(self) -> None:
        """Bring the timeline in line with the queue."""
        here = {entry.cid for entry in self._outbox() if entry.cid is not None and entry.room == self._feed.room}
        for cid in self._shown - here:
            self.drop(cid)
        self._timeline.set_changes(self._changes())
        for entry in self._outbox():
            if isinstance(entry.command, Post | Delete):
                self.show(entry)

    def show(self, entry: Entry) -> None:
        """Where this entry of the queue stands now."""
        if entry.room != self._feed.room:
            return
        match entry.command:
            case Post():
                self._shown.add(entry.command.cid)
                self._timeline.put_pending(self._pending(entry, entry.command))
            case Delete(id=id):
                self._timeline.set_deleting(id, True)
            case _:
                self._timeline.set_changes(self._changes())

    def undo(self, entry: Entry) -> None:
        """It is not to be, or not any more: what it changed looks as before. A post stays until `drop`."""
        if entry.room != self._feed.room:
            return
        match entry.command:
            case Delete(id=id):
                self._timeline.set_deleting(id, False)
            case Edit() | React():
                self._timeline.set_changes(self._changes())

    def settle(self, entry: Entry, rev: int) -> None:
        """The host has stored it at this revision, and it is in the queue no more."""
        copy = self._feed.copies.get(entry.room)
        is_untold = copy is None or rev > copy.cursor
        if isinstance(entry.command, Edit | React):
            if is_untold:
                self._untold.append((entry, rev))
            self.undo(entry)
        elif entry.cid is not None and is_untold:
            # It stays until its row comes, also when the connection breaks in between.
            self.became_row(entry.cid)

    def became_row(self, cid: str) -> None:
        """This post is, or will be, a stored row: there is nothing to take away."""
        self._shown.discard(cid)

    def drop(self, cid: str) -> None:
        """The row of this post goes."""
        self._shown.discard(cid)
        self._timeline.drop_pending(cid)

    def lost(self) -> None:
        """The connection is over; the next one tells what this one has not."""
        self._untold.clear()
        self.show_all()

    def _rows_stored(self, _rows: object) -> None:
        if self._untold:
            # The rows are shown in this turn of the loop: what was shown in their place goes after that, not before.
            asyncio.get_running_loop().call_soon(self._drop_told)

    def _drop_told(self) -> None:
        copies = self._feed.copies
        self._untold = [
            (entry, rev) for entry, rev in self._untold if entry.room in copies and rev > copies[entry.room].cursor
        ]
        self._timeline.set_changes(self._changes())

    def _changes(self) -> dict[int, Change]:
        """What becomes of messages of the open room by edits and reactions that wait, are on their way or not told."""
        made: dict[int, Change] = {}
        for entry in (*(entry for entry, _ in self._untold), *self._outbox()):
            command = entry.command
            if entry.room != self._feed.room or not isinstance(command, Edit | React):
                continue
            change = made.get(command.id, Change(waiting=not self._is_connected()))
            if isinstance(command, Edit):
                made[command.id] = replace(change, body=command.body, mentions=command.mentions)
            else:
                made[command.id] = replace(change, reactions=(*change.reactions, (command.emoji, command.on)))
        return made

    def _pending(self, entry: Entry, command: Post) -> Pending:
        if entry.state is State.FAILED:
            state = SendState.FAILED
        elif not self._is_connected():
            state = SendState.WAITING
        elif self._outbox().is_held(entry):
            state = SendState.HELD
        else:
            state = SendState.SENDING
        return Pending(
            cid=command.cid,
            room=command.room,
            body=command.body,
            mentions=command.mentions,
            reply_to=command.reply_to,
            state=state,
            reason=entry.reason,
            queued_at=entry.queued_at,
        )
