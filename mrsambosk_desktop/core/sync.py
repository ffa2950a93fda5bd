"""The five rules of sync, as arithmetic: what a told row, a sync page or a history page does to a room's copy.

Nothing here holds rows. A caller keeps them (see `storage.replica`), writes a row only over one of a lower `rev`
(rule 1: `newer`), and stores what a step gives back in the same transaction as the rows.
The rules are in ``docs/protocol.md``, *One idea carries sync*.
"""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.events import Page, Sync
from mrsambosk_protocol.limits import RESET_ROWS


class Missed(Exception):
    """A live row skipped a revision (rule 4): something was lost. Reconnect and resume, with the usual backoff."""


@dataclass(frozen=True, slots=True)
class Span:
    """The ids `first` … `last`, both included. `first` 0 says: from the room's beginning."""

    first: int
    last: int

    def __contains__(self, id: object) -> bool:
        return isinstance(id, int) and self.first <= id <= self.last


@dataclass(frozen=True, slots=True)
class Ranges:
    """Loaded spans of ids: ascending, apart from each other by at least one id."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *pairs: tuple[int, int]) -> Self:
        ranges = cls()
        for first, last in pairs:
            ranges = ranges.with_span(first, last)
        return ranges

    def with_span(self, first: int, last: int) -> Self:
        """These and `first` … `last`, joined where they touch. An empty span (`last` < `first`) changes nothing."""
        if last < first:
            return self
        kept = []
        for span in self.spans:
            if span.last + 1 < first or last + 1 < span.first:
                kept.append(span)
            else:
                first, last = min(first, span.first), max(last, span.last)
        bisect.insort(kept, Span(first, last), key=lambda span: span.first)
        return type(self)(tuple(kept))

    def without(self, id: int) -> Self:
        """These, but for one id."""
        kept: list[Span] = []
        for span in self.spans:
            parts = (Span(span.first, id - 1), Span(id + 1, span.last)) if id in span else (span,)
            kept += [part for part in parts if part.first <= part.last]
        return type(self)(tuple(kept))

    def around(self, id: int) -> Span | None:
        """The span that holds `id`, or None: not loaded."""
        return next((span for span in self.spans if id in span), None)

    def newest(self) -> Span | None:
        return self.spans[-1] if self.spans else None

    def pairs(self) -> tuple[tuple[int, int], ...]:
        return tuple((span.first, span.last) for span in self.spans)


@dataclass(frozen=True, slots=True)
class RoomCopy:
    """What is known of one room's copy, besides its rows.

    Args:
        cursor: the revision up to which every change was told.
        epoch: the host's epoch in which `cursor` was told.
        ranges: the ids whose rows are all here.
        since: the revision the copy began with. A page read before it may lack changes that were never told to this
            copy, so it is not taken.
        settled: while a sync of several pages is under way, the (cursor, epoch) it began with, else None. Between its
            pages the rows are no state that the host ever was in; see `resumed`.
    """

    cursor: int = 0
    epoch: str = ""
    ranges: Ranges = Ranges()
    since: int = 0
    settled: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a `history` command asked: before, after or around an id, or (none) at the newest."""

    before: int | None = None
    after: int | None = None
    around: int | None = None


def newer(row: Message, kept_rev: int | None) -> bool:
    """Rule 1: whether `row` replaces the kept one of the same id (None: there is none)."""
    return kept_rev is None or row.rev > kept_rev


def is_new_epoch(copy: RoomCopy, sync: Sync, epoch: str) -> bool:
    """Whether this page continues the copy in another epoch, so that rows ahead of its cursor are in doubt.

    Pages may bring rows of a higher `rev` than the cursor. When the host then came back from a backup, its cursor can
    be good while those rows never happened. The caller drops them and names them to `after_sync` as `ahead`.
    """
    return not sync.reset and copy.epoch != epoch


def after_sync(copy: RoomCopy, sync: Sync, epoch: str, ahead: Iterable[int] = ()) -> RoomCopy:
    """The copy after a `sync` page. With `sync.reset` the caller drops all rows of the room before storing these.

    Args:
        epoch: the epoch of this connection.
        ahead: ids of the rows that were dropped because of `is_new_epoch`; they are no longer loaded.
    """
    if sync.reset:
        ids = [row.id for row in sync.messages]
        # Fewer rows than the host gives at most are the whole room.
        first = min(ids) if len(ids) >= RESET_ROWS else 0
        return RoomCopy(sync.rev, epoch, Ranges.of((first, sync.rev)), since=sync.rev)
    ranges = copy.ranges
    for id in ahead:
        ranges = ranges.without(id)
    settled = (copy.settled or (copy.cursor, copy.epoch)) if sync.more else None
    return _advanced(replace(copy, ranges=ranges, settled=settled), sync.rev, epoch)


def resumed(copy: RoomCopy, epoch: str) -> RoomCopy:
    """The copy as it stands when the host says welcome in `epoch`.

    When that is another epoch and a sync was cut between its pages, the cursor goes back to where that sync began: a
    row whose latest change was still to come may have got an older state back from a backup, which nothing later
    would tell. Another copy than the one given means that `have` said too much: connect again.
    """
    if copy.settled is None or copy.epoch == epoch:
        return copy
    cursor, settled_epoch = copy.settled
    spans = ((span.first, min(span.last, cursor)) for span in copy.ranges.spans)
    return RoomCopy(cursor, settled_epoch, Ranges.of(*spans), copy.since)


def after_told(copy: RoomCopy, rev: int) -> RoomCopy | None:
    """The copy after a live change of revision `rev`, or None when it was known already.

    Raises:
        Missed: `rev` leaves a gap.
    """
    if rev <= copy.cursor:
        return None
    if rev > copy.cursor + 1:
        raise Missed(f"revision {rev} came after {copy.cursor}")
    return _advanced(copy, rev, copy.epoch)


def after_page(copy: RoomCopy, place: Place, page: Page) -> RoomCopy | None:
    """The copy after a history page, or None when the page must not be taken at all.

    The cursor stays (rule 3). What lies beyond it is stored by the caller but not covered: it will be told.
    """
    if page.rev < copy.since:
        return None
    ids = [row.id for row in page.messages]
    if not ids and page.has_older and page.has_newer:
        return copy
    first = ids[0] if ids and page.has_older else 0
    last = ids[-1] if ids and page.has_newer else min(page.rev, copy.cursor)
    if place.before is not None:
        last = place.before - 1
        if not ids and page.has_older:
            return copy
    elif place.after is not None:
        first = place.after + 1
        if not ids and page.has_newer:
            return copy
    return replace(copy, ranges=copy.ranges.with_span(first, min(last, copy.cursor)))


def _advanced(copy: RoomCopy, rev: int, epoch: str) -> RoomCopy:
    newest = copy.ranges.newest()
    # The newest span ends at the cursor, unless rows just before it were dropped as `ahead`.
    first = newest.first if newest is not None and newest.last == copy.cursor else copy.cursor + 1
    return replace(copy, cursor=rev, epoch=epoch, ranges=copy.ranges.with_span(first, rev))
