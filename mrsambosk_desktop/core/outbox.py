"""The fate of commands that a person gave: what leaves when, what is tried again, what waits for the person.

Pure: it neither sends nor stores. `storage.outbox` keeps the same entries on disk, `controllers.chat` carries out what
`due` hands over and reports the answer to `answered`. Times are of one monotonic clock, in seconds.

A room has two lanes. Posts keep their order: one is in flight, and one refused for good holds those behind it until
the person acts. Edits, deletes and reactions name stored rows and follow each other in their own lane, so that a post
that was refused never holds back a delete. One of those that is refused for good is over: there is no row to act on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from mrsambosk_protocol.commands import Delete, Edit, Post, React
from mrsambosk_protocol.limits import CODES, DEFAULT_RETRY_SECONDS, INTERNAL_TRIES

Kept = Post | Edit | Delete | React


class State(Enum):
    """Where an entry is. Only FAILED and the others are told apart on disk: what was in flight waits again."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command in the outbox.

    Args:
        seq: its place in the queue, ascending over all rooms and hosts.
        command: its `ref` means nothing here.
        queued_at: Unix milliseconds of this machine, for display.
        due: not before this time; 0 at once. Not kept on disk: what outlived its Undo is due.
    """

    seq: int
    host: str
    command: Kept
    queued_at: int = 0
    state: State = State.WAITING
    reason: str = ""
    tries: int = 0
    due: float = 0.0

    @property
    def room(self) -> str:
        return self.command.room

    @property
    def cid(self) -> str | None:
        return self.command.cid if isinstance(self.command, Post) else None


class Outbox:
    """The queue of one host."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[int, Entry] = {entry.seq: entry for entry in sorted(entries, key=lambda entry: entry.seq)}

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        assert not self._entries or entry.seq > max(self._entries)
        self._entries[entry.seq] = entry

    def find(self, cid: str) -> Entry | None:
        """The post with this `cid`."""
        return next((entry for entry in self._entries.values() if entry.cid == cid), None)

    def find_delete(self, room: str, id: int) -> Entry | None:
        """The delete of this message."""
        for entry in self._entries.values():
            if isinstance(entry.command, Delete) and (entry.room, entry.command.id) == (room, id):
                return entry
        return None

    def is_held(self, entry: Entry) -> bool:
        """Whether a post waits for what the person does about a failed one before it."""
        return (
            entry.cid is not None
            and entry.state is State.WAITING
            and any(
                other.state is State.FAILED and other.seq < entry.seq and other.room == entry.room for other in self
            )
        )

    def due(self, now: float) -> list[Entry]:
        """The entries that leave now, marked as in flight: at most one a lane."""
        leaving = []
        closed: set[tuple[str, bool]] = set()
        for entry in self:
            lane = (entry.room, entry.cid is not None)
            if lane in closed:
                continue
            if entry.state is State.WAITING and entry.due > now and entry.tries == 0:
                continue  # a delete within its Undo holds nothing behind it
            closed.add(lane)
            if entry.state is State.WAITING and entry.due <= now:
                entry = self._put(replace(entry, state=State.IN_FLIGHT))
                leaving.append(entry)
        return leaving

    def next_due(self, now: float) -> float | None:
        """When to ask `due` again if nothing else happens, or None."""
        later = [entry.due for entry in self if entry.state is State.WAITING and entry.due > now]
        return min(later, default=None)

    def settle(self, seq: int) -> Entry | None:
        """It was carried out, discarded or undone: forget it. Gives the entry, or None when it was gone already."""
        return self._entries.pop(seq, None)

    def refused(self, seq: int, code: str, text: str, retry_after: float | None, now: float) -> Entry | None:
        """The host refused it: the entry as it is from now on, to be stored so, or None when it was gone already.

        WAITING with a later `due` is tried again by itself. FAILED with a post stays until `retry` or `settle`;
        FAILED with anything else is over, and no longer in the queue.
        """
        entry = self._entries.get(seq)
        if entry is None:
            return None
        tries = entry.tries + 1
        wait = _wait(code, tries, retry_after)
        if wait is not None:
            return self._put(replace(entry, state=State.WAITING, tries=tries, due=now + wait))
        failed = self._put(replace(entry, state=State.FAILED, tries=tries, reason=text))
        if failed.cid is None:
            self.settle(seq)
        return failed

    def disconnected(self) -> list[Entry]:
        """What was in flight waits again, in its old place: its `cid` makes a second sending harmless."""
        back = [entry for entry in self if entry.state is State.IN_FLIGHT]
        return [self._put(replace(entry, state=State.WAITING, due=0.0)) for entry in back]

    def retry(self, seq: int) -> Entry | None:
        """The person wants a failed post sent again."""
        entry = self._entries.get(seq)
        if entry is None or entry.state is not State.FAILED:
            return None
        return self._put(replace(entry, state=State.WAITING, reason="", tries=0, due=0.0))

    def hasten(self, seq: int) -> None:
        """The person wants no Undo: it is due now."""
        entry = self._entries.get(seq)
        if entry is not None and entry.state is State.WAITING:
            self._put(replace(entry, due=0.0))

    def hurry(self) -> list[Entry]:
        """The app quits: every delete within its Undo is due now. Gives those."""
        held = [entry for entry in self if isinstance(entry.command, Delete) and entry.state is State.WAITING]
        return [self._put(replace(entry, due=0.0)) for entry in held]

    def _put(self, entry: Entry) -> Entry:
        self._entries[entry.seq] = entry
        return entry


def _wait(code: str, tries: int, retry_after: float | None) -> float | None:
    """Seconds until the same may be tried again after its `tries`-th refusal with `code`; None: never by itself."""
    known = CODES.get(code)
    if known is None or not known.retry:
        return None
    if code == "internal":
        if tries >= INTERNAL_TRIES:
            return None
        return retry_after if retry_after is not None else float(tries)
    return retry_after if retry_after is not None else DEFAULT_RETRY_SECONDS
