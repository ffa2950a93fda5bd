"""The commands themselves, as other processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "qasync", "shiboken6"):
            raise ImportError(name)
sys.meta_path.insert(0, Block())
from mrsambosk_desktop.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "server")))
    return kept | changes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_app_ends_cleanly_when_told_to(tmp_path: Path, number: signal.Signals) -> None:
    line = [sys.executable, "-W", "always", "-m", "mrsambosk_desktop", "--data", str(tmp_path), "--verbose"]
    line.append("--no-discovery")  # nothing is sent to the network of whoever runs the tests
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment()) as child:
        assert child.stderr is not None
        said = []
        for heard in child.stderr:
            said.append(heard)
            if "the window is shown" in heard:
                break
        child.send_signal(number)
        said.append(child.stderr.read())
        status = child.wait(20)
    log = "".join(said)
    assert status == 0, log
    for fault in ("Traceback", "never awaited", "Warning", "was destroyed", "Task"):
        assert fault not in log, log
    assert (tmp_path / "profiles" / "default" / "profile.db").exists()


def test_a_second_start_of_a_profile_ends_and_leaves_the_first(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "mrsambosk_desktop", "--data", str(tmp_path), "--verbose", "--no-discovery"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment()) as child:
        assert child.stderr is not None
        for heard in child.stderr:
            if "the window is shown" in heard:
                break
        again = [*line, "mrsambosk://join?at=10.0.0.2"]
        done = subprocess.run(again, capture_output=True, text=True, env=environment(), timeout=30, check=False)
        assert (done.returncode, child.poll()) == (0, None)
        assert "the window is shown" not in done.stderr
        child.send_signal(signal.SIGINT)
        rest = child.stderr.read()
        assert child.wait(20) == 0
    assert "started again" in rest


def test_where_there_is_no_display_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mrsambosk_desktop", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment(QT_QPA_PLATFORM=""),
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "mrsambosk: There is no display here. 'mrsambosk host' keeps a room without one.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_host_needs_no_qt_and_a_window_says_that_it_does(tmp_path: Path) -> None:
    line = [sys.executable, "-c", _BLOCKED]
    host = [*line, "host", "--no-tls", "--port", "0", "--data", str(tmp_path), "--ready-json", "--stop-on-eof"]
    with subprocess.Popen(
        host, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as child:
        assert child.stdout is not None
        assert b'"event":"ready"' in child.stdout.readline()
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(20) == 0
    window = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=30, check=False)
    assert window.returncode == 2
    assert "needs Qt" in window.stderr
    assert "Traceback" not in window.stderr


def test_a_profiles_name_that_is_no_folders_is_refused() -> None:
    line = [sys.executable, "-m", "mrsambosk_desktop", "--profile", "../other"]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "profile" in done.stderr
