"""The colours of a theme: named tokens read from `resources/themes`, so that no widget holds a colour of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

from PySide6.QtGui import QColor

from mrsambosk_desktop.core.colours import place_of
from mrsambosk_desktop.paths import resource

ThemeName = Literal["light", "dark", "high_contrast"]
THEMES: Final[tuple[ThemeName, ...]] = get_args(ThemeName)


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """One theme. A ground and the text on it belong together; `TEXT_ON_GROUND` lists which do.

    `…_fill` is a ground for a control, `focus_on_fill` rings what has such a ground, where `focus` would not show;
    `people_text` and `people_fill` are lists with a place for each person; `places` is not of the theme: it says which
    place somebody has, others have the one of their hash (`core.colours`).
    """

    name: str
    dark: bool
    ground: QColor
    side: QColor
    panel: QColor
    field: QColor
    line: QColor
    text: QColor
    muted: QColor
    accent: QColor
    accent_fill: QColor
    accent_hover: QColor
    on_accent: QColor
    link: QColor
    own: QColor
    own_text: QColor
    own_muted: QColor
    own_link: QColor
    own_code: QColor
    own_line: QColor
    other: QColor
    other_muted: QColor
    other_code: QColor
    code_text: QColor
    code_keyword: QColor
    code_name: QColor
    code_string: QColor
    code_number: QColor
    code_comment: QColor
    own_code_keyword: QColor
    own_code_name: QColor
    own_code_string: QColor
    own_code_number: QColor
    own_code_comment: QColor
    selection: QColor
    selection_text: QColor
    hover: QColor
    mention: QColor
    danger: QColor
    danger_fill: QColor
    on_danger: QColor
    danger_soft: QColor
    ok: QColor
    away: QColor
    busy: QColor
    offline: QColor
    chip: QColor
    chip_on: QColor
    focus: QColor
    focus_on_fill: QColor
    flash: QColor
    pill: QColor
    pill_text: QColor
    pill_line: QColor
    banner: QColor
    banner_text: QColor
    good: QColor
    good_text: QColor
    shadow: QColor
    people_text: tuple[QColor, ...]
    people_fill: tuple[QColor, ...]
    on_people: QColor
    places: Mapping[str, int]

    def person_text(self, user_id: str) -> QColor:
        """The colour of a person's name."""
        return self.people_text[self._place(user_id)]

    def person_fill(self, user_id: str) -> QColor:
        """The ground of a person's initials."""
        return self.people_fill[self._place(user_id)]

    def _place(self, user_id: str) -> int:
        place = self.places.get(user_id)
        return place_of(user_id, len(self.people_fill)) if place is None else place

    def style_values(self) -> dict[str, str]:
        """Every single colour by its name, as a style sheet writes it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.name() for name, value in values.items() if isinstance(value, QColor)}


#: Every text token and the grounds the app puts it on; a test measures each pair in each theme.
TEXT_ON_GROUND: Final[dict[str, tuple[str, ...]]] = {
    "text": ("ground", "side", "panel", "field", "hover", "other", "chip", "flash", "danger_soft"),
    "muted": ("ground", "side", "panel", "field", "hover", "danger_soft"),
    "accent": ("ground",),
    "link": ("ground", "other", "mention", "selection"),
    "on_accent": ("accent_fill", "accent_hover"),
    "own_text": ("own", "own_code"),
    "own_muted": ("own",),
    "own_link": ("own",),
    "other_muted": ("other", "ground"),
    "code_text": ("other_code",),
    "code_keyword": ("other_code",),
    "code_name": ("other_code",),
    "code_string": ("other_code",),
    "code_number": ("other_code",),
    "code_comment": ("other_code",),
    "own_code_keyword": ("own_code",),
    "own_code_name": ("own_code",),
    "own_code_string": ("own_code",),
    "own_code_number": ("own_code",),
    "own_code_comment": ("own_code",),
    "selection_text": ("selection", "chip_on"),
    "danger": ("ground", "side", "panel", "field", "hover", "danger_soft", "selection"),
    "on_danger": ("danger_fill",),
    "pill_text": ("pill",),
    "banner_text": ("banner",),
    "good_text": ("good",),
}
#: Every token that rings what has the focus, and what it must stand out from; measured likewise.
FOCUS_ON_GROUND: Final[dict[str, tuple[str, ...]]] = {
    "focus": ("ground", "side", "panel", "field", "other"),
    "focus_on_fill": ("accent_fill", "accent_hover", "own", "ground", "side", "panel", "field"),
}
#: Where the colours of people's names stand.
PEOPLE_GROUNDS: Final = ("ground", "other", "panel")


def load_tokens(name: ThemeName, places: Mapping[str, int] | None = None) -> Tokens:
    """A theme by its name; `places` is looked into whenever a person is drawn.

    Raises:
        FileNotFoundError, ValueError: when it was not installed whole.
    """
    values = json.loads(resource("themes", f"{name}.json").read_text(encoding="utf-8"))
    made: dict[str, object] = {"places": places if places is not None else {}}
    for field in fields(Tokens):
        if field.name in made:
            continue
        value = values[field.name]
        if isinstance(value, list):
            made[field.name] = tuple(QColor(colour) for colour in value)
        else:
            made[field.name] = QColor(value) if isinstance(value, str) and value.startswith("#") else value
    return Tokens(**made)  # type: ignore[arg-type]


def initials(name: str) -> str:
    """One or two letters for a round picture: of the first two words, else the first two letters."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if len(words) >= 2:
        return (words[0][0] + words[1][0]).upper()
    letters = [char for char in name if char.isalnum()]
    return "".join(letters[:2]).upper() or "?"
