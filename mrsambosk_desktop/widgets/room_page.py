"""The three panes: rooms, chat, people. Under 640 px one of them, with a way back."""

from typing import Final

from PySide6.QtCore import QByteArray, QEvent, Qt
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
#: Narrower than this, the people are left out unless asked for.
_MIDDLE: Final = 900


class RoomPage(QWidget):
    """Shows the panes that fit; which one shows when only one does is `show_pane`'s."""

    def __init__(self, theme: Theme, sidebar: Sidebar, chat: ChatPane, people: PeoplePane) -> None:
        super().__init__()
        self._theme = theme
        self.sidebar, self.chat, self.people = sidebar, chat, people
        self._panes: tuple[QWidget, ...] = (sidebar, chat, people)
        self._shown: QWidget = chat
        self._wants_people: bool | None = None
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
        chat.setMinimumWidth(280)
        theme.changed.connect(self._rescale)
        self._splitter.setSizes([_SIDEBAR, 770, _PEOPLE])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._splitter)
        chat.back_wanted.connect(lambda: self.show_pane(sidebar))
        chat.people_wanted.connect(self.toggle_people)
        people.closed.connect(lambda: self.show_pane(chat))
        sidebar.room_chosen.connect(lambda _room: self.show_pane(chat))
        self._mirror()
        self._rescale()

    @property
    def narrow(self) -> bool:
        """Whether one pane is shown at a time."""
        return self._narrow

    def show_pane(self, pane: QWidget) -> None:
        """When there is room for one pane only, this one."""
        self._shown = pane
        self._arrange()

    def toggle_people(self) -> None:
        """Shows the people, or hides them."""
        self._before = None
        shown_page = self.people.isVisible() and not self.people.shows_people
        self.people.show_people()
        if self._narrow:
            self.show_pane(self.people)
            return
        if shown_page:
            return
        self._wants_people = not self.people.isVisible()
        self._arrange()

    def show_people_pane(self) -> None:
        """Makes sure that the right pane is seen."""
        if self._before is None:
            self._before = (self._wants_people,)
        self._wants_people = True
        self._shown = self.people
        self._arrange()

    def leave_people_pane(self) -> None:
        """The page that stood in the people's place was closed: the panes are as they were before it."""
        if self._before is not None:
            (self._wants_people,) = self._before
            self._before = None
        self._shown = self.chat
        self._arrange()

    def save_state(self) -> bytes:
        """The panes' widths, for the next start."""
        return bytes(self._splitter.saveState().data())

    def restore_state(self, state: bytes) -> None:
        """Widths that `save_state` gave; anything else is ignored."""
        self._splitter.restoreState(QByteArray(state))

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

    def _arrange(self) -> None:
        room = self.width() / max(self._theme.scale, 1.0)
        narrow = room < NARROW
        if narrow and not self._narrow:
            self._shown = self.chat
        self._narrow = narrow
        wide = room >= _MIDDLE if self._wants_people is None else self._wants_people
        for pane in self._panes:
            shown = pane is self._shown if narrow else (pane is not self.people or wide)
            pane.setVisible(shown)
        self.people.back.setVisible(narrow)
        self.chat.set_narrow(narrow)
