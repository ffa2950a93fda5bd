"""The backups of the room hosted here, as the window shows them: plain frozen values."""

from dataclasses import dataclass
from enum import Enum, auto


class Soundness(Enum):
    """What is known of a file: `MADE_GOOD`: it was checked when it was made, and not since."""

    MADE_GOOD = auto()
    GOOD = auto()
    DAMAGED = auto()


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup.

    Args:
        made_at: Unix milliseconds.
        messages: how many a person could read in it; None where they can't be counted.
    """

    file: str
    made_at: int
    bytes: int
    messages: int | None
    soundness: Soundness = Soundness.MADE_GOOD


@dataclass(frozen=True, slots=True)
class BackupsPage:
    """How it stands.

    Args:
        folder: where the backups are.
        backups: the newest first; None until they are known.
        busy: what is being done just now, in a sentence; empty for nothing.
        told: what was done, in a sentence.
        problem: what is wrong, in a sentence.
        offered: the file of the backup that should take the place of a damaged room.
    """

    folder: str
    backups: tuple[Backup, ...] | None = None
    busy: str = ""
    told: str = ""
    problem: str = ""
    offered: str = ""


def newest_good(backups: tuple[Backup, ...]) -> Backup | None:
    """Of these, the newest first, the one that a damaged room is best replaced with."""
    return next((backup for backup in backups if backup.soundness is Soundness.GOOD), None)
