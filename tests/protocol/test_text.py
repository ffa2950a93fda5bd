"""What a body, a name and a reaction may hold."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mrsambosk_protocol.limits import EMOJI_BYTES, Limits, Refused
from mrsambosk_protocol.text import check_body, check_emoji, check_name, name_key

RULES = Limits()
#: Any text a JSON decoder may hand over, halves of surrogate pairs included.
ANY_TEXT = st.text(st.characters(), max_size=60)


def code_of(check: Callable[..., str], *args: Any) -> str | None:
    """The code it refuses with, or None where it does not."""
    try:
        check(*args)
    except Refused as refused:
        return refused.code
    return None


@given(ANY_TEXT)
def test_a_body_is_stored_as_written_or_refused(body: str) -> None:
    code = code_of(check_body, body, RULES)
    assert code in (None, "bad_text")
    if code is None:
        assert check_body(body, RULES) == body
        assert "\0" not in body
        assert body.strip()
        body.encode()  # no half of a surrogate pair


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "\n\t\r",
        "\u3000\u2003",
        "\u200b\u200d\ufeff",
        "\u202e\u2066",
        "\u2800",
        "\u3164\u115f",
        "\u0301",
        "a\0b",
        "é\0",
        "a\ud800",
        "x\n" * 201,
        "x\u2028" * 202,
        "x\r\x0b" * 120,
        "a" + "\u0301" * 9,
    ],
)
def test_bad_text(body: str) -> None:
    assert code_of(check_body, body, RULES) == "bad_text"


@pytest.mark.parametrize(
    "body",
    [
        "<b>hi</b>",
        "line\n" * 200,
        "a" * 4000,
        "👍",
        "e" + "\u0301" * 8,
        "\u202eabc",
        "שלום",
        "👨\u200d👩\u200d👧",
        "\x1b[31mred",
    ],
)
def test_good_text(body: str) -> None:
    assert check_body(body, RULES) == body


def test_length_counts_code_points() -> None:
    assert code_of(check_body, "👍" * 4000, RULES) is None
    assert code_of(check_body, "👍" * 4001, RULES) == "too_long"
    assert code_of(check_body, "abc", Limits(body_chars=2)) == "too_long"
    assert code_of(check_body, "a\nb\nc", Limits(body_newlines=1)) == "bad_text"


@given(ANY_TEXT)
def test_a_kept_name_is_kept_again(name: str) -> None:
    code = code_of(check_name, name, RULES)
    assert code in (None, "bad_name")
    if code is None:
        kept = check_name(name, RULES)
        assert check_name(kept, RULES) == kept
        assert 1 <= len(kept) <= RULES.name_chars
        assert kept == kept.strip()
        assert "  " not in kept
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in kept)
        kept.encode()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a" * 33,
        "a" * 100_000,
        "Da\nna",
        "\u202eanaD",
        "Dana\u2066",
        "a\u200bb",
        "\u200da",
        "a \u200d b",
        "x" + "\u0301" * 9,
        "\u0301",
        "\u3164",
        "a\ud800",
        "\ue000",
        "tab\tbed",
    ],
)
def test_bad_names(name: str) -> None:
    assert code_of(check_name, name, RULES) == "bad_name"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Dana  K ", "Dana K"),
        ("Ｄａｎａ", "Dana"),
        ("Jose\u0301", "José"),
        ("ﬁ", "fi"),
        ("a" * 32, "a" * 32),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_good_names(name: str, kept: str) -> None:
    assert check_name(name, RULES) == kept


# Much of any text is no name: that so much is passed over is meant.
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(ANY_TEXT)
def test_names_that_look_the_same_are_the_same(name: str) -> None:
    assume(code_of(check_name, name, RULES) is None)
    kept = check_name(name, RULES)
    assert (
        name_key(kept) == name_key(kept.swapcase().swapcase())
        or kept.swapcase().swapcase().casefold() != kept.casefold()
    )
    assert name_key(name_key(kept)) == name_key(kept)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dana", "dANA"),
        ("Straße", "STRASSE"),
        ("José", "Jose\u0301"),
        ("ﬁn", "Fin"),
        ("می\u200cخ", "میخ"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_names_that_count_as_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize("emoji", ["👍", "🎉", "❤️", "❤", "🇮🇱", "👨‍👩‍👧", "👍🏽", "1️⃣", "#⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏳️‍🌈", "🙏", "©"])
def test_emoji(emoji: str) -> None:
    assert check_emoji(emoji) == emoji


@pytest.mark.parametrize(
    "text", ["", "a", "1", "👍👍", "👍 ", ":)", "\u200d", "👍\u200d", "🇮", "<b>", "\ud83d", "👍" * 20, "👍\n"]
)
def test_not_one_emoji(text: str) -> None:
    assert code_of(check_emoji, text) == "bad_field"


@given(ANY_TEXT)
def test_no_text_crashes_the_emoji_rule(text: str) -> None:
    if code_of(check_emoji, text) is None:
        assert len(text.encode()) <= EMOJI_BYTES
        assert not text.isalpha()
