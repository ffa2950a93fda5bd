"""What is being completed where the cursor stands: `@` and part of a person's name, `:` and part of an emoji's; and
what part of a name may mean."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mrsambosk_protocol.entities import GONE, OFFLINE, Room, User

#: How many choices are worth reading.
MOST: Final = 8
_PERSON: Final = re.compile(r"(?:^|(?<=[^\w@]))@([^@\n]{0,32})\Z")
_EMOJI: Final = re.compile(r"(?:^|(?<=[\s(]))(:[+\-\w]{2,32}):?\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """`text` is what follows the sign; `typed` all of it, the sign included, which a choice replaces. `whole` says
    that an emoji's name was closed with a second colon."""

    sign: str
    text: str
    typed: str
    whole: bool = False


def query_before(text: str) -> Query | None:
    """What the text before the cursor asks to be completed, or None."""
    line = text.rpartition("\n")[2]
    if match := _EMOJI.search(line):
        return Query(":", match[1][1:].lower(), match[0], match[0].endswith(":"))
    if match := _PERSON.search(line):
        return Query("@", match[1], match[0])
    return None


def people_for(text: str, users: Iterable[User], me: str) -> list[User]:
    """Who may be meant by what follows an `@`: names that begin so, then names with such a word; who is here first."""
    wanted = text.casefold()
    found = []
    for user in users:
        name = user.name.casefold()
        begins = name.startswith(wanted)
        if user.id == me or user.role == GONE or not name:
            continue
        if begins or any(word.startswith(wanted) for word in name.split()):
            found.append((not begins, user.status == OFFLINE, name, user.id, user))
    return [one[-1] for one in sorted(found, key=lambda one: one[:-1])[:MOST]]


def rooms_for(text: str, rooms: Iterable[Room]) -> list[Room]:
    """Which rooms may be meant: names that begin so, then names with such a word; in the host's order."""
    wanted = text.casefold().removeprefix("#")
    names = [(room.name.casefold(), room) for room in rooms]
    begins = [room for name, room in names if name.startswith(wanted)]
    inside = [room for name, room in names if any(word.startswith(wanted) for word in name.split())]
    return [*begins, *(room for room in inside if room not in begins)][:MOST]
