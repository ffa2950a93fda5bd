"""What is measured, each as a context manager that starts it on the loopback interface and ends it by its id."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .programs import BUILD, HERE, Missing

ROOT = HERE.parent
#: The measurement, not the guard against floods, sets the pace.
LIMITS = (
    "posts_per_second", "posts_burst", "commands_per_second", "commands_unanswered", "connections",
    "connections_per_user", "strangers", "strangers_per_address", "actions_waiting",
)  # fmt: skip
PEERS = ("floor join", "floor each", "broadcast()", "FastAPI", "ngircd", "mosquitto")


@dataclass(frozen=True)
class Server:
    """Something that runs: how to speak to it, and which processes it is."""

    name: str
    wire: str
    port: int
    pids: tuple[int, ...]
    tokens: Path | None = None
    tls: bool = False
    ready: float = 0.0

    def arguments(self) -> list[str]:
        """The load generator's arguments that lead here."""
        given = ["--wire", self.wire, "--port", str(self.port)]
        for pid in self.pids:
            given += ["--pid", str(pid)]
        if self.tokens:
            given += ["--tokens", str(self.tokens)]
        return [*given, *(["--tls"] if self.tls else [])]


def bench_python() -> str:
    """The Python that has the peers' packages: this one, or the environment `BENCH_PYTHON` names."""
    return os.environ.get("BENCH_PYTHON", sys.executable)


@contextmanager
def _process(
    command: list[str], log: IO[bytes], *, speaks: bool = True, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """`speaks`: its first line of output is wanted; else all of it goes to the log, as no one reads a pipe for it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "server")}
    output = subprocess.PIPE if speaks else log
    process = subprocess.Popen(command, stdin=stdin, stdout=output, stderr=log, env=environment)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        else:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _first_line(process: subprocess.Popen[bytes], log: Path) -> bytes:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(20)
        raise RuntimeError(f"it did not start: {log.read_text(errors='replace').strip()[-500:]}")
    return line


@contextmanager
def host(data: Path, tokens: Path, tls: bool = False) -> Iterator[Server]:
    """A Mrsambosk host on a data directory, as `mrsambosk host` runs it."""
    command = [sys.executable, "-m", "mrsambosk_server", "host", "--port", "0", "--data", str(data), "--ready-json"]
    command += ["--stop-on-eof", "--no-announce", *([] if tls else ["--no-tls"])]
    for name in LIMITS:
        command += ["--limit", f"{name}=1000000"]
    log = data / "host.log"
    with log.open("wb") as errors, _process(command, errors, stdin=subprocess.PIPE) as process:
        ready = json.loads(_first_line(process, log))
        yield Server("Mrsambosk", "mrsambosk", ready["port"], (process.pid,), tokens, tls)


@contextmanager
def peer(name: str, work: Path) -> Iterator[Server]:
    """One of `PEERS`, keeping what it writes in `work`.

    Raises:
        Missing: where it is not installed.
    """
    work.mkdir(parents=True, exist_ok=True)
    port, wire = 0, "websocket"
    match name:
        case "floor join" | "floor each":
            command = [str(BUILD / "floor"), name.split()[1]]
        case "broadcast()":
            command = [sys.executable, str(HERE / "peers" / "broadcast_chat.py")]
        case "FastAPI":
            found = subprocess.run([bench_python(), "-c", "import fastapi, sqlalchemy, uvicorn"], capture_output=True)
            if found.returncode:
                raise Missing("FastAPI (pip install -r benchmarks/requirements.txt)")
            command = [bench_python(), str(HERE / "peers" / "fastapi_chat.py"), str(work / "chat.db")]
        case "ngircd":
            port, wire = _free_port(), "irc"
            (work / "ngircd.conf").write_text(
                f"[Global]\nName = bench.local\nInfo = bench\nListen = 127.0.0.1\nPorts = {port}\n"
                "MotdFile = /dev/null\n"
                "[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\n"
                "PingTimeout = 3600\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
            )
            command = [_program("ngircd"), "-n", "-f", str(work / "ngircd.conf")]
        case "mosquitto":
            port, wire = _free_port(), "mqtt"
            (work / "mosquitto.conf").write_text(
                f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n"
                "max_inflight_messages 0\nlog_type error\n"
            )
            command = [_program("mosquitto"), "-c", str(work / "mosquitto.conf")]
        case _:
            raise ValueError(name)
    log = work / "log"
    with log.open("wb") as errors, _process(command, errors, speaks=not port) as process:
        if port:
            _wait_for(port, process, log)
        else:
            port = int(_first_line(process, log))
        yield Server(name, wire, port, (process.pid,))


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{name} (apt-get install {name})")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it accepts connections: a refused one returns at once, so this asks again, within ten seconds."""
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"it did not start: {log.read_text(errors='replace').strip()[-500:]}")
