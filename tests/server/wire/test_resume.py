"""*Resume*: what a client that comes back is told, by its cursor and its epoch."""

import shutil
from collections.abc import Callable

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register

StartHost = Callable[..., HostProcess]


async def test_a_good_cursor_gets_what_came_after_it_in_order(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client:
        cursor, epoch = client.lobby.cursor, client.welcome["epoch"]
    async with WireClient(host, bert.token) as other:
        ids = [(await other.post(str(number)))["id"] for number in range(5)]
        await other.done("edit", room="lobby", id=ids[0], body="changed")
        await other.done("delete", room="lobby", id=ids[3])
        await other.done("react", room="lobby", id=ids[1], emoji="👍", on=True)
        newest = other.lobby.cursor
    async with WireClient(host, anna.token, epoch=epoch, have={"lobby": cursor}) as client:
        (sync,) = client.heard("sync")
        assert (sync["reset"], sync["more"], sync["rev"]) == (False, False, newest)
        # In order of rev: the edited, the deleted and the reacted-to come last.
        assert [row["id"] for row in sync["messages"]] == [ids[2], ids[4], ids[0], ids[3], ids[1]]
        assert [row["body"] for row in sync["messages"]] == ["2", "4", "changed", "", "1"]


async def test_a_cursor_at_the_end_gets_nothing(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        cursor, epoch = client.lobby.cursor, client.welcome["epoch"]
    async with WireClient(host, anna.token, epoch=epoch, have={"lobby": cursor}) as client:
        (sync,) = client.heard("sync")
        assert (sync["messages"], sync["rev"], sync["reset"], sync["more"]) == ([], cursor, False, False)
        assert client.welcome["epoch"] == epoch


async def test_a_change_of_an_old_message_reaches_who_has_it(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, bert.token) as other:
        old = (await other.post("old"))["id"]
        for number in range(60):
            await other.post(f"since {number}")
        async with WireClient(host, anna.token) as client:
            cursor, epoch = client.lobby.cursor, client.welcome["epoch"]
            assert old not in client.lobby.rows
        await other.done("delete", room="lobby", id=old)
    async with WireClient(host, anna.token, epoch=epoch, have={"lobby": cursor}) as client:
        assert [(row["id"], row["body"]) for row in client.heard("sync")[0]["messages"]] == [(old, "")]


async def test_a_new_client_gets_the_newest_fifty(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, bert.token) as other:
        ids = [(await other.post(str(number)))["id"] for number in range(60)]
        await other.done("edit", room="lobby", id=ids[0], body="an edit does not make it new")
        await other.done("edit", room="lobby", id=ids[30], body="changed")
        newest = other.lobby.cursor
    async with WireClient(host, anna.token) as client:
        (sync,) = client.heard("sync")
        assert (sync["reset"], sync["more"], sync["rev"]) == (True, False, newest)
        assert sorted(row["id"] for row in sync["messages"]) == ids[-50:]
        assert sync["messages"][-1]["id"] == ids[30]  # in order of rev


async def test_a_small_room_is_told_whole(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        ids = [(await client.post(str(number)))["id"] for number in range(3)]
    async with WireClient(host, register(host).token) as client:
        page = await client.page(after=0, limit=100)
        assert page["has_newer"] is False
        everything = {row["id"] for row in page["messages"]}
        assert set(client.lobby.rows) == everything >= set(ids)


BAD = {
    "an unknown epoch": ("nonsense-nonsense", 1),
    "an empty epoch": ("", 1),
    "a cursor past the end": (None, 2**40),
    "one past the end": (None, +1),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_cursor_that_is_not_good_starts_anew(host: HostProcess, anna: Person, case: str) -> None:
    async with WireClient(host, anna.token) as client:
        await client.post("x")
        cursor, good_epoch = client.lobby.cursor, client.welcome["epoch"]
    epoch, ahead = BAD[case]
    have = {"lobby": cursor + ahead if epoch is None else cursor}
    async with WireClient(host, anna.token, epoch=good_epoch if epoch is None else epoch, have=have) as client:
        (sync,) = client.heard("sync")
        assert (sync["reset"], sync["more"], sync["rev"]) == (True, False, cursor)
        assert len(sync["messages"]) >= 1


async def test_a_cursor_without_an_epoch_starts_anew(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        cursor = client.lobby.cursor
    async with WireClient(host, anna.token, have={"lobby": cursor}) as client:
        assert client.lobby.resets == 1


async def test_an_epoch_without_cursors_starts_anew(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        epoch = client.welcome["epoch"]
    async with WireClient(host, anna.token, epoch=epoch) as client:
        assert client.lobby.resets == 1
    async with WireClient(host, anna.token, epoch=epoch, have={}) as client:
        assert client.lobby.resets == 1


async def test_rooms_that_are_not_mine_are_passed_over(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        cursor, epoch = client.lobby.cursor, client.welcome["epoch"]
    have = {"lobby": cursor, "r_nowhere": 5, "r_elsewhere": 0}
    async with WireClient(host, anna.token, epoch=epoch, have=have) as client:
        assert set(client.rooms) == {"lobby"}
        assert {event["room"] for event in client.heard("sync")} == {"lobby"}
        assert client.lobby.resets == 0


async def post_many(client: WireClient, bodies: list[str]) -> list[int]:
    """Post all at once; their ids."""
    refs = [await client.start("post", room="lobby", cid=new_cid(), body=body) for body in bodies]
    return [(await client.reply(ref, seconds=30))["id"] for ref in refs]


async def test_the_beginning_is_a_good_cursor_and_is_told_in_pages(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        epoch = client.welcome["epoch"]
        ids = await post_many(client, [str(n) for n in range(1100)])
    async with WireClient(host, host.owner_token, epoch=epoch, have={"lobby": 0}) as client:
        pages = client.heard("sync")
        assert len(pages) >= 3
        assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
        assert all(not page["reset"] for page in pages)
        assert set(client.lobby.rows) >= set(ids)
        assert client.log.index(pages[-1]) < client.log.index(client.heard("live")[0])


async def test_a_page_of_long_bodies_ends_at_512_kib(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    async with WireClient(host, host.owner_token) as client:
        epoch, cursor = client.welcome["epoch"], client.lobby.cursor
        ids = await post_many(client, ["😀" * 4000] * 90)
    async with WireClient(host, host.owner_token, epoch=epoch, have={"lobby": cursor}) as client:
        pages = client.heard("sync")
        assert len(pages) >= 3  # 90 times 16 KB
        assert client.largest_sync <= 512 * 1024
        assert sorted(client.lobby.rows) == ids


async def test_between_pages_what_changes_is_not_lost(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    person = register(host)
    async with WireClient(host, host.owner_token) as client:
        epoch = client.welcome["epoch"]
        ids = await post_many(client, ["x" * 2000] * 900)
        async with WireClient(host, person.token, epoch=epoch, have={"lobby": 0}, live=False) as late:
            await late.next("sync")
            for id in (ids[0], ids[450], ids[-1]):
                await client.done("delete", room="lobby", id=id)
            await client.post("the last")
            await late.wait_live()
            await late.settle()
            assert late.lobby.rows == (await everything(client))


async def everything(client: WireClient) -> dict[int, dict[str, object]]:
    """All rows of the lobby as the host has them now."""
    rows: dict[int, dict[str, object]] = {}
    page = await client.page(after=0, limit=100)
    while True:
        rows |= {row["id"]: row for row in page["messages"]}
        if not page["has_newer"]:
            return rows
        page = await client.page(after=max(rows), limit=100)


# Epochs: one for every start.


async def come_back(host: HostProcess, epoch: str, cursor: int) -> tuple[bool, list[int], int]:
    """Whether the room starts anew, the revisions told, and the cursor."""
    async with WireClient(host, host.owner_token, epoch=epoch, have={"lobby": cursor}) as client:
        syncs = client.heard("sync")
        return syncs[0]["reset"], [row["rev"] for sync in syncs for row in sync["messages"]], client.lobby.cursor


async def write(host: HostProcess, count: int) -> tuple[str, int]:
    """Post so many; the epoch and the cursor after."""
    async with WireClient(host, host.owner_token) as client:
        for _ in range(count):
            await client.post("x")
        await client.settle()
        return client.welcome["epoch"], client.lobby.cursor


async def test_an_old_epoch_is_good_up_to_where_it_ended(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    first, end = await write(host, 6)
    host.stop()

    host = start_host(*ROOMY)
    second, newest = await write(host, 4)
    assert second != first
    assert newest == end + 4
    assert await come_back(host, first, end) == (False, list(range(end + 1, newest + 1)), newest)
    assert await come_back(host, first, end - 2) == (False, list(range(end - 1, newest + 1)), newest)
    reset, _, cursor = await come_back(host, first, end + 1)
    assert (reset, cursor) == (True, newest)
    assert (await come_back(host, second, newest))[0] is False
    host.stop()

    host = start_host(*ROOMY)
    third, newest = await write(host, 1)
    assert len({first, second, third}) == 3
    assert (await come_back(host, first, end))[0] is False
    assert (await come_back(host, first, end + 1))[0] is True
    assert (await come_back(host, second, newest - 1))[0] is False
    assert (await come_back(host, second, newest))[0] is True
    assert (await come_back(host, third, newest))[0] is False


async def test_an_epoch_in_which_nothing_happened_is_good_too(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    _, end = await write(host, 2)
    host.stop()
    host = start_host(*ROOMY)
    quiet, same = await write(host, 0)
    assert same == end
    host.stop()
    host = start_host(*ROOMY)
    _, newest = await write(host, 2)
    assert await come_back(host, quiet, end) == (False, [end + 1, end + 2], newest)
    assert (await come_back(host, quiet, end + 1))[0] is True


async def test_after_kill_9_the_epoch_is_good_to_its_end(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    first, end = await write(host, 5)
    host.kill()
    host = start_host(*ROOMY)
    assert await come_back(host, first, end) == (False, [], end)
    _, newest = await write(host, 1)
    assert await come_back(host, first, end) == (False, [newest], newest)
    assert (await come_back(host, first, newest))[0] is True


async def test_a_restored_backup_starts_clients_anew_that_saw_more(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    first, end = await write(host, 5)
    host.stop()
    backup = host.data.with_name("copy")
    shutil.copytree(host.data, backup)
    host = start_host(*ROOMY)
    lost, lost_end = await write(host, 5)
    host.stop()

    host = start_host(*ROOMY, data=backup)
    _, newest = await write(host, 7)
    assert newest > lost_end
    # What this client saw after the copy was made never happened here, though the numbers would fit.
    assert (await come_back(host, lost, lost_end))[0] is True
    assert (await come_back(host, lost, end))[0] is True
    assert await come_back(host, first, end) == (False, list(range(end + 1, newest + 1)), newest)


async def test_a_copy_of_a_running_hosts_data_starts_clients_anew_that_saw_more(start_host: StartHost) -> None:
    host = start_host(*ROOMY)
    epoch, end = await write(host, 5)
    backup = host.data.with_name("copy")
    shutil.copytree(host.data, backup, ignore=lambda _folder, names: [name for name in names if "lock" in name])
    _, later = await write(host, 5)
    host.kill()

    host = start_host(*ROOMY, data=backup)
    _, newest = await write(host, 7)
    assert newest > later
    assert (await come_back(host, epoch, later))[0] is True
    assert await come_back(host, epoch, end) == (False, list(range(end + 1, newest + 1)), newest)
