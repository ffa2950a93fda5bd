"""Search: any text is safe to search for, and what is found is what a plain look through the rows finds."""

import asyncio
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrsambosk_protocol.commands import Search
from mrsambosk_protocol.entities import Message
from mrsambosk_protocol.events import Results
from mrsambosk_protocol.limits import LOBBY, Refused
from mrsambosk_server import search
from mrsambosk_server.finding import search_everything
from tests.helpers.server_desk import Desk, on_loop


async def find(desk: Desk, user: str, query: str, room: str | None = None) -> list[str]:
    """The bodies found, newest first, over all pages."""
    bodies: list[str] = []
    cursor: str | None = None
    while True:
        ask = Search(ref=1, query=query, room=room, cursor=cursor, limit=3)
        results = await search_everything(desk.ledger, user, ask)
        bodies += [row.body for row in results.messages]
        assert len(results.messages) <= 3
        if results.cursor is None:
            return bodies
        cursor = results.cursor


@on_loop
async def test_all_words_the_last_as_a_beginning_newest_first(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        bodies = ["red apple", "green apple", "apple pie, red", "Äpfel sind rot", "application", "the red apples"]
        for body in bodies:
            await desk.post(anna, body)
        assert await find(desk, anna, "apple") == ["the red apples", "apple pie, red", "green apple", "red apple"]
        assert await find(desk, anna, "apple red") == ["apple pie, red", "red apple"], "only the last is a beginning"
        assert await find(desk, anna, "red apple") == ["the red apples", "apple pie, red", "red apple"]
        assert await find(desk, anna, "appl") == [body for body in reversed(bodies) if "appl" in body]
        assert await find(desk, anna, "APFEL") == ["Äpfel sind rot"]
        assert await find(desk, anna, "pear") == []


@on_loop
async def test_pages_follow_each_other_without_gap_or_repeat(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await asyncio.gather(*(desk.post(anna, f"word number {number}") for number in range(20)))
        await find(desk, anna, "word")
        first = await search_everything(desk.ledger, anna, Search(ref=1, query="word", limit=7))
        await desk.post(anna, "word that came meanwhile")
        second = await search_everything(desk.ledger, anna, Search(ref=1, query="word", limit=7, cursor=first.cursor))
        ids = [row.id for results in (first, second) for row in results.messages]
        assert ids == list(range(20, 6, -1))


@pytest.mark.parametrize("query", ["", "   ", "!!! ---", '"', "*", '" + "', "🌍"])
@on_loop
async def test_a_query_without_a_word_is_refused(tmp_path: Path, query: str) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        with pytest.raises(Refused) as caught:
            await find(desk, anna, query)
        assert caught.value.code == "bad_field"


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", "9" * 30, "1 OR 1"])
@on_loop
async def test_a_cursor_that_is_none_is_refused(tmp_path: Path, cursor: str) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        with pytest.raises(Refused) as caught:
            await search_everything(desk.ledger, anna, Search(ref=1, query="word", cursor=cursor))
        assert caught.value.code == "bad_field"


def test_any_text_is_safe_to_search_for_and_finds_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("search")

    async def look(texts: list[str]) -> None:
        async with Desk(folder / "room.db") as desk:
            anna = await desk.person()
            for text in texts:
                try:
                    await desk.post(anna, text)
                    found = await find(desk, anna, text[:400])
                except Refused as refused:
                    assert refused.code in ("bad_text", "too_long", "bad_field"), refused  # noqa: PT017
                    continue
                # A query is cut at so many words, so that a longer text is found by its first ones.
                assert text in found or len(text.split()) > 16 or not _is_plain(text), text

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(_texts, min_size=5, max_size=10))
    def check(texts: list[str]) -> None:
        asyncio.run(look(texts))

    check()


_syntax = st.sampled_from(
    ['"', "*", "^", ":", "(", ")", "AND", "OR", "NOT", "NEAR(", "body:", "-", "+", "'", ";", "--"]
)
_texts = st.one_of(
    st.lists(st.one_of(_syntax, st.sampled_from(["apple", "rev", "ÄRGER", "naïve"])), min_size=1, max_size=8).map(
        " ".join
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)


def _is_plain(text: str) -> bool:
    """Whether our words and the index's are surely the same: letters and digits of old, and signs of ASCII."""
    return all(char.isascii() or unicodedata.name(char, "").startswith("LATIN ") for char in text) and not re.search(
        "[\x00-\x08\x0b-\x1f\x7f]", text
    )


@on_loop
async def test_edits_and_deletes_are_followed_before_and_after_indexing(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        for indexed_first in (False, True):
            edited = await desk.post(anna, f"before {indexed_first}")
            deleted = await desk.post(anna, f"doomed {indexed_first}")
            if indexed_first:
                await desk.index()
            await desk.edit(anna, edited, f"after {indexed_first}")
            await desk.delete(anna, deleted)
            word = str(indexed_first)
            assert await find(desk, anna, word) == [f"after {indexed_first}"]
            assert await find(desk, anna, "before") == []
            assert await find(desk, anna, "doomed") == []
            await desk.edit(anna, edited, f"again {indexed_first}")
            assert await find(desk, anna, word) == [f"again {indexed_first}"]


@on_loop
async def test_only_the_rooms_of_the_viewer(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna, ben = await desk.person(), await desk.person()
        await desk.add_room("r_secret", ben)
        await desk.post(ben, "a secret word", room="r_secret")
        await desk.post(ben, "a plain word")
        assert await find(desk, ben, "word") == ["a plain word", "a secret word"]
        assert await find(desk, ben, "word", "r_secret") == ["a secret word"]
        assert await find(desk, ben, "word", LOBBY) == ["a plain word"]
        assert await find(desk, anna, "word") == ["a plain word"]
        answers = []
        for room in ("r_secret", "r_nowhere"):
            with pytest.raises(Refused) as caught:
                await find(desk, anna, "word", room)
            answers.append((caught.value.code, caught.value.text))
        assert answers[0] == answers[1]
        assert answers[0][0] == "not_found"


@on_loop
async def test_the_index_is_filled_in_batches_and_a_search_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mrsambosk_server.search.INDEX_BATCH", 10)
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await asyncio.gather(*(desk.post(anna, "word") for _ in range(255)))
        assert not await desk.read(search.is_indexed)
        assert await desk.sql("SELECT count(*) FROM search WHERE search MATCH 'word'") == [(0,)]
        assert len(await find(desk, anna, "word")) == 255
        assert await desk.read(search.is_indexed)


@on_loop
async def test_what_is_found_is_the_row_as_it_is_now(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        row: Message = await desk.post(anna, "a word", mentions=(anna,))
        await desk.index()
        row = await desk.react(anna, row)
        results: Results = await search_everything(desk.ledger, anna, Search(ref=9, query="word"))
        assert results == Results(ref=9, messages=(row,), cursor=None)
