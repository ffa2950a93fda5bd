"""The icon beside the clock while a room is kept open without a window, where the desktop has a place for it."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from mrsambosk_desktop.delegates.icons import pixmap

from .theme import Theme

_SIZE = 32


class Tray(QObject):
    """Signals: `shown_wanted`: the window again; `quit_wanted`: close the room and end."""

    shown_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._menu = QMenu()
        self._menu.setAccessibleName(self.tr("Mrsambosk"))
        self._menu.addAction(self.tr("Show Mrsambosk")).triggered.connect(self.shown_wanted)
        self._menu.addAction(self.tr("Close the room and quit")).triggered.connect(self.quit_wanted)
        mark = QPixmap(pixmap("mrsambosk", theme.tokens.accent_fill.name(), _SIZE, 2.0))
        self._icon = QSystemTrayIcon(QIcon(mark), self)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activate)

    @staticmethod
    def is_there() -> bool:
        """Whether the desktop has a place for it."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Show the icon, if there is a place for it."""
        # Without the room's name: some desktops take a tool tip for markup.
        self._icon.setToolTip(self.tr("Mrsambosk: your room is open"))
        self._icon.setVisible(self.is_there())

    def hide(self) -> None:
        """Take it away."""
        self._icon.hide()

    def close(self) -> None:
        """Take it away for good."""
        self._icon.hide()
        self._menu.deleteLater()
        self.deleteLater()

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.shown_wanted.emit()
