"""Themes: every text can be read on every ground it stands on."""

import json
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor

from mrsambosk_desktop.delegates.tokens import (
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
def test_a_theme_is_whole_and_holds_nothing_else(name: ThemeName) -> None:
    values = json.loads(resource("themes", f"{name}.json").read_text(encoding="utf-8"))
    assert set(values) == set(Tokens.__dataclass_fields__)
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
