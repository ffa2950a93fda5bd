"""Text at other sizes: what stands beside it grows too, nothing runs together, and a day over bubbles stands out."""

from itertools import groupby

import pytest
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.widgets.first_run import FirstRun
from mrsambosk_desktop.widgets.parts import IconButton
from mrsambosk_protocol.entities import Room

from .conftest import Desk


def test_icons_grow_and_fit_their_buttons(desk: Desk) -> None:
    buttons = desk.window.findChildren(IconButton)
    before = {button: button.iconSize().width() for button in buttons}
    desk.theme.set_scale(2.0)
    for button, size in before.items():
        name = button.accessibleName()
        assert button.iconSize().width() == 2 * size, name
        assert button.icon().actualSize(button.iconSize()) == button.iconSize(), name
        assert button.sizeHint().width() >= button.iconSize().width(), name
    for square in (desk.window.chat.composer.send, desk.window.chat.composer.emoji):
        assert square.width() >= square.iconSize().width() + 10
    desk.theme.set_scale(1.0)
    assert {button: button.iconSize().width() for button in buttons} == before


@pytest.mark.parametrize("scale", [0.8, 1.0, 2.0])
def test_the_jump_buttons_badges_hold_their_words_side_by_side(desk: Desk, scale: float) -> None:
    view = desk.window.chat.view
    desk.theme.set_scale(scale)
    QApplication.processEvents()
    jump = view.jump
    assert jump.size() == jump.sizeHint()
    assert view.rect().contains(jump.geometry())
    assert view.height() - jump.geometry().bottom() < 20
    metrics = QFontMetricsF(desk.theme.font(10.5, bold=True))
    for count, mentions in ((1, 0), (3, 1), (0, 1), (2000, 1)):
        jump.set_counts(count, mentions)
        badges = jump._badges(QRectF(jump.rect()).adjusted(0, desk.theme.px(14), 0, 0))
        assert len(badges) == bool(count) + bool(mentions)
        for box, words, _mention in badges:
            assert box.width() >= metrics.horizontalAdvance(words) + 2
            assert box.height() >= metrics.ascent()
            assert QRectF(jump.rect()).contains(box)
        if len(badges) == 2:
            assert badges[0][0].right() < badges[1][0].left()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_rooms_sign_stands_apart_from_its_name(desk: Desk, scale: float) -> None:
    desk.rooms.set_rooms([Room(id="lobby", name="lobby"), Room(id="other", name="other")])
    desk.theme.set_scale(scale)
    desk.window.resize(2000, 600)
    QApplication.processEvents()
    rooms = desk.window.sidebar.rooms
    box = rooms.visualRect(rooms.model().index(1, 0))
    picture = desk.window.grab(QRect(rooms.viewport().mapTo(desk.window, box.topLeft()), box.size())).toImage()
    ground = desk.theme.tokens.side
    inked = [any(picture.pixelColor(x, y) != ground for y in range(picture.height())) for x in range(picture.width())]
    runs = [(ink, len(list(run))) for ink, run in groupby(inked)]
    sign = next(place for place, (ink, _) in enumerate(runs) if ink)
    assert runs[sign + 1][1] >= 4 * scale


def test_the_name_field_grows_as_far_as_there_is_room(desk: Desk, qtbot: QtBot) -> None:
    page = FirstRun(desk.theme)
    desk.theme.dress(page)
    page.resize(1000, 900)
    page.show()
    assert page.name.width() == 300
    desk.theme.set_scale(2.0)
    QApplication.processEvents()
    assert page.name.width() == 600
    page.resize(420, 900)
    qtbot.waitUntil(lambda: page.name.width() < 400)
    page.close()
    page.deleteLater()


def test_a_day_over_bubbles_is_lined(desk: Desk) -> None:
    view = desk.window.chat.view
    for choice in ("light", "dark", "high_contrast"):
        desk.theme.set_choice(choice)  # type: ignore[arg-type]
        view._pill.show_day("Monday", view.viewport().width())
        picture = view._pill.grab().toImage()
        line = [picture.pixelColor(picture.width() // 2, y) for y in range(picture.height())]
        assert desk.theme.tokens.pill_line in line
