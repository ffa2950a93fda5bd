"""The bar at the row under the mouse."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from mrsambosk_desktop.widgets.hover_bar import HoverBar
from tests.helpers.rows import ME, deleted, message

from .conftest import Desk


def hover(desk: Desk, number: int) -> HoverBar:
    """The mouse over the middle of a row's bubble."""
    view = desk.window.chat.view
    view.scrollTo(desk.timeline.index(number))
    rect = QRectF(view.visualRect(desk.timeline.index(number)))
    move(desk, view._delegate.bubble(desk.timeline.row(number), number, rect).center().toPoint())
    return view.hover


def move(desk: Desk, spot: QPoint) -> None:
    port = desk.window.chat.view.viewport()
    none = Qt.MouseButton.NoButton
    at = QPointF(spot)
    event = QMouseEvent(QEvent.Type.MouseMove, at, port.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(port, event)


def test_it_shows_at_the_row_and_stays_within_the_view(desk: Desk) -> None:
    desk.timeline.upsert([message(41, author=ME)])
    QApplication.processEvents()
    for number in (40, 39, 38):
        bar = hover(desk, number)
        assert bar.row is desk.timeline.row(number)
        assert desk.window.chat.view.viewport().rect().contains(bar.geometry())
        centre = bar.geometry().center()
        move(desk, centre)
        assert bar.row is desk.timeline.row(number), "over itself it stays"
    QApplication.sendEvent(desk.window.chat.view.viewport(), QEvent(QEvent.Type.Leave))
    assert bar.row is None


def test_reply_react_and_more(desk: Desk) -> None:
    chat = desk.window.chat
    bar = hover(desk, 39)
    bar.reply.click()
    assert chat.composer.reply_to == 40
    assert bar.isHidden()
    hover(desk, 39).react.click()
    assert chat.reactions.isVisible()
    QTest.keyClicks(chat.reactions.search, "tada")
    QTest.keyClick(chat.reactions.search, Qt.Key.Key_Return)
    assert desk.intents[-1] == ("react_requested", 40, "🎉", True)
    hover(desk, 39).more.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()


def test_it_goes_with_scrolling_and_is_not_for_rows_that_offer_nothing(desk: Desk) -> None:
    bar = hover(desk, 39)
    bar_was = bar.isVisible()
    desk.window.chat.view.verticalScrollBar().setValue(0)
    assert (bar_was, bar.isVisible()) == (True, False)
    desk.open([message(1), deleted(2), message(3, "", kind="system", event={"name": "renamed"})])
    assert hover(desk, 1).row is None
    assert hover(desk, 2).row is None
    assert hover(desk, 0).row is desk.timeline.row(0)


def test_it_goes_with_a_new_layout(desk: Desk) -> None:
    bar = hover(desk, 39)
    assert bar.isVisible()
    desk.timeline.upsert([message(41)])
    QApplication.processEvents()
    assert bar.row is None
    assert bar.isHidden()
