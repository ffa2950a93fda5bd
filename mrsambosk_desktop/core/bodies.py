"""A message's text, parsed once into blocks of styled runs that a painter can lay out.

The markup is what people type in chats: **bold**, *italic*, ~~strike~~, `code`, fenced blocks, quotes, lists, links.
It is never HTML, nothing is loaded, and whatever is not understood is shown as it was typed: when parsing would lose a
single letter or digit, the whole body is shown plain.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

#: The only schemes a link may have.
SCHEMES: Final = frozenset({"http", "https", "mailto"})

_MAYBE_MARKUP: Final = re.compile(r"[*_~`\[@]|^ {0,3}(?:>|[-+*] |\d{1,9}[.)] )", re.MULTILINE)
_TWO_MARKERS: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)])[ \t]+(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_URL_REST: Final = re.compile(r"[^\s<>\"“”«»`\u0000-\u001f]+")
#: Behind `www.` there must be a name of two parts; whether it exists is nobody's guess.
_WWW_REST: Final = re.compile(r"(?=[^\W_][\w-]*\.[^\W_])" + _URL_REST.pattern)
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#._-]{1,20}")
_MARKERS: Final = frozenset("*_~`[@")
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
#: A link's end is looked for from each bracket: nobody types this many, and they would hold up the window.
_MOST_BRACKETS: Final = 400
_TRAILING: Final = ".,:;!?'\"*_~…"


class Style(Flag):
    """How a run looks. `LINK` and `MENTION` have a target."""

    PLAIN = 0
    BOLD = auto()
    ITALIC = auto()
    STRIKE = auto()
    CODE = auto()
    LINK = auto()
    MENTION = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style. `target` is the address of a link or the user id of a mention."""

    text: str
    style: Style = Style.PLAIN
    target: str = ""


class BlockKind(Enum):
    """A paragraph, or a fenced block that keeps its lines."""

    TEXT = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or fenced block. `indent` counts the lists it is in, `quotes` has a number for each quote, from the
    outermost: the lists that one is in itself. `gap` counts the blank lines typed above it."""

    runs: tuple[Run, ...]
    kind: BlockKind = BlockKind.TEXT
    quotes: tuple[int, ...] = ()
    indent: int = 0
    marker: str = ""
    gap: int = 0
    language: str = ""

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def quote(self) -> int:
        return len(self.quotes)


Blocks = tuple[Block, ...]


def parse(body: str, people: Mapping[str, str] | None = None) -> Blocks:
    """The body's blocks, at least one, in order.

    Args:
        people: name → user id of those whose ``@name`` is to be marked.
    """
    lower = body.lower()
    www = "www." in lower
    if not (www or "://" in lower or "mailto:" in lower or _MAYBE_MARKUP.search(body)):
        return _plain(body)
    if body.count("[") > _MOST_BRACKETS:
        return _plain(body)
    env = {"people": sorted((people or {}).items(), key=lambda item: -len(item[0]))}
    blocks = tuple(_blocks((_MARKDOWN_WWW if www else _MARKDOWN).parse(body, env)))
    return blocks if _is_whole(body, blocks) else _plain(body)


def shown_text(blocks: Blocks) -> str:
    """What a reader sees, markers of lists included, as plain text."""
    lines: list[str] = []
    for block in blocks:
        lines.extend("" for _ in range(block.gap))
        lines.append(f"{block.marker} {block.text}" if block.marker else block.text)
    return "\n".join(lines)


def excerpt(blocks: Blocks, length: int = 200) -> str:
    """The text in one line of at most `length` characters, for quotes and spoken sentences."""
    line = " ".join(shown_text(blocks).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def mentioned(body: str, people: Mapping[str, str]) -> tuple[str, ...]:
    """The user ids whose ``@name`` stands in the body outside code, each once, in order.

    Args:
        people: name → user id of everyone who could be meant.
    """
    found = (run.target for block in parse(body, people) for run in block.runs if Style.MENTION in run.style)
    return tuple(dict.fromkeys(found))


def is_link(target: str) -> bool:
    """Whether this is an address the app may offer to open."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.netloc or (parts.scheme.lower() == "mailto" and parts.path))


def _plain(body: str) -> Blocks:
    return (Block((Run(body),)),)


def _is_whole(body: str, blocks: Blocks) -> bool:
    """One guard for every way a parser can swallow text: too deep a nest, a link's title, a link to nowhere, a lone
    fence."""
    if any(Style.LINK in run.style and not is_link(run.target) for block in blocks for run in block.runs):
        return False
    return _letters(body) == _letters("".join(_everything(blocks))) and bool(shown_text(blocks).strip())


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _everything(blocks: Blocks) -> Iterator[str]:
    """All that was typed for the blocks, in order, hidden parts included."""
    for block in blocks:
        yield block.marker
        yield block.language
        target = ""
        for run in block.runs:
            if target and run.target != target:
                yield target
            # A bare address is its own target, with or without its scheme; a mention's is an id that nobody typed.
            target = run.target if Style.LINK in run.style and not _is_bare(run) else ""
            yield run.text
        yield target


def _is_bare(run: Run) -> bool:
    return run.target == run.text or (run.text[:4].lower() == "www." and run.target == f"https://{run.text}")


#: Where an item or a quote that nothing was written in is over.
_TURNS: Final = frozenset({"list_item_close", "blockquote_close", "bullet_list_open", "ordered_list_open"})


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    quotes: tuple[int, ...] = ()
    indent = 0
    marker = ""
    line = start = 0
    # Whether an item or a quote has begun that has no block yet, at the line `start`.
    empty = False
    for token in tokens:
        if empty and token.type in _TURNS and (marker or token.nesting < 0):
            yield Block((), BlockKind.TEXT, quotes, indent, marker, _gap(line, start))
            marker, line, empty = "", start + 1, False
        if token.type == "blockquote_open":
            quotes = (*quotes, indent)
            start, empty = (token.map or (line, line))[0], True
        elif token.type == "blockquote_close":
            quotes = quotes[:-1]
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            indent += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            indent -= 1
        elif token.type == "list_item_open":
            # The number as it was typed, not as Markdown would count.
            marker = f"{token.info}{token.markup}" if token.info else "•"
            start, empty = (token.map or (line, line))[0], True
        elif token.type in ("inline", "fence"):
            start, end = token.map or (line, line)
            kind = BlockKind.CODE if token.type == "fence" else BlockKind.TEXT
            runs, language = _fence(token) if kind is BlockKind.CODE else (tuple(_runs(token.children or [])), "")
            yield Block(runs, kind, quotes, indent, marker, _gap(line, start), language)
            marker, line, empty = "", end, False


def _gap(line: int, start: int) -> int:
    """The blank lines between the line after a block and the start of the next; those above the first do not count."""
    return max(start - line, 0) if line else 0


def _fence(token: Token) -> tuple[tuple[Run, ...], str]:
    info = token.info.strip()
    content = token.content.removesuffix("\n")
    if _LANGUAGE.fullmatch(info):
        return (Run(content, Style.CODE),), info
    return (Run(f"{info}\n{content}" if info else content, Style.CODE),), ""


_SWITCHES: Final = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}


def _runs(tokens: list[Token]) -> Iterator[Run]:
    style = Style.PLAIN
    target = ""
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if switch := _SWITCHES.get(name):
            style = style | switch if edge == "open" else style & ~switch
        elif token.type == "link_open":
            style, target = style | Style.LINK, str(token.attrs["href"])
        elif token.type == "link_close":
            style, target = style & ~Style.LINK, ""
        elif token.type == "mention":
            yield Run(token.content, style | Style.MENTION, token.meta["user"])
        elif token.type == "code_inline":
            yield Run(token.content, style | Style.CODE, target)
        elif token.content:
            yield Run(token.content, style, target)


def _two_markers(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    """A block rule: `* * *`, `- - x` and `- 5. May` are no lists within lists, but a line shown as typed."""
    start = state.bMarks[line] + state.tShift[line]
    if not _TWO_MARKERS.match(state.src, start, state.eMarks[line]):
        return False
    if not silent:
        state.line = line + 1
        state.push("paragraph_open", "p", 1).map = [line, line + 1]
        token = state.push("inline", "", 0)
        token.content = state.src[start : state.eMarks[line]].rstrip()
        token.map, token.children = [line, line + 1], []
        state.push("paragraph_close", "p", -1)
    return True


def _quote_end(_state: StateBlock, _line: int, _end: int, silent: bool) -> bool:
    """A block rule that is no block, only what ends a quote: any line without its `>`. To Markdown it would go on with
    the quote, but in a chat it is the answer."""
    return silent


def _backslash(state: StateInline, silent: bool) -> bool:
    """An inline rule: after a backslash nothing is markup, and both are shown as typed, so that ¯\\_(ツ)_/¯ keeps its
    arms and a path its separators."""
    if state.src[state.pos] != "\\" or state.src[state.pos + 1 : state.pos + 2] not in _MARKERS:
        return False
    if not silent:
        state.pending += state.src[state.pos : state.pos + 2]
    state.pos += 2
    return True


def _inner_stars(state: StateInline, silent: bool) -> bool:
    """An inline rule: stars between letters or digits are shown as typed, so that 2*3*4 keeps its signs."""
    start = end = state.pos
    if state.src[start] != "*" or not state.src[start - 1 : start].isalnum():
        return False
    while state.src[end : end + 1] == "*":
        end += 1
    if not state.src[end : end + 1].isalnum():
        return False
    if not silent:
        state.pending += state.src[start:end]
    state.pos = end
    return True


#: What a bare address begins with, before the character at which it is found.
_BARE: Final = {":": ("https", "http", "mailto"), ".": ("www",)}
#: Behind these, `www.` is but a part of something that is no address of the web.
_NOT_BEFORE_WWW: Final = frozenset("/\\.@-")


def _bare_link(state: StateInline, silent: bool) -> bool:
    """An inline rule: `http://…`, `https://…` and `mailto:…` typed as they are, and `www.…`, which leads to https.
    Stands at the colon, or behind www."""
    mark = state.src[state.pos]
    # Only the text of a link is looked through silently, and what is pending then stands before it.
    if mark not in _BARE or state.linkLevel > 0 or silent:
        return False
    # Full stops are many, and to look at what is pending takes longer.
    if mark == "." and state.src[max(state.pos - 3, 0) : state.pos].lower() != "www":
        return False
    typed = state.pending.lower()
    head = next((name for name in _BARE[mark] if typed.endswith(name)), None)
    if head is None:
        return False
    before = state.pending[: -len(head)][-1:]
    if before.isalnum() or (mark == "." and before in _NOT_BEFORE_WWW):
        return False
    rest = (_WWW_REST if mark == "." else _URL_REST).match(state.src, state.pos + 1)
    if rest is None:
        return False
    start = state.pos - len(head)
    text = state.src[start : rest.end()].rstrip(_TRAILING)
    while (bracket := text[-1:]) in _BRACKETS and text.count(bracket) > text.count(_BRACKETS[bracket]):
        text = text[:-1].rstrip(_TRAILING)
    target = f"https://{text}" if mark == "." else text
    if not is_link(target):
        return False
    state.pending = state.pending[: -len(head)]
    state.push("link_open", "a", 1).attrs = {"href": target}
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)
    state.pos = start + len(text)
    return True


def _mention(state: StateInline, silent: bool) -> bool:
    """An inline rule: `@name` of someone in `env["people"]`, the longest name first. Stands at the `@`."""
    if state.src[state.pos] != "@" or (state.pos and state.src[state.pos - 1].isalnum()):
        return False
    for name, user in state.env["people"]:
        end = state.pos + 1 + len(name)
        typed = state.src[state.pos + 1 : end]
        if typed.casefold() == name.casefold() and not state.src[end : end + 1].isalnum():
            if not silent:
                token = state.push("mention", "", 0)
                token.content = state.src[state.pos : end]
                token.meta = {"user": user}
            state.pos = end
            return True
    return False


def _keep_indent(state: StateCore) -> None:
    """A core rule: a paragraph outside quotes and lists keeps the spaces its first line began with."""
    lines = state.src.split("\n")
    for token in state.tokens:
        if token.type == "inline" and token.level == 1 and token.map:
            token.content = "\n".join(lines[token.map[0] : token.map[1]]).rstrip()


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": 16})
    parser.enable(["fence", "blockquote", "list", "emphasis", "strikethrough", "backticks", "link"])
    parser.block.ruler.before("list", "two_markers", _two_markers, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.before("paragraph", "quote_end", _quote_end, {"alt": ["blockquote"]})
    parser.inline.ruler.before("backticks", "backslash", _backslash)
    parser.inline.ruler.before("backticks", "bare_link", _bare_link)
    parser.inline.ruler.before("backticks", "mention", _mention)
    parser.inline.ruler.before("emphasis", "inner_stars", _inner_stars)
    parser.core.ruler.before("inline", "keep_indent", _keep_indent)
    parser.validateLink = is_link  # type: ignore[method-assign,assignment]
    parser.normalizeLink = str  # type: ignore[method-assign,assignment]
    return parser


_MARKDOWN: Final = _make_parser()
#: For bodies with `www.` in them: to stop at each full stop takes a sixth longer.
_MARKDOWN_WWW: Final = _make_parser()
_MARKDOWN_WWW.inline.add_terminator_char(".")
