"""A session against hosts that fail in one way each, and against the real one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mrsambosk_desktop.net import session as session_module
from mrsambosk_desktop.net.connection import Unreachable, Why, dial
from mrsambosk_desktop.net.http import register
from mrsambosk_desktop.net.session import Comeback, End, Ended, Session, ended_by
from mrsambosk_protocol.commands import History, Ping, Post, Read
from mrsambosk_protocol.events import Done, Live, MessageTold, Page, Refusal, Sync
from mrsambosk_protocol.invite import Address
from mrsambosk_protocol.limits import Close, Refused
from mrsambosk_protocol.requests import Register
from tests.helpers.host_process import HostProcess
from tests.helpers.scripted_host import Line, scripted_host

Script = Callable[[Line], Awaitable[None]]


async def opened(address: Address) -> Session:
    connection, _ = await dial([address])
    return Session(connection)


def run(script: Script, client: Callable[[Session], Awaitable[None]]) -> None:
    """Both ends, for at most ten seconds."""

    async def both() -> None:
        async with asyncio.timeout(10), scripted_host(script) as address:
            session = await opened(address)
            try:
                await client(session)
            finally:
                await session.aclose()

    asyncio.run(both())


def test_replies_go_to_who_asked_whatever_their_order() -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        refs = [(await line.hear()).ref for _ in range(3)]
        await line.say(
            Refusal(ref=refs[2], code="rate_limited", text="Wait.", retry_after=1.5),
            Done(ref=refs[1], rev=2),
            Refusal(ref=None, code="bad_json", text="?"),
            Done(ref=99, rev=9),
            Done(ref=refs[0], rev=1),
        )
        await line.hear()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        asked = [session.request(Read(ref=1, room="lobby", id=id)) for id in range(3)]
        first, second, third = await asyncio.gather(*asked, return_exceptions=True)
        assert first == Done(ref=2, rev=1)
        assert second == Done(ref=3, rev=2)
        assert isinstance(third, Refused)
        assert (third.code, third.text, third.retry_after) == ("rate_limited", "Wait.", 1.5)

    run(script, client)


def test_a_code_of_a_later_version_is_refused_for_good() -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.say(Refusal(ref=(await line.hear()).ref, code="teapot", text="I am a teapot."))
        await line.hear()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        with pytest.raises(Refused, match="teapot"):
            await session.request(Read(ref=1, room="lobby", id=1))

    run(script, client)


def test_what_waits_for_a_reply_hears_of_the_end_and_events_are_taken_first() -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.hear()
        await line.say(Live())
        await line.socket.close(Close.RESTARTING)

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        with pytest.raises(Ended) as ended:
            await session.request(Read(ref=1, room="lobby", id=1))
        assert ended.value.comeback is Comeback.BACK_OFF
        assert await session.events() == [Live()]
        with pytest.raises(Ended):
            await session.events()
        with pytest.raises(Ended):
            await session.request(Read(ref=1, room="lobby", id=1))

    run(script, client)


def test_a_host_that_does_not_answer_a_ping_is_left_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "CLIENT_PING_ACTIVE_SECONDS", 0.2)
    monkeypatch.setattr(session_module, "CLIENT_PONG_SECONDS", 0.3)

    async def script(line: Line) -> None:
        await line.welcome()
        ping = await line.hear()
        assert isinstance(ping, Ping)
        await line.say(Done(ref=ping.ref))
        await line.hear()
        await line.socket.wait_closed()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        begun = time.monotonic()
        with pytest.raises(Ended) as ended:
            await session.events()
        assert ended.value.why is End.SILENT
        assert 0.6 < time.monotonic() - begun < 5

    run(script, client)


def test_a_full_line_is_not_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "CLIENT_PING_ACTIVE_SECONDS", 0.05)
    monkeypatch.setattr(session_module, "CLIENT_PONG_SECONDS", 0.4)

    async def script(line: Line) -> None:
        await line.welcome()
        ping = await line.hear()
        assert isinstance(ping, Ping)
        for rev in range(1, 11):
            # The slowness of the line is what is tried: its bytes come one by one, over longer than a pong may take.
            await asyncio.sleep(0.1)
            await line.say(MessageTold(room="lobby", rev=rev))
        await line.say(Done(ref=ping.ref), Live())
        await line.socket.wait_closed()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        while Live() not in await session.events():
            pass

    run(script, client)


def test_an_idle_window_pings_less_and_a_woken_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "CLIENT_PING_ACTIVE_SECONDS", 0.1)
    monkeypatch.setattr(session_module, "CLIENT_PING_IDLE_SECONDS", 60.0)
    woken = asyncio.Event()

    async def script(line: Line) -> None:
        await line.welcome()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await line.hear()
        woken.set()
        ping = await line.hear()
        assert isinstance(ping, Ping)
        await line.say(Done(ref=ping.ref), Live())
        await line.socket.wait_closed()

    async def client(session: Session) -> None:
        session.set_active(False)
        await session.greet("token", None, {})
        await woken.wait()
        session.set_active(True)
        assert await session.events() == [Live()]

    run(script, client)


@pytest.mark.parametrize("frame", ["no json", "[]", '{"type": "sync", "room": 5}'])
def test_what_is_no_host_is_left_and_tried_again_later(frame: str) -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.socket.send(frame)
        await line.socket.wait_closed()
        assert line.socket.close_code == Close.MALFORMED

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        with pytest.raises(Ended) as ended:
            await session.events()
        assert ended.value.why is End.NO_HOST

    run(script, client)


def test_what_is_not_known_is_ignored() -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.socket.send('{"type": "of_a_later_version", "x": 1}')
        await line.socket.send('{"type": "live", "more": "fields"}')
        await line.socket.wait_closed()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        assert await session.events() == [Live()]

    run(script, client)


@pytest.mark.parametrize(
    ("code", "comeback"),
    [
        (None, Comeback.BACK_OFF),
        *((code, Comeback.BACK_OFF) for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4999)),
        *((code, Comeback.NEVER) for code in (4001, 4002, 4003, 4004, 4005)),
        (4006, Comeback.AFTER_FLOODING),
        (4008, Comeback.AT_ONCE),
    ],
)
def test_each_close_code_has_its_comeback(code: int | None, comeback: Comeback) -> None:
    assert ended_by(code).comeback is comeback


def test_the_hosts_own_sentence_comes_with_a_refused_hello() -> None:
    async def script(line: Line) -> None:
        hello = await line.hear()
        assert not hasattr(hello, "body")
        await line.say(Refusal(ref=1, code="banned", text="You were banned until tomorrow."))
        await line.socket.close(Close.REMOVED)

    async def client(session: Session) -> None:
        with pytest.raises(Ended) as ended:
            await session.greet("token", None, {})
        assert (ended.value.comeback, ended.value.why) == (Comeback.NEVER, End.REMOVED)
        assert ended.value.text == "You were banned until tomorrow."

    run(script, client)


def test_a_slow_reader_stops_reading_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_WAITING_EVENTS", 10)

    async def script(line: Line) -> None:
        await line.welcome()
        for rev in range(1, 2001):
            await line.say(MessageTold(room="lobby", rev=rev))
        await line.socket.wait_closed()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        seen: list[int] = []
        while len(seen) < 2000:
            events = await session.events()
            assert len(events) <= 11
            seen += [event.rev for event in events if isinstance(event, MessageTold)]
        assert seen == list(range(1, 2001))

    run(script, client)


def test_addresses_are_tried_in_turn_and_say_why_none_led_anywhere() -> None:
    async def script(line: Line) -> None:
        await line.welcome()

    async def both() -> None:
        dead = Address("127.0.0.1", 1)
        async with asyncio.timeout(20), scripted_host(script) as address:
            connection, answered = await dial([dead, address])
            assert answered == address
            await connection.close()
            with pytest.raises(Unreachable) as failed:
                await dial([dead])
            assert (failed.value.why, failed.value.address) == (Why.SILENT, dead)
            with pytest.raises(Unreachable):
                await dial([])

        async def greet_and_go(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(greet_and_go, "127.0.0.1", 0)
        async with server:
            other = Address("127.0.0.1", server.sockets[0].getsockname()[1])
            with pytest.raises(Unreachable) as failed:
                await dial([other])
            assert failed.value.why is Why.NO_HOST
            with pytest.raises(Unreachable) as failed:
                await register(other, Register(name="Avi"))
            assert failed.value.why is Why.NO_HOST

    asyncio.run(both())


def test_with_a_real_host_from_registering_to_history(tmp_path: Path) -> None:
    async def client(address: Address) -> None:
        avi = await register(address, Register(name="Avi", device="test"))
        with pytest.raises(Refused) as taken:
            await register(address, Register(name="avi"))
        assert taken.value.code == "name_taken"
        session = await opened(address)
        welcome = await session.greet(avi.token, None, {})
        assert welcome.you.name == "Avi"
        events = await session.events()
        while not any(isinstance(event, Live) for event in events):
            events += await session.events()
        sync = next(event for event in events if isinstance(event, Sync))
        assert sync.reset
        done = await session.request(Post(ref=1, room="lobby", cid="c" * 16, body="hello"))
        assert isinstance(done, Done)
        page = await session.request(History(ref=1, room="lobby"))
        assert isinstance(page, Page)
        assert page.messages[-1].body == "hello"
        await session.aclose()
        with pytest.raises(Ended):
            await session.request(Ping(ref=1))
        again = await opened(address)
        await again.greet(avi.token, welcome.epoch, {"lobby": sync.rev})
        (resumed, *_) = await again.events()
        assert isinstance(resumed, Sync)
        assert not resumed.reset
        await again.aclose()
        stranger = await opened(address)
        with pytest.raises(Ended) as ended:
            await stranger.greet("no-such-token", None, {})
        assert ended.value.why is End.UNKNOWN_DEVICE
        await stranger.aclose()

    with HostProcess(tmp_path / "data") as host:
        asyncio.run(asyncio.wait_for(client(Address("127.0.0.1", host.port)), 20))


def test_a_check_asks_at_once_however_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "CLIENT_PING_IDLE_SECONDS", 3600.0)
    asked = asyncio.Event()

    async def script(line: Line) -> None:
        await line.welcome()
        for _ in range(2):
            ping = await line.hear()
            assert isinstance(ping, Ping)
            await line.say(Done(ref=ping.ref))
            asked.set()
        await line.hear()

    async def client(session: Session) -> None:
        await session.greet("token", None, {})
        session.set_active(False)
        for _ in range(2):
            session.check()
            await asked.wait()
            asked.clear()

    run(script, client)
