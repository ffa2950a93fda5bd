"""`docs/protocol.md` and the code say the same: each table of the page is compared with what the code defines."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from mrsambosk_protocol import entities, invite, limits
from mrsambosk_protocol.commands import AnyCommand, Command
from mrsambosk_protocol.events import AnyEvent, Event

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
NAME = re.compile(r"`([a-z0-9_]+)(\??)`")


def table(text: str, *head: str) -> dict[str, list[str]]:
    """The rows under this head, by their first cell without backticks, as the cells after it."""
    rows = {}
    lines = iter(text.splitlines())
    for line in lines:
        if [cell.strip() for cell in line.strip("|").split("|")][: len(head)] == list(head):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return rows
                cells = [cell.strip() for cell in row.strip().removeprefix("|").removesuffix("|").split("|")]
                key = cells[0].strip("`")
                assert key not in rows, f"{key} twice"
                rows[key] = cells[1:]
    raise AssertionError(f"the page has no table {head}")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def fields(kind: type[Command] | type[Event] | type[entities.Message]) -> list[tuple[str, str]]:
    """A struct's fields in order, each with `?` where it may be left out."""
    return [(field.name, "" if field.required else "?") for field in structs.fields(kind)]


def test_commands(page: str) -> None:
    said = {name: NAME.findall(cells[0]) for name, cells in table(page, "command", "fields").items()}
    assert said == {kind.__struct_config__.tag: fields(kind) for kind in AnyCommand.__args__}


def test_events(page: str) -> None:
    said = {name: NAME.findall(cells[0]) for name, cells in table(page, "event", "fields").items()}
    assert said == {kind.__struct_config__.tag: fields(kind) for kind in AnyEvent.__args__}


def test_every_reply_is_an_event(page: str) -> None:
    events = {kind.__struct_config__.tag for kind in AnyEvent.__args__}
    for name, cells in table(page, "command", "fields", "reply").items():
        reply = re.match(r"`(\w+)`|none", cells[1])
        assert reply, name
        assert reply[0] == "none" if name == "typing" else reply[1] in events


def test_things(page: str) -> None:
    kinds = [entities.Message, entities.File, entities.User, entities.Room, entities.You, entities.HostInfo]
    said = {name: NAME.findall(cells[0]) for name, cells in table(page, "thing", "fields").items()}
    assert said == {kind.__name__: fields(kind) for kind in kinds}


def test_refusals(page: str) -> None:
    said = {code: (int(cells[0]), cells[1]) for code, cells in table(page, "code", "HTTP", "retry").items()}
    assert said == {name: (code.status, "yes" if code.retry else "no") for name, code in limits.CODES.items()}


def test_close_codes(page: str) -> None:
    rows = table(page, "close", "name")
    assert {int(number): cells[0] for number, cells in rows.items()} == {
        int(close): close.name.lower().replace("_", " ") for close in limits.Close
    }
    assert {int(number) for number, cells in rows.items() if "ask the person" in cells[1]} == limits.CLOSE_FOR_GOOD


def test_limits(page: str) -> None:
    said = {name: int(cells[0]) for name, cells in table(page, "limit", "default").items()}
    assert said == structs.asdict(limits.Limits())


def test_constants(page: str) -> None:
    said = {name: float(cells[0]) for name, cells in table(page, "constant", "value").items()}
    assert said == {
        name.lower(): value
        for name, value in vars(limits).items()
        if name.isupper() and isinstance(value, int | float) and not isinstance(value, bool)
    }


def test_invite_parameters(page: str) -> None:
    whole = invite.Invite(addresses=(invite.Address("127.0.0.1"),), name="n", fingerprint="A" * 52, code="c", tls=False)
    assert list(table(page, "parameter", "says")) == re.findall(r"[?&](\w+)=", str(whole))


def test_words_of_one_kind(page: str) -> None:
    roles = (entities.OWNER, entities.ADMIN, entities.MODERATOR, entities.MEMBER, entities.GUEST, entities.GONE)
    states = (entities.ONLINE, entities.AWAY, entities.BUSY, entities.OFFLINE)
    listed = re.search(r"\*\*Roles\*\* are (.*?); \*\*status\*\* is (.*?)\.", page, re.DOTALL)
    assert listed
    assert (re.findall(r"`(\w+)`", listed[1]), re.findall(r"`(\w+)`", listed[2])) == (list(roles), list(states))
    assert f"`{limits.SUBPROTOCOL}`" in page


@pytest.mark.parametrize(
    ("check", "written", "instead"),
    [
        (test_commands, "| `ping` | `ref` |", "| `pong` | `ref` |"),
        (test_commands, "`room`, `id`, `back?` |", "`room`, `id` |"),
        (test_commands, "`room`, `id`, `back?` |", "`room`, `id`, `back` |"),
        (test_events, "`has_older`, `has_newer` |", "`has_older` |"),
        (test_every_reply_is_an_event, "| `page`, ascending;", "| `pages`, ascending;"),
        (test_things, "`mime`, `sha256`", "`mime`, `sha1`"),
        (test_refusals, "| `gone` | 410 |", "| `gone` | 404 |"),
        (test_refusals, "| `busy` | 503 | yes |", "| `busy` | 503 | no |"),
        (test_close_codes, "| 4006 |", "| 4007 |"),
        (test_close_codes, "wait 60 s", "stop, ask the person"),
        (test_limits, "| `body_chars` | 4000 |", "| `body_chars` | 5000 |"),
        (test_constants, "| `undo_seconds` | 6 |", "| `undo_seconds` | 5 |"),
        (test_invite_parameters, "| `tls` |", "| `ssl` |"),
        (test_words_of_one_kind, "`guest`, `gone`;", "`guest`;"),
    ],
)
def test_a_drifted_page_is_seen(page: str, check: Callable[[str], None], written: str, instead: str) -> None:
    assert page.count(written) >= 1
    with pytest.raises((AssertionError, ValueError)):
        check(page.replace(written, instead, 1))
