"""The doctor's page: what it shows of each line, that everything can be copied, and how one gets there."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.doctor import HostFacts, examine_host
from mrsambosk_desktop.core.findings import Interface, Verdict, report, sentence
from mrsambosk_desktop.core.firewall import Gate, Wall
from mrsambosk_desktop.widgets.doctor_dialog import DoctorDialog
from mrsambosk_desktop.widgets.first_run import FirstRun
from mrsambosk_desktop.widgets.hosting_dialog import HostingDialog
from mrsambosk_desktop.widgets.theme import Theme
from tests.helpers.pseudo import MARK, Pseudo

from .conftest import Desk

OPEN = "sudo ufw allow from 192.168.1.0/24 to any port 8765 proto tcp"
FACTS = HostFacts(
    port=8765,
    addresses=("192.168.1.20",),
    interfaces=(Interface(name="eth0", address="192.168.1.20", prefix=24),),
    walls=(Wall(name="ufw", gate=Gate.SHUT, where="Default: deny (incoming)", commands=(OPEN,)),),
    way_out="eth0",
    heard=frozenset({"mdns", "beacon"}),
    asked=0,
)
FINDINGS = examine_host(FACTS)


@pytest.fixture
def dialog(qtbot: QtBot, qapp: QApplication) -> Iterator[DoctorDialog]:
    theme = Theme(qapp, "light")
    parent = QWidget()
    parent.resize(1000, 700)
    qtbot.addWidget(parent)
    made = DoctorDialog(theme, parent)
    qtbot.addWidget(made)
    made.open()
    yield made
    theme.deleteLater()


def words(widget: QWidget) -> list[str]:
    return [one.text().replace("\u200b", "") for one in widget.findChildren(QLabel) if one.text()]


def test_one_line_a_check_with_the_command_for_what_is_red(dialog: DoctorDialog) -> None:
    dialog.show_findings(FINDINGS)
    rows = dialog.rows()
    assert [row.property("verdict") for row in rows] == [one.verdict.value for one in FINDINGS]
    red = next(row for row in rows if row.property("verdict") == Verdict.BAD.value)
    assert words(red) == [
        "Firewall",
        "problem",
        "ufw keeps others out of port 8765 (Default: deny (incoming)).",
        "Open the port for your own network:",
        OPEN,
    ]
    assert dialog.summary.text() == "Problems found: 1"
    QTest.mouseClick(red.findChildren(QAbstractButton)[0], Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == OPEN


def test_the_report_is_copied_whole(dialog: DoctorDialog) -> None:
    dialog.show_findings(FINDINGS)
    QTest.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == report(FINDINGS)
    assert "Copied" in words(dialog)


def test_while_it_looks_nothing_old_stands_there(dialog: DoctorDialog, qtbot: QtBot) -> None:
    dialog.show_findings(FINDINGS)
    with qtbot.waitSignal(dialog.again_wanted, timeout=2000):
        QTest.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    dialog.show_looking()
    assert dialog.rows() == []
    assert not dialog.copy.isEnabled()
    assert not dialog.again.isEnabled()
    dialog.show_findings(())
    assert dialog.again.isEnabled()


def test_every_line_is_reached_by_key_and_has_its_words_as_a_name(dialog: DoctorDialog, qtbot: QtBot) -> None:
    dialog.show_findings(FINDINGS)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.done_button.setFocus()
    seen: set[QWidget | None] = set()
    while QApplication.focusWidget() not in seen:
        seen.add(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert {*dialog.rows(), dialog.copy, dialog.again, dialog.done_button} <= seen
    for widget in seen:
        assert widget is not None
        assert widget.accessibleName()
    named = next(row.accessibleName() for row in dialog.rows() if row.property("verdict") == "bad")
    assert named.startswith("Firewall: problem. ufw keeps others out")
    assert named.endswith(OPEN)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_what_is_said_is_never_markup_and_commands_run_left_to_right(dialog: DoctorDialog) -> None:
    dialog.show_findings(FINDINGS)
    for one in dialog.findChildren(QLabel):
        assert one.textFormat() is Qt.TextFormat.PlainText
    command = next(one for one in dialog.findChildren(QLabel) if one.property("role") == "command")
    assert command.layoutDirection() is Qt.LayoutDirection.LeftToRight


def test_everything_but_commands_is_translated(dialog: DoctorDialog, qapp: QApplication) -> None:
    pseudo = Pseudo()
    qapp.installTranslator(pseudo)
    try:
        dialog.show_findings(FINDINGS)
        said = [
            one for one in dialog.rows()[3].findChildren(QLabel) if one.text() and one.property("role") != "command"
        ]
        assert said
        assert all(MARK in one.text() for one in said)
        assert all(MARK in row.accessibleName() for row in dialog.rows())
    finally:
        qapp.removeTranslator(pseudo)


def test_who_hosts_is_told_whether_others_can_reach_this_computer(desk: Desk, qtbot: QtBot) -> None:
    dialogs = desk.window.dialogs
    with qtbot.waitSignal(dialogs.glance_requested, timeout=2000) as asked:
        dialogs.show_hosting()
    assert asked.args == ["mrsambosk://join?at=192.168.1.20:8765"]
    hosting = desk.window.findChild(HostingDialog)
    assert hosting is not None
    line = next(one for one in hosting.findChildren(QLabel) if "can reach" in one.accessibleName())
    assert not line.isVisible()
    dialogs.show_reach(FINDINGS)
    bad = next(finding for finding in FINDINGS if finding.verdict is Verdict.BAD)
    assert (line.isVisible(), line.text(), line.property("role")) == (True, sentence(bad), "problem")
    dialogs.show_reach([finding for finding in FINDINGS if finding.verdict is not Verdict.BAD])
    assert (line.property("role"), "Nothing on this computer" in line.text()) == ("muted", True)
    hosting.close()


def test_the_page_is_opened_from_hosting(desk: Desk, qtbot: QtBot) -> None:
    desk.window.dialogs.show_hosting()
    hosting = desk.window.findChild(HostingDialog)
    assert hosting is not None
    with qtbot.waitSignal(desk.window.dialogs.check_requested, timeout=2000) as asked:
        QTest.mouseClick(hosting.check, Qt.MouseButton.LeftButton)
    assert asked.args == ["mrsambosk://join?at=192.168.1.20:8765"]
    desk.window.dialogs.show_looking()
    page = desk.window.findChild(DoctorDialog)
    assert page is not None
    assert page.isVisible()
    desk.window.dialogs.show_findings(FINDINGS)
    assert len(page.rows()) == len(FINDINGS)
    with qtbot.waitSignal(desk.window.dialogs.check_again_requested, timeout=2000):
        QTest.mouseClick(page.again, Qt.MouseButton.LeftButton)
    page.close()
    hosting.close()


def test_a_failed_join_offers_it_until_the_next_try(desk: Desk, qtbot: QtBot) -> None:
    first: FirstRun = desk.window.first_run
    desk.window.show_first_run()
    first.show_problem("Nothing answers at 192.168.1.9:8765.")
    assert not first.check.isVisible()
    first.offer_check()
    assert first.check.isVisible()
    with qtbot.waitSignal(first.check_requested, timeout=2000):
        QTest.mouseClick(first.check, Qt.MouseButton.LeftButton)
    first.set_busy("Joining…")
    assert not first.check.isVisible()
