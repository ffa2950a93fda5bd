"""A whole window over models that a test fills: no engine, no disk, no socket."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.rows import ConnectionState, HostCard, Link
from mrsambosk_desktop.models.found import FoundModel
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.main_window import MainWindow
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import Message, Room
from tests.helpers.rows import ME, PEOPLE, message

INTENTS = (
    "send_requested",
    "edit_requested",
    "delete_requested",
    "delete_now_requested",
    "undo_delete_requested",
    "react_requested",
    "pin_requested",
    "unread_requested",
    "retry_requested",
    "discard_requested",
    "edit_pending_requested",
    "jump_requested",
    "older_requested",
    "newer_requested",
    "latest_requested",
    "typing",
    "try_again_requested",
    "stop_hosting_requested",
    "room_selected",
    "other_rooms_requested",
    "closed",
)


SIDE_INTENTS = (
    "search_requested",
    "more_found_requested",
    "pins_requested",
    "more_pins_requested",
    "message_requested",
    "seen_requested",
)

DIALOG_INTENTS = ("leave_requested",)


@dataclass
class Desk:
    """A window, its models, and every intent it has emitted, in order."""

    window: MainWindow
    theme: Theme
    timeline: TimelineModel
    members: MemberModel
    rooms: RoomModel
    found: FoundModel
    pinned: FoundModel
    intents: list[tuple[Any, ...]] = field(default_factory=list)

    def open(self, messages: list[Message], **fields: Any) -> None:
        """Opens the room with these rows."""
        told = {"has_older": False, "has_newer": False, "unread_after": None} | fields
        self.timeline.reset(messages, **told)
        QApplication.processEvents()


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication) -> Iterator[Desk]:
    theme = Theme(qapp, "light")
    timeline, members, rooms = TimelineModel(), MemberModel(), RoomModel()
    for model in (timeline, members):
        model.set_me(ME)
        model.set_users(PEOPLE)
    rooms.set_rooms([Room(id="lobby", name="lobby", topic="Everyone on the network")])
    found, pinned = FoundModel(), FoundModel()
    for listed in (found, pinned):
        listed.set_people(PEOPLE)
    window = MainWindow(theme, timeline, members, rooms, found, pinned)
    qtbot.addWidget(window)
    made = Desk(window, theme, timeline, members, rooms, found, pinned)
    for owner, names in ((window, INTENTS), (window.side, SIDE_INTENTS), (window.dialogs, DIALOG_INTENTS)):
        for name in names:
            getattr(owner, name).connect(lambda *values, name=name: made.intents.append((name, *values)))
    window.set_room(Room(id="lobby", name="lobby", topic="Everyone on the network"))
    window.set_host(
        HostCard(True, "Staff room", "Dana", ("192.168.1.20 : 8765",), 3, "mrsambosk://join?at=192.168.1.20:8765")
    )
    window.set_connection(ConnectionState(Link.LIVE, "Staff room"))
    window.resize(1000, 600)
    window.show_room()
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made.open([message(i) for i in range(1, 41)])
    yield made
    # A menu or box left open would keep the next test's window from becoming the active one.
    while (left := QApplication.activePopupWidget() or QApplication.activeModalWidget()) is not None:
        left.close()
        QApplication.processEvents()
    theme.deleteLater()
