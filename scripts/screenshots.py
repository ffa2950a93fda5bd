"""The play behind `scripts/screenshots`: Dana hosts, others join, they write, and Dana's window is photographed.

    QT_QPA_PLATFORM=offscreen python scripts/screenshots.py FOLDER [STATE …] [--suffix=TEXT]

Each STATE is a method of `Play` with that name; without any, all are taken, in the order of the play.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.rows import HostCard
from mrsambosk_desktop.widgets.theme import Choice
from tests.e2e.desk import Desk, is_live, join, rows, run, stored, texts, write

THEMES: Sequence[Choice] = ("light", "dark")


class Play:
    """The states in their order; each leaves the window as the next one finds it."""

    def __init__(self, desk: Desk, folder: Path, suffix: str, wanted: Sequence[str]) -> None:
        self.desk, self.folder, self.suffix, self.wanted = desk, folder, suffix, wanted
        self.cards: list[HostCard] = []

    async def all(self) -> None:
        self.dana = dana = await self.desk.open("dana")
        dana.hosting.card_changed.connect(self.cards.append)
        dana.window.first_run.name.setText("Dana")
        dana.window.first_run.room.setText("Staff room")
        await self.take("first-run")
        QTest.mouseClick(dana.window.first_run.host, Qt.MouseButton.LeftButton)
        await self.desk.until(lambda: is_live(dana) and self.over(), "Dana hosts")
        await self.take("hosting")
        for dialog in self.over():
            dialog.close()
        await self.take("empty")
        await self.converse()
        await self.look(dana)
        await self.take("room")
        await self.menu()
        await self.search()
        dana.window.resize(420, 800)
        await self.take("narrow")
        dana.window.resize(1240, 800)
        self.desk.qt.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        await self.take("mirrored")
        self.desk.qt.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        await self.offline()

    async def converse(self) -> None:
        """What they write. Each line is waited for, so that the order is the written one."""
        invite = self.cards[-1].invite
        assert invite is not None
        miriam = await join(self.desk, "miriam", "Miriam B.", invite)
        yonatan = await join(self.desk, "yonatan", "Yonatan", invite)
        alma = await join(self.desk, "alma", "Alma", invite)
        await self.say(miriam, "Morning! The projector in room 204 is fixed")
        await self.say(miriam, "Slides are on the share, and the handout is `week-7.pdf`")
        slides = stored_id(miriam, "Slides")
        for app, emoji in ((self.dana, "👍"), (yonatan, "👍"), (alma, "👍"), (yonatan, "🎉")):
            app.window.react_requested.emit(slides, emoji, True)
        await self.say(self.dana, "Great, thank you 🙏")
        await self.say(alma, "wrong room, sorry")
        alma.window.delete_now_requested.emit(stored_id(alma, "wrong room"))
        await self.desk.until(lambda: "wrong room, sorry" not in texts(self.dana))
        await self.desk.close(alma)
        yonatan.window.chat.composer.start_reply(slides, "Miriam B.", "Slides are on the share")
        await self.say(yonatan, "@Dana can you bring 20 copies?")
        await self.say(yonatan, "**This** is what it looks like now:\n- two rows of tables\n- and a *very* long cable")
        self.dana.window.chat.composer.start_reply(stored_id(self.dana, "@Dana"), "Yonatan", "can you bring")
        await self.say(self.dana, "Sure, printing them now")
        await self.say(self.dana, "and one for you")
        await self.say(self.dana, "נתראה בשעה 10:00, בחדר 204")
        self.others = [miriam, yonatan]

    async def menu(self) -> None:
        """The context menu of one's own message."""
        view = self.dana.window.chat.view
        place = next(number for number, row in enumerate(rows(self.dana)) if row.message and "Sure" in row.message.body)
        at = view.visualRect(self.dana.timeline.index(place)).center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
        QApplication.sendEvent(view.viewport(), event)
        await self.take("menu")
        for menu in self.dana.window.findChildren(QMenu):
            menu.close()

    async def search(self) -> None:
        """What a search found, and then who has seen a message."""
        window, place = self.dana.window, stored_id(self.dana, "Sure")
        window.side.open_search(everywhere=False)
        QTest.keyClicks(window.people.search.field, "sli")
        await self.desk.until(lambda: self.dana.found.rowCount(), "found")
        await self.take("search")
        row = next(row for row in rows(self.dana) if row.key == place)
        window.side.show_details(row)
        await self.take("details")
        window.side.close()

    async def offline(self) -> None:
        """The host is gone: what Yonatan's window says, and a message that waits in it."""
        yonatan = self.others[-1]
        await self.dana.hosting.aclose()
        self.dana = yonatan
        await self.desk.until(lambda: not is_live(yonatan), "Yonatan sees that the host is gone")
        write(yonatan, "I'll be there in five minutes")
        await self.desk.until(lambda: rows(yonatan)[-1].pending, "it waits")
        await self.look(yonatan)
        await asyncio.sleep(2.5)  # the banner says nothing for the first two seconds
        await self.take("offline")

    async def look(self, app: App) -> None:
        """Bring the window to the front, as who reads it does."""
        app.window.activateWindow()
        await self.desk.until(app.window.isActiveWindow)

    async def say(self, app: App, text: str) -> None:
        """Write it, and wait until both have it."""
        if text.isascii() and "\n" not in text:
            write(app, text)
        else:
            app.window.chat.composer.set_text(text)
            app.window.chat.composer.submit()
        await self.desk.until(lambda: text in stored(self.dana) and text in stored(app), text)

    def over(self) -> list[QWidget]:
        """The dialogs and menus over the window."""
        parents = {it: it.parentWidget() for it in QApplication.topLevelWidgets() if it.isVisible()}
        return [it for it, parent in parents.items() if parent and parent.window() is self.dana.window]

    async def take(self, state: str) -> None:
        """Photograph the window, with what lies over it, in each theme."""
        if self.wanted and state not in self.wanted:
            return
        for theme in THEMES:
            self.dana.theme.set_choice(theme)
            await asyncio.sleep(0.3)  # a list view lays out later, on a timer of its own
            picture = self.dana.window.grab()
            self.overlay(picture)
            picture.save(str(self.folder / f"{state}-{theme}{self.suffix}.png"))

    def overlay(self, picture: QPixmap) -> None:
        with QPainter(picture) as painter:
            for over in self.over():
                painter.drawPixmap(over.mapToGlobal(QPoint()) - self.dana.window.mapToGlobal(QPoint()), over.grab())


def stored_id(app: App, start: str) -> int:
    """The id of the last message that begins so."""
    return next(row.message.id for row in reversed(rows(app)) if row.message and row.message.body.startswith(start))


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph the app's states.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suffix", default="")
    parser.add_argument("states", nargs="*")
    given = parser.parse_args()
    qt = QApplication([])
    qt.setApplicationName("Mrsambosk")
    with tempfile.TemporaryDirectory() as profiles:
        run(qt, Path(profiles), lambda desk: Play(desk, given.folder, given.suffix, given.states).all())


if __name__ == "__main__":
    main()
