"""Messages that were found, newest first: the results of a search, or a room's pins. A row is who, when, and the text
around what was looked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from mrsambosk_desktop.core.bodies import parse, shown_text
from mrsambosk_desktop.core.terms import Piece, Terms
from mrsambosk_protocol.entities import Message, User

from .wording import isolated, name_of, when_text

translate = QCoreApplication.translate


class FoundRole(IntEnum):
    """What `data` gives besides the display and accessible texts."""

    ROW = int(Qt.ItemDataRole.UserRole) + 1


@dataclass(frozen=True, slots=True, eq=False)
class FoundRow:
    """Everything a delegate needs of one row. `room` is its room's name, empty where that goes without saying."""

    message: Message
    author: User | None
    room: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


class FoundModel(QAbstractListModel):
    """Rows in the order they were given; what changes about a message changes its row, and deleting it takes the row
    away."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._messages: list[Message] = []
        self._rows: dict[tuple[str, int], FoundRow] = {}
        self._users: Mapping[str, User] = {}
        self._rooms: Mapping[str, str] = {}
        self._terms = Terms("")

    def set_people(self, users: Mapping[str, User]) -> None:
        """Everyone who may have written one."""
        self._users = users
        self._forget()

    def reset(self, messages: Sequence[Message], terms: Terms, rooms: Mapping[str, str]) -> None:
        """Shows these and no others.

        Args:
            terms: what is marked in them.
            rooms: room id → name, for rows that say where they are from; empty when all are from one room.
        """
        self.beginResetModel()
        self._messages = list(messages)
        self._terms, self._rooms = terms, dict(rooms)
        self._rows.clear()
        self.endResetModel()

    def extend(self, messages: Iterable[Message]) -> None:
        """Older ones, at the end. Those that are here already are not shown twice."""
        known = {(message.room, message.id) for message in self._messages}
        new = [message for message in messages if (message.room, message.id) not in known]
        if new:
            start = len(self._messages)
            self.beginInsertRows(QModelIndex(), start, start + len(new) - 1)
            self._messages += new
            self.endInsertRows()

    def update(self, messages: Iterable[Message]) -> None:
        """Messages as they are now: a row of one changes; a deleted one's goes."""
        for message in messages:
            place = self.place_of(message.room, message.id)
            if place is None or message.rev <= self._messages[place].rev:
                continue
            if message.deleted:
                self.take(message.room, message.id)
            else:
                self._messages[place] = message
                self._rows.pop((message.room, message.id), None)
                self.dataChanged.emit(self.index(place), self.index(place))

    def put(self, message: Message) -> None:
        """One more of a list that is ordered by id, at its place."""
        if self.place_of(message.room, message.id) is not None:
            self.update([message])
            return
        place = next((at for at, kept in enumerate(self._messages) if kept.id < message.id), len(self._messages))
        self.beginInsertRows(QModelIndex(), place, place)
        self._messages.insert(place, message)
        self.endInsertRows()

    def take(self, room: str, id: int) -> None:
        """One less."""
        place = self.place_of(room, id)
        if place is not None:
            self.beginRemoveRows(QModelIndex(), place, place)
            del self._messages[place]
            self._rows.pop((room, id), None)
            self.endRemoveRows()

    def place_of(self, room: str, id: int) -> int | None:
        """Where the row of this message stands."""
        found = (at for at, kept in enumerate(self._messages) if kept.id == id and kept.room == room)
        return next(found, None)

    def row(self, place: int) -> FoundRow:
        """The row at this place, the same object until something about it changes."""
        message = self._messages[place]
        key = (message.room, message.id)
        if key not in self._rows:
            text = shown_text(parse(message.body))
            self._rows[key] = FoundRow(
                message,
                self._users.get(message.author),
                self._rooms.get(message.room, ""),
                self._terms.snippet(text),
            )
        return self._rows[key]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._messages)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._messages):
            return None
        row = self.row(index.row())
        match role:
            case FoundRole.ROW:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return row.text
            case Qt.ItemDataRole.AccessibleTextRole:
                where = translate("Found", "in {room}").format(room=isolated(row.room)) if row.room else ""
                parts = (name_of(row.author), where, when_text(row.message.sent_at), row.text)
                return ", ".join(part for part in parts if part)
        return None

    def _forget(self) -> None:
        self._rows.clear()
        if self._messages:
            self.dataChanged.emit(self.index(0), self.index(len(self._messages) - 1))
