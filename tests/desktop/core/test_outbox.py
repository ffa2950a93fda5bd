"""What leaves when, what is tried again, what waits for the person."""

import random
from dataclasses import replace

import pytest

from mrsambosk_desktop.core.outbox import Entry, Kept, Outbox, State
from mrsambosk_protocol.commands import Delete, Edit, Post, React
from mrsambosk_protocol.limits import CODES

ROOM = "lobby"


def post(seq: int, room: str = ROOM) -> Entry:
    return Entry(seq, "HOST", Post(ref=1, room=room, cid=f"cid-{seq:016}", body=f"text {seq}"))


def other(seq: int, command: Kept, due: float = 0.0) -> Entry:
    return Entry(seq, "HOST", command, due=due)


def seqs(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def test_one_post_of_a_room_is_in_flight() -> None:
    box = Outbox([post(1), post(2), post(3, "other")])
    assert seqs(box.due(0)) == [1, 3]
    assert seqs(box.due(0)) == []
    box.settle(1)
    assert seqs(box.due(0)) == [2]


def test_what_was_in_flight_leaves_first_after_a_cut() -> None:
    box = Outbox([post(1), post(2)])
    box.due(0)
    assert seqs(box.disconnected()) == [1]
    assert seqs(box.due(0)) == [1]


@pytest.mark.parametrize("code", [code for code in CODES if not CODES[code].retry])
def test_a_refusal_for_good_stops_the_room_until_the_person_acts(code: str) -> None:
    box = Outbox([post(1), post(2), post(3, "other")])
    box.due(0)
    failed = box.refused(1, code, "No.", None, 0)
    assert failed is not None
    assert (failed.state, failed.reason) == (State.FAILED, "No.")
    assert box.due(1e9) == []
    assert box.next_due(1e9) is None
    box.retry(1)
    assert seqs(box.due(0)) == [1]
    box.refused(1, code, "No.", None, 0)
    box.settle(1)  # discarded
    assert seqs(box.due(0)) == [2]


@pytest.mark.parametrize(
    ("code", "retry_after", "wait"),
    [
        ("rate_limited", 1.5, 1.5),
        ("busy", None, 30),
        ("busy", 2.0, 2.0),
        ("storage_full", None, 30),
        ("storage_read_only", None, 30),
        ("storage_error", None, 30),
    ],
)
def test_the_head_is_tried_again_and_holds_those_behind_it(code: str, retry_after: float | None, wait: float) -> None:
    box = Outbox([post(1), post(2)])
    box.due(10)
    assert box.refused(1, code, "Later.", retry_after, 10) is not None
    assert box.due(10 + wait - 0.01) == []
    assert box.next_due(10) == 10 + wait
    assert seqs(box.due(10 + wait)) == [1]


def test_internal_is_tried_three_times() -> None:
    box = Outbox([post(1)])
    now = 0.0
    for _ in range(2):
        assert seqs(box.due(now)) == [1]
        again = box.refused(1, "internal", "Oops.", None, now)
        assert again is not None
        assert again.state is State.WAITING
        now = again.due
    box.due(now)
    failed = box.refused(1, "internal", "Oops.", None, now)
    assert failed is not None
    assert failed.state is State.FAILED


def test_an_unknown_code_is_for_good() -> None:
    box = Outbox([post(1)])
    box.due(0)
    failed = box.refused(1, "of_a_later_version", "No.", None, 0)
    assert failed is not None
    assert failed.state is State.FAILED


def test_a_delete_within_its_undo_holds_nothing_and_can_be_undone() -> None:
    box = Outbox([post(1)])
    box.add(other(2, Delete(ref=1, room=ROOM, id=5), due=6.0))
    box.add(other(3, React(ref=1, room=ROOM, id=4, emoji="👍", on=True)))
    box.add(post(4))
    assert seqs(box.due(0)) == [1, 3]
    box.settle(3)
    assert box.due(5.9) == []
    assert box.next_due(5.9) == 6.0
    entry = box.find_delete(ROOM, 5)
    assert entry is not None
    box.settle(entry.seq)
    assert box.due(7) == []


def test_quitting_hurries_deletes_only() -> None:
    box = Outbox([post(1)])
    box.due(0)
    box.refused(1, "rate_limited", "Later.", 60, 0)
    box.add(other(2, Delete(ref=1, room=ROOM, id=5), due=6.0))
    assert seqs(box.hurry()) == [2]
    assert seqs(box.due(0)) == [2]


def test_a_refused_post_never_holds_back_a_delete() -> None:
    box = Outbox([post(1), other(2, Delete(ref=1, room=ROOM, id=5))])
    assert seqs(box.due(0)) == [1, 2]
    box.refused(1, "forbidden", "No.", None, 0)
    box.settle(2)
    box.add(other(3, Delete(ref=1, room=ROOM, id=6)))
    assert seqs(box.due(0)) == [3]


def test_changes_of_stored_rows_keep_their_order_and_a_refused_one_is_over() -> None:
    box = Outbox(
        [
            other(1, Edit(ref=1, room=ROOM, id=5, body="new")),
            other(2, React(ref=1, room=ROOM, id=5, emoji="👍", on=True)),
        ]
    )
    assert seqs(box.due(0)) == [1]
    failed = box.refused(1, "gone", "It was deleted.", None, 0)
    assert failed is not None
    assert failed.state is State.FAILED
    assert seqs(box.due(0)) == [2]
    assert len(box) == 1


def test_answers_to_what_is_gone_change_nothing() -> None:
    box = Outbox()
    assert box.settle(1) is None
    assert box.refused(1, "busy", "", None, 0) is None
    assert box.retry(1) is None


@pytest.mark.parametrize("seed", range(200))
def test_posts_of_a_room_are_carried_out_in_order_and_once(seed: int) -> None:
    """A host that refuses, loses answers and is cut off, and a person who retries: order and number hold."""
    rng = random.Random(seed)
    box = Outbox()
    carried: list[str] = []
    now, seq = 0.0, 0
    for _ in range(200):
        if rng.random() < 0.3 and seq < 25:
            seq += 1
            box.add(post(seq))
        for entry in box.due(now):
            assert entry.cid is not None
            fate = rng.random()
            if fate < 0.5:
                if entry.cid not in carried:  # the host's UNIQUE(author, cid)
                    carried.append(entry.cid)
                if fate < 0.35:
                    box.settle(entry.seq)
                else:
                    box.disconnected()
            elif fate < 0.7:
                box.disconnected()
            else:
                box.refused(entry.seq, rng.choice(("busy", "rate_limited", "internal", "forbidden")), "", 1.0, now)
        for entry in box:
            if entry.state is State.FAILED and rng.random() < 0.5:
                box.retry(entry.seq)
        now += rng.random()
        # What the disk would give back after a crash is the same queue.
        if rng.random() < 0.1:
            kept = [replace(e, state=State.FAILED if e.state is State.FAILED else State.WAITING, due=0.0) for e in box]
            box = Outbox(kept)
    assert carried == sorted(carried)
    assert len(carried) >= 1
