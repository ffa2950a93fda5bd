"""The people of a host: who is online first, then by name. Rows are people; the two groups are a role of each row."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from mrsambosk_protocol.entities import ADMIN, AWAY, BUSY, GONE, GUEST, MODERATOR, OFFLINE, OWNER, User

from .wording import isolated, name_of

translate = QCoreApplication.translate


class MemberRole(IntEnum):
    """What `data` gives besides the display and accessible texts. `SECTION` is a heading above the first of a group,
    else empty; `ROLE_TEXT` is empty for a plain member; `PRESENCE` is a status, empty while nobody knows."""

    USER = int(Qt.ItemDataRole.UserRole) + 1
    ONLINE = USER + 1
    SECTION = USER + 2
    ROLE_TEXT = USER + 3
    ME = USER + 4
    PRESENCE = USER + 5


def role_text(role: str) -> str:
    """A role as a short word; empty for a plain member."""
    match role:
        case _ if role == OWNER:
            return translate("Members", "host")
        case _ if role == ADMIN:
            return translate("Members", "admin")
        case _ if role == MODERATOR:
            return translate("Members", "mod")
        case _ if role == GUEST:
            return translate("Members", "guest")
    return ""


def status_text(status: str) -> str:
    """A presence as a word."""
    match status:
        case _ if status == OFFLINE:
            return translate("Members", "offline")
        case _ if status == AWAY:
            return translate("Members", "away")
        case _ if status == BUSY:
            return translate("Members", "busy")
    return translate("Members", "online")


class MemberModel(QAbstractListModel):
    """People who left are not rows. Without a connection nobody knows who is online: there is one group then."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._users: dict[str, User] = {}
        self._order: list[str] = []
        self._me = ""
        self._known = True

    @property
    def online(self) -> int:
        """How many are here."""
        return sum(self._users[user].status != OFFLINE for user in self._order)

    @property
    def users(self) -> Mapping[str, User]:
        return self._users

    @property
    def me(self) -> str:
        return self._me

    def set_me(self, user_id: str) -> None:
        """Who is at this window."""
        self._me = user_id
        self._reorder()

    def set_users(self, users: Mapping[str, User]) -> None:
        """Everyone. Each connection begins with it, mostly with the same people: the list stays as it is then."""
        if users.keys() != self._users.keys():
            self.beginResetModel()
            self._users = dict(users)
            self._order = self._sorted()
            self.endResetModel()
        elif self._users != users:
            self._users = dict(users)
            self._reorder()

    def set_known(self, known: bool) -> None:
        """Whether there is a connection, and with it anybody who says who is online."""
        if known is not self._known:
            self._known = known
            self._reorder()

    def update_users(self, users: Iterable[User]) -> None:
        """Some of them, new or changed."""
        changed = {user.id: user for user in users if self._users.get(user.id) != user}
        if changed:
            self._users |= changed
            self._reorder()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._order):
            return None
        user = self._users[self._order[index.row()]]
        match role:
            case MemberRole.USER:
                return user
            case MemberRole.ONLINE:
                return user.status != OFFLINE or not self._known
            case MemberRole.PRESENCE:
                return user.status if self._known else ""
            case MemberRole.SECTION:
                return self._section(index.row())
            case MemberRole.ROLE_TEXT:
                return role_text(user.role)
            case MemberRole.ME:
                return user.id == self._me
            case Qt.ItemDataRole.DisplayRole:
                return self._name(user)
            case Qt.ItemDataRole.AccessibleTextRole:
                status = status_text(user.status) if self._known else ""
                parts = (self._name(user), status, role_text(user.role))
                return ", ".join(part for part in parts if part)
        return None

    def _name(self, user: User) -> str:
        if user.id == self._me:
            return translate("Members", "{name} (you)").format(name=isolated(name_of(user)))
        return isolated(name_of(user))

    def _section(self, row: int) -> str:
        if not self._known:
            return "" if row else translate("Members", "People — {count}").format(count=len(self._order))
        online = self._users[self._order[row]].status != OFFLINE
        if row and (self._users[self._order[row - 1]].status != OFFLINE) == online:
            return ""
        if online:
            return translate("Members", "Online — {count}").format(count=self.online)
        return translate("Members", "Offline — {count}").format(count=len(self._order) - self.online)

    def _sorted(self) -> list[str]:
        here = [user for user in self._users.values() if user.role != GONE]
        here.sort(
            key=lambda user: (
                self._known and user.status == OFFLINE,
                user.id != self._me,
                user.name.casefold(),
                user.id,
            )
        )
        return [user.id for user in here]

    def _reorder(self) -> None:
        order = self._sorted()
        if order == self._order:
            if order:
                self.dataChanged.emit(self.index(0), self.index(len(order) - 1))
            return
        if set(order) != set(self._order):
            self.beginResetModel()
            self._order = order
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        kept = [self._order[index.row()] for index in before]
        self._order = order
        self.changePersistentIndexList(before, [self.index(order.index(user)) for user in kept])
        self.layoutChanged.emit()
