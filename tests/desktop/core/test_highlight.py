"""Code in colours: only of a named language, within bounds, and loaded when first needed."""

import itertools
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_desktop.core.highlight import LANGUAGES, Kind, highlight
from tests.helpers.times import within


def kinds(code: str, language: str) -> dict[str, Kind]:
    return {code[one.start : one.start + one.length]: one.kind for one in highlight(code, language)}


def test_python() -> None:
    code = "def greet(name):  # hello\n    return 'hi' * 2\n"
    assert kinds(code, "py") == {
        "def": Kind.KEYWORD,
        "greet": Kind.NAME,
        "# hello": Kind.COMMENT,
        "return": Kind.KEYWORD,
        "'": Kind.STRING,
        "hi": Kind.STRING,
        "2": Kind.NUMBER,
    }


@pytest.mark.parametrize("language", ["", "nosuch", "text", "../python", "Python3.11"])
def test_what_is_not_named_is_not_guessed(language: str) -> None:
    assert highlight("def f(): return 1", language) == ()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_is_there_and_stands_nonsense(language: str) -> None:
    highlight("x", language)  # the first use loads it
    for code in ("a b c", "(" * 4000, '"' * 3999, "<" * 4000, "{[" * 2000, "\\" * 4000, "a=" * 2000, "\x00\u202e😀"):
        started = time.process_time()
        spans = highlight(code, language)
        assert time.process_time() - started < within(0.1)
        assert all(one.length > 0 and one.start + one.length <= len(code) for one in spans)
        assert [one.start for one in spans] == sorted(one.start for one in spans)


@given(st.text(max_size=300), st.sampled_from(["python", "html", "bash", "yaml", "diff"]))
def test_stretches_never_overlap(code: str, language: str) -> None:
    spans = highlight(code, language)
    assert all(one.start + one.length <= other.start for one, other in itertools.pairwise(spans))


def test_nothing_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys; from mrsambosk_desktop.core.highlight import highlight, is_loaded, load; highlight('x', 'nosuch');"
        "assert is_loaded('nosuch') and not is_loaded('Py') and 'pygments' not in sys.modules; load('py');"
        "assert is_loaded('python') and not is_loaded('c') and 'pygments.lexers.python' in sys.modules;"
        "highlight('int x;', 'c'); assert is_loaded('h')"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
