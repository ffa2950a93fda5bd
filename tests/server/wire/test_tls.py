"""TLS: one key, made once; its SHA-256 is the host's id, in the ready line, the invite and the welcome."""

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import connect

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import SUBPROTOCOL
from tests.server.wire.raw_socket import RawSocket

StartHost = Callable[..., HostProcess]


def context() -> ssl.SSLContext:
    """As an app under a pin: neither names nor dates nor authorities are looked at, only the key, afterwards."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    return unverified


def key_of(certificate: bytes) -> str:
    public = x509.load_der_x509_certificate(certificate).public_key()
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b32encode(digest).decode().rstrip("=")


def get(host: HostProcess, path: str, origin: str | None = None) -> tuple[int, bytes, str]:
    connection = http.client.HTTPSConnection("127.0.0.1", host.port, timeout=10, context=context())
    try:
        connection.request("GET", path, headers={} if origin is None else {"Origin": origin})
        assert isinstance(connection.sock, ssl.SSLSocket)
        certificate = connection.sock.getpeercert(binary_form=True)
        assert certificate is not None
        response = connection.getresponse()
        return response.status, response.read(), key_of(certificate)
    finally:
        connection.close()


async def welcome(host: HostProcess) -> dict[str, object]:
    url = f"wss://{host.authority}/ws"
    async with connect(url, ssl=context(), subprotocols=[SUBPROTOCOL], compression=None, proxy=None) as socket:  # type: ignore[list-item]
        hello = {"type": "hello", "ref": 1, "protocol": [1], "client": "x/1", "token": host.owner_token}
        await socket.send(json.dumps(hello))
        return json.loads(await socket.recv())  # type: ignore[no-any-return]


async def test_the_key_is_the_hosts_id_everywhere(start_host: StartHost) -> None:
    host = start_host(tls=True)
    status, body, key = get(host, "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert host.ready["fingerprint"] == key
    assert parse_qs(urlsplit(host.ready["invite"]).query)["fp"] == [key]
    event = await welcome(host)
    assert event["host"]["id"] == key  # type: ignore[index]
    assert host.stop() == 0

    host = start_host(tls=True)
    assert get(host, "/healthz")[2] == host.ready["fingerprint"] == key
    host.stop()

    host = start_host()  # the same key without TLS: the id stays
    assert (await welcome_without(host))["id"] == key


async def welcome_without(host: HostProcess) -> dict[str, object]:
    url = f"ws://{host.authority}/ws"
    async with connect(url, subprotocols=[SUBPROTOCOL], compression=None, proxy=None) as socket:  # type: ignore[list-item]
        hello = {"type": "hello", "ref": 1, "protocol": [1], "client": "x/1", "token": host.owner_token}
        await socket.send(json.dumps(hello))
        return json.loads(await socket.recv())["host"]  # type: ignore[no-any-return]


def test_our_own_page_is_https_under_tls(start_host: StartHost) -> None:
    host = start_host(tls=True)
    assert get(host, "/healthz", f"https://{host.authority}")[0] == 200
    assert get(host, "/healthz", f"http://{host.authority}")[0] == 403
    assert get(host, "/healthz", "https://evil.example")[0] == 403


async def test_plain_words_at_a_tls_door_end_the_connection(start_host: StartHost) -> None:
    host = start_host(tls=True)
    async with RawSocket(host) as raw:
        await raw.send(f"GET /healthz HTTP/1.1\r\nHost: {host.authority}\r\n\r\n".encode())
        assert b"200 OK" not in await raw.read_all()
    assert get(host, "/healthz")[0] == 200
    assert host.stop() == 0
    assert not host.faults(), host.last_log


def test_two_hosts_have_two_keys(start_host: StartHost) -> None:
    one = start_host(tls=True)
    two = start_host(tls=True, data=one.data.with_name("other"))
    assert one.ready["fingerprint"] != two.ready["fingerprint"]
