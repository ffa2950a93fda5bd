"""What an HTTP operation is: a method and path, what it takes and gives, and the function that carries it out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mrsambosk_protocol import codec
from mrsambosk_protocol.limits import HEAD_SECONDS, Refused

from ..actions.permissions import require
from ..passwords import Passwords
from ..people import Viewer, viewer_of
from ..session import Services
from ..throttle import SignIns
from .answers import nothing, refusal
from .arrivals import Arrivals

log = logging.getLogger(__name__)

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


class Context:
    """What all operations of one host share."""

    def __init__(
        self,
        services: Services,
        passwords: Passwords,
        settings: dict[str, str],
        settings_changed: Callable[[], None],
        description: dict[str, Any],
    ) -> None:
        self.services = services
        self.ledger = services.ledger
        self.hub = services.hub
        self.passwords = passwords
        self.settings = settings
        self.settings_changed = settings_changed
        self.description = description
        self.sign_ins = SignIns()
        self.arrivals = Arrivals()

    def now(self) -> float:
        """The loop's monotonic seconds."""
        return self.ledger.loop_time()


class Call:
    """One request on its way through an operation. `viewer` is there for every operation that needs a token."""

    def __init__(self, context: Context, request: Request) -> None:
        self.context = context
        self.request = request
        self.raw = bytearray()
        self._viewer: Viewer | None = None

    @property
    def viewer(self) -> Viewer:
        assert self._viewer is not None
        return self._viewer

    @property
    def address(self) -> str:
        """The client's address, for throttling."""
        return self.request.client.host if self.request.client else ""

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def path_id(self, name: str = "id") -> int:
        """A message's id in the path.

        Raises:
            Refused: `not_found` for what can be no id.
        """
        text = self.path(name)
        if not (text.isascii() and text.isdigit() and len(text) < 16) or int(text) < 1:
            raise Refused("not_found", "There is no such message.")
        return int(text)

    async def sign_in(self) -> None:
        """Look the bearer token up.

        Raises:
            Refused: `auth_required`, `auth_failed`, `banned`.
        """
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused("auth_required", "This needs a bearer token.")
        self._viewer = await self.context.ledger.read(viewer_of, token.strip())

    def require(self, verb: str) -> None:
        """Raise `Refused` with `forbidden` where the viewer's role lacks a right."""
        require(self.viewer.role, verb)

    def count_change(self) -> None:
        """Take one from the person's budget for changes, which both doors share.

        Raises:
            Refused: `rate_limited`.
        """
        self.context.services.changes.check(self.viewer.id, self.context.now(), "messages")

    @property
    def content_type(self) -> str:
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def take_body(self) -> None:
        """Read the request's body whole, into `raw`.

        Raises:
            Refused: `too_long`.
            HTTPException: 408.
        """
        limit = self.context.services.rules.frame_bytes
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                async for chunk in self.request.stream():
                    self.raw += chunk
                    if len(self.raw) > limit:
                        raise Refused("too_long", "The request's body is too large.")
        except TimeoutError:
            raise HTTPException(408, "The request's body did not come in time.") from None

    def body(self, operation: "Operation") -> Any:
        """The body as the operation's struct.

        Raises:
            HTTPException: 415.
            Refused: `bad_json`, `bad_field`.
        """
        assert operation.body is not None
        raw = bytes(self.raw)
        if operation.body_optional and not raw:
            return operation.body()
        if self.content_type != JSON:
            raise HTTPException(415, f"Send the body as {JSON}.")
        return codec.decode_body(raw, operation.body, self.context.services.rules)

    def query(self, kind: type[Any]) -> Any:
        """The query as a struct, strict like a body: nothing unknown, nothing twice; an empty value is an absent one.

        Raises:
            Refused: `bad_field`.
        """
        given = self.request.query_params.multi_items()
        values = {key: value for key, value in given if value != ""}
        known = {field.encode_name for field in msgspec.structs.fields(kind)}
        if len(given) != len({key for key, _value in given}) or not known.issuperset(key for key, _value in given):
            raise Refused("bad_field", "A parameter is unknown or there twice.")
        try:
            return msgspec.convert(values, kind, strict=False)
        except msgspec.ValidationError as error:
            raise Refused("bad_field", f"A parameter is wrong: {error}.") from None


Handler = Callable[..., Awaitable[Response]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    `handler` gets the call, then the body where there is one, then the query where there is one.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[Any] | None = None
    body_optional: bool = False
    form: bool = False
    query: type[Any] | None = None
    status: int = 200
    also: tuple[int, ...] = ()
    answer: type[Any] | None = None
    public: bool = False
    counted: bool = False

    def endpoint(self, context: Context) -> Callable[[Request], Awaitable[Response]]:
        """The function a route calls."""

        async def endpoint(request: Request) -> Response:
            try:
                return await self._carry_out(Call(context, request))
            except Refused as refused:
                return refusal(refused)
            except HTTPException:
                raise
            except ClientDisconnect:
                # Nobody is there to read it.
                return nothing()
            except Exception:
                log.exception("%s %s failed", self.method, self.path)
                return refusal(Refused("internal", "Something went wrong in the host; it has been noted."))

        return endpoint

    async def _carry_out(self, call: Call) -> Response:
        if self.body is not None:
            # First of all: an answer sent while the client still writes may be lost to it.
            await call.take_body()
        # Who may not come in learns nothing from the order in which things are wrong.
        if not self.public:
            await call.sign_in()
        arguments: list[Any] = [call]
        if self.query is not None:
            arguments.append(call.query(self.query))
        if self.body is not None and not (self.form and call.content_type == FORM):
            arguments.append(call.body(self))
        if self.counted:
            call.count_change()
        return await self.handler(*arguments)
