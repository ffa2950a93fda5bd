"""What a query finds in a text, and what of it is marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_desktop.core.terms import Terms


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("slides", "The SLIDES are there"),
        ("sli", "slides"),
        ("cafe", "au café"),
        ("Straße", "STRASSE"),
        ("well-known", "a well known thing"),
        ("שלום", "אז שָׁלוֹם"),
        ("one two", "two and one twosome"),
        ("* slides", "slides"),
    ],
)
def test_found(query: str, text: str) -> None:
    assert Terms(query).match(text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("lides", "slides"),
        ("sli des", "slides"),
        ("slide now", "slides now"),
        ("well-known", "known well"),
        ("one two", "one"),
    ],
)
def test_not_found(query: str, text: str) -> None:
    assert not Terms(query).match(text)


@pytest.mark.parametrize("query", ["", "  ", "* -", "\u0301"])
def test_no_word_is_no_query(query: str) -> None:
    assert not Terms(query)


def test_a_snippet_marks_the_whole_word_as_it_was_written() -> None:
    pieces = Terms("caf").snippet("Au CAFÉ, then")
    assert [(piece.text, piece.hit) for piece in pieces] == [("Au ", False), ("CAFÉ", True), (", then", False)]


def test_a_snippet_begins_near_the_first_hit() -> None:
    pieces = Terms("needle").snippet("hay " * 100 + "needle " + "straw " * 100, length=60)
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("…hay")
    assert text.index("needle") < 20
    assert text.endswith("…")
    assert len(text) <= 62


def test_without_a_hit_the_beginning_is_shown() -> None:
    assert [piece.text for piece in Terms("").snippet("two\nlines")] == ["two lines"]


@given(st.text(max_size=60), st.text(max_size=300), st.integers(10, 100))
def test_whatever_is_typed_and_written(query: str, text: str, length: int) -> None:
    terms = Terms(query)
    pieces = terms.snippet(text, length)
    line = " ".join(text.split())
    shown = "".join(piece.text for piece in pieces)
    assert all(piece.text for piece in pieces)
    assert len(shown) <= length + 2
    assert shown.strip("…") in line or shown.strip("…") == line.strip("…")
    if terms and length == 100 and len(line) <= 28:
        assert any(piece.hit for piece in pieces) >= terms.match(line)
