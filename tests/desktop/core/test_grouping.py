"""Runs, day pills, the unread line and folded deletions, from neighbours alone."""

from datetime import date, datetime

import pytest

from mrsambosk_desktop.core.grouping import RUN_MS, Kind, Place, group, local_day, reach

DAY = date(2026, 11, 20)


def place(author: str = "a", at: int = 0, kind: Kind = Kind.TEXT, *, day: date = DAY, unread: bool = False) -> Place:
    return Place(author, at, day, kind, unread)


def groups(*places: Place) -> list[tuple[bool, bool]]:
    def at(index: int) -> Place | None:
        return places[index] if 0 <= index < len(places) else None

    made = [group(at, index) for index in range(len(places))]
    return [(one.first, one.last) for one in made]


def test_one_sender_within_five_minutes_is_a_run() -> None:
    assert groups(place(at=0), place(at=RUN_MS), place(at=2 * RUN_MS)) == [(True, False), (False, False), (False, True)]
    assert groups(place(at=0), place(at=RUN_MS + 1)) == [(True, True), (True, True)]


@pytest.mark.parametrize(
    "second",
    [
        place("b"),
        place(day=date(2026, 11, 21)),
        place(unread=True),
        place(kind=Kind.SYSTEM),
        place(kind=Kind.FAILED),
        place(kind=Kind.DELETED),
    ],
)
def test_a_run_is_broken_by(second: Place) -> None:
    assert groups(place(), second) == [(True, True), (True, True)]


def test_system_rows_stand_alone() -> None:
    assert groups(place(kind=Kind.SYSTEM), place(kind=Kind.SYSTEM)) == [(True, True), (True, True)]


def folds(*places: Place) -> list[int]:
    def at(index: int) -> Place | None:
        return places[index] if 0 <= index < len(places) else None

    return [group(at, index).fold for index in range(len(places))]


def test_deleted_rows_fold_whoever_wrote_them_but_not_over_a_line() -> None:
    gone = place(kind=Kind.DELETED)
    other = place("b", kind=Kind.DELETED)
    assert folds(place(), gone, other, gone, place()) == [1, 3, 0, 0, 1]
    assert folds(gone, place(kind=Kind.DELETED, unread=True), other) == [1, 2, 0]
    assert folds(gone, place(kind=Kind.DELETED, day=date(2026, 11, 21))) == [1, 1]


def test_a_change_reaches_its_neighbours_and_the_folds_beside_it() -> None:
    gone = place(kind=Kind.DELETED)
    rows = [place(), gone, gone, place(), gone, place(), place()]

    def at(index: int) -> Place | None:
        return rows[index] if 0 <= index < len(rows) else None

    assert reach(at, 3) == (0, 5)
    assert reach(at, 6) == (5, 6)
    assert reach(at, 0) == (0, 3)


def test_the_day_pill_is_above_the_first_row_of_a_day() -> None:
    rows = [place(), place(), place(day=date(2026, 11, 21))]

    def at(index: int) -> Place | None:
        return rows[index] if 0 <= index < len(rows) else None

    assert [group(at, index).day for index in range(3)] == [DAY, None, date(2026, 11, 21)]
    with pytest.raises(IndexError):
        group(at, 3)


def test_days_are_local_and_never_fail() -> None:
    noon = datetime(2026, 11, 20, 12).timestamp()
    assert local_day(int(noon * 1000)) == DAY
    assert local_day(2**53) == date.max
    assert local_day(-(2**53)) == date.min
