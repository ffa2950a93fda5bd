"""Who may try how often: buckets, and the door's patience with wrong passwords. Times are given, nothing waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_protocol.limits import Refused
from mrsambosk_server.throttle import Bucket, Buckets, SignIns, round_up

OWNER = ("192.168.1.2", "owner")
NEIGHBOUR = "192.168.1.66"


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    bucket = Bucket(5, 20, 0.0)
    assert [bucket.take(0.0) for _ in range(20)] == [0.0] * 20
    wait = bucket.take(0.0)
    assert wait == pytest.approx(0.2)
    assert bucket.take(0.1) == pytest.approx(0.1)
    assert bucket.take(0.2) == 0.0
    assert bucket.take(0.2) > 0.0
    assert not bucket.is_full(4.0)
    assert bucket.is_full(4.2)
    assert [bucket.take(1000.0) for _ in range(21)].count(0.0) == 20, "no more than the burst is saved up"


@given(st.lists(st.floats(0.0, 2.0), max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_never_more_than_burst_and_rate_allow(gaps: list[float], rate: int, burst: int) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        wait = bucket.take(now)
        if not wait:
            taken += 1
        assert taken <= burst + rate * now + 1e-6
        assert wait <= 1 / rate + 1e-6


def test_each_key_has_its_own_bucket_and_waiting_is_said() -> None:
    buckets = Buckets(1, 2)
    for key in ("a", "b"):
        buckets.check(key, 0.0, "messages")
        buckets.check(key, 0.0, "messages")
    with pytest.raises(Refused) as caught:
        buckets.check("a", 0.5, "messages")
    assert (caught.value.code, caught.value.retry_after) == ("rate_limited", 0.5)
    buckets.check("a", 1.0, "messages")


def test_full_buckets_are_forgotten_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.throttle._KEPT", 10)
    buckets = Buckets(1, 1)
    for number in range(9):
        buckets.check(number, 0.0, "messages")
    buckets.check("late", 100.0, "messages")
    buckets.check("later", 100.0, "messages")
    assert len(buckets._buckets) == 2
    with pytest.raises(Refused):
        buckets.check("late", 100.0, "messages")


@given(st.floats(0.0, 1e6))
def test_waiting_is_never_rounded_down(seconds: float) -> None:
    assert seconds <= round_up(seconds) + 1e-9
    assert round_up(seconds) < seconds + 0.0101


# Passwords.


def wait(door: SignIns, address: str, account: str, now: float) -> float:
    """What a try has to wait for: 0.0 where it may be made; it is a wrong one."""
    try:
        door.begin(address, account, now)
    except Refused as refused:
        return refused.retry_after or 0.0
    door.failed(address, account, now)
    return 0.0


def test_five_failures_then_ever_longer() -> None:
    door = SignIns()
    now = 1000.0
    assert [wait(door, *OWNER, now + second) for second in range(5)] == [0.0] * 5
    now += 4
    waits = []
    for _ in range(7):
        waits.append(wait(door, *OWNER, now))
        assert wait(door, *OWNER, now + waits[-1] - 0.02) > 0.0
        now += waits[-1]
        assert wait(door, *OWNER, now) == 0.0
    assert waits == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]


def test_slow_failures_are_forgiven_and_so_is_long_ago() -> None:
    door = SignIns()
    assert [wait(door, *OWNER, third * 20.0) for third in range(50)] == [0.0] * 50, "three a minute"
    door = SignIns()
    for second in range(5):
        wait(door, *OWNER, float(second))
    assert wait(door, *OWNER, 10.0) > 0.0
    # A day later everything begins anew.
    assert [wait(door, *OWNER, 86_400.0 + second) for second in range(5)] == [0.0] * 5


def test_the_right_password_ends_it() -> None:
    door = SignIns()
    for second in range(4):
        wait(door, *OWNER, float(second))
    door.begin(*OWNER, 5.0)
    door.succeeded(*OWNER)
    assert [wait(door, *OWNER, 6.0 + second) for second in range(4)] == [0.0] * 4


def test_tries_made_all_at_once_are_no_way_around() -> None:
    door = SignIns()
    begun = 0
    for _ in range(100):
        try:
            door.begin(NEIGHBOUR, "owner", 0.0)
        except Refused:
            continue
        begun += 1
    assert begun <= 5


def test_a_neighbour_never_locks_the_owner_out() -> None:
    """One who tries wrong passwords all day, as fast as they are let, from many addresses."""
    door = SignIns()
    now = 0.0
    for second in range(600):
        for place in range(20):
            now = second + place / 20
            wait(door, f"10.0.0.{second % 250}", "owner", now)
            wait(door, NEIGHBOUR, "owner", now)
        if second % 2:
            door.begin(*OWNER, now + 0.04)
            door.succeeded(*OWNER)


def test_another_account_is_not_slowed() -> None:
    door = SignIns()
    for _ in range(20):
        wait(door, NEIGHBOUR, "owner", 0.0)
    assert wait(door, NEIGHBOUR, "somebody else", 0.0) == 0.0


def test_a_try_that_came_to_nothing_counts_for_nothing() -> None:
    door = SignIns()
    for second in range(50):
        door.begin(*OWNER, second * 0.1)
        door.forgive(*OWNER)
    assert wait(door, *OWNER, 5.0) == 0.0


def test_addresses_of_one_ipv6_neighbour_are_one() -> None:
    door = SignIns()
    waits = [wait(door, f"2001:db8::{number:x}", "owner", number * 2.0) for number in range(10)]
    assert waits[:5] == [0.0] * 5
    assert all(waits[5:])


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.throttle._KEPT", 100)
    door = SignIns()
    for number in range(1000):
        wait(door, f"10.0.{number // 250}.{number % 250}", f"account {number}", number * 0.01)
    assert len(door._pairs) <= 100
    assert len(door._accounts) <= 1000
