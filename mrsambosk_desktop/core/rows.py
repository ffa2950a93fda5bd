"""What controllers hand to models and widgets besides the protocol's own entities: plain frozen values, no behaviour.

Everything here is made by a controller, kept by a model and read by a widget; nothing here changes after it was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from mrsambosk_protocol.requests import AuditEntry, DeviceInfo, InviteInfo


class SendState(Enum):
    """Where a message of one's own is before the host has stored it. A stored row has none of these.

    WAITING is for a connection, HELD for what the person does about a failed one before it.
    """

    SENDING = auto()
    WAITING = auto()
    HELD = auto()
    FAILED = auto()

    @property
    def is_going(self) -> bool:
        """Whether it has left, or leaves at any moment: then it cannot be taken back any more."""
        return self is SendState.SENDING


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that is in the outbox: known by its `cid`, since only the host gives ids.

    `reason` is one sentence for a person, there when `state` is `FAILED`. `queued_at` is Unix milliseconds of this
    machine's clock, for display only.
    """

    cid: str
    room: str
    body: str
    mentions: tuple[str, ...] = ()
    reply_to: int | None = None
    state: SendState = SendState.SENDING
    reason: str = ""
    queued_at: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a person did to a stored message and the host has not stored yet: shown as if it had.

    `body` and `mentions` are of the last edit, None for what stays; `reactions` are (emoji, on), in order; `waiting`
    says that there is no connection to send it by.
    """

    body: str | None = None
    mentions: tuple[str, ...] | None = None
    reactions: tuple[tuple[str, bool], ...] = ()
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written in a room, and the id of the message it answers."""

    text: str = ""
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class HostCard:
    """The host this window is on, for the header, and the one this app runs, for the hosting card.

    `hosting` says whether they are the same; `own_room` is the name of the room hosted here while another host's is
    looked at, else empty. What comes after `hosted_by` is about the host run here: `address_lines` are for people
    ("192.168.1.20 : 8765"); `online` is as last known; `invite` is the link to copy, when there is one; `words` is the
    host's key as words, for who joins by a typed address.
    """

    hosting: bool
    host_name: str
    hosted_by: str
    address_lines: tuple[str, ...] = ()
    online: int = 0
    invite: str | None = None
    words: tuple[str, ...] = ()
    own_room: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands with a search, or with a list of pins.

    `room` is the one looked in, None: all of them. `busy`: the first page is on its way. `more`: there are older ones.
    `kept`: only what this computer has kept was looked through. `problem` is one sentence for a person.
    """

    query: str = ""
    room: str | None = None
    busy: bool = False
    more: bool = False
    kept: bool = False
    problem: str = ""


class Link(Enum):
    """How it stands with the host."""

    OFFLINE = auto()
    CONNECTING = auto()
    CATCHING_UP = auto()
    LIVE = auto()
    RETRYING = auto()
    STOPPED = auto()


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What the banner is computed from.

    `retry_at` is a `time.monotonic` deadline, there while `RETRYING`. `reason` is one sentence for a person. `here`:
    what is in the way is on this computer, as `reason` says, and not on the way to the host. `missed` counts messages
    that came while away, told once with the `LIVE` that ends it.
    """

    link: Link
    host_name: str = ""
    retry_at: float | None = None
    reason: str = ""
    here: bool = False
    missed: int = 0


@dataclass(frozen=True, slots=True)
class HostPage:
    """The devices of the person at this window and, for who may see them, the host's settings and its audit log.

    `policy` is empty where it may not be changed, `audit` None where it may not be seen; `names` are by user id.
    """

    devices: tuple[DeviceInfo, ...]
    policy: str = ""
    code: str = ""
    audit: tuple[AuditEntry, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InvitePage:
    """The personal invites, the newest first; `names` are by user id. `code` is of one just made, told this once."""

    invites: tuple[InviteInfo, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
