"""What the commands that look after a data directory tell a program: `mrsambosk backup … --json`, a line each."""

import msgspec


class Copied(msgspec.Struct, frozen=True):
    """What `backup` made."""

    file: str


class KeptFile(msgspec.Struct, frozen=True):
    """One backup: when it was made (Unix milliseconds), its bytes, its messages; None where they can't be counted."""

    file: str
    made_at: int
    bytes: int
    messages: int | None


class Kept(msgspec.Struct, frozen=True):
    """All backups of a data directory, the newest first."""

    backups: tuple[KeptFile, ...]


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Args:
        kept: where the replaced database is now.
        deletions, people: how many messages were wiped, and people's standing changed, as they had been since.
        complete: whether all that was taken away since is taken away again, as far as anybody can know.
        continued: whether the replaced database is known to have gone on from the backup; only then more than
            deletions is done again.
    """

    file: str
    kept: str | None
    deletions: int
    people: int
    complete: bool
    continued: bool


class VerifiedFile(msgspec.Struct, frozen=True):
    """One database: whether all is in order, and what is wrong, in a sentence."""

    file: str
    good: bool
    problem: str


class Verified(msgspec.Struct, frozen=True):
    """What `verify` looked at: the room's own database first, then its backups, the newest first."""

    files: tuple[VerifiedFile, ...]
