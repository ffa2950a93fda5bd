"""Rooms over HTTP: the list, a new name or topic told to everyone, slow mode."""

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register, request
from tests.helpers.wire_shapes import is_room

LOBBY = "/api/v1/rooms/lobby"


def patch(host: HostProcess, person: Person, **fields: object) -> int:
    return request(host, "PATCH", LOBBY, token=person.token, data=fields).status


async def test_my_rooms_are_those_of_the_welcome(host: HostProcess, anna: Person) -> None:
    answer = request(host, "GET", "/api/v1/rooms", token=anna.token)
    assert answer.status == 200
    rooms = answer.json["rooms"]
    assert all(map(is_room, rooms))
    async with WireClient(host, anna.token) as client:
        assert [room["id"] for room in client.welcome["rooms"]] == [room["id"] for room in rooms]
        assert client.welcome["rooms"] == rooms


async def test_a_new_name_or_topic_is_told_and_leaves_a_row(host: HostProcess, anna: Person, dana: Person) -> None:
    async with WireClient(host, anna.token) as client:
        before = client.lobby.cursor
        assert patch(host, dana, name="The kitchen", topic="Who cooks?") in (200, 204)
        told = await client.next("room")
        while (told["room"]["name"], told["room"]["topic"]) != ("The kitchen", "Who cooks?"):
            told = await client.next("room")
        await client.settle()
        rows = [row for row in client.lobby.rows.values() if row["id"] > before]
        assert {row["event"]["name"] for row in rows} == {"renamed", "topic_changed"}
        assert {row["kind"] for row in rows} == {"system"}
        for row in rows:
            target = {"room": "lobby", "id": row["id"]}
            refusals = ("forbidden", "not_found", "bad_field")
            assert await client.refused("edit", **target, body="z") in refusals
            assert await client.refused("react", **target, emoji="👍", on=True) in refusals
        async with WireClient(host, anna.token) as again:
            assert again.reader_of()["unread"] == client.reader_of()["unread"]  # system rows are never counted


async def test_changing_nothing_tells_nothing(host: HostProcess, anna: Person, dana: Person) -> None:
    assert patch(host, dana, topic="The same") in (200, 204)
    async with WireClient(host, anna.token) as client:
        assert patch(host, dana, topic="The same") in (200, 204)
        await client.settle()
        assert client.heard("message") == []


@pytest.mark.parametrize("role", ["admin", "moderator", "member", "guest"])
def test_who_may_change_a_room(host: HostProcess, dana: Person, role: str) -> None:
    person = register(host)
    if role != "member":
        data = {"role": role}
        assert request(host, "PATCH", f"/api/v1/users/{person.id}", token=dana.token, data=data).status in (200, 204)
    status = patch(host, person, topic=f"by {role}")
    assert status in ((200, 204) if role == "admin" else (403,))


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"name": ""}, {"bad_name"}),
        ({"name": "a\u202eb"}, {"bad_name"}),
        ({"name": "x" * 1000}, {"bad_name", "too_long"}),
        ({"name": 5}, {"bad_field"}),
        ({"topic": 5}, {"bad_field"}),
        ({"topic": "x" * 100_000}, {"bad_text", "too_long", "bad_field"}),
        ({"slow_mode": -1}, {"bad_field"}),
        ({"slow_mode": "x"}, {"bad_field"}),
        ({"colour": "red"}, {"bad_field"}),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_wrong_fields_are_refused(host: HostProcess, dana: Person, fields: dict[str, object], codes: set[str]) -> None:
    answer = request(host, "PATCH", LOBBY, token=dana.token, data=fields)
    assert answer.status in (400, 413)
    assert answer.code in codes


async def test_slow_mode_slows_members(host: HostProcess, anna: Person, dana: Person) -> None:
    assert patch(host, dana, slow_mode=60) in (200, 204)
    try:
        async with WireClient(host, anna.token) as client:
            await client.post("one")
            reply = await client.call("post", room="lobby", cid=new_cid(), body="two")
            assert reply["code"] == "rate_limited"
            assert 0 < reply["retry_after"] <= 60
    finally:
        assert patch(host, dana, slow_mode=0) in (200, 204)
