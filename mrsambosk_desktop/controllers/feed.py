"""What a host tells, into the replica and the models: the rules of sync carried out, room by room.

Disk first, then the models, in one turn of the loop after the disk has answered, so that what shows is stored.
Whoever reads rows to show them holds `lock`, so that nothing is told between the reading and the showing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core import sync as rules
from mrsambosk_desktop.core.sync import Missed, Place, RoomCopy
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol.entities import OWNER, TEXT, Message, Room, User, You
from mrsambosk_protocol.events import (
    AnyEvent,
    MessageTold,
    Page,
    ReadTold,
    RoomGone,
    RoomTold,
    Sync,
    TypingTold,
    UsersTold,
    Welcome,
)

from .typists import Typists

#: Rows shown when a room is opened; more come as the reader scrolls.
OPENING_ROWS: Final = 100


class Feed(QObject):
    """One host's rooms, as far as they are here.

    Signals: `room_opened` (Room) after its rows were put into the timeline; `room_changed` (Room) what is new about
    the open one; `people_changed`; `typing_changed` (names); `own_stored` (cid): the host has this post of ours;
    `rows_stored` (messages): as they are now, of any room, whether shown or not.
    """

    room_opened = Signal(object)
    room_changed = Signal(object)
    people_changed = Signal()
    typing_changed = Signal(object)
    own_stored = Signal(str)
    rows_stored = Signal(object)

    def __init__(self, disk: Disk, timeline: TimelineModel, members: MemberModel, rooms: RoomModel) -> None:
        super().__init__()
        self.lock = asyncio.Lock()
        self.host = ""
        self.host_name = ""
        self.me = ""
        self.users: dict[str, User] = {}
        self.rooms: dict[str, Room] = {}
        self.copies: dict[str, RoomCopy] = {}
        self.room = ""
        #: Room id → how far others have read, as far as anyone told.
        self.reads: dict[str, dict[str, int]] = {}
        #: Texts of others that came while away; set to 0 when a connection begins.
        self.missed = 0
        self._disk, self._timeline, self._members, self._rooms = disk, timeline, members, rooms
        # Where the unread line of the open room is: above what follows the first id, up to the second, which was the
        # newest when the room was entered. It stays until another room is.
        self.unread_line: tuple[int | None, int] = (None, 0)
        # How far the person has read in each room, whether or not the host knows yet.
        self._read_here: dict[str, int] = {}
        self._epoch = ""
        self._held: dict[str, list[Message]] = {}
        self._typists = Typists(self._tell_typing)

    # A host ----------------------------------------------------------------------------------------------------

    async def open_host(self, host: str) -> bool:
        """Show what is kept of a host, before any connection; whether anything was."""
        async with self.lock:
            kept = await self._disk.run(self._disk.replica.load, host)
            self.host = host
            self.rooms, self.copies, self.users = {}, {}, {}
            self.room = ""
            self.reads.clear()
            self._read_here.clear()
            if kept is None:
                self.host_name = self.me = ""
                self._show_host((), ())
                await self._open("")
                return False
            self.host_name, self.me, self.copies = kept.name, kept.me, dict(kept.copies)
            self._show_host(kept.users, kept.rooms)
            await self._open(next(iter(self.rooms), ""))
            return True

    def have(self) -> tuple[str | None, dict[str, int]]:
        """Epoch and cursors for a hello. Rooms of another epoch than most are left out, and begin anew."""
        epochs = [copy.epoch for copy in self.copies.values()]
        if not epochs:
            return None, {}
        epoch = max(set(epochs), key=epochs.count)
        return epoch, {room: copy.cursor for room, copy in self.copies.items() if copy.epoch == epoch}

    async def welcomed(self, welcome: Welcome) -> bool:
        """Take in who and what is there. False: what `have` said was too much, connect again (`core.sync.resumed`)."""
        async with self.lock:
            is_new = welcome.host.id != self.host
            self.host, self.host_name, self.me = welcome.host.id, welcome.host.name, welcome.you.id
            self._epoch = welcome.epoch
            self._held.clear()
            self.missed = 0
            if is_new:
                self.reads.clear()
                self._read_here.clear()
                kept = await self._disk.run(self._disk.replica.load, self.host)
                self.copies = dict(kept.copies) if kept is not None else {}
                self.room = ""
            ours = {room.id for room in welcome.rooms}
            self.copies = {room: copy for room, copy in self.copies.items() if room in ours}
            good = True
            await self._disk.run(
                self._disk.replica.save_host, self.host, self.host_name, self.me, welcome.users, welcome.rooms
            )
            for room, copy in self.copies.items():
                back = rules.resumed(copy, welcome.epoch)
                if back is not copy:
                    good = False
                    self.copies[room] = back
                    await self._disk.run(self._disk.replica.save_copy, self.host, room, back)
            self._show_host(welcome.users, welcome.rooms)
            if self.room not in self.rooms:
                await self._open(next(iter(self.rooms), ""))
            return good

    async def forget_copies(self) -> None:
        """The replica was lost and is empty now: every room begins anew."""
        async with self.lock:
            self.copies = {}
            await self._disk.accept_loss()

    def close(self) -> None:
        """Nothing more is told."""
        self._typists.close()

    # What it tells ---------------------------------------------------------------------------------------------

    async def apply(self, events: Sequence[AnyEvent]) -> None:
        """Carry out a batch, in order.

        Raises:
            Missed: something was lost on the way: reconnect and resume.
            ReplicaLost, StorageFault: see `Disk.run`.
        """
        async with self.lock:
            told: list[MessageTold] = []
            for event in events:
                if isinstance(event, MessageTold) and (not told or told[0].room == event.room):
                    told.append(event)
                    continue
                await self._take_told(told)
                told = []
                match event:
                    case MessageTold():
                        told.append(event)
                    case Sync():
                        await self._take_sync(event)
                    case UsersTold():
                        await self._take_users(event.users)
                    case RoomTold():
                        await self._take_room(event.room)
                    case RoomGone():
                        await self._drop_room(event.room)
                    case TypingTold() if event.room == self.room and event.user != self.me:
                        self._typists.heard(event.user)
                    case ReadTold() if isinstance(event.you, You):
                        await self.take_you(event.room, event.you)
                    case ReadTold():
                        self._take_reads(event.room, {event.user: event.id})
            await self._take_told(told)

    async def take_page(self, room: str, place: Place, page: Page) -> bool:
        """Store a page of history; whether it was of use. The caller holds `lock`."""
        copy = self.copies.get(room)
        after = rules.after_page(copy, place, page) if copy is not None else None
        if after is None:
            return False
        await self._disk.run(self._disk.replica.apply, self.host, room, page.messages, after)
        self.copies[room] = after
        self.rows_stored.emit(page.messages)
        if room == self.room:
            self._show_rows([row for row in page.messages if self._timeline.place_of(row.id) is not None])
        return True

    async def take_you(self, room: str, you: You) -> None:
        """Where one stands in a room has changed."""
        kept = self.rooms.get(room)
        if kept is not None:
            await self._put_room(msgspec.structs.replace(kept, you=you))

    def take_seen(self, room: str, id: int, users: Iterable[str]) -> None:
        """These have read up to this message, or further."""
        reads = self.reads.get(room, {})
        self._take_reads(room, {user: max(id, reads.get(user, 0)) for user in users})

    def note_read(self, id: int) -> None:
        """The open room was read up to here: what shows there is not counted as unread, not even for a moment."""
        self._read_here[self.room] = id
        left, room = self._timeline.unread_after(id), self.rooms.get(self.room)
        if left is not None and room is not None:
            # What the host was told last stays in `read`, until it answers.
            you = You(read=room.you.read, unread=left[0], mentions=left[1])
            self.rooms[self.room] = msgspec.structs.replace(room, you=you)
            self._rooms.update(self.rooms[self.room])

    async def keep_reads(self) -> None:
        """How far the person has read comes to disk, where the host does not know yet: a start without it shows no
        unread line above what was read."""
        for id, read in self._read_here.items():
            room = self.rooms.get(id)
            if room is not None and read > room.you.read:
                you = msgspec.structs.replace(room.you, read=read)
                await self._disk.run(self._disk.replica.save_room, self.host, msgspec.structs.replace(room, you=you))

    def mark_unread(self, id: int) -> None:
        """The unread line of the open room moves above this message."""
        self._read_here.pop(self.room, None)
        self.unread_line = (id - 1, max(self._timeline.last_id or 0, id))
        self._timeline.mark_unread(id)

    async def open_room(self, room: str) -> None:
        """Show a room from its newest end."""
        async with self.lock:
            await self._open(room)

    def owner_name(self) -> str:
        """Who hosts: the owner's name."""
        return next((user.name for user in self.users.values() if user.role == OWNER), "")

    # Inside ----------------------------------------------------------------------------------------------------

    async def _open(self, room: str) -> None:
        if room not in self.rooms:
            self._timeline.reset([], has_older=False, has_newer=False, unread_after=None, is_other=True)
            return
        is_other = room != self.room
        entering = is_other or not self.unread_line[1]
        self.room = room
        span = self.copies.get(room, RoomCopy()).ranges.newest()
        first, last = (span.first, span.last) if span is not None else (1, 0)
        rows = await self._disk.run(self._disk.replica.before, self.host, room, last + 1, first, OPENING_ROWS)
        if entering:
            you = self.rooms[room].you
            self.unread_line = (you.read if you.unread else None, rows[-1].id if rows else 0)
        self._timeline.reset(
            rows,
            has_older=len(rows) == OPENING_ROWS or first > 0,
            has_newer=False,
            unread_after=self.unread_line[0],
            opened_at=self.unread_line[1],
            is_other=is_other,
        )
        self._timeline.set_reads(self.reads.get(room, {}))
        await self.find_sources()
        self._typists.forget()
        self.room_opened.emit(self.rooms[room])

    async def find_sources(self, coming: Sequence[Message] = ()) -> None:
        """Give the timeline the rows that its rows reply to, where they are here.

        Args:
            coming: rows that it will get next: they are laid out once when their sources are there before them.
        """
        wanted = {row.reply_to for row in coming if row.reply_to is not None} - {row.id for row in coming}
        missing = {*self._timeline.missing_sources(), *(id for id in wanted if self._timeline.place_of(id) is None)}
        if missing:
            self._timeline.put_sources(await self._disk.run(self._disk.replica.rows, self.host, self.room, missing))

    async def _take_told(self, told: Sequence[MessageTold]) -> None:
        if not told:
            return
        room = told[0].room
        copy = self.copies.get(room)
        if copy is None:
            raise Missed(f"rows of {room} came before its sync")
        rows: list[Message] = []
        missed: Missed | None = None
        for event in told:
            try:
                after = rules.after_told(copy, event.rev)
            except Missed as gap:
                missed = gap
                break
            if after is not None:
                copy = after
                if isinstance(event.message, Message):
                    rows.append(event.message)
        if copy is not self.copies[room]:
            await self._disk.run(self._disk.replica.apply, self.host, room, rows, copy)
            self.copies[room] = copy
            self.rows_stored.emit(rows)
            await self._show(room, rows)
        if missed is not None:
            raise missed

    async def _take_sync(self, sync: Sync) -> None:
        room = sync.room
        copy = self.copies.get(room, RoomCopy())
        replica = self._disk.replica
        is_new = rules.is_new_epoch(copy, sync, self._epoch)
        ahead = await self._disk.run(replica.ids_ahead, self.host, room) if is_new else ()
        after = rules.after_sync(copy, sync, self._epoch, ahead)
        await self._disk.run(replica.apply, self.host, room, sync.messages, after, drop=sync.reset, ahead=is_new)
        self.copies[room] = after
        held = self._held.setdefault(room, [])
        if sync.reset:
            held.clear()
        else:
            self.missed += sum(row.id > copy.cursor and self._counts(row) for row in sync.messages)
        held.extend(sync.messages)
        self.rows_stored.emit(sync.messages)
        if sync.more:
            return
        rows = self._held.pop(room)
        self._tell_own(rows)
        if room != self.room:
            return
        if sync.reset or any(self._timeline.place_of(id) is not None for id in ahead):
            await self._open(room)
        else:
            self._show_rows(rows)
            await self.find_sources()

    def _take_reads(self, room: str, reads: dict[str, int]) -> None:
        if reads:
            self.reads[room] = self.reads.get(room, {}) | reads
            if room == self.room:
                self._timeline.set_reads(self.reads[room])

    async def _take_users(self, users: Iterable[User]) -> None:
        users = tuple(users)
        await self._disk.run(self._disk.replica.save_users, self.host, users)
        self.users |= {user.id: user for user in users}
        self._timeline.update_users(users)
        self._members.update_users(users)
        self.people_changed.emit()

    async def _take_room(self, room: Room) -> None:
        await self._put_room(room)
        if not self.room:
            await self._open(room.id)

    async def _drop_room(self, room: str) -> None:
        await self._disk.run(self._disk.replica.drop_room, self.host, room)
        self.rooms.pop(room, None)
        self.copies.pop(room, None)
        self._rooms.remove(room)
        if room == self.room:
            self.room = ""
            await self._open(next(iter(self.rooms), ""))

    async def _put_room(self, room: Room) -> None:
        await self._disk.run(self._disk.replica.save_room, self.host, room)
        self.rooms[room.id] = room
        self._rooms.update(room)
        if room.id == self.room:
            self.room_changed.emit(room)

    async def _show(self, room: str, rows: Sequence[Message]) -> None:
        self._tell_own(rows)
        if room == self.room:
            self._show_rows(rows)
        kept = self.rooms.get(room)
        if kept is not None:
            # Showing them may have been reading them.
            read = max(kept.you.read, self._read_here.get(room, 0))
            fresh = [row for row in rows if row.id == row.rev and row.id > read and self._counts(row)]
        if kept is not None and fresh:
            mentions = sum(self.me in row.mentions for row in fresh)
            you = You(read=kept.you.read, unread=kept.you.unread + len(fresh), mentions=kept.you.mentions + mentions)
            await self._put_room(msgspec.structs.replace(kept, you=you))
        if room == self.room:
            self._typists.wrote(row.author for row in rows)
            await self.find_sources()

    def _show_rows(self, rows: Iterable[Message]) -> None:
        """Those of the room's newest span, or in the window, go into the timeline: the rest is stored, not shown."""
        newest = self.copies[self.room].ranges.newest()
        shown: list[Message] = []
        outside: list[Message] = []
        for row in rows:
            inside = (newest is not None and row.id in newest) or self._timeline.place_of(row.id) is not None
            (shown if inside else outside).append(row)
        self._timeline.upsert(shown)
        missing = set(self._timeline.missing_sources())
        self._timeline.put_sources(row for row in outside if row.id in missing or row.rev > row.id)

    def _tell_own(self, rows: Iterable[Message]) -> None:
        for row in rows:
            if row.author == self.me and row.cid is not None:
                self.own_stored.emit(row.cid)

    def _counts(self, row: Message) -> bool:
        return row.kind == TEXT and row.author != self.me and not row.deleted

    def _show_host(self, users: Iterable[User], rooms: Iterable[Room]) -> None:
        self.users = {user.id: user for user in users}
        self.rooms = {room.id: room for room in rooms}
        self._timeline.set_me(self.me)
        self._members.set_me(self.me)
        self._timeline.set_users(self.users)
        self._members.set_users(self.users)
        self._rooms.set_rooms(self.rooms.values())
        if self.room in self.rooms:
            self.room_changed.emit(self.rooms[self.room])
        self.people_changed.emit()

    def _tell_typing(self, users: tuple[str, ...]) -> None:
        self.typing_changed.emit(tuple(self.users[user].name for user in users if user in self.users))
