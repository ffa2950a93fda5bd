"""The fan-out: one write a client and turn, live or behind, nothing twice or missing, whatever the order of things."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from mrsambosk_protocol import events
from mrsambosk_protocol.entities import AWAY, BUSY, OFFLINE, ONLINE, Message, User, You
from mrsambosk_protocol.limits import LOBBY, SMALL_COMPANY
from mrsambosk_server.hub import Hub, text_frame
from mrsambosk_server.outcome import BulkTold, Ended, MembershipTold, Outcome, ReadTold, RoomTold, RowTold, UserTold
from tests.helpers.server_desk import Recorder, decode, on_loop, parse_frames

ExpectLog = Callable[..., None]


def row(rev: int, room: str = LOBBY, id: int | None = None) -> Message:
    return Message(id=id or rev, room=room, rev=rev, author="u_a", body=f"message {rev}")


def told(*revs: int, room: str = LOBBY) -> Outcome:
    return Outcome(told=tuple(RowTold(room, rev, row(rev, room)) for rev in revs))


def make_hub(*names: str, revs: dict[str, int] | None = None) -> Hub:
    return Hub([User(id=f"u_{name}", name=name.title()) for name in names or "abc"], revs or {LOBBY: 0})


def join(hub: Hub, user: str = "u_a", *, at: int | None = 0, **options: Any) -> Recorder:
    """A connection; live in its rooms from `at`, or behind with None."""
    client = Recorder(hub, user, **options)
    hub.join(client)
    if at is not None:
        for room in client.rooms:
            hub.go_live(client, room, at)
    return client


def revs_of(client: Recorder) -> list[int]:
    return [event.rev for event in client.take() if isinstance(event, events.MessageTold)]


async def turn() -> None:
    """Let the loop go round once."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_frame_is_what_a_parser_reads(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    assert parse_frames(text_frame(payload[:size]) + text_frame(b"{}")) == [payload[:size], b"{}"]


# Fan-out.


@pytest.fixture(autouse=True)
def no_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush that the machine held up must not make the next one wait: these tests count turns of the loop."""
    monkeypatch.setattr("mrsambosk_server.hub._LONG_FLUSH_SECONDS", float("inf"))


@on_loop
async def test_what_is_owed_in_a_turn_leaves_as_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub(revs={LOBBY: 0, "r_2": 0})
    both = join(hub, rooms=[LOBBY, "r_2"])
    one = join(hub, "u_b")
    hub.publish(told(1, 2))
    hub.publish(told(1, room="r_2"))
    hub.send(both, events.Done(ref=7))
    hub.publish(told(3))
    assert both.writes == one.writes == []
    await turn()
    assert len(both.writes) == len(one.writes) == 1
    assert revs_of(one) == [1, 2, 3]
    *rows, last = both.take()
    assert sorted(event.rev for event in rows if isinstance(event, events.MessageTold)) == [1, 1, 2, 3]
    assert last == events.Done(ref=7), "the message before its done"
    hub.publish(told(4))
    await turn()
    assert len(both.writes) == 2
    hub.close()


@on_loop
async def test_after_a_long_flush_more_leaves_in_each_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.hub._LONG_FLUSH_SECONDS", 1.0)
    hub = make_hub()
    client = join(hub)
    now = hub._loop.time()
    monkeypatch.setattr(hub._loop, "time", lambda: now, raising=False)
    write = client.write

    def write_slowly(data: bytes) -> None:
        nonlocal now
        now += 2.0
        write(data)

    monkeypatch.setattr(client, "write", write_slowly)
    hub.publish(told(1))
    await turn()
    assert len(client.writes) == 1
    hub.publish(told(2))
    await turn()
    hub.publish(told(3))
    await turn()
    assert len(client.writes) == 1, "it rests for as long as the flush took"
    now += 2.0
    hub.publish(told(4))
    await turn()
    assert len(client.writes) == 2
    assert revs_of(client) == [1, 2, 3, 4]
    hub.close()


@on_loop
async def test_the_message_comes_before_the_done_with_one_room_too() -> None:
    hub = make_hub()
    client = join(hub)
    other = join(hub, "u_b")
    hub.send(client, events.Done(ref=1))
    hub.publish(told(1))
    await turn()
    assert [type(event) for event in client.take()] == [events.MessageTold, events.Done]
    assert len(client.writes) == 1
    assert revs_of(other) == [1]
    hub.close()


@on_loop
async def test_a_change_that_is_for_nobody_is_told_without_its_row() -> None:
    hub = make_hub()
    client = join(hub)
    hub.publish(Outcome(told=(RowTold(LOBBY, 1, None),)))
    await turn()
    assert client.take() == [events.MessageTold(room=LOBBY, rev=1)]
    hub.close()


@pytest.mark.parametrize("rooms", [[LOBBY], [LOBBY, "r_2"]])
@pytest.mark.parametrize("with_reply", [False, True])
@on_loop
async def test_an_exception_in_one_clients_write_serves_all_others(
    expect_log: ExpectLog, rooms: list[str], with_reply: bool
) -> None:
    expect_log("could not be served", "mrsambosk_server.hub")
    hub = make_hub(revs={LOBBY: 0, "r_2": 0})
    clients = [join(hub, f"u_{'abc'[place % 3]}", rooms=rooms) for place in range(30)]
    broken = clients[::10]
    for client in broken:
        client.breaks = OSError("as if the transport were gone")
    for room in rooms:
        hub.publish(told(1, 2, room=room))
    if with_reply:
        for client in clients:
            hub.send(client, events.Done(ref=1))
    await turn()
    for client in clients:
        if client in broken:
            assert client.ended == (1011, "")
        else:
            assert revs_of(client) == [1, 2] * len(rooms)
    for client in broken:
        client.breaks = None
    for room in rooms:
        hub.publish(told(3, room=room))
    await turn()
    assert all(revs_of(client) == ([] if client in broken else [3] * len(rooms)) for client in clients)
    hub.close()


class Unendable(Recorder):
    """Neither written to nor closed."""

    def end(self, code: int, reason: str) -> None:
        raise ZeroDivisionError("a bug")


@on_loop
async def test_a_client_that_cannot_even_be_ended_keeps_nobody_waiting(expect_log: ExpectLog) -> None:
    expect_log("could not be served", "mrsambosk_server.hub")
    expect_log("could not be disconnected", "mrsambosk_server.hub")
    hub = make_hub()
    bad = Unendable(hub, "u_b")
    bad.breaks = OSError()
    hub.join(bad)
    hub.go_live(bad, LOBBY, 0)
    clients = [join(hub) for _ in range(20)]
    hub.publish(told(1))
    await turn()
    assert all(revs_of(client) == [1] for client in clients)
    assert hub.clients_of("u_b") == ()
    hub.close()


# Live and behind.


@on_loop
async def test_a_full_client_is_told_nothing_until_it_has_caught_up() -> None:
    hub = make_hub()
    slow, quick = join(hub, room_for=500), join(hub, "u_b")
    for rev in range(1, 11):
        hub.publish(told(rev))
        await turn()
    first = revs_of(slow)
    assert first == list(range(1, len(first) + 1))
    assert len(first) < 10
    assert slow.behind == {LOBBY: first[-1]}, "told up to the last it was given, no further"
    assert revs_of(quick) == list(range(1, 11))
    assert not hub.is_live(slow, LOBBY)
    (room, at), *_ = slow.drain().items()
    assert hub.covers(room, at)
    slow._room_for = float("inf")
    hub.go_live(slow, room, at)
    hub.publish(told(11))
    await turn()
    assert revs_of(slow) == list(range(len(first) + 1, 12))
    hub.close()


@on_loop
async def test_a_page_that_is_ahead_of_the_stream_is_not_told_again() -> None:
    """A reader sees a commit before the loop is told of it."""
    hub = make_hub()
    early, ahead = join(hub), join(hub, "u_b", at=None)
    hub.publish(told(1))
    # The page ends at 3; 2 and 3 are committed and told only now.
    assert hub.covers(LOBBY, 3)
    hub.go_live(ahead, LOBBY, 3)
    assert hub.is_live(ahead, LOBBY)
    hub.publish(told(2))
    hub.publish(told(3))
    hub.publish(told(4))
    await turn()
    hub.publish(told(5))
    await turn()
    assert revs_of(early) == [1, 2, 3, 4, 5]
    assert revs_of(ahead) == [4, 5]
    hub.close()


@on_loop
async def test_one_who_is_ahead_can_fall_behind_leave_and_be_set_behind() -> None:
    hub = make_hub()
    falls, leaves, expelled = join(hub, at=None), join(hub, "u_b", at=None), join(hub, "u_c", at=None)
    for client in (falls, leaves, expelled):
        hub.go_live(client, LOBBY, 2)
    assert hub.set_behind(falls) == {LOBBY: 2}
    assert hub.leave(leaves)
    hub.publish(Outcome(told=(MembershipTold(LOBBY, "u_c", False),)))
    hub.publish(told(1, 2, 3))
    await turn()
    assert revs_of(falls) == revs_of(leaves) == revs_of(expelled) == []
    hub.close()


@on_loop
async def test_bulk_sets_everyone_behind_from_what_each_was_told() -> None:
    hub = make_hub()
    live, ahead, behind = join(hub), join(hub, "u_b", at=None), join(hub, "u_c", at=None)
    hub.publish(told(1))
    hub.go_live(ahead, LOBBY, 3)
    hub.publish(Outcome(told=(BulkTold(LOBBY, 500),)))
    assert live.caught_up == [(LOBBY, 1)]
    assert ahead.caught_up == [(LOBBY, 3)]
    assert behind.caught_up == []
    assert revs_of(live) == [1], "what came before leaves first"
    assert not hub.is_live(live, LOBBY)
    assert not hub.covers(LOBBY, 499)
    hub.go_live(live, LOBBY, 500)
    hub.publish(told(501))
    await turn()
    assert revs_of(live) == [501]
    hub.close()


@on_loop
async def test_a_late_page_is_joined_with_what_came_since() -> None:
    hub = make_hub()
    hub.publish(told(*range(1, 20)))
    late = join(hub, at=None)
    assert hub.covers(LOBBY, 5)
    hub.go_live(late, LOBBY, 5)
    hub.publish(told(20))
    await turn()
    assert revs_of(late) == list(range(6, 21))
    hub.publish(told(*range(21, 2000)))
    assert not hub.covers(LOBBY, 20), "frames are not kept for ever"
    assert hub.covers(LOBBY, 1999)
    hub.close()


class _Model:
    """A room's truth, and clients that come, fill, drain, break and go, in an order that a seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.hub = make_hub(revs={LOBBY: 0, "r_2": 0})
        self.committed = {LOBBY: 0, "r_2": 0}
        self.told = {LOBBY: 0, "r_2": 0}
        self.clients: list[Recorder] = []
        #: What each client's pages ended at, by room, and whether a catching up is under way.
        self.pages: dict[tuple[Recorder, str], int] = {}
        self.got: dict[tuple[Recorder, str], list[int]] = {}

    def step(self) -> None:
        kind = self.random.choice(
            ["commit", "commit", "tell", "tell", "tell", "join", "page", "page", "drain", "leave"]
        )
        room = self.random.choice([LOBBY, "r_2"])
        match kind:
            case "commit":
                self.committed[room] += self.random.randint(1, 3)
            case "tell":
                self.tell(room)
            case "join" if len(self.clients) < 8:
                client = Recorder(self.hub, "u_a", rooms=[LOBBY, "r_2"], room_for=self.random.choice([300, 2000, 1e9]))
                self.hub.join(client)
                self.clients.append(client)
                for known in (LOBBY, "r_2"):
                    self.pages[client, known] = self.random.randint(0, self.committed[known])
                    self.got[client, known] = [self.pages[client, known]]
            case "page" if self.clients:
                self.read_page(self.random.choice(self.clients), room)
            case "drain" if self.clients:
                self.drain(self.random.choice(self.clients))
            case "leave" if len(self.clients) > 3:
                client = self.clients.pop(self.random.randrange(len(self.clients)))
                self.collect(client)
                self.hub.leave(client)

    def tell(self, room: str) -> None:
        new = range(self.told[room] + 1, self.committed[room] + 1)
        if self.random.random() < 0.05 and len(new) > 1:
            self.hub.publish(Outcome(told=(BulkTold(room, self.committed[room]),)))
        else:
            for rev in new:
                self.hub.publish(told(rev, room=room))
        self.told[room] = self.committed[room]

    def read_page(self, client: Recorder, room: str) -> None:
        """As a session does: a page from the database, then live in the same turn where the hub covers it."""
        self.settle(client)
        self.collect(client)
        if client.filled() or self.hub.is_live(client, room) or room in client.behind:
            return
        start = self.pages[client, room]
        end = self.random.randint(max(start, min(self.told[room], self.committed[room])), self.committed[room])
        if self.random.random() < 0.3:
            end = self.random.randint(start, self.committed[room])
        self.got[client, room] += range(start + 1, end + 1)
        self.pages[client, room] = end
        if self.hub.covers(room, end):
            self.hub.go_live(client, room, end)
            self.settle(client)

    def drain(self, client: Recorder) -> None:
        self.settle(client)
        for room, at in client.drain().items():
            self.pages[client, room] = at

    def settle(self, client: Recorder) -> None:
        for room, at in client.caught_up:
            if client.filled():
                client.behind[room] = at
            self.pages[client, room] = at
        client.caught_up.clear()

    def collect(self, client: Recorder) -> None:
        for event in client.take():
            if isinstance(event, events.MessageTold):
                self.got[client, event.room].append(event.rev)

    def check(self) -> None:
        for client in self.clients:
            self.collect(client)
        for (_client, room), got in self.got.items():
            assert got == list(range(got[0], got[0] + len(got))), (room, got)

    async def run(self) -> None:
        for _ in range(150):
            self.step()
            for client in self.clients:
                self.collect(client)
            if self.random.random() < 0.3:
                await asyncio.sleep(0)
                self.check()
        self.finish()
        self.hub.flush()
        self.check()
        for client in self.clients:
            for room in (LOBBY, "r_2"):
                assert self.got[client, room][-1] == self.committed[room], "everyone has everything in the end"
        self.hub.close()

    def finish(self) -> None:
        self.random.seed(1)
        for room in (LOBBY, "r_2"):
            self.tell(room)
        self.hub.flush()
        for client in self.clients:
            client._room_for = float("inf")
            self.drain(client)
            for room in (LOBBY, "r_2"):
                while not self.hub.is_live(client, room):
                    self.read_page(client, room)
                    self.drain(client)


@pytest.mark.parametrize("block", range(4))
@on_loop
async def test_each_rev_once_and_dense_in_any_order_of_things(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        try:
            await _Model(seed).run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


# Rooms and people.


@on_loop
async def test_membership_and_rooms() -> None:
    hub = make_hub(revs={LOBBY: 0, "r_2": 4})
    client, other = join(hub), join(hub, "u_b")
    endings = hub.endings
    hub.publish(Outcome(told=(MembershipTold("r_2", "u_a", True), RoomTold("r_2"))))
    assert hub.endings > endings, "who is just being admitted looks again"
    assert client.shown == ["r_2", "r_2"]
    assert other.shown == []
    hub.go_live(client, "r_2", 4)
    hub.publish(told(5, room="r_2"))
    await turn()
    assert (revs_of(client), revs_of(other)) == ([5], [])
    hub.publish(Outcome(told=(MembershipTold("r_2", "u_a", False),)))
    hub.publish(told(6, room="r_2"))
    await turn()
    assert client.take() == [events.RoomGone(room="r_2")]
    hub.publish(Outcome(told=(RoomTold(LOBBY),)))
    assert (client.shown[2:], other.shown) == ([LOBBY], [LOBBY])
    hub.close()


@on_loop
async def test_ended_ends_the_devices_it_names() -> None:
    hub = make_hub()
    phone, laptop, other = join(hub, device="d1"), join(hub, device="d2"), join(hub, "u_b", device="d1")
    hub.publish(Outcome(told=(Ended("u_a", 4005, "signed out", device="d1"),)))
    assert (phone.ended, laptop.ended, other.ended) == ((4005, "signed out"), None, None)
    third = join(hub, device="d3")
    hub.publish(Outcome(told=(Ended("u_a", 4005, "new password", except_device="d3"),)))
    assert (laptop.ended, third.ended) == ((4005, "new password"), None)
    hub.publish(Outcome(told=(Ended("u_a", 4004, "kicked"),)))
    assert third.ended == (4004, "kicked")
    assert hub.endings == 3
    hub.close()


def statuses(client: Recorder) -> list[str]:
    """What the `users` frames since the last look say of Ben."""
    return [
        user.status
        for event in client.take()
        if isinstance(event, events.UsersTold)
        for user in event.users
        if user.id == "u_b"
    ]


@on_loop
async def test_a_person_is_what_their_most_present_connection_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.USERS_GATHER_SECONDS", 0.0)
    hub = make_hub()
    watcher = join(hub)

    async def status() -> str:
        await turn()
        await turn()
        seen = statuses(watcher)
        now = hub.user("u_b").status
        assert seen in ([], [now]), "one frame for all that changed in a gathering"
        return now

    assert await status() == OFFLINE
    phone = join(hub, "u_b")
    assert await status() == ONLINE
    laptop = join(hub, "u_b")
    hub.set_status(phone, AWAY)
    assert await status() == ONLINE
    hub.set_status(laptop, BUSY)
    assert await status() == BUSY
    hub.set_status(laptop, AWAY)
    assert await status() == AWAY
    assert hub.leave(phone) is False
    assert await status() == AWAY
    assert hub.user("u_b").last_seen is None
    assert hub.leave(laptop) is True
    assert hub.leave(laptop) is False
    assert await status() == OFFLINE
    assert hub.user("u_b").last_seen is not None
    hub.close()


@on_loop
async def test_many_changes_of_people_are_gathered_into_one_frame() -> None:
    hub = make_hub()
    watcher = join(hub)
    watcher.take()
    clients = [join(hub, user) for user in ("u_b", "u_c", "u_b")]
    for client in clients[1:]:
        hub.set_status(client, BUSY)
    hub.publish(
        Outcome(told=(UserTold(User(id="u_b", name="Benedict", role="admin")), UserTold(User(id="u_d", name="D"))))
    )
    await turn()
    assert watcher.take() == [], "not before the second is over"
    hub._timers["users"].cancel()
    hub._timers.pop("users")
    hub._send_users()
    hub.flush()
    (frame,) = watcher.take()
    assert isinstance(frame, events.UsersTold)
    known = {user.id: user for user in frame.users}
    assert (known["u_b"].name, known["u_b"].role, known["u_b"].status) == ("Benedict", "admin", ONLINE)
    assert (known["u_c"].status, known["u_d"].status) == (BUSY, OFFLINE)
    assert {user.id for user in hub.users} == {"u_a", "u_b", "u_c", "u_d"}
    hub.close()


@on_loop
async def test_a_read_marker_goes_to_ones_own_at_once_and_to_others_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.READ_GATHER_SECONDS", 0.0)
    hub = make_hub()
    phone, laptop, other = join(hub), join(hub), join(hub, "u_b")
    behind = join(hub, "u_c", at=None)

    def move(id: int, small: bool) -> None:
        hub.publish(Outcome(told=(ReadTold(LOBBY, "u_a", id, You(read=id), small=small),)))

    move(1, True)
    move(2, True)
    hub.flush()
    for own in (phone, laptop):
        assert own.take() == [events.ReadTold(room=LOBBY, user="u_a", id=id, you=You(read=id)) for id in (1, 2)]
    await turn()
    await turn()
    assert other.take() == [events.ReadTold(room=LOBBY, user="u_a", id=2)]
    assert phone.take() == laptop.take() == behind.take() == []
    move(3, False)
    await turn()
    await turn()
    assert other.take() == []
    assert len(phone.take()) == 1
    hub.close()


@on_loop
async def test_typing_is_told_to_small_company_once_in_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub(revs={LOBBY: 0, "r_2": 0})
    now = 100.0
    monkeypatch.setattr(hub._loop, "time", lambda: now, raising=False)
    writer, own, other = join(hub), join(hub), join(hub, "u_b")
    busy = join(hub, "u_c", room_for=1e9)
    hub.publish(told(1))
    hub.flush()
    for client in (writer, own, other, busy):
        client.take()
    assert busy.unsent() > 0

    def type_once() -> list[events.Event]:
        hub.typing(writer, LOBBY)
        hub.flush()
        assert writer.take() == own.take() == busy.take() == []
        return other.take()

    assert type_once() == [events.TypingTold(room=LOBBY, user="u_a")]
    assert type_once() == []
    now += 2.9
    assert type_once() == []
    now += 0.2
    assert len(type_once()) == 1
    hub.typing(writer, "r_2")
    hub.typing(writer, "r_nowhere")
    hub.flush()
    assert other.take() == []
    now += 10
    crowd = [join(hub, f"u_x{number}") for number in range(SMALL_COMPANY)]
    assert type_once() == []
    hub.leave(crowd[0])
    hub.leave(crowd[1])
    hub.leave(crowd[2])
    assert len(type_once()) == 1
    hub.close()


@on_loop
async def test_a_client_that_left_is_owed_nothing() -> None:
    hub = make_hub()
    client, other = join(hub), join(hub, "u_b")
    hub.send_to_all(events.Notice(kind="closing", text="Bye."))
    hub.publish(told(1))
    hub.leave(client)
    await turn()
    assert client.writes == []
    assert [type(event) for event in other.take()] == [events.MessageTold, events.Notice]
    assert hub.all_clients() == [other]
    hub.close()


def test_helpers_of_this_file_see_a_gap() -> None:
    with pytest.raises(AssertionError):
        parse_frames(text_frame(b"{}")[:-1])
    with pytest.raises(AssertionError):
        decode([b'{"type":"no such event"}'])
