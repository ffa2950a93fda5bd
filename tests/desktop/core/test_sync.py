"""The rules of sync, one by one. Their interplay is in test_sync_sessions."""

import pytest

from mrsambosk_desktop.core.sync import (
    Missed,
    Place,
    Ranges,
    RoomCopy,
    after_page,
    after_sync,
    after_told,
    newer,
    resumed,
)
from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.events import Page, Sync


def row(id: int, rev: int | None = None) -> Message:
    return Message(id=id, room="lobby", rev=rev or id, author="u_a")


def sync(rev: int, *ids: int, more: bool = False, reset: bool = False) -> Sync:
    return Sync(room="lobby", rev=rev, messages=tuple(map(row, ids)), more=more, reset=reset)


def page(rev: int, *ids: int, older: bool = False, newer: bool = False) -> Page:
    return Page(ref=1, room="lobby", rev=rev, messages=tuple(map(row, ids)), has_older=older, has_newer=newer)


COPY = RoomCopy(cursor=100, epoch="e", ranges=Ranges.of((80, 100)), since=50)


def test_newer_wins_and_equal_does_not() -> None:
    assert newer(row(1, 5), None)
    assert newer(row(1, 5), 4)
    assert not newer(row(1, 5), 5)
    assert not newer(row(1, 5), 6)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (((1, 3), (4, 6)), ((1, 6),)),
        (((4, 6), (1, 2)), ((1, 2), (4, 6))),
        (((1, 10), (3, 4)), ((1, 10),)),
        (((1, 2), (9, 10), (5, 6), (2, 8)), ((1, 10),)),
        (((5, 4),), ()),
    ],
)
def test_ranges_join_where_they_touch(
    pairs: tuple[tuple[int, int], ...], expected: tuple[tuple[int, int], ...]
) -> None:
    assert Ranges.of(*pairs).pairs() == expected


def test_ranges_give_one_id_up() -> None:
    assert Ranges.of((1, 5)).without(3).pairs() == ((1, 2), (4, 5))
    assert Ranges.of((3, 3)).without(3).pairs() == ()
    assert Ranges.of((1, 5)).without(9).pairs() == ((1, 5),)


def test_a_live_row_moves_the_cursor_by_one() -> None:
    after = after_told(COPY, 101)
    assert after is not None
    assert (after.cursor, after.ranges.pairs()) == (101, ((80, 101),))
    assert after_told(COPY, 100) is None
    with pytest.raises(Missed):
        after_told(COPY, 102)


def test_a_short_reset_is_the_whole_room_and_a_full_one_is_not() -> None:
    assert after_sync(COPY, sync(9, 4, 9, reset=True), "f") == RoomCopy(9, "f", Ranges.of((0, 9)), since=9)
    full = after_sync(COPY, sync(90, *range(31, 81), reset=True), "f")
    assert full.ranges.pairs() == ((31, 90),)
    assert after_sync(COPY, sync(0, reset=True), "f").ranges.pairs() == ((0, 0),)


def test_pages_cover_what_was_asked_and_never_move_the_cursor() -> None:
    def covered(place: Place, answer: Page) -> tuple[tuple[int, int], ...]:
        after = after_page(COPY, place, answer)
        assert after is not None
        assert after.cursor == 100
        return after.ranges.pairs()

    assert covered(Place(before=80), page(100, 60, 70, older=True, newer=True)) == ((60, 100),)
    assert covered(Place(before=80), page(100, 60, 70, newer=True)) == ((0, 100),)
    assert covered(Place(before=80), page(100, newer=True)) == ((0, 100),)
    assert covered(Place(around=20), page(100, 15, 25, older=True, newer=True)) == ((15, 25), (80, 100))
    assert covered(Place(after=20), page(100, 22, 25, older=True, newer=True)) == ((21, 25), (80, 100))
    assert covered(Place(after=20), page(100, 95, older=True)) == ((21, 100),)
    # What lies beyond the cursor is not covered: it will be told.
    assert covered(Place(), page(107, 98, 105, older=True)) == ((80, 100),)


def test_a_page_from_before_the_copy_began_is_not_taken() -> None:
    assert after_page(COPY, Place(before=80), page(49, 60, older=True)) is None


def test_a_sync_cut_between_pages_goes_back_only_in_another_epoch() -> None:
    half = after_sync(COPY, sync(150, 101, more=True), "f")
    assert half.settled == (100, "e")
    assert resumed(half, "f") == half
    back = resumed(half, "g")
    assert (back.cursor, back.epoch, back.ranges.pairs()) == (100, "e", ((80, 100),))
    whole = after_sync(half, sync(160), "f")
    assert whole.settled is None
    assert resumed(whole, "g") == whole
