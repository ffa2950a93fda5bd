"""What is measured of a window from within: gaps between the loop's turns, frames, keys, memory.

Nothing is left out because the loop was too busy to ask: each gap counts once for every tick that should have come
in it, a frame and a key begin when they were due.
"""

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

TICK: Final = 0.004
FRAME: Final = 0.016
_TEXT: Final = "the quick brown fox jumps over the lazy dog and then "


class Gaps:
    """How long the loop let a timer of 4 ms wait, in seconds; from its making until `end`."""

    def __init__(self) -> None:
        self._at: list[float] = [time.perf_counter()]
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=round(TICK * 1000))
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        self._at.append(time.perf_counter())

    def end(self) -> list[float]:
        """Each gap, once for every tick that was due in it."""
        self._timer.stop()
        gaps = [after - before for before, after in zip(self._at, self._at[1:], strict=False)]
        return [gap for gap in gaps for _ in range(max(1, int(gap / TICK)))]


class Painted(QObject):
    """Calls back in the first turn of the loop after each time a widget was painted."""

    def __init__(self, widget: QWidget, then: Callable[[], None]) -> None:
        super().__init__(widget)
        self._then = then
        self._waiting = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and not self._waiting:
            self._waiting = True
            QTimer.singleShot(0, self, self._tell)
        return False

    def _tell(self) -> None:
        self._waiting = False
        self._then()


class Frames:
    """Scrolls a view, one step a frame.

    Args:
        pixels: of a step; negative is upwards.
    """

    def __init__(self, view: QAbstractScrollArea, pixels: int) -> None:
        self._bar = view.verticalScrollBar()
        self._pixels = pixels
        self._shown = asyncio.Event()
        self._painted = Painted(view.viewport(), self._shown.set)

    async def run(self, count: int, pace: float = FRAME) -> list[float]:
        """So many frames; of each how long it took from when it was due until it was painted, in seconds."""
        frames = []
        due = time.perf_counter() + pace
        for _ in range(count):
            await _until(due)
            begun = min(due, time.perf_counter())
            await self.step()
            frames.append(time.perf_counter() - begun)
            due = max(due + pace, time.perf_counter())
        return frames

    async def step(self) -> None:
        """One step, until it is painted. At the end of what is loaded it waits for more."""
        while (before := self._bar.value()) == self._bar.minimum() and self._pixels < 0:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        self._shown.clear()
        self._bar.setValue(before + self._pixels)
        await self._shown.wait()

    def close(self) -> None:
        self._painted.deleteLater()


class Keys:
    """Types into an editor from another thread, as the system does, whatever the loop is doing."""

    def __init__(self, editor: QAbstractScrollArea) -> None:
        self._editor = editor
        self._due: list[float] = []
        self._handled: list[float] = []
        self._times: list[float] = []
        self._filter = _Pressed(editor, self._press)
        self._painted = Painted(editor.viewport(), self._show)

    async def run(self, count: int, pace: float) -> list[float]:
        """So many keys; of each how long it took from when it was due until it was painted, in seconds."""
        # Made here: the first one makes the keyboard, which belongs to this thread.
        events = [_key(_TEXT[number % len(_TEXT)]) for number in range(count)]
        thread = threading.Thread(target=self._type, args=(events, pace))
        thread.start()
        while thread.is_alive() or len(self._times) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        thread.join()
        return self._times

    def _type(self, events: list[tuple[QKeyEvent, QKeyEvent]], pace: float) -> None:
        due = time.perf_counter()
        for pair in events:
            due += pace
            time.sleep(max(0.0, due - time.perf_counter()))
            self._due.append(due)
            for event in pair:
                QCoreApplication.postEvent(self._editor, event)

    def _press(self) -> None:
        self._handled.append(self._due.pop(0))

    def _show(self) -> None:
        now = time.perf_counter()
        self._times += [now - due for due in self._handled]
        self._handled.clear()


def _key(char: str) -> tuple[QKeyEvent, QKeyEvent]:
    key = Qt.Key.Key_Space if char == " " else Qt.Key(ord(char.upper()))
    none, kinds = Qt.KeyboardModifier.NoModifier, QEvent.Type
    return QKeyEvent(kinds.KeyPress, key, none, char), QKeyEvent(kinds.KeyRelease, key, none, char)


class _Pressed(QObject):
    """Tells of each key that reaches a widget."""

    def __init__(self, widget: QWidget, then: Callable[[], None]) -> None:
        super().__init__(widget)
        self._then = then
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress:
            self._then()
        return False


async def painted_after(widget: QWidget, act: Callable[[], Any], ready: Callable[[], bool] = lambda: True) -> float:
    """Seconds from an act until the widget was painted with what is awaited."""
    shown = asyncio.Event()
    watch = Painted(widget, lambda: shown.set() if ready() else None)
    begun = time.perf_counter()
    act()
    await shown.wait()
    taken = time.perf_counter() - begun
    watch.deleteLater()
    return taken


async def _until(due: float) -> None:
    """A turn of the loop when it is due, at most a millisecond late."""
    passed = asyncio.Event()
    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, singleShot=True)
    timer.timeout.connect(passed.set)
    timer.start(max(0, math.ceil((due - time.perf_counter()) * 1000)))
    await passed.wait()


def resident() -> float:
    """This process's memory in MB; NaN where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return math.nan


def p99(values: list[float]) -> float:
    """In milliseconds what 99 of 100 stay below."""
    return sorted(values)[min(int(len(values) * 0.99), len(values) - 1)] * 1000
