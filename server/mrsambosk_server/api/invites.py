"""Personal invites: making one, who came by which, withdrawing."""

from starlette.responses import Response

from mrsambosk_protocol.requests import InviteMade, Invites, MakeInvite

from .. import people
from ..actions import invites
from ..actions.permissions import may
from ..actions.starting import new_invite_code
from .answers import answer, nothing
from .operations import Call, Operation
from .sessions import API


async def make_invite(call: Call, body: MakeInvite) -> Response:
    code = new_invite_code()
    outcome = await call.context.ledger.submit(
        invites.do_make_invite, call.viewer.id, people.token_hash(code), body.single_use, body.minutes
    )
    id, until = outcome.reply
    return answer(InviteMade(id=id, code=code, expires_at=until), 201)


async def list_invites(call: Call) -> Response:
    call.require("invite")
    everyones = may(call.viewer.role, "policy")
    return answer(Invites(invites=await call.context.ledger.read(people.invites_of, call.viewer.id, everyones)))


async def revoke_invite(call: Call) -> Response:
    await call.context.ledger.submit(invites.do_revoke_invite, call.viewer.id, call.path("id"))
    return nothing()


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{API}/invites",
        handler=make_invite,
        summary="Invite one person, or until a time",
        body=MakeInvite,
        body_optional=True,
        status=201,
        answer=InviteMade,
        counted=True,
    ),
    Operation(
        method="GET",
        path=f"{API}/invites",
        handler=list_invites,
        summary="My invites and who came by them; everybody's for who sets the policy",
        answer=Invites,
    ),
    Operation(
        method="DELETE",
        path=f"{API}/invites/{{id}}",
        handler=revoke_invite,
        summary="Withdraw an invite",
        status=204,
    ),
)
