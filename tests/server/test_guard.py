"""The Host and Origin check, and what ``--allow-host`` adds to it."""

import pytest

from mrsambosk_server.guard import Guard
from mrsambosk_server.head import BadHead, Head


def head(*fields: tuple[str, str]) -> Head:
    return Head("GET", "/", tuple((name.lower(), value) for name, value in fields))


def status(guard: Guard, *fields: tuple[str, str]) -> int:
    """What such a request is refused with, 0 where it may come in."""
    try:
        guard.check(head(*fields))
    except BadHead as bad:
        return bad.status
    return 0


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Attic.example")


def plain(*extra: str, port: int = 8765, tls: bool = False) -> Guard:
    return Guard(["192.168.1.7", "127.0.0.1", "fe80::7"], port, tls=tls, extra=extra)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:8765", 0),
        ("LOCALHOST:8765", 0),
        ("localhost.:8765", 0),
        ("192.168.1.7:8765", 0),
        ("127.0.0.1:8765", 0),
        ("[fe80::7]:8765", 0),
        ("[FE80::7]:8765", 0),
        ("attic.example:8765", 0),
        ("attic.local:8765", 0),
        ("localhost", 421),
        ("localhost:80", 421),
        ("localhost:8766", 421),
        ("192.168.1.8:8765", 421),
        ("evil.example:8765", 421),
        ("localhost.evil.example:8765", 421),
        ("", 400),
        ("localhost:", 400),
        ("localhost:8765:1", 400),
        ("user@localhost:8765", 400),
        ("localhost:8765, evil", 400),
        ("fe80::7:8765", 400),
        ("[fe80::7", 400),
        ("localhost:876543", 400),
        ("lo cal:8765", 400),
        ("http://localhost:8765", 400),
    ],
)
def test_hosts(host: str, expected: int) -> None:
    assert status(plain(), ("Host", host)) == expected


def test_one_host_and_not_two() -> None:
    assert status(plain()) == 400
    assert status(plain(), ("Host", "localhost:8765"), ("Host", "localhost:8765")) == 400


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:8765", 0),
        ("HTTP://LOCALHOST:8765", 0),
        ("http://192.168.1.7:8765", 0),
        ("http://[fe80::7]:8765", 0),
        ("https://localhost:8765", 403),
        ("http://localhost", 403),
        ("http://evil.example", 403),
        ("http://localhost:8765.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_origins(origin: str, expected: int) -> None:
    assert status(plain(), ("Host", "localhost:8765"), ("Origin", origin)) == expected


def test_each_of_several_origins_is_looked_at() -> None:
    own, foreign = ("Origin", "http://localhost:8765"), ("Origin", "http://evil.example")
    assert status(plain(), ("Host", "localhost:8765"), own, foreign) == 403


@pytest.mark.parametrize(
    ("allowed", "host", "origin", "expected"),
    [
        ("chat.example", "chat.example", "https://chat.example", 0),
        ("chat.example", "CHAT.example:443", "https://chat.example", 0),
        ("chat.example", "chat.example:80", "https://chat.example", 0),
        ("chat.example", "chat.example", "http://chat.example", 403),
        ("chat.example", "chat.example:9000", "https://chat.example", 421),
        ("chat.example:9000", "chat.example:9000", "https://chat.example:9000", 0),
        ("chat.example:9000", "chat.example:9000", "https://chat.example", 403),
        ("chat.example:443", "chat.example", "https://chat.example", 421),
        ("chat.example:443", "chat.example:443", "https://chat.example", 0),
        ("chat.example", "other.example", "https://chat.example", 421),
    ],
)
def test_allowed_hosts_bring_their_origin(allowed: str, host: str, origin: str, expected: int) -> None:
    assert status(plain(allowed), ("Host", host), ("Origin", origin)) == expected


def test_the_default_port_need_not_be_said() -> None:
    guard = plain(port=443, tls=True)
    for host in ("localhost", "localhost:443"):
        assert status(guard, ("Host", host), ("Origin", "https://localhost")) == 0
    assert status(plain(port=80), ("Host", "localhost"), ("Origin", "http://localhost")) == 0


def test_the_addresses_change_and_the_names_stay() -> None:
    guard = plain("chat.example:443")
    guard.serve(["192.168.1.9"])
    told = {
        name: status(guard, ("Host", name))
        for name in ("192.168.1.7:8765", "192.168.1.9:8765", "localhost:8765", "chat.example")
    }
    assert told == {"192.168.1.7:8765": 421, "192.168.1.9:8765": 0, "localhost:8765": 0, "chat.example": 421}
    assert status(guard, ("Host", "192.168.1.9:8765"), ("Origin", "http://192.168.1.7:8765")) == 403
