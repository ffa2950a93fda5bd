"""The report on the app that a person copies when they ask for help: what runs where, how it stands, the last lines.

No body, name, token, code or key is in it, and of an address only what kind it is. It is English whatever the window
speaks: who helps reads it, and compares it with the log.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mrsambosk_protocol.loglines import escape

_LINK: Final = re.compile(r"(?i)mrsambosk:\S+")
#: Addresses, what looks like one, and times of day, which are left.
_NUMBERS: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_COLONS: Final = re.compile(
    r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})(?:%\w+)?(?![\w:])"
)
_ADDRESS: Final = re.compile(f"{_COLONS.pattern}|{_NUMBERS.pattern}", re.IGNORECASE)
#: Names of machines on a network.
_LOCAL: Final = re.compile(r"(?i)(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|home|internal|fritz\.box)(?![\w-])")
#: Keys, tokens of other kinds: long and mixed.
_LONG: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{26,}(?![\w-])")
_BLOCKS: Final = tuple(
    ipaddress.ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
#: Shorter texts are words of our own lines as well.
_TEXT_CHARS: Final = 4


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report tells.

    Args:
        versions: of the app and what it stands on, and the system.
        look: theme, size of text, language and the like.
        connection: how it stands with the host.
        ends: how the last connections ended, the oldest first.
        counts: rooms, people, rows and what waits.
        sizes: of the files of the profile, in bytes.
        log: the last lines.
    """

    versions: Mapping[str, str]
    look: Mapping[str, str]
    connection: Mapping[str, str]
    ends: Sequence[str]
    counts: Mapping[str, int]
    sizes: Mapping[str, int]
    log: Sequence[str]


@dataclass(frozen=True, slots=True)
class Private:
    """What may stand nowhere in a report.

    Args:
        names: of people, hosts, rooms, machines.
        texts: what people wrote.
        folders: paths, with what stands for each.
    """

    names: Collection[str] = ()
    texts: Collection[str] = ()
    folders: Mapping[str, str] | None = None


def report(facts: Facts, private: Private) -> str:
    """The whole of it, to be copied."""
    clean = Cleaner(private)
    lines = ["Report on Mrsambosk", ""]
    lines += [f"{name}: {value}" for name, value in (*facts.versions.items(), *facts.look.items())]
    lines += ["", *(f"{name}: {value}" for name, value in facts.connection.items())]
    lines.append(f"last connections ended with: {', '.join(facts.ends) or 'nothing yet'}")
    lines += ["", *(f"{name}: {count:,}" for name, count in facts.counts.items())]
    lines += [f"{name}: {size:,} bytes" for name, size in facts.sizes.items()]
    lines += ["", "Last lines of the log:", *(clean.line(line) for line in facts.log)]
    return "\n".join(lines) + "\n"


class Cleaner:
    """Makes lines fit for others to read."""

    def __init__(self, private: Private) -> None:
        folders = private.folders or {}
        self._folders = sorted(folders.items(), key=lambda pair: -len(pair[0]))
        texts = {part.strip() for text in private.texts for part in (text, *text.splitlines())}
        self._texts = _any_of(text for text in texts if len(text) >= _TEXT_CHARS)
        self._names = _any_of(name for name in private.names if name.strip())

    def line(self, line: str) -> str:
        """One line, with what is private struck out."""
        for folder, shown in self._folders:
            line = line.replace(folder, shown)
        for pattern, shown in ((self._texts, "[text]"), (self._names, "[name]")):
            if pattern is not None:
                line = pattern.sub(shown, line)
        line = _LINK.sub("[invite]", line)
        line = _ADDRESS.sub(_kind, line)
        return _LONG.sub("[key]", _LOCAL.sub("[machine]", escape(line)))


def _any_of(words: Iterable[str]) -> "re.Pattern[str] | None":
    """One of these, the longest first, and never a part of another word."""
    chosen = sorted({form for word in words for form in (word, escape(word))}, key=len, reverse=True)
    if not chosen:
        return None
    return re.compile(r"(?i)(?<!\w)(?:" + "|".join(re.escape(word) for word in chosen) + r")(?!\w)")


def _kind(found: "re.Match[str]") -> str:
    """What kind of address it is; the text itself where it is none."""
    try:
        ip = ipaddress.ip_address(found[0].partition("%")[0])
    except ValueError:
        # What only looks like one may end with one.
        return _NUMBERS.sub(_kind, found[0]) if ":" in found[0] else found[0]
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_unspecified:
        return found[0]
    kinds = {"this machine": ip.is_loopback, "link-local": ip.is_link_local, "multicast": ip.is_multicast}
    for kind, holds in kinds.items():
        if holds:
            return f"[{kind}]"
    if ip.version == 4:
        return next((f"[in {block}]" for block in _BLOCKS if ip in block), "[public address]")
    return "[in fc00::/7]" if ip.is_private else "[public address]"
