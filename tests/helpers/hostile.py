"""Bodies that mean harm, or that nobody would type: markup, pictures, bidi, marks without end, escapes."""

import random
from collections.abc import Callable, Iterator

#: What follows `file://` and the like.
PICTURE = "/etc/hostname"


def bodies(count: int, picture: str = PICTURE, port: int = 9) -> Iterator[str]:
    """Of each kind in turn, never the same.

    Args:
        picture: the path of a file that some of them name.
        port: a port of this machine that some of them name.
    """
    dice = random.Random(4)
    many = dice.randint
    bidi = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    emoji = ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏿", "🇮🇱", "1️⃣", "\u200d", "\ufe0f", "🏴\U000e0067\U000e0062\U000e007f"]
    escapes = ["\x1b[31m", "\x1b]8;;file:///x\x07", "\x9b2J", "\x08", "\x7f", "\r", "\x00", "\a"]
    files = [f"file://{picture}", f"http://127.0.0.1:{port}/x.png", str(picture), f"//127.0.0.1:{port}/x"]
    marks = [
        "**",
        "*",
        "_",
        "~~",
        "`",
        "```",
        "> ",
        "- ",
        "1. ",
        "[",
        "](",
        ")",
        "@",
        "\\",
        "\n",
        "<",
        "&amp;",
        "https://a.b",
    ]
    languages = ["python", "html", "bash", "sql", "yaml", "cpp", "nosuch"]
    kinds: list[Callable[[], str]] = [
        lambda: f"<table><tr><td>{many(0, 9**9)}" * many(1, 16) + "</table>",
        lambda: f"<img src='{dice.choice(files)}' width={many(1, 9**6)}> <b>{many(0, 9)}</b>",
        lambda: f"![a]({dice.choice(files)}) <video autoplay src={dice.choice(files)}>",
        lambda: f"<style>@import url({dice.choice(files)})</style><script src='{dice.choice(files)}'></script>",
        lambda: f"<qt><body background='{dice.choice(files)}'><a href='{dice.choice(files)}'>x</a> {many(0, 999)}",
        lambda: "".join(dice.choice([*bidi, "abc", "שלום", "123 "]) for _ in range(many(1, 900))),
        lambda: "e" + "".join(chr(many(0x300, 0x36F)) for _ in range(many(1, 8000))),
        lambda: chr(many(97, 122)) * many(3000, 4000),
        lambda: "".join(dice.choice("abcdefgh/.-_?&=") for _ in range(4000)),
        lambda: "".join(dice.choice(emoji) for _ in range(many(1, 700))),
        lambda: "".join(dice.choice([*escapes, "red", " "]) for _ in range(many(1, 900))),
        lambda: "".join(dice.choice([*marks, "word ", "a"]) for _ in range(many(1, 900))),
        lambda: dice.choice(["*", "[", "`", "_a", "> ", "- ", "[`", "~~", "(<", "@"]) * many(100, 1900),
        lambda: f"```{dice.choice(languages)}\n" + dice.choice(["(", '"', "{%", "<!--", "\\", "'''"]) * many(50, 900),
        lambda: "".join(chr(many(0x20, 0xD7FF)) for _ in range(many(1, 1500))),
        lambda: "\n" * many(1, 900) + dice.choice(["x", "ﷺ" * 900, "\u200b" * 3000 + "x", "ﷺ"]),
    ]
    for number in range(count):
        yield kinds[number % len(kinds)]()
