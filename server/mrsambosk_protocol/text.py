"""What a body, a name and a reaction may hold, and how a name is compared.

Each `check_…` gives back the text to store or raises `Refused`.
Both ends call them: the app before it sends, the host before it stores.
"""

import re
import unicodedata
from typing import Final

from .limits import EMOJI_BYTES, Limits, Refused

# Not white space to `str.isspace`, yet nothing a person could see.
_INVISIBLE: Final = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180e\u180f")
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ZWNJ: Final = "\u200c"
_ZWJ: Final = "\u200d"
_VARIATION: Final = "\ufe0f"

# Extended_Pictographic of Unicode 15.1 (emoji-data.txt), joined where only unassigned code points lie between.
_PICTOGRAPH: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705"
    "\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f"
    "\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff"
    "\U0001fc00-\U0001fffd"
)
# The grammar of UTS #51: a flag, a keycap, or pictographs (with presentation, skin tone or tags) joined by ZWJ.
_ELEMENT: Final = rf"[{_PICTOGRAPH}](?:[\U0001f3fb-\U0001f3ff]|\ufe0f)?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_EMOJI: Final = re.compile(
    rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|[\U0001f3fb-\U0001f3ff]|{_ELEMENT}(?:\u200d{_ELEMENT})*)\Z"
)
_SPACES: Final = re.compile(r"\s+")


def check_body(body: str, rules: Limits) -> str:
    """A message's text, unchanged.

    Raises:
        Refused: `too_long` past `body_chars` code points; `bad_text` where it is blank, holds U+0000 or a lone
            surrogate, more than `body_newlines` line breaks, or more than `body_marks` combining marks in a row.
    """
    if len(body) > rules.body_chars:
        raise Refused("too_long", f"A message can have at most {rules.body_chars:,} characters.")
    if body.isascii():
        # Nearly every message: no marks, nothing invisible but the control characters.
        if body.isspace() or not body:
            raise Refused("bad_text", "A message cannot be blank.")
        if "\0" in body:
            raise Refused("bad_text", "A message cannot hold the character U+0000.")
    else:
        _check_unicode(body, rules)
    if body.count("\n") > rules.body_newlines or len(body.splitlines()) > rules.body_newlines + 1:
        raise Refused("bad_text", f"A message can have at most {rules.body_newlines} line breaks.")
    return body


def _check_unicode(body: str, rules: Limits) -> None:
    marks = 0
    blank = True
    for char in body:
        category = unicodedata.category(char)
        if category[0] == "M":
            marks += 1
            if marks > rules.body_marks:
                raise Refused("bad_text", f"A message can have at most {rules.body_marks} combining marks in a row.")
            continue
        marks = 0
        if char == "\0" or category == "Cs":
            raise Refused("bad_text", "A message cannot hold the character U+0000 or half of a surrogate pair.")
        if blank and not char.isspace() and category not in ("Cc", "Cf") and char not in _INVISIBLE:
            blank = False
    if blank:
        raise Refused("bad_text", "A message cannot be blank.")


def check_name(name: str, rules: Limits) -> str:
    """A person's, room's or host's name as it is kept: NFKC, without outer spaces, inner ones single.

    Raises:
        Refused: `bad_name`.
    """
    # Longer input cannot become short enough in any way a person means; normalising it could be slow.
    if len(name) > 8 * rules.name_chars:
        raise Refused("bad_name", f"A name can have at most {rules.name_chars} characters.")
    kept = unicodedata.normalize("NFKC", name).strip(" \u3000")
    if any(_is_control(char) for char in kept):
        raise Refused("bad_name", "A name cannot hold control or direction characters.")
    kept = _SPACES.sub(" ", kept).strip()
    if len(kept) > rules.name_chars:
        raise Refused("bad_name", f"A name can have at most {rules.name_chars} characters.")
    marks = 0
    for place, char in enumerate(kept):
        if char in (_ZWJ, _ZWNJ) and not (
            0 < place < len(kept) - 1 and _may_join(kept[place - 1]) and _may_join(kept[place + 1])
        ):
            raise Refused("bad_name", "A name holds an invisible joiner where it joins nothing.")
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks > rules.body_marks:
            raise Refused("bad_name", "A name holds too many combining marks in a row.")
    if not any(unicodedata.category(char)[0] in "LNPS" and char not in _INVISIBLE for char in kept):
        raise Refused("bad_name", "A name needs at least one visible character.")
    return kept


def name_key(name: str) -> str:
    """What makes two names the same: the kept name, case-folded, normalised again, joiners dropped."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(char for char in folded if char not in (_ZWJ, _ZWNJ, _VARIATION) and char not in _INVISIBLE)


def check_emoji(emoji: str) -> str:
    """One emoji sequence of at most 32 bytes.

    Raises:
        Refused: `bad_field`.
    """
    if len(emoji.encode("utf-8", "surrogatepass")) > EMOJI_BYTES or not _EMOJI.match(emoji):
        raise Refused("bad_field", "A reaction is one emoji.")
    return emoji


def _is_control(char: str) -> bool:
    """Whether it is a control, surrogate, private, unassigned, separator, direction or format character."""
    if char in (_ZWJ, _ZWNJ):
        return False
    return char in _BIDI or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _may_join(char: str) -> bool:
    """Whether a joiner may stand beside this: a letter, a mark (Indic viramas, variation selectors) or an emoji."""
    return unicodedata.category(char)[0] in "LM" or _EMOJI.match(char) is not None
