"""The app itself through everything that is measured: `scene room FOLDER`, `scene hostile FOLDER`.

With `room` the profile in the folder holds the room, and a process beside this is its host; with `hostile` the folder
is new, and each of a thousand bad bodies is shown. Prints the figures as JSON.
"""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

# PySide6 first: qasync takes the Qt that is already there.
import qasync  # isort: skip

from mrsambosk_desktop.app import App, Options
from mrsambosk_desktop.core.rows import Link
from mrsambosk_protocol.entities import Message
from tests.helpers.hostile import bodies

from .probes import Frames, Gaps, Keys, p99, painted_after, resident
from .room import BIG, ME, PEOPLE, START, remember_host

ROWS_SEEN = 10_000
STEADY = "steady 100 4"


class Scene:
    """One app and its host.

    Args:
        orders: the host's input and output.
    """

    def __init__(self, app: App, orders: subprocess.Popen[str]) -> None:
        self._app = app
        self._orders = orders
        self._view = app.window.chat.view
        self.figures: dict[str, float] = {}

    async def play(self) -> None:
        """All of it, in the order in which a person would meet it."""
        await self._until(self._is_live)
        self._app.window.activateWindow()
        await asyncio.sleep(1)
        gc.collect()
        empty = resident()
        await self._open()
        await self._see_many()
        gc.collect()
        self.figures["memory"] = resident() - empty
        frames = Frames(self._view, -120)
        self.figures["frame"] = p99(await frames.run(300))
        frames.close()
        self._view.to_latest()
        await self._until(lambda: self._view.at_latest)
        await asyncio.sleep(0.5)
        self.figures["gap"] = p99(await self._during(self._order(STEADY)))
        self.figures["key"] = await self._type()
        await self._catch_up()

    async def _open(self) -> None:
        """The room of a million, for the first time in this process."""
        app = self._app

        def is_there() -> bool:
            return app.feed.room == BIG and app.timeline.rowCount() > 0

        window = app.window
        taken = await painted_after(self._view.viewport(), lambda: window.room_selected.emit(BIG), is_there)
        self.figures["open"] = taken * 1000

    async def _see_many(self) -> None:
        """Every row of the newest so many comes into view."""
        frames = Frames(self._view, -self._view.viewport().height())
        newest = self._app.timeline.last_id or 0
        while (self._app.timeline.first_id or 0) > newest - ROWS_SEEN:
            await frames.step()
        frames.close()

    async def _type(self) -> float:
        """Keys while messages come."""
        editor = self._app.window.chat.composer.editor
        editor.setFocus()
        keys = Keys(editor)
        talking = asyncio.ensure_future(self._order(STEADY))
        times = await keys.run(80, 0.045)
        await talking
        return p99(times)

    async def _catch_up(self) -> None:
        """Two thousand messages came while the connection was gone."""
        app = self._app
        await asyncio.sleep(0.5)
        newest = app.timeline.last_id or 0

        async def come_back() -> None:
            await self._order("catch-up 2000")
            await self._until(lambda: not self._is_live())
            app.connection.try_again()
            await self._until(lambda: self._is_live() and app.timeline.last_id == newest + 2000)
            await asyncio.sleep(0.1)

        self.figures["catch-up"] = p99(await self._during(come_back()))

    async def _during(self, work: Awaitable[None]) -> list[float]:
        gaps = Gaps()
        await work
        return gaps.end()

    async def _order(self, line: str) -> None:
        """Tell the host, and wait until it has done it."""
        assert self._orders.stdin is not None
        assert self._orders.stdout is not None
        print(line, file=self._orders.stdin, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, self._orders.stdout.readline)

    async def _until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def _is_live(self) -> bool:
        return self._app.connection.state.link is Link.LIVE


async def room(app: App, folder: Path) -> dict[str, float]:
    """Play the scene beside its host."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "benchmarks.window.host"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as orders:  # noqa: ASYNC220
        assert orders.stdin is not None
        assert orders.stdout is not None
        try:
            remember_host(folder, int(orders.stdout.readline()))
            await app.start()
            scene = Scene(app, orders)
            await scene.play()
            await app.connection.stop()
        finally:
            orders.stdin.close()
    return scene.figures


async def hostile(app: App) -> dict[str, float]:
    """Each body alone in the view, from its coming until it is painted."""
    await app.start()
    app.window.show_room()
    for model in (app.timeline, app.members):
        model.set_me(ME.id)
        model.set_users({user.id: user for user in PEOPLE})
    times = []
    # The first hundred load fonts and languages, which is not their doing.
    for number, body in enumerate([*bodies(100), *bodies(1000)]):
        row = Message(id=1, room=BIG, rev=1, author=PEOPLE[number % 3].id, body=body, sent_at=START)
        shown = painted_after(
            app.window.chat.view.viewport(),
            lambda row=row: app.timeline.reset([row], has_older=False, has_newer=False, unread_after=None),
        )
        times.append(await shown)
    return {"hostile": max(times[100:]) * 1000}


async def main(what: str, folder: Path) -> None:
    """One of both, and what it measured."""
    qt = QApplication.instance()
    assert isinstance(qt, QApplication)
    app = App(qt, Options(folder, look_around=False))
    try:
        figures = await (room(app, folder) if what == "room" else hostile(app))
    finally:
        await app.aclose()
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
        runner.run(main(sys.argv[1], Path(sys.argv[2])))
