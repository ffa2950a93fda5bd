"""A real host as a child process: started, waited for by its ready line, stopped or killed by its own process id.

    with HostProcess(tmp_path / "data", "--policy", "code") as host:
        host.port, host.ready["code"], host.owner_token

Nothing here knows the server's code: only the command line and the ready line. Tests that want the child's log on
failure need do nothing; ``tests/server/wire/conftest.py`` attaches it.
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0
STOP_SECONDS = 15.0

#: Raised limits, for tests that are not about them.
ROOMY = (
    *("--limit", "posts_per_second=100000"),
    *("--limit", "posts_burst=100000"),
    *("--limit", "commands_per_second=100000"),
)

# What no log of a healthy host holds, whatever clients did to it.
_FAULT = re.compile(
    r"Traceback \(most recent|was never (?:awaited|retrieved)|Exception ignored|\w+Warning:|Task was destroy"
)


class HostFailed(AssertionError):
    """The child ended or stayed silent where it should have become ready; the message carries its log."""


class Finished(NamedTuple):
    """A host that ended by itself."""

    status: int
    stdout: str
    stderr: str

    @property
    def sentence(self) -> str:
        """What a person reads last."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def command_line(data: Path, *options: str, owner: str | None = "Dana", port: int = 0, tls: bool = False) -> list[str]:
    """The host's arguments as tests want them: no TLS unless asked, not announced, a ready line, ended by end of input.

    A later option overrides an earlier one, so `options` may name another policy.
    """
    line = [sys.executable, "-m", "mrsambosk_server", "host", "--port", str(port), "--data", str(data)]
    if not tls:
        line.append("--no-tls")
    line += ["--ready-json", "--stop-on-eof", "--no-announce", "--policy", "open"]
    if owner is not None:
        line += ["--owner", owner]
    return line + list(options)


def environment() -> dict[str, str]:
    """This process's environment, with the server importable from a bare checkout."""
    paths = [str(ROOT / "server"), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def run_host(line: list[str], timeout: float = READY_SECONDS) -> Finished:
    """Run a host that is expected to end by itself, with an input that stays open.

    Raises:
        HostFailed: it still ran after `timeout` seconds (and was killed).
    """
    child = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT
    )
    try:
        return _collect(child, timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        done = _collect(child, STOP_SECONDS)
        raise HostFailed(f"this host should have ended:\n{done.stdout}\n{done.stderr}") from None


def _collect(child: subprocess.Popen[bytes], timeout: float) -> Finished:
    # `communicate` closes stdin at once, which would itself end a host that came up by mistake: read without it.
    assert child.stdin is not None
    stdin, child.stdin = child.stdin, None
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.stdin = stdin
        raise
    stdin.close()
    return Finished(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


class HostProcess:
    """One running host. Use it as a context manager, or call `start` and later `stop` or `kill`.

    Args:
        data: the data directory; made by the host when missing.
        options: further command-line options (`*ROOMY` for raised limits).
        owner: the `--owner`, or None for a host without one.
        port: 0 lets the system choose.
        tls: whether it speaks TLS.
        extra_environment: more environment variables for the child.
    """

    def __init__(
        self,
        data: Path,
        *options: str,
        owner: str | None = "Dana",
        port: int = 0,
        tls: bool = False,
        extra_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.ready: dict[str, Any] = {}
        self._line = command_line(data, *options, owner=owner, port=port, tls=tls)
        self._environment = environment() | dict(extra_environment or {})
        self._child: subprocess.Popen[bytes] | None = None
        self._stdout: queue.Queue[bytes] = queue.Queue()
        self._reader: threading.Thread | None = None
        self._log: IO[bytes] | None = None

    @property
    def port(self) -> int:
        port = self.ready["port"]
        assert isinstance(port, int)
        return port

    @property
    def owner_token(self) -> str:
        token = self.ready["owner_token"]
        assert isinstance(token, str)
        return token

    @property
    def authority(self) -> str:
        """What goes into a `Host` header."""
        return f"127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.authority}/ws"

    @property
    def log(self) -> str:
        """All that the child wrote to stderr so far."""
        if self._log is None:
            return ""
        return os.pread(self._log.fileno(), 10_000_000, 0).decode(errors="replace")

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> Self:
        """Start it and wait for the ready line.

        Raises:
            HostFailed: it ended, said something else first, or was silent for `READY_SECONDS`.
        """
        assert self._child is None, "already started"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _finish
        self._child = subprocess.Popen(
            self._line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment,
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=self._read_stdout, args=(self._child.stdout,), daemon=True)
        self._reader.start()
        try:
            line = self._stdout.get(timeout=READY_SECONDS)
            self.ready = json.loads(line) if line else {}
            if self.ready.get("event") != "ready":
                raise HostFailed(f"not a ready line: {line!r}")
        except (queue.Empty, ValueError, HostFailed) as reason:
            self._child.kill()
            status = self._child.wait(STOP_SECONDS)
            log = self.log
            self._finish()
            raise HostFailed(f"the host did not become ready ({reason!r}, status {status}); its log:\n{log}") from None
        return self

    def _read_stdout(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._stdout.put(line)
        self._stdout.put(b"")

    def close_input(self) -> None:
        """Ask it to stop, without waiting."""
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.close()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def wait(self, timeout: float = STOP_SECONDS) -> int:
        """Its exit status, once it has ended by itself.

        Raises:
            HostFailed: it still runs after `timeout` seconds (and was killed).
        """
        assert self._child is not None
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(STOP_SECONDS)
            log = self.log
            self._finish()
            raise HostFailed(f"the host did not stop within {timeout} s; its log:\n{log}") from None
        self._finish()
        return status

    def stop(self) -> int:
        """Stop it gracefully by closing its input; its exit status."""
        self.close_input()
        return self.wait()

    def kill(self) -> None:
        """As a power cut does it."""
        assert self._child is not None
        self._child.kill()
        self._child.wait(STOP_SECONDS)
        self._finish()

    def next_line(self) -> dict[str, Any]:
        """What it says next after its ready line."""
        line: dict[str, Any] = json.loads(self._stdout.get(timeout=READY_SECONDS))
        return line

    def rest_of_stdout(self) -> str:
        """What came on stdout after the ready line; only once it has ended."""
        lines = []
        while not self._stdout.empty():
            lines.append(self._stdout.get())
        return b"".join(lines).decode(errors="replace")

    def faults(self) -> list[str]:
        """Lines of its log that no healthy host writes: tracebacks, warnings, lost tasks."""
        log = self.last_log if self._log is None else self.log
        return [line for line in log.splitlines() if _FAULT.search(line)]

    last_log: str = ""

    def _finish(self) -> None:
        assert self._child is not None
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        if self._log is not None:
            self.last_log = self.log
            self._log.close()
            self._log = None
        self._child = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it; when all else went well it must have ended with status 0 and a log without faults."""
        if self._child is None:
            return
        if kind is not None:
            self.kill()
            return
        status = self.stop()
        assert status == 0, f"the host ended with {status}; its log:\n{self.last_log}"
        assert not self.faults(), f"faults in the host's log:\n{self.last_log}"
