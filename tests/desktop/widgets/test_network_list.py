"""Choosing where to host: on the first page, and when the computer comes to another network."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.widgets.first_run import FirstRun
from mrsambosk_desktop.widgets.network_list import NetworkDialog
from mrsambosk_desktop.widgets.theme import Theme

from .conftest import Desk

WIFI = Network("wlan0", "192.168.1.20", "192.168.1.0/24", usual=True)
CABLE = Network("eth0", "10.0.0.5", "10.0.0.0/8")
CAFE = Network("wlan0", "192.168.7.9", "192.168.7.0/24", usual=True)


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> FirstRun:
    theme = Theme(qapp, "light")
    made = FirstRun(theme)
    theme.dress(made)
    qtbot.addWidget(made)
    made.show()
    made.set_name("Dana")
    return made


def _ticks(page: FirstRun) -> list[tuple[str, bool]]:
    return [(network.interface, box.isChecked()) for network, box in page.networks.boxes]


def test_the_likeliest_network_is_ticked_and_shown_with_its_address(page: FirstRun) -> None:
    page.set_networks((WIFI, CABLE))
    assert _ticks(page) == [("wlan0", True), ("eth0", False)]
    assert [box.text() for _network, box in page.networks.boxes] == [
        "\u2068wlan0\u2069 · \u2066192.168.1.20\u2069",
        "\u2068eth0\u2069 · \u206610.0.0.5\u2069",
    ]


def test_what_was_ticked_stays_when_another_network_comes(page: FirstRun) -> None:
    page.set_networks((WIFI,))
    box = page.networks.boxes[0][1]
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    page.set_networks((WIFI, CABLE), ())
    assert _ticks(page) == [("wlan0", False), ("eth0", False)]
    assert page.networks.chosen == ()


def test_no_network_is_said_in_words(page: FirstRun) -> None:
    page.set_networks(())
    assert page.networks._nowhere.isVisible()
    page.set_networks((WIFI,))
    assert not page.networks._nowhere.isVisible()


def test_where_it_is_settled_nothing_is_asked(page: FirstRun) -> None:
    page.set_networks(None)
    assert not page.networks.isVisible()


def test_another_network_is_asked_about_and_no_stray_return_says_yes(desk: Desk) -> None:
    answers: list[tuple[object, object]] = []
    desk.window.dialogs.networks_answered.connect(lambda asked, chosen: answers.append((asked, chosen)))
    desk.window.dialogs.ask_networks((CAFE,))
    dialog = desk.window.findChild(NetworkDialog)
    assert isinstance(dialog, NetworkDialog)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert answers == []
    QTest.mouseClick(dialog.accept_networks, Qt.MouseButton.LeftButton)
    assert answers == [((CAFE,), (CAFE,))]


def test_not_here_is_remembered_and_closing_is_not(desk: Desk) -> None:
    answers: list[tuple[object, object]] = []
    desk.window.dialogs.networks_answered.connect(lambda asked, chosen: answers.append((asked, chosen)))
    desk.window.dialogs.ask_networks((CAFE,))
    first = desk.window.dialogs._asking_networks
    assert first is not None
    desk.window.dialogs.ask_networks((CAFE, CABLE))
    second = desk.window.dialogs._asking_networks
    assert second is not None
    assert second is not first
    assert answers == []
    QTest.mouseClick(second.refuse, Qt.MouseButton.LeftButton)
    assert answers == [((CAFE, CABLE), ())]
    assert desk.window.dialogs._asking_networks is None
