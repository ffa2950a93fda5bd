"""The page for backups: what each row says, what can be asked when, and that nothing is restored unasked."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from mrsambosk_desktop.core.backups import Backup, BackupsPage, Soundness
from mrsambosk_desktop.widgets.backups_dialog import BackupsDialog

from .conftest import Desk

NEW = Backup("/data/backups/backup-0003.db", 1_790_000_000_000, 3_200_000, 1234)
GOOD = Backup("/data/backups/backup-0002.db", 1_789_990_000_000, 3_100_000, 1, Soundness.GOOD)
BAD = Backup("/data/backups/backup-0001.db", 1_789_900_000_000, 4096, None, Soundness.DAMAGED)
PAGE = BackupsPage("/data/backups", (NEW, GOOD, BAD))


@pytest.fixture
def dialog(desk: Desk) -> BackupsDialog:
    desk.window.dialogs.set_backups(PAGE)
    desk.window.dialogs.show_backups()
    made = desk.window.dialogs._backups
    assert made is not None
    return made


def _texts(dialog: BackupsDialog) -> list[str]:
    return [shown.text().translate({0x2068: None, 0x2069: None}) for shown in dialog._area.findChildren(QLabel)]


def test_each_backup_says_its_size_its_messages_and_whether_it_is_whole(dialog: BackupsDialog) -> None:
    said = _texts(dialog)
    assert "3.1 MiB · 1234 messages" in said
    assert "3.0 MiB · 1 message" in said
    assert "4.0 KiB" in said
    assert said.count("Checked when it was made") == 1
    assert said.count("Checked again: whole") == 1
    assert said.count("Damaged: it can't be restored") == 1
    assert len(dialog.rows) == 2, "a damaged one is not offered"
    assert not dialog.offer.isVisible()


def test_restoring_is_asked_about_and_leaves_with_the_file(desk: Desk, dialog: BackupsDialog) -> None:
    asked: list[str] = []
    desk.window.dialogs.restore_requested.connect(asked.append)
    for answer, left in ((QMessageBox.ButtonRole.RejectRole, []), (QMessageBox.ButtonRole.AcceptRole, [GOOD.file])):
        QTest.mouseClick(dialog.rows[1], Qt.MouseButton.LeftButton)
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert "stays deleted" in box.informativeText()
        assert "kept beside it" in box.informativeText()
        QTest.mouseClick(next(one for one in box.buttons() if box.buttonRole(one) is answer), Qt.MouseButton.LeftButton)
        assert asked == left


def test_while_something_is_done_nothing_else_can_be_asked(desk: Desk, dialog: BackupsDialog) -> None:
    desk.window.dialogs.set_backups(BackupsPage(PAGE.folder, PAGE.backups, busy="Backing up…"))
    assert dialog.told.text() == "Backing up…"
    assert not any(one.isEnabled() for one in (dialog.back_up, dialog.check, *dialog.rows))
    desk.window.dialogs.set_backups(PAGE)
    assert all(one.isEnabled() for one in (dialog.back_up, dialog.check, *dialog.rows))
    assert not dialog.told.isVisible()


def test_a_damaged_room_shows_why_and_offers_the_one_named(desk: Desk, dialog: BackupsDialog) -> None:
    asked: list[str] = []
    desk.window.dialogs.restore_requested.connect(asked.append)
    desk.window.dialogs.set_backups(
        BackupsPage(PAGE.folder, PAGE.backups, problem="<b>It</b> is damaged.", offered=GOOD.file)
    )
    assert dialog.problem.text() == "<b>It</b> is damaged."
    assert dialog.problem.textFormat() is Qt.TextFormat.PlainText
    assert dialog.offer.isVisible()
    QTest.mouseClick(dialog.offer, Qt.MouseButton.LeftButton)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    yes = next(one for one in box.buttons() if box.buttonRole(one) is QMessageBox.ButtonRole.AcceptRole)
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert asked == [GOOD.file]


def test_none_yet_is_said(desk: Desk, dialog: BackupsDialog) -> None:
    desk.window.dialogs.set_backups(BackupsPage(PAGE.folder, ()))
    assert _texts(dialog)[-1] == "There are no backups yet."
    assert not dialog.show_folder.isEnabled()
