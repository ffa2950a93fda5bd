"""The emoji picker: a search field over a grid, the ones used last first. It closes itself when one was chosen."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from mrsambosk_desktop.models.emoji import Emoji, emoji_table, find_emoji, group_title, used

from .parts import label
from .theme import Theme

_COLUMNS: Final = 8
_CELL: Final = 38
_ROWS: Final = 7
_EMOJI: Final = Qt.ItemDataRole.UserRole


class EmojiPicker(QFrame):
    """`open_at` shows it; `chosen` (emoji) comes at most once for each time, and `recent_changed` when what is shown
    first changed.

    Args:
        kin: another picker, with which it shares the ones used last.
    """

    chosen = Signal(str)
    recent_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget, kin: "EmojiPicker | None" = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAccessibleName(self.tr("Emoji"))
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self._theme = theme
        self._kin = kin
        self._recent: tuple[str, ...] = ()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search emoji"))
        self.search.setAccessibleName(self.tr("Search emoji"))
        self.grid = QListWidget()
        self.grid.setObjectName("emoji_grid")
        self.grid.setAccessibleName(self.tr("Emoji"))
        self.grid.setViewMode(QListWidget.ViewMode.IconMode)
        self.grid.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.grid.setMovement(QListWidget.Movement.Static)
        self.grid.setUniformItemSizes(True)
        self.grid.setMouseTracking(True)
        self.grid.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.grid.itemClicked.connect(self._take)
        self.grid.currentItemChanged.connect(self._describe)
        self.grid.itemEntered.connect(self._describe)
        self._name: QLabel = label(role="small")
        self._none = label(self.tr("Nothing is called like that"), "muted", centred=True)
        # Its corners are round: the window itself is clear, and the ground is that of a frame in it.
        frame = QFrame()
        frame.setObjectName("emoji_picker")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        box = QVBoxLayout(frame)
        box.setContentsMargins(10, 10, 10, 8)
        box.setSpacing(8)
        box.addWidget(self.search)
        box.addWidget(self.grid, 1)
        box.addWidget(self._none, 1)
        box.addWidget(self._name)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.grid.installEventFilter(self)

    @property
    def recent(self) -> tuple[str, ...]:
        """The ones used last, the newest first."""
        return self._recent if self._kin is None else self._kin.recent

    def set_recent(self, recent: tuple[str, ...]) -> None:
        """What was kept of them; what is no emoji of the table is left out."""
        known = {emoji.text for emoji in emoji_table()}
        self._recent = tuple(one for one in recent if one in known)

    def use(self, emoji: str) -> None:
        """It was used, here or elsewhere."""
        if self._kin is not None:
            self._kin.use(emoji)
            return
        self._recent = used(self._recent, emoji)
        self.recent_changed.emit()

    def open_at(self, corner: QPoint) -> None:
        """Shows it with its lower end at a global point, within the screen."""
        self._theme.dress(self)
        cell = max(self._theme.px(_CELL), _CELL)
        self.grid.setGridSize(QSize(cell, cell))
        self.search.clear()
        self._fill()
        self.setFixedSize(_COLUMNS * cell + 36, _ROWS * cell + 96)
        screen = self.screen().availableGeometry()
        own = QRect(QPoint(corner.x() - self.width(), corner.y() - self.height()), self.size())
        own.moveLeft(max(screen.left() + 4, min(own.left(), screen.right() - own.width() - 4)))
        own.moveTop(max(screen.top() + 4, min(own.top(), screen.bottom() - own.height() - 4)))
        self.move(own.topLeft())
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
            return False
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.grid.currentItem())
        elif watched is self.search and key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.grid.setFocus()
        elif watched is self.grid and event.text().isprintable() and event.text().strip():
            self.search.setFocus()
            self.search.insert(event.text())
        elif watched is self.grid and key == Qt.Key.Key_Up and self.grid.currentRow() < self._columns():
            self.search.setFocus()
        else:
            return False
        return True

    def _columns(self) -> int:
        return max(1, self.grid.viewport().width() // self.grid.gridSize().width())

    def _fill(self) -> None:
        wanted = self.search.text().strip()
        self.grid.clear()
        if wanted:
            rows = find_emoji(wanted)
        else:
            table = {emoji.text: emoji for emoji in emoji_table()}
            last = [table[one] for one in self.recent]
            rows = [*last, *(emoji for emoji in table.values() if emoji not in last)]
        for emoji in rows:
            self.grid.addItem(self._item(emoji))
        self.grid.setVisible(bool(rows))
        self._none.setVisible(not rows)
        if rows:
            self.grid.setCurrentRow(0)
        self._describe(self.grid.currentItem())

    def _item(self, emoji: Emoji) -> QListWidgetItem:
        made = QListWidgetItem(emoji.text)
        made.setFont(self._theme.font(21))
        made.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        made.setData(_EMOJI, emoji)
        made.setData(Qt.ItemDataRole.AccessibleTextRole, emoji.title)
        return made

    def _describe(self, item: QListWidgetItem | None, _before: QListWidgetItem | None = None) -> None:
        emoji = item.data(_EMOJI) if item is not None else None
        self._name.setText(f"{emoji.title} · {group_title(emoji.group)}" if emoji is not None else "")

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        text = item.data(_EMOJI).text
        self.use(text)
        self.hide()
        self.chosen.emit(text)
