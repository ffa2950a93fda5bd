"""`Host` and `Origin` are checked on every path, the upgrade too: another host 421, none or two 400, an origin 403."""

import socket
from collections.abc import Callable

import pytest

from tests.helpers.host_process import HostProcess
from tests.server.wire.raw_socket import RawSocket

StartHost = Callable[..., HostProcess]
PATHS = ["/", "/healthz", "/metrics", "/openapi.json", "/api/v1/me", "/api/v1/rooms", "/nowhere", "/ws"]
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mrsambosk.v1\r\n"
)


async def status(host: HostProcess, headers: str, path: str = "/healthz", method: str = "GET") -> int:
    """What a request with just these headers is answered."""
    async with RawSocket(host) as raw:
        await raw.send(f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode("latin-1"))
        return (await raw.read_response())[0]


async def upgraded(host: HostProcess, headers: str) -> int:
    async with RawSocket(host) as raw:
        await raw.send(f"GET /ws HTTP/1.1\r\n{UPGRADE}{headers}\r\n".encode("latin-1"))
        return (await raw.read_response())[0]


def good_hosts(host: HostProcess) -> list[str]:
    machine = socket.gethostname()
    names = ["127.0.0.1", "localhost", "LOCALHOST", machine, f"{machine.partition('.')[0]}.local"]
    return [f"{name}:{host.port}" for name in names]


def bad_hosts(host: HostProcess) -> list[str]:
    port = host.port
    return [
        f"evil.example:{port}",
        "evil.example",
        f"127.0.0.1.evil.example:{port}",
        f"localhost.evil.example:{port}",
        f"evillocalhost:{port}",
        "127.0.0.1",  # that would be port 80
        "localhost:1",
        f"10.0.0.1:{port}",
        f"[::2]:{port}",
        f"2130706433:{port}",
    ]


async def test_our_own_names_are_served(host: HostProcess) -> None:
    for name in good_hosts(host):
        assert await status(host, f"Host: {name}\r\n") == 200, name
        assert await upgraded(host, f"Host: {name}\r\n") == 101, name


async def test_another_host_is_421(host: HostProcess) -> None:
    for name in bad_hosts(host):
        assert await status(host, f"Host: {name}\r\n") == 421, name
        assert await upgraded(host, f"Host: {name}\r\n") == 421, name


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
async def test_another_host_is_421_on_every_path(host: HostProcess, path: str, method: str) -> None:
    assert await status(host, f"Host: evil.example:{host.port}\r\n", path, method) == 421


async def test_no_host_is_400(host: HostProcess) -> None:
    assert await status(host, "") == 400
    assert await upgraded(host, "") == 400
    assert await status(host, "Host:\r\n") in (400, 421)


async def test_two_hosts_are_400(host: HostProcess) -> None:
    good = f"Host: {host.authority}\r\n"
    assert await status(host, good * 2) == 400
    assert await status(host, f"{good}Host: evil.example\r\n") == 400
    assert await status(host, f"Host: evil.example\r\n{good}") == 400
    assert await upgraded(host, good * 2) == 400


@pytest.mark.parametrize("value", ["a b", "user@127.0.0.1:@", "127.0.0.1:@/", "127.0.0.1:@,evil", "127.0.0.1:x", "<>"])
async def test_a_malformed_host_is_refused(host: HostProcess, value: str) -> None:
    assert await status(host, f"Host: {value.replace('@', str(host.port))}\r\n") in (400, 421)


async def test_our_own_page_may_ask(host: HostProcess) -> None:
    for name in good_hosts(host):
        origin = f"Origin: http://{name.lower()}\r\n"
        assert await status(host, f"Host: {host.authority}\r\n{origin}") == 200, name
        assert await upgraded(host, f"Host: {host.authority}\r\n{origin}") == 101, name


def bad_origins(host: HostProcess) -> list[str]:
    port = host.port
    return [
        "null",
        "http://evil.example",
        f"http://evil.example:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://127.0.0.1:{port}@evil.example",
        f"https://127.0.0.1:{port}",  # this one speaks no TLS
        f"ws://127.0.0.1:{port}",
        "file://",
        "chrome-extension://abcdef",
    ]


async def test_any_other_origin_is_403(host: HostProcess) -> None:
    for origin in bad_origins(host):
        assert await status(host, f"Host: {host.authority}\r\nOrigin: {origin}\r\n") == 403, origin
        assert await upgraded(host, f"Host: {host.authority}\r\nOrigin: {origin}\r\n") == 403, origin


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_another_origin_is_403_on_every_path(host: HostProcess, path: str, method: str) -> None:
    headers = f"Host: {host.authority}\r\nOrigin: http://evil.example\r\n"
    assert await status(host, headers, path, method) == 403


async def test_one_good_origin_does_not_excuse_another(host: HostProcess) -> None:
    good = f"Origin: http://{host.authority}\r\n"
    headers = f"Host: {host.authority}\r\n"
    assert await status(host, f"{headers}{good}Origin: http://evil.example\r\n") in (400, 403)
    assert await status(host, f"{headers}Origin: http://evil.example\r\n{good}") in (400, 403)


async def test_a_second_request_on_the_connection_is_checked_too(host: HostProcess) -> None:
    for second, expected in (
        (f"Host: evil.example:{host.port}\r\n", 421),
        (f"Host: {host.authority}\r\nOrigin: http://evil.example\r\n", 403),
    ):
        async with RawSocket(host) as raw:
            await raw.send(f"GET /healthz HTTP/1.1\r\nHost: {host.authority}\r\n\r\n".encode())
            first = await raw.read_response()
            assert first[0] == 200
            await raw.send(f"GET /healthz HTTP/1.1\r\n{second}\r\n".encode())
            said = await raw.read_all() if first[1].get("connection") == "close" else b""
            if not said and first[1].get("connection") != "close":
                assert (await raw.read_response())[0] == expected


async def test_no_cors_headers_and_no_cookies(host: HostProcess) -> None:
    async with RawSocket(host) as raw:
        await raw.send(
            f"OPTIONS /api/v1/me HTTP/1.1\r\nHost: {host.authority}\r\nOrigin: http://{host.authority}\r\n"
            "Access-Control-Request-Method: GET\r\n\r\n".encode()
        )
        _, headers, _ = await raw.read_response()
        assert not [name for name in headers if name.startswith("access-control") or name == "set-cookie"]


async def test_allow_host_adds_a_name_and_its_https_origin(start_host: StartHost) -> None:
    host = start_host("--allow-host", "chat.example", "--allow-host", "other.example:8443")
    good = f"Host: {host.authority}\r\n"
    for name in ("chat.example", "other.example:8443", "CHAT.EXAMPLE", f"chat.example:{host.port}"):
        assert await status(host, f"Host: {name}\r\n") == 200, name
        assert await upgraded(host, f"Host: {name}\r\n") == 101, name
    for origin in ("https://chat.example", "https://other.example:8443", f"https://chat.example:{host.port}"):
        assert await status(host, f"{good}Origin: {origin}\r\n") == 200, origin
        assert await upgraded(host, f"Host: chat.example\r\nOrigin: {origin}\r\n") == 101, origin
    assert await status(host, "Host: other.example\r\n") == 421
    assert await status(host, "Host: sub.chat.example\r\n") == 421
    assert await status(host, "Host: chat.example:1\r\n") == 421
    for origin in ("http://chat.example", "https://other.example", "https://chat.example:1"):
        assert await status(host, f"{good}Origin: {origin}\r\n") == 403, origin


async def test_a_token_in_a_url_is_no_token(host: HostProcess) -> None:
    token = host.owner_token
    for query in (f"token={token}", f"access_token={token}", f"authorization=Bearer+{token}"):
        assert await status(host, f"Host: {host.authority}\r\n", f"/api/v1/me?{query}") in (401, 404)
