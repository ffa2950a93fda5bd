"""Who is connected, how far each has been told, and the fan-out.

A frame is encoded once; what a room is owed in one turn of the loop (in a few, under load) leaves as one write to each
client, joined with what else that client is owed then. Nothing here awaits a client: one whose buffer fills is set
*behind*, which keeps nothing for it, and is synced from the database once it drains. New connections, slow ones, rooms
joined later and bulk changes are this one path: behind, then `go_live`.

The hub knows frames and presence, not tables.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from mrsambosk_protocol import codec, events
from mrsambosk_protocol.entities import AWAY, BUSY, GONE, OFFLINE, ONLINE, User
from mrsambosk_protocol.limits import READ_GATHER_SECONDS, SMALL_COMPANY, TYPING_SECONDS, USERS_GATHER_SECONDS

from .outcome import BulkTold, Ended, MembershipTold, Outcome, ReadTold, RoomTold, RowTold, UserTold

log = logging.getLogger(__name__)

#: After a fan-out that took longer than this, the next one waits for as long as it took, so that more leaves in each
#: write: under a load that needs it, a sixteenth less work for each delivery; otherwise nothing waits.
_LONG_FLUSH_SECONDS: Final = 0.001
#: Newest frames of a room kept so that a page read a moment ago can be joined to the stream without another read.
_RECENT_FRAMES: Final = 512


def text_frame(payload: bytes) -> bytes:
    """A whole unmasked WebSocket text frame (RFC 6455 §5.2), the same bytes for every client."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def event_frame(event: events.Event) -> bytes:
    """One event as a WebSocket frame."""
    return text_frame(codec.encode(event))


class Client:
    """One welcomed connection, as the hub needs it. A session is one.

    `write` hands whole frames to the socket, and may call `Hub.set_behind` when the socket's buffer fills.
    """

    write: Callable[[bytes], None]

    def __init__(self) -> None:
        self.user = ""
        self.device = ""
        self.status = ONLINE
        #: Rooms it may see; those it is live in are in the room's own set.
        self.rooms: set[str] = set()
        self.owed: list[bytes] = []

    def unsent(self) -> int:
        """Bytes that have not left for the socket."""
        raise NotImplementedError

    def filled(self) -> bool:
        """Whether so much is unsent that nothing more may be written until it has drained."""
        raise NotImplementedError

    def fall_behind(self, told: dict[str, int]) -> None:
        """Catch up with these rooms from these revisions once the socket has drained."""
        raise NotImplementedError

    def end(self, code: int, reason: str) -> None:
        """Close the connection."""
        raise NotImplementedError

    def catch_up(self, room: str, told: int) -> None:
        """Start reading the room from `told`, and call `Hub.go_live` when done."""
        raise NotImplementedError

    def show_room(self, room: str) -> None:
        """Tell the client the room as it is now (`room`), and catch up with it if it is new."""
        raise NotImplementedError


class _Stream:
    """A room's frames on their way out."""

    def __init__(self, rev: int) -> None:
        self.rev = rev
        self.flushed = rev
        self.live: set[Client] = set()
        #: Those whose page already held more than was told here, and up to where: live once the frames have passed it.
        self.ahead: dict[Client, int] = {}
        self.pending: list[bytes] = []
        self.recent: deque[tuple[int, bytes]] = deque(maxlen=_RECENT_FRAMES)

    def everyone(self) -> list[Client]:
        """All who are told what happens here."""
        return [*self.live, *self.ahead]

    def discard(self, client: Client) -> None:
        self.live.discard(client)
        self.ahead.pop(client, None)


class Hub:
    """See the module.

    Args:
        users: everyone on this host.
        revs: each room's revision now.
    """

    def __init__(self, users: Iterable[User], revs: dict[str, int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._streams = {room: _Stream(rev) for room, rev in revs.items()}
        self._users = {user.id: user for user in users}
        self._clients: dict[str, set[Client]] = {}
        self._dirty: list[_Stream] = []
        self._owing: set[Client] = set()
        self._flush_due = False
        self._rested_at = 0.0
        self._changed_users: set[str] = set()
        self._moved_reads: dict[tuple[str, str], int] = {}
        self._typed: dict[tuple[str, str], float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        #: How often anybody's connections were ended or their rooms changed: who was just admitted checks that it did
        #: not happen meanwhile.
        self.endings = 0

    # Connections and presence.

    @property
    def users(self) -> tuple[User, ...]:
        """Everyone, with their presence now."""
        return tuple(self._users.values())

    def user(self, user: str) -> User:
        return self._users[user]

    def clients_of(self, user: str) -> tuple[Client, ...]:
        return tuple(self._clients.get(user, ()))

    def all_clients(self) -> list[Client]:
        return [client for group in self._clients.values() for client in group]

    def join(self, client: Client) -> None:
        """A client that is about to be welcomed; it is behind in every room until `go_live`."""
        self._clients.setdefault(client.user, set()).add(client)
        self._update_presence(client.user)

    def leave(self, client: Client) -> bool:
        """Forget a connection; whether it was that person's last."""
        group = self._clients.get(client.user, set())
        if client not in group:
            return False
        group.discard(client)
        self._owing.discard(client)
        client.owed.clear()
        for room in client.rooms:
            if stream := self._streams.get(room):
                stream.discard(client)
        if not group:
            del self._clients[client.user]
        self._update_presence(client.user)
        return not group

    def set_status(self, client: Client, status: str) -> None:
        client.status = status
        self._update_presence(client.user)

    def _update_presence(self, user_id: str) -> None:
        """A person is what the most present of their connections is."""
        user = self._users.get(user_id)
        if user is None:
            return
        statuses = {client.status for client in self._clients.get(user_id, ())}
        status = next((status for status in (ONLINE, BUSY, AWAY) if status in statuses), OFFLINE)
        if status == user.status:
            return
        last_seen = user.last_seen
        if status == OFFLINE:
            last_seen = time.time_ns() // 1_000_000
        self._users[user_id] = msgspec.structs.replace(user, status=status, last_seen=last_seen)
        self._tell_user(user_id)

    def _tell_user(self, user_id: str) -> None:
        self._changed_users.add(user_id)
        self._gather("users", USERS_GATHER_SECONDS, self._send_users)

    def _send_users(self) -> None:
        changed = tuple(self._users[user] for user in self._changed_users if user in self._users)
        self._changed_users.clear()
        if changed:
            self.send_to_all(events.UsersTold(users=changed))

    def _gather(self, name: str, seconds: float, send: Callable[[], None]) -> None:
        if name not in self._timers:

            def fire() -> None:
                del self._timers[name]
                send()

            self._timers[name] = self._loop.call_later(seconds, fire)

    # Sending.

    def send(self, client: Client, event: events.Event) -> None:
        """Owe one client an event; it leaves at the end of this turn of the loop."""
        self.send_frame(client, event_frame(event))

    def send_frame(self, client: Client, frame: bytes) -> None:
        client.owed.append(frame)
        self._owing.add(client)
        self._flush_soon()

    def send_to_all(self, event: events.Event) -> None:
        frame = event_frame(event)
        for client in self.all_clients():
            self.send_frame(client, frame)

    def _flush_soon(self) -> None:
        if not self._flush_due:
            self._flush_due = True
            if self._rested_at > self._loop.time():
                self._loop.call_at(self._rested_at, self._flush_due_now)
            else:
                self._loop.call_soon(self._flush_due_now)

    def _flush_due_now(self) -> None:
        if not self._flush_due:
            return
        began = self._loop.time()
        self.flush()
        ended = self._loop.time()
        took = ended - began
        self._rested_at = ended + took if took > _LONG_FLUSH_SECONDS else 0.0

    def flush(self) -> None:
        """Write all that is owed: one write a client, the room's frames before the client's own."""
        self._flush_due = False
        dirty, self._dirty = self._dirty, []
        owing, self._owing = self._owing, set()
        payloads: list[tuple[_Stream, bytes]] = []
        for stream in dirty:
            # First of all, so that a client set behind by its own write knows what it was told.
            stream.flushed = stream.rev
            payloads.append((stream, b"".join(stream.pending)))
            stream.pending.clear()
        if len(payloads) == 1:
            stream, payload = payloads[0]
            also = owing & stream.live
            owing -= also
            # The loop that a host spends its time in: nothing but the write, for all who are owed nothing else.
            for client in stream.live - also:
                try:
                    client.write(payload)
                except Exception:
                    self._drop(client)
            for client in also:
                self._write(client, payload + b"".join(client.owed))
        elif payloads:
            parts: dict[Client, list[bytes]] = {}
            for stream, payload in payloads:
                for client in stream.live:
                    parts.setdefault(client, []).append(payload)
            for client, chunks in parts.items():
                owing.discard(client)
                self._write(client, b"".join(chunks + client.owed))
        for client in owing:
            self._write(client, b"".join(client.owed))

    def _write(self, client: Client, data: bytes) -> None:
        client.owed.clear()
        try:
            client.write(data)
        except Exception:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        log.exception("A client could not be served; it is disconnected")
        try:
            client.end(1011, "")
        except Exception:
            # Whatever is wrong with it must not keep the others from being served.
            log.exception("A client could not be disconnected")
            self.leave(client)

    # Rooms.

    def covers(self, room: str, rev: int) -> bool:
        """Whether a client told up to `rev` could become live in this turn of the loop, with nothing missing."""
        stream = self._streams[room]
        if rev >= stream.rev:
            return True
        return bool(stream.recent) and stream.recent[0][0] <= rev + 1

    def go_live(self, client: Client, room: str, rev: int) -> None:
        """From here on the client gets the room's frames as they come.

        Call it in the turn in which `covers` said yes, after the page.
        """
        stream = self._streams[room]
        self.flush()
        for frame_rev, frame in stream.recent:
            if frame_rev > rev:
                self.send_frame(client, frame)
        self.flush()
        if client.filled():
            client.fall_behind({room: max(rev, stream.rev)})
        elif rev > stream.rev:
            # The page was read after a commit that is told in a moment.
            stream.ahead[client] = rev
        else:
            stream.live.add(client)

    def is_live(self, client: Client, room: str) -> bool:
        stream = self._streams.get(room)
        return stream is not None and (client in stream.live or client in stream.ahead)

    def set_behind(self, client: Client) -> dict[str, int]:
        """Keep nothing more for this client; the revision it was told up to, for each room it was live in."""
        told: dict[str, int] = {}
        for room in client.rooms:
            stream = self._streams.get(room)
            if stream is not None and self.is_live(client, room):
                told[room] = stream.ahead.get(client, stream.flushed)
                stream.discard(client)
        return told

    # What the ledger committed.

    def publish(self, outcome: Outcome) -> None:
        """Tell everyone concerned. Called for each committed outcome, in commit order."""
        for telling in outcome.told:
            match telling:
                case RowTold(room, rev, message):
                    event = events.MessageTold(room=room, rev=rev, message=message or msgspec.UNSET)
                    self._publish_row(room, rev, event_frame(event))
                case UserTold(user):
                    known = self._users.get(user.id)
                    if known is None or user.role == GONE:  # of who is erased nothing is left to tell
                        status, seen = OFFLINE, user.last_seen
                    else:
                        status, seen = known.status, known.last_seen
                    self._users[user.id] = msgspec.structs.replace(user, status=status, last_seen=seen)
                    self._tell_user(user.id)
                case ReadTold():
                    self._publish_read(telling)
                case BulkTold(room, rev):
                    self._publish_bulk(room, rev)
                case RoomTold(room):
                    self._streams.setdefault(room, _Stream(0))
                    for client in self.all_clients():
                        if room in client.rooms:
                            client.show_room(room)
                case MembershipTold(room, user_id, member):
                    self._publish_membership(room, user_id, member)
                case Ended(user_id, close, reason, device, except_device):
                    self.endings += 1
                    for client in self.clients_of(user_id):
                        if device in (None, client.device) and client.device != except_device:
                            client.end(close, reason)

    def _publish_row(self, room: str, rev: int, frame: bytes) -> None:
        stream = self._streams.setdefault(room, _Stream(0))
        if stream.ahead:
            self._let_in(stream, rev)
        stream.rev = rev
        stream.recent.append((rev, frame))
        if not stream.pending:
            self._dirty.append(stream)
        stream.pending.append(frame)
        self._flush_soon()

    def _publish_bulk(self, room: str, rev: int) -> None:
        stream = self._streams.setdefault(room, _Stream(0))
        self.flush()
        behind = dict.fromkeys(stream.live, stream.flushed) | stream.ahead
        stream.live.clear()
        stream.ahead.clear()
        stream.recent.clear()
        stream.rev = stream.flushed = rev
        for client, told in behind.items():
            client.catch_up(room, told)

    def _let_in(self, stream: _Stream, rev: int) -> None:
        """Those whose page ended before `rev` are live from it on."""
        if any(told < rev for told in stream.ahead.values()):
            # The frames that wait are of revisions which they were told in their page.
            self.flush()
            for client, told in tuple(stream.ahead.items()):
                if told < rev:
                    del stream.ahead[client]
                    stream.live.add(client)

    def _publish_read(self, told: ReadTold) -> None:
        own = events.ReadTold(room=told.room, user=told.user, id=told.id, you=told.you)
        for client in self.clients_of(told.user):
            self.send(client, own)
        if told.small:
            self._moved_reads[told.room, told.user] = told.id
            self._gather("reads", READ_GATHER_SECONDS, self._send_reads)

    def _send_reads(self) -> None:
        moved, self._moved_reads = self._moved_reads, {}
        for (room, user), message_id in moved.items():
            frame = event_frame(events.ReadTold(room=room, user=user, id=message_id))
            for client in self._streams[room].everyone():
                if client.user != user:
                    self.send_frame(client, frame)

    def _publish_membership(self, room: str, user: str, member: bool) -> None:
        stream = self._streams.setdefault(room, _Stream(0))
        self.endings += 1
        for client in self.clients_of(user):
            if member:
                client.rooms.add(room)
                client.show_room(room)
            else:
                stream.discard(client)
                client.rooms.discard(room)
                self.send(client, events.RoomGone(room=room))

    def typing(self, client: Client, room: str) -> None:
        """Pass on that somebody types: in small company only, one in three seconds, and never to a busy socket."""
        stream = self._streams.get(room)
        if stream is None or room not in client.rooms:
            return
        everyone = stream.everyone()
        online = {other.user for other in everyone}
        now = self._loop.time()
        last = self._typed.get((room, client.user), -TYPING_SECONDS)
        if len(online) > SMALL_COMPANY or now - last < TYPING_SECONDS:
            return
        self._typed[room, client.user] = now
        frame = event_frame(events.TypingTold(room=room, user=client.user))
        for other in everyone:
            if other.user != client.user and not other.unsent():
                self.send_frame(other, frame)

    def close(self) -> None:
        """Stop the timers. The connections are closed by who owns them."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
