"""Rows of a timeline as text, for the clipboard."""

from collections.abc import Iterable

from mrsambosk_desktop.core.bodies import shown_text

from .entries import TimelineRow
from .wording import name_of, time_text


def transcript(rows: Iterable[TimelineRow]) -> str:
    """One message: its text as it was written. Several: when and by whom each was written, and how it reads.

    What has no text of a person, deleted rows and those of the system, is left out.
    """
    said = [
        (row, stored) for row in rows if not row.system and not row.deleted and (stored := row.message or row.pending)
    ]
    if len(said) == 1:
        return said[0][1].body
    return "\n".join(f"[{time_text(row.at)}] {name_of(row.author)}: {shown_text(row.blocks)}" for row, _ in said)
