"""Loads the languages of code that shows, beside the loop: the first block of one would stop the window for 90 ms."""

import asyncio

from PySide6.QtCore import QObject, Signal

from mrsambosk_desktop.core import highlight
from mrsambosk_desktop.core.tasks import Tasks


class ColouringController(QObject):
    """Signals: `loaded` (language): its code can be shown in colours."""

    loaded = Signal(str)

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks

    def load(self, language: str) -> None:
        """Get a language ready; `loaded` follows."""
        self._tasks.start(self._load(language), "load a language")

    async def _load(self, language: str) -> None:
        await asyncio.to_thread(highlight.load, language)
        self.loaded.emit(language)
