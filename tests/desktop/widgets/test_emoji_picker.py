"""The picker: by mouse, by keys, by name; what was used last comes first."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.models.emoji import emoji_table, find_emoji, group_title, used
from mrsambosk_protocol.text import check_emoji

from .conftest import Desk
from .test_main_window import nameless


def test_the_table_is_what_hosts_take_and_no_name_means_two_groups() -> None:
    table = emoji_table()
    assert 300 <= len(table) == len({emoji.text for emoji in table})
    for emoji in table:
        assert check_emoji(emoji.text) == emoji.text
        assert emoji.names
        assert all(name == name.lower() and " " not in name for name in emoji.names)
        assert group_title(emoji.group) != emoji.group


@pytest.mark.parametrize(
    ("wanted", "first"), [("tada", "🎉"), ("+1", "👍"), ("Thumbs Up", "👍"), ("heart", "❤️"), ("pizza", "🍕")]
)
def test_the_exact_name_comes_first(wanted: str, first: str) -> None:
    assert find_emoji(wanted)[0].text == first


def test_what_was_used_last_comes_first_once() -> None:
    recent: tuple[str, ...] = ()
    for emoji in [row.text for row in emoji_table()[:30]] + ["👍", "🎉", "👍"]:
        recent = used(recent, emoji)
    assert recent[:2] == ("👍", "🎉")
    assert len(recent) == len(set(recent)) == 16


def test_a_click_writes_it_where_the_cursor_is(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.set_text("ab")
    composer.editor.moveCursor(composer.editor.textCursor().MoveOperation.Left)
    composer.emoji.click()
    picker = composer.picker
    assert picker.isVisible()
    assert nameless(picker) == []
    box = picker.grid.visualItemRect(picker.grid.item(2))
    QTest.mouseClick(picker.grid.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    assert composer.text() == "a😄b"
    assert not picker.isVisible()
    assert picker.recent == ("😄",)
    composer.open_picker()
    assert picker.grid.item(0).text() == "😄"


def test_by_keys_alone(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.open_picker()
    picker = composer.picker
    QTest.keyClicks(picker.search, "rocket")
    assert picker.grid.count() == 1
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert composer.text() == "🚀"
    composer.open_picker()
    QTest.keyClicks(picker.search, "qqqq")
    assert picker._none.isVisible()
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert picker.isVisible()
    QTest.keyClick(picker.search, Qt.Key.Key_Escape)
    assert not picker.isVisible()
    assert composer.text() == "🚀"


def test_what_is_no_emoji_is_not_kept(desk: Desk) -> None:
    picker = desk.window.chat.composer.picker
    picker.set_recent(("👍", "<b>", ""))
    assert picker.recent == ("👍",)
    QApplication.processEvents()
