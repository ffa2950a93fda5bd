"""What a run measured, as Markdown, and its place between two marks of docs/performance.md."""

import datetime
import os
import platform
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

VERDICT: Final = {True: "reached", False: "**missed**", None: "not measured"}


@dataclass
class Check:
    """One figure beside what it must reach; `value` None: it could not be measured."""

    what: str
    target: str
    value: float | None
    limit: float
    unit: str
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    """All that a run measured."""

    checks: list[Check] = field(default_factory=list)
    #: Title, header, rows: shown below the main table.
    tables: list[tuple[str, list[str], list[list[str]]]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def render(report: Report, about: str) -> str:
    """The report as Markdown."""
    rows = [
        [check.what, check.target, shown(check.value, check.unit), VERDICT[check.reached]] for check in report.checks
    ]
    parts = [table(["what", "must reach", "measured", ""], rows)] if rows else []
    for title, header, lines in report.tables:
        parts.append(f"**{title}**\n\n{table(header, lines)}")
    if report.missing:
        parts.append("Left out: " + "; ".join(f"{name}: {why}" for name, why in report.missing.items()) + ".")
    return "\n\n".join([*parts, about]) + "\n"


def shown(value: float | None, unit: str) -> str:
    """A figure for people."""
    if value is None:
        return "–"
    digits = 0 if value >= 1000 or unit in ("", "/s") else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is words and whose others are figures."""
    lines = [header, ["---" if not at else "--:" for at in range(len(header))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def facts(load: float, seconds: float, how: str) -> str:
    """Where and when this was measured.

    Args:
        load: the machine's load average before it.
        seconds: how long it took.
        how: how often and how long each was measured.
    """
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
        f"{platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; {how}; "
        f"load average (one minute) before it {load:.1f}."
    )


def renew(page: Path, text: str, name: str = "measured") -> None:
    """Put the report between the page's marks of this name."""
    before, rest = page.read_text("utf-8").split(f"<!-- {name} -->\n", 1)
    after = rest.split(f"<!-- /{name} -->", 1)[1]
    page.write_text(f"{before}<!-- {name} -->\n\n{text}\n<!-- /{name} -->{after}", "utf-8")
