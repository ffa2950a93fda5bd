"""The window as a whole: names for everything, panes that fit, strangers' text never markup."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QWidget,
)

from mrsambosk_desktop.core.rows import ConnectionState, HostCard, Link, SendState
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import Room, User
from tests.helpers.rows import ME, message, pending

from .conftest import Desk

CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView)


def nameless(root: QWidget) -> list[str]:
    """Controls below a widget that a screen reader would have no word for; parts that Qt makes are Qt's."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        inside = widget.objectName().startswith("qt_") or isinstance(widget.parent(), (QComboBox, QLineEdit))
        popup = any(isinstance(parent, QComboBox) for parent in _parents(widget))
        if isinstance(widget, CONTROLS) and not inside and not popup and not widget.accessibleName():
            found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


def _parents(widget: QWidget) -> list[QWidget]:
    chain = []
    while (parent := widget.parentWidget()) is not None:
        chain.append(parent)
        widget = parent
    return chain


def test_every_control_has_a_name(desk: Desk) -> None:
    desk.window.dialogs.show_hosting()
    desk.window.side.show_details(desk.timeline.row(0))
    assert nameless(desk.window) == []
    assert desk.window.dialogs._hosting is not None
    assert nameless(desk.window.dialogs._hosting) == []


def test_a_control_without_a_name_is_found(desk: Desk) -> None:
    extra = QLineEdit(desk.window.sidebar)
    assert nameless(desk.window) == ["QLineEdit in Sidebar"]
    extra.deleteLater()


def test_every_label_shows_plain_text(desk: Desk) -> None:
    desk.window.dialogs.show_hosting()
    desk.window.side.show_details(desk.timeline.row(0))
    labels = desk.window.findChildren(QLabel)
    assert labels
    assert [one.text() for one in labels if one.textFormat() is not Qt.TextFormat.PlainText] == []


def test_a_screen_reader_hears_rows_as_sentences(desk: Desk) -> None:
    view = desk.window.chat.view
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface is not None
    assert interface.text(QAccessible.Text.Name) == "Messages"
    cell = interface.child(0)
    assert cell.text(QAccessible.Text.Name).startswith("Miriam B., ")
    assert cell.text(QAccessible.Text.Name).endswith(", message 1")


@pytest.mark.parametrize(
    "hostile", ["<b>x</b><img src='file:///x'>", "[*]&amp;", "a\nb\tc", "\u202eabc", "%n {name} %s"]
)
def test_hostile_names_are_shown_as_they_are(desk: Desk, hostile: str) -> None:
    desk.window.set_room(Room(id="lobby", name=hostile, topic=hostile))
    desk.rooms.set_rooms([Room(id="lobby", name=hostile)])
    desk.window.set_host(HostCard(False, hostile, hostile, (hostile,), 1, hostile))
    people = {ME: User(id=ME, name=hostile, role="owner"), "u_x": User(id="u_x", name=hostile)}
    desk.timeline.set_users(people)
    desk.members.set_users(people)
    desk.timeline.upsert([message(41, hostile, author="u_x"), message(42, hostile, reply_to=41)])
    desk.window.set_typing((hostile, hostile))
    desk.window.set_connection(ConnectionState(Link.STOPPED, hostile, reason=hostile))
    desk.window.show_error(hostile)
    desk.window.chat.composer.start_reply(41, hostile, hostile)
    desk.window.side.show_details(desk.timeline.row(40))
    assert not desk.window.grab().isNull()
    assert desk.window.chat.header.title.text() == f"# {hostile}"
    assert hostile in desk.window.chat.banner.text


def test_one_pane_with_a_way_back_when_narrow(desk: Desk) -> None:
    window, page = desk.window, desk.window.room_page
    window.resize(420, 600)
    QApplication.processEvents()
    assert [pane.isVisible() for pane in page._panes] == [False, True, False]
    window.chat.header.back.click()
    assert [pane.isVisible() for pane in page._panes] == [True, False, False]
    QTest.keyClick(window.sidebar.rooms, Qt.Key.Key_Down)
    QTest.mouseClick(
        window.sidebar.rooms.viewport(),
        Qt.MouseButton.LeftButton,
        pos=window.sidebar.rooms.visualRect(desk.rooms.index(0)).center(),
    )
    assert window.chat.isVisible()
    assert ("room_selected", "lobby") in desk.intents
    window.chat.header.people.click()
    assert [pane.isVisible() for pane in page._panes] == [False, False, True]
    window.people.back.click()
    assert window.chat.isVisible()
    window.resize(1100, 600)
    QApplication.processEvents()
    assert [pane.isVisible() for pane in page._panes] == [True, True, True]


def test_people_can_be_hidden(desk: Desk) -> None:
    QTest.keyClick(desk.window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert not desk.window.people.isVisible()
    desk.window.chat.header.people.click()
    assert desk.window.people.isVisible()


def test_f6_walks_the_panes(desk: Desk) -> None:
    desk.window.chat.composer.editor.setFocus()
    seen = []
    for _ in range(4):
        QTest.keyClick(desk.window, Qt.Key.Key_F6)
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.append(focused.accessibleName())
    assert seen == ["People", "Rooms", "Messages", "Message"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab], ids=["Tab", "Shift+Tab"])
@pytest.mark.parametrize("width", [1000, 420])
def test_tab_walks_the_whole_window(desk: Desk, key: Qt.Key, width: int) -> None:
    window = desk.window
    window.resize(width, 600)
    window.chat.composer.set_text("what makes Send a stop")
    QApplication.processEvents()
    stops = [
        one
        for one in window.findChildren(QWidget)
        if one.isVisible() and one.isEnabled() and not one.focusProxy() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    window.chat.composer.setFocus()
    walked: list[QWidget] = []
    for _ in range(len(stops) + 1):
        focused = QApplication.focusWidget()
        assert focused is not None
        walked.append(focused)
        QTest.keyClick(focused, key)
    assert walked[-1] is walked[0] is window.chat.composer.editor
    assert sorted(one.accessibleName() for one in walked[:-1]) == sorted(one.accessibleName() for one in stops)
    if key == Qt.Key.Key_Backtab:
        walked.reverse()
    around = [walked[place].accessibleName() for place in (-2, 0, 1, 2)]
    assert around == ["Messages", "Message", "Emoji", "Send"], "in the order one sees them"


def test_f6_comes_to_whatever_stands_in_the_right_pane(desk: Desk) -> None:
    window, key = desk.window, Qt.Key.Key_F6
    shift = Qt.KeyboardModifier.ShiftModifier
    for opened, stop in (
        (lambda: window.side.open_search(everywhere=True), window.people.search.field),
        (window.side.open_pins, window.people.pins.list),
        (lambda: window.side.show_details(desk.timeline.row(0)), window.people.details.close_button),
    ):
        opened()
        window.chat.composer.setFocus()
        QTest.keyClick(window, key)
        assert QApplication.focusWidget() is stop
        QTest.keyClick(window, key, shift)
        assert QApplication.focusWidget() is window.chat.composer.editor
    window.chat.composer.emoji.setFocus()
    QTest.keyClick(window, key, shift)
    assert QApplication.focusWidget() is window.chat.view, "from any part of a pane"


def test_text_grows_and_shrinks_by_keys(desk: Desk) -> None:
    row = desk.timeline.row(0)
    before = desk.window.chat.view._delegate.height_of(row)
    QTest.keyClick(desk.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert desk.theme.scale > 1
    assert desk.window.chat.view._delegate.height_of(row) > before
    QTest.keyClick(desk.window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.chat.view._delegate.height_of(row) == before


@pytest.mark.parametrize("choice", ["dark", "high_contrast", "light", "system"])
def test_a_theme_can_be_changed_while_running(desk: Desk, choice: str) -> None:
    theme: Theme = desk.theme
    theme.set_choice(choice)  # type: ignore[arg-type]
    assert desk.window.palette().text().color() == theme.tokens.text
    image = desk.window.grab().toImage()
    ratio = image.devicePixelRatio()
    spot = desk.window.chat.view.mapTo(desk.window, desk.window.chat.view.rect().topLeft())
    assert image.pixelColor(int((spot.x() + 3) * ratio), int((spot.y() + 3) * ratio)) == theme.tokens.ground


def test_the_window_is_mirrored_as_a_whole(desk: Desk) -> None:
    desk.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QApplication.processEvents()
    window = desk.window
    assert window.sidebar.mapTo(window, window.sidebar.rect().center()).x() > window.width() / 2
    assert window.people.mapTo(window, window.people.rect().center()).x() < window.width() / 2
    assert not window.grab().isNull()


def test_closing_only_asks(desk: Desk) -> None:
    desk.window.close()
    assert desk.window.isVisible()
    assert desk.intents == [("closed",)]


def test_the_hosting_card_and_dialog(desk: Desk) -> None:
    card = desk.window.sidebar.hosting
    card.stop.click()
    card.invite.click()
    assert desk.intents == [("stop_hosting_requested",)]
    dialog = desk.window.dialogs._hosting
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal()
    dialog.copy.click()
    assert QApplication.clipboard().text() == "mrsambosk://join?at=192.168.1.20:8765"
    desk.window.set_host(HostCard(False, "Staff room", "Dana"))
    assert not dialog.isVisible()
    assert not card.isVisible()


def test_who_looks_at_another_hosts_room_is_told_which_one_is_their_own(desk: Desk) -> None:
    invite = "mrsambosk://join?at=192.168.1.20:8765"
    sidebar = desk.window.sidebar
    desk.window.set_host(HostCard(False, "Other room", "Olga", ("192.168.1.20 : 8765",), 2, invite, own_room="Mine"))
    card = sidebar.hosting
    assert card.isVisible()
    assert card.accessibleName() == card._title.text() == "Hosting \u2068Mine\u2069"
    assert sidebar._about.text() == "hosted by \u2068Olga\u2069"
    assert desk.window.chat.banner._hosted_by == "Olga"
    card.invite.click()
    dialog = desk.window.dialogs._hosting
    assert dialog is not None
    assert dialog.isVisible()
    assert "Mine" in dialog._title.text()
    assert not dialog.personal.isVisible(), "that would be one of the other host's"
    desk.window.set_host(HostCard(True, "Mine", "Dana", ("192.168.1.20 : 8765",), 3, invite))
    assert card._title.text() == "Hosting this room"
    assert dialog.personal.isVisible()


def other_rooms(desk: Desk) -> dict[str, QAction]:
    """The entries of the menu in the sidebar's header, which is opened anew by the keyboard."""
    sidebar = desk.window.sidebar
    for menu in sidebar.findChildren(QMenu):
        menu.close()
    sidebar.others.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(sidebar.others, Qt.Key.Key_Space)
    menu = next(one for one in sidebar.findChildren(QMenu) if one.isVisible())
    return {entry.text(): entry for entry in menu.actions() if not entry.isSeparator()}


def test_the_way_to_other_rooms(desk: Desk) -> None:
    assert desk.window.sidebar.others.isVisible()
    assert list(other_rooms(desk)) == ["Other rooms on this network…"]
    menu = next(one for one in desk.window.sidebar.findChildren(QMenu) if one.isVisible())
    assert menu.accessibleName() == "Other rooms"
    assert nameless(desk.window) == []
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert desk.intents == [("other_rooms_requested",)]


def test_leaving_asks_first(desk: Desk) -> None:
    assert list(other_rooms(desk)) == ["Other rooms on this network…"], "one's own room is stopped, not left"
    desk.window.set_host(HostCard(False, "Staff room", "Miriam"))
    other_rooms(desk)["Leave this host…"].trigger()
    assert desk.intents == []
    box = desk.window.findChild(QMessageBox)
    assert box is not None
    QTest.mouseClick(next(one for one in box.buttons() if one.text() == "Leave"), Qt.MouseButton.LeftButton)
    assert desk.intents == [("leave_requested",)]


def test_who_is_typing(desk: Desk) -> None:
    typing = desk.window.chat._typing
    desk.window.set_typing(("Miriam",))
    assert typing.text() == "\u2068Miriam\u2069 is typing…"
    desk.window.set_typing(("a", "b", "c"))
    assert typing.text() == "Several people are typing…"
    desk.window.set_typing(())
    assert typing.text() == ""


def test_an_unsent_row_offers_its_way_out_in_words(desk: Desk) -> None:
    desk.timeline.put_pending(pending("c1", "lost", SendState.FAILED, reason="You are muted."))
    QApplication.processEvents()
    row = desk.timeline.row(40)
    layout = desk.window.chat.view._delegate.layout_for(row)
    assert [words for _, words in layout.fate_words] == ["Retry", "Edit", "Copy", "Discard"]
    assert layout.fate.replace("\u2068", "").replace("\u2069", "") == "Not sent: You are muted."


def test_the_layout_is_remembered(desk: Desk) -> None:
    state = desk.window.layout_state()
    desk.window.restore_layout(state)
    desk.window.restore_layout(b"something else")
    assert desk.window.layout_state() == state


def test_no_frame_is_a_stray_window(desk: Desk) -> None:
    assert [one for one in desk.window.findChildren(QFrame) if one.isWindow() and one.isVisible()] == []
