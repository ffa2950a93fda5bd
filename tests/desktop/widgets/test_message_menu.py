"""What the menu of a row offers, to whom, in which order; and what its keys do."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QMessageBox, QToolButton, QWidgetAction

from mrsambosk_desktop.core.rows import SendState
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.member_menu import MemberMenu
from mrsambosk_desktop.widgets.message_menu import Action, actions_for
from mrsambosk_desktop.widgets.reaction_strip import QUICK_REACTIONS
from mrsambosk_protocol.entities import ADMIN, GUEST, MEMBER, MODERATOR, OWNER, SYSTEM, Message, User
from tests.helpers.rows import ME, MORNING, PEOPLE, deleted, message, pending

from .conftest import Desk


def offered(stored: Message, role: str = MEMBER, *, deleting: bool = False) -> list[str]:
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    model.reset([stored], has_older=False, has_newer=False, unread_after=None)
    model.set_deleting(stored.id, deleting)
    return [action.name for action in actions_for(model.row(0), role)]


def test_of_ones_own() -> None:
    assert offered(message(1, author=ME)) == [
        *("REACT", "BREAK", "REPLY", "COPY", "EDIT", "PIN", "BREAK", "DETAILS", "BREAK", "DELETE")
    ]


def test_of_anothers() -> None:
    others = ["REACT", "BREAK", "REPLY", "COPY", "PIN", "UNREAD", "BREAK", "DETAILS"]
    assert offered(message(1, author="u_yonatan")) == others
    assert offered(message(1, author="u_yonatan", pinned_at=MORNING)) == [
        "UNPIN" if one == "PIN" else one for one in others
    ]
    assert "PIN" not in offered(message(1, author="u_yonatan"), GUEST)


@pytest.mark.parametrize(
    ("role", "author", "may"),
    [
        (MODERATOR, "u_yonatan", True),
        (MODERATOR, "u_miriam", False),
        (ADMIN, "u_miriam", True),
        (OWNER, "u_miriam", True),
        (MEMBER, "u_alma", False),
    ],
)
def test_moderators_delete_only_what_is_below_them(role: str, author: str, may: bool) -> None:
    assert (offered(message(1, author=author), role)[-1] == "DELETE") is may


def test_of_rows_that_are_not_plain_messages() -> None:
    assert offered(deleted(1)) == ["DETAILS"]
    assert offered(message(1, author=ME), deleting=True) == ["UNDO_DELETE"]
    assert offered(message(1, "", kind=SYSTEM, event={"name": "renamed"})) == []


def test_of_a_pending_row() -> None:
    model = TimelineModel()
    model.put_pending(pending("c1", state=SendState.FAILED, reason="no"))
    assert [one.name for one in actions_for(model.row(0), MEMBER)] == ["RETRY", "EDIT", "COPY", "BREAK", "DISCARD"]
    for waits in (SendState.WAITING, SendState.HELD):
        model.put_pending(pending("c1", state=waits))
        assert [one.name for one in actions_for(model.row(0), MEMBER)] == ["EDIT", "COPY", "BREAK", "DISCARD"]
    model.put_pending(pending("c1", state=SendState.SENDING))
    assert [one.name for one in actions_for(model.row(0), MEMBER)] == ["COPY"]


def go_to(desk: Desk, number: int) -> None:
    """As one who came to the timeline by key."""
    view = desk.window.chat.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setCurrentIndex(desk.timeline.index(number))


def open_menu(desk: Desk, number: int) -> QMenu:
    go_to(desk, number)
    QTest.keyClick(desk.window.chat.view, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def press(menu: QMenu, *keys: Qt.Key) -> None:
    """As Qt does with keys while a menu is open."""
    for key in keys:
        QTest.keyClick(menu.focusWidget() or menu, key)


def strip_of(menu: QMenu) -> list[QToolButton]:
    """The quick reactions, and the one for any other."""
    strip = menu.actions()[0]
    assert isinstance(strip, QWidgetAction)
    return strip.defaultWidget().findChildren(QToolButton)


def choose(desk: Desk, number: int, action: Action) -> None:
    menu = open_menu(desk, number)
    item = next(one for one in menu.actions() if one.data() is action)
    menu.setActiveAction(item)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert QApplication.activePopupWidget() is None


def test_the_real_menu_has_these_words_in_this_order(desk: Desk) -> None:
    desk.timeline.upsert([message(41, author=ME)])
    menu = open_menu(desk, 40)
    words = ["—" if one.isSeparator() else one.text() for one in menu.actions()]
    assert words == ["Reactions", "—", "Reply", "Copy text", "Edit", "Pin", "—", "Message details", "—", "Delete"]
    strip = menu.actions()[0]
    assert isinstance(strip, QWidgetAction)
    buttons = strip.defaultWidget().findChildren(QToolButton)
    assert tuple(one.text() for one in buttons) == (*QUICK_REACTIONS, "+")
    buttons[3].click()
    assert desk.intents[-1] == ("react_requested", 41, "🎉", True)


def test_the_words_are_mirrored_with_the_menu(desk: Desk) -> None:
    desk.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    menu = open_menu(desk, 3)
    box = menu.actionGeometry(next(one for one in menu.actions() if one.data() is Action.PIN))
    picture = menu.grab(box).toImage()
    ground = picture.pixelColor(picture.width() // 2, 3)
    inked = {
        x for x in range(picture.width()) for y in range(3, picture.height() - 3) if picture.pixelColor(x, y) != ground
    }
    assert min(inked) > picture.width() // 2


def test_any_other_reaction_is_picked(desk: Desk) -> None:
    strip = open_menu(desk, 3).actions()[0]
    assert isinstance(strip, QWidgetAction)
    strip.defaultWidget().findChildren(QToolButton)[-1].click()
    picker = desk.window.chat.reactions
    assert picker.isVisible()
    QTest.keyClicks(picker.search, "pizza")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert desk.intents == [("react_requested", 4, "🍕", True)]
    assert desk.window.chat.composer.picker.recent == ("🍕",), "the two share what was used last"


@pytest.mark.parametrize("scale", [0.8, 1.75, 2.0])
def test_quick_reactions_are_whole_at_every_text_size(desk: Desk, scale: float) -> None:
    desk.theme.set_scale(scale)
    for one in strip_of(open_menu(desk, 3)):
        assert one.width() - 8 >= one.fontMetrics().horizontalAdvance(one.text()), one.text()
        assert one.height() - 8 >= one.fontMetrics().height() * 0.9


@pytest.mark.parametrize(("order", "onwards"), [("LeftToRight", Qt.Key.Key_Right), ("RightToLeft", Qt.Key.Key_Left)])
def test_the_quick_reactions_are_reached_by_key(desk: Desk, order: str, onwards: Qt.Key) -> None:
    desk.window.setLayoutDirection(Qt.LayoutDirection[order])
    menu = open_menu(desk, 3)
    press(menu, Qt.Key.Key_Down)
    buttons = strip_of(menu)
    assert buttons[0].hasFocus()
    assert [one.accessibleName() for one in buttons[-2:]] == ["React with 😮", "Another reaction"]
    press(menu, onwards, onwards)
    assert buttons[2].hasFocus()
    back = Qt.Key.Key_Left if onwards == Qt.Key.Key_Right else Qt.Key.Key_Right
    press(menu, back, back, back)
    assert buttons[0].hasFocus(), "it ends there"
    press(menu, Qt.Key.Key_Down)
    assert (menu.hasFocus(), menu.activeAction().text()) == (True, "Reply")
    press(menu, Qt.Key.Key_Up, onwards, Qt.Key.Key_Return)
    assert desk.intents == [("react_requested", 4, "❤️", True)]
    assert QApplication.activePopupWidget() is None


def test_another_reaction_by_key(desk: Desk) -> None:
    menu = open_menu(desk, 3)
    press(menu, Qt.Key.Key_Down, *[Qt.Key.Key_Right] * 5, Qt.Key.Key_Space)
    assert desk.window.chat.reactions.isVisible()
    assert not menu.isVisible()


def test_leaving_the_quick_reactions(desk: Desk) -> None:
    menu = open_menu(desk, 3)
    press(menu, Qt.Key.Key_Down)
    menu.setActiveAction(menu.actions()[2])
    assert menu.hasFocus(), "the mouse went on to another entry: keys are for that one"
    press(menu, Qt.Key.Key_Up, Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None
    strip = open_menu(desk, 3).actions()[0]
    strip.trigger()
    assert desk.window.chat.reactions.isVisible(), "what a screen reader presses is the whole entry"


def test_choosing_emits_the_intent(desk: Desk) -> None:
    desk.timeline.upsert([message(41, "mine", author=ME)])
    choose(desk, 40, Action.DELETE)
    choose(desk, 0, Action.PIN)
    assert desk.intents[-2:] == [("delete_requested", 41), ("pin_requested", 1, True)]
    choose(desk, 40, Action.COPY)
    assert QGuiApplication.clipboard().text() == "mine"
    choose(desk, 0, Action.DETAILS)
    assert not desk.window.people.shows_people


LINKS = "see https://a.example/x?y=1&z=2, [here](https://b.example/) **https://a.example/x?y=1&z=2** "


def test_links_are_opened_and_copied_by_key(desk: Desk) -> None:
    desk.timeline.upsert([message(41, LINKS + "https://c.example/" + "long/" * 40 + " https://d.example")])
    view = desk.window.chat.view
    go_to(desk, 40)
    QTest.keyClick(view, Qt.Key.Key_Return)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    found = {one.data(): one for one in menu.actions() if one.data() in (Action.OPEN_LINK, Action.COPY_LINK)}
    assert len(found) == 2
    texts = [one.text() for one in menu.actions() if one.data() in found]
    assert texts[:4] == [
        "Open link \u2066https://a.example/x?y=1&&z=2\u2069",
        "Copy link \u2066https://a.example/x?y=1&&z=2\u2069",
        "Open link \u2066https://b.example/\u2069",
        "Copy link \u2066https://b.example/\u2069",
    ]
    assert len(texts) == 6, "no more than three"
    assert all(len(text) < 60 for text in texts)
    assert texts[4].endswith("…\u2069")
    menu.close()
    choose(desk, 40, Action.COPY_LINK)
    assert QGuiApplication.clipboard().text() == "https://a.example/x?y=1&z=2"
    choose(desk, 40, Action.OPEN_LINK)
    box = desk.window.findChild(QMessageBox)
    assert box is not None
    assert box.informativeText() == "https://a.example/x?y=1&z=2"


def test_a_row_that_was_scrolled_away_is_there_with_its_menu(desk: Desk) -> None:
    view = desk.window.chat.view
    go_to(desk, 39)
    view.verticalScrollBar().setValue(0)
    QTest.keyClick(view, Qt.Key.Key_Menu)
    assert QApplication.activePopupWidget() is not None
    assert view.viewport().rect().intersects(view.visualRect(desk.timeline.index(39)))


def test_an_address_cannot_turn_the_entry_around(desk: Desk) -> None:
    desk.timeline.upsert([message(41, "https://a.example/\u2069\u202egro.knab")])
    menu = open_menu(desk, 40)
    (entry,) = (one for one in menu.actions() if one.data() is Action.OPEN_LINK)
    assert entry.text() == "Open link \u2066https://a.example/gro.knab\u2069"


def test_the_source_of_a_reply_is_shown_by_key(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.timeline.upsert([message(41, "yes", reply_to=3), message(42, "no", reply_to=-7)])
    choose(desk, 40, Action.SOURCE)
    assert view._delegate.flash == 3
    current = view.current_row()
    assert current is not None
    assert current.key == 3, "the next key goes on from there"
    choose(desk, 41, Action.SOURCE)
    assert desk.intents == [("jump_requested", -7)]


@pytest.mark.parametrize(
    ("role", "author", "may"),
    [
        (MODERATOR, "u_yonatan", True),
        (MODERATOR, "u_miriam", False),
        (OWNER, "u_miriam", True),
        (OWNER, ME, False),
        (OWNER, "u_unknown", False),
        (MEMBER, "u_alma", False),
    ],
)
def test_moderators_mute_whom_they_may(role: str, author: str, may: bool) -> None:
    found = offered(message(1, author=author), role)
    assert ("MUTE" in found) is may
    if may:
        assert found[-4:] == ["DETAILS", "MUTE", "BREAK", "DELETE"]


def test_muting_from_a_message(desk: Desk) -> None:
    asked: list[tuple[User, str]] = []
    desk.window.dialogs.moderation_requested.connect(lambda user, verb: asked.append((user, verb)))
    desk.timeline.upsert([message(41, author="u_yonatan")])
    menu = open_menu(desk, 40)
    menu.setActiveAction(next(one for one in menu.actions() if one.text() == "Mute person…"))
    press(menu, Qt.Key.Key_Return)
    kinds = QApplication.activePopupWidget()
    assert isinstance(kinds, MemberMenu)
    assert kinds.accessibleName() == "What to do about Yonatan"
    assert [one.text() for one in kinds.actions()] == ["Mute for an hour", "Mute", "Lift the mute"]
    press(kinds, Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert asked == [(PEOPLE["u_yonatan"], "mute_hour")]


def test_delete_keys(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.timeline.upsert([message(41, author=ME)])
    go_to(desk, 40)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    desk.timeline.set_deleting(41, True)
    QTest.keyClick(view, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert desk.intents == [("delete_requested", 41), ("delete_now_requested", 41)]


def test_deleting_anothers_asks_first(desk: Desk) -> None:
    view = desk.window.chat.view
    desk.timeline.upsert([message(41, "<b>rude</b>", author="u_yonatan")])
    go_to(desk, 40)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert desk.intents == []
    box = desk.window.findChild(QMessageBox)
    assert box is not None
    shown = [one for one in box.findChildren(QLabel) if one.text()]
    assert {one.textFormat() for one in shown} == {Qt.TextFormat.PlainText}
    assert any("<b>rude</b>" in one.text() for one in shown)
    QTest.mouseClick(next(one for one in box.buttons() if one.text() == "Delete"), Qt.MouseButton.LeftButton)
    assert desk.intents == [("delete_now_requested", 41)]


def test_a_failed_row_is_taken_back_into_the_composer(desk: Desk) -> None:
    desk.timeline.put_pending(pending("c1", "try this", SendState.FAILED, reason="You are muted."))
    choose(desk, 40, Action.EDIT)
    assert desk.intents == [("edit_pending_requested", "c1")]
    assert desk.window.chat.composer.text() == ""
    desk.timeline.drop_pending("c1")
    assert desk.window.chat.composer.text() == "try this"
    desk.timeline.put_pending(pending("c2", "again", SendState.FAILED))
    choose(desk, 40, Action.RETRY)
    choose(desk, 40, Action.DISCARD)
    assert desk.intents[1:] == [("retry_requested", "c2"), ("discard_requested", "c2")]


def test_reply_and_edit_by_key(desk: Desk) -> None:
    view, composer = desk.window.chat.view, desk.window.chat.composer
    desk.timeline.upsert([message(41, "mine", author=ME)])
    go_to(desk, 3)
    QTest.keyClick(view, Qt.Key.Key_E)
    assert composer.editing is None, "another's message cannot be edited"
    QTest.keyClick(view, Qt.Key.Key_R)
    assert composer.reply_to == 4
    go_to(desk, 40)
    QTest.keyClick(view, Qt.Key.Key_E)
    assert (composer.editing, composer.text()) == (41, "mine")


def test_undo_is_a_click_away(desk: Desk) -> None:
    from PySide6.QtCore import QRectF

    view = desk.window.chat.view
    desk.timeline.upsert([message(41, author=ME)])
    desk.timeline.set_deleting(41, True)
    QApplication.processEvents()
    row = desk.timeline.row(40)
    bubble = view._delegate.bubble(row, 40, QRectF(view.visualRect(desk.timeline.index(40))))
    spot = view._delegate.layout_for(row).zones[0].box.translated(bubble.topLeft()).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot.toPoint())
    assert desk.intents == [("undo_delete_requested", 41)]
