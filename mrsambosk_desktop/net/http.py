"""The requests that are not WebSocket: sign in, moderate, devices. One connection each, answered or given up."""

import asyncio
import http.client
import io
import ssl
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import msgspec

from mrsambosk_protocol import codec
from mrsambosk_protocol.invite import Address
from mrsambosk_protocol.limits import CODES, Refused
from mrsambosk_protocol.requests import Body, Register, Registered, SignIn, Token

from .connection import Unreachable, Why
from .trust import PLAIN, Trust, WrongKey

_SECONDS: Final = 10.0
_ANSWER_BYTES: Final = 1024 * 1024
T = TypeVar("T")


async def register(address: Address, wanted: Register, trust: Trust = PLAIN) -> Registered:
    """A new person on this host, with this device's token.

    Raises:
        Refused: `name_taken`, `bad_name`, `forbidden` (the policy), `rate_limited` and so on.
        Unreachable: no host answered.
    """
    return await _post(address, "/api/v1/register", wanted, Registered, trust)


async def sign_in(address: Address, who: SignIn, trust: Trust = PLAIN) -> Token:
    """A token for a person with a password.

    Raises:
        Refused: `auth_failed`, `rate_limited`.
        Unreachable: no host answered.
    """
    return await _post(address, "/api/v1/token", who, Token, trust)


class _Health(msgspec.Struct):
    """``GET /healthz``."""

    status: Literal["ok"]


async def ask_health(address: Address, trust: Trust = PLAIN) -> None:
    """Whether a host is there and well, which anybody may ask.

    Raises:
        Refused: it is there, but turns this away.
        Unreachable: no host answered, or not as one.
    """
    await _request(address, "GET", "/healthz", None, _Health, trust)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a host's HTTP is, and who asks: for what the WebSocket has no command for."""

    address: Address
    trust: Trust
    token: str

    async def ask(self, method: str, path: str, answer: type[T], body: Body | None = None) -> T:
        """Carry out one operation of the API (``/api/v1`` is put before `path`).

        Args:
            answer: the struct it answers with; `type(None)` for what answers nothing.

        Raises:
            Refused: with the host's code and sentence.
            Unreachable: no host answered.
        """
        return await _request(self.address, method, f"/api/v1{path}", body, answer, self.trust, self.token)


async def _post(address: Address, path: str, body: Body, answer: type[T], trust: Trust) -> T:
    return await _request(address, "POST", path, body, answer, trust)


async def _request(
    address: Address, method: str, path: str, body: Body | None, answer: type[T], trust: Trust, token: str = ""
) -> T:
    silent = Unreachable(Why.SILENT, address)
    content = codec.encode_any(body) if body is not None else b""
    head = [f"{method} {path} HTTP/1.1", f"Host: {address}", "Connection: close", "Accept: application/json"]
    if body is not None:
        head.append("Content-Type: application/json")
    if token:
        head.append(f"Authorization: Bearer {token}")
    head.append(f"Content-Length: {len(content)}")
    try:
        async with asyncio.timeout(_SECONDS):
            sent = "\r\n".join([*head, "", ""]).encode("ascii", "strict") + content
            status, retry_after, said = await _exchange(address, sent, trust)
    except (WrongKey, ssl.SSLCertVerificationError):
        raise Unreachable(Why.WRONG_KEY, address) from None
    except ssl.SSLError:
        raise Unreachable(Why.NO_HOST, address) from None
    except (TimeoutError, OSError, EOFError):
        raise silent from None
    except http.client.HTTPException:
        raise Unreachable(Why.NO_HOST, address) from None
    try:
        if status in (200, 201, 204):
            return msgspec.json.decode(said or b"null", type=answer)
        problem = codec.decode_object(said)
    except (msgspec.DecodeError, codec.BadFrame):
        raise Unreachable(Why.NO_HOST, address) from None
    code, text = problem.get("code"), problem.get("detail")
    if not isinstance(code, str) or not isinstance(text, str):
        raise Unreachable(Why.NO_HOST, address)
    raise Refused(code if code in CODES else "bad_field", text, retry_after)


async def _exchange(address: Address, request: bytes, trust: Trust) -> tuple[int, float | None, bytes]:
    """Status, Retry-After and content of the answer. The standard library parses what asyncio read."""
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=trust.context())
    try:
        trust.check(writer.transport)
        writer.write(request)
        await writer.drain()
        answer = b""
        while chunk := await reader.read(65536):
            answer += chunk
            if len(answer) > _ANSWER_BYTES:
                raise http.client.HTTPException("too long an answer")
    finally:
        writer.transport.abort()
    parsed = http.client.HTTPResponse(_Answer(answer))  # type: ignore[arg-type]
    parsed.begin()
    wait = parsed.getheader("Retry-After", "")
    return parsed.status, float(wait) if wait.isdecimal() else None, parsed.read()


class _Answer:
    """Bytes that were read already, as the socket that `HTTPResponse` expects."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(self._content)
