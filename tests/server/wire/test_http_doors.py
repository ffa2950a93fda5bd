"""HTTP outside the table: `healthz`, problem documents, media types, and how a body is read."""

import json
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, new_name, request
from tests.server.wire.raw_socket import RawSocket

#: Everything of the table that needs a token, as (method, path, body).
NEEDS_TOKEN: list[tuple[str, str, Any]] = [
    ("GET", "/api/v1/me", None),
    ("PATCH", "/api/v1/me", {"name": "x"}),
    ("DELETE", "/api/v1/me", None),
    ("GET", "/api/v1/me/devices", None),
    ("DELETE", "/api/v1/me/devices/d_1", None),
    ("DELETE", "/api/v1/token", None),
    ("GET", "/api/v1/users", None),
    ("PATCH", "/api/v1/users/u_1", {"role": "member"}),
    ("POST", "/api/v1/users/u_1/kick", {}),
    ("POST", "/api/v1/users/u_1/ban", {}),
    ("POST", "/api/v1/users/u_1/mute", {}),
    ("POST", "/api/v1/users/u_1/reset", {}),
    ("DELETE", "/api/v1/users/u_1/ban", None),
    ("DELETE", "/api/v1/users/u_1/mute", None),
    ("GET", "/api/v1/audit", None),
    ("GET", "/api/v1/rooms", None),
    ("PATCH", "/api/v1/rooms/lobby", {"name": "x"}),
    ("GET", "/api/v1/rooms/lobby/messages", None),
    ("GET", "/api/v1/rooms/lobby/changes?since=0&epoch=x", None),
    ("POST", "/api/v1/rooms/lobby/messages", {"body": "x"}),
    ("GET", "/api/v1/rooms/lobby/messages/1", None),
    ("PATCH", "/api/v1/rooms/lobby/messages/1", {"body": "x"}),
    ("DELETE", "/api/v1/rooms/lobby/messages/1", None),
    ("PUT", "/api/v1/rooms/lobby/messages/1/reactions/%F0%9F%91%8D", None),
    ("DELETE", "/api/v1/rooms/lobby/messages/1/reactions/%F0%9F%91%8D", None),
    ("PUT", "/api/v1/rooms/lobby/messages/1/pin", None),
    ("DELETE", "/api/v1/rooms/lobby/messages/1/pin", None),
    ("PUT", "/api/v1/rooms/lobby/read", {"id": 1}),
    ("GET", "/api/v1/search?q=x", None),
]


def test_healthz(host: HostProcess) -> None:
    answer = request(host, "GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert answer.headers.get_content_type() == "application/json"


@pytest.mark.parametrize(("method", "path", "data"), NEEDS_TOKEN, ids=lambda value: str(value))
def test_without_a_token_it_is_401(host: HostProcess, method: str, path: str, data: Any) -> None:
    answer = request(host, method, path, data=data)
    assert (answer.status, answer.code) == (401, "auth_required")
    answer = request(host, method, path, data=data, token="nonsense")
    assert (answer.status, answer.code) == (401, "auth_failed")


@pytest.mark.parametrize(
    "value", ["Basic eDp5", "Bearer", "Bearer ", "bearer", "Token @", "@", "Bearer @ x", "Bearer  "]
)
def test_other_ways_to_sign_in_are_401(host: HostProcess, anna: Person, value: str) -> None:
    answer = request(host, "GET", "/api/v1/me", headers={"Authorization": value.replace("@", anna.token)})
    assert answer.status == 401
    assert answer.code in ("auth_required", "auth_failed")


def test_the_scheme_of_a_token_is_written_in_any_case(host: HostProcess, anna: Person) -> None:
    answer = request(host, "GET", "/api/v1/me", headers={"Authorization": f"bearer {anna.token}"})
    assert answer.status == 200


def test_no_such_page_is_a_problem_of_404(host: HostProcess, anna: Person) -> None:
    for path in ("/api/v1/nothing", "/api/v2/me", "/api/v1/rooms/lobby/nothing", "/nothing.php"):
        answer = request(host, "GET", path, token=anna.token)
        assert (answer.status, answer.code) == (404, "not_found"), path


def test_another_method_is_405(host: HostProcess, anna: Person) -> None:
    for method, path in (("DELETE", "/healthz"), ("PUT", "/api/v1/me"), ("GET", "/api/v1/register")):
        answer = request(host, method, path, token=anna.token)
        assert answer.status in (404, 405), (method, path, answer)


WRONG_BODIES: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"hello", "bad_json"),
    "nothing": (b"", "bad_json"),
    "a list": (b"[]", "bad_json"),
    "a word": (b'"x"', "bad_json"),
    "cut short": (b'{"name":', "bad_json"),
    "not UTF-8": (b'{"name":"\xff"}', "bad_json"),
    "NaN": (b'{"name":NaN}', "bad_json"),
    "too deep": (b'{"name":' + b"[" * 17 + b"]" * 17 + b"}", "bad_json"),
    "far too deep": (b"[" * 20_000, "bad_json"),
    "a lone surrogate": (b'{"name":"\\ud800"}', "bad_json"),
    "a number for a name": (b'{"name":5}', "bad_field"),
    "no name": (b"{}", "bad_field"),
    "an unknown field": (b'{"name":"Someone New","colour":"red"}', "bad_field"),
}


@pytest.mark.parametrize(("body", "code"), WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
def test_a_wrong_body_is_refused(host: HostProcess, body: bytes, code: str) -> None:
    answer = request(host, "POST", "/api/v1/register", body=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    # A list or a word is JSON, but no object; a lone surrogate makes a name as wrong as the JSON it is in.
    assert answer.code == code or answer.code in ("bad_field", "bad_name", "bad_json")


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"], ids=str
)
def test_another_media_type_is_415(host: HostProcess, anna: Person, kind: str | None) -> None:
    body = json.dumps({"name": new_name()}).encode()
    headers = {} if kind is None else {"Content-Type": kind}
    answer = request(host, "POST", "/api/v1/register", body=body, headers=headers)
    assert answer.status == 415
    assert answer.headers.get_content_type() == "application/problem+json"
    body = json.dumps({"body": "x"}).encode()
    path = "/api/v1/rooms/lobby/messages"
    assert request(host, "POST", path, body=body, headers=headers, token=anna.token).status == 415


def test_json_with_a_charset_is_json(host: HostProcess) -> None:
    body = json.dumps({"name": new_name()}).encode()
    kind = "application/json; charset=utf-8"
    assert request(host, "POST", "/api/v1/register", body=body, headers={"Content-Type": kind}).status == 201


def test_a_body_past_every_bound_is_refused(host: HostProcess) -> None:
    body = b'{"name":"' + b"x" * 2_000_000 + b'"}'
    try:
        answer = request(host, "POST", "/api/v1/register", body=body, headers={"Content-Type": "application/json"})
    except (BrokenPipeError, ConnectionResetError):
        return  # it hung up on the flood
    assert answer.status in (400, 413)


async def test_a_connection_may_serve_more_than_one_request(host: HostProcess) -> None:
    async with RawSocket(host) as raw:
        for _ in range(3):
            await raw.send(f"GET /healthz HTTP/1.1\r\nHost: {host.authority}\r\n\r\n".encode())
            status, headers, _ = await raw.read_response()
            assert status == 200
            if headers.get("connection") == "close":
                break


async def test_an_expectation_and_chunks_are_read(host: HostProcess) -> None:
    async with RawSocket(host) as raw:
        body = json.dumps({"name": new_name()}).encode()
        await raw.send(
            f"POST /api/v1/register HTTP/1.1\r\nHost: {host.authority}\r\nContent-Type: application/json\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode()
            + body
            + b"\r\n0\r\n\r\n"
        )
        status, _, _ = await raw.read_response()
        assert status in (201, 411, 501)


def test_what_is_private_is_not_kept_by_caches(host: HostProcess, anna: Person) -> None:
    answer = request(host, "GET", "/api/v1/me", token=anna.token)
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_description_describes_the_table(host: HostProcess) -> None:
    answer = request(host, "GET", "/openapi.json")
    assert answer.status == 200
    assert answer.headers.get_content_type() == "application/json"
    description = answer.json
    assert description["openapi"].startswith("3.1")
    paths = {
        (method.upper(), "".join("{}" if part.startswith("{") else part for part in _parts(path)))
        for path, methods in description["paths"].items()
        for method in methods
    }
    for method, path, _ in NEEDS_TOKEN:
        shape = path.partition("?")[0]
        for name in ("d_1", "u_1", "lobby", "%F0%9F%91%8D"):
            shape = shape.replace(f"/{name}", "/{}")
        shape = shape.replace("/messages/1", "/messages/{}")
        assert (method, shape) in paths, (method, shape)


def _parts(path: str) -> list[str]:
    parts: list[str] = []
    for piece in path.split("/")[1:]:
        parts += ["/", piece]
    return parts


def test_metrics_are_prometheus_text_for_loopback_or_the_owner(host: HostProcess, dana: Person) -> None:
    for token in (None, dana.token):
        answer = request(host, "GET", "/metrics", token=token)
        assert answer.status == 200
        assert answer.headers.get_content_type() == "text/plain"
        assert b"\n" in answer.body
