"""A host is left for good from its window: the host goes on, and this computer keeps nothing of it."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from tests.helpers.host_process import ROOMY, HostProcess

from .desk import Desk, join, pick_elsewhere, run, stored, write

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def test_who_left_is_on_the_first_page_and_nothing_is_kept(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "so long")
            await desk.until(lambda: stored(anna) == stored(ben) == ["so long"])
            anna.window.chat.composer.set_text("half a thought")
            left = anna.feed.host

            pick_elsewhere(anna, "Leave this host…")
            box = anna.window.findChild(QMessageBox)
            assert box is not None
            yes = next(one for one in box.buttons() if one.text() == "Leave")
            QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
            first = anna.window.first_run
            await desk.until(first.isVisible, "the first page")
            assert not first.back.isVisible(), "there is no room to go back to"
            assert first.address.text() == ""
            assert anna.feed.host == ""
            assert anna.feed.host_name == ""
            assert [model.rowCount() for model in (anna.timeline, anna.rooms, anna.members)] == [0, 0, 0]
            assert await anna.disk.run(anna.disk.profile.hosts) == []
            assert await anna.disk.run(anna.disk.profile.drafts) == {}
            assert await anna.disk.run(anna.disk.credentials.get, left) is None
            assert await anna.disk.run(anna.disk.replica.load, left) is None
            assert stored(ben) == ["so long"]

            await desk.close(anna)
            again = await desk.open("anna")
            assert again.window.first_run.isVisible()
            assert again.settings.name == "Anna"

        run(qapp, tmp_path, play)
