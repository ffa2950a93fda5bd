"""The same in bare Qt: a `QListView` of plain strings, a `QPlainTextEdit`, a `QLabel`, and nothing happening beside.

Prints the figures as JSON, by the names that `scene` uses.
"""

import asyncio
import gc
import json
import time

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QApplication, QLabel, QListView, QPlainTextEdit, QVBoxLayout, QWidget

# PySide6 first: qasync takes the Qt that is already there.
import qasync  # isort: skip

from tests.helpers.hostile import bodies

from .probes import Frames, Gaps, Keys, p99, painted_after, resident
from .room import Talk


async def main() -> dict[str, float]:
    """Each in turn."""
    window, view, editor, label = QWidget(), QListView(), QPlainTextEdit(), QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.resize(500, 700)
    view.setWordWrap(True)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    editor.setMaximumHeight(60)
    box = QVBoxLayout(window)
    box.addWidget(view)
    box.addWidget(editor)
    window.resize(1240, 800)
    await painted_after(window, window.show)
    await asyncio.sleep(0.5)
    gc.collect()
    empty = resident()
    talk = Talk()
    model = QStringListModel()
    view.setModel(model)
    figures = {}

    def fill(rows: int) -> None:
        model.setStringList([talk.message(id).body for id in range(1, rows + 1)])
        view.scrollToBottom()

    figures["open"] = await painted_after(view.viewport(), lambda: fill(100), lambda: model.rowCount() > 0) * 1000
    fill(10_000)
    frames = Frames(view, -view.viewport().height())
    while view.verticalScrollBar().value() > 0:
        await frames.step()
    gc.collect()
    figures["memory"] = resident() - empty
    fill(400)
    frames.close()
    await asyncio.sleep(0.5)
    frames = Frames(view, -20)
    figures["frame"] = p99(await frames.run(250))
    frames.close()
    gaps = Gaps()
    await asyncio.sleep(2)
    figures["gap"] = figures["catch-up"] = p99(gaps.end())
    figures["key"] = p99(await Keys(editor).run(60, 0.045))
    label.show()
    await painted_after(label, label.show)
    times = []
    for body in [*bodies(100), *bodies(1000)]:
        begun = time.perf_counter()
        label.setText(body)
        label.repaint()
        times.append(time.perf_counter() - begun)
    figures["hostile"] = max(times[100:]) * 1000
    return figures


if __name__ == "__main__":
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
        print(json.dumps(runner.run(main())), flush=True)
