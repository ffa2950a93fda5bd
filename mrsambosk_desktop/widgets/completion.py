"""Completion over the composer: people after `@`, emoji after `:`. Keys stay in the field; the list only shows.

Up and Down choose, Enter or Tab takes, Esc closes it until another word begins. Whom a taken mention means is
remembered by user id, since two people may be called alike.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListView, QVBoxLayout

from mrsambosk_desktop.core.completion import MOST, Query, people_for, query_before
from mrsambosk_desktop.delegates.choice import ChoiceDelegate
from mrsambosk_desktop.models.choices import Choice, ChoiceModel
from mrsambosk_desktop.models.emoji import find_emoji
from mrsambosk_protocol.entities import User

from .editor import Editor
from .theme import Theme

_WIDTH: Final = 320


class Completion(QFrame):
    """Watches an editor and shows itself above it, within the editor's window.

    Args:
        people: everyone of the host, and who is at this window.
        used: told each emoji that was taken.
    """

    def __init__(
        self,
        theme: Theme,
        editor: Editor,
        people: Callable[[], tuple[Iterable[User], str]],
        used: Callable[[str], None],
    ) -> None:
        super().__init__(editor)
        self.setObjectName("completion")
        self.hide()
        self._theme, self._editor, self._people, self._used = theme, editor, people, used
        self._query: Query | None = None
        self._refused: Query | None = None
        self._meant: dict[str, str] = {}
        self._filling = False
        self._model = ChoiceModel(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(ChoiceDelegate(lambda: theme, self.list))
        self.list.setAccessibleName(self.tr("Suggestions"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.clicked.connect(self._clicked)
        box = QVBoxLayout(self)
        box.setContentsMargins(2, 4, 2, 4)
        box.addWidget(self.list)
        editor.installEventFilter(self)
        editor.textChanged.connect(self._look)
        editor.cursorPositionChanged.connect(self._look)
        editor.height_changed.connect(self._place)
        editor.focus_changed.connect(self._focus_changed)
        theme.changed.connect(self._place)

    @property
    def meant(self) -> Mapping[str, str]:
        """Name → user id of the people that were chosen since `forget`."""
        return self._meant

    def mean(self, user: User) -> None:
        """This person was chosen in another way."""
        self._meant[user.name] = user.id
        self.hide()

    def forget(self) -> None:
        """Another text begins."""
        self._meant.clear()
        self._refused = None
        self.hide()

    def close_list(self) -> bool:
        """Closes the list; whether there was one. It stays closed for the word at hand."""
        if not self.isVisible():
            return False
        self._refused = self._query
        self.hide()
        self._tell()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.KeyPress or not self.isVisible():
            return False
        assert isinstance(event, QKeyEvent)
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        row = self.list.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self._select((row + step) % self._model.rowCount())
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._take(self._model.choice(row))
            case Qt.Key.Key_Escape:
                self.close_list()
            case _:
                return False
        return True

    # Inside -----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What stands before the cursor now."""
        if self._filling:
            return
        query = query_before(self._editor.before_cursor()) if self._editor.hasFocus() else None
        if query == self._query and (query is None or self.isVisible()):
            return
        self._query = query
        if query is None or not self._still_refused(query):
            self._refused = None
        choices = self._choices(query) if query is not None and self._refused is None else []
        if query is not None and query.whole:
            exact = [one for one in choices if one.emoji is not None and query.text in one.emoji.names]
            if exact:
                self._take(exact[0])
            else:
                self.hide()
            return
        self._model.set_choices(choices)
        if choices:
            self._place()
            self._select(0)
            self.show()
            self.raise_()
        else:
            self.hide()
            self._tell()

    def _still_refused(self, query: Query) -> bool:
        return self._refused is not None and query.typed.startswith(self._refused.typed)

    def _choices(self, query: Query) -> list[Choice]:
        if query.sign == "@":
            users, me = self._people()
            return [Choice(user=user) for user in people_for(query.text, users, me)]
        return [Choice(emoji=emoji) for emoji in find_emoji(query.text)[:MOST]]

    def _take(self, choice: Choice) -> None:
        query, self._query = self._query, None
        if query is None:
            return
        if choice.user is not None:
            self._meant[choice.user.name] = choice.user.id
        elif choice.emoji is not None:
            self._used(choice.emoji.text)
        self.hide()
        # Taken is taken: what now stands there is not to be completed again.
        self._filling = True
        self._editor.replace_before(query.typed, choice.inserted)
        self._filling = False
        self._tell()

    def _clicked(self, index: QModelIndex) -> None:
        self._take(self._model.choice(index.row()))

    def _select(self, row: int) -> None:
        self.list.setCurrentIndex(self._model.index(row))
        self._tell()

    def _tell(self) -> None:
        """The focus stays in the field, so the field says what is chosen."""
        index = self.list.currentIndex()
        words = ""
        if self._query is not None and index.isValid():
            words = self.tr("{choice}, {number} of {count}").format(
                choice=index.data(Qt.ItemDataRole.AccessibleTextRole),
                number=index.row() + 1,
                count=self._model.rowCount(),
            )
        self._editor.setAccessibleDescription(words)

    def _focus_changed(self, focused: bool) -> None:
        if not focused:
            self.hide()

    def _place(self) -> None:
        """Above the field, where the composer begins."""
        window, rows = self._editor.window(), self._model.rowCount()
        if not rows:
            return
        if self.parentWidget() is not window:
            self.setParent(window)
        height = rows * self.list.sizeHintForRow(0) + 10
        width = min(round(_WIDTH * max(self._theme.scale, 1.0)), window.width() - 24)
        corner = self._editor.mapTo(window, QPoint(0, 0))
        frame = self._editor.parentWidget() or self._editor
        above = frame.mapTo(window, QPoint(0, 0)).y() - 5
        height = min(height, above - 8)
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = corner.x() + self._editor.width() - width + 12 if mirrored else corner.x() - 12
        self.setGeometry(max(8, min(x, window.width() - width - 8)), above - height, width, height)
