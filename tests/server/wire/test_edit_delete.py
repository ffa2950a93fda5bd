"""`edit` and `delete`: rights, what changes nothing, and what a deleted row still says."""

import secrets
from collections.abc import Callable

from mrsambosk_server import backup
from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient, eventually, new_cid, register


async def test_an_edit_is_told_as_the_message_as_it_is_now(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("first")
        before = await other.told(posted["id"])
        done = await client.done("edit", room="lobby", id=posted["id"], body="second")
        assert done["rev"] == posted["rev"] + 1
        after = await other.told(posted["id"])
        assert after["edited_at"] is not None
        assert after == before | {"rev": done["rev"], "body": "second", "edited_at": after["edited_at"]}


async def test_the_message_of_a_change_comes_before_its_done(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("first")
        for kind, fields in (
            ("edit", {"body": "second"}),
            ("react", {"emoji": "👍", "on": True}),
            ("pin", {"on": True}),
            ("delete", {}),
        ):
            done = await client.done(kind, room="lobby", id=posted["id"], **fields)
            told = client.heard("message")[-1]
            assert told["rev"] == done["rev"]
            assert client.log.index(told) < client.log.index(done), kind


async def test_editing_to_what_is_there_changes_nothing(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("same")
        done = await client.done("edit", room="lobby", id=posted["id"], body="same")
        assert done["rev"] == posted["rev"]
        await other.settle()
        assert other.lobby.cursor == posted["rev"]
        assert (await client.row(posted["id"]))["edited_at"] is None

        edited = await client.done("edit", room="lobby", id=posted["id"], body="other")
        again = await client.done("edit", room="lobby", id=posted["id"], body="other")
        assert again["rev"] == edited["rev"]
        next_one = await client.post("next")
        assert next_one["rev"] == edited["rev"] + 1


async def test_an_edit_may_change_whom_it_mentions(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("hey", mentions=[anna.id])
        done = await client.done("edit", room="lobby", id=posted["id"], body="hey", mentions=[bert.id])
        assert done["rev"] == posted["rev"] + 1
        assert (await client.told(posted["id"], rev=done["rev"]))["mentions"] == [bert.id]


async def test_an_edit_keeps_reactions_pin_and_reply(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        source = await client.post("source")
        posted = await client.post("reply", reply_to=source["id"])
        await client.done("react", room="lobby", id=posted["id"], emoji="🎉", on=True)
        await client.done("pin", room="lobby", id=posted["id"], on=True)
        await client.done("edit", room="lobby", id=posted["id"], body="reply!")
        row = await client.row(posted["id"])
        assert (row["reactions"], row["pinned_by"], row["reply_to"]) == ({"🎉": [anna.id]}, anna.id, source["id"])


async def test_nobody_edits_what_another_wrote(host: HostProcess, anna: Person, bert: Person, dana: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("mine")
        for person in (bert, dana):
            async with WireClient(host, person.token) as other:
                assert await other.refused("edit", room="lobby", id=posted["id"], body="theirs") == "forbidden"
        await client.settle()
        assert client.lobby.cursor == posted["rev"]


async def test_a_delete_leaves_the_row_without_its_words(host: HostProcess, anna: Person, bert: Person) -> None:
    cid = new_cid()
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("regretted", cid=cid, mentions=[bert.id])
        await other.done("react", room="lobby", id=posted["id"], emoji="👍", on=True)
        done = await client.done("delete", room="lobby", id=posted["id"])
        row = await other.told(posted["id"], rev=done["rev"])
        assert (row["body"], row["mentions"], row["reactions"], row["files"]) == ("", [], {}, [])
        assert (row["cid"], row["author"], row["deleted_by"], row["kind"]) == (cid, anna.id, anna.id, "text")
        assert row["deleted_at"] is not None
        assert await other.row(posted["id"]) == row
        assert "regretted" not in str((await other.page())["messages"])


async def test_deleting_the_deleted_changes_nothing(
    host: HostProcess, anna: Person, bert: Person, dana: Person
) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("x")
        done = await client.done("delete", room="lobby", id=posted["id"])
        again = await client.done("delete", room="lobby", id=posted["id"])
        assert again["rev"] == done["rev"]
        async with WireClient(host, dana.token) as owner:
            assert (await owner.done("delete", room="lobby", id=posted["id"]))["rev"] == done["rev"]
        await other.settle()
        assert other.lobby.cursor == done["rev"]
        assert (await other.row(posted["id"]))["deleted_by"] == anna.id


async def test_members_do_not_delete_what_others_wrote(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("mine")
        assert await other.refused("delete", room="lobby", id=posted["id"]) == "forbidden"
        assert (await client.row(posted["id"]))["body"] == "mine"


async def test_the_owner_deletes_what_others_wrote(host: HostProcess, anna: Person, dana: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, dana.token) as owner:
        posted = await client.post("rude")
        await owner.done("delete", room="lobby", id=posted["id"])
        row = await client.told(posted["id"], body="")
        assert (row["author"], row["deleted_by"]) == (anna.id, owner.you["id"])


async def test_a_member_does_not_delete_what_the_owner_wrote(host: HostProcess, anna: Person, dana: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, dana.token) as owner:
        posted = await owner.post("mine")
        assert await client.refused("delete", room="lobby", id=posted["id"]) == "forbidden"


async def test_the_deleted_is_gone_for_edit_reaction_and_pin(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("x")
        await client.done("react", room="lobby", id=posted["id"], emoji="👍", on=True)
        done = await client.done("delete", room="lobby", id=posted["id"])
        target = {"room": "lobby", "id": posted["id"]}
        assert await client.refused("edit", **target, body="y") == "gone"
        assert await client.refused("react", **target, emoji="👍", on=True) == "gone"
        assert await client.refused("pin", **target, on=True) == "gone"
        # Taking away what is not there any more: gone, or nothing to do.
        for reply in (
            await client.call("react", **target, emoji="👍", on=False),
            await client.call("pin", **target, on=False),
        ):
            assert reply.get("code") == "gone" or reply.get("rev") == done["rev"], reply
        await client.settle()
        assert client.lobby.cursor == done["rev"]


async def test_a_message_that_never_was_is_not_found(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("x")
        changed = await client.done("edit", room="lobby", id=posted["id"], body="y")
        # One past the end, one far past, and a revision that no message was posted at.
        for id in (changed["rev"] + 1, 2**53 - 1, changed["rev"]):
            target = {"room": "lobby", "id": id}
            assert await client.refused("edit", **target, body="z") == "not_found"
            assert await client.refused("delete", **target) == "not_found"
            assert await client.refused("react", **target, emoji="👍", on=True) == "not_found"
            assert await client.refused("pin", **target, on=True) == "not_found"
            assert await client.refused("seen", **target) == "not_found"


async def test_system_rows_are_not_edited_or_reacted_to(host: HostProcess, dana: Person) -> None:
    async with WireClient(host, dana.token) as owner:
        page = await owner.page(after=0, limit=100)
        for row in (row for row in page["messages"] if row["kind"] == "system"):
            target = {"room": "lobby", "id": row["id"]}
            refusals = ("forbidden", "not_found", "bad_field")
            assert await owner.refused("edit", **target, body="z") in refusals
            assert await owner.refused("react", **target, emoji="👍", on=True) in refusals


async def test_the_id_stays_and_the_rev_climbs(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("0")
        for number in range(1, 6):
            done = await client.done("edit", room="lobby", id=posted["id"], body=str(number))
            assert done["rev"] == posted["rev"] + number
            assert "id" not in done or done["id"] == posted["id"]


async def test_a_backup_made_right_after_a_delete_holds_nothing_of_the_text(
    start_host: Callable[..., HostProcess],
) -> None:
    host = start_host("--backup-hours", "0")
    word = "zwxq" + secrets.token_hex(4)
    async with WireClient(host, register(host).token) as client:
        id = (await client.post(f"{word} was here"))["id"]
        await eventually(lambda: _finds(client, word))  # in the index, too
        await client.done("delete", room="lobby", id=id)
        made = backup.make_backup(host.data)
    assert word.encode() not in made.read_bytes()


async def _finds(client: WireClient, word: str) -> bool:
    return bool((await client.call("search", query=word))["messages"])
