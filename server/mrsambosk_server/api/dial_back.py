"""Asking devices elsewhere to connect anew, and their arriving: `arrivals` has the rules."""

from starlette.responses import Response

from mrsambosk_protocol.requests import DialledBack

from ..listening import is_this_machine
from .answers import answer, nothing
from .operations import Call, Operation
from .sessions import API


async def ask(call: Call) -> Response:
    """For this machine, where `mrsambosk doctor` has no token, or for who sets the host's policy."""
    if not is_this_machine(call.address, _served(call)) or "x-forwarded-for" in call.request.headers:
        await call.sign_in()
        call.require("policy")
    return answer(await call.context.arrivals.ask(call.context.services, call.context.now()))


async def arrive(call: Call) -> Response:
    call.context.arrivals.arrive(call.path("id"), _served(call))
    return nothing()


def _served(call: Call) -> str:
    """The host's address that this request came in at."""
    server = call.request.scope.get("server")
    return str(server[0]) if server else ""


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{API}/host/dial-back",
        handler=ask,
        summary="Ask devices elsewhere to connect anew, and tell where they came in",
        answer=DialledBack,
        public=True,
    ),
    Operation(
        method="PUT",
        path=f"{API}/host/dial-back/{{id}}",
        handler=arrive,
        summary="Here I am, as the event dial_back asked",
        status=204,
    ),
)
