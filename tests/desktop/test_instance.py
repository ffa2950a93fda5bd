"""One app a profile: who is first, what a second start hands over, and what a crashed one leaves."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.instance import LOCK_FILE, Instance, _socket_name
from tests.helpers.host_process import environment

_SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from mrsambosk_desktop.instance import Instance
app = QCoreApplication([])
instance = Instance(Path(sys.argv[1]), int(sys.argv[3]))
print("first" if instance.take() else instance.hand_over(sys.argv[2]), flush=True)
if len(sys.argv) > 4:
    sys.stdin.read()
"""


def _second(folder: Path, link: str, patience: int = 10_000, *more: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-c", _SECOND, str(folder), link, str(patience), *more]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())


def _said(child: "subprocess.Popen[str]") -> str:
    out, _err = child.communicate(timeout=30)
    assert child.returncode == 0
    return out.strip()


@pytest.fixture
def first(qapp: QApplication, tmp_path: Path) -> Instance:
    instance = Instance(tmp_path)
    assert instance.take()
    return instance


@pytest.mark.parametrize("link", ["", "mrsambosk://join?at=10.0.0.2:8765&name=Küche"])
def test_a_second_start_hands_its_link_over(first: Instance, tmp_path: Path, qtbot: QtBot, link: str) -> None:
    with qtbot.waitSignal(first.asked, timeout=20_000) as asked:
        child = _second(tmp_path, link)
    assert asked.args == [link]
    assert _said(child) == "True"
    first.close()


def test_two_profiles_know_nothing_of_each_other(first: Instance, tmp_path: Path) -> None:
    other = Instance(tmp_path / "other")
    assert other.take()
    other.close()
    first.close()


def test_after_the_first_has_closed_the_next_is_first(first: Instance, tmp_path: Path) -> None:
    first.close()
    assert _said(_second(tmp_path, "")) == "first"


def test_a_killed_one_does_not_stand_in_the_way(qapp: QApplication, tmp_path: Path) -> None:
    child = _second(tmp_path, "", 10_000, "stay")
    assert child.stdout is not None
    assert child.stdout.readline() == "first\n"
    child.kill()
    child.communicate(timeout=30)
    assert (tmp_path / LOCK_FILE).exists()
    instance = Instance(tmp_path)
    assert instance.take()
    instance.close()


def test_one_that_does_not_answer_is_waited_for_in_vain(first: Instance, tmp_path: Path) -> None:
    first._server.close()  # type: ignore[union-attr]
    assert _said(_second(tmp_path, "", 300)) == "False"
    first.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of Windows has no file mode")
def test_nobody_else_can_open_the_socket(first: Instance, tmp_path: Path) -> None:
    socket = Path(_socket_name(tmp_path))
    assert socket.is_socket()
    assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
    first.close()
    assert not socket.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of Windows has no path")
def test_a_long_path_has_its_socket_elsewhere(qapp: QApplication, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 10)
    instance = Instance(folder)
    assert instance.take()
    socket = Path(_socket_name(folder))
    assert len(os.fsencode(socket)) <= 100
    assert socket.is_socket()
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    instance.close()


def test_what_is_no_message_is_dropped(first: Instance, tmp_path: Path, qtbot: QtBot) -> None:
    heard: list[str] = []
    first.asked.connect(heard.append)
    owner = QObject()
    socket = QLocalSocket(owner)
    socket.connectToServer(_socket_name(tmp_path))
    with qtbot.waitSignal(socket.disconnected, timeout=20_000):
        socket.write(b"x" * 20_000)
    assert heard == []
    first.close()
    QLocalServer.removeServer(_socket_name(tmp_path))
