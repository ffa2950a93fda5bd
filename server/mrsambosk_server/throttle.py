"""Who may try how often: token buckets for commands, and the door's patience with wrong passwords.

In memory only: a restart forgives. Times are the loop's monotonic seconds.
"""

import math
from collections.abc import Hashable
from typing import Final

from mrsambosk_protocol.limits import Refused

_FAILURES: Final = 5
_FAILURES_SECONDS: Final = 60.0
_WAIT_MAX_SECONDS: Final = 15 * 60.0
_KEPT: Final = 20_000


class Bucket:
    """A token bucket: `rate` a second, at most `burst` at once."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> float:
        """0.0 where one could be taken, else the seconds until one can."""
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self.rate

    def is_full(self, now: float) -> bool:
        return self._left + (now - self._at) * self.rate >= self.burst


class Buckets:
    """One bucket for each key; full ones are forgotten."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[Hashable, Bucket] = {}

    def check(self, key: Hashable, now: float, what: str) -> None:
        """Take one.

        Raises:
            Refused: `rate_limited`, with `retry_after`.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _KEPT:
                self._buckets = {key: kept for key, kept in self._buckets.items() if not kept.is_full(now)}
            bucket = self._buckets[key] = Bucket(self._rate, self._burst, now)
        wait = bucket.take(now)
        if wait:
            raise Refused("rate_limited", f"Too many {what} at once; wait a moment.", round_up(wait))


class SignIns:
    """Patience with wrong passwords: five failures a minute for an address and an account together, then longer.

    An account alone only slows to one try a second, so nobody can lock another person out from elsewhere.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], tuple[int, float, float]] = {}
        self._accounts: dict[str, tuple[int, float, float]] = {}

    def check(self, address: str, account: str, now: float) -> None:
        """Call it before a password is looked at.

        Raises:
            Refused: `rate_limited`, with `retry_after`.
        """
        until = self._pairs.get((address, account), (0, 0.0, 0.0))[2]
        failures, since, next_at = self._accounts.get(account, (0, now, 0.0))
        if failures >= _FAILURES and now - since < _FAILURES_SECONDS:
            if now < next_at:
                until = max(until, next_at)
            else:
                self._accounts[account] = (failures, since, now + 1.0)
        if until > now:
            raise Refused("rate_limited", "Too many wrong tries; wait before the next.", round_up(until - now))

    def failed(self, address: str, account: str, now: float) -> None:
        """A wrong password or code."""
        count, since, _until = self._pairs.get((address, account), (0, now, 0.0))
        if count < _FAILURES and now - since > _FAILURES_SECONDS:
            count, since = 0, now
        count += 1
        until = 0.0
        if count >= _FAILURES:
            until = now + min(_WAIT_MAX_SECONDS, _FAILURES_SECONDS * 2.0 ** min(count - _FAILURES, 10))
        if len(self._pairs) >= _KEPT:
            self._pairs = {key: kept for key, kept in self._pairs.items() if now - kept[1] < _WAIT_MAX_SECONDS}
        self._pairs[address, account] = (count, since, until)
        failures, first, next_at = self._accounts.get(account, (0, now, 0.0))
        if now - first > _FAILURES_SECONDS:
            failures, first = 0, now
        if len(self._accounts) >= _KEPT:
            self._accounts = {key: kept for key, kept in self._accounts.items() if now - kept[1] < _FAILURES_SECONDS}
        self._accounts[account] = (failures + 1, first, next_at)

    def succeeded(self, address: str, account: str) -> None:
        self._pairs.pop((address, account), None)


def round_up(seconds: float) -> float:
    """Hundredths, never rounded down to a moment too early."""
    return math.ceil(seconds * 100) / 100
