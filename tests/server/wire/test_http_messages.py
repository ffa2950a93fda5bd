"""Messages over HTTP: the same rights and the same effects as over the WebSocket, told exactly as those."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Answer, Person, WireClient, new_cid, request
from tests.helpers.wire_shapes import has, is_count, is_flag, is_message, is_messages, is_text
from tests.server.wire.test_frames import CID
from tests.server.wire.test_post import BAD_BODIES, GOOD_BODIES

ROOM = "/api/v1/rooms/lobby"
MESSAGES = f"{ROOM}/messages"
THUMB = quote("👍")


def post(host: HostProcess, person: Person, body: str = "Hello", cid: str | None = None, **fields: Any) -> Answer:
    headers = {} if cid is None else {"Idempotency-Key": cid}
    return request(host, "POST", MESSAGES, token=person.token, data={"body": body, **fields}, headers=headers)


def posted(host: HostProcess, person: Person, body: str = "Hello", **fields: Any) -> dict[str, Any]:
    answer = post(host, person, body, **fields)
    assert answer.status == 201, answer
    row = answer.json
    assert is_message(row)
    return row  # type: ignore[no-any-return]


async def test_a_post_is_told_as_one_over_the_websocket(host: HostProcess, anna: Person, bert: Person) -> None:
    cid = new_cid()
    async with WireClient(host, bert.token) as other:
        before = other.lobby.cursor
        row = posted(host, anna, "By HTTP", cid=cid, mentions=[bert.id])
        assert (row["id"], row["rev"], row["author"], row["cid"]) == (before + 1, before + 1, anna.id, cid)
        assert await other.told(row["id"]) == row
        assert await other.row(row["id"]) == row
    answer = request(host, "GET", f"{MESSAGES}/{row['id']}", token=bert.token)
    assert (answer.status, answer.json) == (200, row)


def test_a_post_without_a_key_is_a_new_one_each_time(host: HostProcess, anna: Person) -> None:
    assert posted(host, anna, "x")["id"] != posted(host, anna, "x")["id"]


async def test_a_repeat_is_200_and_tells_nothing(host: HostProcess, anna: Person, bert: Person) -> None:
    cid = new_cid()
    async with WireClient(host, bert.token) as other:
        row = posted(host, anna, "once", cid=cid)
        again = post(host, anna, "twice", cid=cid)
        assert (again.status, again.json) == (200, row)
        await other.settle()
        assert other.lobby.cursor == row["rev"]


async def test_the_key_is_the_cid_over_both_doors(host: HostProcess, anna: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client:
        row = posted(host, anna, "by HTTP", cid=cid)
        done = await client.done("post", room="lobby", cid=cid, body="by WebSocket")
        assert (done["id"], done["duplicate"]) == (row["id"], True)
        cid = new_cid()
        done = await client.done("post", room="lobby", cid=cid, body="by WebSocket")
        again = post(host, anna, "by HTTP", cid=cid)
        assert (again.status, again.json["id"], again.json["body"]) == (200, done["id"], "by WebSocket")


@pytest.mark.parametrize("key", ["short", "x" * 41, "with a space in it ok", "dots.dots.dots.dots"])
def test_a_key_that_is_no_cid_is_refused(host: HostProcess, anna: Person, key: str) -> None:
    answer = post(host, anna, cid=key)
    assert answer.status == 400
    assert answer.code == "bad_field"


@pytest.mark.parametrize("body", GOOD_BODIES.values(), ids=GOOD_BODIES.keys())
def test_a_body_comes_back_as_it_was_typed(host: HostProcess, anna: Person, body: str) -> None:
    assert posted(host, anna, body)["body"] == body


@pytest.mark.parametrize(("body", "codes"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_refused(host: HostProcess, anna: Person, body: str, codes: set[str]) -> None:
    row = posted(host, anna)
    for answer in (
        post(host, anna, body),
        request(host, "PATCH", f"{MESSAGES}/{row['id']}", token=anna.token, data={"body": body}),
    ):
        assert answer.status == 400
        assert answer.code in codes


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"body": 5},
        {"body": None},
        {"body": "x", "mentions": "u_1"},
        {"body": "x", "reply_to": "1"},
        {"body": "x", "reply_to": -1},
        {"body": "x", "cid": CID},
        {"body": "x", "author": "u_1"},
    ],
    ids=str,
)
def test_wrong_fields_are_refused(host: HostProcess, anna: Person, data: dict[str, Any]) -> None:
    answer = request(host, "POST", MESSAGES, token=anna.token, data=data)
    assert (answer.status, answer.code) == (400, "bad_field")


async def test_edit_delete_react_and_pin_are_told(host: HostProcess, anna: Person, bert: Person) -> None:
    row = posted(host, anna)
    path = f"{MESSAGES}/{row['id']}"
    async with WireClient(host, bert.token) as other:
        answer = request(host, "PATCH", path, token=anna.token, data={"body": "edited"})
        assert (answer.status, answer.json["body"]) == (200, "edited")
        assert await other.told(row["id"], body="edited") == answer.json

        assert request(host, "PUT", f"{path}/reactions/{THUMB}", token=anna.token).status == 204
        assert (await other.told(row["id"]))["reactions"] == {"👍": [anna.id]}
        assert request(host, "DELETE", f"{path}/reactions/{THUMB}", token=anna.token).status == 204
        assert (await other.told(row["id"]))["reactions"] == {}

        assert request(host, "PUT", f"{path}/pin", token=bert.token).status == 204
        assert (await other.told(row["id"]))["pinned_by"] == bert.id
        assert request(host, "DELETE", f"{path}/pin", token=anna.token).status == 204
        assert (await other.told(row["id"]))["pinned_by"] is None

        assert request(host, "DELETE", path, token=anna.token).status == 204
        assert (await other.told(row["id"]))["deleted_by"] == anna.id
        gone = request(host, "GET", path, token=bert.token)
        assert (gone.status, gone.json["body"]) == (200, "")


async def test_what_changes_nothing_tells_nothing(host: HostProcess, anna: Person, bert: Person) -> None:
    row = posted(host, anna, "same")
    path = f"{MESSAGES}/{row['id']}"
    async with WireClient(host, bert.token) as other:
        cursor = other.lobby.cursor
        assert request(host, "PATCH", path, token=anna.token, data={"body": "same"}).json == row
        assert request(host, "DELETE", f"{path}/reactions/{THUMB}", token=anna.token).status == 204
        assert request(host, "DELETE", f"{path}/pin", token=anna.token).status == 204
        await other.settle()
        assert other.lobby.cursor == cursor
        for method, end in (("PUT", f"/reactions/{THUMB}"), ("PUT", "/pin"), ("DELETE", "")):
            assert request(host, method, path + end, token=anna.token).status == 204
            assert request(host, method, path + end, token=anna.token).status in (204, 410)
        await other.settle()
        assert other.lobby.cursor == cursor + 3


def test_the_deleted_is_gone(host: HostProcess, anna: Person) -> None:
    row = posted(host, anna)
    path = f"{MESSAGES}/{row['id']}"
    assert request(host, "DELETE", path, token=anna.token).status == 204
    assert request(host, "DELETE", path, token=anna.token).status == 204
    for method, end, data in (
        ("PATCH", "", {"body": "x"}),
        ("PUT", f"/reactions/{THUMB}", None),
        ("PUT", "/pin", None),
    ):
        answer = request(host, method, path + end, token=anna.token, data=data)
        assert (answer.status, answer.code) == (410, "gone"), end


def test_what_is_not_mine_is_forbidden(host: HostProcess, anna: Person, bert: Person, dana: Person) -> None:
    row = posted(host, anna)
    path = f"{MESSAGES}/{row['id']}"
    for person in (bert, dana):
        answer = request(host, "PATCH", path, token=person.token, data={"body": "theirs"})
        assert (answer.status, answer.code) == (403, "forbidden")
    answer = request(host, "DELETE", path, token=bert.token)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert request(host, "DELETE", path, token=dana.token).status == 204


@pytest.mark.parametrize(
    "id", ["0", "-1", "999999999", "9007199254740993", "x", "1.5", "1e3", "%00", "18446744073709551617"]
)
def test_what_is_not_there_is_not_found(host: HostProcess, anna: Person, id: str) -> None:
    for method, end, data in (
        ("GET", "", None),
        ("PATCH", "", {"body": "x"}),
        ("DELETE", "", None),
        ("PUT", f"/reactions/{THUMB}", None),
        ("PUT", "/pin", None),
    ):
        answer = request(host, method, f"{MESSAGES}/{id}{end}", token=anna.token, data=data)
        # A number that could be an id is not found; what is none may also be a wrong field.
        allowed = {(404, "not_found")} if id == "999999999" else {(404, "not_found"), (400, "bad_field")}
        assert (answer.status, answer.code) in allowed, (method, end)


@pytest.mark.parametrize("emoji", ["a", "%F0%9F%91%8D%F0%9F%91%8D", "%20", "%FF", "lol"])
def test_only_an_emoji_is_a_reaction(host: HostProcess, anna: Person, emoji: str) -> None:
    row = posted(host, anna)
    answer = request(host, "PUT", f"{MESSAGES}/{row['id']}/reactions/{emoji}", token=anna.token)
    assert answer.status in (400, 404)
    assert answer.code in ("bad_field", "bad_text", "not_found")


def test_another_room_is_not_found(host: HostProcess, anna: Person) -> None:
    for method, end, data in (
        ("GET", "/messages", None),
        ("POST", "/messages", {"body": "x"}),
        ("GET", "/messages/1", None),
        ("GET", "/changes?since=0&epoch=x", None),
        ("PUT", "/read", {"id": 1}),
    ):
        answer = request(host, method, f"/api/v1/rooms/r_nowhere{end}", token=anna.token, data=data)
        assert (answer.status, answer.code) == (404, "not_found"), end


# Pages.


def check_page(page: Any) -> list[int]:
    has(page, {"room": is_text, "rev": is_count, "messages": is_messages, "has_older": is_flag, "has_newer": is_flag})
    ids = [row["id"] for row in page["messages"]]
    assert ids == sorted(set(ids))
    return ids


async def test_pages_are_those_of_history(host: HostProcess, anna: Person) -> None:
    ids = [posted(host, anna, str(number))["id"] for number in range(12)]

    def page(query: str) -> Any:
        answer = request(host, "GET", f"{MESSAGES}{query}", token=anna.token)
        assert answer.status == 200, answer
        return answer.json

    assert check_page(page("?limit=5")) == ids[-5:]
    assert check_page(page(f"?before={ids[6]}&limit=3")) == ids[3:6]
    assert check_page(page(f"?after={ids[6]}&limit=3")) == ids[7:10]
    assert ids[6] in check_page(page(f"?around={ids[6]}&limit=5"))
    assert page("?limit=5")["has_newer"] is False
    assert page(f"?before={ids[6]}&limit=3")["has_newer"] is True
    async with WireClient(host, anna.token) as client:
        told = await client.page(before=ids[6], limit=3)
        assert page(f"?before={ids[6]}&limit=3")["messages"] == told["messages"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=x", "before=-1", "before=1&after=2", "around=1&before=2"]
)
def test_a_wrong_query_is_refused(host: HostProcess, anna: Person, query: str) -> None:
    answer = request(host, "GET", f"{MESSAGES}?{query}", token=anna.token)
    assert (answer.status, answer.code) == (400, "bad_field")


# What sync would tell.


async def test_changes_are_what_sync_would_tell(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        epoch, since = client.welcome["epoch"], client.lobby.cursor
    row = posted(host, anna, "one")
    posted(host, anna, "two")
    request(host, "DELETE", f"{MESSAGES}/{row['id']}", token=anna.token)

    def changes(query: str) -> Any:
        answer = request(host, "GET", f"{ROOM}/changes?{query}", token=anna.token)
        assert answer.status == 200, answer
        has(
            answer.json,
            {"rev": is_count, "messages": is_messages, "more": is_flag, "reset": is_flag, "epoch": is_text},
        )
        return answer.json

    told = changes(f"since={since}&epoch={epoch}")
    async with WireClient(host, anna.token, epoch=epoch, have={"lobby": since}) as client:
        (sync,) = client.heard("sync")
    assert told["messages"] == sync["messages"]
    assert (told["rev"], told["more"], told["reset"], told["epoch"]) == (sync["rev"], False, False, epoch)

    for query in (f"since={told['rev'] + 1}&epoch={epoch}", f"since={since}&epoch=nonsense", f"since={since}"):
        anew = changes(query)
        assert anew["reset"] is True
        assert anew["epoch"] == epoch
        assert len(anew["messages"]) <= 50

    quiet = changes(f"since={told['rev']}&epoch={epoch}")
    assert (quiet["messages"], quiet["reset"], quiet["rev"]) == ([], False, told["rev"])


async def test_paging_through_changes_gives_all(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        epoch, since = client.welcome["epoch"], client.lobby.cursor
        refs = [await client.start("post", room="lobby", cid=new_cid(), body="x") for _ in range(620)]
        ids = [(await client.reply(ref, seconds=30))["id"] for ref in refs]
    found: list[int] = []
    more = True
    while more:
        page = request(host, "GET", f"{ROOM}/changes?since={since}&epoch={epoch}", token=anna.token).json
        assert page["reset"] is False
        found += [row["id"] for row in page["messages"]]
        since, more = page["rev"], page["more"]
    assert found == ids


@pytest.mark.parametrize("query", ["since=x&epoch=y", "since=-1&epoch=y", "since=1.5&epoch=y"])
def test_a_wrong_cursor_is_refused(host: HostProcess, anna: Person, query: str) -> None:
    answer = request(host, "GET", f"{ROOM}/changes?{query}", token=anna.token)
    assert (answer.status, answer.code) == (400, "bad_field")


# Reading, searching, and the one purse.


async def test_read_is_told_and_answered_with_you(host: HostProcess, anna: Person, bert: Person) -> None:
    row = posted(host, anna, mentions=[bert.id])
    async with WireClient(host, bert.token) as other:
        answer = request(host, "PUT", f"{ROOM}/read", token=bert.token, data={"id": row["id"]})
        assert answer.status == 200
        you = answer.json.get("you", answer.json)
        assert you == {"read": row["id"], "unread": 0, "mentions": 0}
        told = await other.next("read")
        assert (told["id"], told["you"]) == (row["id"], you)


def test_search_finds(host: HostProcess, anna: Person) -> None:
    posted(host, anna, "a needle in HTTP hay")
    answer = request(host, "GET", "/api/v1/search?q=needle&room=lobby", token=anna.token)
    assert answer.status == 200
    has(answer.json, {"messages": is_messages, "cursor": lambda cursor: cursor is None or is_text(cursor)})
    answer = request(host, "GET", "/api/v1/search?q=needle&room=r_nowhere", token=anna.token)
    assert (answer.status, answer.code) == (404, "not_found")
    answer = request(host, "GET", "/api/v1/search", token=anna.token)
    assert (answer.status, answer.code) == (400, "bad_field")
