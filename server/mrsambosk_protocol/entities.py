"""What a room is made of: messages, users, rooms, as both ends say them.

Frozen structs, encoded with every field (an absent value is ``null``), decoded leniently: a field of a later version
is ignored. Times are Unix milliseconds of the host's clock, for display only; the order of messages is `id`.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

TEXT = "text"
SYSTEM = "system"

OWNER = "owner"
ADMIN = "admin"
MODERATOR = "moderator"
MEMBER = "member"
GUEST = "guest"
GONE = "gone"

ONLINE = "online"
AWAY = "away"
BUSY = "busy"
OFFLINE = "offline"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of a file; its bytes travel over HTTP."""

    id: str
    name: str
    size: int
    mime: str
    sha256: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a room as it is now.

    `id` is the room's revision when it was posted, `rev` the revision of its last change. A deleted row stays, with an
    empty `body` and its `cid`. A system row has an empty `body` and says in `event` what happened.
    """

    id: int
    room: str
    rev: int
    author: str
    kind: str = TEXT
    cid: str | None = None
    body: str = ""
    mentions: tuple[str, ...] = ()
    reply_to: int | None = None
    sent_at: int = 0
    edited_at: int | None = None
    deleted_at: int | None = None
    deleted_by: str | None = None
    pinned_at: int | None = None
    pinned_by: str | None = None
    reactions: dict[str, tuple[str, ...]] = {}
    files: tuple[File, ...] = ()
    event: dict[str, Any] | UnsetType = UNSET

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person on this host. An erased one has an empty name and the role `gone`."""

    id: str
    name: str
    role: str = MEMBER
    status: str = OFFLINE
    last_seen: int | None = None


class You(msgspec.Struct, frozen=True, kw_only=True):
    """Where one member stands in one room: read up to this id; so many text rows after it; so many mention them."""

    read: int = 0
    unread: int = 0
    mentions: int = 0


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered timeline, as one member sees it. Ids below `first` no longer exist."""

    id: str
    name: str
    topic: str = ""
    kind: str = "room"
    private: bool = False
    rev: int = 0
    first: int = 1
    you: You = You()


class HostInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a host says of itself in `welcome`. `id` is the base32 SHA-256 of its public key."""

    id: str
    name: str
    version: str
    features: tuple[str, ...] = ()
    limits: dict[str, int] = {}
