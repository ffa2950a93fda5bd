"""Asks for what a host wants to hear before it lets somebody in: its join code, or a password or one-time code."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from mrsambosk_desktop.models.wording import isolated

from .parts import button, fit_text, label
from .theme import Theme


class SecretDialog(QDialog):
    """Opened with `open()`; `answered` gives once what was typed, empty for a no."""

    answered = Signal(str)

    def __init__(self, theme: Theme, name: str, wants_code: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if wants_code:
            title = self.tr("Join code")
            text = self.tr("This host asks for its join code. Whoever hosts can tell it to you.")
        else:
            title = self.tr("Is this you?")
            text = self.tr(
                "Somebody here is called {name} already. If that is you, enter your password or the one-time code "
                "that an admin gave you. If not, go back and choose another name."
            ).format(name=isolated(name))
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.secret = QLineEdit()
        self.secret.setAccessibleName(self.tr("Join code") if wants_code else self.tr("Password or one-time code"))
        if not wants_code:
            self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.go_on = button(self.tr("Join"), self.accept, "primary")
        buttons = QHBoxLayout()
        buttons.addWidget(button(self.tr("Back"), self.reject))
        buttons.addStretch(1)
        buttons.addWidget(self.go_on)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(label(title, "title", wraps=True))
        box.addWidget(label(text, "muted", wraps=True))
        box.addWidget(self.secret)
        box.addLayout(buttons)
        self.secret.returnPressed.connect(self.accept)
        self.finished.connect(self._answer)

    def open(self) -> None:
        """Shows it; the window behind waits."""
        self._theme.dress(self)
        fit_text(self, self._theme, 420)
        super().open()
        self.secret.setFocus()

    def _answer(self, result: int) -> None:
        self.answered.emit(self.secret.text().strip() if result == QDialog.DialogCode.Accepted else "")
