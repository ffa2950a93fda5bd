"""Completion over the composer, driven by keys, and whom a mention means."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mrsambosk_desktop.core.bodies import Style
from mrsambosk_desktop.models.choices import ChoiceRole
from mrsambosk_desktop.widgets.completion import Completion
from mrsambosk_protocol.entities import GONE, User
from tests.helpers.rows import ME, PEOPLE, message

from .conftest import Desk


def shown(completion: Completion) -> list[str]:
    if not completion.isVisible():
        return []
    model = completion.list.model()
    return [model.index(row, 0).data(ChoiceRole.CHOICE).words for row in range(model.rowCount())]


def test_people_are_offered_after_an_at_and_taken_by_enter(desk: Desk) -> None:
    composer = desk.window.chat.composer
    QTest.keyClicks(composer.editor, "hi @")
    assert shown(composer.completion) == ["Miriam B.", "Yonatan", "Alma"], "who is here first, and not oneself"
    QTest.keyClicks(composer.editor, "b")
    assert shown(composer.completion) == ["Miriam B."], "also by a later word of the name"
    QTest.keyClick(composer.editor, Qt.Key.Key_Backspace)
    QTest.keyClick(composer.editor, Qt.Key.Key_Down)
    assert "Yonatan" in composer.editor.accessibleDescription()
    QTest.keyClick(composer.editor, Qt.Key.Key_Up)
    QTest.keyClick(composer.editor, Qt.Key.Key_Up)
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert composer.text() == "hi @Alma "
    assert composer.completion.isHidden()
    assert composer.editor.accessibleDescription() == ""
    QTest.keyClicks(composer.editor, "there")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert desk.intents[-1] == ("send_requested", "hi @Alma there", ("u_alma",), None)


def test_the_chosen_one_of_two_with_the_same_name_is_meant(desk: Desk) -> None:
    composer = desk.window.chat.composer
    twins = {f"u_{number}": User(id=f"u_{number}", name="Noa") for number in (1, 2, 3)}
    desk.members.set_users(PEOPLE | twins)
    for presses in (0, 1, 2):
        QTest.keyClicks(composer.editor, "@no")
        for _ in range(presses):
            QTest.keyClick(composer.editor, Qt.Key.Key_Down)
        QTest.keyClick(composer.editor, Qt.Key.Key_Tab)
        QTest.keyClick(composer.editor, Qt.Key.Key_Return)
        assert desk.intents[-1] == ("send_requested", "@Noa", (f"u_{presses + 1}",), None)


def test_a_mention_is_marked_in_the_row(desk: Desk) -> None:
    desk.timeline.upsert([message(41, "hi @Alma there", mentions=("u_alma",)), message(42, "hi @Alma there")])
    styles = [[run.style for block in desk.timeline.row(row).blocks for run in block.runs] for row in (40, 41)]
    assert styles == [[Style.PLAIN, Style.MENTION, Style.PLAIN], [Style.PLAIN]]


def test_escape_closes_the_list_for_this_word_only(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.start_reply(7, "Miriam B.", "Slides")
    QTest.keyClicks(composer.editor, "@y")
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert composer.completion.isHidden()
    assert composer.reply_to == 7, "one layer at a time"
    QTest.keyClicks(composer.editor, "o")
    assert composer.completion.isHidden()
    QTest.keyClicks(composer.editor, " x @y")
    assert shown(composer.completion) == ["Yonatan"]
    QTest.keyClick(composer.editor, Qt.Key.Key_Tab)
    assert composer.text() == "@yo x @Yonatan "


@pytest.mark.parametrize("text", ["mail@", "@@", "x:gri", "10:30", "::", ":x", "http://a.b"])
def test_nothing_is_offered_in_the_middle_of_other_things(desk: Desk, text: str) -> None:
    QTest.keyClicks(desk.window.chat.composer.editor, text)
    assert desk.window.chat.composer.completion.isHidden()


def test_who_left_is_not_offered_and_the_list_goes_with_the_focus(desk: Desk) -> None:
    composer = desk.window.chat.composer
    desk.members.set_users(
        {ME: PEOPLE[ME], "u_x": User(id="u_x", name="Gone", role=GONE), "u_y": User(id="u_y", name="Y")}
    )
    QTest.keyClicks(composer.editor, "@")
    assert shown(composer.completion) == ["Y"]
    desk.window.chat.view.setFocus()
    assert composer.completion.isHidden()


def test_emoji_by_name(desk: Desk) -> None:
    composer = desk.window.chat.composer
    composer.set_text("😀 ")
    QTest.keyClicks(composer.editor, ":tad")
    assert shown(composer.completion)[0] == ":tada:"
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert composer.text() == "😀 🎉 "
    QTest.keyClicks(composer.editor, ":heart:")
    assert composer.text() == "😀 🎉 ❤️ "
    QTest.keyClicks(composer.editor, ":nosuch:")
    assert composer.text().endswith(":nosuch:")
    assert composer.picker.recent == ("❤️", "🎉")


def test_it_stands_over_the_composer_within_the_window(desk: Desk) -> None:
    composer = desk.window.chat.composer
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        desk.window.setLayoutDirection(direction)
        composer.set_text("")
        QTest.keyClicks(composer.editor, "@")
        box = composer.completion.geometry()
        assert desk.window.rect().contains(box)
        assert box.bottom() <= composer.mapTo(desk.window, composer.rect().topLeft()).y() + 4


@pytest.mark.parametrize("hostile", ["<b>x</b><img src='file:///x'>", "a\u202eb", "&amp;[*]", "e" + "\u0301" * 3])
def test_hostile_names_are_offered_as_they_are(desk: Desk, hostile: str) -> None:
    composer = desk.window.chat.composer
    desk.members.set_users({ME: PEOPLE[ME], "u_x": User(id="u_x", name=hostile)})
    QTest.keyClicks(composer.editor, "@")
    assert shown(composer.completion) == [hostile]
    assert not desk.window.grab().isNull()
    QTest.keyClick(composer.editor, Qt.Key.Key_Tab)
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert desk.intents[-1] == ("send_requested", f"@{hostile}", ("u_x",), None)
