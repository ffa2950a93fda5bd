"""Two pages of the right pane: the search, and the room's pinned messages."""

from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import Finding
from mrsambosk_desktop.models.found import FoundModel

from .editor import is_to_end
from .found_list import FoundList
from .parts import IconButton, button, inset, label
from .theme import Theme

translate = QCoreApplication.translate

#: After the last key, before the host is asked.
PAUSE_MS: Final = 250
QUERY_CHARS: Final = 200


class QueryField(QLineEdit):
    """A line for what is looked for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setMaxLength(QUERY_CHARS)
        self.setAccessibleName(name)

    def event(self, event: QEvent) -> bool:
        # Qt keeps this key for every field, and does nothing with it in a line: it is left to the window.
        if is_to_end(event):
            event.ignore()
            return False
        return super().event(event)


class SearchPage(QWidget):
    """Signals: `asked` (query, everywhere); `more_wanted`; `chosen` (message); `edited`: a person changed the query
    here; `closed`."""

    asked = Signal(str, bool)
    more_wanted = Signal()
    chosen = Signal(object)
    edited = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, found: FoundModel) -> None:
        super().__init__()
        self._found = found
        self._everywhere = False
        self._many_rooms = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._ask)
        self.field = QueryField(self.tr("Search messages"))
        self.field.setPlaceholderText(self.tr("Search messages"))
        self.field.textEdited.connect(self._edited)
        self.field.installEventFilter(self)
        self.here = button(self.tr("This room"), lambda: self._set_everywhere(False), "choice")
        self.everywhere = button(self.tr("Everywhere"), lambda: self._set_everywhere(True), "choice")
        scopes = QHBoxLayout()
        scopes.setSpacing(6)
        for choice in (self.here, self.everywhere):
            choice.setCheckable(True)
            scopes.addWidget(choice)
        scopes.addStretch(1)
        self.status = label(role="small", wraps=True)
        self.list = FoundList(theme, found, self.tr("Messages found"))
        self.list.chosen.connect(self.chosen)
        self.list.more_wanted.connect(self.more_wanted)
        self.list.left.connect(self.field.setFocus)
        self._title, head = _head(theme, self.tr("Search"), self.tr("Close search"), self.closed.emit)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 0)
        box.setSpacing(8)
        box.addLayout(inset(head))
        box.addLayout(inset(self.field))
        box.addLayout(inset(scopes))
        box.addLayout(inset(self.status))
        box.addWidget(self.list, 1)
        self._show_scope()

    @property
    def query(self) -> str:
        return self.field.text()

    def set_many_rooms(self, many: bool) -> None:
        """Whether there is more than one room to look in: with one alone there is nothing to choose."""
        self._many_rooms = many
        self._show_scope()

    def open(self, *, everywhere: bool) -> None:
        """Ready for a query; the last one is selected, and looked for again."""
        self._everywhere = everywhere
        self._show_scope()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._ask()

    def look_for(self, query: str) -> None:
        """A query for everywhere, written in another field."""
        self._everywhere = True
        self._show_scope()
        self.field.setText(query[:QUERY_CHARS])
        self._timer.start()

    def clear(self) -> None:
        """Forgets the query."""
        self._timer.stop()
        self.field.clear()

    def hurry(self) -> None:
        """Asks now for what waits for the next key."""
        if self._timer.isActive():
            self._ask()

    def set_state(self, state: Finding) -> None:
        """How it stands."""
        self.status.setText(self._words(state))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() is QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._timer.isActive():
                self._ask()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down) and self._found.rowCount():
                self.list.enter()
                return True
            if key == Qt.Key.Key_Escape:
                # One layer at a time: the query, then the search.
                if self.query:
                    self.clear()
                    self.edited.emit()
                    self._ask()
                else:
                    self.closed.emit()
                return True
        return super().eventFilter(watched, event)

    def _words(self, state: Finding) -> str:
        count = self._found.rowCount()
        if state.problem:
            return state.problem
        if not state.query:
            if self._everywhere and self._many_rooms:
                return self.tr("Looks for words in every room you are in.")
            return self.tr("Looks for words in this room.")
        if state.busy:
            return self.tr("Searching…")
        if not count and state.kept:
            return self.tr("Nothing that this computer has kept has these words. With a connection, all is searched.")
        if not count:
            return self.tr("No message has these words.")
        return _count_words(count, state)

    def _edited(self) -> None:
        self.edited.emit()
        self._timer.start()

    def _set_everywhere(self, everywhere: bool) -> None:
        self._everywhere = everywhere
        self._show_scope()
        self._ask()

    def _show_scope(self) -> None:
        for choice, chosen in ((self.here, not self._everywhere), (self.everywhere, self._everywhere)):
            choice.setChecked(chosen)
            choice.setVisible(self._many_rooms)

    def _ask(self) -> None:
        self._timer.stop()
        self.asked.emit(self.query, self._everywhere)


class PinsPage(QWidget):
    """Signals: `more_wanted`, `chosen` (message), `closed`."""

    more_wanted = Signal()
    chosen = Signal(object)
    closed = Signal()

    def __init__(self, theme: Theme, pinned: FoundModel) -> None:
        super().__init__()
        self._pinned = pinned
        self._state = Finding()
        self._title, head = _head(theme, self.tr("Pinned messages"), self.tr("Close pinned messages"), self.closed.emit)
        self.status = label(role="small", wraps=True)
        self.list = FoundList(theme, pinned, self.tr("Pinned messages"))
        self.list.chosen.connect(self.chosen)
        self.list.more_wanted.connect(self.more_wanted)
        self.list.left.connect(self.closed)
        for changed in (pinned.rowsInserted, pinned.rowsRemoved):
            changed.connect(self._say)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 0)
        box.setSpacing(8)
        box.addLayout(inset(head))
        box.addLayout(inset(self.status))
        box.addWidget(self.list, 1)

    def set_state(self, state: Finding) -> None:
        """How it stands."""
        self._state = state
        self._say()

    def _say(self) -> None:
        state, count = self._state, self._pinned.rowCount()
        if state.problem:
            text = state.problem
        elif state.busy:
            text = self.tr("Looking…")
        elif not count:
            text = self.tr("Nothing is pinned here. Pin a message from its menu, and everyone finds it in this list.")
        else:
            text = _count_words(count, state)
        self.status.setText(text)


def _head(theme: Theme, title: str, close_name: str, closed: object) -> tuple[QLabel, QHBoxLayout]:
    made = label(title, "strong")
    close = IconButton(theme, "close", close_name, size=18)
    close.clicked.connect(lambda _checked=False: closed())  # type: ignore[operator]
    line = QHBoxLayout()
    line.addWidget(made, 1)
    line.addWidget(close)
    return made, line


def _count_words(count: int, state: Finding) -> str:
    if state.more:
        text = translate("Found", "The newest {count}; scroll for more").format(count=count)
    elif count == 1:
        text = translate("Found", "1 message")
    else:
        text = translate("Found", "%n messages", "", count)
    if state.kept:
        return translate("Found", "{count}. Only what this computer has kept was looked through.").format(count=text)
    return text
