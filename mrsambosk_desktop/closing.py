"""Closing the window, and bringing it back: a room that is kept open here goes on without it."""

import asyncio
import logging

from PySide6.QtCore import Qt

from .controllers.hosting import HostingController
from .widgets.main_window import MainWindow
from .widgets.tray import Tray

_log = logging.getLogger(__name__)


class Closing:
    """Args:
    closed: is set when the person closed the app.
    """

    def __init__(self, window: MainWindow, tray: Tray, hosting: HostingController, closed: asyncio.Event) -> None:
        self._window, self._tray, self._hosting, self._closed = window, tray, hosting, closed

    def close(self) -> None:
        """The window was closed: that ends the app, but nobody is put out of the room here without a word."""
        if self._hosting.others:
            self._window.dialogs.ask_closing(self._hosting.others, Tray.is_there())
        else:
            self._window.hide()
            self.quit()

    def quit(self) -> None:
        """End the app."""
        self._closed.set()

    def keep_hosting(self) -> None:
        """Go on without the window; nothing depends on a tray."""
        if Tray.is_there():
            self._window.hide()
            self._tray.show()
        else:
            self._window.showMinimized()
        _log.info("hosting goes on without the window")

    def show_again(self) -> None:
        """Bring the window to the front, from wherever it is."""
        self._tray.hide()
        self._window.show()
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.raise_()
        self._window.activateWindow()

    def show_failure(self) -> None:
        """Hosting failed: nobody would know that a room without a window is closed."""
        if (not self._window.isVisible() or self._window.isMinimized()) and not self._closed.is_set():
            self.show_again()
