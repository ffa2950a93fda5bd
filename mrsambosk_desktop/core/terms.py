"""The words of a search: whether a text holds them, and where to mark them.

By the rules of the host's index, so that what is found here and there is the same: every term must be there, the last
one as the beginning of a word; case and accents do not count; a term that is several words ("well-known") is a phrase.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TERMS: Final = 16
_WORD: Final = re.compile(r"[^\W_]+")
#: A snippet begins so many characters before its first hit, at most: the hit should be on the first line.
_LEAD: Final = 14
#: A hit this near to the beginning shows anyway.
_NEAR: Final = 28


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet; a hit is marked."""

    text: str
    hit: bool = False


class Terms:
    """The words of one query. False when it has none."""

    def __init__(self, query: str) -> None:
        phrases = [_WORD.findall(_folded(term)) for term in query.split()]
        phrases = [phrase for phrase in phrases if phrase][:_TERMS]
        self._words = tuple(word for phrase in phrases for word in phrase)
        self._patterns = tuple(
            _pattern(phrase, is_prefix=number == len(phrases)) for number, phrase in enumerate(phrases, start=1)
        )

    def __bool__(self) -> bool:
        return bool(self._words)

    def match(self, text: str) -> bool:
        """Whether the text holds all of them."""
        folded = _folded(text)
        # Most texts lack a word altogether, and that is told much faster.
        return all(word in folded for word in self._words) and all(found.search(folded) for found in self._patterns)

    def snippet(self, text: str, length: int = 160) -> tuple[Piece, ...]:
        """The text around the first hit, in one line of about `length` characters, the hits apart."""
        line = " ".join(text.split())
        hits = _merged(sorted(self._hits(line)))
        start = _start_before(line, hits[0][0]) if hits else 0
        end = min(start + length, len(line))
        pieces = [Piece("…")] if start else []
        at = start
        for first, last in hits:
            if first >= end:
                break
            pieces += [Piece(line[at:first]), Piece(line[first : min(last, end)], hit=True)]
            at = min(last, end)
        pieces.append(Piece(line[at:end] + ("…" if end < len(line) else "")))
        return tuple(piece for piece in pieces if piece.text)

    def _hits(self, line: str) -> Iterator[tuple[int, int]]:
        folded, places = _folded_with_places(line)
        for pattern in self._patterns:
            for found in pattern.finditer(folded):
                yield places[found.start()], places[found.end() - 1] + 1


def _pattern(phrase: list[str], *, is_prefix: bool) -> re.Pattern[str]:
    words = r"[\W_]+".join(re.escape(word) for word in phrase)
    end = r"[^\W_]*" if is_prefix else ""
    return re.compile(rf"(?<![^\W_]){words}{end}(?![^\W_])")


def _folded(text: str) -> str:
    """Without case and accents."""
    text = text.casefold()
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """As `_folded`; for each of its characters, the place in the text of the one that it came from."""
    folded, places = [], []
    for place, char in enumerate(text):
        part = _folded(char)
        folded.append(part)
        places += [place] * len(part)
    return "".join(folded), places


def _start_before(line: str, hit: int) -> int:
    """A place a few words before the hit, where a word begins."""
    if hit <= _NEAR:
        return 0
    gap = line.find(" ", hit - _LEAD, hit)
    return gap + 1 if gap >= 0 else hit


def _merged(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending spans, those that overlap made one."""
    kept: list[tuple[int, int]] = []
    for first, last in hits:
        if kept and first < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(last, kept[-1][1]))
        else:
            kept.append((first, last))
    return kept
