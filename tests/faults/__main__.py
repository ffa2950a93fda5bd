"""Run every check at its full count and write the table in docs/reliability.md (``scripts/faults``).

scripts/faults                       all, about an hour; half of it is the soak
scripts/faults --only kill           those whose name holds the word
scripts/faults --planted             each with its planted fault: all must fail
scripts/faults --seed 17             the dice of an earlier run
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import checks
from tests.faults.stage import Check, SkipCheck, Stage
from tests.helpers.host_process import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--only", action="append", default=[], metavar="WORD", help="checks whose name holds it; again for more")
    add("--seed", default=secrets.token_hex(4), help="of the dice (default: a new one, printed)")
    add("--scale", type=float, default=1.0, help="of all counts: 0.1 for a tenth")
    add("--minutes", type=float, help="how long the soak lasts (default: 30)")
    add("--short", action="store_true", help="the counts of the normal test suite")
    add("--planted", action="store_true", help="plant each check's fault; it must fail")
    add("--write", action="store_true", help="write full counts into the table of docs/reliability.md")
    given = parser.parse_args()
    chosen = [it for it in checks() if not given.only or any(word in it.name for word in given.only)]
    # What the table says was measured at full counts, on nothing planted.
    is_trial = given.short or given.planted or given.scale < 1
    print(f"seed {given.seed}", flush=True)
    lines, failed = [], 0
    for it in chosen:
        count = it.short if given.short or given.planted else max(1, round(it.full * given.scale))
        if given.minutes and it.unit == "s":
            count = round(given.minutes * 60)
        begun = time.monotonic()
        result, figure = run(it, count, given.seed, given.planted, given.short or given.planted, given.minutes)
        took = time.monotonic() - begun
        failed += result == "FAILED"
        print(f"{result:7} {it.name}: {count} {it.unit}, {took:.0f} s: {figure}", flush=True)
        row = f"| {it.name} | {count:,} {it.unit} | {it.passes} | {result}: {figure} | {it.plant} | `{given.seed}` |"
        lines.append(row)
        if given.write and not is_trial:
            write(lines)
    return 1 if failed else 0


def run(it: Check, count: int, seed: str, planted: bool, short: bool, minutes: float | None) -> tuple[str, str]:
    """Whether it passed, and its figure or what went wrong. With `planted` each of its faults must be caught."""
    if it.root and os.geteuid() != 0:
        return "skipped", "needs root"
    outcomes = [
        _run(it, count, Stage(Path(tempfile.mkdtemp(prefix="faults-")), f"{seed}:{it.name}", plant, short, minutes))
        for plant in (it.planted.split() if planted else ("",))
    ]
    failed = [outcome for outcome in outcomes if outcome[0] == "FAILED"]
    return failed[0] if failed else (outcomes[0][0], "; ".join(figure for _, figure in outcomes))


def _run(it: Check, count: int, stage: Stage) -> tuple[str, str]:
    try:
        figure = asyncio.run(it.run(stage, count))
    except SkipCheck as reason:
        return "skipped", str(reason)
    except Exception as error:
        what = " ".join(str(error).split())[:160] or type(error).__name__
        if stage.planted:
            return "caught", what
        traceback.print_exc()
        return "FAILED", what
    finally:
        stage.close()
    return ("FAILED", f"{stage.planted} was not seen: {figure}") if stage.planted else ("passed", figure)


def write(lines: list[str]) -> None:
    """Put these rows into the table between the markers of the page; rows of checks that did not run stay."""
    page = PAGE.read_text("utf-8")
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    rows = {line.split("|")[1].strip(): line for line in (*page[start:end].splitlines(), *lines) if line[:2] == "| "}
    table = [
        f"Last run on {datetime.now(UTC).date().isoformat()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}.",
        "",
        "| fault | count | passes when | measured | seen to fail on | seed |",
        "|---|---|---|---|---|---|",
        *(rows[it.name] for it in checks() if it.name in rows),
    ]
    PAGE.write_text("\n".join([page[:start], *table, page[end:]]), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
