"""A small raw client of the protocol that checks, frame by frame, what the protocol promises of every frame.

    anna = register(host, "Anna")
    async with WireClient(host, anna.token) as client:          # says hello, waits for `live`
        done = await client.call("post", room="lobby", cid=new_cid(), body="Hello")
        told = await client.next("message", rev=done["rev"])

It keeps what it is told by the five rules of *One idea carries sync*, so that each test also proves that
revisions are dense, pages are in order, and nothing comes before its turn. It knows nothing of the server's code.
"""

import asyncio
import http.client
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_shapes import check_event

SUBPROTOCOL = "mrsambosk.v1"
SECONDS = 10.0
SYNC_BYTES = 512 * 1024


class Person(NamedTuple):
    """Someone registered at a host."""

    id: str
    name: str
    token: str


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The `code` of a problem document, which it must be, with the status it came with."""
        assert self.headers.get_content_type() == "application/problem+json", (self.status, self.headers, self.body)
        problem = self.json
        assert problem["status"] == self.status, problem
        assert isinstance(problem.get("title") or problem.get("detail"), str), problem
        assert "Traceback" not in self.body.decode(), problem
        code = problem["code"]
        assert isinstance(code, str)
        return code


class Room:
    """What a client keeps of one room."""

    def __init__(self, cursor: int | None = None) -> None:
        self.fresh = cursor is None
        self.cursor = cursor or 0
        self.rows: dict[int, dict[str, Any]] = {}
        self.live = False
        self.resets = 0
        self.pages = 0
        self.told: list[int] = []

    def store(self, row: dict[str, Any]) -> None:
        """Newer wins."""
        known = self.rows.get(row["id"])
        if known is None or known["rev"] < row["rev"]:
            self.rows[row["id"]] = row


def new_cid() -> str:
    return secrets.token_urlsafe(16)


def new_name(word: str = "Guest") -> str:
    """A name nobody on the host has yet."""
    return f"{word} {secrets.token_hex(5)}"


def request(
    host: HostProcess,
    method: str,
    path: str,
    *,
    token: str | None = None,
    data: Any = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    source: str = "127.0.0.1",
) -> Answer:
    """One HTTP request on a connection of its own: `data` goes as JSON, `form` as a form, `body` as it is.

    `source` is the address it comes from: on Linux any of 127.x is ours.
    """
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if data is not None:
        body = json.dumps(data).encode()
        sent.setdefault("Content-Type", "application/json")
    elif form is not None:
        body = urlencode(form).encode()
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=SECONDS, source_address=(source, 0))
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def register(host: HostProcess, name: str | None = None, **fields: Any) -> Person:
    """A new member; a name nobody has unless one is given.

    Raises:
        AssertionError: the host refused.
    """
    answer = request(host, "POST", "/api/v1/register", data={"name": name or new_name(), **fields})
    assert answer.status == 201, answer
    user, token = answer.json["user"], answer.json["token"]
    return Person(user["id"], user["name"], token)


async def eventually(ask: Callable[[], Awaitable[Any]], seconds: float = SECONDS) -> Any:
    """Ask again until the answer is true: for what the host does in its own time and tells nobody."""
    deadline = time.monotonic() + seconds
    while not (answer := await ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        await asyncio.sleep(0.02)
    return answer


class WireClient:
    """One WebSocket. As a context manager it connects and, given a token, says hello and waits until it is live.

    Args:
        host: where to.
        token: None connects as a stranger, who says nothing.
        epoch, have: what `hello` carries of an earlier connection.
        live: whether entering waits for `live` (else only for the upgrade, and `hello` is sent).
        checked: whether each frame is held against the rules (off for tests that break them on purpose).
        options: further arguments of ``websockets.connect``, such as `origin` or `local_addr`.
    """

    def __init__(
        self,
        host: HostProcess,
        token: str | None = None,
        *,
        epoch: str | None = None,
        have: dict[str, int] | None = None,
        live: bool = True,
        checked: bool = True,
        **options: Any,
    ) -> None:
        self.host = host
        self.token = token
        self.have = have
        self.epoch = epoch
        self.welcome: dict[str, Any] = {}
        self.rooms: dict[str, Room] = {}
        self.log: list[dict[str, Any]] = []
        self.largest_sync = 0
        self._live = live
        self._checked = checked
        self._options = options
        self._unread: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self._refs = itertools.count(1)
        self._fault: BaseException | None = None
        self._reader: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None

    @property
    def socket(self) -> ClientConnection:
        assert self._socket is not None
        return self._socket

    @property
    def lobby(self) -> Room:
        return self.rooms["lobby"]

    @property
    def you(self) -> dict[str, Any]:
        """The user this connection is."""
        you = self.welcome["you"]
        assert isinstance(you, dict)
        return you

    def reader_of(self, room: str = "lobby") -> dict[str, Any]:
        """Where this person stood in a room at `welcome`."""
        return next(it["you"] for it in self.welcome["rooms"] if it["id"] == room)

    # Opening and closing.

    async def open(self) -> None:
        """Connect and upgrade.

        Raises:
            websockets.exceptions.InvalidStatus: the host answered with a plain response.
        """
        self._socket = await connect(
            self.host.ws_url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=None,
            max_size=None,
            ping_interval=None,
            open_timeout=SECONDS,
            close_timeout=2,
            **self._options,
        )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def __aenter__(self) -> Self:
        try:
            await self.open()
            if self.token is not None:
                await self.send_hello()
                if self._live:
                    await self.wait_live()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if kind is None and self._fault is not None:
            raise self._fault

    async def close(self) -> None:
        """Leave, and end the reader."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.wait_for(self._reader, SECONDS)
            self._reader = None

    def cut(self) -> None:
        """Drop the connection without a word, as a network does."""
        self.socket.transport.abort()

    async def closed(self, seconds: float = SECONDS) -> int:
        """Wait until the host has closed; its close code (1006 when it just dropped the connection)."""
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        if self._reader is not None:
            await asyncio.wait_for(asyncio.shield(self._reader), SECONDS)
        code = self.socket.close_code
        assert code is not None
        return code

    # Saying.

    async def send_hello(self, **fields: Any) -> int:
        """Send `hello`; a field given as `...` is left out. Its ref."""
        hello: dict[str, Any] = {"ref": next(self._refs), "protocol": [1], "client": "wire/1", "token": self.token}
        if self.epoch is not None:
            hello["epoch"] = self.epoch
        if self.have is not None:
            hello["have"] = self.have
        hello |= fields
        hello = {key: value for key, value in hello.items() if value is not ...}
        await self.send("hello", **hello)
        return hello.get("ref", 0)  # type: ignore[no-any-return]

    async def send(self, kind: str, **fields: Any) -> None:
        await self.send_raw(json.dumps({"type": kind, **fields}))

    async def send_raw(self, frame: str | bytes, *, text: bool | None = None) -> None:
        """Any frame: a str as text, bytes as binary unless `text`."""
        await self.socket.send(frame, text=text)

    async def start(self, kind: str, **fields: Any) -> int:
        """Send a command without waiting; its ref."""
        ref = next(self._refs)
        await self.send(kind, ref=ref, **fields)
        return ref

    async def call(self, kind: str, *, seconds: float = SECONDS, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its one reply, whichever it is."""
        return await self.reply(await self.start(kind, **fields), seconds=seconds)

    async def done(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command that must be carried out; its `done`."""
        reply = await self.call(kind, **fields)
        assert reply["type"] == "done", reply
        return reply

    async def refused(self, kind: str, **fields: Any) -> str:
        """Send a command that must be refused; the code."""
        reply = await self.call(kind, **fields)
        assert reply["type"] == "refused", reply
        return reply["code"]  # type: ignore[no-any-return]

    async def post(self, body: str = "Hello", room: str = "lobby", **fields: Any) -> dict[str, Any]:
        """Post something new; its `done`."""
        fields.setdefault("cid", new_cid())
        return await self.done("post", room=room, body=body, **fields)

    async def page(self, room: str = "lobby", **fields: Any) -> dict[str, Any]:
        """The `page` of a `history`."""
        reply = await self.call("history", room=room, **fields)
        assert reply["type"] == "page", reply
        return reply

    async def row(self, id: int, room: str = "lobby") -> dict[str, Any]:
        """One message as the host has it now."""
        reply = await self.call("get", room=room, ids=[id])
        assert reply["type"] == "page", reply
        (row,) = reply["messages"]
        return row  # type: ignore[no-any-return]

    async def settle(self) -> int:
        """Wait until all that was told to this connection before now has come; how many frames came so far."""
        await self.done("ping")
        return len(self.log)

    # Hearing.

    async def wait_live(self, seconds: float = SECONDS) -> None:
        await self.next("live", seconds=seconds)

    async def reply(self, ref: int | None, *, seconds: float = SECONDS) -> dict[str, Any]:
        """The reply to `ref` (None: a refusal without one)."""
        return await self._take(lambda event: "ref" in event and event["ref"] == ref, f"a reply to {ref}", seconds)

    async def next(self, kind: str, *, seconds: float = SECONDS, **fields: Any) -> dict[str, Any]:
        """The first event of this kind with these fields that no other call has taken.

        Raises:
            AssertionError: none came in time, the connection closed first, or a frame broke a rule.
        """

        def fits(event: dict[str, Any]) -> bool:
            return event["type"] == kind and all(event.get(name, ...) == value for name, value in fields.items())

        return await self._take(fits, f"{kind} {fields}", seconds)

    async def first(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The oldest event that no other call has taken."""
        return await self._take(lambda event: True, "anything", seconds)

    async def told(self, id: int, seconds: float = SECONDS, **fields: Any) -> dict[str, Any]:
        """The next `message` about this row that carries these values; the row."""

        def fits(event: dict[str, Any]) -> bool:
            row = event.get("message") if event["type"] == "message" else None
            return row is not None and row["id"] == id and all(row[name] == value for name, value in fields.items())

        event = await self._take(fits, f"a message {id} {fields}", seconds)
        return event["message"]  # type: ignore[no-any-return]

    def heard(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """All events of a kind, taken or not, from that place of `log` on."""
        return [event for event in self.log[since:] if event["type"] == kind]

    async def _take(self, fits: Callable[[dict[str, Any]], bool], what: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
            for place, event in enumerate(self._unread):
                if fits(event):
                    return self._unread.pop(place)
            if self._reader is None or self._reader.done():
                raise AssertionError(f"closed with {self.socket.close_code} before {what} came; heard {self._tail()}")
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), deadline - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"no {what} within {seconds} s; heard {self._tail()}") from None

    def _tail(self) -> str:
        return json.dumps(self.log[-5:], ensure_ascii=False)[-2000:]

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                assert isinstance(frame, str), f"a binary frame: {frame[:100]!r}"
                event = json.loads(frame, parse_constant=_no_constant)
                if event["type"] == "sync":
                    self.largest_sync = max(self.largest_sync, len(frame.encode()))
                if self._checked:
                    check_event(event)
                    self._follow(event, len(frame.encode()))
                self.log.append(event)
                self._unread.append(event)
                self._arrived.set()
        except ConnectionClosed:
            pass
        except Exception as fault:  # a rule broken: told to whoever waits next, or on leaving
            self._fault = fault
        finally:
            self._arrived.set()

    # The rules.

    def _follow(self, event: dict[str, Any], size: int) -> None:
        kind = event["type"]
        if not self.welcome:
            assert kind in ("welcome", "refused"), f"{kind} before welcome"
        if kind == "welcome":
            assert not self.welcome, "a second welcome"
            self.welcome = event
            have = self.have or {}
            self.rooms = {room["id"]: Room(have.get(room["id"])) for room in event["rooms"]}
        elif kind == "room":
            self.rooms.setdefault(event["room"]["id"], Room())
        elif kind == "room_gone":
            del self.rooms[event["room"]]
        elif kind == "live":
            assert all(room.live for room in self.rooms.values()), "live before every room was synced"
        elif kind == "sync":
            self._follow_sync(event, size)
        elif kind == "message":
            room = self.rooms[event["room"]]
            assert room.live, "a message of a room before its last sync page"
            assert event["rev"] == room.cursor + 1, f"rev {event['rev']} after {room.cursor}: not dense"
            room.cursor = event["rev"]
            room.told.append(event["rev"])
            if "message" in event:
                row = event["message"]
                assert row["rev"] == event["rev"], event
                assert row["room"] == event["room"], event
                room.store(row)

    def _follow_sync(self, event: dict[str, Any], size: int) -> None:
        room = self.rooms[event["room"]]
        rows, rev = event["messages"], event["rev"]
        revs = [row["rev"] for row in rows]
        assert all(row["room"] == event["room"] for row in rows)
        assert revs == sorted(set(revs)), f"a page out of order: {revs}"
        assert len(rows) <= 500, f"a page of {len(rows)} rows"
        assert event["reset"] or not room.fresh, "a room that is new to me did not start with reset"
        room.fresh = False
        if event["reset"]:
            # Fifty rows of the longest bodies are more than 512 KiB; "its newest 50 rows" is the plainer promise.
            assert len(rows) <= 50, f"a reset of {len(rows)} rows"
            assert event["more"] is False, "a reset with more pages"
            room.rows.clear()
            room.resets += 1
        else:
            assert size <= SYNC_BYTES, f"a page of {size} bytes"
            assert not revs or revs[0] > room.cursor, f"rows from {revs[0]} after the cursor {room.cursor}"
            assert rev >= room.cursor, f"the cursor goes back from {room.cursor} to {rev}"
        assert not revs or revs[-1] <= rev, f"a row of rev {revs[-1]} in a page up to {rev}"
        if event["more"]:
            assert rows, "an empty page with more to come"
            assert rev == revs[-1], f"rows between {revs[-1]} and {rev} would be passed over"
        for row in rows:
            room.store(row)
        room.cursor = rev
        room.pages += 1
        room.live = not event["more"]


def check_dense(rows: Iterable[Mapping[str, Any]], first: int, last: int) -> None:
    """That each revision from `first` to `last` is the present one of some row, where nothing was changed twice."""
    revs = sorted(row["rev"] for row in rows)
    assert revs == list(range(first, last + 1)), f"revisions {first}..{last} are not dense: {revs}"


def _no_constant(word: str) -> Any:
    raise AssertionError(f"{word} on the wire")
