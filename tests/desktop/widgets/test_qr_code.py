"""The invite as a QR code: what is painted is what the library computed, dark on light in every theme."""

import segno
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.widgets.qr_code import QrCode

from .conftest import Desk

INVITE = "mrsambosk://join?at=192.168.1.20:8765&name=Staff%20room&fp=" + "A" * 52
_QUIET, _PX = 4, 4


def _modules(image: QImage) -> list[list[int]]:
    """The image as modules again: 1 is dark."""
    count = image.width() // _PX
    return [
        [
            int(QColor(image.pixel(x * _PX + _PX // 2, y * _PX + _PX // 2)).lightness() < 128)
            for x in range(_QUIET, count - _QUIET)
        ]
        for y in range(_QUIET, count - _QUIET)
    ]


def test_it_shows_the_invite(qtbot: QtBot, qapp: QApplication) -> None:
    code = QrCode("The invite")
    qtbot.addWidget(code)
    code.set_text(INVITE)
    image = code.grab().toImage()
    assert _modules(image) == [list(row) for row in segno.make(INVITE, error="m", micro=False).matrix]
    # The margin is light all around.
    edge = [image.pixel(at, 1) for at in range(image.width())] + [image.pixel(1, at) for at in range(image.height())]
    assert min(QColor(pixel).lightness() for pixel in edge) > 200


def test_too_long_a_text_shows_none(qtbot: QtBot, qapp: QApplication) -> None:
    code = QrCode("The invite")
    qtbot.addWidget(code)
    code.set_text("x" * 5000)
    assert code.rows == ()
    assert not code.isVisible()
    code.set_text("")
    assert code.rows == ()


def test_the_hosting_page_has_it(desk: Desk) -> None:
    desk.window.dialogs.show_hosting()
    dialog = desk.window.dialogs._hosting
    assert dialog is not None
    assert dialog.code.isVisible()
    assert dialog.code.accessibleName()
    dialog.close()
