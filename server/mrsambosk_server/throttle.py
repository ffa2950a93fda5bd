"""Who may try how often: token buckets for commands, and the door's patience with wrong passwords.

In memory only: a restart forgives. Times are the loop's monotonic seconds.
"""

import ipaddress
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

    A try counts as a failure from when it begins until it succeeds, so that tries made all at once are no way around.
    Failures from everywhere against one account slow each address that failed there itself to one try a second: nobody
    can lock another person out from elsewhere, neither for good nor by taking every turn.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._accounts: dict[str, _Account] = {}

    def begin(self, address: str, account: str, now: float) -> None:
        """Call it before a password is looked at; then `succeeded`, `failed` or `forgive`.

        Raises:
            Refused: `rate_limited`, with `retry_after`.
        """
        key = (network(address), account)
        pair = self._pairs.get(key)
        until = pair.until if pair else 0.0
        if pair and pair.failures + pair.trying >= _FAILURES and pair.trying:
            until = max(until, now + 1.0)
        against = self._accounts.get(account)
        attacked = against is not None and against.failures >= _FAILURES and now - against.since < _FAILURES_SECONDS
        if attacked and pair and pair.failures:
            until = max(until, pair.tried + 1.0)
        if until > now:
            raise Refused("rate_limited", "Too many wrong tries; wait before the next.", round_up(until - now))
        if pair is None:
            self._make_room(now)
            pair = self._pairs[key] = _Pair(now)
        pair.trying += 1
        pair.tried = now

    def failed(self, address: str, account: str, now: float) -> None:
        """A wrong password or code."""
        pair = self._pairs[network(address), account]
        pair.trying -= 1
        forgotten = pair.until + _WAIT_MAX_SECONDS if pair.until else pair.since + _FAILURES_SECONDS
        if now > forgotten:
            pair.failures, pair.since, pair.until = 0, now, 0.0
        pair.failures += 1
        if pair.failures >= _FAILURES:
            pair.until = now + min(_WAIT_MAX_SECONDS, _FAILURES_SECONDS * 2.0 ** min(pair.failures - _FAILURES, 10))
        against = self._accounts.get(account)
        if against is None or now - against.since > _FAILURES_SECONDS:
            if len(self._accounts) >= _KEPT:
                self._accounts = {
                    name: kept for name, kept in self._accounts.items() if now - kept.since < _FAILURES_SECONDS
                }
            against = self._accounts[account] = _Account(now)
        against.failures += 1

    def succeeded(self, address: str, account: str) -> None:
        """It was the right one: what failed before is forgotten."""
        pair = self._pairs[network(address), account]
        pair.trying -= 1
        pair.failures, pair.until = 0, 0.0

    def forgive(self, address: str, account: str) -> None:
        """The try came to nothing: nothing was learned from it."""
        self._pairs[network(address), account].trying -= 1

    def _make_room(self, now: float) -> None:
        """Forget what no longer counts; where too much still does, the older half of it."""
        if len(self._pairs) < _KEPT:
            return
        kept = [(key, pair) for key, pair in self._pairs.items() if pair.matters(now)]
        if len(kept) > _KEPT // 2:
            kept = [(key, pair) for key, pair in kept[: -_KEPT // 2] if pair.trying] + kept[-_KEPT // 2 :]
        self._pairs = dict(kept)


class _Pair:
    """An address and an account."""

    __slots__ = ("failures", "since", "tried", "trying", "until")

    def __init__(self, now: float) -> None:
        self.failures = 0
        self.since = now
        self.tried = now
        self.trying = 0
        self.until = 0.0

    def matters(self, now: float) -> bool:
        return self.trying > 0 or self.until > now or (self.failures > 0 and now - self.since < _WAIT_MAX_SECONDS)


class _Account:
    """Failures against an account from everywhere, since when."""

    __slots__ = ("failures", "since")

    def __init__(self, now: float) -> None:
        self.failures = 0
        self.since = now


def network(address: str) -> str:
    """What one neighbour can hold many of: of an IPv6 address the /64 it is in, else the address itself."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address


def round_up(seconds: float) -> float:
    """Hundredths, never rounded down to a moment too early."""
    return math.ceil(seconds * 100) / 100
