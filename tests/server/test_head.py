"""Request heads: what two parsers could read in two ways is refused, and no bytes do more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_server.head import BadHead, Head, parse_head

_HOST = "Host: localhost:1\r\n"


def parse(text: str) -> Head:
    return parse_head(text.encode("latin-1"))


def status_of(raw: bytes) -> int:
    """What a head is refused with, 0 where it is not."""
    try:
        parse_head(raw)
    except BadHead as bad:
        return bad.status
    return 0


def test_a_head() -> None:
    head = parse("GET /a/b?c=%20&d HTTP/1.1\r\nHost: x\r\nX-Two:  one \r\nx-two:\ttwo words\t\r\nEmpty:\r\n\r\n")
    assert (head.method, head.target, head.path) == ("GET", "/a/b?c=%20&d", "/a/b")
    assert head.all("x-two") == ["one", "two words"]
    assert head.all("empty") == [""]
    assert head.all("missing") == []
    assert not head.wants_websocket
    assert parse("GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n").wants_websocket


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("GET / HTTP/1.1", 0),
        ("GET / HTTP/1.0", 0),
        ("DELETE /x HTTP/1.1", 0),
        ("GET http://elsewhere/ HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("CONNECT elsewhere:443 HTTP/1.1", 400),
        ("GET / HTTP/2.0", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / http/1.1", 400),
        ("get / HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        (" GET / HTTP/1.1", 400),
        ("GET /", 400),
        ("GET /a b HTTP/1.1", 400),
        ("GET /\t HTTP/1.1", 400),
        ("GET /\xff HTTP/1.1", 400),
        ("", 400),
        ("\r\nGET / HTTP/1.1", 400),
        ("G" * 17 + " / HTTP/1.1", 400),
        ("GET /" + "a" * 9000 + " HTTP/1.1", 414),
        ("PRI * HTTP/2.0", 400),
    ],
)
def test_request_lines(start: str, status: int) -> None:
    assert status_of(f"{start}\r\n{_HOST}\r\n".encode("latin-1")) == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("X: 1\r\n" * 99, 0),
        ("X: 1\r\n" * 200, 431),
        ("X : 1\r\n", 400),
        (" X: 1\r\n", 400),
        ("X: 1\r\n folded\r\n", 400),
        ("no colon\r\n", 400),
        (": no name\r\n", 400),
        ("X: a\x00b\r\n", 400),
        ("X: a\x7fb\r\n", 400),
        ("X\xe4: 1\r\n", 400),
        ("X: \xe4\r\n", 0),
        ("X: 1\n", 400),
        ("X: 1\rY: 2\r\n", 400),
        ("Content-Length: 5\r\n", 0),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 5_0\r\n", 400),
        ("Content-Length: \xb2\r\n", 400),
        ("Content-Length:\r\n", 400),
        ("Content-Length: 9999999999999\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 0),
        ("Transfer-Encoding: Chunked\r\n", 0),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501),
        ("Transfer-Encoding: chunked, chunked\r\n", 501),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: identity\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding:\r\n", 501),
        ("Upgrade: websocket\r\nContent-Length: 0\r\n", 0),
        ("Upgrade: websocket\r\nContent-Length: 5\r\n", 400),
        ("Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n", 400),
    ],
)
def test_fields(fields: str, status: int) -> None:
    assert status_of(f"POST / HTTP/1.1\r\n{fields}\r\n".encode("latin-1")) == status


def test_an_old_client_has_no_codings() -> None:
    assert status_of(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400


@given(st.binary(max_size=300))
def test_any_bytes_give_a_head_or_a_refusal(raw: bytes) -> None:
    assert status_of(raw + b"\r\n\r\n") in (0, 400, 414, 431, 501)


_line = st.binary(min_size=1, max_size=40)


@given(st.lists(_line, max_size=4), st.sampled_from([b"\n", b"\r", b"\r\r\n", b"\n\r\n"]), st.integers(0, 3))
def test_a_bare_cr_or_lf_anywhere_is_refused(lines: list[bytes], bare: bytes, place: int) -> None:
    whole = [b"GET / HTTP/1.1", b"Host: x", *[b"X: " + line.replace(b"\r", b"").replace(b"\n", b"") for line in lines]]
    whole.insert(min(place, len(whole)), b"Y: 1" + bare + b"Z: 2")
    assert status_of(b"\r\n".join(whole) + b"\r\n\r\n") == 400
