"""The hosts found on this network, for the first page: a list to pick from, and the join code of a locked one."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.models.wording import isolated

from .parts import button, label
from .theme import Theme

#: A network of strangers could announce any number.
SHOWN: Final = 64
_LINES: Final = 4
_NAME_CHARS: Final = 20
_HOST: Final = Qt.ItemDataRole.UserRole


class NearbyList(QWidget):
    """Signal `chosen` (FoundHost, join code or ""): the person wants to join this one. A locked host is chosen once its
    code was given."""

    chosen = Signal(object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._asked: FoundHost | None = None
        self.list = QListWidget()
        self.list.setObjectName("nearby")
        self.list.setAccessibleName(self.tr("Rooms on this network"))
        self.list.setWordWrap(False)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._take)
        self.list.installEventFilter(self)
        self.code = QLineEdit()
        self.code.setAccessibleName(self.tr("Join code"))
        self.code.setPlaceholderText(self.tr("Join code"))
        self.code.setMaxLength(64)
        self.enter = button(self.tr("Enter"), self._enter, name=self.tr("Join with this code"))
        self._asking = QWidget()
        self._for_whom = label(role="small", wraps=True)
        asking = QVBoxLayout(self._asking)
        asking.setContentsMargins(0, 0, 0, 0)
        asking.setSpacing(4)
        asking.addWidget(self._for_whom)
        line = QHBoxLayout()
        line.addWidget(self.code, 1)
        line.addWidget(self.enter)
        asking.addLayout(line)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 4)
        box.setSpacing(4)
        heading = label(self.tr("Here, and where you are a member"), "small")
        heading.setBuddy(self.list)
        box.addWidget(heading)
        box.addWidget(self.list)
        box.addWidget(self._asking)
        self.code.returnPressed.connect(self._enter)
        self.code.textChanged.connect(self._enable)
        theme.changed.connect(self._fit)
        self._ask(None)
        self.set_hosts(())

    def set_hosts(self, hosts: Sequence[FoundHost]) -> None:
        """What is around now. Rows keep their place and the current one stays current."""
        hosts = hosts[:SHOWN]
        row = self.list.currentRow()
        marked = self.list.item(row).data(_HOST).id if row >= 0 else ""
        for place, host in enumerate(hosts):
            if place == self.list.count():
                self.list.addItem(QListWidgetItem())
            item = self.list.item(place)
            item.setText(self._line(host, _NAME_CHARS))
            item.setToolTip(", ".join(str(address) for address in host.addresses[:4]))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, self._line(host))
            item.setData(_HOST, host)
        while self.list.count() > len(hosts):
            self.list.takeItem(self.list.count() - 1)
        ids = [host.id for host in hosts]
        self.list.setCurrentRow(ids.index(marked) if marked in ids else -1)
        if self._asked is not None and self._asked.id not in ids:
            self._ask(None)
        self._fit()
        self.setVisible(bool(hosts))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            row = self.list.currentRow()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and row >= 0:
                self._take(self.list.item(row))
                return True
        return super().eventFilter(watched, event)

    def _line(self, host: FoundHost, chars: int | None = None) -> str:
        """One line about it. The id's beginning tells hosts of one name apart; no name is long enough to hide it."""
        name = host.name if chars is None or len(host.name) <= chars else host.name[: chars - 1] + "…"
        parts = [name]
        if host.double:
            parts.append(self.tr("same name: {mark}").format(mark=host.id[:6].lower()))
        if host.known:
            parts.append(self.tr("you are a member"))
        if host.sources or not host.known:
            parts.append(self.tr("%n online", "", host.people))
        if host.locked and not host.known:
            parts.append(self.tr("needs a code"))
        if host.stale:
            parts.append(self.tr("not heard of lately"))
        return " · ".join(isolated(part) for part in parts)

    def _take(self, item: QListWidgetItem) -> None:
        host = item.data(_HOST)
        if host.locked and not host.known:
            self._ask(host)
            self.code.setFocus()
        else:
            self._ask(None)
            self.chosen.emit(host, "")

    def _ask(self, host: FoundHost | None) -> None:
        self._asked = host
        self._asking.setVisible(host is not None)
        self.code.clear()
        self._enable()
        if host is not None:
            self._for_whom.setText(self.tr("The join code of {host}").format(host=isolated(host.name)))

    def _enable(self) -> None:
        self.enter.setEnabled(bool(self.code.text().strip()))

    def _enter(self) -> None:
        if self._asked is not None and self.enter.isEnabled():
            self.chosen.emit(self._asked, self.code.text().strip())

    def _fit(self) -> None:
        """As many lines as there are hosts, up to a few; the others are scrolled to."""
        lines = min(max(self.list.count(), 1), _LINES)
        height = self.list.sizeHintForRow(0) if self.list.count() else self._theme.px(20)
        self.list.setFixedHeight(lines * height + 2 * self.list.frameWidth() + 4)
