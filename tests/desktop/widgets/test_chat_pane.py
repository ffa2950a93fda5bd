"""The middle pane: its header's words where there is little room, and ↑, which edits the last message."""

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.core.rows import SendState
from mrsambosk_protocol.entities import Room
from tests.helpers.rows import ME, message, pending

from .conftest import Desk

LONG = "Grade nine teachers and everyone who helps them with the summer exhibition"


def _up(desk: Desk) -> None:
    QTest.keyClick(desk.window.chat.composer.editor, Qt.Key.Key_Up)


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_the_topic_gives_way_before_the_rooms_name(desk: Desk, direction: Qt.LayoutDirection) -> None:
    chat = desk.window.chat
    desk.window.setLayoutDirection(direction)
    desk.window.set_room(Room(id="lobby", name="lobby", topic=LONG * 3))
    QApplication.processEvents()
    assert chat.header.title.width() >= chat.header.title.sizeHint().width()
    short = chat.header.topic.width()
    assert short < chat.header.topic.sizeHint().width()
    desk.window.resize(420, 600)
    QApplication.processEvents()
    assert chat.header.title.width() >= chat.header.title.sizeHint().width()
    assert chat.header.topic.width() < short
    desk.window.set_room(Room(id="lobby", name=LONG, topic=LONG))
    QApplication.processEvents()
    assert chat.header.topic.width() <= 1
    assert 0 < chat.header.title.width() < chat.header.title.sizeHint().width()
    for width in range(400, 440, 4):
        # It ends in dots, whatever letter would be cut there: nothing stands above them.
        desk.window.resize(width, 600)
        QApplication.processEvents()
        shown = chat.header.title.grab().toImage()
        above = range(shown.height() // 2)
        edge = {shown.pixelColor(x, y).name() for x in range(shown.width() - 6, shown.width()) for y in above}
        assert edge == {shown.pixelColor(0, 0).name()}


def test_up_goes_to_the_latest_first_when_it_is_not_loaded(desk: Desk) -> None:
    composer = desk.window.chat.composer
    desk.open([message(i, f"old {i}", author=ME) for i in range(1, 41)], has_newer=True)
    _up(desk)
    assert composer.editing is None
    assert ("latest_requested",) in desk.intents
    desk.open([message(i, f"new {i}", author=ME) for i in range(81, 100)], has_older=True)
    assert (composer.editing, composer.text()) == (99, "new 99")
    composer.peel()
    desk.open([message(100, "newer", author=ME)])
    assert composer.editing is None, "asked for once"


def test_the_latest_may_come_as_a_page(desk: Desk) -> None:
    desk.open([message(i, author=ME) for i in range(1, 41)], has_newer=True)
    _up(desk)
    desk.timeline.extend_newer([message(41, author=ME)], True)
    assert desk.window.chat.composer.editing is None
    desk.timeline.extend_newer([message(42, "the last", author=ME), message(43)], False)
    assert desk.window.chat.composer.editing == 42


def test_who_went_on_meanwhile_is_not_taken_to_an_edit(desk: Desk) -> None:
    composer = desk.window.chat.composer
    mine = [message(i, author=ME) for i in range(1, 41)]
    desk.open(mine, has_newer=True)
    _up(desk)
    QTest.keyClicks(composer.editor, "x")
    desk.open(mine)
    assert (composer.editing, composer.text()) == (None, "x")
    composer.set_text("")
    desk.open(mine, has_newer=True)
    _up(desk)
    QTest.keyClicks(composer.editor, "sent")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    desk.open(mine)
    assert (composer.editing, composer.text()) == (None, "")
    desk.open(mine, has_newer=True)
    _up(desk)
    desk.open([structs.replace(message(50, author=ME), room="staff")])
    assert composer.editing is None, "another room was opened"


@pytest.mark.parametrize("state", [SendState.WAITING, SendState.HELD, SendState.FAILED])
def test_up_takes_back_what_was_not_sent(desk: Desk, state: SendState) -> None:
    composer = desk.window.chat.composer
    desk.timeline.upsert([message(41, "stored", author=ME)])
    desk.timeline.put_pending(pending("c1", "first", state))
    desk.timeline.put_pending(pending("c2", "not sent", state))
    _up(desk)
    assert desk.intents == [("edit_pending_requested", "c2")]
    desk.timeline.drop_pending("c2")
    assert (composer.text(), composer.editing) == ("not sent", None)


def test_up_leaves_what_is_on_its_way(desk: Desk) -> None:
    desk.timeline.upsert([message(41, "stored", author=ME)])
    desk.timeline.put_pending(pending("c1", "leaving", SendState.SENDING))
    _up(desk)
    assert desk.window.chat.composer.editing == 41


def test_up_finds_what_waits_past_the_end_of_what_is_loaded(desk: Desk) -> None:
    desk.open([message(i, author=ME) for i in range(1, 41)], has_newer=True)
    desk.timeline.put_pending(pending("c1", "waits", SendState.WAITING))
    _up(desk)
    assert ("latest_requested",) in desk.intents
    desk.open([message(90, author=ME)])
    assert desk.intents[-1] == ("edit_pending_requested", "c1")
