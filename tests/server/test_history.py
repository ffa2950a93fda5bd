"""Pages, sync and sums, each against the plainest count of the same rows."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrsambosk_protocol import codec, events
from mrsambosk_protocol.commands import Get, History, Read, Seen
from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.limits import LOBBY, RESET_ROWS, SYNC_BYTES, SYNC_ROWS, Refused
from mrsambosk_server import history
from mrsambosk_server.actions import members
from mrsambosk_server.outcome import Outcome
from mrsambosk_server.transaction import Transaction
from tests.helpers.server_desk import Desk, on_loop
from tests.helpers.snapshot import read_snapshot


def history_of(**place: Any) -> History:
    return History(**{"ref": 1, "room": LOBBY, **place})


async def rows_of(desk: Desk, user: str) -> list[Message]:
    """All rows, by id."""
    snapshot, _you = await desk.read(read_snapshot, user, LOBBY)
    return [snapshot.rows[id] for id in sorted(snapshot.rows)]


async def changed_room(desk: Desk, count: int = 40) -> list[str]:
    """Two people, and rows whose ids have holes: posted, edited, pinned, deleted. The people's ids."""
    anna, ben = await desk.person("Anna"), await desk.person("Ben")
    for number in range(count):
        author = (anna, ben)[number % 2]
        row = await desk.post(author, f"message {number}", mentions=(ben,) if number % 3 == 0 else ())
        if number % 4 == 0:
            await desk.pin(anna, row)
        if number % 5 == 0:
            await desk.edit(author, row, f"changed {number}")
        if number % 7 == 0:
            await desk.delete(author, row)
    return [anna, ben]


def expected_page(rows: list[Message], ask: History) -> tuple[list[int], bool, bool]:
    """The ids that a page should hold, and whether there are older and newer ones."""
    ids = [row.id for row in rows if row.pinned_at is not None or not ask.pinned]
    if ask.after is not None:
        shown = [id for id in ids if id > ask.after][: ask.limit]
    elif ask.around is not None:
        before = [id for id in ids if id < ask.around][-(ask.limit // 2) :] if ask.limit > 1 else []
        shown = before + [id for id in ids if id >= ask.around][: ask.limit - len(before)]
    else:
        shown = [id for id in ids if ask.before is None or id < ask.before][-ask.limit :]
    if shown:
        return shown, ids[0] < shown[0], ids[-1] > shown[-1]
    if ask.after is not None:
        return [], any(id <= ask.after for id in ids), False
    if ask.around is not None:
        return [], any(id < ask.around for id in ids), False
    return [], False, any(ask.before is not None and id >= ask.before for id in ids)


_place = st.integers(1, 75)
_asks = st.one_of(
    st.builds(history_of, pinned=st.booleans(), limit=st.integers(1, 100)),
    st.builds(history_of, before=_place, pinned=st.booleans(), limit=st.integers(1, 30)),
    st.builds(history_of, after=st.integers(0, 75), pinned=st.booleans(), limit=st.integers(1, 30)),
    st.builds(history_of, around=_place, pinned=st.booleans(), limit=st.integers(1, 30)),
)


@settings(max_examples=40)
@given(asks=st.lists(_asks, min_size=10, max_size=20), size=st.sampled_from([0, 1, 40]))
def test_any_page_is_what_a_plain_count_gives(asks: list[History], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check_pages(Path(folder), asks, size)


@on_loop
async def _check_pages(folder: Path, asks: list[History], size: int) -> None:
    async with Desk(folder / "room.db") as desk:
        anna, _ben = await changed_room(desk, size)
        rows = await rows_of(desk, anna)
        by_id = {row.id: row for row in rows}
        for ask in asks:
            page = await desk.read(history.page, anna, ask)
            assert ([row.id for row in page.messages], page.has_older, page.has_newer) == expected_page(rows, ask), ask
            assert all(row == by_id[row.id] for row in page.messages)
            assert page.rev == await desk.read(history.room_rev, anna, LOBBY)


@on_loop
async def test_pages_backwards_and_forwards_give_everything_once(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, _ben = await changed_room(desk)
        rows = await rows_of(desk, anna)
        found: list[Message] = []
        ask = history_of(limit=7)
        while True:
            page = await desk.read(history.page, anna, ask)
            found = [*page.messages, *found]
            if not page.has_older:
                break
            ask = history_of(before=page.messages[0].id, limit=7)
        assert found == rows
        found, after, more = [], 0, True
        while more:
            page = await desk.read(history.page, anna, history_of(after=after, limit=7))
            found += page.messages
            after, more = page.messages[-1].id, page.has_newer
        assert found == rows


@on_loop
async def test_named_rows(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, _ben = await changed_room(desk, 10)
        ids = [row.id for row in await rows_of(desk, anna)]
        page = await desk.read(history.get, anna, Get(ref=3, room=LOBBY, ids=(ids[5], 9999, ids[2], ids[5])))
        assert [row.id for row in page.messages] == [ids[2], ids[5]]
        assert (await desk.read(history.get, anna, Get(ref=3, room=LOBBY, ids=()))).messages == ()
        assert (await desk.read(history.message, anna, LOBBY, ids[3])).id == ids[3]


@on_loop
async def test_who_is_not_in_a_room_gets_the_same_as_for_none(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, ben = await desk.person(), await desk.person()
        await desk.add_room("r_secret", ben)
        row = await desk.post(ben, room="r_secret")
        answers = []
        for room in ("r_secret", "r_nowhere"):
            for query, args in (
                (history.page, (history_of(room=room),)),
                (history.get, (Get(ref=1, room=room, ids=(row.id,)),)),
                (history.message, (room, row.id)),
                (history.seen_by, (Seen(ref=1, room=room, id=row.id),)),
                (history.sync_page, (room, 0)),
                (history.room_rev, (room,)),
            ):
                with pytest.raises(Refused) as caught:
                    await desk.read(query, anna, *args)
                answers.append((caught.value.code, caught.value.text))
        assert len(set(answers)) == 1
        assert answers[0][0] == "not_found"
        assert [room.id for room in await desk.read(history.rooms_of, anna)] == [LOBBY]
        assert await desk.read(history.rooms_of, anna, "r_secret") == ()
        with pytest.raises(Refused):
            await desk.read(history.message, anna, LOBBY, 12345)


# Sync.


async def sync(desk: Desk, user: str, cursor: int | None, room: str = LOBBY) -> events.Sync:
    """A page as a client decodes it."""
    frame = codec.encode(await desk.read(history.sync_page, user, room, cursor))
    assert len(frame) <= SYNC_BYTES
    decoded = codec.decode_event(frame)
    assert isinstance(decoded, events.Sync)
    return decoded


@on_loop
async def test_sync_tells_what_changed_after_any_cursor(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, _ben = await changed_room(desk)
        rows = await rows_of(desk, anna)
        rev = await desk.read(history.room_rev, anna, LOBBY)
        for cursor in range(rev + 1):
            page = await sync(desk, anna, cursor)
            expected = sorted((row for row in rows if row.rev > cursor), key=lambda row: row.rev)
            assert list(page.messages) == expected
            assert (page.rev, page.more, page.reset) == (rev, False, False)


@pytest.mark.parametrize("count", [0, 1, RESET_ROWS, RESET_ROWS + 30])
@on_loop
async def test_a_reset_tells_the_newest_rows_by_id_in_order_of_rev(tmp_path: Path, count: int) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        for _number in range(count):
            row = await desk.post(anna)
        if count:
            await desk.edit(anna, row, "the newest by id stays, the oldest by rev goes")
            await desk.edit(anna, (await rows_of(desk, anna))[0], "an old row changed last")
        page = await sync(desk, anna, None)
        newest = (await rows_of(desk, anna))[-RESET_ROWS:]
        assert list(page.messages) == sorted(newest, key=lambda row: row.rev)
        assert (page.reset, page.more) == (True, False)
        assert page.rev == await desk.read(history.room_rev, anna, LOBBY)


async def pages_from(desk: Desk, user: str, cursor: int) -> list[events.Sync]:
    pages = [await sync(desk, user, cursor)]
    while pages[-1].more:
        pages.append(await sync(desk, user, pages[-1].rev))
    return pages


def do_fill(tx: Transaction, author: str, bodies: list[str]) -> Outcome:
    """Many rows at once, past all rules."""
    rev = tx.one("SELECT rev FROM rooms WHERE id = ?", (LOBBY,))[0]
    rows = [(rev + place, rev + place, author, body) for place, body in enumerate(bodies, start=1)]
    insert = "INSERT INTO messages (room, id, rev, author, kind, body, sent_at) VALUES ('lobby', ?, ?, ?, 'text', ?, 1)"
    tx.run_many(insert, rows)
    tx.run("UPDATE rooms SET rev = rev + ? WHERE id = ?", (len(bodies), LOBBY))
    return Outcome()


@pytest.mark.parametrize("count", [SYNC_ROWS - 1, SYNC_ROWS, SYNC_ROWS + 1, 3 * SYNC_ROWS])
@on_loop
async def test_a_page_of_sync_has_at_most_500_rows(tmp_path: Path, count: int) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await desk.do(do_fill, anna, ["x"] * count)
        pages = await pages_from(desk, anna, 0)
        assert [len(page.messages) for page in pages] == [SYNC_ROWS] * (count // SYNC_ROWS) + (
            [count % SYNC_ROWS] if count % SYNC_ROWS else []
        )
        assert [page.rev for page in pages][-1] == count
        assert [row.rev for page in pages for row in page.messages] == list(range(1, count + 1))


@pytest.mark.parametrize("body", ["x" * 4000, "\x01" * 4000, "🌍" * 4000])
@on_loop
async def test_a_page_of_sync_has_at_most_512_kib(tmp_path: Path, body: str) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await desk.do(do_fill, anna, [body] * 300)
        pages = await pages_from(desk, anna, 0)
        assert len(pages) > 1
        assert [row.rev for page in pages for row in page.messages] == list(range(1, 301))
        for page in pages[:-1]:
            one_more = len(codec.encode(page)) + len(msgspec.json.encode(page.messages[0]))
            assert one_more > SYNC_BYTES - 2048, "no page ends early"


@on_loop
async def test_a_row_larger_than_a_page_still_comes(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await desk.do(do_fill, anna, ["small", "x" * SYNC_BYTES, "small"])
        sizes, cursor, more = [], 0, True
        while more:
            page = await desk.read(history.sync_page, anna, LOBBY, cursor)
            sizes.append(len(page.messages))
            cursor, more = page.rev, page.more
        assert sizes == [1, 1, 1]


# Epochs.


@on_loop
async def test_a_cursor_is_good_up_to_where_its_epoch_ended(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    ends = {}
    for number, posts in enumerate((3, 0, 4), start=1):
        async with Desk(path, epoch=f"epoch-{number}") as desk:
            anna = await desk.person()
            for _ in range(posts):
                await desk.post(anna)
            ends[f"epoch-{number}"] = await desk.read(history.room_rev, anna, LOBBY)
    assert ends == {"epoch-1": 3, "epoch-2": 3, "epoch-3": 7}
    async with Desk(path, epoch="epoch-4") as desk:
        anna = await desk.person()
        ends["epoch-4"] = (await desk.post(anna)).rev
        for epoch, end in ends.items():
            for cursor in range(10):
                good = await desk.read(history.cursor_is_good, LOBBY, epoch, cursor)
                assert good is (cursor <= end), (epoch, cursor)
        for unknown in (None, "", "epoch-5"):
            assert not await desk.read(history.cursor_is_good, LOBBY, unknown, 0)
        assert not await desk.read(history.cursor_is_good, "r_nowhere", "epoch-1", 0)


@on_loop
async def test_a_restored_backup_takes_back_what_came_after_it(tmp_path: Path) -> None:
    path, backup = tmp_path / "room.db", tmp_path / "backup.db"
    async with Desk(path, epoch="first") as desk:
        anna = await desk.person()
        await desk.post(anna)
    backup.write_bytes(path.read_bytes())
    async with Desk(path, epoch="second") as desk:
        for _ in range(5):
            await desk.post(anna)
    path.write_bytes(backup.read_bytes())
    async with Desk(path, epoch="third") as desk:
        await desk.post(anna)
        good = {
            (epoch, cursor): await desk.read(history.cursor_is_good, LOBBY, epoch, cursor)
            for epoch, cursor in (("first", 1), ("first", 2), ("second", 1), ("second", 6), ("third", 2), ("third", 3))
        }
        assert [key for key, yes in good.items() if yes] == [("first", 1), ("third", 2)]


# Sums.


@settings(max_examples=15)
@given(reads=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 80)), min_size=3, max_size=8))
def test_sums_are_what_a_plain_count_gives(reads: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check_sums(Path(folder), reads)


@on_loop
async def _check_sums(folder: Path, reads: list[tuple[int, int]]) -> None:
    async with Desk(folder / "room.db") as desk:
        people = await changed_room(desk, 30)
        for who, id in reads:
            await desk.do(members.do_read, people[who], Read(ref=1, room=LOBBY, id=id, back=True))
            snapshot, you = await desk.read(read_snapshot, people[who], LOBBY)
            assert you == snapshot.you
            rev = await desk.read(history.room_rev, people[who], LOBBY)
            assert await desk.read(history.you_in, people[who], LOBBY, you.read, rev) == you


@on_loop
async def test_seen_names_who_has_read_but_the_author(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, ben, cleo = await desk.person(), await desk.person(), await desk.person()
        row = await desk.post(anna)

        async def seen() -> tuple[str, ...]:
            return (await desk.read(history.seen_by, cleo, Seen(ref=1, room=LOBBY, id=row.id))).users

        assert await seen() == ()
        for user in (anna, ben):
            await desk.do(members.do_read, user, Read(ref=1, room=LOBBY, id=row.id))
        assert await seen() == (ben,)
        assert row.author not in await seen()
