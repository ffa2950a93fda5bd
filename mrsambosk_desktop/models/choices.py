"""What can be chosen from while a word is being typed: people, emoji or rooms, a row each."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from mrsambosk_protocol.entities import Room, User

from .emoji import Emoji
from .members import status_text
from .wording import isolated


class ChoiceRole(IntEnum):
    """What `data` gives besides the display and accessible texts."""

    CHOICE = int(Qt.ItemDataRole.UserRole) + 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `user`, `emoji`, `room` and `search` is there, the last being the words of a row that leads to a search;
    `note` is a word beside it."""

    user: User | None = None
    emoji: Emoji | None = None
    room: Room | None = None
    search: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """What it is called."""
        if self.user is not None:
            return self.user.name
        if self.room is not None:
            return self.room.name
        if self.search:
            return self.search
        assert self.emoji is not None
        return f":{self.emoji.names[0]}:"

    @property
    def inserted(self) -> str:
        """What is written in place of what was typed."""
        if self.user is not None:
            return f"@{self.user.name} "
        assert self.emoji is not None
        return f"{self.emoji.text} "

    @property
    def hint(self) -> str:
        """A word beside it."""
        return status_text(self.user.status) if self.user is not None else self.note


class ChoiceModel(QAbstractListModel):
    """A few rows, the best first."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._choices: list[Choice] = []

    def set_choices(self, choices: Iterable[Choice]) -> None:
        """All of them."""
        self.beginResetModel()
        self._choices = list(choices)
        self.endResetModel()

    def choice(self, row: int) -> Choice:
        """The one in this row."""
        return self._choices[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._choices)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._choices):
            return None
        choice = self._choices[index.row()]
        match role:
            case ChoiceRole.CHOICE:
                return choice
            case Qt.ItemDataRole.DisplayRole:
                return isolated(choice.words)
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(part for part in (choice.words, choice.hint) if part)
        return None
