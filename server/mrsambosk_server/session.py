"""One WebSocket from hello to gone: frames in, actions and queries out, replies back.

No task waits for a client's next frame: the channel calls `on_text`. Tasks exist only while a hello is looked up or
a room is caught up with, and end with the session.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from mrsambosk_protocol import codec, commands, events
from mrsambosk_protocol.codec import BadFrame
from mrsambosk_protocol.entities import HostInfo
from mrsambosk_protocol.limits import (
    BAD_FRAMES,
    BAD_FRAMES_SECONDS,
    HELLO_SECONDS,
    PROTOCOL_VERSION,
    Close,
    Limits,
    Refused,
)

from . import history, people
from .actions import accounts, members, messages
from .channel import Channel
from .finding import search_everything
from .hub import Client, Hub
from .ledger import Ledger
from .outcome import Outcome
from .throttle import Bucket, Buckets

log = logging.getLogger(__name__)
T = TypeVar("T")

#: A connection that goes on like this after being told to wait is flooding.
_FLOOD_REFUSALS: Final = 300
_FLOOD_SECONDS: Final = 10.0
_USE_NOTED_SECONDS: Final = 3600
_CLOSE_FOR: Final = {
    "version": Close.NO_COMMON_VERSION,
    "auth_required": Close.BAD_TOKEN,
    "auth_failed": Close.BAD_TOKEN,
    "banned": Close.REMOVED,
    "busy": Close.FULL,
}


class Services:
    """What every session shares; made once by `host.py`."""

    def __init__(self, ledger: Ledger, hub: Hub, rules: Limits, info: HostInfo, epoch: str) -> None:
        self.ledger = ledger
        self.hub = hub
        self.rules = rules
        self.info = info
        self.epoch = epoch
        self.changes = Buckets(rules.posts_per_second, rules.posts_burst)
        self.sessions: set[Session] = set()
        #: How many of them said hello and may stay.
        self.welcomed = 0


class Session(Client):
    """See the module. Made by the front when a WebSocket opens.

    Args:
        greeted: called when the hello was accepted, and at the end: this is no stranger any more.
    """

    def __init__(self, services: Services, channel: Channel, greeted: Callable[[], None]) -> None:
        super().__init__()
        self._services = services
        self._ledger = services.ledger
        self._hub = services.hub
        self._rules = services.rules
        self._channel = channel
        self.write = channel.write
        self._greeted = greeted
        self._loop = asyncio.get_running_loop()
        #: What the hello says it is, and whether it is another machine.
        self.program = ""
        self.is_elsewhere = False
        self._welcomed = False
        self._admitting = False
        self._closed = False
        self._early: list[bytes] = []
        self._bad: deque[float] = deque(maxlen=BAD_FRAMES)
        now = self._loop.time()
        rate = services.rules.commands_per_second
        self._pace = Bucket(rate, rate, now)
        self._refusals = 0
        self._refusals_since = now
        self._unanswered = 0
        self._behind: dict[str, int] = {}
        self._catching_up: set[str] = set()
        self._asked: deque[tuple[int, Callable[[], Awaitable[events.Event]]]] = deque()
        self._looking_up = False
        self._drained: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hello_timer: asyncio.TimerHandle | None = self._loop.call_later(HELLO_SECONDS, self._miss_hello)
        services.sessions.add(self)

    # What the channel calls.

    def on_text(self, data: bytes) -> None:
        if self._closed:
            return
        if not self._welcomed:
            if self._admitting:
                self._early.append(data)
            else:
                self._on_first(data)
            return
        try:
            command = codec.decode_command(data, self._rules)
        except BadFrame as bad:
            self._on_bad(bad)
            return
        if isinstance(command, commands.Typing):
            if not self._pace.take(self._loop.time()):
                self._hub.typing(self, command.room)
            return
        wait = self._pace.take(self._loop.time())
        if wait:
            self._on_too_fast(command.ref, wait)
            return
        self._unanswered += 1
        self._pause_or_resume_reading()
        try:
            self._carry_out(command)
        except Refused as refused:
            self._reply(command.ref, refused)

    def on_filled(self) -> None:
        self.fall_behind(self._hub.set_behind(self))
        self._pause_or_resume_reading()

    def on_drained(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        behind, self._behind = self._behind, {}
        for room, told in behind.items():
            self.catch_up(room, told)
        self._pause_or_resume_reading()

    def on_closed(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._services.sessions.discard(self)
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._greeted()
        if self._welcomed:
            self._services.welcomed -= 1
        if self._welcomed and self._hub.leave(self):
            seen = self._hub.user(self.user).last_seen
            try:
                future = self._ledger.submit(members.do_leave, self.user, seen or 0)
                future.add_done_callback(_forget)
            except Refused:
                log.info("The last use of a connection was not noted: too much waits")

    # What the hub calls.

    def unsent(self) -> int:
        return self._channel.unsent()

    def filled(self) -> bool:
        return self._channel.filled

    def fall_behind(self, told: dict[str, int]) -> None:
        self._behind.update(told)

    def end(self, code: int, reason: str) -> None:
        self._channel.close(code, reason)
        self.on_closed()

    def catch_up(self, room: str, told: int) -> None:
        if self._channel.filled:
            self._behind[room] = told
        else:
            self._start(partial(self._catch_up, room, told))

    def show_room(self, room: str) -> None:
        self._start(partial(self._show_room, room))

    def tick(self, now: float) -> None:
        self._channel.tick(now)

    def excuse(self, now: float) -> None:
        self._channel.excuse(now)

    # The hello.

    def _miss_hello(self) -> None:
        self.end(Close.NO_HELLO, "no hello in time")

    def _on_first(self, data: bytes) -> None:
        try:
            command = codec.decode_command(data, self._rules)
            if not isinstance(command, commands.Hello):
                ref = None if isinstance(command, commands.Typing) else command.ref
                raise BadFrame("auth_required", "The first frame is a hello.", ref)
            if PROTOCOL_VERSION not in command.protocol:
                raise BadFrame(
                    "version", "This host speaks another version of the protocol; update the app.", command.ref
                )
            if not command.token:
                raise BadFrame("auth_required", "Sign in first: this hello has no token.", command.ref)
        except BadFrame as bad:
            self._refuse_hello(bad.ref, bad)
            return
        self._admitting = True
        self._pause_or_resume_reading()
        self._start(partial(self._admit, command))

    def _refuse_hello(self, ref: int | None, refused: Refused) -> None:
        self._hub.send(self, refusal(ref, refused))
        self._hub.flush()
        self.end(_CLOSE_FOR.get(refused.code, Close.POLICY), refused.code)

    async def _admit(self, hello: commands.Hello) -> None:
        assert hello.token is not None
        try:
            while True:
                endings = self._hub.endings
                admission = await self._ledger.read(people.admit, hello.token, hello.epoch, dict(hello.have or {}))
                # Somebody signed out, kicked or banned while we looked: look again.
                if endings == self._hub.endings:
                    break
            viewer = admission.viewer
            if self._services.welcomed >= self._rules.connections:
                raise Refused("busy", "This host has as many connections as it allows.", 30.0)
            if len(self._hub.clients_of(viewer.id)) >= self._rules.connections_per_user:
                raise Refused("busy", "You have too many connections to this host.", 30.0)
        except Refused as refused:
            self._refuse_hello(hello.ref, refused)
            return
        self.user, self.device, self.program = viewer.id, viewer.device, hello.client
        self.rooms = {room.id for room in admission.rooms}
        self._hub.join(self)
        self._welcomed = True
        self._services.welcomed += 1
        self._greeted()
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None
        self._hub.send(
            self,
            events.Welcome(
                ref=hello.ref,
                protocol=PROTOCOL_VERSION,
                host=self._services.info,
                epoch=self._services.epoch,
                you=self._hub.user(viewer.id),
                users=self._hub.users,
                rooms=admission.rooms,
            ),
        )
        self._admitting = False
        self._pause_or_resume_reading()
        early, self._early = self._early, []
        for data in early:
            self.on_text(data)
        self._note_use(viewer)
        for room, cursor in admission.cursors.items():
            await self._catch_up(room, cursor)
        self._hub.send(self, events.Live())

    def _note_use(self, viewer: people.Viewer) -> None:
        last_use = self._hub.user(viewer.id).last_seen or 0
        if last_use - viewer.used_at > _USE_NOTED_SECONDS * 1000:
            try:
                self._ledger.submit(accounts.do_note_use, viewer.device).add_done_callback(_forget)
            except Refused:
                log.info("The use of a device was not noted: too much waits")

    # Rooms.

    async def _catch_up(self, room: str, cursor: int | None) -> None:
        """Read pages until one joins the room's stream in the very turn it is handed over, then be live."""
        if room in self._catching_up or self._hub.is_live(self, room):
            return
        self._catching_up.add(room)
        try:
            await self._read_pages(room, cursor)
        finally:
            self._catching_up.discard(room)

    async def _read_pages(self, room: str, cursor: int | None) -> None:
        while not self._closed and room in self.rooms:
            page = await self._ledger.read(history.sync_page, self.user, room, cursor)
            if not page.more and self._hub.covers(room, page.rev):
                self._hub.send(self, page)
                self._hub.go_live(self, room, page.rev)
                return
            if not page.reset:
                self._hub.send(self, msgspec.structs.replace(page, more=True))
                cursor = page.rev
                self._hub.flush()
                await self._until_drained()

    async def _show_room(self, room: str) -> None:
        shown = await self._ledger.read(history.rooms_of, self.user, room)
        if not shown or self._closed:
            return
        self._hub.send(self, events.RoomTold(room=shown[0]))
        if not self._hub.is_live(self, room) and room not in self._behind:
            await self._catch_up(room, None)

    async def _until_drained(self) -> None:
        if self._channel.filled:
            # Several rooms may wait for the same moment.
            if self._drained is None or self._drained.done():
                self._drained = self._loop.create_future()
            await asyncio.shield(self._drained)

    def _pause_or_resume_reading(self) -> None:
        """Read commands only while their answers can be given and taken.

        Who takes no answers must not make the host keep ever more of them.
        """
        if self._closed:
            return
        if self._admitting or self._channel.filled or self._unanswered >= self._rules.commands_unanswered:
            self._channel.pause_reading()
        else:
            self._channel.resume_reading()

    # Commands.

    def _carry_out(self, command: commands.AnyCommand) -> None:
        """Start what a command asks for; its reply follows.

        Raises:
            Refused: at once, for what need not wait for the database.
        """
        user, rules = self.user, self._rules
        if isinstance(command, commands.CHANGES):
            self._services.changes.check(user, self._loop.time(), "messages")
        match command:
            case commands.Post():
                self._answer(command, self._ledger.submit(messages.do_post, user, command, rules))
            case commands.Edit():
                self._answer(command, self._ledger.submit(messages.do_edit, user, command, rules))
            case commands.Delete():
                self._answer(command, self._ledger.submit(messages.do_delete, user, command))
            case commands.React():
                self._answer(command, self._ledger.submit(messages.do_react, user, command))
            case commands.Pin():
                self._answer(command, self._ledger.submit(messages.do_pin, user, command))
            case commands.Read():
                self._answer(command, self._ledger.submit(members.do_read, user, command))
            case commands.History():
                self._look_up(command, partial(self._ledger.read, history.page, user, command))
            case commands.Get():
                self._look_up(command, partial(self._ledger.read, history.get, user, command))
            case commands.Seen():
                self._look_up(command, partial(self._ledger.read, history.seen_by, user, command))
            case commands.Search():
                self._look_up(command, partial(search_everything, self._ledger, user, command))
            case commands.Presence():
                self._hub.set_status(self, command.status)
                self._reply(command.ref, events.Done(ref=command.ref))
            case commands.Ping():
                self._reply(command.ref, events.Done(ref=command.ref))
            case commands.Hello():
                raise Refused("bad_field", "This connection has said hello already.")

    def _look_up(self, command: commands.AnyCommand, query: Callable[[], Awaitable[events.Event]]) -> None:
        """Answer with a page, one at a time and only while the socket takes them: a page may be more than a megabyte.

        What is asked together could otherwise fill the memory before anything of it has left.
        """
        assert not isinstance(command, commands.Typing)
        self._asked.append((command.ref, query))
        if not self._looking_up:
            self._looking_up = True
            self._start(self._answer_asked)

    async def _answer_asked(self) -> None:
        try:
            while self._asked:
                await self._until_drained()
                ref, query = self._asked.popleft()
                try:
                    answer = await query()
                except Refused as refused:
                    self._reply(ref, refused)
                except Exception:
                    log.exception("A query failed")
                    self._reply(ref, _internal())
                else:
                    self._reply(ref, answer)
                    self._hub.flush()
        finally:
            self._looking_up = False

    def _answer(self, command: commands.AnyCommand, future: "asyncio.Future[Any]") -> None:
        assert not isinstance(command, commands.Typing)
        future.add_done_callback(partial(self._on_done, command.ref))

    def _on_done(self, ref: int, future: "asyncio.Future[Any]") -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            result = future.result()
            self._reply(ref, result.reply if isinstance(result, Outcome) else result)
        elif isinstance(error, Refused):
            self._reply(ref, error)
        else:
            log.error("An action failed", exc_info=error)
            self._reply(ref, _internal())

    def _reply(self, ref: int, answer: events.Event | Refused) -> None:
        if self._closed:
            return
        self._hub.send(self, refusal(ref, answer) if isinstance(answer, Refused) else answer)
        self._unanswered -= 1
        self._pause_or_resume_reading()

    # Misbehaviour.

    def _on_bad(self, bad: BadFrame) -> None:
        now = self._loop.time()
        self._bad.append(now)
        self._hub.send(self, refusal(bad.ref, bad))
        if len(self._bad) == BAD_FRAMES and now - self._bad[0] < BAD_FRAMES_SECONDS:
            self._hub.flush()
            self.end(Close.POLICY, "too many malformed frames")

    def _on_too_fast(self, ref: int, wait: float) -> None:
        now = self._loop.time()
        if now - self._refusals_since > _FLOOD_SECONDS:
            self._refusals, self._refusals_since = 0, now
        self._refusals += 1
        if self._refusals > _FLOOD_REFUSALS:
            self.end(Close.FLOODING, "flooding")
            return
        text = "Too many requests at once; wait a moment."
        self._hub.send(self, refusal(ref, Refused("rate_limited", text, round(wait + 0.005, 2))))

    # Tasks.

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # Called inside the task: one that is cancelled before its first step must not leave a coroutine never awaited.
        task = self._loop.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A session's own trouble ends that session, and nobody else's."""
        try:
            await work()
        except Refused as refused:
            if refused.code != "not_found":
                log.warning("A connection ends: %s", refused.code)
                self.end(Close.RESTARTING, refused.code)
        except Exception:
            log.exception("A session failed")
            self.end(1011, "")


def _internal() -> Refused:
    return Refused("internal", "Something went wrong in the host; it has been noted.")


def refusal(ref: int | None, refused: Refused) -> events.Refusal:
    """A refusal as it is said over the WebSocket."""
    retry = msgspec.UNSET if refused.retry_after is None else refused.retry_after
    return events.Refusal(ref=ref, code=refused.code, text=refused.text, retry_after=retry)


def _forget(future: "asyncio.Future[Any]") -> None:
    """Nobody waits for this: a refusal is not news."""
    if not future.cancelled():
        future.exception()
