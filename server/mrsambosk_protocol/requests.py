"""Bodies of HTTP requests and their answers, strict like the commands."""

from typing import Annotated

import msgspec
from msgspec import Meta

from .entities import User

Password = Annotated[str, Meta(max_length=4096)]
DeviceName = Annotated[str, Meta(max_length=64)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all request bodies."""


class Register(Body, frozen=True):
    """``POST /register``. Without a password the device's token is the only key."""

    name: str
    password: Password | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    device: DeviceName = ""


class SignIn(Body, frozen=True):
    """``POST /token`` as JSON."""

    name: str
    password: Password
    device: DeviceName = ""


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    user: User
    token: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    token_type: str = "bearer"  # noqa: S105
