"""How rows of a timeline stand together: runs of one sender, day pills, the unread line, folded deletions.

Local by design: what a row looks like follows from its neighbours alone, so a new message changes at most the row
before it, and nobody ever regroups a whole room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Final

#: A run is one sender with no longer pause than this, in milliseconds.
RUN_MS: Final = 5 * 60 * 1000


class Kind(Enum):
    """What a row is, as far as grouping cares."""

    TEXT = auto()
    SYSTEM = auto()
    DELETED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """What grouping needs to know of one row. `at` is in Unix milliseconds; `unread`: the unread line is above it."""

    author: str
    at: int
    day: date
    kind: Kind
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """How one row stands among its neighbours.

    `first` and `last` of its run; `day` is there when a day pill stands above; `unread` when the unread line does.
    `fold` is how many deleted rows this one stands for; 0: it is folded into one before it and shows nothing.
    """

    first: bool
    last: bool
    day: date | None
    unread: bool
    fold: int = 1


#: Gives the place of a row by index, or None beyond either end.
PlaceAt = Callable[[int], Place | None]


def local_day(ms: int) -> date:
    """The local date of Unix milliseconds; times no calendar holds become the nearest it does."""
    try:
        return datetime.fromtimestamp(ms / 1000).date()
    except (OverflowError, OSError, ValueError):
        return date.max if ms > 0 else date.min


def joined(before: Place | None, after: Place | None) -> bool:
    """Whether two neighbours belong to one run."""
    if before is None or after is None or _divided(before, after):
        return False
    return (
        before.kind is after.kind
        and before.kind is not Kind.SYSTEM
        and before.author == after.author
        and abs(after.at - before.at) <= RUN_MS
    )


def folded(before: Place | None, after: Place | None) -> bool:
    """Whether two neighbours are deleted rows that fold into one line, whoever wrote them."""
    if before is None or after is None or _divided(before, after):
        return False
    return before.kind is Kind.DELETED and after.kind is Kind.DELETED


def group(place_at: PlaceAt, index: int) -> Group:
    """How the row at `index` stands among its neighbours.

    Raises:
        IndexError: when there is no such row.
    """
    place = place_at(index)
    if place is None:
        raise IndexError(index)
    before, after = place_at(index - 1), place_at(index + 1)
    return Group(
        first=not joined(before, place),
        last=not joined(place, after),
        day=place.day if before is None or before.day != place.day else None,
        unread=place.unread,
        fold=_fold(place_at, index, before, place),
    )


def reach(place_at: PlaceAt, index: int) -> tuple[int, int]:
    """The first and last index whose group may change when the row at `index` does."""
    low = index - 1
    while _is_deleted(place_at(low)):
        low -= 1
    high = index + 1
    while _is_deleted(place_at(high)):
        high += 1
    return (low if place_at(low) is not None else low + 1, high if place_at(high) is not None else high - 1)


def _divided(before: Place, after: Place) -> bool:
    return after.unread or before.day != after.day


def _is_deleted(place: Place | None) -> bool:
    return place is not None and place.kind is Kind.DELETED


def _fold(place_at: PlaceAt, index: int, before: Place | None, place: Place) -> int:
    if place.kind is not Kind.DELETED:
        return 1
    if folded(before, place):
        return 0
    count = 1
    here: Place | None = place
    while folded(here, after := place_at(index + count)):
        here = after
        count += 1
    return count
