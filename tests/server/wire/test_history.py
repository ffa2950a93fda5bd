"""`history` and `get`: pages ascend, cover what they say they cover, and page a whole room without gap or repeat."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person, WireClient, register


class Past(NamedTuple):
    """A room with a past of its own that no other test writes to."""

    host: HostProcess
    person: Person
    ids: list[int]
    holes: list[int]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """130 messages with holes between their ids, which edits made; every tenth deleted."""
    data: Path = tmp_path_factory.mktemp("past") / "data"
    with HostProcess(data, *ROOMY) as host:
        person = register(host, "Writer")

        async def write() -> Past:
            ids, holes = [], []
            async with WireClient(host, person.token) as client:
                for number in range(130):
                    done = await client.post(f"number {number}")
                    ids.append(done["id"])
                    if number % 7 == 3:
                        holes.append((await client.done("edit", room="lobby", id=done["id"], body="edited"))["rev"])
                    if number % 10 == 9:
                        holes.append((await client.done("delete", room="lobby", id=done["id"]))["rev"])
                return Past(host, person, ids, holes)

        yield asyncio.run(write())


def ids_of(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["messages"]]


async def all_ids(client: WireClient) -> list[int]:
    """Every id of the room, the rows that came before the test's own included."""
    ids: list[int] = []
    after = 0
    while True:
        page = await client.page(after=after, limit=100)
        ids += ids_of(page)
        if not page["has_newer"]:
            return ids
        after = ids[-1]


async def test_without_a_place_it_is_the_newest(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        page = await client.page(limit=7)
        assert ids_of(page) == past.ids[-7:]
        assert (page["room"], page["rev"]) == ("lobby", client.lobby.cursor)
        assert (page["has_older"], page["has_newer"]) == (True, False)
        assert 1 <= len((await client.page())["messages"]) <= 100


async def test_before_is_what_comes_before_and_after_what_comes_after(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        page = await client.page(before=past.ids[60], limit=5)
        assert (ids_of(page), page["has_older"], page["has_newer"]) == (past.ids[55:60], True, True)
        page = await client.page(after=past.ids[60], limit=5)
        assert (ids_of(page), page["has_older"], page["has_newer"]) == (past.ids[61:66], True, True)


async def test_around_holds_its_middle(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        for limit in (1, 2, 9, 10, 100):
            page = await client.page(around=past.ids[65], limit=limit)
            found = ids_of(page)
            assert len(found) == limit
            assert past.ids[65] in found
            start = past.ids.index(found[0])
            assert found == past.ids[start : start + limit]
            if limit > 2:
                assert found.index(past.ids[65]) in (limit // 2 - 1, limit // 2, limit // 2 + 1)
            assert (page["has_older"], page["has_newer"]) == (True, True)


async def test_around_an_end_is_filled_from_the_other_side_or_shorter(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        page = await client.page(around=past.ids[-1], limit=10)
        found = ids_of(page)
        assert found == past.ids[-len(found) :]
        assert len(found) >= 5
        assert (page["has_older"], page["has_newer"]) == (True, False)


async def test_ids_that_are_holes_are_places_all_the_same(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        everything = await all_ids(client)
        for hole in past.holes[:5]:
            older = [id for id in everything if id < hole]
            newer = [id for id in everything if id > hole]
            assert ids_of(await client.page(before=hole, limit=3)) == older[-3:]
            assert ids_of(await client.page(after=hole, limit=3)) == newer[:3]
            around = ids_of(await client.page(around=hole, limit=4))
            assert around
            assert set(around) <= set(older[-4:] + newer[:4])


async def test_the_ends_of_the_room(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        first = (await all_ids(client))[0]
        page = await client.page(before=first, limit=10)
        assert (page["messages"], page["has_older"]) == ([], False)
        page = await client.page(after=past.ids[-1], limit=10)
        assert (page["messages"], page["has_newer"]) == ([], False)
        page = await client.page(before=2**53 - 1, limit=3)
        assert (ids_of(page), page["has_newer"]) == (past.ids[-3:], False)
        page = await client.page(after=2**53 - 1, limit=3)
        assert (page["messages"], page["has_newer"]) == ([], False)
        page = await client.page(after=0, limit=3)
        assert (ids_of(page)[0], page["has_older"]) == (first, False)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_paging_either_way_gives_every_row_once(past: Past, limit: int) -> None:
    async with WireClient(past.host, past.person.token) as client:
        everything = await all_ids(client)
        assert set(past.ids) <= set(everything)
        page = await client.page(limit=limit)
        back = ids_of(page)
        while page["has_older"]:
            page = await client.page(before=back[0], limit=limit)
            assert page["messages"]
            back = ids_of(page) + back
        assert back == everything == sorted(set(everything))


async def test_deleted_rows_are_in_their_place_without_words(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        page = await client.page(after=past.ids[8], limit=1)
        (row,) = page["messages"]
        assert row["id"] == past.ids[9]
        assert (row["body"], row["deleted_by"]) == ("", past.person.id)


async def test_get_gives_what_there_is(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        wanted = [past.ids[70], past.holes[0], past.ids[3], 10**9, past.ids[3]]
        page = await client.call("get", room="lobby", ids=wanted)
        assert page["type"] == "page"
        assert ids_of(page) == [past.ids[3], past.ids[70]]
        assert (page["room"], page["rev"]) == ("lobby", client.lobby.cursor)
        page = await client.call("get", room="lobby", ids=past.ids[:100])
        assert ids_of(page) == past.ids[:100]


async def test_get_of_nothing_is_nothing(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        reply = await client.call("get", room="lobby", ids=[])
        assert reply.get("messages") == [] or reply.get("code") == "bad_field"


async def test_an_old_page_and_a_live_change_agree(past: Past) -> None:
    async with WireClient(past.host, past.person.token) as client:
        old = past.ids[0]
        assert old not in client.lobby.rows
        done = await client.done("react", room="lobby", id=old, emoji="👍", on=True)
        told = await client.told(old)
        assert told == (await client.row(old))
        assert told["rev"] == done["rev"]
        off = await client.done("react", room="lobby", id=old, emoji="👍", on=False)
        assert off["rev"] == done["rev"] + 1
        await client.told(old, rev=off["rev"])
