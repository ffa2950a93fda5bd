"""Bodies: what was typed is what is shown, and no input can hide a letter or raise."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mrsambosk_desktop.core.bodies import (
    BlockKind,
    Run,
    Style,
    excerpt,
    is_link,
    mentioned,
    parse,
    shown_text,
)
from tests.helpers.times import within

PLAIN = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="*_~`[]@>:-+.)\u2028\u2029"), min_size=1
)
PIECES = ["*", "**", "_", "~~", "`", "[", "](", ")", "<b>", "@", ":", "-", "\\", " ", "\n", "\t", "0", "a", "é"]
PIECES += ["http://a.b", "```", "> ", "- ", "1. ", "שלום", "👍", "\u202e", "&amp;", "@Dana", "[x](https://y.z)"]
PIECES += ["www.a.b", "* * *"]
MARKUP = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
PEOPLE = {"Dana": "u_dana", "Miriam B.": "u_miriam", "Miriam": "u_other"}


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@given(PLAIN)
def test_plain_text_is_shown_as_typed(body: str) -> None:
    assert shown_text(parse(body)) == body


@given(st.one_of(MARKUP, st.text()))
@example("[a](http://b.c 'title')")
@example(">" * 60 + "a")
@example("```")
@example("&lt;&#65;")
def test_no_letter_is_ever_lost(body: str) -> None:
    blocks = parse(body, PEOPLE)
    assert blocks
    typed = letters(body)
    hidden = "".join(run.target for block in blocks for run in block.runs if Style.LINK in run.style)
    hidden += "".join(block.language for block in blocks)
    shown = letters(shown_text(blocks))
    assert len(shown) <= len(typed)
    assert not set(typed) - set(shown) - set(hidden)
    assert bool(shown_text(blocks).strip()) == bool(body.strip())


@given(st.one_of(MARKUP, st.text()))
def test_links_lead_only_where_links_may(body: str) -> None:
    for block in parse(body):
        for run in block.runs:
            assert Style.LINK not in run.style or is_link(run.target)


def styles(body: str) -> list[tuple[str, Style]]:
    return [(run.text, run.style) for block in parse(body, PEOPLE) for run in block.runs]


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        ("a **b** c", [("a ", Style.PLAIN), ("b", Style.BOLD), (" c", Style.PLAIN)]),
        ("*b* ~~c~~", [("b", Style.ITALIC), (" ", Style.PLAIN), ("c", Style.STRIKE)]),
        ("**a *b***", [("a ", Style.BOLD), ("b", Style.BOLD | Style.ITALIC)]),
        ("`*a*`", [("*a*", Style.CODE)]),
        ("snake_case_name", [("snake_case_name", Style.PLAIN)]),
        ("2*3*4 = 24", [("2*3*4 = 24", Style.PLAIN)]),
        ("un*believ*able **ve**ry", [("un*believ*able **ve**ry", Style.PLAIN)]),
        ("[2*3*4](https://x.org/)", [("2*3*4", Style.LINK)]),
        ("(*it*), *2*3*", [("(", Style.PLAIN), ("it", Style.ITALIC), ("), ", Style.PLAIN), ("2*3", Style.ITALIC)]),
        ("¯\\_(ツ)_/¯", [("¯\\_(ツ)_/¯", Style.PLAIN)]),
        ("hi @dana!", [("hi ", Style.PLAIN), ("@dana", Style.MENTION), ("!", Style.PLAIN)]),
        ("@Miriam B. and", [("@Miriam B.", Style.MENTION), (" and", Style.PLAIN)]),
        ("a@dana @danas `@dana`", [("a@dana @danas ", Style.PLAIN), ("@dana", Style.CODE)]),
    ],
)
def test_inline_styles(body: str, runs: list[tuple[str, Style]]) -> None:
    assert styles(body) == runs


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("see https://x.org/a_b_(c)). Then", "https://x.org/a_b_(c)"),
        ("(http://x.org/?q=1&r=2)", "http://x.org/?q=1&r=2"),
        ("mail mailto:dana@example.org now", "mailto:dana@example.org"),
        ("[the page](https://x.org/)", "https://x.org/"),
        ("www[www.x.org](https://y.org/)", "https://y.org/"),
    ],
)
def test_links(body: str, target: str) -> None:
    assert [run.target for block in parse(body) for run in block.runs if Style.LINK in run.style] == [target]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("www.example.org", "www.example.org"),
        ("(see www.example.org/a_b?c=d, please)", "www.example.org/a_b?c=d"),
        ("**Www.Example.org**: there", "Www.Example.org"),
        ("at www.example.org. Then", "www.example.org"),
        ("<www.example.org>", "www.example.org"),
        ("www.בית-ספר.example.org:8080/x", "www.בית-ספר.example.org:8080/x"),
    ],
)
def test_an_address_without_its_scheme_is_a_link_shown_as_typed(body: str, text: str) -> None:
    blocks = parse(body)
    assert shown_text(blocks) == body.replace("**", "")
    assert [(run.text, run.target) for block in blocks for run in block.runs if Style.LINK in run.style] == [
        (text, f"https://{text}")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "file.py and week-7.pdf at example.org",
        "www. and www.. or www.example, www.-a.b www.a..b",
        "awww.example.org me@www.example.org a.www.example.org x-www.example.org",
        "ftp://www.example.org \\\\www.example.org\\share",
        "`www.example.org`",
    ],
)
def test_what_is_no_address_is_no_link(body: str) -> None:
    assert not [run for block in parse(body) for run in block.runs if Style.LINK in run.style]


@pytest.mark.parametrize(
    "body",
    [
        "<b>bold</b> <img src='file:///etc/passwd'> <table><tr><td>x",
        "&lt;b&gt; &amp; &#65;",
        "[click](javascript:alert(1)) [x](file:///etc/passwd) [y](data:text/html,x)",
        "javascript:alert(1) file:///etc/passwd xhttp://a.b",
        "![x](file:///a.png)",
        "[nowhere]() and [*]( )",
        "# no heading\n---\n===\n| a | b |\n|---|---|",
        "[a]: http://b.c\n[a]",
        "\x1b[31mred\x1b[0m \x07",
        "\u202eabc\u202d \u2066x",
        "   indented\n      more\n\n\n\nlast   ",
    ],
)
def test_hostile_and_foreign_markup_is_shown_as_typed(body: str) -> None:
    shown = shown_text(parse(body))
    if "a]: http" in body:
        assert letters(shown) == letters(body)
    else:
        assert shown.rstrip() == body.rstrip()


def test_blocks() -> None:
    blocks = parse("> quoted\n> more\n\n1. one\n1. two\n   - inner\n\n```python\nx = 1\n  y\n```\nend")
    assert [(block.kind, block.quote, block.indent, block.marker) for block in blocks] == [
        (BlockKind.TEXT, 1, 0, ""),
        (BlockKind.TEXT, 0, 1, "1."),
        (BlockKind.TEXT, 0, 1, "1."),
        (BlockKind.TEXT, 0, 2, "•"),
        (BlockKind.CODE, 0, 0, ""),
        (BlockKind.TEXT, 0, 0, ""),
    ]
    assert blocks[4].language == "python"
    assert blocks[4].runs == (Run("x = 1\n  y", Style.CODE),)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("a\n\n* * *\n\nb", "a\n\n* * *\n\nb"),
        ("a\n- -\nb", "a\n- -\nb"),
        ("- a\n- - b\n- c", "• a\n- - b\n• c"),
        ("- 5. May", "- 5. May"),
        ("> - - -\n\nb", "- - -\n\nb"),
        ("- \n\n\nhello", "• \n\n\nhello"),
        ("- a\n-\n- b\n\n3. \n\nc", "• a\n• \n• b\n\n3. \n\nc"),
        ("- \n  - b", "• \n• b"),
        ("- >\n\nb", "• \n\nb"),
    ],
)
def test_no_marker_is_lost_or_given_to_another_block(body: str, shown: str) -> None:
    assert shown_text(parse(body)) == shown


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("> q\nmy answer", [("q", 1, 0, 0), ("my answer", 0, 0, 0)]),
        ("> q\n\n\nmy answer\nto it", [("q", 1, 0, 0), ("my answer\nto it", 0, 0, 2)]),
        ("> q\n>\n> r\nmine\n> s", [("q", 1, 0, 0), ("r", 1, 0, 1), ("mine", 0, 0, 0), ("s", 1, 0, 0)]),
        (">> inner\n> outer\nmine", [("inner", 2, 0, 0), ("outer", 1, 0, 0), ("mine", 0, 0, 0)]),
        (">> inner\nmine", [("inner", 2, 0, 0), ("mine", 0, 0, 0)]),
        ("> - a\n> - b\nmine", [("a", 1, 1, 0), ("b", 1, 1, 0), ("mine", 0, 0, 0)]),
        ("> - a\n>   b\n> c", [("a\nb\nc", 1, 1, 0)]),
        ("- > q\n  mine\n- b", [("q", 1, 1, 0), ("mine", 0, 1, 0), ("b", 0, 1, 0)]),
        ("- > q\nmine", [("q", 1, 1, 0), ("mine", 0, 0, 0)]),
        ("- > q\n- b\ngoes on", [("q", 1, 1, 0), ("b\ngoes on", 0, 1, 0)]),
        ("> ```\n> x\n> ```\nmine", [("x", 1, 0, 0), ("mine", 0, 0, 0)]),
        ("> ```\n> x\nmine", [("x", 1, 0, 0), ("mine", 0, 0, 0)]),
        ("> q\n- a\n- b", [("q", 1, 0, 0), ("a", 0, 1, 0), ("b", 0, 1, 0)]),
    ],
)
def test_a_line_without_its_sign_ends_a_quote(body: str, blocks: list[tuple[str, int, int, int]]) -> None:
    assert [(block.text, block.quote, block.indent, block.gap) for block in parse(body)] == blocks


@pytest.mark.parametrize(
    ("body", "quotes"),
    [
        ("> - a", [(0,)]),
        ("- > q\n- b", [(1,), ()]),
        ("- a\n  - > > q\n    > r", [(), (2, 2), (2,)]),
        ("> - > q\n>   - a\n>\n> b", [(0, 1), (0,), (0,)]),
        ("- >\n- b", [(1,), ()]),
    ],
)
def test_a_quote_knows_the_indent_it_began_at(body: str, quotes: list[tuple[int, ...]]) -> None:
    assert [block.quotes for block in parse(body)] == quotes


def test_an_empty_item_or_quote_is_a_block_of_its_own() -> None:
    blocks = parse("- a\n-\n\n>\n\nb")
    assert [(block.text, block.quote, block.indent, block.marker) for block in blocks] == [
        ("a", 0, 1, "•"),
        ("", 0, 1, "•"),
        ("", 1, 0, ""),
        ("b", 0, 0, ""),
    ]


def test_mentions_are_found_once_in_order() -> None:
    assert mentioned("@miriam b. @Dana @dana `@Miriam`", PEOPLE) == ("u_miriam", "u_dana")
    assert mentioned("nobody", PEOPLE) == ()


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt(parse("a\n\n**b**\tc")) == "a b c"
    assert len(excerpt(parse("word " * 100), 50)) == 50


@pytest.mark.parametrize(
    "body",
    [
        "*" * 4000,
        "[`" * 2000,
        "**a " * 1000,
        "> " * 2000 + "x",
        "- " * 2000,
        "[" * 4000,
        "_a_" * 1300,
        "e" + "\u0301" * 4000,
        "www." * 1000,
        " www.a.b(" * 444,
        "- - " * 1000,
        "2*" * 2000,
    ],
    ids=lambda body: repr(body[:4]),
)
def test_no_body_takes_long(body: str) -> None:
    started = time.process_time()
    parse(body)
    assert time.process_time() - started < within(0.5)
