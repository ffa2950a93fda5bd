"""The keys: each one listed is there, and what the page's two boxes change."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from mrsambosk_desktop.widgets.keys_dialog import KeysDialog, key_table
from mrsambosk_protocol.entities import Room, You
from tests.helpers.rows import message

from .conftest import Desk
from .test_main_window import nameless

ALT, SHIFT, CONTROL = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
#: Keys of one widget alone; each has a test of its own.
OF_WIDGETS = set("Enter Shift+Enter Up Ctrl+B Ctrl+I Ctrl+E @ : Esc R E Del Shift+Del Ctrl+C Shift+F10".split())  # noqa: SIM905
#: A second way to type one that is listed.
UNLISTED = {"Ctrl+="}


def opened(desk: Desk) -> KeysDialog:
    QTest.keyClick(desk.window, Qt.Key.Key_Slash, CONTROL)
    dialog = desk.window.findChild(KeysDialog)
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def test_the_list_and_the_window_agree() -> None:
    listed = {key for _, lines in key_table(ctrl_enter=False) for keys, _ in lines for key in keys.split()}
    assert listed >= OF_WIDGETS


def test_every_listed_key_of_the_window_is_one_and_the_other_way_round(desk: Desk) -> None:
    listed = {key for _, lines in key_table(ctrl_enter=False) for keys, _ in lines for key in keys.split()}
    there = {one.key().toString() for one in desk.window.findChildren(QShortcut)}
    assert listed - OF_WIDGETS == there - UNLISTED
    assert all(QKeySequence(key).count() == 1 for key in listed)


def test_the_page_lists_them_plainly_and_by_name(desk: Desk) -> None:
    dialog = opened(desk)
    assert nameless(dialog) == []
    labels = dialog.findChildren(QLabel)
    assert {one.textFormat() for one in labels} == {Qt.TextFormat.PlainText}
    words = {one.text() for one in labels}
    for _, lines in key_table(ctrl_enter=False):
        assert {text for _, text in lines} <= words
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_list_calls_keys_as_the_box_below_does(desk: Desk) -> None:
    dialog = opened(desk)
    keys = [one.text() for one in dialog.findChildren(QLabel) if one.property("role") == "key"]
    assert {"Enter", "Shift+Enter"} <= set(keys)
    assert not [text for text in keys if "Return" in text]


def test_which_enter_sends_is_chosen_there(desk: Desk) -> None:
    dialog = opened(desk)
    dialog.ctrl_enter.click()
    assert desk.window.ctrl_enter
    assert "Ctrl+Enter" in {one.text() for one in dialog.findChildren(QLabel)}
    dialog.ctrl_enter.click()
    assert not desk.window.ctrl_enter


def test_less_motion(desk: Desk, qapp: QApplication) -> None:
    before = qapp.cursorFlashTime()
    dialog = opened(desk)
    dialog.less_motion.click()
    assert desk.theme.less_motion
    assert qapp.cursorFlashTime() == 0
    assert not qapp.isEffectEnabled(Qt.UIEffect.UI_FadeMenu)
    dialog.less_motion.click()
    assert qapp.cursorFlashTime() == before


def test_alt_and_the_arrows_go_from_room_to_room(desk: Desk) -> None:
    desk.rooms.set_rooms(
        [
            Room(id="lobby", name="lobby"),
            Room(id="staff", name="staff"),
            Room(id="music", name="music", you=You(unread=3)),
        ]
    )
    desk.window.sidebar.select("lobby")
    for key, modifiers in (
        (Qt.Key.Key_Down, ALT),
        (Qt.Key.Key_Up, ALT),
        (Qt.Key.Key_Down, ALT | SHIFT),
        (Qt.Key.Key_Up, ALT | SHIFT),
    ):
        QTest.keyClick(desk.window.chat.composer.editor, key, modifiers)
    assert desk.intents == [("room_selected", room) for room in ("staff", "music", "music", "music")]


def test_alt_r_replies_to_the_selected_row(desk: Desk) -> None:
    desk.timeline.upsert([message(41)])
    desk.window.chat.view.setCurrentIndex(desk.timeline.index(40))
    QTest.keyClick(desk.window.chat.composer.editor, Qt.Key.Key_R, ALT)
    assert desk.window.chat.composer.reply_to == 41


def test_dialogs_follow_the_theme_while_they_are_open(desk: Desk) -> None:
    desk.window.dialogs.show_hosting()
    dialog = desk.window.dialogs._hosting
    assert dialog is not None
    for choice in ("dark", "light"):
        desk.theme.set_choice(choice)  # type: ignore[arg-type]
        assert dialog.palette().window().color() == desk.theme.tokens.ground
        image = dialog.grab().toImage()
        assert image.pixelColor(3, 3) == desk.theme.tokens.ground
