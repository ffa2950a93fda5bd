"""What reading leaves on rows: who has seen one's own, and where the unread line stands."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from mrsambosk_desktop.models.timeline import TimelineModel
from tests.helpers.rows import ME, PEOPLE, deleted, message

from .test_timeline import watch


@pytest.fixture
def model(qtmodeltester: ModelTester) -> TimelineModel:
    made = TimelineModel()
    made.set_me(ME)
    made.set_users(PEOPLE)
    rows = [message(id, author=ME if id % 2 else "u_miriam") for id in range(1, 9)]
    made.reset(rows, has_older=True, has_newer=False, unread_after=None)
    qtmodeltester.check(made)
    return made


def seen(model: TimelineModel) -> dict[int, tuple[str, ...]]:
    rows = [model.row(number) for number in range(model.rowCount())]
    return {int(row.key): row.seen_by for row in rows if row.seen_by}


def line(model: TimelineModel) -> list[int | str]:
    rows = [model.row(number) for number in range(model.rowCount())]
    return [row.key for row in rows if row.group.unread]


def test_who_read_further_has_seen_all_before(model: TimelineModel) -> None:
    model.set_reads({"u_alma": 4, "u_miriam": 1, ME: 8})
    assert seen(model) == {1: ("u_alma", "u_miriam"), 3: ("u_alma",)}


def test_only_own_rows_between_the_two_places_change(model: TimelineModel) -> None:
    model.set_reads({"u_alma": 2})
    told = watch(model)
    kept = model.row(0)
    model.set_reads({"u_alma": 6})
    assert told == [("changed", 2, 4)]
    assert model.row(0) is kept
    model.set_reads({"u_alma": 6, ME: 8})
    assert len(told) == 1, "nothing moved for anyone else"
    model.set_reads({"u_alma": 2})
    assert seen(model) == {1: ("u_alma",)}, "marked unread again"


def test_a_screen_reader_hears_who_has_seen_it(model: TimelineModel) -> None:
    role = Qt.ItemDataRole.AccessibleTextRole
    model.set_reads({"u_alma": 8})
    assert model.index(0).data(role).endswith("Seen by \u2068Alma\u2069")
    model.set_reads({"u_alma": 8, "u_miriam": 8, "u_yonatan": 8, "u_gone": 8})
    assert model.index(0).data(role).endswith(" and 1 more")
    assert "Seen" not in model.index(1).data(role)


def test_deleted_rows_are_not_seen(model: TimelineModel) -> None:
    model.upsert([deleted(7, author=ME, rev=20)])
    model.set_reads({"u_alma": 8})
    assert 7 not in seen(model)
    assert model.newest_own(2) == (5, 3)


def test_marking_unread_moves_the_line(model: TimelineModel) -> None:
    model.mark_unread(6)
    assert line(model) == [6]
    number = model.place_of(6)
    assert number is not None
    assert model.row(number).unread_count == 2
    model.mark_unread(2)
    assert line(model) == [2]
    model.upsert([message(9)])
    assert line(model) == [2]


def test_the_first_row_here_may_be_the_first_unread(model: TimelineModel) -> None:
    model.reset([message(id) for id in range(5, 9)], has_older=True, has_newer=False, unread_after=None)
    model.mark_unread(5)
    assert line(model) == [5]


def test_the_line_comes_back_with_its_row(model: TimelineModel) -> None:
    rows = [message(id) for id in range(1, 41)]
    model.reset(rows[:10], has_older=False, has_newer=True, unread_after=15, opened_at=30)
    assert line(model) == []
    model.extend_newer(rows[10:40], has_newer=False)
    assert line(model) == [16]


def test_rows_after_the_opening_get_no_line(model: TimelineModel) -> None:
    rows = [message(id) for id in range(1, 41)]
    model.reset(rows[30:], has_older=False, has_newer=False, unread_after=30, opened_at=30)
    assert line(model) == []
