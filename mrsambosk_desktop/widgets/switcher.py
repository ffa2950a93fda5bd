"""The switcher: while a word is typed into the sidebar's search, the rooms and people it may mean, in the rooms' place.

The last row stands for the messages that a search finds meanwhile.
"""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import QListView, QSizePolicy

from mrsambosk_desktop.core.completion import people_for, rooms_for
from mrsambosk_desktop.delegates.choice import ChoiceDelegate
from mrsambosk_desktop.models.choices import Choice, ChoiceModel, ChoiceRole
from mrsambosk_protocol.entities import Room, User

from .theme import Theme


class Switcher(QListView):
    """Signals: `room_chosen` (id), `person_chosen` (User), `messages_chosen`; `told` (words): what is chosen now, for
    the field that keeps the focus. It shows itself while there is something to choose.

    Args:
        rooms: every room, as the sidebar lists them.
        people: everyone of the host, and who is at this window.
    """

    room_chosen = Signal(str)
    person_chosen = Signal(object)
    messages_chosen = Signal()
    told = Signal(str)

    def __init__(
        self, theme: Theme, rooms: Callable[[], Iterable[Room]], people: Callable[[], tuple[Iterable[User], str]]
    ) -> None:
        super().__init__()
        self._rooms, self._people = rooms, people
        self._model = ChoiceModel(self)
        self.setModel(self._model)
        self.setItemDelegate(ChoiceDelegate(lambda: theme, self))
        self.setUniformItemSizes(True)
        self.setAccessibleName(self.tr("Rooms and people"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setViewportMargins(4, 0, 4, 0)
        self.clicked.connect(self._take)
        theme.changed.connect(self.scheduleDelayedItemsLayout)
        self.hide()

    @property
    def offers(self) -> bool:
        """Whether there is a room or a person to choose."""
        return self._model.rowCount() > 0

    def sizeHint(self) -> QSize:
        return QSize(200, 100)

    def look_for(self, query: str) -> None:
        """Offers what this may mean; nothing: goes."""
        text = query.strip()
        choices: list[Choice] = []
        if text:
            choices += [Choice(room=room, note=_unread(room)) for room in rooms_for(text, self._rooms())]
            choices += [Choice(user=user) for user in people_for(text, *self._people())]
            if choices:
                choices.append(Choice(search=self.tr("Messages with “{words}”").format(words=text)))
        self._model.set_choices(choices)
        self.setVisible(bool(choices))
        self._select(0)

    def step(self, step: int) -> bool:
        """Chooses the next row in this direction; False at the end."""
        row = self.currentIndex().row() + step
        if not 0 <= row < self._model.rowCount():
            return False
        self._select(row)
        return True

    def take(self) -> None:
        """Goes where the chosen row leads."""
        self._take(self.currentIndex())

    def _take(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        choice: Choice = index.data(ChoiceRole.CHOICE)
        if choice.room is not None:
            self.room_chosen.emit(choice.room.id)
        elif choice.user is not None:
            self.person_chosen.emit(choice.user)
        else:
            self.messages_chosen.emit()

    def _select(self, row: int) -> None:
        self.setCurrentIndex(self._model.index(row))
        index = self.currentIndex()
        words = ""
        if index.isValid():
            words = self.tr("{choice}, {number} of {count}").format(
                choice=index.data(Qt.ItemDataRole.AccessibleTextRole), number=row + 1, count=self._model.rowCount()
            )
        self.told.emit(words)


def _unread(room: Room) -> str:
    """How much is unread there, as the list of rooms says it."""
    if room.you.mentions:
        return f"@ {room.you.mentions}"
    return str(room.you.unread) if room.you.unread else ""
