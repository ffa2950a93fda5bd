"""`scripts/bench [--quick]`: run the scenarios, print the tables, and (without `--quick`) renew docs/performance.md."""

import argparse
import datetime
import os
import platform
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .figures import note
from .growth import Growth
from .programs import HERE, Missing, compile_all
from .scenarios import Bench, Check, Report

DOCS = HERE.parent / "docs"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure a host beside its peers.")
    parser.add_argument("--quick", action="store_true", help="the main table only, once each, in under a minute")
    parser.add_argument("--only", choices=tuple(SCENARIOS), help="one scenario; the page is left as it is")
    given = parser.parse_args()
    began = time.monotonic()
    load = os.getloadavg()[0]
    try:
        tls = compile_all()
    except Missing as missing:
        note(f"Needed: {missing}.")
        return 1
    with tempfile.TemporaryDirectory(prefix="mrsambosk-bench-") as work:
        bench = Bench(Path(work), tls, given.quick)
        if not tls:
            bench.report.missing["TLS"] = "the load generator speaks it only with OpenSSL (apt-get install libssl-dev)"
        names = (given.only,) if given.only else QUICK if given.quick else tuple(SCENARIOS)
        for name in names:
            SCENARIOS[name](bench)
    seconds = time.monotonic() - began
    text = render(bench.report, facts(load, seconds, bench))
    print(text)
    if not given.quick and not given.only:
        renew(DOCS / "performance.md", text)
    return 0


def _room(bench: Bench) -> None:
    million = bench.million()
    Growth(bench, DOCS / "images").sizes(million)


SCENARIOS = {
    "saturation": Bench.saturation,
    "steady": Bench.steady,
    "joins": Bench.joins,
    "memory": Bench.memory,
    "room": _room,
    "posts": Bench.posts,
    "window": Bench.blocked_window,
    "clients": lambda bench: Growth(bench, DOCS / "images").clients(),
    "senders": lambda bench: Growth(bench, DOCS / "images").senders(),
}
QUICK = ("saturation", "steady", "joins", "memory", "posts")


def render(report: Report, about: str) -> str:
    """The report as Markdown."""
    rows = [[check.what, check.target, shown(check), VERDICT[check.reached]] for check in report.checks]
    parts = [table(["what", "must reach", "measured", ""], rows)] if rows else []
    for title, header, lines in report.tables:
        parts.append(f"**{title}**\n\n{table(header, lines)}")
    if report.missing:
        parts.append("Left out: " + "; ".join(f"{name}: {why}" for name, why in report.missing.items()) + ".")
    return "\n\n".join([*parts, about]) + "\n"


VERDICT = {True: "reached", False: "**missed**", None: "not measured"}


def shown(check: Check) -> str:
    if check.value is None:
        return "–"
    digits = 0 if check.value >= 1000 or check.unit in ("", "/s") else 1 if check.value >= 10 else 2
    return f"{check.value:,.{digits}f} {check.unit}".strip()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---" if not at else "--:" for at in range(len(header))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def facts(load: float, seconds: float, bench: Bench) -> str:
    """Where and when this was measured."""
    model = "an unknown processor"
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    except OSError:
        found = memory = None
    if found:
        model = found[1]
    size = f", {int(memory[1]) / 2**20:.0f} GiB" if memory else ""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"Measured on {today} in {seconds / 60:.0f} min: {os.cpu_count()} cores ({model}{size}), {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"{bench.rounds} round{'s' if bench.rounds > 1 else ''} of {bench.seconds:g} s, medians; "
        f"load average (one minute) before it {load:.1f}."
    )


def renew(page: Path, text: str) -> None:
    """Put the report between the page's marks."""
    before, rest = page.read_text("utf-8").split("<!-- measured -->\n", 1)
    after = rest.split("<!-- /measured -->", 1)[1]
    page.write_text(f"{before}<!-- measured -->\n\n{text}\n<!-- /measured -->{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
