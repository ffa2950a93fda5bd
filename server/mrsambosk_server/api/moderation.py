"""Who is here, and what some may do to others; the audit log; the host's settings."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from mrsambosk_protocol.entities import User
from mrsambosk_protocol.limits import MAX_INTEGER
from mrsambosk_protocol.requests import (
    AuditLog,
    ChangeHost,
    ChangeRole,
    HostSettings,
    Moderate,
    ResetCode,
    Users,
)
from mrsambosk_protocol.text import check_name

from .. import people
from ..actions import moderation, starting
from ..actions.permissions import may
from .answers import answer, nothing
from .operations import Call, Handler, Operation
from .sessions import API


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The page of the audit log before a line's id."""

    before: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


async def list_users(call: Call) -> Response:
    return answer(Users(users=call.context.hub.users))


async def change_role(call: Call, body: ChangeRole) -> Response:
    target = call.path("id")
    await call.context.ledger.submit(moderation.do_change_role, call.viewer.id, target, body.role)
    return answer(call.context.hub.user(target))


async def kick(call: Call, body: Moderate) -> Response:
    await call.context.ledger.submit(moderation.do_kick, call.viewer.id, call.path("id"), body.reason)
    return nothing()


async def ban(call: Call, body: Moderate) -> Response:
    await call.context.ledger.submit(moderation.do_ban, call.viewer.id, call.path("id"), body.minutes, body.reason)
    return nothing()


async def mute(call: Call, body: Moderate) -> Response:
    await call.context.ledger.submit(moderation.do_mute, call.viewer.id, call.path("id"), body.minutes, body.reason)
    return nothing()


async def lift_ban(call: Call) -> Response:
    await call.context.ledger.submit(moderation.do_lift, call.viewer.id, call.path("id"), "ban")
    return nothing()


async def lift_mute(call: Call) -> Response:
    await call.context.ledger.submit(moderation.do_lift, call.viewer.id, call.path("id"), "mute")
    return nothing()


async def reset(call: Call, body: Moderate) -> Response:
    outcome = await call.context.ledger.submit(moderation.do_reset, call.viewer.id, call.path("id"))
    return answer(ResetCode(code=outcome.reply))


async def list_audit(call: Call, query: AuditQuery) -> Response:
    call.require("audit")
    lines = await call.context.ledger.read(people.audit_page, query.before, query.limit)
    return answer(AuditLog(audit=lines))


async def show_host(call: Call) -> Response:
    return answer(_settings(call))


async def change_host(call: Call, body: ChangeHost) -> Response:
    name = check_name(body.name, call.context.services.rules) if body.name is not None else None
    outcome = await call.context.ledger.submit(
        starting.do_change_host, call.viewer.id, name, body.policy, body.new_code
    )
    call.context.settings.update(outcome.reply)
    if name is not None:
        services = call.context.services
        services.info = msgspec.structs.replace(services.info, name=name)
    call.context.settings_changed()
    return answer(_settings(call))


def _settings(call: Call) -> HostSettings:
    info, settings = call.context.services.info, call.context.settings
    code = settings["code"] if may(call.viewer.role, "invite") else None
    return HostSettings(id=info.id, name=info.name, version=info.version, policy=settings["policy"], code=code)


def _on_user(method: str, verb: str, handler: Handler, summary: str, **more: object) -> Operation:
    """An operation on one person; what it takes is optional."""
    fields: dict[str, object] = {"status": 204, **more}
    if method == "POST":
        fields |= {"body": Moderate, "body_optional": True}
    return Operation(
        method=method,
        path=f"{API}/users/{{id}}/{verb}",
        handler=handler,
        summary=summary,
        **fields,  # type: ignore[arg-type]
    )


OPERATIONS = (
    Operation(method="GET", path=f"{API}/users", handler=list_users, summary="Everyone, and who is here", answer=Users),
    Operation(
        method="PATCH",
        path=f"{API}/users/{{id}}",
        handler=change_role,
        summary="Change somebody's role",
        body=ChangeRole,
        answer=User,
    ),
    _on_user("POST", "kick", kick, "End somebody's sessions"),
    _on_user("POST", "ban", ban, "Keep somebody out"),
    _on_user("DELETE", "ban", lift_ban, "Lift a ban"),
    _on_user("POST", "mute", mute, "Let somebody only read"),
    _on_user("DELETE", "mute", lift_mute, "Lift a mute"),
    _on_user("POST", "reset", reset, "A one-time code for who lost a device", status=200, answer=ResetCode),
    Operation(
        method="GET",
        path=f"{API}/audit",
        handler=list_audit,
        summary="Who did what to whom",
        query=AuditQuery,
        answer=AuditLog,
    ),
    Operation(method="GET", path=f"{API}/host", handler=show_host, summary="This host", answer=HostSettings),
    Operation(
        method="PATCH",
        path=f"{API}/host",
        handler=change_host,
        summary="Change this host's name, policy or join code",
        body=ChangeHost,
        answer=HostSettings,
    ),
)
