"""The HTTP door: parse, call the same action as the WebSocket, answer. No rule of its own.

`operations.py` says what an operation is; `sessions`, `moderation`, `rooms` and `service` hold them by subject;
`openapi.py` describes them from the same table that routes them.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from ..passwords import Passwords
from ..session import Services
from . import moderation, rooms, service, sessions
from .answers import on_http_error
from .openapi import describe
from .operations import Context, Operation

OPERATIONS: tuple[Operation, ...] = (
    *sessions.OPERATIONS,
    *moderation.OPERATIONS,
    *rooms.OPERATIONS,
    *service.OPERATIONS,
)


def make_app(services: Services, passwords: Passwords, settings: dict[str, str]) -> Starlette:
    """The ASGI application of one host.

    Args:
        settings: the host's kept settings by name; the dict is shared and changed while running.
    """
    context = Context(services, passwords, settings, describe(OPERATIONS, services.info.version))
    return Starlette(
        routes=[
            Route(operation.path, operation.endpoint(context), methods=[operation.method]) for operation in OPERATIONS
        ],
        exception_handlers={HTTPException: on_http_error},
    )
