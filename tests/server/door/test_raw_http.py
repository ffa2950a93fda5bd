"""Requests that no library would send: each gets one clean answer or a close, never two, and no traceback.

What two parsers could read in two ways (a front proxy and we, say) must not be answered twice: the second answer would
be that to a smuggled request.
"""

import asyncio
import re
from collections.abc import Iterator

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.server.door.doors import SecureHost, says

#: Behind each case: were it taken for a request of its own, there would be a second answer.
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
ANSWER = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def head(*fields: bytes, line: bytes = b"POST /api/v1/register HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: HOST", *fields, b"", b""])


JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
BODY = b'{"name":"x"}'


def lengths() -> list[bytes]:
    """More than one length, or one that is none."""
    values = [b"-1", b"+12", b"0x0c", b"12 ", b"1 2", b"12,12", b"12, 12", b"1e1", b"", b"99999999999999999999", b"12;"]
    values += [b"\xb2", b"012x", b"NaN", b"1_2", b"12\t13", b" ", b"2147483648", b"9223372036854775808"]
    cases = [head(JSON, b"Content-Length: " + value) + BODY for value in values]
    cases += [
        head(JSON, b"Content-Length: 12", b"Content-Length: " + other) + BODY for other in (b"12", b"0", b"5", b"")
    ]
    for coding in (
        b"chunked",
        b"Chunked",
        b"identity",
        b"gzip, chunked",
        b"chunked, chunked",
        b"xchunked",
        b"",
        b'"chunked"',
    ):
        both = (b"Content-Length: 12", b"Transfer-Encoding: " + coding)
        cases += [head(JSON, *both) + b"0\r\n\r\n", head(JSON, *both[::-1]) + BODY]
    return cases


def codings() -> list[bytes]:
    """Transfer codings and chunks that are odd."""
    values = [
        b"chunked, identity",
        b"identity, chunked",
        b"gzip",
        b"deflate",
        b"chunked;q=1",
        b"chunked ,",
        b"\x0bchunked",
    ]
    values += [b"chunked\x00", b"cow", b" chunked\t chunked", b"chunked,"]
    cases = [head(JSON, b"Transfer-Encoding: " + value) + b"c\r\n" + BODY + b"\r\n0\r\n\r\n" for value in values]
    cases += [
        head(JSON, CHUNKED, CHUNKED) + b"0\r\n\r\n",
        head(JSON, b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
        head(JSON, b" Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head(JSON, b"Transfer-Encoding:\r\n chunked") + b"0\r\n\r\n",
        head(JSON, b"X: y\r\n\tTransfer-Encoding: chunked") + b"0\r\n\r\n",
        head(JSON, CHUNKED, line=b"POST /api/v1/register HTTP/1.0") + b"0\r\n\r\n",
    ]
    chunks = [
        b"zz\r\n",
        b"-1\r\n",
        b"+c\r\n",
        b"0x0c\r\n",
        b"\r\n",
        b" c\r\n" + BODY,
        b"c \r\n" + BODY + b"\r\n0\r\n\r\n",
        b"c\n" + BODY + b"\n0\n\n",
        b"c\r\n" + BODY + b"0\r\n\r\n",
        b"c\r\n" + BODY + b"XX0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"fffffffffffffffff\r\n",
        b"100000000000000000000\r\n",
        b"c;a=" + b"b" * 20000 + b"\r\n",
        b"c\r" + BODY,
        b"c;\x00\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"c\r\n" + BODY + b"\r\n00\r\nX: \x00\r\n\r\n",
        b"c\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
        b"c\r\n" + BODY + b"\r\n0\r\nbad trailer\r\n\r\n",
        b"0\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"1\r\n{\r\n" * 3 + b"q\r\n",
        b"\xff\xff\r\n",
        b"c\r\n" + BODY + b"\r\n-0\r\n\r\n",
    ]
    cases += [head(JSON, CHUNKED) + chunk for chunk in chunks]
    # The same where nobody asks for a body: the answer must not race with the complaint.
    cases += [head(CHUNKED, line=b"GET /healthz HTTP/1.1") + chunk for chunk in chunks[:8]]
    return cases


def lines() -> list[bytes]:
    """Request lines, and the ends of lines."""
    targets = [
        b"http://HOST/healthz",
        b"https://evil.example/healthz",
        b"//evil.example/healthz",
        b"*",
        b"",
        b"healthz",
        b"HOST",
        b"/healthz#x",
        b"/healthz\x00",
        b"/\xff",
        b"/a b",
        b"/" + b"a" * 9000,
        b"/?" + b"q" * 9000,
        b"/%00",
        b"/%ff",
        b"/%",
        b"/..%2f..%2fetc/passwd",
        b"/../../etc/passwd",
        b"/api/v1/../../healthz",
        b"/healthz/",
        b"\\healthz",
        b"/api/v1/rooms/%2e%2e/messages",
        b"/" + b"%41" * 2000,
        b"ftp://HOST/",
    ]
    cases = [b"GET " + target + b" HTTP/1.1\r\nHost: HOST\r\n\r\n" for target in targets]
    methods = [
        b"TRACE",
        b"CONNECT",
        b"OPTIONS",
        b"get",
        b"GE T",
        b"PRI",
        b"G\x00T",
        b"",
        b"A" * 40,
        b"PROPFIND",
        b"FOO",
    ]
    cases += [method + b" /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n" for method in methods]
    cases += [
        b"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ]
    versions = [
        b"HTTP/1.2",
        b"HTTP/2",
        b"HTTP/0.9",
        b"HTTP/1.10",
        b"http/1.1",
        b"HTTP/1.1 ",
        b" HTTP/1.1",
        b"",
        b"HTTPS/1.1",
        b"HTTP/1,1",
    ]
    cases += [b"GET /healthz " + version + b"\r\nHost: HOST\r\n\r\n" for version in versions]
    cases += [
        b"GET /healthz HTTP/1.1\nHost: HOST\n\n",
        b"GET /healthz HTTP/1.1\nHost: HOST\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: HOST\n\r\n\r\n",
        b"GET /healthz HTTP/1.1\rHost: HOST\r\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nX: a\rY: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\nHost: HOST\r\n\r\n",
        b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"\n\nGET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b" GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET\t/healthz\tHTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\x00" * 500 + b"\r\n\r\n",
        b"\xff" * 20000,
        b"A" * 20000,
    ]
    return cases


def fields() -> list[bytes]:
    """Header fields."""
    odd = [
        b"X : y",
        b": y",
        b"X",
        b"X y: z",
        b"X\x00: y",
        b"X: \x00",
        b"X: \x7f",
        b"X: a\x08b",
        b"\xffX: y",
        b"X: " + b"y" * 17000,
        b"(X): y",
        b"X: y\r\n folded",
        b"X: y\r\n\tfolded",
        b" X: y",
        b"\tX: y",
        b"@: y",
        b"Host: evil.example",
        b"host: HOST",
        b"Host : HOST",
        b"Origin: null",
        b"Origin: http://evil.example",
        b"Expect: 100-continue",
        b"Expect: 200-ok",
        b"Connection: close, te\r\nTE: trailers",
        b"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        b"Connection: keep-alive",
        b"Upgrade: TLS/1.0\r\nConnection: Upgrade",
        b"Trailer: Content-Length",
        b"X-Forwarded-For: 127.0.0.1",
        b"X-HTTP-Method-Override: DELETE",
        b"Range: bytes=0-",
        b"Accept-Encoding: gzip",
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: Basic AAAA",
        b"Authorization: Bearer " + b"a" * 9000,
        b"Content-Encoding: gzip",
        b"Cookie: " + b"a=b; " * 300,
    ]
    cases = [head(field, line=b"GET /healthz HTTP/1.1") for field in odd]
    cases += [head(field, line=b"GET /api/v1/me HTTP/1.1") for field in odd[-5:]]
    cases += [
        head(*[b"X-%d: y" % number for number in range(count)], line=b"GET /healthz HTTP/1.1")
        for count in (99, 100, 200, 1000)
    ]
    cases += [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n"]
    return cases


def upgrades() -> list[bytes]:
    """Upgrades that are not quite, or carry a body."""
    ws = b"GET /ws HTTP/1.1"
    plain = UPGRADE.rstrip()
    return [
        head(plain, b"Content-Length: 12", line=ws) + BODY,
        head(plain, CHUNKED, line=ws) + b"c\r\n" + BODY + b"\r\n0\r\n\r\n",
        head(plain, b"Content-Length: 0", CHUNKED, line=ws) + b"0\r\n\r\n",
        head(plain, line=b"POST /ws HTTP/1.1"),
        head(plain, b"Content-Length: 12", line=b"POST /ws HTTP/1.1") + BODY,
        head(plain, line=b"GET /ws HTTP/1.0"),
        head(plain, line=b"GET /healthz HTTP/1.1"),
        head(plain, line=b"GET /ws/ HTTP/1.1"),
        head(plain, line=b"GET /%77s HTTP/1.1"),
        head(plain, line=b"HEAD /ws HTTP/1.1"),
        head(plain, b"Sec-WebSocket-Key: BAAAAAAAAAAAAAAAAAAAAA==", line=ws),
        head(plain, b"Sec-WebSocket-Version: 12", line=ws),
        head(plain.replace(b"websocket", b"websocket, h2c"), line=ws),
        head(plain.replace(b"Connection: Upgrade", b"Connection: close"), line=ws),
        head(plain.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", b"!!!"), line=ws),
        head(plain, b"Sec-WebSocket-Protocol: \x00", line=ws),
        head(plain, b"Sec-WebSocket-Protocol: " + b"a," * 4000, line=ws),
        head(plain, b'Sec-WebSocket-Extensions: permessage-deflate; x="', line=ws),
        head(b"Upgrade: websocket", line=ws),
        head(line=ws),
    ]


def pipelines() -> list[bytes]:
    """More than one whole request at once: one is answered, the rest is not looked at."""
    good = b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"
    posted = head(JSON, b"Content-Length: 12") + BODY
    return [
        good * 2,
        good * 50,
        posted + good,
        good + posted,
        b"HEAD /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n" + good,
        b"GET /healthz HTTP/1.0\r\nHost: HOST\r\n\r\n" + good,
        b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n" + good,
        head(JSON, b"Content-Length: 5") + BODY + good,
        head(JSON, CHUNKED) + b"c\r\n" + BODY + b"\r\n0\r\n\r\n" + good,
        head(b"Content-Length: 40", line=b"GET /healthz HTTP/1.1") + good,
        good + b"garbage\r\n\r\n",
        good + b"\x00\xff" * 300,
    ]


def all_cases() -> dict[str, bytes]:
    kinds = [lengths, codings, lines, fields, upgrades, pipelines]
    return {f"{kind.__name__}-{number}": case for kind in kinds for number, case in enumerate(kind())}


CASES = all_cases()


def test_there_are_two_hundred() -> None:
    assert len(set(CASES.values())) >= 200


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with HostProcess(tmp_path_factory.mktemp("raw") / "data", *ROOMY) as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with SecureHost(tmp_path_factory.mktemp("raw-tls") / "data", *ROOMY) as running:
        yield running


async def check(host: HostProcess, name: str, case: bytes) -> None:
    said = await says(host, (case + SMUGGLED).replace(b"HOST", host.authority.encode()))
    assert b"Traceback" not in said
    statuses = [int(status) for status in ANSWER.findall(said.removeprefix(CONTINUE))]
    assert len(statuses) <= 1, f"{name}: {case[:200]!r} was answered {len(statuses)} times: {said[:2000]!r}"
    if statuses:
        (status,) = statuses
        if status == 101:
            # A whole upgrade; what is behind it is a frame that is none.
            assert name.startswith("upgrades"), (name, said[:500])
            return
        assert 200 <= status < 300 or 400 <= status < 600, (name, case[:200], said[:500])
        assert status != 500, (name, case[:200], said[:500])
        top, _, rest = said.removeprefix(CONTINUE).partition(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: ([0-9]+)", top)
        if status != 204 and not case.startswith(b"HEAD"):
            assert size is not None, (name, said[:500])
            assert len(rest) == int(size[1]), (name, said[:1000])
        assert b"connection: close" in top.lower(), (name, said[:500])


async def check_patience(host: HostProcess) -> None:
    """A body that never comes is given up after ten seconds, and says so."""
    said = await says(host, head(JSON, b"Content-Length: 12").replace(b"HOST", host.authority.encode()) + b"{")
    assert said.startswith(b"HTTP/1.1 408 "), said


async def run_all(host: HostProcess) -> None:
    limit = asyncio.Semaphore(8)

    async def one(name: str, case: bytes) -> None:
        async with limit:
            await check(host, name, case)

    async with asyncio.TaskGroup() as group:
        group.create_task(check_patience(host))
        for name, case in CASES.items():
            group.create_task(one(name, case))
    assert not host.faults(), host.log[-4000:]
    assert " ERROR " not in host.log, host.log[-4000:]


async def test_each_is_answered_once_or_not_at_all(host: HostProcess) -> None:
    await run_all(host)


@pytest.mark.long
async def test_each_is_answered_once_or_not_at_all_over_tls(secure: HostProcess) -> None:
    await run_all(secure)


async def test_a_client_that_leaves_in_the_middle_leaves_no_trace(host: HostProcess) -> None:
    authority = host.authority.encode()
    for case in CASES.values():
        whole = case.replace(b"HOST", authority)
        await says(host, whole[: len(whole) // 2], hang_up=True)
    for cut in (b"", BODY[:5]):
        await says(host, head(JSON, b"Content-Length: 12").replace(b"HOST", authority) + cut, hang_up=True)
        await says(host, head(JSON, CHUNKED).replace(b"HOST", authority) + cut, hang_up=True)
    assert (await says(host, b"GET /healthz HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert not host.faults(), host.log[-4000:]
    assert " ERROR " not in host.log, host.log[-4000:]
