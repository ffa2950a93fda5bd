"""The way to the host: stay connected, come back. One host at a time; one task keeps the connection.

Every change of the state leaves as `state_changed` (a `ConnectionState`); the banner is computed from it.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core.backoff import Backoff
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.rows import ConnectionState, Link
from mrsambosk_desktop.core.sync import Missed
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.connection import Unreachable, Why, dial
from mrsambosk_desktop.net.http import Door
from mrsambosk_desktop.net.session import Comeback, End, Ended, Session
from mrsambosk_desktop.net.trust import Trust, Way
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_desktop.storage.disk import Disk, ReplicaLost
from mrsambosk_desktop.storage.profile import KnownHost
from mrsambosk_protocol.events import AnyEvent, DialBack, Live, Notice, Welcome
from mrsambosk_protocol.invite import Address, BadInvite
from mrsambosk_protocol.limits import FLOODING_WAIT_SECONDS, Refused

from . import wording
from .chat import ChatController
from .entrance import Distrusted, Entrance, NotAnnounced, Target
from .feed import Feed
from .reading import ReadingController

_log = logging.getLogger(__name__)
#: Of so many connections it is remembered how they ended.
_ENDS = 8
#: Strangers' announcements hasten a dial at most so often.
_HASTE_SECONDS = 5.0
#: How often, and at how many addresses, a host gets the fresh connections it asks for.
_DIAL_BACK_SECONDS = 5.0
_DIAL_BACK_ADDRESSES = 8
#: What comes within one frame is stored and shown together.
_FRAME_SECONDS = 0.016


class ConnectionController(QObject):
    """Signals: `state_changed` (ConnectionState); `joined`: the first welcome of a host, show its room;
    `join_failed` (sentence), then `join_unreached` where no host answered; `trust_asked` (words, address): a host that
    nobody has vouched for answers there; let the person compare the words with those on the host's screen, then call
    `answer_trust`; `secret_asked` (name, whether the join code is wanted, else a password): call `answer_secret`."""

    state_changed = Signal(object)
    joined = Signal()
    join_failed = Signal(str)
    join_unreached = Signal()
    trust_asked = Signal(object, str)
    secret_asked = Signal(str, bool)

    def __init__(self, disk: Disk, feed: Feed, reading: ReadingController, chat: ChatController, tasks: Tasks) -> None:
        super().__init__()
        self.state = ConnectionState(Link.OFFLINE)
        self._disk, self._feed, self._reading, self._chat, self._tasks = disk, feed, reading, chat, tasks
        self._target: Target | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._backoff = Backoff()
        self._at_once = asyncio.Event()
        self._active = True
        self._is_live = False
        self._host_closing = False
        self._joining = False
        self._rumoured: tuple[Address, ...] = ()
        self._hastened_at = -_HASTE_SECONDS
        self._is_astray = False
        self._dialled_back_at = -_DIAL_BACK_SECONDS
        #: How the last connections ended: close codes, or words; for a report.
        self.ends: deque[str] = deque(maxlen=_ENDS)
        self._entrance = Entrance(disk)
        self._entrance.trust_asked.connect(self.trust_asked)
        self._entrance.secret_asked.connect(self.secret_asked)
        disk.replica_lost = self._replica_lost

    # Intents ---------------------------------------------------------------------------------------------------

    def join(self, name: str, text: str) -> None:
        """Join by an address or an invite, under a name."""
        if not self._joining:
            self._joining = True
            self._tasks.start(self._join(self._entrance.by_text(name, text)), "join a host")

    def join_found(self, name: str, host: FoundHost, code: str) -> None:
        """Join a host that was found on the network, under a name."""
        if not self._joining:
            self._joining = True
            self._tasks.start(self._join(self._entrance.to_found(name, host, code)), "join a found host")

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is somebody else's host that this is, or wants to be, connected to."""
        return self._target is not None and not self._target.hosted

    @property
    def door(self) -> Door | None:
        """The host's HTTP, while there is a host."""
        target = self._target
        return Door(target.addresses[0], target.trust, target.token) if target is not None else None

    def answer_secret(self, secret: str) -> None:
        """What the person typed after `secret_asked`; empty for a no."""
        self._entrance.answer_secret(secret)

    def answer_trust(self, trusted: bool) -> None:
        """The person compared the words of `trust_asked`: they match, or not."""
        self._entrance.answer_trust(trusted)

    def try_again(self) -> None:
        """The person does not want to wait."""
        self._backoff.reset()
        self._at_once.set()
        if self._target is not None and (self._keeper is None or self._keeper.done()):
            self.connect_to(self._target)

    def woke(self) -> None:
        """The machine slept: a connection that looks alive must prove it, and who waits to try again does so now."""
        if self._session is not None:
            self._session.check()
        elif self._target is not None:
            self._backoff.reset()
            self._at_once.set()

    def heard(self, hosts: Sequence[FoundHost]) -> None:
        """Hosts were announced: is ours among them at another address, it is tried there too. Its pin stays."""
        target = self._target
        if target is None or target.hosted or target.trust.way is not Way.PINNED:
            return
        for host in hosts:
            rumoured = tuple(at for at in host.addresses if at not in target.addresses)
            if host.id != target.trust.fingerprint or not rumoured or rumoured == self._rumoured:
                continue
            self._rumoured = rumoured
            if time.monotonic() - self._hastened_at >= _HASTE_SECONDS:
                self._hastened_at = time.monotonic()
                self._at_once.set()
                if self._is_astray:
                    self.connect_to(target)

    def set_active(self, active: bool) -> None:
        """Whether the window is in front."""
        self._active = active
        if self._session is not None:
            self._session.set_active(active)

    # Life ------------------------------------------------------------------------------------------------------

    async def resume(self, known: KnownHost) -> bool:
        """Show a known host's room from the replica and connect to it; False: its token is gone, join anew.

        A host of one's own has to be started first: who does that calls `connect_to`.
        """
        token = await self._disk.run(self._disk.credentials.get, known.id)
        if token is None:
            return False
        if await self._open(known.id):
            self.joined.emit()
        if not known.hosted:
            trust = Trust(Way(known.way), known.id if known.way == Way.PINNED else "")
            self.connect_to(Target(known.addresses, token, trust, known.id))
        return True

    def connect_to(self, target: Target) -> None:
        """Connect, and stay connected until `stop`."""
        self._target = target
        self._is_astray = False
        if self._keeper is not None:
            self._keeper.cancel()
        self._keeper = self._tasks.start(self._keep(self._keeper), "keep the connection")

    async def stop(self, reason: str = "") -> None:
        """Hang up and stay away. The room stays readable."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        self._target = None
        self._say(ConnectionState(Link.STOPPED if reason else Link.OFFLINE, self._feed.host_name, reason=reason))

    # Inside ----------------------------------------------------------------------------------------------------

    async def _join(self, entering: Coroutine[Any, Any, Target]) -> None:
        try:
            target = await entering
        except Distrusted:
            self.join_failed.emit(wording.distrusted())
        except NotAnnounced:
            self.join_failed.emit(wording.not_announced())
        except BadInvite as bad:
            self.join_failed.emit(str(bad))
        except Refused as refused:
            self.join_failed.emit(refused.text)
        except Unreachable as failure:
            self.join_failed.emit(wording.unreachable(failure))
            self.join_unreached.emit()
        else:
            if target.host and target.host != self._feed.host:
                # A member already: what is kept is shown at once, whether or not the host answers now.
                await self.stop()
                await self._open(target.host)
            self.connect_to(target)
            if target.host and self._feed.rooms:
                self.joined.emit()
        finally:
            self._joining = False

    async def _open(self, host: str) -> bool:
        try:
            found = await self._feed.open_host(host)
        except ReplicaLost:
            await self._feed.forget_copies()
            found = await self._feed.open_host(host)
        self._chat.use_host(host)
        return found

    async def _keep(self, before: asyncio.Task[None] | None) -> None:
        """Connect again and again until cancelled or told to stay away."""
        if before is not None:
            await asyncio.wait([before])
        self._at_once.clear()
        self._host_closing = False
        self._say(ConnectionState(Link.CONNECTING, self._feed.host_name))
        while True:
            here = False
            try:
                assert self._target is not None
                wait, reason = await self._once(self._target)
            except _StayAway as stop:
                self._say(ConnectionState(Link.STOPPED, self._feed.host_name, reason=stop.reason))
                if not self._feed.rooms:
                    self.join_failed.emit(stop.reason)
                return
            except StorageFault as fault:
                here = True
                wait, reason = self._backoff.lost(time.monotonic()), wording.storage(str(fault))
            except Exception:
                # Whatever it was: a window that goes on showing LIVE, with nobody behind it, would be worse.
                _log.exception("the connection ended by a mistake of this app")
                here = True
                wait, reason = self._backoff.lost(time.monotonic()), wording.own_mistake()
            if self._host_closing and not here:
                # It said goodbye: nobody is told to wait for it, but its return is noticed.
                self._say(ConnectionState(Link.STOPPED, self._feed.host_name))
            else:
                again_at = time.monotonic() + wait
                self._say(ConnectionState(Link.RETRYING, self._feed.host_name, again_at, reason, here))
            if not self._feed.rooms:
                self.join_failed.emit(reason)
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while not self._at_once.is_set() and (left := deadline - time.monotonic()) > 0:
                # Not `wait_for`: until Python 3.12 it loses a cancellation that comes together with the event.
                async with asyncio.timeout(left + 0.01):
                    await self._at_once.wait()
        self._at_once.clear()

    async def _once(self, target: Target) -> tuple[float, str]:
        """One connection from dialling to its end: seconds to wait before the next, and why it ended.

        Raises:
            _StayAway: with the reason.
            StorageFault: what the host tells can't be kept.
        """
        try:
            connection, answered = await self._dial(target)
        except Unreachable as failure:
            self._note_end(f"unreachable ({failure.why.name.lower()})")
            if failure.why is Why.WRONG_KEY:
                self._is_astray = True
                raise _StayAway(wording.unreachable(failure)) from None
            return self._backoff.lost(time.monotonic()), wording.unreachable(failure)
        session = Session(connection)
        session.set_active(self._active)
        try:
            await self._converse(session, target, answered)
        except Ended as failure:
            self._note_end(str(failure.code or failure.why.name.lower()))
            match failure.comeback:
                case Comeback.NEVER:
                    if failure.why in (End.UNKNOWN_DEVICE, End.SIGNED_OUT):
                        # Who joins again does so as somebody new or by password.
                        with contextlib.suppress(StorageFault):
                            await self._disk.run(self._disk.credentials.put, target.host or self._feed.host, None)
                    raise _StayAway(wording.ended(failure)) from None
                case Comeback.AFTER_FLOODING:
                    return FLOODING_WAIT_SECONDS, wording.ended(failure)
                case Comeback.AT_ONCE:
                    return 0.0, ""
            return self._backoff.lost(time.monotonic()), wording.ended(failure)
        except Missed as gap:
            _log.info("reconnecting, something was missed: %s", gap)
            return self._backoff.lost(time.monotonic()), ""
        except ReplicaLost:
            await self._feed.forget_copies()
            return 0.0, ""
        finally:
            self._session = None
            self._is_live = False
            self._chat.lost()
            self._reading.lost()
            await session.aclose()
        raise AssertionError("a conversation only ends with an exception")

    async def _dial(self, target: Target) -> tuple[Any, Address]:
        """Where it was last, then where strangers say it is now: what they say can't make it worse.

        Raises:
            Unreachable: what came of the addresses known.
        """
        try:
            return await dial(target.addresses, target.trust)
        except Unreachable:
            with contextlib.suppress(Unreachable):
                return await dial(self._rumoured, target.trust)
            raise

    async def _converse(self, session: Session, target: Target, answered: Address) -> None:
        # The epoch decides whether they are good; another host need not learn of them all the same.
        is_same = target.hosted or (target.host != "" and target.host == self._feed.host)
        epoch, have = self._feed.have() if is_same else (None, {})
        welcome = await session.greet(target.token, epoch, have)
        meant = target.trust.fingerprint or target.host
        if meant and welcome.host.id != meant:
            raise _StayAway(wording.another_host())
        if not await self._welcomed(welcome, target, answered):
            raise Ended(Comeback.AT_ONCE, End.LOST)
        self._session = session
        self._backoff.connected(time.monotonic())
        self._host_closing = False
        self._say(ConnectionState(Link.CATCHING_UP, welcome.host.name))
        while True:
            events = await session.events()
            begun = time.monotonic()
            await self._feed.apply(events)
            for event in events:
                self._take(event, session)
            await asyncio.sleep(max(0.0, begun + _FRAME_SECONDS - time.monotonic()))

    async def _welcomed(self, welcome: Welcome, target: Target, answered: Address) -> bool:
        """Remember where this host was found; whether what we said we have is good."""
        is_first = welcome.host.id != self._feed.host or not self._feed.rooms
        good = await self._feed.welcomed(welcome)
        self._chat.use_host(welcome.host.id)
        addresses = (answered, *(other for other in target.addresses if other != answered))
        known = KnownHost(welcome.host.id, welcome.host.name, addresses, target.trust.way, target.hosted)
        await self._disk.run(self._disk.profile.use_host, known)
        await self._disk.run(self._disk.credentials.put, welcome.host.id, target.token)
        if self._target is target:
            self._target = replace(target, host=welcome.host.id, addresses=addresses)
        if is_first or not target.host:
            self.joined.emit()
        return good

    def _take(self, event: AnyEvent, session: Session) -> None:
        match event:
            case Live():
                self._is_live = True
                self._say(ConnectionState(Link.LIVE, self._feed.host_name, missed=self._feed.missed))
                self._reading.live(session)
                self._chat.live(session)
            case Notice(kind="closing"):
                self._host_closing = True
            case DialBack():
                self._dial_back(event.id)

    def _dial_back(self, id: str) -> None:
        """The host asks for fresh connections: to where this app knows it to be, and nowhere else."""
        target = self._target
        if target is None or target.hosted or time.monotonic() - self._dialled_back_at < _DIAL_BACK_SECONDS:
            return
        self._dialled_back_at = time.monotonic()
        for address in target.addresses[:_DIAL_BACK_ADDRESSES]:
            door = Door(address, target.trust, target.token)
            self._tasks.start(_come_in(door, id), "dial back")

    def _replica_lost(self) -> None:
        """Whoever met it, the conversation ends with it, and the next begins with an empty replica."""
        if self._session is not None:
            self._session.interrupt(ReplicaLost())

    def _note_end(self, end: str) -> None:
        self.ends.append(end)
        _log.info("a connection ended: %s", end)

    def _say(self, state: ConnectionState) -> None:
        self.state = state
        self.state_changed.emit(state)


async def _come_in(door: Door, id: str) -> None:
    """One fresh connection, for the host to see."""
    with contextlib.suppress(Refused, Unreachable):
        await door.ask("PUT", f"/host/dial-back/{id}", type(None))


class _StayAway(Exception):
    """Do not come back by oneself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
