"""`scripts/bench-window [--quick]`: play all, print the table, and (without `--quick`) renew docs/performance.md."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import note
from benchmarks.page import VERDICT, facts, renew, shown, table

from .room import make_profile

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
MESSAGES: Final = 1_000_000
RUNS: Final = 5
_SECONDS: Final = 120


@dataclass(frozen=True)
class Target:
    """One row of the table: its words, and the most it may be."""

    what: str
    limit: float
    unit: str
    bare: str


TARGETS: Final = {
    "first": Target("first window, from the process's start", 1000, "ms", "a bare window"),
    "open": Target("a room of 1,000,000 messages opens", 300, "ms", "100 strings in a `QListView`"),
    "frame": Target("it scrolls 7,500 px/s, pages loading: frame p99", 16, "ms", "`QListView`, 400 strings"),
    "gap": Target("100 messages/s while shown: gaps in the loop p99", 16, "ms", "an idle loop"),
    "key": Target("typing meanwhile: key to paint p99", 16, "ms", "`QPlainTextEdit`, idle"),
    "catch-up": Target("2,000 at once on catch-up: gaps in the loop p99", 50, "ms", "an idle loop"),
    "memory": Target("10,000 rows seen, over an empty room", 25, "MB", "`QListView`, 10,000 strings"),
    "hostile": Target("1,000 hostile bodies: the slowest is shown", 100, "ms", "`QLabel`, the same"),
}
Figures = dict[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench-window", description="Measure the app's window, off screen.")
    parser.add_argument("--quick", action="store_true", help="one run, about a minute; the page is left as it is")
    given = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    began, load = time.monotonic(), os.getloadavg()[0]
    runs = 1 if given.quick else RUNS
    measured: list[tuple[Figures, Figures]] = []
    with tempfile.TemporaryDirectory(prefix="mrsambosk-bench-") as work:
        data = Path(work) / "data"
        note(f"Writing {MESSAGES:,} messages")
        make_profile(data / "profiles" / "default", MESSAGES)
        for number in range(1, runs + 1):
            note(f"Run {number} of {runs}")
            measured.append(one_run(Path(work) / str(number), data))
    how = f"median of {runs} run{'s' if runs > 1 else ''}, off screen"
    text = f"{render(measured)}\n\n{facts(load, time.monotonic() - began, how)}\n"
    print(text)
    if not given.quick:
        renew(PAGE, text, "window measured")
    return 0


def one_run(fresh: Path, data: Path) -> tuple[Figures, Figures]:
    """What the app did, and what bare Qt did."""
    plain, app = {"first": start("bare")}, {"first": start("app", str(fresh / "first"))}
    plain |= process("bare")
    app |= process("scene", "room", str(data / "profiles" / "default"))
    app |= process("scene", "hostile", str(fresh / "hostile"))
    shutil.rmtree(fresh)
    return app, plain


def start(*what: str) -> float:
    """Milliseconds from the start of the process until its window was painted; the second of two starts."""
    for _ in range(2):
        began = time.monotonic()
        done = _run("first", *what)
        taken = (float(done.split()[0]) - began) * 1000
    return taken


def process(*what: str) -> Figures:
    """The figures that a process printed."""
    figures: Figures = json.loads(_run(*what))
    return figures


def _run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.window.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def render(measured: list[tuple[Figures, Figures]]) -> str:
    """The table."""
    rows = []
    for name, target in TARGETS.items():
        value = statistics.median(app[name] for app, _ in measured)
        worst = max(app[name] for app, _ in measured)
        bare = statistics.median(plain[name] for _, plain in measured)
        figures = [shown(figure, target.unit) for figure in (value, worst)]
        beside = f"{shown(bare, target.unit)} ({target.bare})"
        limit = f"≤ {target.limit:,} {target.unit}"
        rows.append([target.what, limit, *figures, beside, VERDICT[value <= target.limit]])
    return table(["what", "must reach", "measured", "worst run", "bare Qt", ""], rows)


if __name__ == "__main__":
    sys.exit(main())
