"""The rules of sync held against random sessions: cuts, lost frames, late pages, late fan-out, holes, deletes,
restarts and restored backups. A client that follows `core.sync` must end as a true copy, and never show a wrong row.
"""

import random
from collections import deque
from dataclasses import dataclass, field

import pytest

from mrsambosk_desktop.core import sync as rules
from mrsambosk_desktop.core.sync import Missed, Place, RoomCopy
from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.events import MessageTold, Page, Sync
from tests.helpers.model_room import ModelRoom

RESET_ROWS = 6
SESSIONS = 3000
CHUNKS = 6


@dataclass
class Client:
    """The rules with a dict for a disk."""

    copy: RoomCopy | None = None
    rows: dict[int, Message] = field(default_factory=dict)
    asked: dict[int, Place] = field(default_factory=dict)

    def store(self, rows: tuple[Message, ...]) -> None:
        for row in rows:
            kept = self.rows.get(row.id)
            if rules.newer(row, kept.rev if kept else None):
                self.rows[row.id] = row

    def take(self, event: Sync | MessageTold | Page, epoch: str) -> None:
        if isinstance(event, Sync):
            copy = self.copy or RoomCopy()
            ahead = [row.id for row in self.rows.values() if row.rev > copy.cursor]
            ahead = ahead if rules.is_new_epoch(copy, event, epoch) else []
            self.copy = rules.after_sync(copy, event, epoch, ahead)
            for id in list(self.rows) if event.reset else ahead:
                del self.rows[id]
            self.store(event.messages)
            return
        assert self.copy is not None
        if isinstance(event, MessageTold):
            after = rules.after_told(self.copy, event.rev)
            if after is None:
                return
            if isinstance(event.message, Message):
                self.store((event.message,))
        else:
            after = rules.after_page(self.copy, self.asked.pop(event.ref), event)
            if after is None:
                return
            self.store(event.messages)
        self.copy = after

    def shown(self) -> dict[int, Message]:
        assert self.copy is not None
        return {id: row for id, row in self.rows.items() if self.copy.ranges.around(id)}


class Line:
    """One connection: what the host has written and the client not yet read. Pages may overtake live rows."""

    def __init__(self, room: ModelRoom, client: Client) -> None:
        self.room, self.epoch = room, room.epoch
        if client.copy is not None:
            client.copy = rules.resumed(client.copy, self.epoch)
        good = client.copy is not None and room.good(client.copy.epoch, client.copy.cursor)
        self.told = client.copy.cursor if good and client.copy else None
        self.live = False
        self.written: deque[Sync | MessageTold | Page] = deque()
        self.fan_out: deque[MessageTold] = deque()

    def pump(self, all: bool = False) -> None:
        """The host writes one page of sync, or what was told and lingered in the fan-out."""
        if not self.live:
            page = self.room.sync(self.told)
            self.told, self.live = page.rev, not page.more
            self.written.append(page)
            if all and not self.live:
                self.pump(all)
        elif self.fan_out:
            self.written.append(self.fan_out.popleft())
            if all:
                self.pump(all)

    def rejoin(self) -> None:
        """Taken out of the room and let in again, on the same connection: the room begins anew."""
        self.told, self.live = None, False
        self.fan_out.clear()

    def publish(self, rev: int, row: Message | None) -> None:
        if self.live:
            self.fan_out.append(MessageTold(room="lobby", rev=rev, **({} if row is None else {"message": row})))


def run_session(seed: int, client: Client | None = None) -> tuple[ModelRoom, Client]:
    rng = random.Random(seed)
    room = ModelRoom(reset_rows=RESET_ROWS, sync_rows=rng.choice((2, 3, 7)))
    client = client or Client()
    line: Line | None = None
    backup = room.snapshot()
    refs = iter(range(1, 10**6))
    late: list[Page] = []

    def change() -> None:
        choice = rng.random()
        row: Message | None
        if choice < 0.1:
            room.hidden()
            row = None
        elif choice < 0.6 or not room.rows:
            row = room.post("u_a", "c", f"text {room.rev + 1}")
        else:
            id = rng.choice(list(room.rows))
            row = room.delete(id) if choice > 0.8 or room.rows[id].deleted else room.edit(id, f"edited {room.rev + 1}")
        if line is not None:
            line.publish(room.rev, row)

    def ask() -> None:
        assert line is not None
        spans = client.copy.ranges.spans if client.copy else ()
        at = rng.randint(1, room.rev + 1)
        if spans and rng.random() < 0.6:
            span = rng.choice(spans)
            place = rng.choice((Place(before=max(1, span.first)), Place(after=span.last)))
        else:
            place = rng.choice((Place(), Place(around=at), Place(before=at), Place(after=at - 1)))
        ref = next(refs)
        client.asked[ref] = place
        late.append(room.page(ref, rng.choice((1, 2, 5)), place.before, place.after, place.around))

    for _ in range(rng.randint(0, 20)):
        change()
    for _ in range(rng.randint(30, 120)):
        action = rng.random()
        if line is None:
            if action < 0.5:
                change()
            elif action < 0.6 and rng.random() < 0.5:
                room.start()
            elif action < 0.65 and rng.random() < 0.5:
                room.restore(backup)
            elif action < 0.68:
                backup = room.snapshot()
            else:
                line = Line(room, client)
        elif action < 0.3:
            change()
        elif action < 0.45:
            line.pump()
        elif action < 0.55 and client.copy is not None:
            ask()
        elif action < 0.65 and late:
            line.written.append(late.pop(rng.randrange(len(late))))
        elif action < 0.67 and line.live and any(isinstance(event, MessageTold) for event in line.written):
            lost = next(event for event in line.written if isinstance(event, MessageTold))
            line.written.remove(lost)
        elif action < 0.70:
            line = None
        elif action < 0.72:
            line.rejoin()
        elif line.written:
            line = read(client, line)
        if line is None:
            late.clear()
            client.asked.clear()
    for _ in range(3):
        if line is None:
            line = Line(room, client)
            late.clear()
            client.asked.clear()
        line.publish(room.hidden(), None)  # what was lost last is known by the next
        line.pump(all=True)
        line.written.extend(late)
        late.clear()
        while line is not None and line.written:
            line = read(client, line)
    return room, client


def read(client: Client, line: Line) -> Line | None:
    before = {id: row.rev for id, row in client.rows.items()}
    event = line.written.popleft()
    try:
        client.take(event, line.epoch)
    except Missed:
        return None
    if not isinstance(event, Sync):
        assert all(client.rows[id].rev >= rev for id, rev in before.items()), "an old row came back"
    return line


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_random_session_ends_as_a_true_copy(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RESET_ROWS", RESET_ROWS)
    size = SESSIONS // CHUNKS
    for seed in range(chunk * size, (chunk + 1) * size):
        room, client = run_session(seed)
        copy = client.copy
        assert copy is not None, seed
        assert copy.cursor == room.rev, seed
        newest = copy.ranges.newest()
        assert newest is not None, seed
        assert newest.last == copy.cursor, seed
        expected = {id: row for id, row in room.rows.items() if copy.ranges.around(id)}
        assert client.shown() == expected, f"seed {seed}: what is shown differs"
        stored = {id: room.rows.get(id) for id in client.rows}
        assert client.rows == stored, f"seed {seed}: a row stored outside the ranges is old"


def test_the_sessions_meet_what_they_are_meant_to_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the guard: resets, holes, lost frames and rows outside the ranges do occur."""
    monkeypatch.setattr(rules, "RESET_ROWS", RESET_ROWS)
    holes = outside = 0
    for seed in range(300):
        _, client = run_session(seed)
        assert client.copy is not None
        holes += len(client.copy.ranges.spans) > 1
        outside += len(client.rows) > len(client.shown())
    assert holes >= 20
    assert outside >= 20


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("newer", lambda row, kept_rev: True),
        ("after_told", lambda copy, rev: rules._advanced(copy, rev, copy.epoch)),
        ("after_page", None),
        ("resumed", lambda copy, epoch: copy),
        ("is_new_epoch", lambda copy, sync, epoch: False),
    ],
)
def test_without_a_rule_the_sessions_go_wrong(rule: str, broken: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RESET_ROWS", RESET_ROWS)
    if broken is None:
        whole = rules.after_page
        # A page read before the copy began is taken as well.
        broken = lambda copy, place, page: whole(rules.replace(copy, since=0), place, page)  # noqa: E731
    monkeypatch.setattr(rules, rule, broken)

    def wrong(seed: int) -> bool:
        try:
            room, client = run_session(seed)
        except AssertionError:
            return True
        return any(room.rows.get(id) != row for id, row in client.rows.items()) or client.shown() != {
            id: row for id, row in room.rows.items() if client.copy and client.copy.ranges.around(id)
        }

    assert any(wrong(seed) for seed in range(SESSIONS))
