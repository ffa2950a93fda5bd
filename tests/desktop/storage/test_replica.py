"""The copy of rooms on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mrsambosk_desktop.core import sync as rules
from mrsambosk_desktop.core.sync import Missed, Ranges, RoomCopy
from mrsambosk_desktop.storage.database import Damaged
from mrsambosk_desktop.storage.replica import Replica
from mrsambosk_protocol.entities import Message, Room, User, You
from mrsambosk_protocol.events import MessageTold, Page, Sync
from tests.desktop.core.test_sync_sessions import RESET_ROWS, Client, run_session

HOST = "HOST"
ROOM = "lobby"
SECRET = "zebra-crossing-in-the-rain"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    replica = Replica(tmp_path / "replica.db")
    replica.open()
    replica.save_host(HOST, "Dana's room", "u_me", [User(id="u_me", name="Me")], [Room(id=ROOM, name="Lobby")])
    yield replica
    replica.close()


def row(id: int, rev: int | None = None, body: str = "text", deleted: bool = False) -> Message:
    return Message(
        id=id, room=ROOM, rev=rev or id, author="u_a", body="" if deleted else body, deleted_at=1 if deleted else None
    )


def copy(cursor: int) -> RoomCopy:
    return RoomCopy(cursor, "e", Ranges.of((0, cursor)))


def test_what_was_stored_is_there_after_opening_again(replica: Replica, tmp_path: Path) -> None:
    whole = RoomCopy(7, "epoch", Ranges.of((2, 3), (5, 7)), since=2, settled=(4, "before"))
    replica.apply(HOST, ROOM, [row(2), row(5)], whole)
    replica.close()
    again = Replica(tmp_path / "replica.db")
    again.open()
    kept = again.load(HOST)
    assert kept is not None
    assert (kept.name, kept.me, kept.copies) == ("Dana's room", "u_me", {ROOM: whole})
    assert again.before(HOST, ROOM, 100, 0, 10) == (row(2), row(5))
    again.close()


def test_a_room_never_synced_has_no_copy(replica: Replica) -> None:
    kept = replica.load(HOST)
    assert kept is not None
    assert [room.id for room in kept.rooms] == [ROOM]
    assert kept.copies == {}
    assert replica.load("ANOTHER") is None


def test_newer_wins_wherever_it_came_from(replica: Replica) -> None:
    replica.apply(HOST, ROOM, [row(1, 5, "new")], copy(5))
    replica.apply(HOST, ROOM, [row(1, 4, "old"), row(1, 5, "same")], copy(5))
    assert [it.body for it in replica.rows(HOST, ROOM, [1])] == ["new"]


def test_pages_are_cut_from_rows(replica: Replica) -> None:
    replica.apply(HOST, ROOM, [row(id) for id in range(1, 21)], copy(20))
    assert [it.id for it in replica.before(HOST, ROOM, 10, 5, 3)] == [7, 8, 9]
    assert [it.id for it in replica.before(HOST, ROOM, 10, 8, 3)] == [8, 9]
    assert [it.id for it in replica.after(HOST, ROOM, 10, 12, 5)] == [11, 12]
    assert replica.count(HOST, ROOM, 99) == 20


@pytest.mark.parametrize("garbled", [b"{", b'{"id":1,"room":"lobby","rev":1,"author":"\xa5","body":""}'])
def test_a_row_that_can_not_be_read_is_damage(replica: Replica, garbled: bytes) -> None:
    replica.apply(HOST, ROOM, [row(1)], copy(1))
    replica._db.run("UPDATE messages SET body = ?", (garbled,))
    with pytest.raises(Damaged):
        replica.before(HOST, ROOM, 100, 0, 10)
    with pytest.raises(Damaged):
        replica.scan(HOST, ROOM, 100, 10, lambda _glance: True)
    replica._db.run("UPDATE users SET body = ?", (garbled,))
    with pytest.raises(Damaged):
        replica.load(HOST)


def test_rooms_that_are_no_longer_ours_go_with_their_rows(replica: Replica) -> None:
    replica.apply(HOST, ROOM, [row(1)], copy(1))
    replica.save_host(HOST, "Dana's room", "u_me", [], [Room(id="other", name="Other", you=You(read=3))])
    kept = replica.load(HOST)
    assert kept is not None
    assert [room.id for room in kept.rooms] == ["other"]
    assert replica.count(HOST, ROOM, 99) == 0


@pytest.mark.parametrize("way", ["delete", "reset", "gone"])
def test_no_byte_of_a_deleted_text_stays_in_the_files(replica: Replica, tmp_path: Path, way: str) -> None:
    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    replica.apply(HOST, ROOM, [row(1, body=SECRET)], copy(1))
    assert SECRET.encode() in files()
    if way == "delete":
        replica.apply(HOST, ROOM, [row(1, 2, deleted=True)], copy(2))
    elif way == "reset":
        replica.apply(HOST, ROOM, [row(7)], copy(7), drop=True)
    else:
        replica.drop_room(HOST, ROOM)
    assert SECRET.encode() not in files()


def test_the_cursor_is_stored_with_its_rows_or_not_at_all(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    replica.apply(HOST, ROOM, [row(1)], copy(1))

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(replica, "_put_copy", fail)
    with pytest.raises(RuntimeError):
        replica.apply(HOST, ROOM, [row(2)], copy(2))
    monkeypatch.undo()
    kept = replica.load(HOST)
    assert kept is not None
    assert kept.copies[ROOM].cursor == 1
    assert replica.count(HOST, ROOM, 99) == 1


@pytest.mark.parametrize("damage", ["no database", "cut", "later version"])
def test_a_damaged_replica_is_made_anew(tmp_path: Path, damage: str, replica: Replica) -> None:
    replica.apply(HOST, ROOM, [row(id) for id in range(1, 2000)], copy(2000))
    if damage == "later version":
        replica._db.run("PRAGMA user_version = 99")
    replica.close()
    path = tmp_path / "replica.db"
    if damage == "no database":
        path.write_bytes(b"this is no database" * 1000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    replica.open()
    assert replica.load(HOST) is None
    replica.save_host(HOST, "again", "u_me", [], [])
    assert replica.load(HOST) is not None


class OnDisk(Client):
    """The rules with the replica for a disk."""

    def __init__(self, replica: Replica) -> None:
        super().__init__()
        self.replica = replica

    def take(self, event: Sync | MessageTold | Page, epoch: str) -> None:
        before = self.copy or RoomCopy()
        if isinstance(event, Sync):
            # As a cut sync may have gone back on `welcome`, which stores where the copy stands.
            if self.copy is not None:
                self.replica.save_copy(HOST, ROOM, self.copy)
            is_new = rules.is_new_epoch(before, event, epoch)
            ahead = self.replica.ids_ahead(HOST, ROOM) if is_new else ()
            self.copy = rules.after_sync(before, event, epoch, ahead)
            self.replica.apply(HOST, ROOM, event.messages, self.copy, drop=event.reset, ahead=is_new)
        elif isinstance(event, MessageTold):
            after = rules.after_told(before, event.rev)
            if after is not None:
                self.copy = after
                rows = (event.message,) if isinstance(event.message, Message) else ()
                self.replica.apply(HOST, ROOM, rows, after)
        else:
            after = rules.after_page(before, self.asked.pop(event.ref), event)
            if after is not None:
                self.copy = after
                self.replica.apply(HOST, ROOM, event.messages, after)
        self.rows = {it.id: it for it in self.replica.before(HOST, ROOM, 10**9, 0, 10**9)}


def test_random_sessions_on_disk_end_as_true_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    monkeypatch.setattr(rules, "RESET_ROWS", RESET_ROWS)
    for seed in range(60):
        replica = Replica(tmp_path / f"{seed}.db")
        replica.open()
        try:
            room, client = run_session(seed, OnDisk(replica))
        finally:
            kept = replica.load(HOST)
            replica.close()
        assert kept is None
        assert client.copy is not None
        assert client.shown() == {id: it for id, it in room.rows.items() if client.copy.ranges.around(id)}, seed
        assert client.rows == {id: room.rows.get(id) for id in client.rows}, seed


def test_missed_is_not_swallowed(replica: Replica) -> None:
    client = OnDisk(replica)
    client.take(Sync(room=ROOM, rev=1, messages=(row(1),), more=False, reset=True), "e")
    with pytest.raises(Missed):
        client.take(MessageTold(room=ROOM, rev=3, message=row(3)), "e")
    assert replica.count(HOST, ROOM, 99) == 1
