"""Themes: every text can be read on every ground it stands on."""

import itertools
import json
import math
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor

from mrsambosk_desktop.delegates.tokens import (
    FOCUS_ON_GROUND,
    PEOPLE_GROUNDS,
    TEXT_ON_GROUND,
    THEMES,
    ThemeName,
    Tokens,
    initials,
    load_tokens,
)
from mrsambosk_desktop.paths import resource

LEAST = {"light": 4.5, "dark": 4.5, "high_contrast": 7.0}


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def pairs(tokens: Tokens) -> Iterator[tuple[str, float]]:
    for text, grounds in TEXT_ON_GROUND.items():
        for ground in grounds:
            yield f"{text} on {ground}", contrast(getattr(tokens, text), getattr(tokens, ground))
    for colour in tokens.people_text:
        for ground in PEOPLE_GROUNDS:
            yield f"{colour.name()} on {ground}", contrast(colour, getattr(tokens, ground))
    for colour in tokens.people_fill:
        yield f"initials on {colour.name()}", contrast(tokens.on_people, colour)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_can_be_read_on_its_ground(name: ThemeName) -> None:
    tokens = load_tokens(name)
    assert [f"{what}: {ratio:.2f}" for what, ratio in pairs(tokens) if ratio < LEAST[name]] == []


@pytest.mark.parametrize("name", THEMES)
def test_the_focus_shows_on_every_ground(name: ThemeName) -> None:
    tokens = load_tokens(name)
    ratios = {
        f"{ring} on {ground}": contrast(getattr(tokens, ring), getattr(tokens, ground))
        for ring, grounds in FOCUS_ON_GROUND.items()
        for ground in grounds
    }
    assert {what: round(ratio, 2) for what, ratio in ratios.items() if ratio < 3} == {}


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_is_whole_and_holds_nothing_else(name: ThemeName) -> None:
    values = json.loads(resource("themes", f"{name}.json").read_text(encoding="utf-8"))
    assert set(values) == set(Tokens.__dataclass_fields__) - {"places"}
    assert values["name"] == name
    assert len(values["people_text"]) == len(values["people_fill"])


def test_a_person_keeps_their_colour_in_every_theme() -> None:
    light, dark = load_tokens("light"), load_tokens("dark")
    for user in ("u_dana", "u_miriam", "u_yonatan"):
        assert light.people_fill.index(light.person_fill(user)) == dark.people_fill.index(dark.person_fill(user))
    many = {light.person_fill(f"u_{number}").name() for number in range(200)}
    assert len(many) == len(light.people_fill)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Dana", "DA"), ("Miriam B.", "MB"), ("x", "X"), ("…", "?"), ("", "?"), ("Jean-Luc P", "JL"), ("שרה", "שר")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def oklab(colour: QColor) -> tuple[float, float, float]:
    """A colour where equal distances look equally far."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("name", THEMES)
def test_peoples_colours_are_many_and_far_apart(name: ThemeName) -> None:
    tokens = load_tokens(name)
    for colours in (tokens.people_text, tokens.people_fill):
        assert len(colours) >= 14
        places = [oklab(colour) for colour in colours]
        assert min(math.dist(one, other) for one, other in itertools.combinations(places, 2)) > 0.06


def test_peoples_colours_are_as_bright_as_their_initials_let_them_be() -> None:
    for name in ("light", "dark"):
        tokens = load_tokens(name)  # type: ignore[arg-type]
        ratios = [contrast(tokens.on_people, colour) for colour in tokens.people_fill]
        assert max(ratios) < 5


def test_two_people_rarely_share_a_colour() -> None:
    tokens = load_tokens("light")
    fills = [tokens.person_fill(f"u_{number}").name() for number in range(2000)]
    same = sum(one == other for one, other in itertools.pairwise(fills))
    assert same / len(fills) < 0.09
