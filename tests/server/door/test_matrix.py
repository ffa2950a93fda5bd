"""Who may do what, cell by cell and over both doors; and that what one may not see cannot be told from what is not."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Answer, Person, WireClient, new_cid, new_name, register
from tests.server.door.doors import ask

API = "/api/v1"
LOBBY = f"{API}/rooms/lobby"
HIDDEN, NOWHERE = "r_hidden2345672", "r_nowhere234567"
THUMB = "%F0%9F%91%8D"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """With a private room that only the owner is in: nothing makes one over the wire yet."""
    data = tmp_path_factory.mktemp("matrix") / "data"
    with HostProcess(data, *ROOMY):
        pass
    with closing(sqlite3.connect(data / "room.db")) as db, db:
        (dana,) = db.execute("SELECT id FROM users WHERE role = 'owner'").fetchone()
        db.execute(
            "INSERT INTO rooms (id, name, topic, kind, private, rev, first, slow_mode, created_at) "
            "VALUES (?, 'Secret', '', 'room', 1, 1, 1, 0, 1)",
            (HIDDEN,),
        )
        db.execute("INSERT INTO memberships (room, user, since, read) VALUES (?, ?, 1, 0)", (HIDDEN, dana))
        db.execute(
            "INSERT INTO messages (room, id, rev, author, kind, cid, body, sent_at) "
            "VALUES (?, 1, 1, ?, 'text', 'hidden-0123456789', 'a hidden word', 1600000000000)",
            (HIDDEN, dana),
        )
    with HostProcess(data, *ROOMY) as running:
        yield running


def with_role(host: HostProcess, role: str) -> Person:
    """Somebody new with that role (or the owner)."""
    if role == "owner":
        me = ask(host, "GET", f"{API}/me", host.owner_token).json
        return Person(me["id"], me["name"], host.owner_token)
    person = register(host, new_name(role.title()), password=PASSWORD)
    if role != "member":
        answer = ask(host, "PATCH", f"{API}/users/{person.id}", host.owner_token, {"role": role})
        assert answer.status == 200, answer
    return person


def written_by(host: HostProcess, person: Person) -> int:
    """A message of theirs in the lobby."""
    answer = ask(host, "POST", f"{LOBBY}/messages", person.token, {"body": "something to act on"})
    assert answer.status == 201, answer
    return int(answer.json["id"])


# Who is out.


def sign_out(host: HostProcess, person: Person) -> None:
    assert ask(host, "DELETE", f"{API}/token", person.token).status == 204


def kick(host: HostProcess, person: Person) -> None:
    assert ask(host, "POST", f"{API}/users/{person.id}/kick", host.owner_token, {}).status == 204


def ban(host: HostProcess, person: Person) -> None:
    assert ask(host, "POST", f"{API}/users/{person.id}/ban", host.owner_token, {}).status == 204


def erase(host: HostProcess, person: Person) -> None:
    assert ask(host, "DELETE", f"{API}/me", person.token).status == 204


def nothing(host: HostProcess, person: Person) -> None:
    pass


OUTCASTS: dict[str, tuple[Any, str, int, int]] = {
    "nobody": (None, "auth_required", 401, 4002),
    "a made-up token": (nothing, "auth_failed", 401, 4002),
    "signed out": (sign_out, "auth_failed", 401, 4002),
    "kicked": (kick, "auth_failed", 401, 4002),
    "banned": (ban, "banned", 403, 4004),
    "erased": (erase, "auth_failed", 401, 4002),
}


def outcast(host: HostProcess, kind: str) -> str | None:
    """The token of somebody who is out, once it was good."""
    put_out = OUTCASTS[kind][0]
    if put_out is None:
        return None
    person = register(host, new_name("Outcast"))
    assert ask(host, "GET", f"{API}/me", person.token).status == 200
    put_out(host, person)
    return "A" * 43 if put_out is nothing else person.token


def operations(host: HostProcess) -> list[tuple[str, str]]:
    """Every operation that needs a token: method and path, as described."""
    paths = ask(host, "GET", "/openapi.json").json["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "security" in operation
    ]


def filled(path: str, room: str, user: str, message: int) -> str:
    path = path.replace("{room}", room).replace("{emoji}", THUMB)
    return path.replace("{id}", str(message) if "/messages/" in path else user)


@pytest.mark.parametrize("kind", OUTCASTS)
def test_who_is_out_is_refused_by_every_operation(host: HostProcess, kind: str) -> None:
    _put_out, code, status, _close = OUTCASTS[kind]
    token = outcast(host, kind)
    target = register(host)
    message = written_by(host, target)
    described = operations(host)
    assert len(described) > 25
    for method, path in described:
        there = ask(host, method, filled(path, "lobby", target.id, message), token, {})
        assert (there.status, there.code) == (status, code), (method, path)
        hidden = ask(host, method, filled(path, HIDDEN, target.id, 1), token, {})
        missing = ask(host, method, filled(path, NOWHERE, "u_nobody", 10**9), token, {})
        assert there.body == hidden.body == missing.body, (method, path)
    # Nothing came of it.
    row = ask(host, "GET", f"{LOBBY}/messages/{message}", target.token).json
    assert (row["rev"], row["body"]) == (message, "something to act on")
    assert ask(host, "GET", f"{API}/me", target.token).json["role"] == "member"


@pytest.mark.parametrize("kind", OUTCASTS)
async def test_who_is_out_is_refused_by_the_websocket(host: HostProcess, kind: str) -> None:
    _put_out, code, _status, close = OUTCASTS[kind]
    token = outcast(host, kind)
    async with WireClient(host) as joining:
        await joining.send_hello(token=token)
        refused = await joining.first()
        assert (refused["type"], refused["code"]) == ("refused", code)
        assert await joining.closed() == close
        assert len(joining.log) == 1
    for frame in COMMANDS:
        async with WireClient(host) as joining:
            await joining.send_raw(json.dumps({**frame, "ref": 1, "room": "lobby"}))
            refused = await joining.first()
            assert refused["code"] in ("auth_required", "bad_field"), refused
            assert await joining.closed() in (1008, 4002)


# What is there and may not be seen.

COMMANDS: list[dict[str, Any]] = [
    {"type": "post", "cid": "0123456789abcdef", "body": "x"},
    {"type": "post", "cid": "0123456789abcdeg", "body": "x", "reply_to": 1},
    {"type": "edit", "id": 1, "body": "x"},
    {"type": "delete", "id": 1},
    {"type": "react", "id": 1, "emoji": "👍", "on": True},
    {"type": "react", "id": 1, "emoji": "👍", "on": False},
    {"type": "pin", "id": 1, "on": True},
    {"type": "history"},
    {"type": "history", "around": 1},
    {"type": "history", "pinned": True},
    {"type": "get", "ids": [1]},
    {"type": "search", "query": "hidden"},
    {"type": "read", "id": 1},
    {"type": "read", "id": 0, "back": True},
    {"type": "seen", "id": 1},
]
REQUESTS: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "Mine now"}),
    ("PATCH", "", {"slow_mode": 5}),
    ("GET", "/messages", None),
    ("GET", "/messages?around=1", None),
    ("GET", "/changes", None),
    ("GET", "/changes?since=1&epoch=x", None),
    ("POST", "/messages", {"body": "x"}),
    ("POST", "/messages", {"body": "x", "reply_to": 1}),
    ("GET", "/messages/1", None),
    ("PATCH", "/messages/1", {"body": "x"}),
    ("DELETE", "/messages/1", None),
    ("DELETE", "/messages/1", {"reason": "x"}),
    ("PUT", f"/messages/1/reactions/{THUMB}", None),
    ("DELETE", f"/messages/1/reactions/{THUMB}", None),
    ("PUT", "/messages/1/pin", None),
    ("DELETE", "/messages/1/pin", None),
    ("PUT", "/read", {"id": 1}),
]
INSIDERS = ["admin", "moderator", "member", "guest"]


def what_it_says(answer: Answer) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer."""
    return answer.status, answer.body, sorted((name, value) for name, value in answer.headers.items())


@pytest.mark.parametrize("role", INSIDERS)
def test_a_hidden_room_answers_as_none_over_http(host: HostProcess, role: str) -> None:
    token = with_role(host, role).token
    for method, path, data in REQUESTS:
        hidden = ask(host, method, f"{API}/rooms/{HIDDEN}{path}", token, data)
        missing = ask(host, method, f"{API}/rooms/{NOWHERE}{path}", token, data)
        assert what_it_says(hidden) == what_it_says(missing), (method, path)
        assert (hidden.status, hidden.code) == (404, "not_found"), (method, path)
    for room in (HIDDEN, NOWHERE):
        assert ask(host, "GET", f"{API}/search?q=hidden&room={room}", token).code == "not_found"
    assert ask(host, "GET", f"{API}/search?q=hidden", token).json["messages"] == []
    assert [room["id"] for room in ask(host, "GET", f"{API}/rooms", token).json["rooms"]] == ["lobby"]


@pytest.mark.parametrize("role", INSIDERS)
async def test_a_hidden_room_answers_as_none_over_the_websocket(host: HostProcess, role: str) -> None:
    async with WireClient(host, with_role(host, role).token) as joined:
        assert [room["id"] for room in joined.welcome["rooms"]] == ["lobby"]
        for command in COMMANDS:
            fields = {name: value for name, value in command.items() if name != "type"}
            told = [await joined.call(command["type"], room=room, **fields) for room in (HIDDEN, NOWHERE)]
            for reply in told:
                del reply["ref"]
            assert told[0] == told[1], command
            assert told[0]["code"] == "not_found", command
        assert (await joined.call("search", query="hidden"))["messages"] == []
        assert "hidden" not in json.dumps(joined.log)


async def test_who_is_in_it_sees_it(host: HostProcess) -> None:
    """So that the tests above are not about a room that nobody could see."""
    async with WireClient(host, host.owner_token) as joined:
        assert {room["id"] for room in joined.welcome["rooms"]} == {"lobby", HIDDEN}
        assert (await joined.row(1, HIDDEN))["body"] == "a hidden word"
    assert ask(host, "GET", f"{API}/rooms/{HIDDEN}/messages/1", host.owner_token).json["body"] == "a hidden word"
    assert len(ask(host, "GET", f"{API}/search?q=hidden", host.owner_token).json["messages"]) == 1


ON_PEOPLE: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"role": "guest"}),
    *(("POST", f"/{verb}", {}) for verb in ("kick", "ban", "mute", "reset")),
    *(("DELETE", f"/{verb}", None) for verb in ("ban", "mute")),
]


@pytest.mark.parametrize("role", ["admin", "moderator", "member", "guest"])
def test_one_who_is_gone_answers_as_one_who_never_was(host: HostProcess, role: str) -> None:
    token = with_role(host, role).token
    gone = register(host)
    erase(host, gone)
    for method, path, data in ON_PEOPLE:
        told = [ask(host, method, f"{API}/users/{id}{path}", token, data) for id in (gone.id, "u_never23456723")]
        assert what_it_says(told[0]) == what_it_says(told[1]), (method, path)
        assert told[0].code in ("not_found", "forbidden")


@pytest.mark.parametrize("role", ["member", "guest"])
def test_who_has_no_right_learns_nothing_of_who_exists(host: HostProcess, role: str) -> None:
    token = with_role(host, role).token
    other = register(host)
    for method, path, data in ON_PEOPLE:
        told = [ask(host, method, f"{API}/users/{id}{path}", token, data) for id in (other.id, "u_never23456723")]
        assert what_it_says(told[0]) == what_it_says(told[1]), (method, path)
        assert told[0].code == "forbidden"


def test_the_devices_of_others_answer_as_none(host: HostProcess) -> None:
    anna, bert = register(host), register(host)
    (device,) = ask(host, "GET", f"{API}/me/devices", bert.token).json["devices"]
    told = [ask(host, "DELETE", f"{API}/me/devices/{id}", anna.token) for id in (device["id"], "d_never23456723")]
    assert what_it_says(told[0]) == what_it_says(told[1])
    assert told[0].code == "not_found"
    assert ask(host, "GET", f"{API}/me", bert.token).status == 200


# Every cell of the table.

#: docs/protocol.md, *Who may*: the least role, from the most to the least.
ROLES = ["owner", "admin", "moderator", "member", "guest"]
LEAST = {
    "read": "guest",
    "post": "guest",
    "react": "guest",
    "edit": "guest",
    "delete": "guest",
    "pin": "member",
    "invite": "member",
    "invite_one": "member",
    "delete_others": "moderator",
    "kick": "moderator",
    "mute": "moderator",
    "ban": "moderator",
    "change_role": "admin",
    "change_room": "admin",
    "policy": "admin",
    "reset": "admin",
    "audit": "admin",
    "metrics": "owner",
}
OVER_WEBSOCKET = ["read", "post", "react", "edit", "delete", "pin", "delete_others"]


def expected(role: str, verb: str) -> bool:
    return ROLES.index(role) <= ROLES.index(LEAST[verb])


def try_over_http(host: HostProcess, verb: str, actor: Person) -> bool:
    """Whether it was carried out; anything but that and a plain refusal fails."""
    guest = with_role(host, "guest")
    place = f"{LOBBY}/messages"
    own, others = written_by(host, actor), written_by(host, guest)
    user = f"{API}/users/{guest.id}"
    method, path, data = {
        "read": ("GET", place, None),
        "post": ("POST", place, {"body": "x"}),
        "react": ("PUT", f"{place}/{others}/reactions/{THUMB}", None),
        "edit": ("PATCH", f"{place}/{own}", {"body": "edited"}),
        "delete": ("DELETE", f"{place}/{own}", None),
        "pin": ("PUT", f"{place}/{others}/pin", None),
        "invite": ("GET", f"{API}/host", None),
        "invite_one": ("POST", f"{API}/invites", {"minutes": 1}),
        "delete_others": ("DELETE", f"{place}/{others}", {"reason": "off topic"}),
        "kick": ("POST", f"{user}/kick", {}),
        "mute": ("POST", f"{user}/mute", {"minutes": 1}),
        "ban": ("POST", f"{user}/ban", {"minutes": 1}),
        "change_role": ("PATCH", user, {"role": "guest"}),
        "change_room": ("PATCH", LOBBY, {"topic": new_name("topic")}),
        "policy": ("PATCH", f"{API}/host", {"policy": "open"}),
        "reset": ("POST", f"{user}/reset", {}),
        "audit": ("GET", f"{API}/audit", None),
        "metrics": ("GET", "/metrics", None),
    }[verb]
    # A proxy's field: else loopback may read the metrics without a word.
    answer = ask(host, method, path, actor.token, data, headers={"X-Forwarded-For": "192.0.2.1"})
    if verb == "invite":
        assert answer.status == 200
        return answer.json["code"] is not None
    if answer.status in (200, 201, 204):
        return True
    assert (answer.status, answer.code) == (403, "forbidden"), answer
    return False


async def try_over_websocket(host: HostProcess, verb: str, actor: Person) -> bool:
    guest = with_role(host, "guest")
    own, others = written_by(host, actor), written_by(host, guest)
    command: dict[str, Any] = {
        "read": {"kind": "history"},
        "post": {"kind": "post", "cid": new_cid(), "body": "x"},
        "react": {"kind": "react", "id": others, "emoji": "👍", "on": True},
        "edit": {"kind": "edit", "id": own, "body": "edited"},
        "delete": {"kind": "delete", "id": own},
        "pin": {"kind": "pin", "id": others, "on": True},
        "delete_others": {"kind": "delete", "id": others},
    }[verb]
    async with WireClient(host, actor.token) as joined:
        reply = await joined.call(room="lobby", **command)
    if reply["type"] in ("done", "page"):
        return True
    assert (reply["type"], reply["code"]) == ("refused", "forbidden"), reply
    return False


@pytest.mark.parametrize("role", ROLES)
def test_every_cell_over_http(host: HostProcess, role: str) -> None:
    actor = with_role(host, role)
    cells = {verb: try_over_http(host, verb, actor) for verb in LEAST}
    assert cells == {verb: expected(role, verb) for verb in LEAST}


@pytest.mark.parametrize("role", ROLES)
async def test_every_cell_over_the_websocket(host: HostProcess, role: str) -> None:
    actor = with_role(host, role)
    cells = {verb: await try_over_websocket(host, verb, actor) for verb in OVER_WEBSOCKET}
    assert cells == {verb: expected(role, verb) for verb in OVER_WEBSOCKET}


def test_the_table_is_the_one_in_the_document() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text()
    rows = re.findall(r"^\| ([^|]+?) \| (✓?) ?\| (✓?) ?\| (✓?) ?\| (✓?) ?\| (✓?) ?\|$", text, re.MULTILINE)
    found = {row[0]: [role for role, mark in zip(ROLES, row[1:], strict=True) if mark] for row in rows}
    assert len(found) >= 5, found
    for words, least in (("pin", "member"), ("kick", "moderator"), ("audit", "admin"), ("metrics", "owner")):
        (marked,) = (roles for row, roles in found.items() if words in row)
        assert marked == ROLES[: ROLES.index(least) + 1], (words, marked)
