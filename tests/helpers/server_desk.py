"""The host without sockets: real SQLite, the real writer thread and hub, and connections that only record bytes.

@on_loop
async def test_something(tmp_path):
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person("Anna")
        watcher = await desk.connect(anna)
        await desk.post(anna, "Hello")
        assert watcher.take_rows()[0].body == "Hello"
"""

import asyncio
import functools
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import msgspec

from mrsambosk_protocol import codec, events
from mrsambosk_protocol.commands import Delete, Edit, Pin, Post, React
from mrsambosk_protocol.entities import MEMBER, Message, User
from mrsambosk_protocol.limits import LOBBY, Limits
from mrsambosk_server import history, people, schema, search
from mrsambosk_server.actions import accounts, messages, starting
from mrsambosk_server.hub import Client, Hub
from mrsambosk_server.ledger import Ledger
from mrsambosk_server.outcome import Outcome, UserTold
from mrsambosk_server.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

SECONDS = 30.0
RULES = Limits()


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own, within `SECONDS`."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), SECONDS))

    return run


async def until(reached: Callable[[], object], seconds: float = 10.0) -> None:
    """Look again each few milliseconds: for what another thread does and tells nobody."""
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0.005)


def new_cid() -> str:
    return secrets.token_urlsafe(16)


def parse_frames(data: bytes) -> list[bytes]:
    """The payloads of whole unmasked text frames.

    Raises:
        AssertionError: for anything else, a cut frame too.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data):
        assert data[place] == 0x81, f"no whole text frame at {place}: {data[place : place + 20]!r}"
        size = data[place + 1]
        place += 2
        if size > 125:
            wide = 2 if size == 126 else 8
            size = int.from_bytes(data[place : place + wide], "big")
            place += wide
        found.append(data[place : place + size])
        assert len(found[-1]) == size, "a frame is cut"
        place += size
    return found


def decode(frames: Iterable[bytes]) -> list[events.Event]:
    """The events in these payloads; each must be one this version knows."""
    told = [codec.decode_event(frame) for frame in frames]
    assert None not in told
    return told  # type: ignore[return-value]


class Recorder(Client):
    """A connection that keeps what is written to it.

    Args:
        room_for: more unsent bytes than this fill it, until `drain`.
    """

    def __init__(
        self, hub: Hub, user: str, *, rooms: Iterable[str] = (LOBBY,), device: str = "d", room_for: float = float("inf")
    ) -> None:
        super().__init__()
        self.hub = hub
        self.user = user
        self.device = device
        self.rooms = set(rooms)
        self.writes: list[bytes] = []
        self.behind: dict[str, int] = {}
        self.caught_up: list[tuple[str, int]] = []
        self.shown: list[str] = []
        self.ended: tuple[int, str] | None = None
        self.breaks: Exception | None = None
        self._room_for = room_for
        self._unsent = 0
        self._full = False
        self._taken = 0

    # What the hub calls.

    def write(self, data: bytes) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.writes.append(data)
        self._unsent += len(data)
        if self._unsent > self._room_for and not self._full:
            self._full = True
            self.fall_behind(self.hub.set_behind(self))

    def unsent(self) -> int:
        return self._unsent if self._room_for != float("inf") else 0

    def filled(self) -> bool:
        return self._full

    def fall_behind(self, told: dict[str, int]) -> None:
        self.behind.update(told)

    def end(self, code: int, reason: str) -> None:
        self.ended = (code, reason)
        self.hub.leave(self)

    def catch_up(self, room: str, told: int) -> None:
        self.caught_up.append((room, told))

    def show_room(self, room: str) -> None:
        self.shown.append(room)

    # What tests call.

    def drain(self) -> dict[str, int]:
        """The socket took everything; the rooms it is behind in, and from where."""
        self._unsent = 0
        self._full = False
        behind, self.behind = self.behind, {}
        return behind

    def take(self) -> list[events.Event]:
        """What came since the last call."""
        new = self.writes[self._taken :]
        self._taken = len(self.writes)
        return decode(parse_frames(b"".join(new)))

    def take_rows(self) -> list[Message]:
        """The rows told since the last call; other events are dropped."""
        return [event.message for event in self.take() if isinstance(event, events.MessageTold)]  # type: ignore[misc]


class Desk:
    """A ledger with its hub, as `host.py` wires them. `outcomes` is what was told, in order."""

    def __init__(
        self,
        path: Path,
        *,
        waiting_limit: int = 5000,
        idle: Callable[[Transaction], bool] | None = None,
        purge: Callable[[Transaction], bool] | None = None,
        storage_changed: Callable[[str], None] | None = None,
        epoch: str = "epoch-1",
    ) -> None:
        self.path = path
        self.epoch = epoch
        self.outcomes: list[Outcome] = []
        self.ledger: Ledger
        self.hub: Hub
        self._options: dict[str, Any] = {
            "waiting_limit": waiting_limit,
            "idle": idle,
            "purge": purge,
            "storage_changed": storage_changed,
        }

    async def __aenter__(self) -> Self:
        schema.examine(self.path, thorough=True)
        self.ledger = Ledger(self.path, self._tell, **self._options)
        await self.ledger.open()
        await self.do(starting.do_start, self.epoch, None, None)
        self.hub = Hub(await self.read(history.everyone), await self.read(people.revs))
        self.outcomes.clear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hub.close()
        await self.ledger.close()

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.hub.publish(outcome)

    def do(
        self, action: Callable[Concatenate[Transaction, P], Outcome], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[Outcome]:
        return self.ledger.submit(action, *args, **kwargs)

    def read(self, query: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self.ledger.read(query, *args, **kwargs)

    async def sql(self, statement: str, *parameters: Any) -> list[Any]:
        """Run one statement on the writer, past all rules; its rows."""

        def do_sql(tx: Transaction) -> Outcome:
            return Outcome(reply=tx.all(statement, parameters))

        rows: list[Any] = (await self.do(do_sql)).reply
        return rows

    async def person(self, name: str | None = None, role: str = MEMBER) -> str:
        """Somebody new; their id."""
        name = name or f"Person {secrets.token_hex(6)}"
        outcome = await self.do(accounts.do_register, name, secrets.token_urlsafe(16), "", None, None, RULES)
        user: User = outcome.reply.user
        if role != MEMBER:
            await self.change_role(user.id, role)
        return user.id

    async def change_role(self, user: str, role: str) -> None:
        """Past all rules, told as a change of a role is."""

        def do_change(tx: Transaction) -> Outcome:
            tx.run("UPDATE users SET role = ? WHERE id = ?", (role, user))
            known = next(person for person in history.everyone(tx) if person.id == user)
            return Outcome(told=(UserTold(known),))

        await self.do(do_change)

    async def connect(self, user: str, **options: Any) -> Recorder:
        """A connection of theirs, live in its rooms from here on. Nothing may be on its way meanwhile."""
        client = Recorder(self.hub, user, **options)
        revs = await self.read(people.revs)
        self.hub.join(client)
        for room in client.rooms:
            assert self.hub.covers(room, revs[room])
            self.hub.go_live(client, room, revs[room])
        return client

    async def post(self, user: str, body: str = "Hello", room: str = LOBBY, **fields: Any) -> Message:
        outcome = await self.do(messages.do_post, user, post(body, room, **fields), RULES)
        assert outcome.row is not None
        return outcome.row

    async def edit(self, user: str, row: Message, body: str) -> Message:
        outcome = await self.do(messages.do_edit, user, Edit(ref=1, room=row.room, id=row.id, body=body), RULES)
        assert outcome.row is not None
        return outcome.row

    async def delete(self, user: str, row: Message) -> Message:
        outcome = await self.do(messages.do_delete, user, Delete(ref=1, room=row.room, id=row.id))
        assert outcome.row is not None
        return outcome.row

    async def react(self, user: str, row: Message, emoji: str = "👍", on: bool = True) -> Message:
        outcome = await self.do(messages.do_react, user, React(ref=1, room=row.room, id=row.id, emoji=emoji, on=on))
        assert outcome.row is not None
        return outcome.row

    async def pin(self, user: str, row: Message, on: bool = True) -> Message:
        outcome = await self.do(messages.do_pin, user, Pin(ref=1, room=row.room, id=row.id, on=on))
        assert outcome.row is not None
        return outcome.row

    async def index(self) -> None:
        """Bring the text index up to date."""

        def do_index(tx: Transaction) -> Outcome:
            while search.index_batch(tx):
                pass
            return Outcome()

        await self.do(do_index)

    async def add_room(self, room: str, *users: str, private: bool = True) -> None:
        """A room past all rules, with these members; the hub is not told."""
        await self.sql(
            "INSERT INTO rooms (id, name, topic, kind, private, created_at) VALUES (?, ?, '', 'room', ?, 1)",
            room,
            room,
            int(private),
        )
        for user in users:
            await self.sql("INSERT INTO memberships (room, user, since) VALUES (?, ?, 1)", room, user)


def post(body: str = "Hello", room: str = LOBBY, **fields: Any) -> Post:
    """A post command; `cid` is new unless given."""
    return msgspec.structs.replace(Post(ref=1, room=room, cid=new_cid(), body=body), **fields)
