"""Line charts on logarithmic axes as SVG, readable on a light and on a dark page."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 190, 52, 54
#: Told apart also by those who see few colours (after Okabe and Ito), and by the shape of the mark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9")
_STYLE = """
.label { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font: 600 16px system-ui, sans-serif; fill: #24292f }
.note { font: 12px system-ui, sans-serif; fill: #57606a }
.grid { stroke: #d0d7de; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.back { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  .label, .title { fill: #e6edf3 } .note { fill: #9da7b3 } .grid { stroke: #30363d } .axis { stroke: #9da7b3 }
  .back { fill: #0d1117 }
}
"""


@dataclass(frozen=True)
class Line:
    """One named series of (x, y), all above zero. `look`: the number of its colour and mark."""

    name: str
    points: Sequence[tuple[float, float]]
    look: int


def chart(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> str:
    """The whole SVG document."""
    drawn = [line for line in lines if line.points]
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points]
    x_low, x_high = math.log10(min(xs)), math.log10(max(xs))
    y_low, y_high = _bounds(ys)

    def across(x: float) -> float:
        return LEFT + (math.log10(x) - x_low) / ((x_high - x_low) or 1) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(y) - y_low) / ((y_high - y_low) or 1) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(title, quote=True)}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text class="title" x="20" y="28">{escape(title)}</text>',
    ]
    for y in _ticks(y_low, y_high):
        at = down(y)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text class="note" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_short(y)}</text>')
    base = HEIGHT - BOTTOM
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{base}"/>')
    for x in sorted(set(xs)):
        at = across(x)
        parts.append(f'<line class="axis" x1="{at:.1f}" y1="{base}" x2="{at:.1f}" y2="{base + 5}"/>')
        parts.append(f'<text class="note" x="{at:.1f}" y="{base + 19}" text-anchor="middle">{_short(x)}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(f'<text class="label" x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_name)}</text>')
    parts.append(
        f'<text class="label" x="18" y="{TOP + (base - TOP) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 18 {TOP + (base - TOP) / 2})">{escape(y_name)}</text>'
    )
    labels = _spread([down(line.points[-1][1]) for line in drawn])
    for line, label in zip(drawn, labels, strict=True):
        colour = COLOURS[line.look % len(COLOURS)]
        places = [(across(x), down(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [_mark(line.look, x, y, colour) for x, y in places]
        at = WIDTH - RIGHT + 22
        parts.append(_mark(line.look, at, label, colour))
        parts.append(f'<text class="label" x="{at + 12}" y="{label + 4:.1f}">{escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    return math.floor(low * 2 - 0.2) / 2, math.ceil(high * 2 + 0.2) / 2


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten, or only the powers where that would be too many."""
    steps: tuple[int, ...] = (1, 2, 5) if high - low < 3 else (1,)
    every = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    return [value for value in every if low - 1e-9 <= math.log10(value) <= high + 1e-9]


def _short(value: float) -> str:
    for size, name in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def _spread(places: Sequence[float], apart: float = 20) -> list[float]:
    """The same heights, moved apart so that labels do not overlap."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + apart)
    over = max([0.0, *(place - (HEIGHT - BOTTOM) for place in moved)])
    return [place - over for place in moved]


def _mark(look: int, x: float, y: float, colour: str) -> str:
    match look % 4:
        case 0:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
        case 1:
            return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
        case 2:
            corners = f"{x:.1f},{y - 5.5:.1f} {x + 5:.1f},{y + 4:.1f} {x - 5:.1f},{y + 4:.1f}"
            return f'<polygon points="{corners}" fill="{colour}"/>'
        case _:
            corners = f"{x:.1f},{y - 5.5:.1f} {x + 5.5:.1f},{y:.1f} {x:.1f},{y + 5.5:.1f} {x - 5.5:.1f},{y:.1f}"
            return f'<polygon points="{corners}" fill="{colour}"/>'
