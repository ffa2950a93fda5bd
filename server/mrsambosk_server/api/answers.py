"""What HTTP answers with: JSON, or a problem document; always with the headers that keep a browser from guessing."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mrsambosk_protocol import codec
from mrsambosk_protocol.limits import CODES, Refused

from ..problems import HEADERS, PROBLEM, problem

_CODES: Final = {404: "not_found"}
_TEXTS: Final = {404: "There is nothing at this address.", 405: "This address does not know that method."}


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A struct, list or dict as JSON."""
    return Response(codec.encode_any(content), status, {**HEADERS, **(headers or {})}, "application/json")


def nothing() -> Response:
    """204: done, and nothing to say."""
    return Response(status_code=204, headers=HEADERS)


def refusal(refused: Refused) -> Response:
    """A refusal as a problem document with the code's status."""
    status = CODES[refused.code].status
    headers = dict(HEADERS)
    if refused.retry_after is not None:
        headers["Retry-After"] = str(int(refused.retry_after) + 1)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem(status, refused.code, refused.text), status, headers, PROBLEM)


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the router or a body reader refused."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    text = _TEXTS.get(status, str(error.detail))
    headers = {**HEADERS, **(error.headers or {})}
    return Response(problem(status, _CODES.get(status, "bad_field"), text), status, headers, PROBLEM)
