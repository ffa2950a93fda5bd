"""Registering, signing in and out, one's own profile and devices."""

import contextlib
import hmac
import secrets
from urllib.parse import parse_qs

import msgspec
from starlette.responses import Response

from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import (
    ChangeProfile,
    Devices,
    Erase,
    Profile,
    Register,
    Registered,
    SignIn,
    Token,
)
from mrsambosk_protocol.text import name_key

from .. import people
from ..actions import accounts
from .answers import answer, nothing
from .operations import Call, Operation

API = "/api/v1"
_JOIN_CODE = "the join code"


async def register(call: Call, body: Register) -> Response:
    context = call.context
    invite = await _check_policy(call, body.code)
    password = await context.passwords.hash(body.password, call.address) if body.password is not None else None
    token = secrets.token_urlsafe(32)
    outcome = await context.ledger.submit(
        accounts.do_register,
        body.name,
        token,
        body.device,
        password,
        body.email,
        context.services.rules,
        invite,
        context.settings["policy"] == "closed",
    )
    return answer(Registered(user=outcome.reply.user, token=token), 201)


async def _check_policy(call: Call, code: str | None) -> bytes | None:
    """Whether somebody new may come in; the hash of the personal invite by which they do.

    Raises:
        Refused: `auth_required`, `auth_failed`, `forbidden`, `rate_limited`.
    """
    context = call.context
    policy = context.settings["policy"]
    closed = Refused("forbidden", "This host takes no new people by itself; ask who runs it.")
    if code is None:
        if policy == "closed":
            raise closed
        if policy == "code":
            raise Refused("auth_required", "This host asks for its join code.")
        return None
    said = code.strip().upper()
    invite = people.token_hash(said)
    if policy == "open":
        with contextlib.suppress(Refused):  # nobody asked for a code: a wrong one does no harm
            return invite if await context.ledger.read(people.open_invite, invite, False) else None
        return None
    now = context.now()
    context.sign_ins.begin(call.address, _JOIN_CODE, now)
    try:
        by_code = hmac.compare_digest(said.encode(), context.settings["code"].encode())
        if not by_code and not await context.ledger.read(people.open_invite, invite, policy == "closed"):
            raise closed if policy == "closed" else Refused("auth_failed", "This is not a join code of this host.")
    except Refused:
        context.sign_ins.failed(call.address, _JOIN_CODE, now)
        raise
    except BaseException:
        context.sign_ins.forgive(call.address, _JOIN_CODE)
        raise
    context.sign_ins.succeeded(call.address, _JOIN_CODE)
    if by_code and policy == "closed":
        raise closed
    return None if by_code else invite


class _FormRefused(Exception):
    """A form that RFC 6749 §5.2 has an error for."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(error, text)
        self.error = error
        self.text = text


async def sign_in(call: Call, body: SignIn | None = None) -> Response:
    """By JSON, or by the form of RFC 6749 §4.3 (then `body` is None)."""
    if body is not None:
        return answer(await _sign_in(call, body))
    try:
        return answer(await _sign_in(call, _read_form(bytes(call.raw))))
    except _FormRefused as refused:
        error, text = refused.error, refused.text
    except Refused as refused:
        if refused.code != "auth_failed":
            raise
        error, text = "invalid_grant", refused.text
    return answer({"error": error, "error_description": text}, 400)


async def _sign_in(call: Call, body: SignIn) -> Token:
    context, now = call.context, call.context.now()
    account = name_key(body.name[:256])
    context.sign_ins.begin(call.address, account, now)
    try:
        found = await context.ledger.read(people.credentials_of, body.name[:256])
        # The password is always looked at, so that every wrong answer takes the same time.
        right = await context.passwords.matches(found.password if found else None, body.password, call.address)
    except BaseException:
        context.sign_ins.forgive(call.address, account)
        raise
    reset = people.token_hash(body.password.strip().upper())
    by_code = found is not None and found.reset_code is not None and hmac.compare_digest(found.reset_code, reset)
    if found is None or not (right or by_code):
        context.sign_ins.failed(call.address, account, context.now())
        raise Refused("auth_failed", "The name or the password is wrong.")
    context.sign_ins.succeeded(call.address, account)
    token = secrets.token_urlsafe(32)
    await context.ledger.submit(
        accounts.do_sign_in, found.user, token, body.device, None if right else reset, found.password
    )
    return Token(access_token=token)


def _read_form(raw: bytes) -> SignIn:
    try:
        fields = parse_qs(raw.decode(), strict_parsing=True, max_num_fields=20, keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        raise _FormRefused("invalid_request", "This is not a form.") from None
    if fields.get("grant_type", ["password"]) != ["password"]:
        raise _FormRefused("unsupported_grant_type", "The grant_type here is password.")
    wanted = {name: fields.get(name, []) for name in ("username", "password", "device")}
    if "grant_type" not in fields or any(
        len(values) != 1 for name, values in wanted.items() if name != "device" or values
    ):
        raise _FormRefused("invalid_request", "A form needs grant_type=password, username and password.")
    device = wanted["device"][0] if wanted["device"] else ""
    try:
        return msgspec.convert(
            {"name": wanted["username"][0], "password": wanted["password"][0], "device": device}, SignIn
        )
    except msgspec.ValidationError:
        raise _FormRefused("invalid_request", "A field of the form is too long.") from None


async def sign_out(call: Call) -> Response:
    await call.context.ledger.submit(accounts.do_sign_out, call.viewer.id, call.viewer.device)
    return nothing()


async def show_profile(call: Call) -> Response:
    user = call.context.hub.user(call.viewer.id)
    email = await call.context.ledger.read(people.email_of, user.id)
    return answer(
        Profile(id=user.id, name=user.name, role=user.role, status=user.status, last_seen=user.last_seen, email=email)
    )


async def change_profile(call: Call, body: ChangeProfile) -> Response:
    context = call.context
    password = await context.passwords.hash(body.password, call.address) if body.password is not None else None
    await context.ledger.submit(
        accounts.do_change_profile,
        call.viewer.id,
        call.viewer.device,
        body.name,
        body.email,
        password,
        context.services.rules,
    )
    return await show_profile(call)


async def erase(call: Call, body: Erase) -> Response:
    await call.context.ledger.submit(accounts.do_erase, call.viewer.id, body.messages == "erase")
    return nothing()


async def list_devices(call: Call) -> Response:
    devices = await call.context.ledger.read(people.devices_of, call.viewer.id, call.viewer.device)
    return answer(Devices(devices=devices))


async def end_device(call: Call) -> Response:
    await call.context.ledger.submit(accounts.do_sign_out, call.viewer.id, call.path("id"))
    return nothing()


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{API}/register",
        handler=register,
        summary="Become a member",
        body=Register,
        status=201,
        answer=Registered,
        public=True,
    ),
    Operation(
        method="POST",
        path=f"{API}/token",
        handler=sign_in,
        summary="Sign a device in by name and password, or by a reset code as the password",
        body=SignIn,
        form=True,
        answer=Token,
        public=True,
    ),
    Operation(method="DELETE", path=f"{API}/token", handler=sign_out, summary="Revoke this token", status=204),
    Operation(method="GET", path=f"{API}/me", handler=show_profile, summary="My profile", answer=Profile),
    Operation(
        method="PATCH",
        path=f"{API}/me",
        handler=change_profile,
        summary="Change my name, e-mail address or password",
        body=ChangeProfile,
        answer=Profile,
    ),
    Operation(
        method="DELETE",
        path=f"{API}/me",
        handler=erase,
        summary="Erase me",
        body=Erase,
        body_optional=True,
        status=204,
    ),
    Operation(method="GET", path=f"{API}/me/devices", handler=list_devices, summary="My sessions", answer=Devices),
    Operation(
        method="DELETE", path=f"{API}/me/devices/{{id}}", handler=end_device, summary="End a session", status=204
    ),
)
