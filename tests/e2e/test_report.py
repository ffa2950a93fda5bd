"""The report that is copied, from a window in a room, with a secret of each kind planted in the log."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from mrsambosk_desktop.app import App, Options
from mrsambosk_desktop.logs import LastLines
from mrsambosk_desktop.widgets.keys_dialog import KeysDialog
from mrsambosk_protocol.invite import parse_invite

from .desk import Desk, is_live, join, run, stored, write

BODY = "the planted body of a message"


@pytest.fixture
def last() -> LastLines:
    """What the program sets up for itself."""
    return LastLines()


async def _host(desk: Desk, lines: Callable[[], tuple[str, ...]]) -> App:
    app = App(desk.qt, Options(desk.folder / "dana", None, 0, ("127.0.0.1",), look_around=False, log_lines=lines))
    desk.apps.append(app)
    await app.start()
    app.window.first_run.name.setText("Dana Plantagenet")
    app.window.first_run.policy.setCurrentIndex(1)
    QTest.mouseClick(app.window.first_run.host, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app), "hosting")
    return app


def test_the_report_is_copied_and_nothing_private_is_in_it(qapp: QApplication, tmp_path: Path, last: LastLines) -> None:
    async def play(desk: Desk) -> None:
        dana = await _host(desk, last.lines)
        link = dana.window._host.invite or ""
        invite = parse_invite(link)
        await join(desk, "omar", "Omar Sharifson", link)
        await desk.until(
            lambda: any(user.name == "Omar Sharifson" for user in dana.feed.users.values()), "Omar is known"
        )
        write(dana, BODY)
        await desk.until(lambda: stored(dana) == [BODY])
        door = dana.connection.door
        assert door is not None
        token = dana.connection._target.token if dana.connection._target else ""
        assert len(token) == 43
        assert invite.code
        secrets = (
            BODY,
            token,
            invite.code,
            link,
            "Dana Plantagenet",
            "Omar Sharifson",
            dana.feed.host_name,
            invite.fingerprint or "",
            "192.168.77.13",
            "203.0.113.9",
            str(tmp_path),
        )
        assert all(secrets)
        for secret in secrets:
            record = logging.LogRecord("mrsambosk_desktop.x", logging.INFO, "", 0, "planted: %s.", (secret,), None)
            last.handle(record)

        dana.window.show_keys()
        keys = next(one for one in dana.window.findChildren(KeysDialog) if one.isVisible())
        QGuiApplication.clipboard().clear()
        QTest.mouseClick(keys.report, Qt.MouseButton.LeftButton)
        await desk.until(lambda: QGuiApplication.clipboard().text(), "the report is copied")
        text = QGuiApplication.clipboard().text()
        assert text.count("planted: ") == len(secrets)
        for secret in secrets:
            assert secret.casefold() not in text.casefold(), f"{secret} is in it:\n{text}"
        assert "connection: live" in text
        assert "hosting from this window: yes" in text
        assert "messages kept here: " in text
        assert "waiting to be sent: 0" in text
        assert "replica.db: " in text
        shown = [one for one in dana.window.findChildren(QDialog) if one.isVisible()]
        assert [one.accessibleName() for one in shown] == ["You are hosting", "A report to copy"]

    run(qapp, tmp_path, play)
