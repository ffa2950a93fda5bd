"""The HTTP routes: parse, call the same action as the WebSocket, answer."""

import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mrsambosk_protocol import codec
from mrsambosk_protocol.limits import CODES, Refused
from mrsambosk_protocol.requests import Body, Register, Registered, SignIn, Token
from mrsambosk_protocol.text import name_key

from . import people
from .actions import accounts
from .passwords import Passwords
from .problems import problem
from .session import Services
from .throttle import SignIns

log = logging.getLogger(__name__)
B = TypeVar("B", bound=Body)

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Api:
    """The routes of one host.

    Args:
        settings: the host's kept settings by name (`policy`, `code`); read at each request.
    """

    def __init__(self, services: Services, passwords: Passwords, settings: dict[str, str]) -> None:
        self._services = services
        self._ledger = services.ledger
        self._passwords = passwords
        self._settings = settings
        self._sign_ins = SignIns()

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/healthz", self._answering(self.healthz), methods=["GET"]),
                Route("/api/v1/register", self._answering(self.register), methods=["POST"]),
                Route("/api/v1/token", self._answering(self.sign_in), methods=["POST"]),
                Route("/api/v1/token", self._answering(self.sign_out), methods=["DELETE"]),
            ],
            exception_handlers={HTTPException: _on_http_error},
        )

    async def healthz(self, request: Request) -> Response:
        return answer({"status": "ok"})

    async def register(self, request: Request) -> Response:
        body = await self._body(request, Register)
        self._check_policy(request, body.code)
        password = await self._passwords.hash(body.password) if body.password is not None else None
        token = secrets.token_urlsafe(32)
        outcome = await self._ledger.submit(
            accounts.do_register, body.name, token, body.device, password, body.email, self._services.rules
        )
        return answer(Registered(user=outcome.reply.user, token=token), 201)

    async def sign_in(self, request: Request) -> Response:
        form = content_type(request) == _FORM
        body = _sign_in_form(await self._raw(request)) if form else await self._body(request, SignIn)
        address, account = address_of(request), name_key(body.name[:256])
        now = self._now()
        self._sign_ins.check(address, account, now)
        found = await self._ledger.read(people.credentials_of, body.name[:256])
        right = await self._passwords.matches(found[1] if found else None, body.password)
        if not right or found is None:
            self._sign_ins.failed(address, account, now)
            if form:
                return answer(
                    {"error": "invalid_grant", "error_description": "The name or the password is wrong."}, 400
                )
            raise Refused("auth_failed", "The name or the password is wrong.")
        self._sign_ins.succeeded(address, account)
        token = secrets.token_urlsafe(32)
        await self._ledger.submit(accounts.do_sign_in, found[0], token, body.device)
        return answer(Token(access_token=token))

    async def sign_out(self, request: Request) -> Response:
        viewer = await self.viewer(request)
        await self._ledger.submit(accounts.do_sign_out, viewer.id, viewer.device)
        return Response(status_code=204, headers=_SAFE)

    async def viewer(self, request: Request) -> people.Viewer:
        """Who sent this.

        Raises:
            Refused: `auth_required`, `auth_failed`, `banned`.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused("auth_required", "This needs a bearer token.")
        return await self._ledger.read(people.viewer_of, token.strip())

    def _check_policy(self, request: Request, code: str | None) -> None:
        policy = self._settings["policy"]
        if policy == "closed":
            raise Refused("forbidden", "This host takes no new people by itself; ask who runs it.")
        if policy != "code":
            return
        if code is None:
            raise Refused("auth_required", "This host asks for its join code.")
        address, now = address_of(request), self._now()
        self._sign_ins.check(address, "join code", now)
        if not hmac.compare_digest(code.strip().upper().encode(), self._settings["code"].encode()):
            self._sign_ins.failed(address, "join code", now)
            raise Refused("auth_failed", "This is not the join code of this host.")
        self._sign_ins.succeeded(address, "join code")

    def _now(self) -> float:
        return self._ledger.loop_time()

    async def _raw(self, request: Request) -> bytes:
        limit = self._services.rules.frame_bytes
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413, "The request's body is too large.")
        return body

    async def _body(self, request: Request, kind: type[B]) -> B:
        if content_type(request) != _JSON:
            raise HTTPException(415, "Send the body as application/json.")
        raw = await self._raw(request)
        return codec.decode_body(raw, kind, self._services.rules)

    def _answering(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answering(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as refused:
                return refusal(refused)
            except (HTTPException, ClientDisconnect):
                raise
            except Exception:
                log.exception("%s %s failed", request.method, request.url.path)
                return refusal(Refused("internal", "Something went wrong in the host; it has been noted."))

        return answering


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def address_of(request: Request) -> str:
    """The client's address, for throttling."""
    return request.client.host if request.client else ""


def answer(content: Any, status: int = 200) -> Response:
    return Response(codec.encode_any(content), status, _SAFE, _JSON)


def refusal(refused: Refused) -> Response:
    """A refusal as HTTP says it: a problem document with the code's status."""
    status = CODES[refused.code].status
    headers = dict(_SAFE)
    if refused.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(refused.retry_after + 0.5)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem(status, refused.code, refused.text), status, headers, "application/problem+json")


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "bad_field", 413: "too_long", 415: "bad_field"}.get(error.status_code, "bad_field")
    text = {404: "There is nothing at this address.", 405: "This address knows no such method."}.get(
        error.status_code, str(error.detail)
    )
    headers = {**_SAFE, **(error.headers or {})}
    return Response(problem(error.status_code, code, text), error.status_code, headers, "application/problem+json")


def _sign_in_form(raw: bytes) -> SignIn:
    """RFC 6749 §4.3: ``grant_type=password&username=…&password=…``."""
    try:
        fields = parse_qs(raw.decode(), strict_parsing=True, max_num_fields=20, keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        raise Refused("bad_field", "This is not a form.") from None
    if fields.get("grant_type") != ["password"] or any(
        len(fields.get(key, [])) != 1 for key in ("username", "password")
    ):
        raise Refused("bad_field", "A form needs grant_type=password, username and password.")
    try:
        return msgspec.convert(
            {"name": fields["username"][0], "password": fields["password"][0], "device": fields.get("device", [""])[0]},
            SignIn,
        )
    except msgspec.ValidationError:
        raise Refused("bad_field", "A field of the form is too long.") from None
