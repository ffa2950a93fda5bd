"""The short form of every check, in the normal suite; with ``-m long`` also that each sees its planted fault."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import checks
from tests.faults.__main__ import BEGIN, END, PAGE, run
from tests.faults.stage import Check

NAMED = pytest.mark.parametrize("it", checks(), ids=lambda it: it.name.replace(" ", "-"))


@NAMED
def test_survives(it: Check, record_property: Callable[[str, object], None]) -> None:
    seed = os.urandom(4).hex()
    record_property("seed", seed)
    result, figure = run(it, it.short, seed, planted=False, short=True, minutes=None)
    if result == "skipped":
        pytest.skip(figure)
    assert result == "passed", f"{figure} (seed {seed})"


@pytest.mark.long
@NAMED
def test_sees_its_planted_fault(it: Check) -> None:
    result, figure = run(it, it.short, os.urandom(4).hex(), planted=True, short=True, minutes=None)
    if result == "skipped":
        pytest.skip(figure)
    assert result == "caught", figure


def test_every_check_has_its_row() -> None:
    page = Path(PAGE).read_text("utf-8")
    table = page[page.index(BEGIN) : page.index(END)]
    missing = [it.name for it in checks() if f"| {it.name} |" not in table]
    assert not missing
