"""A list of messages as the keys see it: which row they act on, what each of them does, and what is written instead."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView

from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.models.transcript import transcript

from .anchored_list import AnchoredList

_MOVES: Final = frozenset(
    {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}
)


class KeyedList(AnchoredList):
    """Signals besides the list's: `menu_wanted` (row, global point); keys for a current row that was itself reached by
    key: `delete_pressed` (row, at once), `reply_pressed`, `edit_pressed`; `typed` (text) for any other letter; `left`
    for Esc."""

    menu_wanted = Signal(object, QPoint)
    delete_pressed = Signal(object, bool)
    reply_pressed = Signal(object)
    edit_pressed = Signal(object)
    typed = Signal(str)
    left = Signal()

    def current_row(self) -> TimelineRow | None:
        """The row that keys act on."""
        index = self.currentIndex()
        return self._model.row(index.row()) if index.isValid() else None

    def selected_text(self) -> str:
        """The selected rows' texts, in order, or the current row's."""
        numbers = sorted(index.row() for index in self.selectedIndexes()) or [self.currentIndex().row()]
        return transcript(self._model.row(number) for number in numbers if number >= 0)

    def is_picked(self, row: TimelineRow) -> bool:
        """Whether the row is one of several that are selected."""
        picked = self.selectedIndexes()
        return len(picked) > 1 and any(self._model.row(index.row()).key == row.key for index in picked)

    def open_menu(self) -> None:
        """The current row's menu, at its bubble."""
        row = self.current_row()
        if row is not None:
            if not self.visualRect(self.currentIndex()).intersects(self.viewport().rect()):
                self.bring_into_view(row.key)
            rect = QRectF(self.visualRect(self.currentIndex()))
            bubble = self._delegate.bubble(row, self.currentIndex().row(), rect)
            inside = bubble.intersected(QRectF(self.viewport().rect()))
            self.menu_wanted.emit(row, self.viewport().mapToGlobal(inside.center().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, by_key = self.current_row(), self._delegate.show_focus
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain, shift = held == Qt.KeyboardModifier.NoModifier, held == Qt.KeyboardModifier.ShiftModifier
        enter = plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter or key == Qt.Key.Key_Menu or (shift and key == Qt.Key.Key_F10):
            self._ring(True)
            self.open_menu()
        elif event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_Delete and (plain or shift):
            if row is not None and by_key:
                self.delete_pressed.emit(row, shift)
        elif key == Qt.Key.Key_R and plain and row is not None and by_key:
            self.reply_pressed.emit(row)
        elif key == Qt.Key.Key_E and plain and row is not None and by_key:
            self.edit_pressed.emit(row)
        elif key == Qt.Key.Key_End and held == Qt.KeyboardModifier.ControlModifier:
            self.to_latest()
        elif key == Qt.Key.Key_Escape:
            if self.selectedIndexes():
                self.clearSelection()
            else:
                self.left.emit()
        elif _writes(event):
            # Who came by key and presses Space is not beginning a message.
            if event.text().strip() or not by_key:
                self.typed.emit(event.text())
        else:
            if key in _MOVES:
                self._ring(True)
            super().keyPressEvent(event)
            if self.currentIndex().isValid() and self._model.row(self.currentIndex().row()) is not row:
                self.scrollTo(self.currentIndex())
        self.viewport().update()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        # Not before it is composed: with another focus the input method would begin anew, without the first letters.
        if event.commitString():
            self.typed.emit(event.commitString())
        event.accept()

    def keyboardSearch(self, search: str) -> None:
        """Nothing: a list that jumps while one types into the wrong pane helps nobody."""

    def _ring(self, on: bool) -> None:
        """Whether the current row was reached by key: then it shows, and single letters act on it."""
        self._delegate.show_focus = on
        self._take_input()

    def _take_input(self) -> None:
        # An input method would swallow the letters that act on a row. Qt sets this anew with each row and each focus.
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, not self._delegate.show_focus)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self._take_input()

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """As usual, but from what shows, and rows folded into another are stepped over."""
        if not self.currentIndex().isValid():
            return self._last_shown()
        index = super().moveCursor(action, modifiers)
        up = (QAbstractItemView.CursorAction.MoveUp, QAbstractItemView.CursorAction.MovePrevious)
        step = -1 if action in up else 1
        while index.isValid() and self._delegate.height_of(self._model.row(index.row())) == 0:
            index = self._model.index(index.row() + step)
        return index if index.isValid() else self.currentIndex()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._take_input()
        if event.reason() in by_key:
            self._ring(True)
            if not self.currentIndex().isValid() and self._model.rowCount():
                self.selectionModel().setCurrentIndex(self._last_shown(), self.selectionModel().SelectionFlag.NoUpdate)

    def _last_shown(self) -> QModelIndex:
        """The lowest row in view."""
        index = self.indexAt(QPoint(self.viewport().width() // 2, self.viewport().height() - 2))
        return index if index.isValid() else self._model.index(self._model.rowCount() - 1)


def _writes(event: QKeyEvent) -> bool:
    """Whether a key writes something; AltGr is Ctrl and Alt on Windows."""
    key = Qt.KeyboardModifier
    held = event.modifiers() & ~(key.ShiftModifier | key.KeypadModifier | key.GroupSwitchModifier)
    return (
        event.text().isprintable()
        and bool(event.text())
        and held in (key.NoModifier, key.ControlModifier | key.AltModifier)
    )
