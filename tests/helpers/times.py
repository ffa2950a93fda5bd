"""How long something may take in a test.

A figure of the design holds on a quiet machine, where `scripts/check --full` proves it. In the everyday suite, on a
machine that does other things too, the same test only tells "at once" from "stuck".
"""

import os
from typing import Final

#: Set by `scripts/check --full`.
STRICT: Final = "MRSAMBOSK_STRICT_TIMES" in os.environ
_PATIENCE: Final = 8.0


def within(seconds: float) -> float:
    """The bound in seconds for what takes at most `seconds` on a quiet machine."""
    return seconds if STRICT else seconds * _PATIENCE
