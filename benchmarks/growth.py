"""How cost grows: with clients, with senders, with the size of the room, with and without TLS."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from .figures import Result, note
from .plots import Line, chart
from .programs import Missing
from .scenarios import HOST, NAP, Bench, number

CLIENTS = (10, 30, 100, 300, 1000)
SENDERS = (1, 2, 5, 10, 20)
MESSAGES = (1_000, 10_000, 100_000)
TLS = f"{HOST}, TLS"
#: The same colour in every plot.
LOOKS = (HOST, TLS, "floor join", "floor each", "ngircd", "FastAPI")


class Growth:
    """The series behind the plots.

    Args:
        bench: runs the load.
        images: where the SVG files go.
    """

    def __init__(self, bench: Bench, images: Path) -> None:
        self._bench = bench
        self._images = images

    def clients(self) -> None:
        """Saturation and a steady pace, from ten clients to a thousand."""
        bench = self._bench
        seconds = ["--seconds", str(bench.seconds)]
        speeds: dict[str, list[tuple[float, float]]] = {}
        waits: dict[str, list[tuple[float, float]]] = {}
        costs: dict[str, list[tuple[float, float]]] = {}
        for clients in CLIENTS:
            note(f"Growth: {clients} clients")
            base = ["--clients", str(clients), "--senders", str(min(20, clients)), *seconds]
            full = [*base, "--window", "32"]
            steady = [*base, "--rate", "50", "--nap", str(NAP)]
            for name, run in self._servers(("floor join", "floor each", "ngircd", "FastAPI")).items():
                speed = self._try(name, partial(run, *full))
                if speed is not None:
                    speeds.setdefault(name, []).append((clients, speed["deliveries_per_second"]))
                if name not in (HOST, TLS, "ngircd", "floor each"):
                    continue
                wait = self._try(name, partial(run, *steady))
                if wait is not None and wait["to_last_ms"]:
                    waits.setdefault(name, []).append((clients, wait["to_last_ms"]["p99"]))
                    costs.setdefault(name, []).append((clients, wait["cpu_seconds"] / wait["deliveries"] * 1e6))
        self._save("clients-saturation", "Deliveries at saturation, 20 senders", "clients", "deliveries/s", speeds)
        self._save("clients-p99", "50 messages/s: send to last receiver, p99", "clients", "milliseconds", waits)
        self._save("clients-cpu", "50 messages/s: CPU for each delivery", "clients", "microseconds", costs)

    def senders(self) -> None:
        """Saturation of 500 clients by one sender to twenty."""
        speeds: dict[str, list[tuple[float, float]]] = {}
        for senders in SENDERS:
            note(f"Growth: {senders} senders")
            load = ["--clients", "500", "--senders", str(senders), "--window", "32"]
            for name, run in self._servers(("floor join", "ngircd")).items():
                result = self._try(name, partial(run, *load, "--seconds", str(self._bench.seconds)))
                if result is not None:
                    speeds.setdefault(name, []).append((senders, result["deliveries_per_second"]))
        title = "Deliveries at saturation, 500 clients, 32 messages under way for each sender"
        self._save("senders", title, "senders", "deliveries/s", speeds)

    def sizes(self, million: Result) -> None:
        """Start, page and search from a thousand messages to a million."""
        figures = {size: self._bench.big_room(size) for size in MESSAGES}
        figures[1_000_000] = million
        lines = {
            "start": [(size, found["start"] * 1000) for size, found in figures.items()],
            "search, p99": [(size, found["search"]) for size, found in figures.items()],
            "page, p99": [(size, found["page"]) for size, found in figures.items()],
        }
        self._save("room-size", "A room that grows", "messages in the room", "milliseconds", lines)
        rows = [
            [
                f"{size:,}",
                f"{found['start'] * 1000:,.0f} ms",
                f"{found['page']:.2f} ms",
                f"{found['search']:.2f} ms",
                f"{number(found['bytes'], 1e-6)} MB",
            ]
            for size, found in figures.items()
        ]
        header = ["messages", "start", "page p99", "search p99", "database"]
        self._bench.report.tables.append(("The size of the room", header, rows))

    def _servers(self, peers: tuple[str, ...]) -> dict[str, Callable[..., Result]]:
        bench = self._bench
        runs: dict[str, Callable[..., Result]] = {HOST: bench.on_host}
        if bench.tls:
            runs[TLS] = partial(bench.on_host, tls=True)
        runs.update({name: partial(bench.on_peer, name) for name in peers if name not in bench.report.missing})
        return runs

    def _try(self, name: str, run: Callable[[], Result]) -> Result | None:
        try:
            return run()
        except Missing as missing:
            self._bench.report.missing[name] = str(missing)
        except RuntimeError as error:
            note(f"  {name}: {error}")
        return None

    def _save(self, file: str, title: str, x: str, y: str, lines: dict[str, list[tuple[float, float]]]) -> None:
        self._images.mkdir(parents=True, exist_ok=True)
        drawn = [
            Line(name, points, LOOKS.index(name) if name in LOOKS else at)
            for at, (name, points) in enumerate(lines.items())
        ]
        (self._images / f"performance-{file}.svg").write_text(chart(title, x, y, drawn), "utf-8")
