"""Our own small table of emoji: what they are called, which group they stand in, and those used last."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Final

from PySide6.QtCore import QCoreApplication

from mrsambosk_desktop.paths import resource

translate = QCoreApplication.translate

MOST_RECENT: Final = 16


@dataclass(frozen=True, slots=True)
class Emoji:
    """One of them. The first of `names` is the one it is shown by."""

    group: str
    text: str
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.names[0].replace("_", " ")


@cache
def emoji_table() -> tuple[Emoji, ...]:
    """All of them, in the order of the picker; read when first asked for.

    Raises:
        FileNotFoundError: when the app was not installed whole.
    """
    rows = json.loads(resource("emoji.json").read_text(encoding="utf-8"))
    return tuple(Emoji(group, text, tuple(names)) for group, text, *names in rows)


def find_emoji(wanted: str) -> list[Emoji]:
    """Those with a name like this: exactly so, then beginning so, the shortest first, then with such a later word."""
    wanted = "_".join(wanted.casefold().split())
    found = []
    for place, emoji in enumerate(emoji_table()):
        begins = [len(name) for name in emoji.names if name.startswith(wanted)]
        if begins:
            found.append((0, min(begins), place, emoji))
        elif any(f"_{wanted}" in name for name in emoji.names):
            found.append((1, 0, place, emoji))
    return [emoji for *_, emoji in sorted(found, key=lambda one: one[:3])]


def group_title(group: str) -> str:
    """A group's heading."""
    titles = {
        "faces": translate("Emoji", "Faces"),
        "people": translate("Emoji", "People"),
        "hearts": translate("Emoji", "Hearts"),
        "nature": translate("Emoji", "Nature"),
        "food": translate("Emoji", "Food"),
        "things": translate("Emoji", "Things"),
        "signs": translate("Emoji", "Signs"),
    }
    return titles.get(group, group)


def used(recent: tuple[str, ...], emoji: str) -> tuple[str, ...]:
    """Those used last, this one now the newest."""
    return (emoji, *(one for one in recent if one != emoji))[:MOST_RECENT]
