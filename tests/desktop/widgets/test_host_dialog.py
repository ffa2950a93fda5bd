"""The page of the host and one's devices, About, and the mark of the window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from mrsambosk_desktop.core.rows import HostPage
from mrsambosk_desktop.widgets.about_dialog import AboutDialog
from mrsambosk_desktop.widgets.host_dialog import HostDialog
from mrsambosk_protocol import __version__
from mrsambosk_protocol.requests import AuditEntry, DeviceInfo
from tests.helpers.rows import ME, MORNING

from .conftest import Desk
from .test_main_window import nameless

PAGE = HostPage(
    (
        DeviceInfo(id="d_1", name="<b>laptop</b>", created_at=MORNING, used_at=MORNING, current=True),
        DeviceInfo(id="d_2", name="phone", created_at=MORNING, used_at=MORNING, current=False),
    ),
    "code",
    "2RZB-YYTB",
    (AuditEntry(1, MORNING, ME, "mute", "u_alma", None, None, None, None),),
    {ME: "Dana", "u_alma": "Alma"},
)


def opened(desk: Desk) -> HostDialog:
    desk.window.dialogs.show_host_page(PAGE)
    dialog = desk.window.findChild(HostDialog)
    assert dialog is not None
    QApplication.processEvents()
    return dialog


def test_it_is_named_plain_and_of_the_theme(desk: Desk) -> None:
    for theme in ("light", "dark", "high_contrast"):
        desk.theme.set_choice(theme)  # type: ignore[arg-type]
        dialog = opened(desk)
        assert nameless(dialog) == []
        assert {one.textFormat() for one in dialog.findChildren(QLabel)} == {Qt.TextFormat.PlainText}
        image = dialog.grab().toImage()
        for y in (4, image.height() // 2, image.height() - 4):
            assert image.pixelColor(4, y) == desk.theme.tokens.ground
    assert any("muted" in one.text() for one in dialog.findChildren(QLabel))


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_it_stays_within_its_window(desk: Desk, scale: float) -> None:
    desk.theme.set_scale(scale)
    dialog = opened(desk)
    assert dialog.width() <= desk.window.width()
    assert dialog.height() <= desk.window.height()


def test_about_tells_the_version(desk: Desk) -> None:
    QTest.mouseClick(opened(desk).about, Qt.MouseButton.LeftButton)
    about = desk.window.findChild(AboutDialog)
    assert about is not None
    assert any(__version__ in one.text() for one in about.findChildren(QLabel))
    assert nameless(about) == []
    QTest.keyClick(about, Qt.Key.Key_Escape)
    assert not about.isVisible()


def test_the_window_has_the_mark(desk: Desk, qapp: QApplication) -> None:
    sizes = qapp.windowIcon().availableSizes()
    assert {16, 32, 256} <= {size.width() for size in sizes}
    assert not desk.window.windowIcon().isNull()


def test_a_password_is_set_once_it_is_long_enough(desk: Desk) -> None:
    dialog = opened(desk)
    given: list[str] = []
    dialog.password_given.connect(given.append)
    field = next(one for one in dialog.findChildren(QLineEdit) if one.accessibleName() == "New password")
    confirm = next(one for one in dialog.findChildren(QPushButton) if one.text() == "Set password")
    QTest.keyClicks(field, "seven77")
    assert not confirm.isEnabled()
    QTest.keyClicks(field, "8")
    QTest.mouseClick(confirm, Qt.MouseButton.LeftButton)
    assert given == ["seven778"]
