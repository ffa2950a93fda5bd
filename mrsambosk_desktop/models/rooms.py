"""The rooms of a host, as one member sees them: in the host's order, with what is unread."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from mrsambosk_protocol.entities import Room

translate = QCoreApplication.translate


class RoomRole(IntEnum):
    """What `data` gives besides the display and accessible texts."""

    ROOM = int(Qt.ItemDataRole.UserRole) + 1
    UNREAD = ROOM + 1
    MENTIONS = ROOM + 2


class RoomModel(QAbstractListModel):
    """One row a room."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rooms: list[Room] = []

    def set_rooms(self, rooms: Iterable[Room]) -> None:
        """All of them. Each connection begins with it, mostly with the same rooms: they are changed in place then."""
        rooms = list(rooms)
        if [room.id for room in rooms] == [room.id for room in self._rooms]:
            for room in rooms:
                self.update(room)
            return
        self.beginResetModel()
        self._rooms = rooms
        self.endResetModel()

    def update(self, room: Room) -> None:
        """One of them as it is now; a new one comes last."""
        if (row := self.place_of(room.id)) is None:
            self.beginInsertRows(QModelIndex(), len(self._rooms), len(self._rooms))
            self._rooms.append(room)
            self.endInsertRows()
        elif self._rooms[row] != room:
            self._rooms[row] = room
            self.dataChanged.emit(self.index(row), self.index(row))

    def remove(self, room_id: str) -> None:
        """It is no longer this person's."""
        if (row := self.place_of(room_id)) is not None:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._rooms[row]
            self.endRemoveRows()

    def all(self) -> tuple[Room, ...]:
        """All of them, in the host's order."""
        return tuple(self._rooms)

    def place_of(self, room_id: str) -> int | None:
        """Where a room stands."""
        return next((row for row, room in enumerate(self._rooms) if room.id == room_id), None)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rooms)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rooms):
            return None
        room = self._rooms[index.row()]
        match role:
            case RoomRole.ROOM:
                return room
            case RoomRole.UNREAD:
                return room.you.unread
            case RoomRole.MENTIONS:
                return room.you.mentions
            case Qt.ItemDataRole.DisplayRole:
                return room.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(room)
        return None

    def _spoken(self, room: Room) -> str:
        parts = [translate("Rooms", "Room {name}").format(name=room.name)]
        if room.you.unread:
            parts.append(translate("Rooms", "{count} unread").format(count=room.you.unread))
        if room.you.mentions:
            parts.append(translate("Rooms", "{count} mentions of you").format(count=room.you.mentions))
        return ", ".join(parts)
