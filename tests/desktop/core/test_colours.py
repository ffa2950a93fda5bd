"""Who gets which colour: the same everywhere, and no two the same while there are enough."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mrsambosk_desktop.core.colours import MOST, place_of, places_of

IDS = st.sets(st.text(min_size=1, max_size=20), max_size=40)


@given(IDS, st.integers(1, 14), st.randoms())
def test_they_are_spread_evenly_in_whatever_order_they_come(ids: set[str], count: int, chance: random.Random) -> None:
    named = list(ids)
    chance.shuffle(named)
    places = places_of(named, count)
    assert places == places_of(ids, count)
    loads = Counter(places.values())
    assert all(0 <= place < count for place in loads)
    if ids:
        assert max(loads.values()) == -(-len(ids) // count)


def test_who_collides_with_nobody_has_the_place_of_the_hash() -> None:
    assert places_of(["u_dana"], 14) == {"u_dana": place_of("u_dana", 14)}


def test_in_a_crowd_the_hash_decides() -> None:
    assert places_of((f"u_{number}" for number in range(MOST + 1)), 14) == {}
