"""The window's typeface: the system's own, or what is nicer than the last resort; and the focus on filled controls."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.delegates.tokens import THEMES, ThemeName
from mrsambosk_desktop.widgets import theme
from mrsambosk_desktop.widgets.parts import IconButton, button
from mrsambosk_desktop.widgets.theme import Theme


@pytest.fixture
def system(qapp: QApplication) -> Iterator[QFont]:
    """The typeface that the application has, and has again afterwards."""
    font = QFont(qapp.font())
    yield QFont(font)
    qapp.setFont(font)


def families_are(monkeypatch: pytest.MonkeyPatch, *families: str) -> None:
    monkeypatch.setattr(QFontDatabase, "families", lambda *_: list(families))


def test_what_a_bare_system_falls_back_to_gives_way_to_what_is_nicer(
    qapp: QApplication, system: QFont, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme, "_FALLBACK", QFontInfo(system).family())
    families_are(monkeypatch, "Noto Sans", "DejaVu Sans", "Inter")
    assert Theme(qapp).font().family() == "Inter"


def test_a_chosen_typeface_stays(qapp: QApplication, system: QFont, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "_FALLBACK", "No such typeface")
    families_are(monkeypatch, "Inter")
    assert Theme(qapp).font().family() == system.family()


def test_where_there_is_nothing_nicer_it_is_narrowed(
    qapp: QApplication, system: QFont, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme, "_FALLBACK", QFontInfo(system).family())
    families_are(monkeypatch, QFontInfo(system).family())
    assert Theme(qapp).font(20, bold=True).stretch() < 100


@pytest.mark.parametrize("name", THEMES)
def test_the_focus_is_ringed_on_filled_buttons(qapp: QApplication, qtbot: QtBot, name: ThemeName) -> None:
    look = Theme(qapp, name)
    window = QWidget()
    qtbot.addWidget(window)
    look.dress(window)
    line = QHBoxLayout(window)
    send = IconButton(look, "send", "Send", colour="on_accent")
    send.setObjectName("send")
    filled = [button("Join", lambda: None, "primary"), button("Host", lambda: None, "big"), send]
    for one in filled:
        line.addWidget(one)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for one in filled:
        one.setFocus()
        edge = one.grab().toImage().pixelColor(one.width() // 2, 1)
        assert edge == look.tokens.focus_on_fill, one.accessibleName()
