"""`search`: newest first, what is there now, whatever a query looks like.

The text index may be filled in the host's own time, so that a test asks again until it has what it wrote.
"""

import secrets
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, eventually


def new_word() -> str:
    """A word nobody has written."""
    return "w" + "".join(secrets.choice("abcdefghijklmnop") for _ in range(14))


async def search(client: WireClient, query: str, **fields: Any) -> dict[str, Any]:
    reply = await client.call("search", query=query, **fields)
    assert reply["type"] == "results", reply
    return reply


async def find(client: WireClient, query: str, count: int, **fields: Any) -> list[int]:
    """The ids of the first page, once there are `count`."""

    async def ask() -> list[int] | None:
        found = [row["id"] for row in (await search(client, query, **fields))["messages"]]
        return found if len(found) == count else None

    found: list[int] = await eventually(ask)
    return found


async def vanish(client: WireClient, query: str) -> None:
    async def ask() -> bool:
        return not (await search(client, query))["messages"]

    await eventually(ask)


async def test_what_was_written_is_found_newest_first(host: HostProcess, anna: Person) -> None:
    word = new_word()
    async with WireClient(host, anna.token) as client:
        ids = [(await client.post(f"{number} {word} tail"))["id"] for number in range(5)]
        assert await find(client, word, 5) == ids[::-1]
        assert (await search(client, word))["messages"][0] == await client.row(ids[-1])
        assert await find(client, word, 5, room="lobby") == ids[::-1]
        assert await find(client, word.upper(), 5) == ids[::-1]


async def test_all_words_must_be_there(host: HostProcess, anna: Person) -> None:
    one, two = new_word(), new_word()
    async with WireClient(host, anna.token) as client:
        both = (await client.post(f"{one} and {two}"))["id"]
        await client.post(f"only {one}")
        await client.post(f"only {two}")
        await find(client, one, 2)
        assert await find(client, f"{two} {one}", 1) == [both]


async def test_pages_end_with_null_and_repeat_nothing(host: HostProcess, anna: Person) -> None:
    word = new_word()
    async with WireClient(host, anna.token) as client:
        ids = [(await client.post(f"{word} {number}"))["id"] for number in range(7)]
        await find(client, word, 7)
        found: list[int] = []
        page = await search(client, word, limit=3)
        while True:
            assert len(page["messages"]) <= 3
            found += [row["id"] for row in page["messages"]]
            if page["cursor"] is None:
                break
            page = await search(client, word, limit=3, cursor=page["cursor"])
        assert found == ids[::-1]


async def test_edits_and_deletes_are_followed(host: HostProcess, anna: Person) -> None:
    old, new = new_word(), new_word()
    async with WireClient(host, anna.token) as client:
        id = (await client.post(old))["id"]
        await find(client, old, 1)
        await client.done("edit", room="lobby", id=id, body=new)
        assert await find(client, new, 1) == [id]
        await vanish(client, old)
        await client.done("delete", room="lobby", id=id)
        await vanish(client, new)


async def test_a_deleted_message_is_never_in_results(host: HostProcess, anna: Person) -> None:
    word = new_word()
    async with WireClient(host, anna.token) as client:
        id = (await client.post(word))["id"]
        await find(client, word, 1)
        await client.done("delete", room="lobby", id=id)
        # Whatever the index still holds, from the `done` on nobody gets these words again.
        assert word not in str(await search(client, word))


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        "'",
        "*",
        "a*",
        "AND",
        "OR",
        "NOT",
        "NEAR(a b)",
        "a AND",
        "body:x",
        "(",
        "^x",
        "-x",
        "a-b",
        "a:b",
        "%",
        "\0a",
        "a\0b",
    ],
)
async def test_no_query_is_a_program(host: HostProcess, anna: Person, query: str) -> None:
    async with WireClient(host, anna.token) as client:
        reply = await client.call("search", query=query)
        assert reply["type"] == "results" or reply["code"] == "bad_field", reply


async def test_operators_are_words(host: HostProcess, anna: Person) -> None:
    word = new_word()
    async with WireClient(host, anna.token) as client:
        await client.post(f"{word} alone")
        id = (await client.post(f"{word} OR else"))["id"]
        await find(client, word, 2)
        assert await find(client, f"{word} OR", 1) == [id]


@pytest.mark.parametrize("query", ["", " ", "\n"], ids=repr)
async def test_an_empty_query_finds_nothing(host: HostProcess, anna: Person, query: str) -> None:
    async with WireClient(host, anna.token) as client:
        reply = await client.call("search", query=query)
        assert reply.get("messages") == [] or reply.get("code") in ("bad_field", "bad_text"), reply


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "0", "99999999999999999999", "é", ""])
async def test_a_made_up_cursor_does_no_harm(host: HostProcess, anna: Person, cursor: str) -> None:
    async with WireClient(host, anna.token) as client:
        reply = await client.call("search", query="x", cursor=cursor)
        assert reply["type"] == "results" or reply["code"] == "bad_field", reply


@pytest.mark.parametrize("text", ["Straße", "naïve", "日本語", "привет", "שלום"])
async def test_words_of_other_scripts_are_found(host: HostProcess, anna: Person, text: str) -> None:
    word = new_word()
    async with WireClient(host, anna.token) as client:
        id = (await client.post(f"{word} {text}"))["id"]
        assert await find(client, f"{word} {text}", 1) == [id]
