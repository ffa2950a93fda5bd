"""The report on the app, shown as it was copied: who passes it on sees what is in it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from .parts import button, label
from .theme import Theme


class ReportDialog(QDialog):
    """Opened with `open()`, when the text is on the clipboard already."""

    def __init__(self, theme: Theme, parent: QWidget, text: str) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = self.tr("A report to copy")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("The report"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        # It is English, and read by who helps.
        self.text.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.text.setPlainText(text)
        self.copy = button(self.tr("Copy again"), self._copy)
        self._copied = label(role="muted")
        close = button(self.tr("Close"), self.accept, "primary")
        why = self.tr(
            "It is on the clipboard: paste it where you ask for help. Messages, names, invites and addresses are not "
            "in it."
        )
        foot = QHBoxLayout()
        foot.addWidget(self.copy)
        foot.addWidget(self._copied, 1)
        foot.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(10)
        box.addWidget(label(title, "title"))
        box.addWidget(label(why, "muted", wraps=True))
        box.addWidget(self.text, 1)
        box.addLayout(foot)
        self.resize(min(620, parent.width() - 40), min(520, parent.height() - 40))
        close.setFocus()

    def open(self) -> None:
        """Copies it and shows it beside the window."""
        self._theme.dress(self)
        self._copy()
        self._copied.setText(self.tr("Copied"))
        self.show()
        self.raise_()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._copied.setText(self.tr("Copied"))
