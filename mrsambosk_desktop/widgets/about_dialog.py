"""What this program is, and which version."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from mrsambosk_desktop.delegates.icons import pixmap
from mrsambosk_protocol import __version__

from .parts import button, fit_text, label
from .theme import Theme

_MARK = 64


class AboutDialog(QDialog):
    """Opened with `open()`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Mrsambosk"))
        self.setAccessibleName(self.tr("About Mrsambosk"))
        mark = label(centred=True)
        mark.setAccessibleName(self.tr("Mrsambosk"))
        mark.setPixmap(pixmap("mrsambosk", theme.tokens.accent_fill.name(), _MARK, 2.0))
        mark.setFixedSize(QSize(_MARK, _MARK))
        version = label(self.tr("Version {version}").format(version=__version__), "muted", centred=True)
        version.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        close = button(self.tr("Close"), self.accept, "primary")
        centre = Qt.AlignmentFlag.AlignHCenter
        box = QVBoxLayout(self)
        box.setContentsMargins(40, 28, 40, 22)
        box.setSpacing(6)
        box.addWidget(mark, 0, centre)
        box.addSpacing(6)
        box.addWidget(label(self.tr("Mrsambosk"), "page", centred=True))
        box.addWidget(version)
        box.addSpacing(6)
        for words in (
            self.tr("The chat room that lives on your own network."),
            self.tr("Free software under the MIT licence."),
        ):
            box.addWidget(label(words, wraps=True, centred=True))
        box.addSpacing(12)
        box.addWidget(close, 0, centre)
        close.setFocus()

    def open(self) -> None:
        """Shows it over the window."""
        self._theme.dress(self)
        fit_text(self, self._theme, 380)
        super().open()
