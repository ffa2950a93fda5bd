"""The HTTP door: parse, call the same action as the WebSocket, answer. No rule of its own.

`operations.py` says what an operation is; `sessions`, `moderation`, `invites`, `rooms` and `service` hold them by
subject; `openapi.py` describes them from the same table that routes them.
"""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..passwords import Passwords
from ..session import Services
from . import dial_back, invites, moderation, rooms, service, sessions
from .answers import on_http_error
from .openapi import describe
from .operations import Context, Operation

Endpoint = Callable[[Request], Awaitable[Response]]

OPERATIONS: tuple[Operation, ...] = (
    *sessions.OPERATIONS,
    *moderation.OPERATIONS,
    *invites.OPERATIONS,
    *rooms.OPERATIONS,
    *service.OPERATIONS,
    *dial_back.OPERATIONS,
)


def make_app(
    services: Services, passwords: Passwords, settings: dict[str, str], settings_changed: Callable[[], None]
) -> Starlette:
    """The ASGI application of one host.

    Args:
        settings: the host's kept settings by name; the dict is shared and changed while running.
        settings_changed: called after that.
    """
    context = Context(services, passwords, settings, settings_changed, describe(OPERATIONS, services.info.version))
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation.endpoint(context)
    app = Starlette(
        routes=[Route(path, _choose(endpoints), methods=list(endpoints)) for path, endpoints in paths.items()],
        exception_handlers={HTTPException: on_http_error},
    )
    # An address with a slash too many is none: nothing here sends anybody elsewhere.
    app.router.redirect_slashes = False
    return app


def _choose(endpoints: dict[str, Endpoint]) -> Endpoint:
    """One route for each path, so that a 405 names every method it knows (RFC 9110 §10.2.1)."""

    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
