"""A host that nobody has vouched for: its key as words, to compare with those on the host's own screen."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from .parts import button, fit_text, label
from .theme import Theme


class TrustDialog(QDialog):
    """Opened with `open()`; `answered` says once whether the words matched. Closing it is a no."""

    answered = Signal(bool)

    def __init__(self, theme: Theme, words: Sequence[str], address: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("Is this the right host?"))
        self.setAccessibleName(self.tr("Is this the right host?"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.words = label(" ".join(words), "title", wraps=True, centred=True)
        self.words.setAccessibleName(self.tr("The host's words"))
        frame = QFrame()
        frame.setObjectName("page_card")
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(14, 14, 14, 14)
        inner.addWidget(self.words)
        self.accept_words = button(self.tr("They are the same"), self.accept, "primary")
        refuse = button(self.tr("Not the same"), self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(refuse)
        buttons.addStretch(1)
        buttons.addWidget(self.accept_words)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(label(self.tr("Is this the right host?"), "title", wraps=True))
        explanation = self.tr(
            "A host answers at {address}. Compare these words with those that “You are hosting” shows on the host's "
            "computer. If they differ, somebody may be in between. With an invite this is not needed."
        )
        box.addWidget(label(explanation.format(address=address), "muted", wraps=True))
        box.addWidget(frame)
        box.addLayout(buttons)
        self.finished.connect(self._answer)

    def open(self) -> None:
        """Shows it; the window behind waits."""
        self._theme.dress(self)
        fit_text(self, self._theme, 460)
        super().open()
        # The safe answer has the focus: nobody should say yes by a stray Return.
        self.setFocus()

    def _answer(self, result: int) -> None:
        self.answered.emit(result == QDialog.DialogCode.Accepted)
