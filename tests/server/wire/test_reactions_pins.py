"""`react` and `pin`: idempotent, told as the message, within their bounds."""

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Person, WireClient

TWENTY = [chr(0x1F600 + number) for number in range(20)]
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
EMOJI = ["👍", "❤️", "❤", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "🏳️‍🌈", ENGLAND]
NOT_EMOJI = {
    "empty": "",
    "a letter": "a",
    "a digit": "1",
    "a word": "lol",
    "a space": " ",
    "two": "👍👍",
    "with a space": "👍 ",
    "with a letter": "👍a",
    "with a line break": "👍\n",
    "a joiner": "\u200d",
    "a variation selector": "\ufe0f",
    "a mark": "\u0301",
    "half a flag": "🇩",
    "three halves": "🇩🇪🇫",
    "a hanging joiner": "👍\u200d",
    "33 bytes and more": "👨‍👩‍👧‍👦‍👧‍👦",
    "markup": "<b>",
    "very long": "👍" * 500,
}


async def test_a_reaction_comes_and_goes(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("x")
        target = {"room": "lobby", "id": posted["id"], "emoji": "👍"}
        on = await client.done("react", **target, on=True)
        assert on["rev"] == posted["rev"] + 1
        assert (await other.told(posted["id"], rev=on["rev"]))["reactions"] == {"👍": [anna.id]}
        too = await other.done("react", **target, on=True)
        assert set((await client.told(posted["id"], rev=too["rev"]))["reactions"]["👍"]) == {anna.id, bert.id}
        off = await client.done("react", **target, on=False)
        assert (await other.told(posted["id"], rev=off["rev"]))["reactions"] == {"👍": [bert.id]}
        last = await other.done("react", **target, on=False)
        row = await client.told(posted["id"], rev=last["rev"])
        assert row["reactions"] == {}
        assert row["edited_at"] is None


async def test_reacting_twice_changes_nothing(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("x")
        target = {"room": "lobby", "id": posted["id"], "emoji": "👍"}
        assert (await client.done("react", **target, on=False))["rev"] == posted["rev"]
        on = await client.done("react", **target, on=True)
        assert (await client.done("react", **target, on=True))["rev"] == on["rev"]
        off = await client.done("react", **target, on=False)
        assert (await client.done("react", **target, on=False))["rev"] == off["rev"]
        await other.settle()
        assert other.lobby.cursor == off["rev"] == posted["rev"] + 2


@pytest.mark.parametrize("emoji", EMOJI, ids=ascii)
async def test_one_emoji_sequence_is_taken(host: HostProcess, anna: Person, emoji: str) -> None:
    assert len(emoji.encode()) <= 32
    async with WireClient(host, anna.token) as client:
        posted = await client.post("x")
        done = await client.done("react", room="lobby", id=posted["id"], emoji=emoji, on=True)
        reactions = (await client.told(posted["id"], rev=done["rev"]))["reactions"]
        assert reactions == {emoji: [anna.id]}


async def test_anything_else_is_refused(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        posted = await client.post("x")
    names = list(NOT_EMOJI)
    for start in range(0, len(names), 8):  # refusals of a field count as bad frames, ten are too many
        async with WireClient(host, anna.token) as client:
            for name in names[start : start + 8]:
                target = {"room": "lobby", "id": posted["id"], "emoji": NOT_EMOJI[name]}
                assert await client.refused("react", **target, on=True) in ("bad_field", "bad_text", "too_long"), name
            assert (await client.row(posted["id"]))["reactions"] == {}


async def test_twenty_kinds_and_no_more(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("x")
        target = {"room": "lobby", "id": posted["id"]}
        for emoji in TWENTY:
            await client.done("react", **target, emoji=emoji, on=True)
        # Which of the codes says "no more kinds" the document leaves open.
        codes = ("bad_field", "forbidden", "too_long", "bad_text")
        assert await client.refused("react", **target, emoji="👍", on=True) in codes
        assert await other.refused("react", **target, emoji="👍", on=True) in codes
        await other.done("react", **target, emoji=TWENTY[0], on=True)
        await client.done("react", **target, emoji=TWENTY[1], on=False)
        await client.done("react", **target, emoji="👍", on=True)
        assert len((await client.row(posted["id"]))["reactions"]) == 20


async def test_a_pin_comes_and_goes(host: HostProcess, anna: Person, bert: Person) -> None:
    async with WireClient(host, anna.token) as client, WireClient(host, bert.token) as other:
        posted = await client.post("x")
        target = {"room": "lobby", "id": posted["id"]}
        assert (await other.done("pin", **target, on=False))["rev"] == posted["rev"]
        on = await other.done("pin", **target, on=True)
        row = await client.told(posted["id"], rev=on["rev"])
        assert row["pinned_by"] == bert.id
        assert row["pinned_at"] is not None
        assert (await client.done("pin", **target, on=True))["rev"] == on["rev"]
        assert (await client.row(posted["id"]))["pinned_by"] == bert.id
        off = await client.done("pin", **target, on=False)
        assert off["rev"] == on["rev"] + 1
        assert (await other.told(posted["id"], rev=off["rev"]))["pinned_at"] is None
        assert (await client.done("pin", **target, on=False))["rev"] == off["rev"]
        await other.settle()
        assert other.lobby.cursor == off["rev"]


async def test_pinned_history_is_what_is_pinned_now(host: HostProcess, anna: Person) -> None:
    async with WireClient(host, anna.token) as client:
        ids = [(await client.post(str(number)))["id"] for number in range(6)]
        for id in (ids[0], ids[2], ids[5]):
            await client.done("pin", room="lobby", id=id, on=True)
        await client.done("pin", room="lobby", id=ids[2], on=False)
        pinned = (await client.page(pinned=True, limit=100))["messages"]
        assert [row["id"] for row in pinned if row["id"] in ids] == [ids[0], ids[5]]
        assert all(row["pinned_at"] for row in pinned)
        before = (await client.page(pinned=True, before=ids[5], limit=100))["messages"]
        assert [row["id"] for row in before if row["id"] in ids] == [ids[0]]
        newest = await client.page(pinned=True, limit=1)
        assert [row["id"] for row in newest["messages"]] == [ids[5]]
        assert newest["has_older"] is True
        await client.done("delete", room="lobby", id=ids[5])
        pinned = (await client.page(pinned=True, limit=100))["messages"]
        # Whether a deleted row stays among the pinned is left open; its words are gone either way.
        assert [row["id"] for row in pinned if row["id"] in ids and not row["deleted_at"]] == [ids[0]]
