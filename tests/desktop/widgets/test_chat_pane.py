"""The middle pane: its header's words where there is little room, and ↑, which edits the last message."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from mrsambosk_protocol.entities import Room

from .conftest import Desk

LONG = "Grade nine teachers and everyone who helps them with the summer exhibition"


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_the_topic_gives_way_before_the_rooms_name(desk: Desk, direction: Qt.LayoutDirection) -> None:
    chat = desk.window.chat
    desk.window.setLayoutDirection(direction)
    desk.window.set_room(Room(id="lobby", name="lobby", topic=LONG * 3))
    QApplication.processEvents()
    assert chat._title.width() >= chat._title.sizeHint().width()
    short = chat._topic.width()
    assert short < chat._topic.sizeHint().width()
    desk.window.resize(420, 600)
    QApplication.processEvents()
    assert chat._title.width() >= chat._title.sizeHint().width()
    assert chat._topic.width() < short
    desk.window.set_room(Room(id="lobby", name=LONG, topic=LONG))
    QApplication.processEvents()
    assert chat._topic.width() <= 1
    assert 0 < chat._title.width() < chat._title.sizeHint().width()
    for width in range(400, 440, 4):
        # It ends in dots, whatever letter would be cut there: nothing stands above them.
        desk.window.resize(width, 600)
        QApplication.processEvents()
        shown = chat._title.grab().toImage()
        above = range(shown.height() // 2)
        edge = {shown.pixelColor(x, y).name() for x in range(shown.width() - 6, shown.width()) for y in above}
        assert edge == {shown.pixelColor(0, 0).name()}
