"""What makes rows as views get them (`TimelineRow`) of entries as the model keeps them (`Entry`)."""

from collections.abc import Mapping

import msgspec

from mrsambosk_desktop.core.grouping import Group
from mrsambosk_desktop.core.rows import Change
from mrsambosk_protocol.entities import SYSTEM, TEXT, Message, User

from .entries import Entry, TimelineRow, blocks_of
from .wording import name_of, spoken_text, system_text


class RowMaker:
    """Knows what rows show besides what they are: the people, how far each has read, what is about to go. How a row
    stands among others, and what it replies to, it is given.

    `me` is who is at this window; `deleting` are ids of messages; `changes`, by id, is what was done to messages and is
    not told yet; `unread_count` is what the unread line says, None when nobody knows. What is changed here shows in
    rows that are made from then on: the model forgets the others.
    """

    def __init__(self) -> None:
        self.me = ""
        self.deleting: set[int] = set()
        self.changes: Mapping[int, Change] = {}
        self.unread_count: int | None = None
        self._users: dict[str, User] = {}
        self._reads: dict[str, int] = {}

    @property
    def users(self) -> Mapping[str, User]:
        return self._users

    def set_users(self, users: Mapping[str, User]) -> set[str]:
        """Everyone a row may name. Gives the ids of those whose name or role is another than before."""
        before, self._users = self._users, dict(users)
        return {id for id in before.keys() | users.keys() if _naming(before.get(id)) != _naming(users.get(id))}

    def set_reads(self, reads: Mapping[str, int]) -> tuple[int, int] | None:
        """How far others have read: user id → message id. Gives the ids above and up to which messages were seen by
        others than before; None: there are none."""
        before, self._reads = self._reads, {user: id for user, id in reads.items() if user != self.me}
        moved = [
            id
            for user in before.keys() | self._reads.keys()
            if (old := before.get(user, 0)) != (new := self._reads.get(user, 0))
            for id in (old, new)
        ]
        return (min(moved), max(moved)) if moved else None

    def row(self, entry: Entry, group: Group, source: Message | None) -> TimelineRow:
        """The row as views get it; `source` is what it replies to, as far as known."""
        message, blocks = entry.message, entry.blocks(self._users)
        is_system = message is not None and message.kind == SYSTEM
        change = self.changes.get(message.id) if message is not None and not message.deleted else None
        if message is not None and change is not None:
            message = changed(message, change, self.me)
            blocks = blocks_of(message, self._users)
        return TimelineRow(
            key=entry.key,
            message=message,
            pending=entry.pending,
            author=self._users.get(entry.place.author),
            author_id=entry.place.author,
            mine=not is_system and entry.place.author == self.me,
            at=entry.place.at,
            group=group,
            blocks=blocks,
            reply_to=entry.reply_to,
            source=source,
            source_author=self._users.get(source.author) if source else None,
            source_mine=source is not None and source.author == self.me,
            deleting=message is not None and message.id in self.deleting and not message.deleted,
            system=system_text(message, self._users) if message is not None and is_system else "",
            unread_count=self.unread_count,
            me=self.me,
            seen_by=self._seen_by(entry),
            waiting=change is not None and change.waiting,
        )

    def spoken(self, row: TimelineRow) -> str:
        """What a screen reader says of it."""
        if row.system:
            return row.system
        return spoken_text(
            author=row.author,
            at=row.at,
            blocks=row.blocks,
            message=row.message,
            pending=row.pending,
            mine=row.mine,
            deleting=row.deleting,
            replied=row.source_author,
            fold=row.group.fold,
            seen_by=tuple(name_of(self._users.get(user)) for user in row.seen_by),
            waiting=row.waiting,
        )

    def is_own_text(self, entry: Entry) -> bool:
        """Whether it is a stored message of one's own that still has its text."""
        message = entry.message
        return message is not None and message.author == self.me and message.kind == TEXT and not message.deleted

    def _seen_by(self, entry: Entry) -> tuple[str, ...]:
        if entry.message is None or not self.is_own_text(entry):
            return ()
        return tuple(user for user, id in self._reads.items() if id >= entry.message.id)


def changed(message: Message, change: Change, me: str) -> Message:
    """The message as it will be once the host has stored what `me` did to it."""
    reactions = dict(message.reactions)
    for emoji, on in change.reactions:
        others = tuple(user for user in reactions.get(emoji, ()) if user != me)
        reactions[emoji] = (*others, me) if on else others
    return msgspec.structs.replace(
        message,
        body=message.body if change.body is None else change.body,
        mentions=message.mentions if change.mentions is None else change.mentions,
        reactions={emoji: users for emoji, users in reactions.items() if users},
    )


def names_any(entry: Entry, source: Message | None, people: set[str]) -> bool:
    """Whether a row shows the name of one of these people, of its own or in what it replies to."""
    return not people.isdisjoint(entry.people) or (source is not None and source.author in people)


def _naming(user: User | None) -> tuple[str, str] | None:
    """As much of a person as a row shows."""
    return (user.name, user.role) if user is not None else None
