"""Bodies of HTTP requests and their answers, strict like the commands."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .commands import NO_NUL, Mentions, MessageId, Revision
from .entities import Message, Room, User

Password = Annotated[str, Meta(max_length=4096, pattern=NO_NUL)]
DeviceName = Annotated[str, Meta(max_length=64, pattern=NO_NUL)]
Email = Annotated[str, Meta(max_length=254, pattern=NO_NUL)]
Reason = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all request bodies."""


class Register(Body, frozen=True):
    """``POST /register``. Without a password the device's token is the only key."""

    name: str
    password: Password | None = None
    email: Email | None = None
    code: Annotated[str, Meta(max_length=64, pattern=NO_NUL)] | None = None
    device: DeviceName = ""


class SignIn(Body, frozen=True):
    """``POST /token`` as JSON."""

    name: str
    password: Password
    device: DeviceName = ""


class ChangeProfile(Body, frozen=True):
    """``PATCH /me``: what is absent stays; an empty e-mail address removes it."""

    name: str | None = None
    email: Email | None = None
    password: Password | None = None


class Erase(Body, frozen=True):
    """``DELETE /me``: with ``{"messages": "erase"}`` what I wrote is wiped too."""

    messages: Literal["keep", "erase"] = "keep"


class ChangeRole(Body, frozen=True):
    """``PATCH /users/{id}``."""

    role: Annotated[str, Meta(max_length=16)]


class Moderate(Body, frozen=True):
    """``POST /users/{id}/kick``, ``ban``, ``mute``, ``reset``: without `minutes` until it is lifted."""

    minutes: Annotated[int, Meta(ge=1, le=60 * 24 * 366 * 10)] | None = None
    reason: Reason | None = None


class DeleteMessage(Body, frozen=True):
    """``DELETE`` of a message: why, for the audit log, where it is another's."""

    reason: Reason | None = None


class ChangeRoom(Body, frozen=True):
    """``PATCH /rooms/{room}``. `slow_mode`: seconds between one member's posts, 0 for none."""

    name: str | None = None
    topic: Annotated[str, Meta(max_length=200)] | None = None
    slow_mode: Annotated[int, Meta(ge=0, le=3600)] | None = None


class ChangeHost(Body, frozen=True):
    """``PATCH /host``: `new_code` replaces the join code."""

    name: str | None = None
    policy: Literal["open", "code", "closed"] | None = None
    new_code: bool = False


class MakeInvite(Body, frozen=True):
    """``POST /invites``: for one person or for several, and how long it is good; without `minutes` until withdrawn."""

    single_use: bool = True
    minutes: Annotated[int, Meta(ge=1, le=60 * 24 * 366)] | None = None


class NewMessage(Body, frozen=True):
    """``POST /rooms/{room}/messages``."""

    body: str
    mentions: Mentions = ()
    reply_to: MessageId | None = None


class EditMessage(Body, frozen=True):
    """``PATCH`` of a message."""

    body: str
    mentions: Mentions | None = None


class MarkRead(Body, frozen=True):
    """``PUT /rooms/{room}/read``."""

    id: Revision
    back: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what HTTP answers with."""


class Registered(Answer, frozen=True):
    user: User
    token: str


class Token(Answer, frozen=True):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105


class Profile(Answer, frozen=True):
    """`User`, and what only the person sees."""

    id: str
    name: str
    role: str
    status: str
    last_seen: int | None
    email: str | None


class DeviceInfo(Answer, frozen=True):
    """One signed-in device. `current`: the one that asks."""

    id: str
    name: str
    created_at: int
    used_at: int
    current: bool


class Devices(Answer, frozen=True):
    devices: tuple[DeviceInfo, ...]


class Users(Answer, frozen=True):
    users: tuple[User, ...]


class Rooms(Answer, frozen=True):
    rooms: tuple[Room, ...]


class ResetCode(Answer, frozen=True):
    """A one-time password for ``POST /token``."""

    code: str


class AuditEntry(msgspec.Struct, frozen=True):
    """One line of the audit log; times in Unix milliseconds."""

    id: int
    at: int
    actor: str | None
    verb: str
    target: str | None
    room: str | None
    message: int | None
    reason: str | None
    until: int | None


class AuditLog(Answer, frozen=True):
    audit: tuple[AuditEntry, ...]


class InviteMade(Answer, frozen=True):
    """`code` is told this once; put into an invite link it stands for the join code."""

    id: str
    code: str
    expires_at: int | None


class InviteInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One personal invite; times in Unix milliseconds. `made_by` is null where it was made on the host's machine."""

    id: str
    made_by: str | None
    made_at: int
    single_use: bool
    expires_at: int | None
    revoked_at: int | None
    used_by: tuple[str, ...]


class Invites(Answer, frozen=True):
    invites: tuple[InviteInfo, ...]


class HostSettings(Answer, frozen=True):
    """`code` is the join code, null for who may not invite."""

    id: str
    name: str
    version: str
    policy: str
    code: str | None


class DialledBack(Answer, frozen=True):
    """``POST /host/dial-back``: how many devices elsewhere were asked, and at which of the host's addresses they came
    in."""

    asked: int
    reached: tuple[str, ...]


class MessagePage(Answer, frozen=True):
    """The fields of `page`."""

    room: str
    rev: int
    messages: tuple[Message, ...]
    has_older: bool
    has_newer: bool


class Changes(Answer, frozen=True):
    """The fields of `sync`, and the epoch its `rev` belongs to."""

    room: str
    rev: int
    messages: tuple[Message, ...]
    more: bool
    reset: bool
    epoch: str


class SearchResults(Answer, frozen=True):
    messages: tuple[Message, ...]
    cursor: str | None


class Problem(Answer, frozen=True):
    """A problem document (RFC 9457); `code` is one of the protocol's refusal codes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
