"""The folder that runs where there is no Python: made by PyInstaller, trimmed, and started to prove that it works."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import libraries, licences
from .project import DIST, NAME, ROOT, version

#: What a release may take, in megabytes and seconds.
FOLDER_MB, PACKAGE_MB, WINDOW_SECONDS, HOST_SECONDS = 170, 55, 1.5, 1.0
_TIMEOUT = 120
_TRIES = 5


class DoesNotWork(Exception):
    """What was made does not do what it is for."""


def make() -> Path:
    """Run PyInstaller on the spec with this Python, trim the result, put the licences in; the folder.

    Raises:
        subprocess.CalledProcessError: PyInstaller failed; it has said why.
        LicenceMissing: something inside has no licence.
    """
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR"]
    subprocess.run([*command, "--distpath", DIST, "--workpath", ROOT / "build", "mrsambosk.spec"], cwd=ROOT, check=True)
    folder = DIST / NAME
    if sys.platform == "linux" and shutil.which("strip"):
        libraries.strip(folder)
    licences.collect(folder)
    return folder


def program(folder: Path) -> Path:
    """The program in it; on macOS the one of the app beside it, which is what people get."""
    if sys.platform == "darwin":
        return folder.with_name("Mrsambosk.app") / "Contents" / "MacOS" / NAME
    return folder / (f"{NAME}.exe" if sys.platform == "win32" else NAME)


def megabytes(path: Path) -> float:
    """The size of a file, or of all below a folder, each once."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / 1e6


def smoke(program: Path) -> dict[str, object]:
    """Let the program try itself: host, join, post, delete; what it said.

    Raises:
        DoesNotWork: any of it did not come about.
    """
    try:
        ran = subprocess.run(
            [program, "--smoke"], capture_output=True, text=True, timeout=_TIMEOUT, check=False, env=_environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DoesNotWork(f"{program} --smoke: {error}") from None
    return check_smoke(ran.returncode, ran.stdout, ran.stderr)


def check_smoke(status: int, output: str, notes: str = "") -> dict[str, object]:
    """What `--smoke` said, when it is what it must be.

    Raises:
        DoesNotWork: it is not.
    """
    lines = output.splitlines()
    try:
        said = json.loads(lines[0]) if len(lines) == 1 else None
    except ValueError:
        said = None
    wanted = {"smoke": "passed", "version": version(), "steps": ["host", "join", "post", "delete", "colour", "quit"]}
    if status != 0 or not isinstance(said, dict) or {key: said.get(key) for key in wanted} != wanted:
        raise DoesNotWork(f"--smoke ended with {status} and said {output!r}\n{notes[-2000:]}")
    return said


def host_needs_no_qt(program: Path) -> None:
    """See that the program as a host has no part of Qt loaded.

    Raises:
        DoesNotWork: it has.
    """
    with tempfile.TemporaryDirectory() as data:
        child = _start_host(program, Path(data))
        try:
            _read_ready(child)
            maps = Path(f"/proc/{child.pid}/maps").read_text("utf-8")
        finally:
            _end(child)
    if "libQt6" in maps or "PySide6" in maps:
        raise DoesNotWork("the host has Qt loaded")


def seconds_to_host(program: Path) -> float:
    """From starting `mrsambosk host` to its ready line: the median of five first starts.

    Raises:
        DoesNotWork: it was never ready.
    """

    def once(folder: Path) -> float:
        began = time.perf_counter()
        child = _start_host(program, folder)
        try:
            _read_ready(child)
            return time.perf_counter() - began
        finally:
            _end(child)

    return _median(once)


def seconds_to_window(program: Path) -> float:
    """From starting the app to its window: the median of five first starts, off screen unless QT_QPA_PLATFORM is set.

    Raises:
        DoesNotWork: there was no window.
    """

    def once(folder: Path) -> float:
        began = time.perf_counter()
        line = [str(program), "--data", str(folder), "--no-discovery"]
        child = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=_environment())
        assert child.stderr is not None
        said = ""
        try:
            for heard in child.stderr:
                said += heard
                if "the window is shown" in heard:
                    return time.perf_counter() - began
        finally:
            child.terminate()
            child.communicate(timeout=_TIMEOUT)
        raise DoesNotWork(f"no window: {said}")

    return _median(once)


def _median(once: Callable[[Path], float]) -> float:
    times = []
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            times.append(once(Path(folder)))
    return statistics.median(times)


def _start_host(program: Path, data: Path) -> subprocess.Popen[str]:
    options = ["--data", str(data), "--port", "0", "--no-announce", "--ready-json", "--stop-on-eof"]
    return subprocess.Popen(
        [program, "host", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    )


def _read_ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    line = child.stdout.readline()
    try:
        event = json.loads(line).get("event")
    except (ValueError, AttributeError):
        event = None
    if event != "ready":
        raise DoesNotWork(f"the host's first line is {line!r}")


def _end(child: subprocess.Popen[str]) -> None:
    """Close its input, at which it stops."""
    child.communicate(timeout=_TIMEOUT)
    if child.returncode != 0:
        raise DoesNotWork(f"the host ended with {child.returncode}")


def _environment() -> dict[str, str]:
    """Ours without what would let the bundle find this machine's Python, and off screen where nothing else is said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {"QT_QPA_PLATFORM": "offscreen", **kept}
