"""The unread line: above the first row that was unread when the room was opened, with how many there were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mrsambosk_protocol.entities import TEXT, Message

from .entries import Entry


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """`after` is the id read up to when the room was opened; None: no line. `opened_at` is the newest id there was
    then: no later row gets the line."""

    after: int | None = None
    opened_at: int = 0

    def place(self, stored: Sequence[Entry], me: str, *, has_older: bool) -> int | None:
        """Where the row below it stands; None when there is none, or it is before what is here."""
        place = next((number for number, message in self._unread(stored) if counts_as_unread(message, me)), None)
        return None if place == 0 and has_older and self._begins_before(stored) else place

    def count(self, stored: Sequence[Entry], me: str, *, has_older: bool, has_newer: bool) -> int | None:
        """How many it says are new; None when not all of them are here."""
        if has_newer or (has_older and self._begins_before(stored)):
            return None
        return sum(counts_as_unread(message, me) for _, message in self._unread(stored))

    def _unread(self, stored: Sequence[Entry]) -> Iterator[tuple[int, Message]]:
        for number, entry in enumerate(stored):
            if entry.message and self.after is not None and self.after < entry.message.id <= self.opened_at:
                yield number, entry.message

    def _begins_before(self, stored: Sequence[Entry]) -> bool:
        first = stored[0].message if stored else None
        return first is not None and first.id > (self.after or 0) + 1


def counts_as_unread(message: Message, me: str) -> bool:
    """Whether a message is news to the one at this window."""
    return message.kind == TEXT and message.author != me and not message.deleted
