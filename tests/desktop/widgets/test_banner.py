"""The banner says nothing of a blip, then what holds, by a clock that the test moves."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import ConnectionState, Link
from mrsambosk_desktop.widgets.banner import Banner
from mrsambosk_desktop.widgets.theme import Theme


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def banner(qtbot: QtBot, qapp: QApplication, clock: Clock) -> Banner:
    made = Banner(Theme(qapp, "light"), clock)
    qtbot.addWidget(made)
    made.set_hosted_by("Dana")
    made.set_state(ConnectionState(Link.LIVE, "Staff room"))
    return made


def words(banner: Banner) -> str:
    return banner.text.replace("\u2068", "").replace("\u2069", "")


def after(banner: Banner, clock: Clock, seconds: float) -> str:
    clock.now += seconds
    banner.refresh()
    return words(banner)


def test_what_is_cut_off_is_told_when_it_is_no_blip_any_more(banner: Banner, clock: Clock) -> None:
    told: list[bool] = []
    banner.cut_off.connect(told.append)
    for _ in range(2):
        banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 1))
        after(banner, clock, 1.5)
        banner.set_state(ConnectionState(Link.CATCHING_UP, "Staff room"))
        banner.set_state(ConnectionState(Link.LIVE, "Staff room"))
    assert told == []
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 1))
    banner.show_problem("Something else failed.")
    assert banner._timer.remainingTime() < 3000, "a problem that shows meanwhile holds nothing back"
    after(banner, clock, 2.1)
    banner.set_state(ConnectionState(Link.CONNECTING, "Staff room"))
    assert told == [True]
    banner.set_state(ConnectionState(Link.CATCHING_UP, "Staff room"))
    assert told == [True, False]
    banner.set_state(ConnectionState(Link.STOPPED, "Staff room"))
    assert told == [True, False, True]


def test_what_it_says_is_announced_once(banner: Banner, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: said.append(event.message()))
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 1))
    after(banner, clock, 2.1)
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 20))
    for _ in range(3):
        after(banner, clock, 5)
    banner.set_state(ConnectionState(Link.LIVE, "Staff room", missed=2))
    assert [text.replace("\u2068", "").replace("\u2069", "") for text in said] == [
        "Reconnecting…",
        "No connection to Dana's host. Trying again in 10 s",
        "2 messages while you were away",
    ]


def test_a_connection_lost_and_found(banner: Banner, clock: Clock) -> None:
    assert words(banner) == ""
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 1))
    assert after(banner, clock, 1.9) == ""
    assert after(banner, clock, 0.2) == "Reconnecting…"
    banner.set_state(ConnectionState(Link.CONNECTING, "Staff room"))
    assert after(banner, clock, 7.8) == "Reconnecting…"
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 8.6))
    assert after(banner, clock, 0.2) == "No connection to Dana's host. Trying again in 9 s"
    assert after(banner, clock, 1) == "No connection to Dana's host. Trying again in 8 s"
    assert banner._again.isVisibleTo(banner)
    assert after(banner, clock, 8) == "No connection to Dana's host. Trying again…"
    banner.set_state(ConnectionState(Link.LIVE, "Staff room", missed=14))
    assert words(banner) == "14 messages while you were away"
    assert after(banner, clock, 2.9) == "14 messages while you were away"
    assert after(banner, clock, 0.2) == ""


def test_a_blip_is_never_mentioned(banner: Banner, clock: Clock) -> None:
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room"))
    clock.now += 1
    banner.set_state(ConnectionState(Link.LIVE, "Staff room"))
    assert words(banner) == ""
    clock.now += 100
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room"))
    assert words(banner) == "", "each loss is counted from its own beginning"


def test_what_is_in_the_way_on_this_computer_is_said_at_once(banner: Banner, clock: Clock) -> None:
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 5, "The disk is full.", here=True))
    assert words(banner) == "The disk is full. Trying again in 5 s"
    assert after(banner, clock, 5) == "The disk is full. Trying again…"


def test_the_host_stopped(banner: Banner) -> None:
    banner.set_state(ConnectionState(Link.STOPPED, "Staff room"))
    assert words(banner) == "Dana stopped hosting."
    banner.set_state(ConnectionState(Link.STOPPED, "Staff room", reason="You were removed from this host."))
    assert words(banner) == "You were removed from this host."


def test_a_problem_stands_over_all_until_dismissed_or_old(banner: Banner, clock: Clock) -> None:
    banner.set_state(ConnectionState(Link.STOPPED, "Staff room"))
    banner.show_problem("<b>Not now</b>")
    assert words(banner) == "<b>Not now</b>"
    assert banner._text.textFormat() is Qt.TextFormat.PlainText
    banner._close.click()
    assert words(banner) == "Dana stopped hosting."
    banner.show_problem("Not now")
    assert after(banner, clock, 13) == "Dana stopped hosting."


def test_try_now_asks(banner: Banner, clock: Clock, qtbot: QtBot) -> None:
    banner.set_state(ConnectionState(Link.RETRYING, "Staff room", clock.now + 60))
    after(banner, clock, 11)
    with qtbot.waitSignal(banner.try_again):
        QTest.mouseClick(banner._again, Qt.MouseButton.LeftButton)


def test_it_wakes_by_itself(qtbot: QtBot, qapp: QApplication) -> None:
    made = Banner(Theme(qapp, "light"))
    qtbot.addWidget(made)
    made.set_state(ConnectionState(Link.RETRYING, "Staff room"))
    qtbot.waitUntil(lambda: made.text == "Connecting…", timeout=6000)
