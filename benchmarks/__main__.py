"""`scripts/bench [--quick]`: run the scenarios, print the tables, and (without `--quick`) renew docs/performance.md."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from .figures import note
from .growth import Growth
from .page import facts, render, renew
from .programs import HERE, Missing, compile_all
from .scenarios import Bench

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
    how = f"{bench.rounds} round{'s' if bench.rounds > 1 else ''} of {bench.seconds:g} s, medians"
    text = render(bench.report, facts(load, seconds, how))
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


if __name__ == "__main__":
    sys.exit(main())
