"""The three panes: rooms, chat, people. Under 640 px one of them, with a way back.

A pane that is dragged to nothing is hidden, as by its key: what has no width is never shown, nor has it the focus.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, cast

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from .chat_pane import ChatPane
from .parts import repolish
from .people_pane import PeoplePane
from .sidebar import Sidebar
from .theme import Theme

#: Narrower than this, one pane is shown at a time; it grows with the text.
NARROW: Final = 640
_SIDEBAR: Final = 244
_PEOPLE: Final = 226
_CHAT: Final = 280
#: Narrower than this, the people are left out unless asked for.
_MIDDLE: Final = 900


@dataclass(frozen=True, slots=True)
class _State:
    """What is remembered: the widths of the panes beside the chat, and which of them are wanted. People nobody decided
    about show where there is room."""

    sidebar: int = _SIDEBAR
    people: int = _PEOPLE
    wants_rooms: bool = True
    wants_people: bool | None = None

    @staticmethod
    def parse(kept: bytes) -> "_State":
        """What `str` of one gave.

        Raises:
            ValueError: it is something else.
        """
        match json.loads(kept):
            case {
                "sidebar": int(sidebar),
                "people": int(people),
                "wants_rooms": bool(rooms),
                "wants_people": bool() | None as wanted,
            }:
                return _State(sidebar, people, rooms, wanted)
        raise ValueError("no panes")

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class RoomPage(QWidget):
    """Shows the panes that fit; which one shows when only one does is `show_pane`'s."""

    def __init__(self, theme: Theme, sidebar: Sidebar, chat: ChatPane, people: PeoplePane) -> None:
        super().__init__()
        self._theme = theme
        self.sidebar, self.chat, self.people = sidebar, chat, people
        self._panes: tuple[QWidget, ...] = (sidebar, chat, people)
        self._shown: QWidget = chat
        self._state = _State()
        # Whether the people were wanted before a page was put in their place; None while there is none.
        self._before: tuple[bool | None] | None = None
        self._narrow = False
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setAccessibleName(self.tr("Panes"))
        self._splitter.setHandleWidth(1)
        for place, pane in enumerate(self._panes):
            self._splitter.addWidget(pane)
            self._splitter.setCollapsible(place, pane is not chat)
            self._splitter.setStretchFactor(place, 1 if pane is chat else 0)
        chat.setMinimumWidth(_CHAT)
        self._splitter.splitterMoved.connect(self._dragged)
        theme.changed.connect(self._rescale)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._splitter)
        chat.header.back_wanted.connect(self.show_rooms)
        chat.header.people_wanted.connect(self.toggle_people)
        for left in (people.left, sidebar.left):
            left.connect(self.show_chat)
        sidebar.room_chosen.connect(lambda _room: self.show_pane(chat))
        self._mirror()
        self._rescale()

    @property
    def narrow(self) -> bool:
        """Whether one pane is shown at a time."""
        return self._narrow

    def show_pane(self, pane: QWidget) -> None:
        """When there is room for one pane only, this one: it takes the focus."""
        self._shown = pane
        self._arrange()
        if self._narrow:
            self._enter(pane)

    def show_chat(self) -> None:
        """Back to where one writes."""
        self.show_pane(self.chat)
        self._enter(self.chat)

    def show_rooms(self) -> None:
        """Makes sure that the rooms are seen, and goes there."""
        self._want(wants_rooms=True)
        self.show_pane(self.sidebar)
        self._enter(self.sidebar)

    def toggle_people(self) -> None:
        """Shows the people, or hides them; where they are the only pane, the chat comes in their place."""
        self._before = None
        had_page, had_focus = not self.people.shows_people, self._has_focus(self.people)
        seen = not self.people.isHidden()
        self.people.show_people()
        if self._narrow:
            self.show_pane(self.chat if seen and not had_page else self.people)
        elif not (seen and had_page):
            self._want(wants_people=not seen)
        elif had_focus:
            self._enter(self.people)

    def show_people_pane(self) -> None:
        """Makes sure that the right pane is seen, with what was put in the people's place."""
        if self._before is None:
            self._before = (self._state.wants_people,)
        self._want(wants_people=True)
        self.show_pane(self.people)

    def leave_people_pane(self) -> None:
        """The page that stood in the people's place was closed: the panes are as they were before it."""
        if self._before is not None:
            (wanted,), self._before = self._before, None
            self._want(wants_people=wanted)
        self.show_pane(self.chat)

    def next_pane(self, step: int) -> None:
        """Moves the focus to the next pane, of those that show; of all, where one is shown at a time."""
        stops: list[tuple[QWidget, QWidget, QWidget]] = [
            (self.sidebar, self.sidebar, self.sidebar.stop),
            (self.chat, self.chat.view, self.chat.view),
            (self.chat, self.chat.composer, self.chat.composer.editor),
            (self.people, self.people, self.people.stop),
        ]
        if not self._narrow:
            stops = [stop for stop in stops if not stop[0].isHidden()]
        places = [place for place, (_, part, _stop) in enumerate(stops) if self._has_focus(part)]
        here = places[0] if places else -1 if step > 0 else 0
        pane, _, stop = stops[(here + step) % len(stops)]
        self.show_pane(pane)
        stop.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def save_state(self) -> bytes:
        """The panes as they are, for the next start."""
        state = self._state
        if self._before is not None:
            state = replace(state, wants_people=self._before[0])
        return str(state).encode()

    def restore_state(self, state: bytes) -> None:
        """What `save_state` gave; anything else is ignored."""
        try:
            self._state = _State.parse(state)
        except ValueError:
            return
        self._arrange()
        self._spread()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._mirror()

    def _rescale(self) -> None:
        """Panes grow with the text that is in them."""
        scale = max(self._theme.scale, 1.0)
        self.sidebar.setMinimumWidth(round(170 * scale))
        self.people.setMinimumWidth(round(160 * scale))
        self._arrange()

    def _mirror(self) -> None:
        """Puts the panes' edges where they meet the chat."""
        for pane in (self.sidebar, self.people):
            pane.setProperty("mirrored", self.layoutDirection() is Qt.LayoutDirection.RightToLeft)
            repolish(pane)

    def _want(self, **wants: Any) -> None:
        self._state = replace(self._state, **wants)
        self._arrange()

    def _dragged(self) -> None:
        """A pane has another width now; one that has none is not wanted."""
        sidebar, _chat, people = self._splitter.sizes()
        if not self.sidebar.isHidden():
            self._state = replace(self._state, wants_rooms=sidebar > 0, sidebar=sidebar or self._state.sidebar)
        if not self.people.isHidden() and people > 0:
            self._state = replace(self._state, people=people)
        elif not self.people.isHidden():
            self.people.close_page()
            self._before = None
            self._state = replace(self._state, wants_people=False)
        self._arrange()

    def _arrange(self) -> None:
        room = self.width() / max(self._theme.scale, 1.0)
        narrow = room < NARROW
        if narrow and not self._narrow:
            self._shown = self.chat
        self._narrow = narrow
        state = self._state
        wanted = {
            self.sidebar: state.wants_rooms,
            self.chat: True,
            self.people: room >= _MIDDLE if state.wants_people is None else state.wants_people,
        }
        shown = [pane is self._shown if narrow else wanted[pane] for pane in self._panes]
        going = [pane for pane, stays in zip(self._panes, shown, strict=True) if not stays and not pane.isHidden()]
        loses_focus = any(self._has_focus(pane) for pane in going)
        before = [not pane.isHidden() for pane in self._panes]
        for pane, is_shown in zip(self._panes, shown, strict=True):
            pane.setVisible(is_shown)
        self.people.set_narrow(narrow)
        self.chat.set_narrow(narrow or not state.wants_rooms)
        if not narrow and shown != before:
            self._spread()
        if loses_focus:
            self._enter(self._shown if narrow else self.chat)

    def _spread(self) -> None:
        """Gives the panes beside the chat the widths they had last."""
        sidebar, people = self._state.sidebar, self._state.people
        self._splitter.setSizes([sidebar, max(self.width() - sidebar - people, _CHAT), people])

    def _has_focus(self, pane: QWidget) -> bool:
        focused = cast("QWidget | None", self.window().focusWidget())  # Qt's stubs know of no None here
        return focused is not None and (focused is pane or pane.isAncestorOf(focused))

    def _enter(self, pane: QWidget) -> None:
        """Puts the focus where one begins in a pane."""
        stops = {self.sidebar: self.sidebar.stop, self.people: self.people.stop, self.chat: self.chat.composer}
        stops[pane].setFocus(Qt.FocusReason.ShortcutFocusReason)
