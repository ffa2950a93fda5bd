"""How the program is started: hidden with the session, or only to try whether it works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop import autostart
from mrsambosk_desktop.app import App, Options
from mrsambosk_desktop.autostart import Autostart, DesktopFiles
from mrsambosk_desktop.widgets.keys_dialog import KeysDialog

from .desk import Desk, run
from .test_program import environment


def test_a_start_with_the_session_shows_no_window(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        app = App(qapp, Options(tmp_path / "dana", look_around=False, hidden=True))
        desk.apps.append(app)
        await app.start()
        assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
        assert not [window for window in qapp.allWindows() if window.isVisible()]
        app.window.show()
        assert app.window.first_run.isVisible(), "it is whole when it is asked for"

    run(qapp, tmp_path, play)


def test_the_window_comes_back_as_it_was(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        dana.window.resize(711, 577)
        dana.window.set_ctrl_enter(True)
        dana.window.set_recent_emoji(("🎉", "👍"))
        dana.theme.set_less_motion(True)
        dana.theme.step_scale(1)
        scale = dana.theme.scale
        dana.window.room_page.toggle_people()
        panes = dana.window.layout_state()
        await desk.close(dana)
        again = await desk.open("dana")
        assert (again.window.width(), again.window.height()) == (711, 577)
        assert again.window.ctrl_enter
        assert again.window.recent_emoji == ("🎉", "👍")
        assert again.theme.less_motion
        assert again.theme.scale == scale > 1
        assert again.window.layout_state() == panes

    run(qapp, tmp_path, play)


def test_it_is_switched_on_in_the_window(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autostart, "command", lambda: ["/usr/bin/mrsambosk"])
    entry = Autostart("default", place=DesktopFiles(tmp_path / "autostart"))

    async def play(desk: Desk) -> None:
        app = App(qapp, Options(tmp_path / "dana", look_around=False, autostart=entry))
        desk.apps.append(app)
        await app.start()
        for on in (True, False):
            app.window.show_keys()
            dialog = app.window.findChild(KeysDialog)
            assert dialog is not None
            assert dialog.autostart.isVisible()
            assert dialog.autostart.isChecked() is not on
            QTest.keyClick(dialog.autostart, Qt.Key.Key_Space)
            assert entry.is_on is on
            dialog.accept()
            dialog.setParent(None)

    run(qapp, tmp_path, play)


def test_the_program_tries_itself(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mrsambosk_desktop", "--smoke"],
        capture_output=True,
        text=True,
        env=environment(QT_QPA_PLATFORM="", HOME=str(tmp_path), TMPDIR=str(tmp_path)),
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (line,) = ran.stdout.splitlines()
    said = json.loads(line)
    assert (said["smoke"], said["steps"]) == ("passed", ["host", "join", "post", "delete", "colour", "quit"])
    assert list(tmp_path.iterdir()) == [], "nothing is left"


def test_a_started_program_keeps_a_log(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "mrsambosk_desktop", "--data", str(tmp_path), "--no-discovery", "--hidden"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment()) as child:
        assert child.stderr is not None
        assert any("waits to be asked for" in heard for heard in child.stderr)
        child.terminate()
        child.stderr.read()
        assert child.wait(20) == 0
    log = tmp_path / "profiles" / "default" / "logs" / "mrsambosk.log"
    assert "waits to be asked for" in log.read_text("utf-8")
