"""Repeated measurements: each round runs every server once, so that what disturbs the machine disturbs all alike."""

import statistics
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .programs import Missing

Result = dict[str, Any]


class Rounds:
    """The results of one scenario, by server.

    Args:
        missing: gets what could not be run, by server.
    """

    def __init__(self, missing: dict[str, str]) -> None:
        self.results: dict[str, list[Result]] = {}
        self._missing = missing

    def run(self, rounds: int, runs: Mapping[str, Callable[[], Result]]) -> None:
        """Run each of `runs` once in each round; a peer that is not here, or fails, is named and left out."""
        for _ in range(rounds):
            for name, run in runs.items():
                if name in self._missing:
                    continue
                try:
                    self.results.setdefault(name, []).append(run())
                except Missing as missing:
                    self._missing[name] = str(missing)
                except RuntimeError as error:
                    note(f"  {name}: {error}")

    def median(self, name: str, *path: str) -> float | None:
        """The median over the rounds of a figure at `path` in the result, or None where there is none."""
        values = [value for value in (_at(result, path) for result in self.results.get(name, ())) if value is not None]
        return statistics.median(values) if values else None

    def ratio(self, name: str, other: str, *path: str) -> float | None:
        """The median over the rounds of one server's figure divided by another's of the same round."""
        pairs = zip(self.results.get(name, ()), self.results.get(other, ()), strict=False)
        both = [(_at(one, path), _at(two, path)) for one, two in pairs]
        ratios = [one / two for one, two in both if one is not None and two]
        return statistics.median(ratios) if ratios else None

    def total(self, name: str, key: str) -> int:
        """The sum over the rounds of a count."""
        return sum(int(result[key]) for result in self.results.get(name, ()))


def _at(result: Result, path: Iterable[str]) -> float | None:
    value: Any = result
    for key in path:
        value = None if value is None else value.get(key)
    return value


def note(text: str) -> None:
    """Say on standard error how far it is."""
    print(text, file=sys.stderr, flush=True)
