"""What the tests of the door share: a host that speaks TLS, and requests from any loopback address, over either."""

import asyncio
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mrsambosk_protocol.pin import fingerprint_of
from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Answer, WireClient

SECONDS = 20.0
#: On every answer, whoever makes it.
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class SecureHost(HostProcess):
    """A host as users start it: under TLS."""

    def __init__(self, data: Path, *options: str, **more: Any) -> None:
        super().__init__(data, *options, **more)
        self._line.remove("--no-tls")

    @property
    def ws_url(self) -> str:
        return f"wss://{self.authority}/ws"


def is_secure(host: HostProcess) -> bool:
    return isinstance(host, SecureHost)


def trust_nobody() -> ssl.SSLContext:
    """Takes any certificate, as an app does that looks at the pin by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def client(host: HostProcess, token: str | None, source: str | None = None, **options: Any) -> WireClient:
    """A WebSocket from that address, over TLS where the host speaks it."""
    if is_secure(host):
        options["ssl"] = trust_nobody()
    if source is not None:
        options["local_addr"] = (source, 0)
    return WireClient(host, token, **options)


def ask(
    host: HostProcess,
    method: str,
    path: str,
    token: str | None = None,
    data: Any = None,
    *,
    source: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """One request from that loopback address."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if data is not None:
        body = json.dumps(data).encode()
        sent.setdefault("Content-Type", "application/json")
    bound = (source, 0) if source is not None else None
    connection: http.client.HTTPConnection
    if is_secure(host):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", host.port, timeout=SECONDS, source_address=bound, context=trust_nobody()
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=SECONDS, source_address=bound)
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def peer_fingerprint(port: int, address: str = "127.0.0.1") -> str:
    """The pin of whoever answers there."""
    with (
        socket.create_connection((address, port), timeout=SECONDS) as plain,
        trust_nobody().wrap_socket(plain) as wrapped,
    ):
        certificate = wrapped.getpeercert(binary_form=True)
        assert certificate is not None
        return fingerprint_of(certificate)


async def says(host: HostProcess, data: bytes, *, source: str = "127.0.0.1", hang_up: bool = False) -> bytes:
    """All that a connection answers to these bytes until it is closed, at most for `SECONDS`."""
    context = trust_nobody() if is_secure(host) else None
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port, ssl=context, local_addr=(source, 0))
    said = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(data)
            if hang_up:
                writer.close()
                return b""
            while more := await reader.read(65536):
                said += more
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.transport.abort()
    return bytes(said)


async def post(host: HostProcess, path: str, data: Any, source: str = "127.0.0.1") -> tuple[int, Any]:
    """One JSON request without a thread, for many at once: the status and the answer."""
    body = json.dumps(data).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host.authority}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    said = await says(host, head.encode() + body, source=source)
    top, _, content = said.partition(b"\r\n\r\n")
    assert top, "closed without an answer"
    return int(top.split()[1]), json.loads(content)
