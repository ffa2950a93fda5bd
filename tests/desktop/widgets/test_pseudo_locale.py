"""The whole window in a made-up language that is longer and reads from the right: mirrored, whole, all of it tr."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import ConnectionState, HostCard, Link
from mrsambosk_desktop.models.emoji import emoji_table
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.keys_dialog import KeysDialog
from mrsambosk_desktop.widgets.main_window import MainWindow
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import Room
from tests.helpers.pseudo import MARK, Pseudo
from tests.helpers.rows import ME, PEOPLE, message

#: What is data, or the same in every language.
SAME = {"Staff room", "lobby", "# lobby", "Everyone on the network", "D", "192.168.1.20 : 8765", "+"}


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    pseudo = Pseudo()
    qapp.installTranslator(pseudo)
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    theme = Theme(qapp, "light")
    timeline, members, rooms = TimelineModel(), MemberModel(), RoomModel()
    for model in (timeline, members):
        model.set_me(ME)
        model.set_users(PEOPLE)
    lobby = Room(id="lobby", name="lobby", topic="Everyone on the network")
    rooms.set_rooms([lobby])
    made = MainWindow(theme, timeline, members, rooms, FoundModel(), FoundModel())
    qtbot.addWidget(made)
    made.set_room(lobby)
    made.set_host(HostCard(True, "Staff room", "Dana", ("192.168.1.20 : 8765",), 3, "mrsambosk://join?at=x"))
    made.set_connection(ConnectionState(Link.LIVE, "Staff room"))
    made.resize(1240, 800)
    made.show_room()
    made.show()
    timeline.reset([message(i) for i in range(1, 20)], has_older=False, has_newer=False, unread_after=12)
    QApplication.processEvents()
    yield made
    qapp.removeTranslator(pseudo)
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    theme.deleteLater()


def untranslated(root: QWidget) -> set[str]:
    """Texts of ours that show and did not go through a translation."""
    data = SAME | {emoji.text for emoji in emoji_table()}
    found = set()
    for widget in (root, *root.findChildren(QWidget)):
        texts = [widget.accessibleName(), widget.toolTip()]
        if isinstance(widget, QLabel | QAbstractButton):
            texts.append(widget.text())
        if isinstance(widget, QLineEdit):
            texts.append(widget.placeholderText())
        own = not widget.objectName().startswith("qt_") and not isinstance(widget.parent(), QLineEdit)
        found |= {text for text in texts if own and any(map(str.isalpha, text)) and MARK not in text} - data
    return found


def test_nothing_bypasses_translation(window: MainWindow) -> None:
    window.show_keys()
    dialog = window.findChild(KeysDialog)
    assert dialog is not None
    keys = {one.text() for one in dialog.findChildren(QLabel) if one.property("role") == "key"}
    assert untranslated(dialog) - keys == set()
    dialog.close()
    assert untranslated(window.chat) == set()
    assert untranslated(window.people) == set()


def test_everything_is_mirrored_and_nothing_leaves_the_window(window: MainWindow) -> None:
    for width in (1240, 900, 420):
        window.resize(width, 800)
        QApplication.processEvents()
        for widget in window.room_page.findChildren(QWidget):
            if widget.isVisible() and not widget.isWindow():
                assert widget.layoutDirection() is Qt.LayoutDirection.RightToLeft
        shown = [pane for pane in (window.sidebar, window.chat, window.people) if pane.isVisible()]
        places = [pane.mapTo(window, pane.rect().center()).x() for pane in shown]
        assert places == sorted(places, reverse=True)
        composer = window.chat.composer
        assert window.chat.rect().contains(composer.geometry())
        assert (
            composer.send.mapTo(window, composer.send.rect().center()).x()
            < composer.editor.mapTo(window, composer.editor.rect().center()).x()
        )
        assert not window.grab().isNull()
