"""`post`: stored before it is answered, told as it is stored, once for each cid, in dense revisions."""

import asyncio
import time
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register


async def test_the_message_comes_before_the_done_and_is_the_same_for_all(
    host: HostProcess, anna: Person, bert: Person
) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        before = client.lobby.cursor
        done = await client.done("post", room="lobby", cid=cid, body="Great, thank you")
        assert (done["id"], done["rev"], done["duplicate"]) == (before + 1, before + 1, False)
        (told,) = client.heard("message")
        assert client.log.index(told) < client.log.index(done)
        row = told["message"]
        assert told["rev"] == row["rev"] == row["id"] == done["id"]
        assert abs(row.pop("sent_at") - time.time() * 1000) < 60_000
        assert row == {
            "id": done["id"],
            "room": "lobby",
            "rev": done["rev"],
            "author": anna.id,
            "kind": "text",
            "cid": cid,
            "body": "Great, thank you",
            "mentions": [],
            "reply_to": None,
            "edited_at": None,
            "deleted_at": None,
            "deleted_by": None,
            "pinned_at": None,
            "pinned_by": None,
            "reactions": {},
            "files": [],
        }
        heard = await other.told(done["id"])
        del heard["sent_at"]
        assert heard == row


async def test_live_history_get_and_resume_deliver_the_same_object(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        first = await client.post("the source")
        done = await client.post("the reply", reply_to=first["id"], mentions=[anna.id], files=[])
        await client.done("react", room="lobby", id=done["id"], emoji="👍", on=True)
        await client.done("pin", room="lobby", id=done["id"], on=True)
        await client.done("edit", room="lobby", id=done["id"], body="the reply, edited")
        await client.settle()
        row = client.lobby.rows[done["id"]]
        assert await client.row(done["id"]) == row
        page = await client.page(limit=1)
        assert page["messages"] == [row]
    async with WireClient(host, anna.token) as again:
        assert again.lobby.rows[done["id"]] == row
    cursors = {"lobby": row["rev"] - 1}
    async with WireClient(host, anna.token, epoch=client.welcome["epoch"], have=cursors) as resumed:
        assert resumed.lobby.rows == {row["id"]: row}


async def test_posts_of_one_connection_keep_their_order(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        refs = [await client.start("post", room="lobby", cid=new_cid(), body=f"{number}") for number in range(60)]
        ids = [(await client.reply(ref))["id"] for ref in refs]
        assert ids == sorted(ids)
        await other.told(ids[-1])
        assert [other.lobby.rows[id]["body"] for id in ids] == [str(number) for number in range(60)]


async def test_everyone_sees_the_same_order(host: HostProcess) -> None:
    people = [register(host) for _ in range(4)]
    clients = [WireClient(host, person.token) for person in people]
    try:
        for client in clients:
            await client.__aenter__()
        start = min(client.lobby.cursor for client in clients)

        async def write(client: WireClient) -> None:
            for number in range(25):
                await client.post(f"{client.you['name']} {number}")

        await asyncio.gather(*map(write, clients))
        for client in clients:
            await client.settle()
        told = [
            [(e["rev"], e["message"]["id"], e["message"]["body"]) for e in client.heard("message") if e["rev"] > start]
            for client in clients
        ]
        assert len(told[0]) == 100
        assert told.count(told[0]) == 4
    finally:
        for client in clients:
            await client.close()


# The same cid again.


async def test_a_repeated_post_is_answered_and_not_told(host: HostProcess, anna: Person, bert: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        first = await client.done("post", room="lobby", cid=cid, body="once")
        again = await client.done("post", room="lobby", cid=cid, body="once")
        assert (again["id"], again["rev"], again["duplicate"]) == (first["id"], first["rev"], True)
        await client.settle()
        await other.settle()
        assert client.lobby.cursor == other.lobby.cursor == first["rev"]
        assert len(other.heard("message")) == 1


async def test_a_repeat_with_another_body_changes_nothing(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client:
        first = await client.done("post", room="lobby", cid=cid, body="first")
        again = await client.done("post", room="lobby", cid=cid, body="second", mentions=[anna.id])
        assert (again["id"], again["duplicate"]) == (first["id"], True)
        assert (await client.row(first["id"]))["body"] == "first"


async def test_a_repeat_after_an_edit_or_a_delete_gives_the_present_rev(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client:
        first = await client.done("post", room="lobby", cid=cid, body="first")
        edited = await client.done("edit", room="lobby", id=first["id"], body="second")
        again = await client.done("post", room="lobby", cid=cid, body="first")
        assert (again["id"], again["rev"], again["duplicate"]) == (first["id"], edited["rev"], True)
        assert (await client.row(first["id"]))["body"] == "second"

        deleted = await client.done("delete", room="lobby", id=first["id"])
        again = await client.done("post", room="lobby", cid=cid, body="first")
        assert (again["id"], again["rev"], again["duplicate"]) == (first["id"], deleted["rev"], True)
        await client.settle()
        assert client.lobby.cursor == deleted["rev"]
        row = await client.row(first["id"])
        assert (row["body"], row["cid"]) == ("", cid)


async def test_a_repeat_on_another_connection_or_device_is_a_repeat(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        first = await one.done("post", room="lobby", cid=cid, body="once")
        again = await two.done("post", room="lobby", cid=cid, body="once")
        assert (again["id"], again["duplicate"]) == (first["id"], True)


async def test_a_race_of_repeats_stores_one(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        before = one.lobby.cursor
        refs = [(client, await client.start("post", room="lobby", cid=cid, body="once")) for client in (one, two) * 5]
        replies = [await client.reply(ref) for client, ref in refs]
        assert {reply["type"] for reply in replies} == {"done"}
        assert {reply["id"] for reply in replies} == {before + 1}
        assert [reply["duplicate"] for reply in replies].count(False) == 1
        await one.settle()
        assert one.lobby.cursor == before + 1


async def test_a_cid_is_ones_own(host: HostProcess, anna: Person, bert: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        one = await client.done("post", room="lobby", cid=cid, body="mine")
        two = await other.done("post", room="lobby", cid=cid, body="also mine")
        assert two["id"] != one["id"]
        assert two["duplicate"] is False


async def test_a_known_cid_for_another_room(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client:
        await client.done("post", room="lobby", cid=cid, body="here")
        # There is only the lobby to be in; a room one may not see is not found, whatever the cid.
        assert await client.refused("post", room="r_elsewhere", cid=cid, body="there") in ("cid_conflict", "not_found")


async def test_a_refused_post_does_not_use_up_its_cid(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client:
        assert await client.refused("post", room="lobby", cid=cid, body=" ") == "bad_text"
        done = await client.done("post", room="lobby", cid=cid, body="better")
        assert done["duplicate"] is False


@pytest.mark.parametrize("cid", ["a" * 16, "Z" * 40, "-_-_-_-_-_-_-_-_", "0192f0c1-7a6e-7c3a-9d5e-3f2b1a0c9d8e"])
async def test_cids_of_16_to_40_are_taken(host: HostProcess, anna: Person, cid: str) -> None:
    async with WireClient(host, anna.token) as client:
        done = await client.done("post", room="lobby", cid=cid, body="x")
        assert (await client.told(done["id"]))["cid"] == cid


# What a body may hold.

GOOD_BODIES = {
    "one letter": "x",
    "4,000 letters": "x" * 4000,
    "4,000 emoji": "😀" * 4000,
    "200 line breaks": "x" + "\n" * 200,
    "8 marks": "a" + "\u0301" * 8,
    "8 marks twice": ("a" + "\u0301" * 8) * 2,
    "HTML": "<b>bold</b><img src=x onerror=alert(1)>&amp;",
    "quotes and slashes": "\"\\/\b\f\t' %s {0} $1 ; DROP TABLE messages; --",
    "decomposed": "e\u0301 is not \u00e9",
    "right to left": "שלום \u202eevil",
    "spaces inside": "a  b\tc\n\n  d",
    "family": "👨‍👩‍👧‍👦 🏳️‍🌈",
    "only an emoji": "👍",
    "noncharacters and private use": "\ufffe \ue000 \U0010ffff",
    "line separators": "a\u2028b\u2029c",
}
BAD_BODIES = {
    "empty": ("", {"bad_text"}),
    "spaces": ("   ", {"bad_text"}),
    "white space": (" \n\t\r\n ", {"bad_text"}),
    "wide spaces": ("\u00a0\u3000\u2003", {"bad_text"}),
    "4,001 letters": ("x" * 4001, {"too_long"}),
    "4,001 emoji": ("😀" * 4001, {"too_long"}),
    "4,001 spaces": (" " * 4001, {"too_long", "bad_text"}),
    "10,000 letters": ("ä" * 10_000, {"too_long"}),
    "201 line breaks": ("x" + "\n" * 201, {"bad_text"}),
    "9 marks": ("a" + "\u0301" * 9, {"bad_text"}),
    "9 mixed marks": ("a" + "\u0301\u0488\u0903" * 3, {"bad_text"}),
    "9 marks at the end": ("Hello " * 10 + "\u0336" * 9, {"bad_text"}),
}


@pytest.mark.parametrize("body", GOOD_BODIES.values(), ids=GOOD_BODIES.keys())
async def test_a_body_comes_back_as_it_was_typed(host: HostProcess, anna: Person, body: str) -> None:
    async with WireClient(host, anna.token) as client:
        done = await client.post(body)
        assert (await client.told(done["id"]))["body"] == body
        assert (await client.row(done["id"]))["body"] == body


@pytest.mark.parametrize(("body", "codes"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_bad_body_is_refused_in_posts_and_edits(
    host: HostProcess, anna: Person, body: str, codes: set[str]
) -> None:
    async with WireClient(host, anna.token) as client:
        good = await client.post("good")
        assert await client.refused("post", room="lobby", cid=new_cid(), body=body) in codes
        assert await client.refused("edit", room="lobby", id=good["id"], body=body) in codes
        await client.settle()
        assert client.lobby.cursor == good["rev"]


# What it points at.


async def test_a_reply_and_its_mentions_are_kept(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client:
        first = await client.post("the source")
        done = await client.post("@Bert yes", reply_to=first["id"], mentions=[bert.id, anna.id])
        row = await client.told(done["id"])
        assert row["reply_to"] == first["id"]
        assert set(row["mentions"]) == {anna.id, bert.id}


@pytest.mark.parametrize("target", [10**9, 2**53 - 1])
async def test_a_reply_to_nothing_is_refused(host: HostProcess, anna: Person, target: int) -> None:
    async with WireClient(host, anna.token) as client:
        code = await client.refused("post", room="lobby", cid=new_cid(), body="x", reply_to=target)
        assert code in ("not_found", "bad_field")


@pytest.mark.parametrize("fields", [{"mentions": ["u_nobody"]}, {"files": ["f_nothing"]}], ids=str)
async def test_what_is_not_there_never_shows(host: HostProcess, anna: Person, fields: dict[str, Any]) -> None:
    # Refused or left out: the document does not say. It may not come back as if it were there.
    async with WireClient(host, anna.token) as client:
        reply = await client.call("post", room="lobby", cid=new_cid(), body="x", **fields)
        if reply["type"] == "refused":
            assert reply["code"] in ("not_found", "bad_field", "forbidden")
        else:
            row = await client.told(reply["id"])
            assert row["mentions"] == row["files"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "post", "cid": "0123456789abcdef", "body": "x"},
        {"type": "edit", "id": 1, "body": "x"},
        {"type": "delete", "id": 1},
        {"type": "react", "id": 1, "emoji": "👍", "on": True},
        {"type": "pin", "id": 1, "on": True},
        {"type": "history"},
        {"type": "get", "ids": [1]},
        {"type": "search", "query": "x"},
        {"type": "read", "id": 1},
        {"type": "seen", "id": 1},
    ],
    ids=lambda fields: fields["type"],
)
@pytest.mark.parametrize("room", ["r_nowhere", "Lobby", "lobby ", "../lobby", "' OR 1=1 --"])
async def test_a_room_that_is_not_there_is_not_found(
    host: HostProcess, anna: Person, room: str, fields: dict[str, Any]
) -> None:
    fields = dict(fields)
    async with WireClient(host, anna.token) as client:
        assert await client.refused(fields.pop("type"), room=room, **fields) == "not_found"


async def test_each_command_gets_exactly_one_reply(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        done = await client.post("x")
        commands: list[dict[str, Any]] = [
            {"kind": "edit", "room": "lobby", "id": done["id"], "body": "y"},
            {"kind": "react", "room": "lobby", "id": done["id"], "emoji": "👍", "on": True},
            {"kind": "pin", "room": "lobby", "id": done["id"], "on": True},
            {"kind": "history", "room": "lobby"},
            {"kind": "get", "room": "lobby", "ids": [done["id"]]},
            {"kind": "search", "query": "y"},
            {"kind": "read", "room": "lobby", "id": done["id"]},
            {"kind": "seen", "room": "lobby", "id": done["id"]},
            {"kind": "presence", "status": "busy"},
            {"kind": "ping"},
            {"kind": "delete", "room": "lobby", "id": done["id"]},
        ]
        since = len(client.log)
        refs = [await client.start(**command) for command in commands]
        for ref in refs:
            await client.reply(ref)
        await client.settle()
        replies = [event["ref"] for event in client.log[since:] if "ref" in event]
        assert sorted(replies[:-1]) == refs


async def test_a_ref_may_come_again(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        for _ in range(2):
            await client.send("ping", ref=5000)
            assert (await client.reply(5000))["type"] == "done"
        await client.send("ping", ref=2**53 - 1)
        assert (await client.reply(2**53 - 1))["type"] == "done"


async def test_a_post_is_stored_though_its_sender_vanishes(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, bert.token) as other:
        async with WireClient(host, anna.token) as client:
            await client.start("post", room="lobby", cid=new_cid(), body="last words")
            await client.socket.close()
        event = await other.next("message")
        assert event["message"]["body"] == "last words"
