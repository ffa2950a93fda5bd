"""The timeline's model: exactly the rows that changed, never more than its window, newer revisions only."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from mrsambosk_desktop.core.rows import SendState
from mrsambosk_desktop.models.timeline import TimelineModel, TimelineRole
from mrsambosk_desktop.models.window import MAX_ROWS
from mrsambosk_protocol.entities import SYSTEM, User
from tests.helpers.rows import ME, MINUTE, MORNING, PEOPLE, deleted, message, pending
from tests.helpers.watched import watch


def ids(model: TimelineModel) -> list[int | str]:
    return [model.row(number).key for number in range(model.rowCount())]


@pytest.fixture
def model(qtmodeltester: ModelTester) -> Iterator[TimelineModel]:
    made = TimelineModel()
    made.set_me(ME)
    made.set_users(PEOPLE)
    made.reset([message(i) for i in range(1, 11)], has_older=True, has_newer=False, unread_after=None)
    yield made
    qtmodeltester.check(made)


def test_a_new_message_is_one_insertion(model: TimelineModel) -> None:
    told = watch(model)
    model.upsert([message(11)])
    assert told == [("inserted", 10, 10)]


def test_an_echo_is_one_insertion_and_one_change(model: TimelineModel) -> None:
    ids(model)
    told = watch(model)
    model.put_pending(pending("c1"))
    assert told == [("inserted", 10, 10)]
    ids(model)
    told.clear()
    model.upsert([message(11, "on its way", author=ME, cid="c1")])
    assert [what for what, _, _ in told] == ["changed"]
    assert told[0][2] == 10
    assert ids(model) == list(range(1, 12))
    told.clear()
    model.upsert([message(11, "on its way", author=ME, cid="c1")])
    assert told == [], "the same revision again is no news"


def test_another_persons_cid_confirms_nothing(model: TimelineModel) -> None:
    model.put_pending(pending("c1"))
    model.upsert([message(11, author="u_alma", cid="c1")])
    assert ids(model) == [*range(1, 12), "c1"]


def test_a_later_pending_row_confirmed_first_moves_up(model: TimelineModel) -> None:
    model.put_pending(pending("c1", state=SendState.FAILED))
    model.put_pending(pending("c2"))
    model.upsert([message(11, author=ME, cid="c2")])
    assert ids(model) == [*range(1, 12), "c1"]


def test_pending_rows_stay_last(model: TimelineModel) -> None:
    model.put_pending(pending("c1"))
    model.upsert([message(11), message(12)])
    assert ids(model) == [*range(1, 13), "c1"]


def test_a_pending_row_that_is_stored_already_is_not_shown_again(model: TimelineModel) -> None:
    model.upsert([message(11, author=ME, cid="c1")])
    model.put_pending(pending("c1"))
    assert ids(model) == list(range(1, 12))


def test_the_newer_revision_wins(model: TimelineModel) -> None:
    told = watch(model)
    model.upsert([message(5, "edited", rev=30)])
    model.upsert([message(5, "an older page", rev=20)])
    assert [what for what, _, _ in told] == ["changed"]
    assert model.row(4).message is not None
    assert model.row(4).message.body == "edited"


def test_rows_before_the_window_are_not_shown_while_older_ones_exist(model: TimelineModel) -> None:
    model.reset([message(i) for i in (5, 6)], has_older=True, has_newer=False, unread_after=None)
    model.upsert([message(3, rev=40)])
    assert ids(model) == [5, 6]


def test_new_rows_are_not_shown_after_a_hole(model: TimelineModel) -> None:
    model.reset([message(i) for i in (5, 6)], has_older=False, has_newer=True, unread_after=None)
    model.put_pending(pending("c1"))
    arrived: list[tuple[int, int]] = []
    model.arrived.connect(lambda count, mentions: arrived.append((count, mentions)))
    model.upsert([message(90, mentions=(ME,)), message(91, author=ME)])
    assert ids(model) == [5, 6]
    assert arrived == [(1, 1)]
    model.extend_newer([message(7), message(90)], has_newer=False)
    assert ids(model) == [5, 6, 7, 90, "c1"]


def test_the_window_is_never_larger_than_its_size(model: TimelineModel) -> None:
    model.reset([message(i) for i in range(1001, 1401)], has_older=True, has_newer=False, unread_after=None)
    model.upsert([message(1401)])
    assert model.rowCount() <= MAX_ROWS
    assert model.last_id == 1401
    model.extend_older([message(i) for i in range(900, 1000)], has_older=True)
    assert model.rowCount() == MAX_ROWS
    assert model.first_id == 900
    assert model.has_newer
    model.extend_newer([message(i) for i in range(1300, 1402)], has_newer=False)
    assert model.rowCount() == MAX_ROWS
    assert (model.last_id, model.has_older, model.has_newer) == (1401, True, False)


def test_a_full_window_that_is_being_read_is_left_alone(model: TimelineModel) -> None:
    model.reset([message(i) for i in range(1, MAX_ROWS + 1)], has_older=False, has_newer=False, unread_after=None)
    model.put_pending(pending("c1"))
    model.set_following(False)
    model.upsert([message(MAX_ROWS + 1)])
    assert ids(model) == list(range(1, MAX_ROWS + 1))
    assert model.has_newer


def test_dropping_tells_the_row_and_the_cid(model: TimelineModel) -> None:
    dropped: list[str] = []
    model.pending_dropped.connect(dropped.append)
    model.put_pending(pending("c1"))
    told = watch(model)
    model.drop_pending("c1")
    model.drop_pending("c1")
    assert told == [("removed", 10, 10)]
    assert dropped == ["c1"]


def test_deleted_rows_fold_into_the_first(model: TimelineModel) -> None:
    model.upsert([deleted(4, rev=20), deleted(6, rev=21), deleted(5, rev=22)])
    assert [model.row(number).group.fold for number in range(2, 7)] == [1, 3, 0, 0, 1]


def test_a_deletion_waiting_for_undo_says_so_until_it_is_done(model: TimelineModel) -> None:
    model.set_deleting(7, True)
    assert model.row(6).deleting
    model.upsert([deleted(7, rev=20)])
    assert not model.row(6).deleting
    assert model.row(6).deleted


def test_the_unread_line_stands_where_reading_ended(model: TimelineModel) -> None:
    rows = [message(i, author=ME if i == 8 else "u_alma") for i in range(1, 11)]
    model.reset(rows, has_older=False, has_newer=False, unread_after=7)
    assert [model.row(n).group.unread for n in range(10)].index(True) == 8, "one's own message is not new"
    assert model.row(8).unread_count == 2
    model.upsert([message(11)])
    assert sum(model.row(n).group.unread for n in range(11)) == 1, "it stays where it was"


def test_all_read_has_no_unread_line_even_when_more_comes(model: TimelineModel) -> None:
    model.reset([message(i) for i in range(1, 11)], has_older=False, has_newer=False, unread_after=10)
    model.upsert([message(11)])
    assert not any(model.row(n).group.unread for n in range(11))


def test_a_quoted_message_is_followed_as_it_changes(model: TimelineModel) -> None:
    model.upsert([message(11, reply_to=3), message(12, reply_to=500)])
    assert model.row(10).source == message(3)
    assert model.missing_sources() == (500,)
    model.upsert([deleted(3, rev=20)])
    assert model.row(10).source is not None
    assert model.row(10).source.deleted
    model.put_sources([message(500)])
    assert model.missing_sources() == ()
    assert model.row(11).source == message(500)


def test_a_new_name_shows_at_once_and_presence_changes_no_row(model: TimelineModel) -> None:
    told = watch(model)
    old = PEOPLE["u_miriam"]
    model.update_users([User(id=old.id, name=old.name, role=old.role, status="away")])
    assert told == []
    model.update_users([User(id=old.id, name="Mira", role=old.role)])
    assert told == [("changed", 0, 9)]
    assert model.row(0).author is not None
    assert model.row(0).author.name == "Mira"


def test_only_rows_that_name_who_is_called_otherwise_now_change(model: TimelineModel) -> None:
    model.upsert(
        [
            message(11, author="u_alma"),
            message(12, "@Alma?", mentions=("u_alma",)),
            message(13, reply_to=11),
            message(14),
            message(15, "", kind=SYSTEM, event={"name": "member_added", "user": "u_alma"}),
        ]
    )
    ids(model)
    told = watch(model)
    model.set_users(dict(PEOPLE))
    model.set_users(PEOPLE | {"u_noa": User(id="u_noa", name="Noa")})
    model.update_users([User(id="u_noa", name="Noa B.")])
    assert told == [], "the same people again, and one who has said nothing"
    model.set_users(PEOPLE | {"u_alma": User(id="u_alma", name="Alma K.")})
    assert told == [("changed", 10, 12), ("changed", 14, 14)]
    assert model.data(model.index(14)) == "\u2068Miriam B.\u2069 added \u2068Alma K.\u2069"
    assert model.row(12).source_author is not None
    assert model.row(12).source_author.name == "Alma K."


def test_a_row_reads_as_one_sentence(model: TimelineModel) -> None:
    model.upsert([message(11, "Slides are on the *share*", reactions={"👍": (ME, "u_alma")}, edited_at=MORNING)])
    spoken = model.data(model.index(10), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Miriam B., ")
    assert spoken.endswith(", Slides are on the share, edited, 2 reactions")
    model.put_pending(pending("c1", "mine"))
    assert model.data(model.index(11), Qt.ItemDataRole.AccessibleTextRole).endswith("mine, Sending…")
    model.upsert([message(12, "mine", author=ME, cid="c1")])
    assert model.data(model.index(11), Qt.ItemDataRole.AccessibleTextRole).endswith("mine, sent")


def test_system_rows_are_worded_here(model: TimelineModel) -> None:
    model.upsert([message(11, "", author="u_alma", kind=SYSTEM, event={"name": "member_added", "user": "u_alma"})])
    model.upsert([message(12, "", author="u_alma", kind=SYSTEM, event={"name": "of a later version"})])
    model.upsert([message(13, "", author="u_alma", kind=SYSTEM, event={"name": "member_added", "user": [1]})])
    assert model.data(model.index(10)) == "\u2068Alma\u2069 joined"
    assert all(model.data(model.index(row)) for row in (11, 12))
    assert not model.row(10).mine


def test_times_that_no_calendar_holds_do_no_harm(model: TimelineModel) -> None:
    model.upsert([message(11, sent_at=2**53 - 1), message(12, sent_at=-(2**53) + 1)])
    assert all(model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole) for row in (10, 11))


def test_roles_give_the_parts_of_a_row(model: TimelineModel) -> None:
    index = model.index(0)
    assert index.data(TimelineRole.MESSAGE) == message(1)
    assert index.data(TimelineRole.AUTHOR) == PEOPLE["u_miriam"]
    assert index.data(TimelineRole.KEY) == 1
    assert index.data(TimelineRole.PENDING) is None
    assert index.data(TimelineRole.MINE) is False
    assert index.data(TimelineRole.GROUP).first


steps = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.integers(1, 60), st.integers(1, 200), st.booleans()),
        st.tuples(st.just("post"), st.integers(1, 6), st.just(0), st.booleans()),
        st.tuples(st.just("drop"), st.integers(1, 6), st.just(0), st.booleans()),
        st.tuples(st.just("older"), st.integers(1, 60), st.integers(1, 5), st.booleans()),
        st.tuples(st.just("newer"), st.integers(1, 60), st.integers(1, 5), st.booleans()),
    ),
    max_size=40,
)


@given(steps)
def test_whatever_comes_the_rows_told_are_the_rows_there_are(script: list[tuple[str, int, int, bool]]) -> None:
    """A mirror fed by signals alone stays equal to the model; ids ascend; groups are never out of date."""
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    mirror: list[int | str] = []
    model.rowsInserted.connect(lambda _p, a, b: mirror.__setitem__(slice(a, a), ids(model)[a : b + 1]))
    model.rowsRemoved.connect(lambda _p, a, b: mirror.__delitem__(slice(a, b + 1)))
    model.rowsMoved.connect(lambda _p, a, _b, _d, to: mirror.insert(to, mirror.pop(a)))
    model.dataChanged.connect(
        lambda a, b, _r: mirror.__setitem__(slice(a.row(), b.row() + 1), ids(model)[a.row() : b.row() + 1])
    )
    for what, number, rev, flag in script:
        at = MORNING + number * MINUTE
        match what:
            case "upsert":
                own = flag and number <= 6
                row = message(
                    number, rev=rev, author=ME if own else "u_alma", cid=f"c{number}" if own else None, sent_at=at
                )
                model.upsert([deleted(number, rev=rev)] if rev % 3 == 0 else [row])
            case "post":
                model.put_pending(pending(f"c{number}", state=SendState.FAILED if flag else SendState.SENDING))
            case "drop":
                model.drop_pending(f"c{number}")
            case "older":
                model.extend_older([message(i) for i in range(max(1, number - rev), number)], has_older=flag)
            case "newer":
                model.extend_newer([message(i) for i in range(number, number + rev)], has_newer=flag)
        assert mirror == ids(model)
        stored = [key for key in mirror if isinstance(key, int)]
        assert stored == sorted(set(stored))
        cached = [model.row(n).group for n in range(model.rowCount())]
        model._window.tell_all()
        assert cached == [model.row(n).group for n in range(model.rowCount())]
