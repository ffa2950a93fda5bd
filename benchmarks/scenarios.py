"""The rows of the main table: what is run, what is expected of it, and what came out."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mrsambosk_protocol.commands import History, Search
from mrsambosk_protocol.limits import LOBBY
from mrsambosk_server import history, schema, search
from mrsambosk_server.transaction import Transaction

from . import rooms, servers
from .figures import Result, Rounds, note
from .page import Check, Report
from .programs import HERE, run_load

HOST = "Mrsambosk"
NAP = 300


class Bench:
    """One run of the scenarios.

    Args:
        work: a directory for what the servers write.
        tls: whether the load generator can speak it.
        quick: the main figures only, once, briefly; else the median of three rounds.
    """

    def __init__(self, work: Path, tls: bool, quick: bool) -> None:
        self.work = work
        self.tls = tls
        self.quick = quick
        self.rounds = 1 if quick else 3
        #: How long each measurement takes.
        self.seconds = 1.5 if quick else 3.0
        self._pace = ["--settle", "1.2", "--warm-up", "0.5"] if quick else []
        self.report = Report()
        self._made = 0

    def fresh(self) -> Path:
        """A directory that does not exist yet."""
        self._made += 1
        return self.work / str(self._made)

    def on_host(self, *arguments: str, people: int = 1000, messages: int = 0, tls: bool = False) -> Result:
        """Load a new host."""
        data = self.fresh()
        tokens = rooms.make_room(data, people, messages)
        with servers.host(data, tokens, tls) as server:
            return run_load([*server.arguments(), *self._pace, *arguments], self.seconds)

    def on_peer(self, name: str, *arguments: str) -> Result:
        """Load a peer, newly started."""
        # An IRC server tells each arrival to all; too many at once overflow its write buffers.
        calm = ["--parallel", "4"] if name == "ngircd" else []
        with servers.peer(name, self.fresh()) as server:
            return run_load([*server.arguments(), *self._pace, *arguments, *calm], self.seconds)

    def side_by_side(self, arguments: list[str], peers: tuple[str, ...], people: int = 500) -> Rounds:
        """The same load on a host and on peers, round by round."""
        runs: dict[str, Callable[[], Result]] = {HOST: partial(self.on_host, *arguments, people=people)}
        runs.update({name: partial(self.on_peer, name, *arguments) for name in peers})
        rounds = Rounds(self.report.missing)
        rounds.run(self.rounds, runs)
        return rounds

    # The rows.

    def saturation(self) -> None:
        note("Saturation: 500 clients, 20 senders")
        load = ["--clients", "500", "--senders", "20", "--window", "32", "--seconds", str(self.seconds)]
        peers = ("floor join", "FastAPI", "ngircd") if self.quick else servers.PEERS
        rounds = self.side_by_side(load, peers)
        speed = "deliveries_per_second"
        self.report.tables.append(
            (
                "At saturation: 500 clients, 20 senders with 32 messages under way each",
                ["", "deliveries/s", "messages/s", "MB/s", "send to last receiver, median", "its CPU", "load's CPU"],
                [
                    [
                        name,
                        number(rounds.median(name, speed)),
                        number(rounds.median(name, "messages_per_second")),
                        number(rounds.median(name, "bytes_per_second"), 1e-6),
                        milliseconds(rounds.median(name, "to_last_ms", "p50")),
                        percent(share_of_cpu(rounds, name)),
                        percent(rounds.median(name, "own_cpu_share")),
                    ]
                    for name in (HOST, *peers)
                    if name in rounds.results
                ],
            )
        )
        what = "deliveries/s at saturation, 500 clients, 20 senders"
        for peer, limit in (("FastAPI", 50.0), ("ngircd", 2.5), ("floor join", 0.4)):
            value = rounds.ratio(HOST, peer, speed)
            self.report.checks.append(Check(what, f"≥ {limit:g} × {NAMES[peer]}", value, limit, "×", at_least=True))

    def steady(self) -> None:
        rows = []
        for rate in (100,) if self.quick else (50, 100):
            note(f"Steady: 500 clients, {rate} messages/s")
            load = ["--clients", "500", "--senders", "20", "--rate", str(rate), "--nap", str(NAP)]
            rounds = self.side_by_side([*load, "--seconds", str(2 * self.seconds)], ("ngircd", "floor each"))
            rows += [_steady_row(f"500 clients, {rate}/s", name, rounds) for name in rounds.results]
            value = rounds.ratio(HOST, "ngircd", "to_last_ms", "p99")
            what = f"500 clients, {rate} messages/s: send to last receiver p99"
            self.report.checks.append(Check(what, "≤ 1.5 × ngircd", value, 1.5, "×"))
            if rate == 100:
                value = rounds.ratio(HOST, "floor each", "cpu_seconds")
                what = "CPU per delivery, 500 clients, 100 messages/s"
                self.report.checks.append(Check(what, "≤ 2 × the sending floor", value, 2.0, "×"))
        self.thousand(rows)
        header = ["", "server", "p50", "p99", "slowest", "CPU for each delivery", "lost"]
        self.report.tables.append(("At a steady pace: from the send to the last receiver", header, rows))

    def thousand(self, rows: list[list[str]]) -> None:
        note("Steady: 1,000 clients, 20 messages/s")
        load = ["--clients", "1000", "--senders", "20", "--rate", "20", "--nap", str(NAP)]
        rounds = self.side_by_side([*load, "--seconds", str(2 * self.seconds)], ("ngircd", "floor each"), people=1000)
        rows += [_steady_row("1,000 clients, 20/s", name, rounds) for name in rounds.results]
        value = rounds.ratio(HOST, "ngircd", "to_last_ms", "p99")
        what = "1,000 clients, 20 messages/s"
        self.report.checks.append(Check(f"{what}: p99", "≤ 2 × ngircd", value, 2.0, "×"))
        lost = rounds.total(HOST, "lost_deliveries") if HOST in rounds.results else None
        self.report.checks.append(Check(f"{what}: lost", "none", lost, 0, ""))

    def joins(self) -> None:
        seconds = "3" if self.quick else "6"
        arguments = ["--clients", "100", "--senders", "10", "--rate", "20", "--seconds", seconds, "--nap", str(NAP)]
        arguments += ["--late", "500", "--late-at", "0.5"]
        for tls, limit in ((False, 1.0), (True, 2.5)):
            if tls and (self.quick or not self.tls):
                continue
            note(f"500 join at once{' with TLS' if tls else ''}")
            rounds = Rounds(self.report.missing)
            rounds.run(self.rounds, {HOST: partial(self.on_host, *arguments, people=600, tls=tls)})
            name = f"500 join at once{', TLS' if tls else ''}"
            took = rounds.median(HOST, "late_seconds")
            self.report.checks.append(Check(f"{name}: all have their page", f"≤ {limit:g} s", took, limit, "s"))
            others = rounds.median(HOST, "to_last_ms", "p99")
            self.report.checks.append(Check(f"{name}: others' p99 meanwhile", "≤ 250 ms", others, 250, "ms"))

    def memory(self) -> None:
        for tls, limit in ((False, 24.0), (True, 80.0)):
            if tls and (self.quick or not self.tls):
                continue
            note(f"Memory{' with TLS' if tls else ''}")
            load = ["--clients", "1000", "--senders", "0", "--parallel", "8", "--seconds", "0.5", "--warm-up", "0"]
            result = self.on_host(*load, "--settle", "2", people=1000, tls=tls)
            each = (result["memory_after_kib"] - result["memory_at_tenth_kib"]) / 900
            what = f"memory per idle connection{', TLS' if tls else ''}"
            self.report.checks.append(Check(what, f"≤ {limit:g} KiB", each, limit, "KiB"))

    def posts(self) -> None:
        rows = []
        for window, least in ((20, 5_000), (200, 10_000)):
            note(f"Posts committed, {window} in flight")
            load = ["--clients", "1", "--senders", "1", "--window", str(window), "--until-done"]
            rounds = Rounds(self.report.missing)
            run = partial(self.on_host, *load, "--seconds", str(self.seconds), people=20)
            rounds.run(self.rounds, {HOST: run})
            speed = rounds.median(HOST, "messages_per_second")
            what = f"posts committed, {window} in flight"
            self.report.checks.append(Check(what, f"≥ {least:,} /s", speed, least, "/s", at_least=True))
            if window == 20:
                slow = rounds.median(HOST, "to_done_ms", "p99")
                self.report.checks.append(Check(f"{what}: `done` p99", "≤ 10 ms", slow, 10, "ms"))
            figures = [milliseconds(rounds.median(HOST, "to_done_ms", point)) for point in ("p50", "p99", "max")]
            rows.append([str(window), number(speed), *figures, percent(share_of_cpu(rounds, HOST))])
        header = ["in flight", "posts/s", "`done` p50", "p99", "slowest", "host's CPU"]
        self.report.tables.append(("Posts committed, each fsynced, from one connection", header, rows))

    def big_room(self, messages: int) -> Result:
        """Start, page and search of one size; the figures by name."""
        note(f"A room of {messages:,} messages")
        data = self.fresh()
        tokens = rooms.make_room(data, 20, messages)
        starts = []
        for _ in range(3):
            began = time.monotonic()
            with servers.host(data, tokens):
                starts.append(time.monotonic() - began)
        figures: Result = {"start": statistics.median(starts), "bytes": (data / "room.db").stat().st_size}
        figures.update(_queries(data / "room.db", messages))
        return figures

    def million(self, messages: int = 1_000_000) -> Result:
        figures = self.big_room(messages)
        name = f"{messages:,} messages"
        check = self.report.checks.append
        check(Check(f"{name}: start", "≤ 1 s", figures["start"], 1.0, "s"))
        check(Check(f"{name}: page", "p99 ≤ 2 ms", figures["page"], 2.0, "ms"))
        check(Check(f"{name}: search of a common word", "p99 ≤ 50 ms", figures["search"], 50.0, "ms"))
        return figures

    def blocked_window(self) -> None:
        note("The app's window blocked while it hosts")
        command = [sys.executable, str(HERE / "blocked_window.py")]
        load = ["--clients", "100", "--senders", "100", "--rate", "100", "--seconds", "5", "--nap", str(NAP)]
        load += ["--parallel", "8"]
        ratios, rows = [], []
        for _ in range(max(3, self.rounds)):
            data = self.fresh()
            tokens = rooms.make_room(data, 100)
            pipe = subprocess.PIPE
            app = subprocess.Popen([*command, str(data)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
            assert app.stdin is not None
            assert app.stdout is not None
            try:
                line = app.stdout.readline().split()
                if not line:
                    self.report.missing["the app"] = "PySide6 (pip install -e .[desktop])"
                    self.report.checks.append(Check("window blocked", "≤ 1.2 × before", None, 1.2, "×"))
                    return
                port, pid, tls = map(int, line)
                server = servers.Server(HOST, "mrsambosk", port, (pid,), tokens, bool(tls))
                before = run_load([*server.arguments(), *load], 10)
                app.stdin.write("block\n")
                app.stdin.flush()
                during = run_load([*server.arguments(), *load], 10)
            finally:
                app.stdin.close()
                app.wait(30)
                app.stdout.close()
            pair = before["to_last_ms"]["p99"], during["to_last_ms"]["p99"]
            ratios.append(pair[1] / pair[0])
            rows.append([milliseconds(value) for value in pair])
        value = statistics.median(ratios)
        what = "the app's window blocked for 2 s at a time while it hosts: others' p99"
        self.report.checks.append(Check(what, "≤ 1.2 × before", value, 1.2, "×"))
        header = ["p99 before", "p99 while the window is blocked"]
        self.report.tables.append(("The app's window blocked, 100 clients, 100 messages/s", header, rows))


NAMES = {"FastAPI": "the FastAPI approach", "ngircd": "ngircd", "floor join": "the joining floor"}


def _queries(path: Path, messages: int) -> dict[str, Any]:
    """p99 in milliseconds of a page anywhere and of a search of common words, as the host runs them."""
    db = schema.open_reader(path)
    tx = Transaction(db)
    viewer = tx.one("SELECT id FROM users LIMIT 1")[0]

    def timed(query: Callable[..., Any], *arguments: Any) -> float:
        began = time.perf_counter()
        tx.run("BEGIN")
        query(tx, *arguments)
        tx.run("ROLLBACK")
        return (time.perf_counter() - began) * 1000

    step = max(1, messages // 997)
    pages = [timed(history.page, viewer, History(ref=1, room=LOBBY, before=2 + at * step)) for at in range(997)]
    asked = [Search(ref=1, query=query, room=LOBBY) for query in ("the", "report", "the report", "today")]
    searches = [timed(search.search, viewer, ask) for ask in asked * 25]
    db.close()
    return {"page": _p99(pages), "search": _p99(searches)}


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def share_of_cpu(rounds: Rounds, name: str) -> float | None:
    """How much of a processor a server used."""
    used, span = rounds.median(name, "cpu_seconds"), rounds.median(name, "seconds")
    return used / span if used is not None and span else None


def _steady_row(what: str, name: str, rounds: Rounds) -> list[str]:
    used, deliveries = rounds.median(name, "cpu_seconds"), rounds.median(name, "deliveries")
    each = "–" if used is None or not deliveries else f"{used / deliveries * 1e6:.1f} µs"
    times = [milliseconds(rounds.median(name, "to_last_ms", point)) for point in ("p50", "p99", "max")]
    return [what, name, *times, each, str(rounds.total(name, "lost_deliveries"))]


def number(value: float | None, scale: float = 1.0) -> str:
    """A count for people."""
    return "–" if value is None else f"{value * scale:,.0f}"


def milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
