"""An invite that the system hands over while the app runs."""

from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.links import Links

INVITE = "mrsambosk://join?at=192.168.1.20:8765&name=Staff%20room"


def test_a_clicked_invite_arrives_as_it_is(qapp: QApplication, qtbot: QtBot) -> None:
    links = Links(qapp)
    try:
        with qtbot.waitSignal(links.asked, timeout=1000) as asked:
            QApplication.sendEvent(qapp, QFileOpenEvent(QUrl(INVITE)))
        assert asked.args == [INVITE]
        with qtbot.assertNotEmitted(links.asked):
            QApplication.sendEvent(qapp, QEvent(QEvent.Type.User))
    finally:
        qapp.removeEventFilter(links)
        links.deleteLater()
