"""What the window looked like when it was there last: brought back at the start, kept at the end, told in a report."""

from dataclasses import replace

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QGuiApplication

from .settings import SettingsFile
from .widgets.main_window import MainWindow
from .widgets.theme import Theme


class Appearance:
    """Between the window and the settings it is kept in."""

    def __init__(self, window: MainWindow, theme: Theme, settings: SettingsFile) -> None:
        self._window, self._theme, self._settings = window, theme, settings

    def restore(self) -> None:
        """As it was kept; before the window is shown."""
        kept = self._settings.now
        self._window.set_recent_emoji(tuple(kept.recent_emoji.split()))
        self._window.set_ctrl_enter(kept.ctrl_enter_sends)
        self._theme.set_less_motion(kept.motion == "reduced")
        if kept.geometry:
            self._window.restoreGeometry(QByteArray(kept.geometry))
        if kept.panes:
            self._window.restore_layout(kept.panes)

    def keep(self) -> None:
        """As it is now, with all other settings, in their file."""
        self._settings.save(
            replace(
                self._settings.now,
                text_scale=self._theme.scale,
                motion="reduced" if self._theme.less_motion else "system",
                ctrl_enter_sends=self._window.ctrl_enter,
                recent_emoji=" ".join(self._window.recent_emoji),
                geometry=bytes(self._window.saveGeometry().data()),
                panes=self._window.layout_state(),
            )
        )

    def describe(self) -> dict[str, str]:
        """In words, for a report."""
        window, ratio = self._window, self._window.screen().devicePixelRatio()
        return {
            "theme": self._theme.tokens.name,
            "text size": f"{self._theme.scale:g}",
            "window": f"{window.width()} x {window.height()}, {ratio:g} pixels a point",
            "drawn by": QGuiApplication.platformName(),
        }
