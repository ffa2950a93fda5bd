"""The harness itself: each kind of warning fails the test it came from, an expected one does not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CASES = """
import asyncio, logging, socket, threading, warnings
import pytest

log = logging.getLogger("mrsambosk_server.ledger")

def test_passes_info():
    log.info("started")

def test_passes_expected(expect_log):
    expect_log("is d.maged", logger="mrsambosk_server")
    log.error("the database is damaged")

@pytest.mark.expect_log("damaged")
def test_passes_marked():
    log.error("damaged")

def test_fails_record():
    log.warning("slow disk")

def test_fails_record_of_thread():
    thread = threading.Thread(target=log.error, args=("in a thread",))
    thread.start()
    thread.join()

def test_fails_other_logger(expect_log):
    expect_log("damaged", logger="mrsambosk_desktop")
    log.error("damaged")

def test_fails_expected_but_missing(expect_log):
    expect_log("damaged")

def test_fails_warning():
    warnings.warn("old way", DeprecationWarning)

def test_fails_socket_left_open():
    it = type("Holder", (), {})()
    it.itself, it.socket = it, socket.socket()

def test_fails_never_awaited():
    asyncio.sleep(0)

def test_fails_pending_task():
    loop = asyncio.new_event_loop()
    loop.create_task(asyncio.Event().wait())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

def test_fails_exception_of_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

@pytest.fixture
def noisy():
    yield
    log.warning("at the end")

def test_fails_teardown(noisy):
    pass

def test_fails_qt_message(qapp):
    from PySide6.QtCore import qWarning
    qWarning("QObject::connect: no such signal")

def test_fails_exception_of_slot(qtbot):
    from PySide6.QtCore import QObject, Signal
    class Source(QObject):
        changed = Signal()
    source = Source()
    source.changed.connect(lambda: 1 / 0)
    source.changed.emit()
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What a run of CASES under the project's own conftest says of each: passed, failed, error."""
    top = tmp_path_factory.mktemp("harness")
    shutil.copy(ROOT / "pyproject.toml", top)
    (top / "tests" / "helpers").mkdir(parents=True)
    for name in ("__init__.py", "conftest.py", "helpers/__init__.py", "helpers/logfail.py"):
        shutil.copy(ROOT / "tests" / name, top / "tests" / name)
    (top / "tests" / "test_cases.py").write_text(CASES, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"],
        cwd=top,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said: dict[str, set[str]] = {}
    for line in ran.stdout.splitlines():
        verdict, _, rest = line.partition(" ")
        if verdict in ("PASSED", "FAILED", "ERROR") and "::" in rest:
            said.setdefault(rest.split("::")[1].split(" ")[0], set()).add(verdict)
    assert said, ran.stdout + ran.stderr
    return said


@pytest.mark.parametrize("case", [line[4:-3].split("(")[0] for line in CASES.splitlines() if line[:9] == "def test_"])
def test_harness(outcomes: dict[str, set[str]], case: str) -> None:
    verdicts = outcomes[case]
    if case.startswith("test_passes_"):
        assert verdicts == {"PASSED"}
    else:
        assert verdicts & {"FAILED", "ERROR"}
