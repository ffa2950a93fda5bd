"""Reading in the window: who has seen a message, what is marked unread, several rows as text."""

import re

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import ConnectionState, HostCard, Link
from mrsambosk_desktop.widgets.message_menu import Action, MessageMenu
from tests.helpers.rows import ME, MORNING, deleted, message

from .conftest import Desk
from .test_main_window import nameless

Key, Mod, Button = Qt.Key, Qt.KeyboardModifier, Qt.MouseButton


def spot(desk: Desk, key: int) -> QPoint:
    view = desk.window.chat.view
    number = desk.timeline.place_of(key)
    assert number is not None
    return view.visualRect(desk.timeline.index(number)).center()


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def lines(desk: Desk) -> dict[str, str]:
    return dict(desk.window.people.details.lines())


def test_a_seen_message_has_two_ticks(desk: Desk) -> None:
    desk.open([message(1, author=ME), message(2, author=ME)])
    desk.timeline.set_reads({"u_alma": 1})
    layout = desk.window.chat.view._delegate.layout_for
    assert [layout(desk.timeline.row(number)).meta_icon for number in (0, 1)] == ["checks", "check"]


def test_details_ask_who_has_seen_it(desk: Desk) -> None:
    desk.open([message(1, author=ME, edited_at=MORNING + 5000), message(2)])
    desk.window.chat._act(Action.DETAILS, desk.timeline.row(0))
    assert desk.intents[-1] == ("seen_requested", 1)
    assert {"Sent", "Edited"} <= lines(desk).keys()
    assert "Seen by" not in lines(desk), "nobody knows yet"
    desk.window.side.set_seen(2, ("u_alma",))
    assert "Seen by" not in lines(desk), "that was another message"
    desk.window.side.set_seen(1, ())
    assert lines(desk)["Seen by"] == "nobody yet"
    desk.window.side.set_seen(1, ("u_alma", "u_miriam", ME))
    assert lines(desk)["Seen by"] == "\u2068Alma\u2069, \u2068Miriam B.\u2069, You"
    desk.window.people.details.closed.emit()
    assert desk.window.people.shows_people


def test_details_of_any_length_are_readable(desk: Desk) -> None:
    emoji = [chr(0x1F600 + number) for number in range(20)]
    desk.open([message(1, reactions=dict.fromkeys(emoji, ("u_alma", "u_miriam", "u_yonatan", ME))), message(2)])
    page = desk.window.people.details
    desk.window.side.show_details(desk.timeline.row(0))
    QApplication.processEvents()
    shown = [one for one in page._area.widget().findChildren(QLabel) if one.isVisible()]
    assert len(shown) == 2 * len(page.lines())
    for one in shown:
        assert one.height() >= one.heightForWidth(one.width()), one.text()
    bar = page._area.verticalScrollBar()
    assert bar.maximum() > 0
    page._area.setFocus()
    QTest.keyClick(page._area, Key.Key_PageDown)
    assert bar.value() > 0, "keys scroll it"
    desk.window.side.show_details(desk.timeline.row(1))
    assert bar.value() == 0


def test_details_follow_their_message(desk: Desk) -> None:
    desk.open([message(1, author=ME), message(2)])
    desk.window.side.show_details(desk.timeline.row(0))
    desk.window.side.set_seen(1, ("u_miriam",))
    desk.timeline.upsert([message(1, author=ME, rev=50, edited_at=MORNING + 5000, reactions={"👍": ("u_alma",)})])
    desk.timeline.set_reads({"u_alma": 1})
    assert {"Edited", "👍"} <= lines(desk).keys()
    assert lines(desk)["Seen by"] == "\u2068Miriam B.\u2069, \u2068Alma\u2069"
    desk.timeline.upsert([message(2, rev=51, edited_at=MORNING)])
    desk.timeline.upsert([deleted(1, author=ME, rev=52)])
    assert "Deleted" in lines(desk)


def test_mark_unread_from_the_menu(desk: Desk) -> None:
    desk.window.chat._act(Action.UNREAD, desk.timeline.row(30))
    assert desk.intents[-1] == ("unread_requested", 31)


def test_the_latest_is_the_latest_whatever_is_unread(desk: Desk) -> None:
    view = desk.window.chat.view
    rows = [message(id) for id in range(1, 201)]
    desk.open(rows[:60], has_newer=True, unread_after=20, opened_at=200)
    # As in the app, where the rows come from the disk: later.
    view.latest_wanted.connect(lambda: asked.append(True))
    asked: list[bool] = []
    view.to_latest()
    assert asked
    desk.open(rows[100:], unread_after=110, opened_at=200)
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_rows_are_picked_with_shift_and_copied_with_who_and_when(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(1, "**one**"), message(2, "two", author=ME), deleted(3), message(4, "four")])
    QTest.mouseClick(view.viewport(), Button.LeftButton, pos=spot(desk, 1))
    assert view.selectedIndexes() == []
    QTest.mouseClick(view.viewport(), Button.LeftButton, Mod.ShiftModifier, spot(desk, 4))
    assert len(view.selectedIndexes()) == 4
    view.setFocus()
    QTest.keyClick(view, Key.Key_C, Mod.ControlModifier)
    assert re.sub(r"\[.*?\]", "[]", clipboard()) == "[] Miriam B.: one\n[] Dana: two\n[] Miriam B.: four"
    assert re.match(r"\[\d", clipboard())
    QTest.mouseClick(view.viewport(), Button.LeftButton, Mod.ControlModifier, spot(desk, 1))
    assert len(view.selectedIndexes()) == 3
    QTest.keyClick(view, Key.Key_Escape)
    assert view.selectedIndexes() == []


def test_one_row_is_copied_as_it_was_written(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(1, "**one**"), message(2)])
    QTest.mouseClick(view.viewport(), Button.LeftButton, pos=spot(desk, 1))
    view.setFocus()
    QTest.keyClick(view, Key.Key_C, Mod.ControlModifier)
    assert clipboard() == "**one**"


def test_rows_are_picked_by_dragging(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(id) for id in range(1, 6)])
    port = view.viewport()
    QTest.mousePress(port, Button.LeftButton, pos=spot(desk, 2))
    QTest.mouseMove(port, spot(desk, 2) + QPoint(3, 1))
    assert view.selectedIndexes() == [], "a hand trembles"
    QTest.mouseMove(port, spot(desk, 4))
    QTest.mouseRelease(port, Button.LeftButton, pos=spot(desk, 4))
    assert sorted(index.row() for index in view.selectedIndexes()) == [1, 2, 3]
    QTest.mouseMove(port, spot(desk, 5))
    assert len(view.selectedIndexes()) == 3, "the button is up"


def test_rows_are_picked_by_keys(desk: Desk, qtbot: QtBot) -> None:
    view = desk.window.chat.view
    desk.open([message(id) for id in range(1, 6)])
    QTest.mouseClick(view.viewport(), Button.LeftButton, pos=spot(desk, 5))
    view.setFocus()
    QTest.keyClick(view, Key.Key_Up, Mod.ShiftModifier)
    QTest.keyClick(view, Key.Key_Up, Mod.ShiftModifier)
    assert sorted(index.row() for index in view.selectedIndexes()) == [2, 3, 4]


def test_the_menu_copies_what_is_picked_only_from_within(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.open([message(id) for id in range(1, 5)])
    QTest.mouseClick(view.viewport(), Button.LeftButton, pos=spot(desk, 1))
    QTest.mouseClick(view.viewport(), Button.LeftButton, Mod.ShiftModifier, spot(desk, 2))
    desk.window.chat._act(Action.COPY, desk.timeline.row(3))
    assert clipboard() == "message 4"
    desk.window.chat._act(Action.COPY, desk.timeline.row(1))
    assert clipboard().count("\n") == 1


def test_the_ticks_lead_to_who_has_seen_it(desk: Desk) -> None:
    desk.open([message(1), message(2, author=ME)])
    view, row = desk.window.chat.view, desk.timeline.row(1)
    layout = view._delegate.layout_for(row)
    bubble = view._delegate.bubble(row, 1, QRectF(view.visualRect(desk.timeline.index(1))))
    ticks = layout.meta_box.translated(bubble.topLeft()).center().toPoint()
    QTest.mouseClick(view.viewport(), Button.LeftButton, pos=ticks)
    assert desk.intents[-1] == ("seen_requested", 2)
    assert desk.window.people.details.isVisible()


def test_keys_alone_lead_to_who_has_seen_it(desk: Desk, qtbot: QtBot) -> None:
    desk.open([message(1), message(2, author=ME)])
    view = desk.window.chat.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(view, Key.Key_F10, Mod.ShiftModifier)
    menu = desk.window.findChild(MessageMenu)
    assert menu is not None
    for _ in range(20):
        QTest.keyClick(menu, Key.Key_Down)
        active = menu.activeAction()
        if active is not None and active.data() is Action.DETAILS:
            break
    QTest.keyClick(menu, Key.Key_Return)
    assert desk.intents[-1] == ("seen_requested", 2)


def test_an_empty_room_says_so_and_offers_the_invite_to_who_hosts(desk: Desk, qtbot: QtBot) -> None:
    empty = desk.window.chat.empty
    assert not empty.isVisible()
    desk.open([])
    assert empty.isVisible()
    assert empty.geometry() == desk.window.chat.view.rect()
    assert nameless(desk.window) == []
    QTest.mouseClick(empty.invite, Button.LeftButton)
    assert desk.window.dialogs._hosting is not None
    assert desk.window.dialogs._hosting.isVisible()
    desk.window.set_host(HostCard(False, "Staff room", "Miriam B."))
    assert not empty.invite.isVisible()
    desk.window.set_connection(ConnectionState(Link.CONNECTING, "Staff room"))
    assert not empty.isVisible(), "nobody knows yet"
    desk.window.set_connection(ConnectionState(Link.LIVE, "Staff room"))
    assert empty.isVisible()
    desk.timeline.upsert([message(1)])
    assert not empty.isVisible()
