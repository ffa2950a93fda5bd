"""`read`, unread sums, `seen`, and the receipts that are pushed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person, WireClient, register

GATHERED = 4.0  # 2 s, and what a busy machine adds


async def start_read(client: WireClient) -> int:
    """Read all there is, so that a test counts only its own; up to where that is.

    (A new member may stand further on already, at the revision they came in at.)
    """
    page = await client.page(limit=1)
    newest: int = page["messages"][-1]["id"] if page["messages"] else 0
    done = await client.done("read", room="lobby", id=newest)
    assert done["you"]["read"] >= newest
    return done["you"]["read"]  # type: ignore[no-any-return]


async def test_unread_counts_what_others_wrote_and_left(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        await start_read(client)
        ids = [(await other.post(str(number)))["id"] for number in range(5)]
        await client.post("my own does not count")
        mention = await other.post("hey", mentions=[anna.id])
        await other.done("delete", room="lobby", id=ids[1])
        await other.done("edit", room="lobby", id=ids[2], body="an edit makes none more")
        you = (await client.done("read", room="lobby", id=ids[0]))["you"]
        assert you == {"read": ids[0], "unread": 4, "mentions": 1}
        you = (await client.done("read", room="lobby", id=mention["id"]))["you"]
        assert you == {"read": mention["id"], "unread": 0, "mentions": 0}


async def test_a_deleted_mention_is_none(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        start = await start_read(client)
        mention = await other.post("hey", mentions=[anna.id])
        async with WireClient(host, anna.token) as again:
            assert again.reader_of() == {"read": start, "unread": 1, "mentions": 1}
        await other.done("delete", room="lobby", id=mention["id"])
        async with WireClient(host, anna.token) as again:
            assert again.reader_of() == {"read": start, "unread": 0, "mentions": 0}


async def test_mentioning_yourself_is_not_unread(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        start = await start_read(client)
        await client.post("note to self", mentions=[anna.id])
        async with WireClient(host, anna.token) as again:
            assert (again.reader_of()["unread"], again.reader_of()["read"]) == (0, start)


async def test_the_welcome_says_where_i_stand(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        start = await start_read(client)
        await other.post("one")
        await other.post("two", mentions=[anna.id])
    async with WireClient(host, anna.token) as again:
        assert again.reader_of() == {"read": start, "unread": 2, "mentions": 1}


async def test_the_highest_wins(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        ids = [(await other.post(str(number)))["id"] for number in range(4)]
        await client.done("read", room="lobby", id=ids[2])
        you = (await client.done("read", room="lobby", id=ids[0]))["you"]
        assert (you["read"], you["unread"]) == (ids[2], 1)
        you = (await client.done("read", room="lobby", id=ids[0], back=False))["you"]
        assert you["read"] == ids[2]


async def test_back_marks_unread_from_here(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        ids = [(await other.post(str(number)))["id"] for number in range(4)]
        await client.done("read", room="lobby", id=ids[3])
        you = (await client.done("read", room="lobby", id=ids[1], back=True))["you"]
        # "Read up to" this one, or unread from this one on: both can be meant by its id.
        assert (you["read"], you["unread"]) in ((ids[1], 2), (ids[1] - 1, 3))
    async with WireClient(host, anna.token) as again:
        assert again.reader_of()["unread"] == you["unread"]
        assert again.reader_of()["read"] == you["read"]


async def test_reading_past_the_end_reads_no_future(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        await other.post("before")
        reply = await client.call("read", room="lobby", id=2**53 - 1)
        # Refused, or as far as there is: what comes later is unread in either case.
        assert reply["type"] == "done" or reply["code"] in ("not_found", "bad_field")
        if reply["type"] == "refused":
            await start_read(client)
        await other.post("after")
        async with WireClient(host, anna.token) as again:
            assert again.reader_of()["unread"] == 1


async def test_ones_other_devices_are_told_at_once(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        async with WireClient(host, bert.token) as other:
            id = (await other.post("x"))["id"]
        await one.done("read", room="lobby", id=id)
        since = await two.settle()
        (told,) = two.heard("read")
        assert (told["room"], told["user"], told["id"]) == ("lobby", anna.id, id)
        assert told["you"] == {"read": id, "unread": 0, "mentions": 0}
        back = await one.done("read", room="lobby", id=id, back=True)
        await two.settle()
        assert [event["you"] for event in two.heard("read", since)] in ([], [back["you"]])


async def test_reading_again_what_is_read_tells_nobody(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as one, WireClient(host, anna.token) as two:
        async with WireClient(host, bert.token) as other:
            id = (await other.post("x"))["id"]
        await one.done("read", room="lobby", id=id)
        since = await two.settle()
        await one.done("read", room="lobby", id=id)
        await one.done("read", room="lobby", id=id - 1)
        await two.settle()
        assert two.heard("read", since) == []


async def test_who_has_seen_it(host: HostProcess, anna: Person, bert: Person) -> None:
    third = register(host)
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        id = (await client.post("look"))["id"]
        reply = await client.call("seen", room="lobby", id=id)
        assert reply["type"] == "seen"
        assert bert.id not in reply["users"]
        assert third.id not in reply["users"]
        await other.done("read", room="lobby", id=id)
        await client.done("read", room="lobby", id=id)
        users = (await client.call("seen", room="lobby", id=id))["users"]
        assert bert.id in users
        assert third.id not in users
        assert anna.id not in users  # without the author
        async with WireClient(host, third.token) as late:
            await late.done("read", room="lobby", id=id + 1 if id < late.lobby.cursor else id)
            assert third.id in (await late.call("seen", room="lobby", id=id))["users"]


async def test_reading_survives_a_reconnect_and_changes_no_revision(
    host: HostProcess, anna: Person, bert: Person
) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        id = (await other.post("x"))["id"]
        await client.done("read", room="lobby", id=id)
        await other.settle()
        assert other.lobby.cursor == id
    async with WireClient(host, anna.token) as again:
        assert again.reader_of()["read"] == id


# Receipts are told to others only in small company, so this room stays small.


@pytest.fixture(scope="module")
def small_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    data: Path = tmp_path_factory.mktemp("small") / "data"
    with HostProcess(data, *ROOMY) as running:
        yield running


async def test_others_are_told_gathered_and_without_my_sums(small_host: HostProcess) -> None:
    anna, bert = register(small_host), register(small_host)
    async with WireClient(small_host, anna.token) as client, WireClient(small_host, bert.token) as other:
        ids = [(await client.post(str(number)))["id"] for number in range(6)]
        for id in ids:
            await other.done("read", room="lobby", id=id)
        told = await client.next("read", seconds=GATHERED, user=bert.id)
        while told["id"] != ids[-1]:
            told = await client.next("read", seconds=GATHERED, user=bert.id)
        assert told["room"] == "lobby"
        assert "you" not in told
        # Six in a moment are gathered: one frame, or two where the moment was cut by the clock.
        assert len(client.heard("read")) <= 2


async def test_in_large_company_others_are_not_told(tmp_path: Path) -> None:
    with HostProcess(tmp_path / "data", *ROOMY) as host:
        people = [register(host) for _ in range(33)]
        async with WireClient(host, people[0].token) as one, WireClient(host, people[1].token) as two:
            own = WireClient(host, people[1].token)
            async with own:
                id = (await one.post("x"))["id"]
                await two.done("read", room="lobby", id=id)
                await own.next("read", id=id)
                # Receipts are gathered for two seconds: silence is proven once those are well over.
                with pytest.raises(AssertionError, match="no read"):
                    await one.next("read", seconds=3.0)
