"""A flame graph of folded stacks (``py-spy record --function -f raw``) as a small SVG.

``python -m benchmarks.flame FOLDED TITLE SVG``; docs/performance.md says how the stacks are recorded.
"""

import re
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

WIDTH, ROW, MARGIN, TOP = 960, 19, 12, 44
#: Narrower frames are left out, with what they call.
LEAST = 0.004
_LETTER = 6.3
#: By whose code it is: ours, Python's and the packages', and all else.
_OURS, _LIBRARY = "#7fb2d9", "#e9c46a"


@dataclass
class Frame:
    """A function, how many samples saw it here, and what it called."""

    samples: int = 0
    calls: dict[str, "Frame"] = field(default_factory=dict)


#: What is above these is the same for every sample of a thread.
_TOPS = ("BaseEventLoop._run_once", "Thread.run")
#: Where a thread waits for something to do.
_WAITS = ("EpollSelector.select", "Condition.wait", "_watch_input", "_worker (concurrent/futures")


def read(folded: str) -> Frame:
    """The tree of ``a;b;c 12`` lines, without the loop's own frames and without waiting."""
    root = Frame()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        names = stack.split(";")
        if names[-1].startswith(_WAITS):
            continue
        tops = [at for at, name in enumerate(names) if name.startswith(_TOPS)]
        frame = root
        frame.samples += int(count)
        for name in names[tops[-1] + 1 if tops else 0 :]:
            frame = frame.calls.setdefault(name, Frame())
            frame.samples += int(count)
    return root


def draw(root: Frame, title: str) -> str:
    """The whole SVG document; callers above what they call."""
    parts: list[str] = []
    deepest = 0

    def put(name: str, frame: Frame, left: float, depth: int) -> None:
        nonlocal deepest
        width = frame.samples / root.samples * (WIDTH - 2 * MARGIN)
        if frame.samples / root.samples < LEAST:
            return
        deepest = max(deepest, depth)
        top = TOP + depth * ROW
        share = f"{frame.samples / root.samples:.1%}"
        colour = _OURS if "mrsambosk" in name else _LIBRARY
        parts.append(
            f"<g><title>{escape(name)}: {share}</title>"
            f'<rect x="{left:.1f}" y="{top}" width="{max(width - 0.6, 0.4):.1f}" height="{ROW - 1}" fill="{colour}"/>'
        )
        short = _short(name)
        for text in (f"{short} {share}", short, short.rpartition(".")[2]):
            if len(text) * _LETTER < width - 4:
                parts.append(f'<text x="{left + 4:.1f}" y="{top + 13}">{escape(text)}</text>')
                break
        parts.append("</g>")
        for called, below in sorted(frame.calls.items(), key=lambda item: -item[1].samples):
            put(called, below, left, depth + 1)
            left += below.samples / root.samples * (WIDTH - 2 * MARGIN)

    left = float(MARGIN)
    for name, frame in sorted(root.calls.items(), key=lambda item: -item[1].samples):
        put(name, frame, left, 0)
        left += frame.samples / root.samples * (WIDTH - 2 * MARGIN)
    height = TOP + (deepest + 1) * ROW + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" '
            f'aria-label="{escape(title, quote=True)}">',
            "<style>text { font: 11px ui-monospace, monospace; fill: #1b1f24 }</style>",
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
            f'<text x="{MARGIN}" y="26" style="font: 600 15px system-ui, sans-serif">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def _short(name: str) -> str:
    return re.sub(r" \(.*", "", name)


if __name__ == "__main__":
    source, heading, target = sys.argv[1:4]
    Path(target).write_text(draw(read(Path(source).read_text("utf-8")), heading), "utf-8")
