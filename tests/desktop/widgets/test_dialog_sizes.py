"""Dialogs at every text size: all their words show, and they stay within the window."""

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from mrsambosk_desktop.core.words import words_of
from mrsambosk_desktop.widgets.about_dialog import AboutDialog
from mrsambosk_desktop.widgets.secret_dialog import SecretDialog
from mrsambosk_desktop.widgets.trust_dialog import TrustDialog

from .conftest import Desk

WORDS = words_of("A" * 52)


def made(desk: Desk, kind: str, address: str = "[2001:db8:1234:5678:9abc:def0:1234:5678]:8765") -> QDialog:
    match kind:
        case "trust":
            return TrustDialog(desk.theme, WORDS, address, desk.window)
        case "code":
            return SecretDialog(desk.theme, "Staff room", True, desk.window)
        case "password":
            return SecretDialog(desk.theme, "A name of thirty-two characters.", False, desk.window)
    return AboutDialog(desk.theme, desk.window)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("kind", ["trust", "code", "password", "about"])
def test_all_words_show(desk: Desk, kind: str, scale: float) -> None:
    desk.theme.set_scale(scale)
    dialog = made(desk, kind)
    dialog.open()
    QApplication.processEvents()
    for one in dialog.findChildren(QLabel):
        if one.text():
            assert one.height() >= one.heightForWidth(one.width()), one.text()
            assert one.width() >= one.minimumSizeHint().width(), one.text()
    assert dialog.width() <= desk.window.width()
    dialog.close()


def test_in_a_narrow_window_too(desk: Desk) -> None:
    desk.window.resize(420, 800)
    desk.theme.set_scale(1.25)
    dialog = made(desk, "trust", "192.168.1.20:8765")
    dialog.open()
    QApplication.processEvents()
    assert dialog.width() <= 420
    words = [one for one in dialog.findChildren(QLabel) if one.text() == " ".join(WORDS)]
    assert words[0].height() >= words[0].heightForWidth(words[0].width())
    dialog.close()
