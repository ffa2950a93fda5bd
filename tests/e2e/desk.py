"""Real windows in this process, driven as a person does, and what to wait for.

    def test_x(qapp, tmp_path):
        async def play(desk):
            dana = await desk.open("dana")
            ...
        run(qapp, tmp_path, play)

Nothing sleeps: `until` looks again whenever a model, a connection or a window says that something changed.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import qasync
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from mrsambosk_desktop.app import App, Options
from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.widgets.closing_dialog import ClosingDialog

#: Of a machine that does much else too; on a quiet one all waits are short.
SECONDS = 60.0


class Desk:
    """Several apps, each with a profile of its own."""

    def __init__(self, qt: QApplication, folder: Path) -> None:
        self.qt, self.folder = qt, folder
        self.apps: list[App] = []
        self._changed = asyncio.Event()

    async def open(self, profile: str, join: str | None = None) -> App:
        """A window that has been shown."""
        app = App(self.qt, Options(self.folder / profile, join, 0, ("127.0.0.1",), look_around=False))
        self.apps.append(app)
        for model in (app.timeline, app.members, app.rooms):
            for signal in (model.rowsInserted, model.rowsRemoved, model.dataChanged, model.modelReset):
                signal.connect(self._poke)
        for signal in (
            app.connection.state_changed,
            app.connection.joined,
            app.connection.join_failed,
            app.hosting.card_changed,
            app.hosting.failed,
            app.hosting.started,
            app.feed.room_changed,
            app.chat.failed,
        ):
            signal.connect(self._poke)
        await app.start()
        return app

    async def close(self, app: App) -> None:
        """As the person does, by the window's frame, and until it is done."""
        app.window.close()
        if (question := app.window.findChild(ClosingDialog)) is not None:
            QTest.mouseClick(question.quit, Qt.MouseButton.LeftButton)
        await asyncio.wait_for(app.closed.wait(), 5)
        self.apps.remove(app)
        await app.aclose()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until it holds, for a bounded time."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    self._changed.clear()
                    # A few changes have no signal; each wait is short, the whole is bounded.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 0.2)
        except TimeoutError:
            seen = "\n".join(f"{app.settings.name}: {app.connection.state} {texts(app)}" for app in self.apps)
            raise AssertionError(f"did not come: {what or condition}\n{seen}") from None

    def _poke(self, *_: object) -> None:
        self._changed.set()


def run(qt: QApplication, folder: Path, play: Callable[[Desk], Awaitable[None]]) -> None:
    """Play it in a loop of Qt, close what it left open, and see that nothing else is left."""
    qt.setQuitOnLastWindowClosed(False)
    threads = set(threading.enumerate())

    async def whole() -> None:
        desk = Desk(qt, folder)
        try:
            await play(desk)
        finally:
            for app in list(desk.apps):
                await desk.close(app)
            left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks were left: {left}"

    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
        runner.run(whole())
    qt.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert set(threading.enumerate()) <= threads, threading.enumerate()


async def join(desk: Desk, profile: str, name: str, address: str) -> App:
    """A window that has joined and is live."""
    app = await desk.open(profile)
    first = app.window.first_run
    first.name.setText(name)
    QTest.keyClicks(first.address, address)
    QTest.mouseClick(first.join, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app), f"{name} is live")
    return app


def is_live(app: App) -> bool:
    return app.connection.state.link is Link.LIVE


def write(app: App, text: str) -> None:
    """Key clicks in the composer, and Enter."""
    editor = app.window.chat.composer.editor
    editor.setFocus()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)


def rows(app: App) -> list[TimelineRow]:
    return [app.timeline.row(number) for number in range(app.timeline.rowCount())]


def texts(app: App) -> list[str]:
    """What is written in the rows, top to bottom; a deleted row is an empty text."""
    return [stored.body for row in rows(app) if (stored := row.message or row.pending) and not row.system]


def stored(app: App) -> list[str]:
    """The texts that the host has."""
    return [row.message.body for row in rows(app) if row.message and not row.system]


async def choose(desk: Desk, app: App, text: str, action: str) -> None:
    """Open the context menu of the row with this text, as the mouse does, and click an entry by its words."""
    view = app.window.chat.view
    # A row that others have may still be on its way here, and has the menu of a pending one until it is stored.
    await desk.until(lambda: text in stored(app), f"{text} is stored")
    bodies = [row.message.body if row.message and not row.system else None for row in rows(app)]
    index = app.timeline.index(bodies.index(text))
    view.scrollTo(index)
    at = view.visualRect(index).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
    QApplication.sendEvent(view.viewport(), event)
    menus = [menu for menu in app.window.findChildren(QMenu) if menu.isVisible()]
    assert len(menus) == 1, "no context menu"
    menu = menus[0]
    names = [entry.text() for entry in menu.actions()]
    entry = next(entry for entry in menu.actions() if entry.text().replace("&", "") == action)
    assert entry.isEnabled(), names
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())
    await desk.until(lambda: not menu.isVisible(), "the menu closed")


def pick_elsewhere(app: App, action: str) -> None:
    """Open the menu in the sidebar's header and click an entry by its words."""
    sidebar = app.window.sidebar
    QTest.mouseClick(sidebar.others, Qt.MouseButton.LeftButton)
    menu = next(one for one in sidebar.findChildren(QMenu) if one.isVisible())
    entry = next(entry for entry in menu.actions() if entry.text() == action)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())


async def pick_known(desk: Desk, app: App, name: str) -> None:
    """Click a room on the first page of which one is a member, once it is listed."""
    rows = app.window.first_run.nearby.list

    def places() -> list[int]:
        return [row for row in range(rows.count()) if rows.item(row).data(Qt.ItemDataRole.UserRole).name == name]

    await desk.until(places, f"{name} is listed")
    at = rows.visualItemRect(rows.item(places()[0])).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)
