"""Fenced code in colours, when its language is named and known. Nothing is guessed from the text.

Pygments is imported with the first block that needs it, and of it only the one language's module. That and making the
lexer's rules takes up to 90 ms, too long for who paints: `load` does it, in any thread; before, `is_loaded` says no.
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
#: What they are imported from, by name: who packs the program must be told.
MODULES: Final = tuple(sorted({f"pygments.lexers.{module}" for module, _ in _LEXERS.values()}))
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


#: Language → the class of its lexer. A lexer of its own for each text: some remember what they read.
_loaded: Final[dict[str, Any]] = {}


def is_loaded(language: str) -> bool:
    """Whether `highlight` answers at once; also for a language that is not known, of which nothing is coloured."""
    name = _name(language)
    return name in _loaded or name not in _LEXERS


def load(language: str) -> None:
    """Import what a language needs and make its rules; up to 90 ms of the processor, for any thread."""
    name = _name(language)
    if is_loaded(name):
        return
    module, kind = _LEXERS[name]
    lexer = getattr(importlib.import_module(f"pygments.lexers.{module}"), kind)
    # The rules are made with a class's first lexer, and some of them with the first text.
    list(lexer().get_tokens_unprocessed("x"))
    _kinds()
    _loaded[name] = lexer


@lru_cache(maxsize=256)
def highlight(code: str, language: str) -> tuple[Span, ...]:
    """The coloured stretches, in order, none within another. Empty when the language is not known.

    Loads the language where nobody did before.
    """
    load(language)
    lexer = _loaded.get(_name(language))
    if lexer is None:
        return ()
    kinds = _kinds()
    spans: list[Span] = []
    ends = time.thread_time() + _SECONDS
    for start, token, text in lexer().get_tokens_unprocessed(code):
        kind = next((kind for family, kind in kinds if token in family), None)
        if kind is not None and text.strip():
            spans.append(Span(start, len(text), kind))
        if time.thread_time() > ends:
            break
    return tuple(spans)


def _name(language: str) -> str:
    name = language.lower()
    return _ALIASES.get(name, name)


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
