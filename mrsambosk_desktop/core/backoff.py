"""How long to wait before dialling again: random between 0 and min(30, 0.5·2ⁿ) seconds, so that a crowd that lost one
host at one moment does not come back at one moment.
"""

import random

from mrsambosk_protocol.limits import BACKOFF_FIRST_SECONDS, BACKOFF_MAX_SECONDS, STABLE_SECONDS


class Backoff:
    """Counts failed tries. Times are of one monotonic clock, in seconds."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._random = rng or random.Random()  # noqa: S311 (jitter, no secret)
        self._tries = 0
        self._live_since: float | None = None

    def connected(self, now: float) -> None:
        """The host said welcome."""
        self._live_since = now

    def lost(self, now: float) -> float:
        """The connection failed or ended at `now`: seconds to wait before the next try."""
        if self._live_since is not None and now - self._live_since >= STABLE_SECONDS:
            self._tries = 0
        self._live_since = None
        # The exponent stops where the ceiling is long reached: 2**n of a week offline would overflow a float.
        ceiling = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return self._random.uniform(0, ceiling)

    def reset(self) -> None:
        """The network changed or the machine woke: the next wait is a first one."""
        self._tries = 0
