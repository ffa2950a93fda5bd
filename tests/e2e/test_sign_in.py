"""Coming in with what a host wants to hear: a password of one's own, or the join code."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.app import App
from mrsambosk_desktop.widgets.secret_dialog import SecretDialog
from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import request

from .desk import Desk, is_live, run


async def _asked(desk: Desk, app: App, name: str, text: str) -> SecretDialog:
    """Join, and wait until the host's question is shown."""
    page = app.window.first_run
    page.name.setText(name)
    app.connection.secret_asked.connect(desk._poke)
    QTest.keyClicks(page.address, text)
    QTest.mouseClick(page.join, Qt.MouseButton.LeftButton)
    await desk.until(lambda: app.window.findChild(SecretDialog), "what the host wants to hear")
    dialog = app.window.findChild(SecretDialog)
    assert isinstance(dialog, SecretDialog)
    return dialog


def test_somebody_with_a_password_signs_in_on_another_device(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host") as host:
        made = request(host, "POST", "/api/v1/register", data={"name": "Anna", "password": "rather long"})
        assert made.status == 201

        async def play(desk: Desk) -> None:
            anna = await desk.open("anna")
            dialog = await _asked(desk, anna, "anna", host.authority)
            QTest.keyClicks(dialog.secret, "rather long")
            QTest.keyClick(dialog.secret, Qt.Key.Key_Return)
            await desk.until(lambda: is_live(anna))
            assert [user.name for user in anna.feed.users.values()].count("Anna") == 1

        run(qapp, tmp_path, play)


def test_a_wrong_password_is_said_on_the_first_page(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host") as host:
        request(host, "POST", "/api/v1/register", data={"name": "Anna", "password": "rather long"})

        async def play(desk: Desk) -> None:
            anna = await desk.open("anna")
            dialog = await _asked(desk, anna, "Anna", host.authority)
            QTest.keyClicks(dialog.secret, "rather short")
            QTest.mouseClick(dialog.go_on, Qt.MouseButton.LeftButton)
            await desk.until(lambda: "wrong" in anna.window.first_run._problem.text())

        run(qapp, tmp_path, play)


def test_the_join_code_is_asked_for_where_an_address_was_typed(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", "--policy", "code") as host:

        async def play(desk: Desk) -> None:
            anna = await desk.open("anna")
            dialog = await _asked(desk, anna, "Anna", host.authority)
            QTest.keyClicks(dialog.secret, host.ready["code"])
            QTest.mouseClick(dialog.go_on, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(anna))

        run(qapp, tmp_path, play)
