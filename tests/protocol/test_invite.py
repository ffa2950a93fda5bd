"""Invite links: what one says comes back; anything else is refused with the part that failed."""

import ipaddress
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mrsambosk_protocol.invite import Address, BadInvite, Invite, parse_address, parse_invite
from mrsambosk_protocol.limits import DEFAULT_PORT

FP = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"

ports = st.integers(1, 65535)
labels = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=3).map(".".join).filter(lambda name: not name.replace(".", "").isdigit())
hosts = names | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
addresses = st.builds(Address, hosts, ports)
shown = st.text(st.characters(exclude_categories=["Cs"]).filter(str.isprintable), max_size=40)
invites = st.builds(
    Invite,
    addresses=st.lists(addresses, min_size=1, max_size=16).map(tuple),
    name=shown,
    fingerprint=st.none() | st.from_regex(r"[A-Z2-7]{52}", fullmatch=True),
    code=st.none() | st.from_regex(r"[A-Za-z0-9-]{1,64}", fullmatch=True),
    tls=st.booleans(),
)


def part_of(link: str) -> str:
    with pytest.raises(BadInvite) as caught:
        parse_invite(link)
    assert str(caught.value).endswith(".")
    return caught.value.part


@given(invites)
@example(Invite(addresses=(Address("fe80::1"),), name="R&D = 100 % #1 + [x]: me/you?"))
def test_an_invite_says_what_it_was_made_of(invite: Invite) -> None:
    assert parse_invite(str(invite)) == invite
    assert parse_invite(f"  {invite}\n") == invite


@given(addresses)
def test_an_address_reads_as_it_is_written(address: Address) -> None:
    assert parse_address(str(address)) == address


@given(st.text(max_size=80) | st.text(max_size=40).map(lambda rest: "mrsambosk://join?" + rest))
def test_no_text_crashes_the_parser(text: str) -> None:
    for parse in (parse_invite, parse_address):
        try:
            made = parse(text)
        except BadInvite as bad:
            made = bad
        assert isinstance(made, Invite | Address | BadInvite)


@given(invites, st.data())
def test_no_cut_link_crashes_the_parser(invite: Invite, data: st.DataObject) -> None:
    link = str(invite)
    cut = link[: data.draw(st.integers(0, len(link)))]
    try:
        made: object = parse_invite(cut)
    except BadInvite as bad:
        made = bad
    assert isinstance(made, Invite | BadInvite)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.168.1.20", Address("192.168.1.20", DEFAULT_PORT)),
        (" 192.168.1.20:9000 ", Address("192.168.1.20", 9000)),
        ("dana.local", Address("dana.local", DEFAULT_PORT)),
        ("dana.local:1", Address("dana.local", 1)),
        ("fe80::1", Address("fe80::1", DEFAULT_PORT)),
        ("[fe80::1]", Address("fe80::1", DEFAULT_PORT)),
        ("[fe80::1]:65535", Address("fe80::1", 65535)),
    ],
)
def test_addresses_people_type(typed: str, address: Address) -> None:
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ":",
        "dana:",
        ":8765",
        "dana:0",
        "dana:65536",
        "dana:-1",
        "dana:١",
        "1.2.3",
        "1.2.3.4.5",
        "300.1.1.1",
        "a b",
        "a/b",
        "http://dana",
        "-dana",
        "dana-",
        "a..b",
        "[::1",
        "[dana]:1",
        "[::1]x",
        "::g",
        "a" * 64,
        "a." * 127 + "a" * 9,
    ],
)
def test_not_an_address(typed: str) -> None:
    with pytest.raises(BadInvite) as caught:
        parse_address(typed)
    assert caught.value.part == "at"


@pytest.mark.parametrize(
    ("link", "part"),
    [
        ("", "link"),
        ("https://example.org/join?at=1.2.3.4", "link"),
        ("mrsambosk://leave?at=1.2.3.4", "link"),
        ("mrsambosk://[join?at=1.2.3.4", "link"),
        ("mrsambosk://join?at=1.2.3.4&x=" + "a" * 2048, "link"),
        ("mrsambosk://join", "at"),
        ("mrsambosk://join?name=Staff", "at"),
        ("mrsambosk://join?at=", "at"),
        ("mrsambosk://join?" + "&".join(["at=1.2.3.4"] * 17), "at"),
        ("mrsambosk://join?at=1.2.3.4&fp=abc", "fp"),
        (f"mrsambosk://join?at=1.2.3.4&fp={FP[:-1]}", "fp"),
        ("mrsambosk://join?at=1.2.3.4&code=a%20b", "code"),
        ("mrsambosk://join?at=1.2.3.4&code=", "code"),
        ("mrsambosk://join?at=1.2.3.4&tls=no", "tls"),
    ],
)
def test_a_bad_invite_says_which_part(link: str, part: str) -> None:
    assert part_of(link) == part


def test_an_invite_that_was_wrapped_on_its_way() -> None:
    key = "A" * 52
    link = f"mrsambosk://join?at=192.168.1.20:8765&name=Staff%20room&fp={key}"
    whole = parse_invite(link)
    assert parse_invite(f" {link[:30]}\n  {link[30:60]}\u200b{link[60:]}\r\n") == whole
    assert whole.name == "Staff room"


def test_an_invite_by_hand() -> None:
    link = f"MRSAMBOSK://JOIN/?at=192.168.1.20:8765&at=[fe80::1]:8765&name=Staff%20room&fp={FP}&code=blue-owl&later=1"
    invite = parse_invite(link)
    assert invite == Invite(
        addresses=(Address("192.168.1.20"), Address("fe80::1")), name="Staff room", fingerprint=FP, code="blue-owl"
    )
    assert str(parse_invite("mrsambosk://join?at=127.0.0.1&tls=0")) == "mrsambosk://join?at=127.0.0.1:8765&tls=0"


def test_a_hostile_name_is_bounded_and_printable() -> None:
    hostile = quote("\x1b[31m\u202e<b>" + "x" * 200)
    name = parse_invite(f"mrsambosk://join?at=1.2.3.4&name={hostile}").name
    assert len(name) <= 64
    assert name.isprintable()


@given(st.ip_addresses(v=6))
def test_ipv6_is_written_in_brackets(ip: ipaddress.IPv6Address) -> None:
    assert str(Address(str(ip), 80)) == f"[{ip}]:80"
