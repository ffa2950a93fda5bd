"""A fingerprint as words: easier to compare across a room than letters and digits.

Each word stands for one byte of the key's hash, from the first on; ten words are 80 bits, which nobody can forge.
"""

import base64
from typing import Final

_COUNT: Final = 10
_WORDS: Final = tuple(
    """
    acorn actor album alder alley amber anchor angle apple apron arrow artist atlas attic autumn avenue badge
    baker bamboo banana banjo barley basil basket beach beacon beaver bench berry bicycle birch biscuit
    blanket bonfire border bottle bread breeze bridge brook broom bubble bucket butter button cabin cactus
    camel camera candle canoe canyon captain carpet carrot castle cedar cellar cement chair chalk cherry
    chimney chorus cider circle circus clover coast cobalt coffee comet compass copper coral corner cotton
    cousin cradle crater cricket crown crystal curtain cushion daisy dancer desert diamond dinner doctor
    dolphin donkey dragon drawer drummer eagle early earth echo elbow elder ember engine falcon farmer
    feather fence ferry fiddle finger flannel flute forest fossil fountain fox garden garlic gentle ginger
    glacier glove goblet gold goose granite grape gravel guitar hammer harbor harp harvest hazel helmet heron
    hiking honey horizon hotel hunter iceberg igloo indigo island ivory jacket jasmine jelly jigsaw jungle
    juniper kayak kettle kitchen kiwi ladder lagoon lantern lemon letter library lily linen lion lizard
    lobster locket lumber magnet mango maple marble market meadow melon mirror monkey moon mosaic motor
    mountain museum mustard napkin needle nickel night nutmeg oak oasis ocean olive onion orange orchard
    otter owl oyster paddle palace panda paper parrot peach pebble pencil pepper piano pillow pilot pine
    planet plum pocket pond poppy potato prairie pumpkin puzzle quartz quilt rabbit radio rain ranch raven
    ribbon river robin rocket rose saddle saffron salmon sandal satin scarf school shadow shelf silver
    slipper spoon squash star stone storm sugar summer table teapot tiger timber
    """.split()  # noqa: SIM905
)


def words_of(fingerprint: str) -> tuple[str, ...]:
    """Ten words for a fingerprint (`host.id`: 52 letters and digits of base32).

    Raises:
        ValueError: it is no fingerprint.
    """
    digest = base64.b32decode(fingerprint + "=" * (-len(fingerprint) % 8))
    if len(digest) != 32:
        raise ValueError("a fingerprint has 256 bits")
    return tuple(_WORDS[byte] for byte in digest[:_COUNT])
