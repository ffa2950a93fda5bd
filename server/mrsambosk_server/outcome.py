"""What an action did: its reply, and what everyone must be told once it is committed.

Pure structs between the rules (`actions/`), which make them, the ledger, which hands them on in commit order, and the
hub, which tells them.
"""

from typing import Any

import msgspec

from mrsambosk_protocol.entities import Message, User, You


class RowTold(msgspec.Struct, frozen=True):
    """A row of a room changed; `rev` is the room's new revision."""

    room: str
    rev: int
    message: Message | None


class BulkTold(msgspec.Struct, frozen=True):
    """More rows changed than are worth telling one by one, up to `rev`: everyone is set behind and reads them."""

    room: str
    rev: int


class UserTold(msgspec.Struct, frozen=True):
    """A person is new, or their name or role changed; the hub adds the presence."""

    user: User


class RoomTold(msgspec.Struct, frozen=True):
    """A room's name or topic changed; each member is told it as they see it."""

    room: str


class ReadTold(msgspec.Struct, frozen=True):
    """A member's read marker moved. `small`: so few members that the others are told too."""

    room: str
    user: str
    id: int
    you: You
    small: bool


class MembershipTold(msgspec.Struct, frozen=True):
    """A person may see a room from now on, or no longer."""

    room: str
    user: str
    member: bool


class Ended(msgspec.Struct, frozen=True):
    """A person's connections end now (all, or one device's), with this close code."""

    user: str
    close: int
    reason: str
    device: str | None = None
    except_device: str | None = None


Telling = RowTold | BulkTold | UserTold | RoomTold | ReadTold | MembershipTold | Ended


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one action.

    `reply` goes to who asked; `told` to everyone concerned, in order; `row` is the message concerned as it is now, for
    a reply that shows it (HTTP). `wiped`: text was erased, so the write-ahead log must be emptied within a minute.
    """

    reply: Any = None
    told: tuple[Telling, ...] = ()
    row: Message | None = None
    wiped: bool = False
