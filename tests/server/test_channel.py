"""Keepalive, clients that take nothing, and frames of every kind, over real sockets and with made-up times."""

import asyncio
import random
from pathlib import Path

import pytest

from mrsambosk_protocol import events
from mrsambosk_protocol.limits import (
    HOST_PING_SECONDS,
    HOST_PONG_SECONDS,
    LOBBY,
    STALLED_SECONDS,
    UNSENT_BYTES,
)
from mrsambosk_server import history
from tests.helpers.server_desk import on_loop, until
from tests.helpers.server_host import Hosted, Peer, hosted, masked

BIG = "x" * 4000


def now() -> float:
    return asyncio.get_running_loop().time()


async def revs_up_to(peer: Peer, rev: int, after: int) -> list[int]:
    """Revisions told in frames and pages, from the one after a cursor, until `rev` came."""
    revs: list[int] = []
    while not revs or revs[-1] < rev:
        match await peer.event():
            case events.MessageTold(rev=told):
                revs.append(told)
            case events.Sync(messages=rows, rev=_end):
                revs += [row.rev for row in rows]
    assert revs[0] == after + 1
    return revs


async def stall(host: Hosted, peer: Peer, author: str) -> int:
    """Post until a peer that reads nothing is full; the last rev."""
    session, rev = host.session_of(peer), 0
    while not session.filled():
        rev = max(await asyncio.gather(*(host.post(author, BIG) for _ in range(50))))
    return rev


@on_loop
async def test_a_ping_that_is_not_answered_ends_the_connection(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            channel, start = host.channel_of(peer), now()
            channel.tick(start + HOST_PING_SECONDS + 0.1)
            assert await peer.frame() == (9, b"")
            channel.tick(start + HOST_PING_SECONDS + HOST_PONG_SECONDS)
            assert channel.open
            channel.tick(start + HOST_PING_SECONDS + HOST_PONG_SECONDS + 0.2)
            assert await peer.close_code() == 0, "cut, not closed: nobody is there to read a close"
            await until(lambda: not host.sessions)


@on_loop
async def test_a_pong_or_anything_else_keeps_it(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            channel, time = host.channel_of(peer), now()
            for answer in (masked(10, b""), host.command(type="ping")):
                time += HOST_PING_SECONDS + 0.1
                channel.tick(time)
                assert (await peer.frame())[0] == 9
                await peer.send(answer)
                await until(lambda: channel._pinged_at is None)
                channel.tick(time + HOST_PONG_SECONDS + 0.1)
                assert channel.open
            assert isinstance(await peer.event(), events.Done)


@on_loop
async def test_a_client_that_takes_nothing_is_set_behind_and_later_closed_and_others_notice_nothing(
    tmp_path: Path,
) -> None:
    async with hosted(tmp_path) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket(receive_buffer=4096) as stuck, host.websocket() as other:
            await host.join(stuck, anna.token)
            await host.join(other, ben.token)
            reading = asyncio.create_task(revs_up_to(other, 2000, 0))
            session, channel = host.session_of(stuck), host.channel_of(stuck)
            rev = await stall(host, stuck, ben.id)
            assert not host.hub.is_live(session, LOBBY)
            full = channel.unsent()
            assert UNSENT_BYTES < full < UNSENT_BYTES + 64 * 4500, "one turn's frames over the limit, at most"
            for _ in range(rev, 2000):
                await host.post(ben.id, "more")
            assert channel.unsent() < full + 64 * 1024, "nothing more is kept for it"
            assert await reading == list(range(1, 2001))
            start = now()
            channel.tick(start)
            channel.tick(start + STALLED_SECONDS - 0.1)
            assert channel.open
            channel.tick(start + STALLED_SECONDS + 0.1)
            assert not channel.open
            assert session not in host.sessions
            assert host.hub.user(anna.id).status == "offline"
            # Should it wake up, it learns all that was on its way, and why.
            assert await stuck.close_code() == 4008


@on_loop
async def test_a_client_that_wakes_up_in_time_misses_nothing(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket(receive_buffer=4096) as slow:
            await host.join(slow, anna.token)
            channel, session = host.channel_of(slow), host.session_of(slow)
            await stall(host, slow, ben.id)
            for _ in range(700):
                last = await host.post(ben.id, BIG)
            start = now()
            channel.tick(start)
            assert await revs_up_to(slow, last, 0) == list(range(1, last + 1)), "each once, in order"
            await until(lambda: host.hub.is_live(session, LOBBY))
            channel.tick(start + STALLED_SECONDS + 0.1)
            assert channel.open
            await host.post(ben.id, "live again")
            assert isinstance(await slow.until(events.MessageTold), events.MessageTold)


@on_loop
async def test_a_client_that_trickles_is_not_taken_for_stalled(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket(receive_buffer=4096) as slow:
            await host.join(slow, anna.token)
            channel = host.channel_of(slow)
            await stall(host, slow, ben.id)
            time = now()
            channel.tick(time)
            for _ in range(5):
                before = channel.unsent()
                while channel.unsent() == before:
                    assert await slow.receive(65536)
                time += STALLED_SECONDS - 0.1
                channel.tick(time)
                assert channel.open


@on_loop
async def test_who_asks_for_pages_and_takes_none_does_not_fill_the_memory(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        for _ in range(100):
            await host.post(anna.id, "\x01" * 4000)
        with host.websocket(receive_buffer=4096) as greedy:
            await host.join(greedy, anna.token, epoch=host.door.services.epoch, have={LOBBY: 100})
            session, channel = host.session_of(greedy), host.channel_of(greedy)
            asks = b"".join(host.command(type="history", room=LOBBY, limit=100, ref=ref) for ref in range(1, 9))
            await greedy.send(asks)
            await until(session.filled)
            await until(lambda: channel._transport.is_reading() is False)
            for _ in range(20):
                # Behind whatever else was to be read.
                await host.ledger.read(history.room_rev, anna.id, LOBBY)
            # A page is 2.4 MB here: one that fills the socket, and no second one before it has left.
            assert channel.unsent() < UNSENT_BYTES + 2_500_000
            refs = [(await greedy.until(events.Page)).ref for _ in range(8)]  # type: ignore[attr-defined]
            assert sorted(refs) == list(range(1, 9)), "each is answered, once"
            await until(channel._transport.is_reading)


@on_loop
async def test_with_64_unanswered_the_socket_is_not_read(tmp_path: Path) -> None:
    async with hosted(tmp_path, commands_unanswered=4) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            channel = host.channel_of(peer)
            with_posts = [
                host.command(type="post", room=LOBBY, cid=f"cid-of-16-letters-{ref}", body="x", ref=ref)
                for ref in range(1, 101)
            ]
            await peer.send(b"".join(with_posts))
            done: list[int] = []
            while len(done) < 100:
                event = await peer.event()
                if isinstance(event, events.Done):
                    done.append(event.ref)
            assert done == list(range(1, 101))
            await until(channel._transport.is_reading)


@on_loop
async def test_a_process_that_was_stopped_excuses_its_clients(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket(receive_buffer=4096) as stuck:
            await host.join(stuck, anna.token)
            channel = host.channel_of(stuck)
            await stall(host, stuck, ben.id)
            start = now()
            channel.tick(start)
            host.door._round_at = start - 90.0
            host.door._make_round()
            host.door._round_timer.cancel()
            assert channel.open
            channel.excuse(start + 90.0)
            channel.tick(start + 90.0 + STALLED_SECONDS - 0.1)
            assert channel.open


# Frames.


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(2, b"{}"), 1003),
        (masked(1, b"\xff\xfe"), 1007),
        (masked(1, b"\xed\xa0\x80"), 1007),
        (masked(1, b"a" * 65537), 1009),
        (masked(1, b"a" * 60000, final=False) + masked(0, b"a" * 6000), 1009),
        (masked(3, b""), 1002),
        (masked(11, b""), 1002),
        (b"\x81\x02{}", 1002),
        (b"\xc1\x82" + bytes(4) + b"{}", 1002),
        (masked(9, b"x" * 126), 1002),
        (masked(9, b"", final=False), 1002),
        (masked(0, b"{}"), 1002),
        (masked(8, b"\x03"), 1002),
        (masked(8, b"\x03\xe8bye"), 1000),
        (masked(8, b""), 1005),
    ],
)
@on_loop
async def test_what_breaks_the_framing_closes_with_its_code(tmp_path: Path, frame: bytes, code: int) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            await peer.send(frame + host.command(type="ping", ref=7))
            opcode, payload = await peer.frame()
            assert opcode == 8, "and nothing is answered after it"
            assert (int.from_bytes(payload[:2], "big") if payload else 1005) == code
        await until(lambda: not host.sessions)


@on_loop
async def test_a_message_in_fragments_with_a_ping_between_is_one(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            text = '{"type":"post","ref":3,"room":"lobby","cid":"cid-of-16-letters","body":"Grüße 🌍"}'.encode()
            middle = text.index("🌍".encode()) + 2
            await peer.send(masked(1, text[:middle], final=False))
            await peer.send(masked(9, b"are you there"))
            assert await peer.frame() == (10, b"are you there")
            await peer.send(masked(0, text[middle:-1], final=False) + masked(0, text[-1:]))
            told = await peer.until(events.MessageTold)
            assert isinstance(told, events.MessageTold)
            assert told.message.body == "Grüße 🌍"  # type: ignore[union-attr]


@on_loop
async def test_frames_cut_anywhere_are_put_together(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna = await host.person()
        with host.websocket() as peer:
            await host.join(peer, anna.token)
            data = b"".join(host.command(type="ping", ref=ref) for ref in range(1, 51))
            source = random.Random(7)
            while data:
                size = source.randint(1, 60)
                await peer.send(data[:size])
                data = data[size:]
                await asyncio.sleep(0)
            assert [(await peer.until(events.Done)).ref for _ in range(50)] == list(range(1, 51))  # type: ignore[attr-defined]


@on_loop
async def test_a_connection_cut_without_a_word_is_forgotten(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        anna, ben = await host.person(), await host.person()
        with host.websocket() as stays:
            await host.join(stays, ben.token)
            for _ in range(5):
                with host.websocket() as peer:
                    await host.join(peer, anna.token)
            await until(lambda: len(host.sessions) == 1)
            await host.post(anna.id)
            assert isinstance(await stays.until(events.MessageTold), events.MessageTold)
            await until(lambda: len(host.door.channels) == 1)
