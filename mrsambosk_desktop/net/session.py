"""One connection from hello to its end: commands out, replies back to who asked, everything else in batches.

    session = Session(connection)
    welcome = await session.greet(token, epoch, have)
    while True:
        events = await session.events()       # raises Ended
    ...
    await session.aclose()                    # always

`request` and `events` belong to different tasks. Nothing here is stored or shown.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_protocol import __version__, codec
from mrsambosk_protocol.commands import (
    Delete,
    Edit,
    Get,
    Hello,
    History,
    Pin,
    Ping,
    Post,
    Presence,
    React,
    Read,
    Search,
    Seen,
    Typing,
)
from mrsambosk_protocol.events import AnyEvent, Done, Page, Refusal, Results, SeenBy, Welcome
from mrsambosk_protocol.limits import (
    CLIENT_PING_ACTIVE_SECONDS,
    CLIENT_PING_IDLE_SECONDS,
    CLIENT_PONG_SECONDS,
    CODES,
    PROTOCOL_VERSION,
    Close,
    Refused,
)

Asked = Post | Edit | Delete | React | Pin | History | Get | Search | Read | Seen | Presence | Ping
Reply = Done | Page | Results | SeenBy
_Replies: Final = (Done, Page, Results, SeenBy, Refusal)
_WELCOME_SECONDS: Final = 10.0
#: Events that wait to be taken; past this the socket is not read, and the host learns that we are slow.
_WAITING_EVENTS: Final = 2000
E = TypeVar("E")


class Comeback(Enum):
    """What a client does about the end of a connection."""

    BACK_OFF = auto()
    AT_ONCE = auto()
    AFTER_FLOODING = auto()
    NEVER = auto()


class End(Enum):
    """Why a connection is over."""

    LOST = auto()
    SILENT = auto()
    NO_HOST = auto()
    FULL = auto()
    FLOODING = auto()
    STALLED = auto()
    NO_HELLO = auto()
    UNKNOWN_DEVICE = auto()
    VERSION = auto()
    REMOVED = auto()
    SIGNED_OUT = auto()


class Ended(Exception):
    """The connection is over.

    Args:
        comeback: what to do about it.
        text: the host's own sentence, where it gave one.
        code: the close code that came; None where none did.
    """

    def __init__(self, comeback: Comeback, why: End, text: str = "", code: int | None = None) -> None:
        super().__init__(comeback.name, why.name, text)
        self.comeback = comeback
        self.why = why
        self.text = text
        self.code = code


_BY_CODE: Final[dict[int, tuple[Comeback, End]]] = {
    Close.FULL: (Comeback.BACK_OFF, End.FULL),
    Close.NO_HELLO: (Comeback.NEVER, End.NO_HELLO),
    Close.BAD_TOKEN: (Comeback.NEVER, End.UNKNOWN_DEVICE),
    Close.NO_COMMON_VERSION: (Comeback.NEVER, End.VERSION),
    Close.REMOVED: (Comeback.NEVER, End.REMOVED),
    Close.REVOKED: (Comeback.NEVER, End.SIGNED_OUT),
    Close.FLOODING: (Comeback.AFTER_FLOODING, End.FLOODING),
    Close.STALLED: (Comeback.AT_ONCE, End.STALLED),
}


def ended_by(code: int | None, text: str = "") -> Ended:
    """What the end of a connection with this close code (None: it broke) means."""
    comeback, why = (Comeback.BACK_OFF, End.LOST)
    if code is not None:
        comeback, why = _BY_CODE.get(code, (comeback, why))
    return Ended(comeback, why, text, code)


class Session:
    """See the module. `welcome` is there once `greet` has returned."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._tasks = Tasks()
        self._ref = 1
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._events: list[AnyEvent] = []
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._ended: Ended | None = None
        self._interruption: Exception | None = None
        self._heard = time.monotonic()
        self._active = True
        self._checked = False
        self._paced = asyncio.Event()

    async def greet(self, token: str, epoch: str | None, have: Mapping[str, int]) -> Welcome:
        """Say hello, and begin to read.

        Args:
            epoch, have: the cursors of the rooms kept here, all of this epoch.

        Raises:
            Ended: the host refused, went away, or is none. NEVER comes with the host's own sentence.
        """
        self._ref = 2
        resume = epoch is not None and bool(have)
        hello = Hello(
            ref=1,
            protocol=(PROTOCOL_VERSION,),
            client=f"Mrsambosk/{__version__}",
            token=token,
            epoch=epoch if resume else None,
            have=dict(have) if resume else None,
        )
        refusal: Refusal | None = None
        try:
            async with asyncio.timeout(_WELCOME_SECONDS):
                await self._connection.send(codec.encode(hello), text=True)
                while True:
                    event = codec.decode_event(await self._connection.recv(decode=False))
                    if isinstance(event, Welcome):
                        break
                    if isinstance(event, Refusal):
                        refusal = event
        except TimeoutError:
            raise Ended(Comeback.BACK_OFF, End.SILENT) from None
        except codec.BadFrame:
            raise Ended(Comeback.BACK_OFF, End.NO_HOST) from None
        except ConnectionClosed as closed:
            raise _ended(closed, refusal.text if refusal is not None else "") from None
        self._heard = time.monotonic()
        self._tasks.start(self._read(), "read the host")
        self._tasks.start(self._keep_alive(), "keep the connection alive")
        return event

    async def events(self) -> list[AnyEvent]:
        """All that came since the last call, at least one, in order; without replies.

        Raises:
            Ended: the connection is over and everything that came was taken.
        """
        while True:
            if self._interruption is not None:
                raise self._interruption
            if self._events:
                break
            if self._ended is not None:
                raise self._ended
            self._arrived.clear()
            await self._arrived.wait()
        taken, self._events = self._events, []
        self._taken.set()
        return taken

    async def request(self, command: Asked) -> Reply:
        """Ask, and wait for the one reply. The command's `ref` is given here.

        Raises:
            Refused: by the host.
            Ended: the connection is over, and whether it was carried out is not known.
        """
        ref, reply = await self._ask(command)
        try:
            return await reply
        finally:
            self._asked.pop(ref, None)

    async def tell(self, command: Typing) -> None:
        """Say what is never answered. Lost without a word when the connection is over."""
        with contextlib.suppress(Ended):
            await self._send(command)

    def interrupt(self, reason: Exception) -> None:
        """Let `events` raise this next, whatever has come."""
        self._interruption = reason
        self._arrived.set()

    def set_active(self, active: bool) -> None:
        """Whether a person looks at the window: then a dead host is noticed sooner."""
        self._active = active
        self._paced.set()

    def check(self) -> None:
        """Ask now whether the host is still there, without waiting for the next ping."""
        self._checked = True
        self._paced.set()

    async def aclose(self) -> None:
        """Close the connection and end what runs here."""
        self._end(Ended(Comeback.BACK_OFF, End.LOST))
        await self._tasks.aclose()
        with contextlib.suppress(ConnectionClosed, OSError):
            await self._connection.close()

    async def _ask(self, command: Asked) -> tuple[int, asyncio.Future[Reply]]:
        ref = self._ref
        self._ref += 1
        reply = self._asked[ref] = asyncio.get_running_loop().create_future()
        try:
            await self._send(msgspec.structs.replace(command, ref=ref))
        except BaseException:
            self._asked.pop(ref, None)
            reply.cancel()
            raise
        return ref, reply

    async def _send(self, command: Asked | Typing) -> None:
        if self._ended is not None:
            raise self._ended
        try:
            await self._connection.send(codec.encode(command), text=True)
        except ConnectionClosed as closed:
            raise self._end(_ended(closed)) from None

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._connection.recv(decode=False)
                self._heard = time.monotonic()
                event = codec.decode_event(frame)
                if isinstance(event, _Replies):
                    self._answer(event)
                elif event is not None:
                    self._events.append(event)
                    self._arrived.set()
                while len(self._events) > _WAITING_EVENTS:
                    self._taken.clear()
                    await self._taken.wait()
        except ConnectionClosed as closed:
            self._end(_ended(closed))
        except codec.BadFrame:
            self._end(Ended(Comeback.BACK_OFF, End.NO_HOST))
            await self._connection.close(Close.MALFORMED)

    def _answer(self, event: Done | Page | Results | SeenBy | Refusal) -> None:
        reply = self._asked.pop(event.ref, None) if event.ref is not None else None
        if reply is None or reply.done():
            return
        if not isinstance(event, Refusal):
            reply.set_result(event)
            return
        wait = event.retry_after if isinstance(event.retry_after, float | int) else None
        # A code of a later version is refused for good, like any that must not be tried again.
        reply.set_exception(Refused(event.code if event.code in CODES else "bad_field", event.text, wait))

    def _end(self, ended: Ended) -> Ended:
        """Note the end, once; who waits for a reply or an event hears of it. Gives the first end."""
        if self._ended is None:
            self._ended = ended
            for reply in self._asked.values():
                if not reply.done():
                    reply.set_exception(ended)
                    reply.exception()  # nobody may be waiting any more
            self._asked.clear()
            self._arrived.set()
        return self._ended

    async def _keep_alive(self) -> None:
        try:
            while True:
                await self._pause()
                asked = time.monotonic()
                _, reply = await self._ask(Ping(ref=1))
                # While bytes come the line is not dead, only full.
                while not reply.done():
                    left = max(asked, self._heard) + CLIENT_PONG_SECONDS - time.monotonic()
                    if left <= 0:
                        self._end(Ended(Comeback.BACK_OFF, End.SILENT))
                        self._connection.transport.abort()
                        return
                    await asyncio.wait([reply], timeout=left)
                with contextlib.suppress(Refused):
                    reply.result()
        except Ended:
            return

    async def _pause(self) -> None:
        """Wait until the next ping is due, by the pace that holds then."""
        begun = time.monotonic()
        while True:
            pace = CLIENT_PING_ACTIVE_SECONDS if self._active else CLIENT_PING_IDLE_SECONDS
            left = begun + pace - time.monotonic()
            if left <= 0 or self._checked:
                self._checked = False
                return
            self._paced.clear()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: until Python 3.12 it loses a cancellation that comes together with the event.
                async with asyncio.timeout(left):
                    await self._paced.wait()


def _ended(closed: ConnectionClosed, text: str = "") -> Ended:
    return ended_by(closed.rcvd.code if closed.rcvd is not None else None, text)
