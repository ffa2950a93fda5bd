"""The list of rooms: its band marks the room that is open, and nothing else; the keys only look around."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from mrsambosk_protocol.entities import Room

from .conftest import Desk

Key = Qt.Key
ALT = Qt.KeyboardModifier.AltModifier
ROOMS = [Room(id="lobby", name="lobby"), Room(id="exams", name="exams"), Room(id="music", name="music")]


def banded(desk: Desk) -> list[str]:
    """The rooms drawn on the band."""
    rooms = desk.window.sidebar.rooms
    image = rooms.viewport().grab().toImage()
    ratio = image.devicePixelRatio()

    def ground(row: int) -> QColor:
        box = rooms.visualRect(desk.rooms.index(row))
        return image.pixelColor(int((box.right() - 20) * ratio), int(box.center().y() * ratio))

    return [room.id for row, room in enumerate(desk.rooms.all()) if ground(row) == desk.theme.tokens.selection]


def current(desk: Desk) -> str:
    row = desk.window.sidebar.rooms.currentIndex().row()
    return desk.rooms.all()[row].id if row >= 0 else ""


def test_the_arrows_move_no_band(desk: Desk) -> None:
    desk.rooms.set_rooms(ROOMS)
    rooms = desk.window.sidebar.rooms
    assert banded(desk) == ["lobby"], "also once the list is another one"
    rooms.setFocus()
    QTest.keyClick(rooms, Key.Key_Down)
    assert current(desk) == "exams"
    assert banded(desk) == ["lobby"]
    desk.intents.clear()
    QTest.keyClick(rooms, Key.Key_Down, ALT)
    assert desk.intents == [("room_selected", "exams")], "the next one of the open room"
    desk.window.chat.composer.setFocus()
    assert current(desk) == "lobby"
    rooms.setFocus()
    QTest.keyClick(rooms, Key.Key_Down)
    QTest.keyClick(rooms, Key.Key_Return)
    assert desk.intents[-1] == ("room_selected", "exams")
    desk.window.set_room(ROOMS[1])
    assert banded(desk) == ["exams"]
    assert current(desk) == "exams"


def test_news_of_the_open_room_leave_the_place_in_the_list(desk: Desk) -> None:
    desk.rooms.set_rooms(ROOMS)
    rooms = desk.window.sidebar.rooms
    rooms.setFocus()
    QTest.keyClick(rooms, Key.Key_Down)
    desk.window.set_room(Room(id="lobby", name="lobby", topic="Everyone"))
    assert current(desk) == "exams"
    desk.rooms.set_rooms(ROOMS[:1])
    assert current(desk) == "lobby"
