"""Fenced code in colours, when its language is named and known. Nothing is guessed from the text.

Pygments is imported with the first block that needs it, and of it only the one language's module.
"""

import importlib
import time
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final

#: Of the processor's time. What is not coloured by then stays plain: a hostile block must not hold up the window.
_SECONDS: Final = 0.03
_LEXERS: Final = {
    "python": ("python", "PythonLexer"),
    "pycon": ("python", "PythonConsoleLexer"),
    "c": ("c_cpp", "CLexer"),
    "cpp": ("c_cpp", "CppLexer"),
    "csharp": ("dotnet", "CSharpLexer"),
    "java": ("jvm", "JavaLexer"),
    "kotlin": ("jvm", "KotlinLexer"),
    "javascript": ("javascript", "JavascriptLexer"),
    "typescript": ("javascript", "TypeScriptLexer"),
    "json": ("data", "JsonLexer"),
    "yaml": ("data", "YamlLexer"),
    "toml": ("configs", "TOMLLexer"),
    "ini": ("configs", "IniLexer"),
    "html": ("html", "HtmlLexer"),
    "xml": ("html", "XmlLexer"),
    "css": ("css", "CssLexer"),
    "sql": ("sql", "SqlLexer"),
    "bash": ("shell", "BashLexer"),
    "powershell": ("shell", "PowerShellLexer"),
    "go": ("go", "GoLexer"),
    "rust": ("rust", "RustLexer"),
    "ruby": ("ruby", "RubyLexer"),
    "php": ("php", "PhpLexer"),
    "lua": ("scripting", "LuaLexer"),
    "swift": ("objective", "SwiftLexer"),
    "r": ("r", "SLexer"),
    "diff": ("diff", "DiffLexer"),
    "makefile": ("make", "MakefileLexer"),
    "dockerfile": ("configs", "DockerLexer"),
}
_ALIASES: Final = {
    "py": "python",
    "python3": "python",
    "h": "c",
    "c++": "cpp",
    "cc": "cpp",
    "hpp": "cpp",
    "c#": "csharp",
    "cs": "csharp",
    "kt": "kotlin",
    "js": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "yml": "yaml",
    "cfg": "ini",
    "svg": "xml",
    "sh": "bash",
    "shell": "bash",
    "zsh": "bash",
    "ps1": "powershell",
    "golang": "go",
    "rs": "rust",
    "rb": "ruby",
    "patch": "diff",
    "make": "makefile",
    "docker": "dockerfile",
}
#: Every language that can be coloured, by the names people give them.
LANGUAGES: Final = frozenset(_LEXERS) | frozenset(_ALIASES)


class Kind(Enum):
    """What a stretch of code is."""

    KEYWORD = auto()
    NAME = auto()
    STRING = auto()
    NUMBER = auto()
    COMMENT = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of code by its characters."""

    start: int
    length: int
    kind: Kind


@lru_cache(maxsize=256)
def highlight(code: str, language: str) -> tuple[Span, ...]:
    """The coloured stretches, in order, none within another. Empty when the language is not known."""
    name = language.lower()
    place = _LEXERS.get(_ALIASES.get(name, name))
    if place is None:
        return ()
    module = importlib.import_module(f"pygments.lexers.{place[0]}")
    # The first lexer of a class compiles its rules; only what the text itself takes is limited.
    lexer, kinds = getattr(module, place[1])(), _kinds()
    spans: list[Span] = []
    ends = time.thread_time() + _SECONDS
    for start, token, text in lexer.get_tokens_unprocessed(code):
        kind = next((kind for family, kind in kinds if token in family), None)
        if kind is not None and text.strip():
            spans.append(Span(start, len(text), kind))
        if time.thread_time() > ends:
            break
    return tuple(spans)


@lru_cache(maxsize=1)
def _kinds() -> tuple[tuple[Any, Kind], ...]:
    token = importlib.import_module("pygments.token").Token
    return (
        (token.Comment, Kind.COMMENT),
        (token.Keyword, Kind.KEYWORD),
        (token.Operator.Word, Kind.KEYWORD),
        (token.Name.Tag, Kind.KEYWORD),
        (token.Literal.String, Kind.STRING),
        (token.Generic.Inserted, Kind.STRING),
        (token.Literal.Number, Kind.NUMBER),
        (token.Name.Constant, Kind.NUMBER),
        (token.Generic.Deleted, Kind.NUMBER),
        (token.Name.Function, Kind.NAME),
        (token.Name.Class, Kind.NAME),
        (token.Name.Builtin, Kind.NAME),
        (token.Name.Attribute, Kind.NAME),
        (token.Name.Decorator, Kind.NAME),
        (token.Generic.Heading, Kind.NAME),
        (token.Generic.Subheading, Kind.NAME),
    )
