"""`hello`, `welcome`, and each way in which the first frame is refused."""

import asyncio
import json
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.helpers.host_process import HostProcess
from tests.helpers.times import within
from tests.helpers.wire_client import SUBPROTOCOL, Person, WireClient, new_name, register, request

DEFAULTS = {
    "frame_bytes": 65536,
    "body_chars": 4000,
    "name_chars": 32,
    "connections": 1000,
    "connections_per_user": 8,
    "strangers": 64,
    "strangers_per_address": 16,
}


async def first_reply(host: HostProcess, frame: str) -> tuple[dict[str, Any], int]:
    """What the host says to this first frame, and the code it then closes with."""
    async with WireClient(host) as stranger:
        await stranger.send_raw(frame)
        reply = await stranger.next("refused")
        return reply, await stranger.closed()


def hello(token: object = "", **fields: object) -> str:
    whole = {"type": "hello", "ref": 7, "protocol": [1], "client": "wire/1", "token": token} | fields
    return json.dumps({name: value for name, value in whole.items() if value is not ...})


async def test_the_upgrade_names_the_subprotocol_and_no_compression(host: HostProcess) -> None:
    async with connect(host.ws_url, subprotocols=[SUBPROTOCOL], compression="deflate", proxy=None) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == SUBPROTOCOL
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_the_subprotocol_is_chosen_among_others(host: HostProcess) -> None:
    offered: Any = ["mrsambosk.v9", SUBPROTOCOL, "chat"]
    async with connect(host.ws_url, subprotocols=offered, compression=None, proxy=None) as socket:
        assert socket.subprotocol == SUBPROTOCOL


async def test_the_welcome_says_it_all(host: HostProcess, anna: Person) -> None:
    other = register(host)
    async with WireClient(host, anna.token) as client:
        kinds = [event["type"] for event in client.log]
        welcome = client.welcome
        assert kinds[0] == "welcome"
        assert kinds[-1] == "live"
        assert welcome["ref"] == 1
        assert welcome["protocol"] == 1
        assert (client.you["id"], client.you["name"], client.you["role"]) == (anna.id, anna.name, "member")
        assert client.you["status"] == "online"
        assert {anna.id, other.id} <= {user["id"] for user in welcome["users"]}
        assert next(user for user in welcome["users"] if user["id"] == anna.id)["status"] == "online"
        limits = welcome["host"]["limits"]
        assert {name: limits[name] for name in DEFAULTS} == DEFAULTS
        assert {"posts_per_second", "posts_burst", "commands_per_second"} <= set(limits)
        assert anna.token not in json.dumps(client.log)


async def test_the_lobby_always_exists(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        lobby = next(room for room in client.welcome["rooms"] if room["id"] == "lobby")
        assert (lobby["kind"], lobby["private"]) == ("room", False)
        assert lobby["first"] <= lobby["rev"] + 1
        assert client.lobby.cursor >= lobby["rev"]


async def test_every_room_is_synced_once_and_then_live(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        assert {event["room"] for event in client.heard("sync")} == {room["id"] for room in client.welcome["rooms"]}
        assert all(event["reset"] for event in client.heard("sync"))
        assert len(client.heard("live")) == 1


async def test_commands_may_be_sent_from_the_welcome_on(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token, live=False) as client:
        await client.next("welcome")
        await client.done("ping")
        done = await client.post("early")
        await client.wait_live()
        await client.settle()
        assert client.lobby.rows[done["id"]]["body"] == "early"


async def test_a_common_version_is_found_among_others(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token, live=False) as stranger:
        await stranger.wait_live()
    async with WireClient(host) as client:
        await client.send_hello(token=anna.token, protocol=[3, 1, 2])
        await client.wait_live()
        assert client.welcome["protocol"] == 1


async def test_a_wrong_token_is_refused_and_closed(host: HostProcess) -> None:
    reply, code = await first_reply(host, hello("nonsense"))
    assert (reply["code"], reply["ref"], code) == ("auth_failed", 7, 4002)


async def test_a_token_with_one_letter_changed_is_refused(host: HostProcess, anna: Person) -> None:
    changed = ("A" if anna.token[5] != "A" else "B").join([anna.token[:5], anna.token[6:]])
    reply, code = await first_reply(host, hello(changed))
    assert (reply["code"], code) == ("auth_failed", 4002)


@pytest.mark.parametrize("token", [..., None, ""], ids=str)
async def test_no_token_is_refused_and_closed(host: HostProcess, token: object) -> None:
    reply, code = await first_reply(host, hello(token))
    # `token` is a field of hello, so that its absence is a missing field too; an empty one is also a wrong one.
    assert reply["code"] in ("auth_required", "bad_field", "auth_failed")
    assert reply["ref"] == 7
    assert code in (4002, 4001, 1008)


@pytest.mark.parametrize("versions", [[2], [0, 2, 99]], ids=str)
async def test_no_common_version_is_refused_and_closed(host: HostProcess, anna: Person, versions: list[int]) -> None:
    reply, code = await first_reply(host, hello(anna.token, protocol=versions))
    assert (reply["code"], reply["ref"], code) == ("version", 7, 4003)


async def test_an_empty_list_of_versions_is_refused(host: HostProcess, anna: Person) -> None:
    reply, code = await first_reply(host, hello(anna.token, protocol=[]))
    assert reply["code"] in ("version", "bad_field")
    assert code in (4003, 1002, 1008)


BAD_FIELDS: dict[str, dict[str, object]] = {
    "no protocol": {"protocol": ...},
    "protocol of words": {"protocol": ["1"]},
    "a bare protocol": {"protocol": 1},
    "no client": {"client": ...},
    "client a number": {"client": 5},
    "token a number": {"token": 5},
    "token a list": {"token": ["x"]},
    "epoch a number": {"epoch": 5, "have": {}},
    "have a list": {"epoch": "x", "have": ["lobby"]},
    "have of words": {"epoch": "x", "have": {"lobby": "4"}},
    "have below zero": {"epoch": "x", "have": {"lobby": -1}},
    "have a fraction": {"epoch": "x", "have": {"lobby": 1.5}},
    "have past 2^53": {"epoch": "x", "have": {"lobby": 2**53}},
    "an unknown field": {"colour": "red"},
}


@pytest.mark.parametrize("fields", BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
async def test_a_wrong_hello_is_refused_with_its_ref_and_closed(
    host: HostProcess, anna: Person, fields: dict[str, object]
) -> None:
    reply, code = await first_reply(host, hello(**{"token": anna.token} | fields))
    assert (reply["code"], reply["ref"]) == ("bad_field", 7)
    assert code in (1002, 1008, 4001, 4002)


@pytest.mark.parametrize("ref", [..., 0, -1, "7", None, 1.5, True, 2**53], ids=str)
async def test_a_hello_without_a_readable_ref_is_refused_with_null(
    host: HostProcess, anna: Person, ref: object
) -> None:
    reply, _ = await first_reply(host, hello(anna.token, ref=ref))
    # Past 2^53 the JSON itself is wrong, says *Limits*; the code may name either.
    assert reply["code"] in (("bad_field", "bad_json") if ref == 2**53 else ("bad_field",))
    assert reply["ref"] is None


@pytest.mark.parametrize(
    "frame", ["", "hello", "{", "[]", "null", '"hello"', '{"type":"hello","ref":7,}', '{"ref":NaN}'], ids=repr
)
async def test_a_first_frame_that_is_no_object_is_refused_and_closed(host: HostProcess, frame: str) -> None:
    reply, code = await first_reply(host, frame)
    assert reply["code"] in ("bad_json", "bad_field")
    assert reply["ref"] is None
    assert code in (1002, 1007, 1008, 4001, 4002)


@pytest.mark.parametrize(
    "frame",
    ['{"type":"ping","ref":7}', '{"type":"post","ref":7,"room":"lobby","cid":"0123456789abcdef","body":"x"}'],
    ids=["ping", "post"],
)
async def test_a_command_before_hello_is_refused_and_closed(host: HostProcess, frame: str) -> None:
    reply, code = await first_reply(host, frame)
    assert (reply["code"], reply["ref"]) == ("auth_required", 7)
    assert code in (4001, 4002, 1008)


async def test_an_unknown_first_frame_is_refused_and_closed(host: HostProcess) -> None:
    reply, code = await first_reply(host, '{"type":"helo","ref":7}')
    assert reply["code"] in ("auth_required", "unknown_type", "bad_field")
    assert code in (1002, 1008, 4001, 4002)


async def test_a_second_hello_is_refused_and_the_connection_stays(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        ref = await client.send_hello()
        assert (await client.reply(ref))["code"] in ("bad_field", "unknown_type", "forbidden")
        await client.done("ping")


async def test_who_says_nothing_is_closed_after_five_seconds(host: HostProcess) -> None:
    began = time.monotonic()
    async with WireClient(host) as stranger:
        assert await stranger.closed() == 4001
    assert 4.5 < time.monotonic() - began < within(7.0)


async def test_pings_do_not_count_as_hello(host: HostProcess) -> None:
    began = time.monotonic()
    async with WireClient(host) as stranger:

        async def keep_pinging() -> None:
            while True:
                await (await stranger.socket.ping())

        pinging = asyncio.create_task(keep_pinging())
        assert await stranger.closed() == 4001
        await asyncio.wait([pinging])
        pinging.exception()
    assert time.monotonic() - began < within(7.0)


async def answer_to(host: HostProcess, person: Person) -> int | None:
    """None for a welcome, else the status or the code that one connection too many is turned away with."""
    client = WireClient(host, person.token, live=False)
    try:
        async with client:
            answer = await client.first()
            if answer["type"] == "welcome":
                return None
            assert answer["code"] == "busy", answer
            return await client.closed()
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def test_a_ninth_connection_of_one_user_is_turned_away(host: HostProcess, anna: Person) -> None:
    clients = [WireClient(host, anna.token) for _ in range(8)]
    try:
        for client in clients:
            await client.__aenter__()
        assert await answer_to(host, anna) in (503, 1013)
        for client in clients:
            await client.done("ping")
        await clients.pop().close()

        assert await answer_to(host, anna) is None
    finally:
        for client in clients:
            await client.close()


async def test_one_token_serves_several_connections(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        done = await one.post("from one")
        assert (await two.told(done["id"]))["author"] == anna.id
        await two.done("delete", room="lobby", id=done["id"])
        await one.told(done["id"], body="")


async def test_who_registers_later_is_told_before_or_soon_after_they_write(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        late = register(host, new_name("Late"))
        async with WireClient(host, late.token) as other:
            done = await other.post("I am new")
            await client.told(done["id"])

            def known() -> bool:
                return any(user["id"] == late.id for event in client.heard("users") for user in event["users"])

            while not known():
                await client.next("users", seconds=5)


@pytest.mark.parametrize("path", ["/", "/wss", "/ws/", "/api/v1/ws"])
async def test_only_ws_upgrades(host: HostProcess, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await connect(f"ws://{host.authority}{path}", proxy=None, compression=None)
    assert 400 <= refusal.value.response.status_code < 500


def test_ws_without_an_upgrade_is_a_client_error(host: HostProcess) -> None:
    assert request(host, "GET", "/ws").status in (400, 404, 405, 426)
