"""Which of a theme's colours a person gets: by a hash of the user id, moved on where somebody else has it already.

A hash alone gives two of five people the same of fourteen colours in half of all rooms. Everybody's window knows the
same people, so all come to the same answer.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

#: Among more people than this, colours are shared anyway.
MOST: Final = 200


def place_of(user_id: str, count: int) -> int:
    """The place of a person in a list of so many colours, whoever else is there."""
    return _digest(user_id)[0] % count


def places_of(user_ids: Iterable[str], count: int) -> dict[str, int]:
    """The places of all people of a host: no two share one while there are enough, and later no place has two more than
    another. Empty for a crowd: then `place_of` holds."""
    ids = sorted(set(user_ids))
    if len(ids) > MOST:
        return {}
    taken = [0] * count
    places = {}
    for user_id in ids:
        first, step = _digest(user_id)
        # One way round for half of the people, the other for the rest: those who collide do not end up in a row.
        tries = [(first + (far if step % 2 else -far)) % count for far in range(count)]
        place = places[user_id] = min(tries, key=lambda place: taken[place])
        taken[place] += 1
    return places


def _digest(user_id: str) -> bytes:
    return blake2b(user_id.encode("utf-8", "surrogatepass"), digest_size=2).digest()
