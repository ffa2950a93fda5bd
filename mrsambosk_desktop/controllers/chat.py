"""A person writes: send, edit, delete with Undo, react, pin; and what becomes of it (`core.outbox`).

A command is on disk before it shows, and off the disk once it was answered.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Coroutine
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.outbox import Entry, Kept, Outbox, State
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.net.session import Ended, Session
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.commands import Delete, Edit, Pin, Post, React, Typing
from mrsambosk_protocol.events import Done
from mrsambosk_protocol.limits import TYPING_SECONDS, UNDO_SECONDS, Limits, Refused
from mrsambosk_protocol.text import check_body

from . import wording
from .feed import Feed
from .unsent import Unsent

#: How long quitting waits for the answers to what left.
_QUIT_SECONDS: Final = 2.0


class ChatController(QObject):
    """Signals: `failed` (sentence) for what has no row to show it on; `given_back` (body, reply_to, edited id): a text
    that the disk did not take, for who wrote it to keep."""

    failed = Signal(str)
    given_back = Signal(str, object, object)

    def __init__(self, disk: Disk, feed: Feed, timeline: TimelineModel, tasks: Tasks) -> None:
        super().__init__()
        self._disk, self._feed, self._timeline, self._tasks = disk, feed, timeline, tasks
        self._session: Session | None = None
        self._outbox = Outbox()
        self._others: list[Entry] = []
        self._seq = 0
        self._host = ""
        self._storing = asyncio.Lock()
        self._timer: asyncio.Handle | None = None
        self._undropped: set[int] = set()
        self._typed_at = 0.0
        self._answered = asyncio.Event()
        self._stores: set[asyncio.Task[None]] = set()
        self._unsent = Unsent(feed, timeline, lambda: self._outbox, lambda: self._session is not None)
        feed.own_stored.connect(self._own_stored)
        feed.room_opened.connect(self._room_opened)

    async def load(self) -> None:
        """Read the outbox; once, before any host is opened."""
        self._others = await self._disk.run(self._disk.profile.entries)
        self._seq = max((entry.seq for entry in self._others), default=0)

    def use_host(self, host: str) -> None:
        """From now on this host's queue; others' keep waiting for their host."""
        if host == self._host:
            return
        everything = [*self._others, *self._outbox]
        self._host = host
        self._outbox = Outbox(entry for entry in everything if entry.host == host)
        self._others = [entry for entry in everything if entry.host != host]
        self._unsent.show_all()

    def forget_host(self, host: str) -> None:
        """It was left: its queue is gone from the disk, and from here."""
        self._others = [entry for entry in self._others if entry.host != host]
        if host == self._host:
            self._outbox = Outbox()
            self._host = ""
            self._unsent.show_all()

    # Intents ---------------------------------------------------------------------------------------------------

    def send(self, body: str, mentions: tuple[str, ...], reply_to: int | None) -> None:
        """Post to the open room, now or when the host is there."""
        try:
            check_body(body, Limits())
        except Refused as refused:
            self.failed.emit(refused.text)
            return
        cid = secrets.token_urlsafe(16)
        self._add(Post(ref=1, room=self._feed.room, cid=cid, body=body, mentions=tuple(mentions), reply_to=reply_to))

    def edit(self, id: int, body: str, mentions: tuple[str, ...]) -> None:
        """Put another text in a message's place."""
        try:
            check_body(body, Limits())
        except Refused as refused:
            self.failed.emit(refused.text)
            return
        self._add(Edit(ref=1, room=self._feed.room, id=id, body=body, mentions=tuple(mentions)))

    def delete(self, id: int) -> None:
        """Delete a message, once Undo is over."""
        self._delete(id, UNDO_SECONDS)

    def delete_now(self, id: int) -> None:
        """Delete a message at once."""
        self._delete(id, 0.0)

    def undo_delete(self, id: int) -> None:
        """Keep it after all, if the delete has not left yet."""
        self._store_by(self._undo_delete(self._feed.room, id))

    def react(self, id: int, emoji: str, on: bool) -> None:
        """Add or take back a reaction."""
        self._add(React(ref=1, room=self._feed.room, id=id, emoji=emoji, on=on))

    def pin(self, id: int, on: bool) -> None:
        """Pin or unpin; only with a connection."""
        if self._session is None:
            self.failed.emit(wording.no_connection())
        else:
            self._tasks.start(self._pin(self._session, Pin(ref=1, room=self._feed.room, id=id, on=on)), "pin")

    def retry(self, cid: str) -> None:
        """Send a post again that was refused."""
        entry = self._outbox.find(cid)
        if entry is not None and (again := self._outbox.retry(entry.seq)) is not None:
            self._store(again)
            self._unsent.show_all()
            self._pump()

    def discard(self, cid: str) -> None:
        """Give a post up that has not left, or was refused. The row goes, and those behind it leave."""
        entry = self._outbox.find(cid)
        if entry is not None and entry.state is not State.IN_FLIGHT:
            self._forget(entry)
            self._unsent.drop(cid)
            self._unsent.show_all()
            self._pump()

    def typing(self) -> None:
        """A key was pressed."""
        now = time.monotonic()
        if self._session is not None and now - self._typed_at >= TYPING_SECONDS and self._feed.room:
            self._typed_at = now
            self._tasks.start(self._session.tell(Typing(room=self._feed.room)), "tell of typing")

    # The connection --------------------------------------------------------------------------------------------

    def live(self, session: Session) -> None:
        """All rooms are live: what waits leaves."""
        self._session = session
        self._unsent.show_all()
        self._pump()

    def lost(self) -> None:
        """The connection is over: what was in flight waits again."""
        self._session = None
        self._outbox.disconnected()
        self._answered.set()
        self._unsent.lost()

    async def quit(self) -> None:
        """Send deletes within their Undo at once, and wait a moment for what is in flight. The rest is on disk."""
        await self._stored()
        self._outbox.hurry()
        self._pump()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_QUIT_SECONDS):
                while self._session is not None and any(self._is_going(entry) for entry in self._outbox):
                    self._answered.clear()
                    await self._answered.wait()
        self._cancel_timer()
        await self._stored()
        await self._drop_again()

    # Inside ----------------------------------------------------------------------------------------------------

    def _delete(self, id: int, undo: float) -> None:
        entry = self._outbox.find_delete(self._feed.room, id)
        if entry is None:
            self._timeline.set_deleting(id, True)
            self._add(Delete(ref=1, room=self._feed.room, id=id), undo)
        elif entry.state is State.WAITING and undo == 0.0:
            self._outbox.hasten(entry.seq)
            self._pump()

    async def _undo_delete(self, room: str, id: int) -> None:
        async with self._storing:  # behind the delete itself, which may still be on its way to the disk
            entry = self._outbox.find_delete(room, id)
            if entry is None or entry.state is not State.WAITING:
                return
            self._outbox.settle(entry.seq)
            self._unsent.undo(entry)
            try:
                await self._disk.run(self._disk.profile.drop, entry.seq)
            except StorageFault:
                # Left there it would be carried out at the next start.
                self._undropped.add(entry.seq)
                raise

    async def _drop_again(self) -> None:
        """What the disk kept of deletes that were undone goes, now that it may let us."""
        with contextlib.suppress(StorageFault):
            while self._undropped:
                await self._disk.run(self._disk.profile.drop, min(self._undropped))
                self._undropped.discard(min(self._undropped))

    def _add(self, command: Kept, undo: float = 0.0) -> None:
        if not self._host or not command.room:
            return
        self._seq += 1
        due = time.monotonic() + undo if undo else 0.0
        entry = Entry(self._seq, self._host, command, queued_at=int(time.time() * 1000), due=due)
        self._store_by(self._keep(entry))

    async def _keep(self, entry: Entry) -> None:
        async with self._storing:  # in the order of the intents
            try:
                await self._disk.run(self._disk.profile.put, entry)
            except StorageFault as fault:
                self.failed.emit(wording.storage(str(fault)))
                self._unsent.undo(entry)
                self._give_back(entry)
                return
            await self._drop_again()
            if entry.host != self._host:
                self._others.append(entry)
                return
            self._outbox.add(entry)
        self._unsent.show(entry)
        self._pump()

    def _give_back(self, entry: Entry) -> None:
        is_here = entry.room == self._feed.room
        match entry.command:
            case Post(body=body, reply_to=reply_to):
                self.given_back.emit(body, reply_to if is_here else None, None)
            case Edit(body=body, id=id):
                self.given_back.emit(body, None, id if is_here else None)

    def _pump(self) -> None:
        """Let leave what is due, and come back when more will be."""
        self._cancel_timer()
        if self._session is None:
            return
        now = time.monotonic()
        for entry in self._outbox.due(now):
            self._unsent.show(entry)
            self._tasks.start(self._carry(self._session, entry), "carry out a command")
        later = self._outbox.next_due(now)
        if later is not None:
            # Timers may fire early; `due` compares deadlines, and this asks again.
            self._timer = asyncio.get_running_loop().call_later(max(later - now, 0.01), self._pump)

    async def _carry(self, session: Session, entry: Entry) -> None:
        try:
            reply = await session.request(entry.command)
        except Refused as refused:
            self._refused(entry, refused)
        except Ended:
            return  # `lost` puts it back
        else:
            assert isinstance(reply, Done)
            self._done(entry, reply)
        self._answered.set()
        self._pump()

    def _done(self, entry: Entry, done: Done) -> None:
        self._forget(entry)
        self._unsent.settle(entry, done.rev or 0)
        copy = self._feed.copies.get(entry.room)
        # Told already, and not in the window, or it would have become a row. Otherwise the row is still to come.
        if entry.cid is not None and copy is not None and isinstance(done.id, int) and done.id <= copy.cursor:
            self._unsent.drop(entry.cid)

    def _refused(self, entry: Entry, refused: Refused) -> None:
        after = self._outbox.refused(entry.seq, refused.code, refused.text, refused.retry_after, time.monotonic())
        if after is None or after.state is not State.FAILED:
            return
        if after.cid is None:
            self._store_by(self._disk.run(self._disk.profile.drop, after.seq))
            self._unsent.undo(after)
            # Deleting what was deleted or is gone is no failure to a person.
            if not (isinstance(after.command, Delete) and refused.code in ("not_found", "gone")):
                self.failed.emit(refused.text)
        else:
            self._store(after)
            self._unsent.show_all()  # those behind it are held now

    def _own_stored(self, cid: str) -> None:
        """The host has it, as a sync or a live row says: it must not be sent again, even if `done` got lost."""
        entry = self._outbox.find(cid)
        if entry is not None:
            self._unsent.became_row(cid)
            self._forget(entry)
            self._answered.set()
            self._pump()

    def _forget(self, entry: Entry) -> None:
        if self._outbox.settle(entry.seq) is not None:
            self._store_by(self._disk.run(self._disk.profile.drop, entry.seq))

    def _store(self, entry: Entry) -> None:
        self._store_by(self._disk.run(self._disk.profile.put, entry))

    def _store_by(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.start(work, "bring the outbox to disk")
        self._stores.add(task)
        task.add_done_callback(self._stores.discard)

    async def _stored(self) -> None:
        """Wait until all that was asked for is on disk."""
        while self._stores:
            await asyncio.wait(self._stores)

    async def _pin(self, session: Session, command: Pin) -> None:
        try:
            await session.request(command)
        except Refused as refused:
            self.failed.emit(refused.text)
        except Ended:
            self.failed.emit(wording.no_connection())

    def _is_going(self, entry: Entry) -> bool:
        return entry.state is State.IN_FLIGHT or (
            isinstance(entry.command, Delete) and entry.state is State.WAITING and entry.tries == 0
        )

    def _room_opened(self, _room: object) -> None:
        self._unsent.show_all()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
