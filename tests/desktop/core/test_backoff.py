"""The bounds of the waits."""

import random

from mrsambosk_desktop.core.backoff import Backoff


def test_waits_are_between_zero_and_the_doubling_ceiling() -> None:
    for seed in range(200):
        backoff = Backoff(random.Random(seed))
        for number in range(40):
            assert 0 <= backoff.lost(0) <= min(30, 0.5 * 2**number)


def test_the_ceiling_is_reached_and_the_crowd_is_spread() -> None:
    waits = []
    for seed in range(500):
        backoff = Backoff(random.Random(seed))
        waits.append([backoff.lost(0) for _ in range(10)][-1])
    assert min(waits) < 1.5
    assert max(waits) > 28.5


def test_a_week_offline_does_not_overflow() -> None:
    backoff = Backoff(random.Random(1))
    assert all(backoff.lost(0) <= 30 for _ in range(5000))


def test_thirty_stable_seconds_begin_anew_and_less_does_not() -> None:
    class Ceiling(random.Random):
        def uniform(self, low: float, high: float) -> float:
            return high

    backoff = Backoff(Ceiling())
    assert [backoff.lost(0) for _ in range(4)] == [0.5, 1, 2, 4]
    backoff.connected(100)
    assert backoff.lost(129.9) == 8
    backoff.connected(200)
    assert backoff.lost(230) == 0.5
    backoff.lost(231)
    backoff.reset()
    assert backoff.lost(232) == 0.5
