"""TLS by default under the host's own key: what is pinned, who is refused, what everything served carries."""

import asyncio
import base64
import contextlib
import datetime
import hashlib
import http.client
import ssl
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mrsambosk_protocol.invite import parse_invite
from mrsambosk_protocol.pin import fingerprint_of
from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person
from tests.server.door.doors import SECURITY_HEADERS, SecureHost, ask, client, peer_fingerprint, says, trust_nobody

StartHost = Callable[..., HostProcess]
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureHost]:
    with SecureHost(tmp_path_factory.mktemp("tls") / "data", *ROOMY) as running:
        assert isinstance(running, SecureHost)
        yield running


async def test_the_id_is_the_pin_everywhere(host: SecureHost) -> None:
    pin = peer_fingerprint(host.port)
    assert host.ready["fingerprint"] == pin
    assert parse_invite(host.ready["invite"]).fingerprint == pin
    assert parse_invite(host.ready["invite"]).tls
    assert ask(host, "GET", "/api/v1/host", host.owner_token).json["id"] == pin
    async with client(host, host.owner_token) as joined:
        assert joined.welcome["host"]["id"] == pin


def test_the_key_is_kept_over_restarts_for_its_owner_only(tmp_path: Path) -> None:
    pins, certificates = [], []
    for _ in range(2):
        with SecureHost(tmp_path / "data") as running:
            pins.append(peer_fingerprint(running.port))
            certificates.append((tmp_path / "data" / "host-certificate.pem").read_bytes())
    assert pins[0] == pins[1]
    assert certificates[0] != certificates[1]
    key = tmp_path / "data" / "host-key.pem"
    if sys.platform != "win32":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.unlink()
    with SecureHost(tmp_path / "data") as running:
        assert peer_fingerprint(running.port) != pins[0]


def test_a_damaged_key_starts_nothing_and_stays(tmp_path: Path) -> None:
    with SecureHost(tmp_path / "data"):
        pass
    key = tmp_path / "data" / "host-key.pem"
    key.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(AssertionError, match="damaged"):
        SecureHost(tmp_path / "data").start()
    assert key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\nAAAA")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(host: SecureHost, version: ssl.TLSVersion) -> None:
    context = trust_nobody()
    context.minimum_version = context.maximum_version = version
    connection = http.client.HTTPSConnection("127.0.0.1", host.port, timeout=10, context=context)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b'{"status":"ok"}'
    connection.close()


async def test_plain_http_on_the_tls_port_learns_nothing(host: SecureHost) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host.authority}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        said = b""
        with contextlib.suppress(ConnectionError):
            said = await reader.read()
    writer.transport.abort()
    assert b"HTTP" not in said


# A man in the middle.


def make_certificate(folder: Path, names: list[str]) -> tuple[Path, Path]:
    """A certificate of its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mrsambosk host")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(built.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "chain.pem", folder / "key.pem"


async def pinned_token_exchange(port: int, pin: str, token: str) -> bool:
    """What a pinning client does: look at the key first, and say nothing to another one. Whether it spoke."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust_nobody())
    try:
        wrapped = writer.get_extra_info("ssl_object")
        if fingerprint_of(wrapped.getpeercert(binary_form=True)) != pin:
            return False
        writer.write(
            f"GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
        return True
    finally:
        writer.transport.abort()


async def test_a_man_in_the_middle_gets_no_token(host: SecureHost, tmp_path: Path) -> None:
    heard = bytearray()
    left = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while more := await reader.read(4096):
                heard.extend(more)
        except (ConnectionError, ssl.SSLError):
            pass
        writer.transport.abort()
        left.set()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path, ["localhost"]))
    middle = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    pin = host.ready["fingerprint"]
    try:
        port = middle.sockets[0].getsockname()[1]
        assert await pinned_token_exchange(host.port, pin, host.owner_token)
        assert not await pinned_token_exchange(port, pin, host.owner_token)
        await asyncio.wait_for(left.wait(), 10)
        assert not heard
    finally:
        middle.close()


# One's own certificate.


def test_a_certificate_of_ones_own(tmp_path: Path) -> None:
    chain, key = make_certificate(tmp_path, ["chat.example"])
    options = ("--certificate", str(chain), "--key", str(key), "--allow-host", "chat.example")
    with SecureHost(tmp_path / "data", *options) as running:
        served = x509.load_pem_x509_certificate(chain.read_bytes())
        assert peer_fingerprint(running.port) == fingerprint_of(served.public_bytes(serialization.Encoding.DER))
        # What an authority vouches for is not pinned: it may be renewed under another key.
        assert running.ready["fingerprint"] is None
        invite = parse_invite(running.ready["invite"])
        assert (invite.fingerprint, invite.tls) == (None, True)
        assert [address.host for address in invite.addresses] == ["chat.example"]
        first = ask(running, "GET", "/api/v1/host", running.owner_token).json["id"]
    with SecureHost(tmp_path / "data") as running:
        # The host is the same one, with or without.
        assert running.ready["fingerprint"] == first


def test_a_key_of_another_certificate_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    chain, _key = make_certificate(tmp_path, ["chat.example"])
    _chain, key = make_certificate(tmp_path / "other", ["chat.example"])
    with pytest.raises(AssertionError, match="certificate cannot be used"):
        SecureHost(tmp_path / "data", "--certificate", str(chain), "--key", str(key)).start()


# What everything carries.

PATHS = ["/", "/healthz", "/metrics", "/openapi.json", "/docs", "/api/v1/me", "/api/v1/nothing", "/ws", "/api/v1/me/"]


def head_of(said: bytes) -> tuple[int, dict[str, str]]:
    lines = said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), fields


def check_headers(said: bytes) -> int:
    status, fields = head_of(said)
    assert {name: fields.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS, said[:600]
    policy = fields["content-security-policy"]
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"), policy
    assert "unsafe" not in policy
    for unwanted in ("set-cookie", "access-control-allow-origin", "server", "location"):
        assert unwanted not in fields, fields
    return status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_everything_served_carries_the_headers(host: SecureHost, method: str) -> None:
    for path in PATHS:
        for field in ("", f"Authorization: Bearer {host.owner_token}\r\n"):
            said = await says(host, f"{method} {path} HTTP/1.1\r\nHost: {host.authority}\r\n{field}\r\n".encode())
            assert check_headers(said) < 500, (method, path, said)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("upgrade", ["", UPGRADE], ids=["plain", "upgrade"])
async def test_host_and_origin_are_checked_on_every_path(host: SecureHost, path: str, upgrade: str) -> None:
    for fields, expected in (
        (f"Host: evil.example:{host.port}\r\n", 421),
        (f"Host: {host.authority}\r\nOrigin: https://evil.example\r\n", 403),
        # Our own address, but not over TLS: somebody else's page.
        (f"Host: {host.authority}\r\nOrigin: http://{host.authority}\r\n", 403),
        ("", 400),
        (f"Host: {host.authority}\r\n" * 2, 400),
    ):
        said = await says(host, f"GET {path} HTTP/1.1\r\n{fields}{upgrade}\r\n".encode())
        assert check_headers(said) == expected, (fields, said)


async def test_our_own_page_may_upgrade(host: SecureHost, tmp_path: Path) -> None:
    async with client(host, host.owner_token, origin=f"https://{host.authority}") as joined:
        await joined.post("over TLS")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400),
        (UPGRADE.replace("13", "8"), 400),
        (UPGRADE.replace("AAAAAAAAAAAAAAAAAAAAAA==", "short"), 400),
        (UPGRADE.replace("Connection: Upgrade", "Connection: keep-alive"), 426),
    ],
)
async def test_a_broken_upgrade_is_a_problem_too(host: SecureHost, fields: str, expected: int) -> None:
    said = await says(host, f"GET /ws HTTP/1.1\r\nHost: {host.authority}\r\n{fields}\r\n".encode())
    assert check_headers(said) == expected
    assert head_of(said)[1]["content-type"] == "application/problem+json"


def test_the_page_of_the_description_needs_nothing_from_elsewhere(host: SecureHost, dana: Person) -> None:
    answer = ask(host, "GET", "/docs")
    page = answer.body.decode()
    assert answer.status == 200
    assert "://" not in page
    assert "<script" not in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in answer.headers["Content-Security-Policy"]
    described = ask(host, "GET", "/openapi.json").json["paths"]
    assert all(path in page for path in described)
