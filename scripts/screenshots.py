"""The play behind `scripts/screenshots`: Dana hosts, others join, they write, and their windows are photographed.

    QT_QPA_PLATFORM=offscreen python scripts/screenshots.py FOLDER [STATE …] [--suffix=TEXT]

Each picture is of a real window on a real host. Without a STATE all are taken, in the order of the play.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QListView, QWidget

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.rows import HostCard
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.widgets.keys_dialog import KeysDialog
from mrsambosk_desktop.widgets.secret_dialog import SecretDialog
from mrsambosk_desktop.widgets.theme import Choice
from mrsambosk_desktop.widgets.trust_dialog import TrustDialog
from mrsambosk_protocol.entities import Room, User
from mrsambosk_protocol.requests import ChangeRoom
from tests.e2e.desk import Desk, choose, is_live, join, rows, run, stored, texts, write

THEMES: Sequence[Choice] = ("light", "dark")
WIDTH, HEIGHT = 1240, 800


class Play:
    """The states in their order; each leaves the window as the next one finds it."""

    def __init__(self, desk: Desk, folder: Path, suffix: str, wanted: Sequence[str]) -> None:
        self.desk, self.folder, self.suffix, self.wanted = desk, folder, suffix, wanted
        self.taken: set[str] = set()
        self.cards: list[HostCard] = []
        self.typing: tuple[str, ...] = ()

    async def all(self) -> None:
        """Play until every wanted state has been taken."""
        for act in (
            self.open,
            self.gather,
            self.converse,
            self.room,
            self.over_the_room,
            self.writing,
            self.beside,
            self.shapes,
            self.unread,
            self.failed,
            self.doors,
            self.offline,
        ):
            await act()
            if self.wanted and self.taken >= set(self.wanted):
                return

    # The acts ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Dana hosts."""
        self.dana = self.shown = dana = await self.desk.open("dana")
        dana.hosting.card_changed.connect(self.cards.append)
        dana.feed.typing_changed.connect(self._typing_changed)
        dana.window.first_run.name.setText("Dana")
        dana.window.first_run.room.setText("Staff room")
        await self.take("first-run")
        QTest.mouseClick(dana.window.first_run.host, Qt.MouseButton.LeftButton)
        await self.desk.until(lambda: is_live(dana) and self.over(), "Dana hosts")
        await self.take("hosting")
        for dialog in self.over():
            dialog.close()
        await self.take("empty")

    async def gather(self) -> None:
        """The others come, and one of them may moderate."""
        invite = self.cards[-1].invite
        assert invite is not None
        self.miriam = await join(self.desk, "miriam", "Miriam B.", invite)
        self.yonatan = await join(self.desk, "yonatan", "Yonatan", invite)
        self.alma = await join(self.desk, "alma", "Alma", invite)
        door = self.dana.connection.door
        assert door is not None
        await door.ask("PATCH", "/rooms/lobby", Room, ChangeRoom(topic="Everyone on the network"))
        await self.desk.until(lambda: self.dana.members.online == 4, "all are here")
        self.dana.people.moderate(self.user("Miriam B."), "role_moderator")
        await self.desk.until(lambda: self.user("Miriam B.").role == "moderator", "Miriam moderates")

    async def converse(self) -> None:
        """What they write. Each line is waited for, so that the order is the written one."""
        dana, miriam, yonatan, alma = self.dana, self.miriam, self.yonatan, self.alma
        await self.say(yonatan, "Good morning everyone ☀️")
        await self.say(alma, "Is anyone in the building yet?")
        await self.say(miriam, "I am. Heating is on, coffee too ☕")
        await self.say(miriam, "Morning! The projector in room 204 is fixed")
        await self.say(miriam, "Slides are on the share, and the handout is `week-7.pdf`")
        slides = stored_id(miriam, "Slides")
        for app, emoji in ((dana, "👍"), (yonatan, "👍"), (alma, "👍"), (yonatan, "🎉")):
            app.window.react_requested.emit(slides, emoji, True)
        await self.say(dana, "Great, thank you 🙏")
        await self.say(alma, "wrong room, sorry")
        alma.window.delete_now_requested.emit(stored_id(alma, "wrong room"))
        await self.desk.until(lambda: "wrong room, sorry" not in texts(dana))
        await self.desk.close(alma)
        yonatan.window.chat.composer.start_reply(slides, "Miriam B.", "Slides are on the share")
        await self.say(yonatan, "@Dana can you bring 20 copies?")
        await self.say(yonatan, "**This** is what it looks like now:\n- two rows of tables\n- and a *very* long cable")
        await choose(self.desk, dana, "@Dana can you bring 20 copies?", "Mark unread from here")
        for reader in (miriam, yonatan):
            await self.look(reader)
        await self.desk.until(lambda: self.row("Great").seen_by, "they have seen it")
        await self.look(dana)
        dana.window.chat.composer.start_reply(stored_id(dana, "@Dana"), "Yonatan", "@Dana can you bring 20 copies?")
        await self.say(dana, "Sure, printing them now")

    async def room(self) -> None:
        """The room as it is most of the time: somebody types, and a message has just left."""
        while not self.typing:
            # It is told at most every few seconds, and she has written just now.
            QTest.keyClicks(self.miriam.window.chat.composer.editor, "Lovely ")
            await asyncio.sleep(0.5)
        async with self.slow_host():
            write(self.dana, "and one for you")
            await self.desk.until(lambda: rows(self.dana)[-1].pending, "it is on its way")
            await asyncio.sleep(0.4)  # nothing is said of it before
            await self.take("room")
            await self.take("contrast", themes=("high_contrast",))
        await self.desk.until(lambda: rows(self.dana)[-1].message, "it is stored")
        self.miriam.window.chat.composer.set_text("")

    async def over_the_room(self) -> None:
        """What opens over it by the mouse."""
        view = self.dana.window.chat.view
        at = view.visualRect(self.dana.timeline.index(self.place("Sure"))).center()
        at.setX(view.viewport().width() - 190)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
        QApplication.sendEvent(view.viewport(), event)
        await self.take_and_close("menu")
        rect = view.visualRect(self.dana.timeline.index(self.place("**This**")))
        over = QPointF(120, rect.center().y())
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            over,
            view.viewport().mapToGlobal(over),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        await self.take("hover", lambda: QApplication.sendEvent(view.viewport(), move))
        view.hover.hide()
        people = self.dana.window.people.people
        number = next(n for n in range(self.dana.members.rowCount()) if "Yonatan" in self.name_at(people, n))
        at = people.visualRect(self.dana.members.index(number)).center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, people.viewport().mapToGlobal(at))
        QApplication.sendEvent(people.viewport(), event)
        await self.take_and_close("people-menu")
        QTest.mouseClick(self.dana.window.sidebar.settings, Qt.MouseButton.LeftButton)
        await self.desk.until(self.over, "the host's page")
        await self.take_and_close("host-page")
        await self.look(self.dana)
        QTest.keyClick(self.dana.window, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
        await self.take_and_close("keys", KeysDialog)

    async def writing(self) -> None:
        """The composer's states."""
        composer = self.dana.window.chat.composer
        QTest.mouseClick(composer.emoji, Qt.MouseButton.LeftButton)
        await self.take_and_close("emoji-picker")
        await self.look(self.dana)
        composer.setFocus()
        QTest.keyClicks(composer.editor, "Thanks ")
        QTest.keyClicks(composer.editor, "@")
        await self.desk.until(lambda: composer.completion.isVisible())
        await self.take("completion")
        QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
        composer.set_text("")
        self.dana.window.chat.view.reply_pressed.emit(self.row("**This**"))
        composer.set_text("Looks good.\nCould somebody bring the **longer** table?")
        await self.take("reply")
        composer.set_draft("")
        QTest.keyClick(composer.editor, Qt.Key.Key_Up)
        await self.take("edit")
        QTest.keyClick(composer.editor, Qt.Key.Key_Escape)

    async def beside(self) -> None:
        """The right pane's other pages, and the switcher."""
        window = self.dana.window
        QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(window.people.search.field, "sli")
        await self.desk.until(lambda: self.dana.found.rowCount(), "found")
        await self.take("search")
        window.side.close()
        QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(window.sidebar.search, "mi")
        await self.take("switcher")
        for _ in range(2):
            QTest.keyClick(window.sidebar.search, Qt.Key.Key_Escape)
        for start in ("Slides", "Morning"):
            window.pin_requested.emit(stored_id(self.dana, start), True)
        await self.desk.until(lambda: self.row("Morning").message.pinned_at, "pinned")  # type: ignore[union-attr]
        window.side.open_pins()
        await self.desk.until(lambda: self.dana.pinned.rowCount() == 2, "both pins")
        await self.take("pins")
        window.side.close()
        window.side.show_details(self.row("Great"))
        await self.desk.until(lambda: self.dana.window.people.details.lines()[-1][0] == "Seen by")
        await self.take("details")
        window.side.close()

    async def shapes(self) -> None:
        """Other widths, directions and text sizes."""
        window = self.dana.window
        for state, width, height in (("narrow", 420, 800), ("wide", 2560, 1080)):
            window.resize(width, height)
            await self.take(state)
        window.resize(WIDTH, HEIGHT)
        self.desk.qt.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        await self.say(self.dana, "נתראה בשעה 10:00, בחדר 204")
        await self.take("mirrored")
        self.desk.qt.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.dana.theme.set_scale(2.0)
        await self.take("large-text")
        self.dana.theme.set_scale(1.0)

    async def unread(self) -> None:
        """Yonatan reads further up while others write, and one of them names him."""
        yonatan = self.shown = self.yonatan
        await self.look(self.dana)
        view = yonatan.window.chat.view
        while view.at_latest:
            view.verticalScrollBar().setValue(view.verticalScrollBar().minimum())
            await asyncio.sleep(0.2)  # until what there is was laid out
        for app, line in (
            (self.miriam, "The bus is late, I'll be there at ten past"),
            (self.miriam, "@Yonatan could you open 204 for the others?"),
            (self.dana, "I have a key too, if that helps"),
        ):
            await self.say(app, line)
        await self.desk.until(lambda: view.jump.count == 3, "three are new")
        await self.take("unread")
        view.to_latest()

    async def failed(self) -> None:
        """Yonatan is muted, and what he writes is refused."""
        self.dana.people.moderate(self.user("Yonatan"), "mute_hour")
        await asyncio.sleep(0.5)
        await self.look(self.yonatan)
        write(self.yonatan, "On my way with the key")
        await self.desk.until(lambda: rows(self.yonatan)[-1].failed, "it was refused")
        await self.take("failed")

    async def doors(self) -> None:
        """What is asked of who comes without an invite."""
        card = self.cards[-1]
        self.dana.people.set_policy("code")
        self.shown = noa = await self.desk.open("noa")
        noa.window.first_run.name.setText("Noa")
        noa.window.first_run.address.setText(card.address_lines[0].replace(" ", ""))
        QTest.mouseClick(noa.window.first_run.join, Qt.MouseButton.LeftButton)
        await self.desk.until(lambda: self.over(TrustDialog), "the key is shown")
        await self.take("trust")
        noa.window.dialogs.trust_answered.emit(True)
        for dialog in self.over(TrustDialog):
            dialog.hide()
        await self.desk.until(lambda: self.over(SecretDialog), "the code is asked for")
        await self.take_and_close("code", SecretDialog)
        await self.desk.close(noa)

    async def offline(self) -> None:
        """The host is gone: what Miriam's window says, and a message that waits in it."""
        miriam = self.shown = self.miriam
        await self.dana.hosting.aclose()
        await self.desk.until(lambda: not is_live(miriam), "Miriam sees that the host is gone")
        write(miriam, "I'll be there in five minutes")
        await self.desk.until(lambda: rows(miriam)[-1].pending, "it waits")
        await self.look(miriam)
        await asyncio.sleep(2.5)  # the banner says nothing for the first two seconds
        await self.take("offline")

    # How ---------------------------------------------------------------------------------------------------------

    def _typing_changed(self, names: tuple[str, ...]) -> None:
        self.typing = names

    def user(self, name: str) -> User:
        return next(user for user in self.dana.members.users.values() if user.name == name)

    def row(self, start: str) -> TimelineRow:
        return rows(self.dana)[self.place(start)]

    def place(self, start: str) -> int:
        """Where the message stands that begins so, in Dana's window."""
        return next(n for n, row in enumerate(rows(self.dana)) if row.message and row.message.body.startswith(start))

    def name_at(self, people: QListView, number: int) -> str:
        return str(people.model().index(number, 0).data())

    @contextlib.asynccontextmanager
    async def slow_host(self) -> AsyncIterator[None]:
        """The host answers nothing meanwhile."""
        pid = self.dana.hosting.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def look(self, app: App) -> None:
        """Bring the window to the front, as who reads it does."""
        app.window.activateWindow()
        await self.desk.until(app.window.isActiveWindow)

    async def say(self, app: App, text: str) -> None:
        """Write it, and wait until both have it."""
        if text.isascii() and "\n" not in text and not text.startswith("@"):
            write(app, text)
        else:
            app.window.chat.composer.set_text(text)
            app.window.chat.composer.submit()
        await self.desk.until(lambda: text in stored(self.dana) and text in stored(app), text)

    def over(self, kind: type[QWidget] = QWidget) -> list[QWidget]:
        """The dialogs and menus over the window."""
        parents = {it: it.parentWidget() for it in QApplication.topLevelWidgets() if it.isVisible()}
        window = self.shown.window
        return [it for it, parent in parents.items() if parent and parent.window() is window and isinstance(it, kind)]

    async def take_and_close(self, state: str, kind: type[QWidget] = QWidget) -> None:
        """Photograph the window with what lies over it, and take that away."""
        await self.take(state)
        for over in self.over(kind):
            over.close()

    async def take(
        self, state: str, just_before: Callable[[], object] = bool, themes: Sequence[Choice] = THEMES
    ) -> None:
        """Photograph the window, with what lies over it, in each theme."""
        if self.wanted and state not in self.wanted:
            return
        self.taken.add(state)
        for theme in themes:
            self.shown.theme.set_choice(theme)
            await asyncio.sleep(0.25)  # a list view lays out later, on a timer of its own
            just_before()
            picture = self.shown.window.grab()
            self.overlay(picture)
            name = state if len(themes) == 1 else f"{state}-{theme}"
            few_colours(picture.toImage()).save(str(self.folder / f"{name}{self.suffix}.png"), "PNG", 0)

    def overlay(self, picture: QPixmap) -> None:
        tokens = self.shown.theme.tokens
        with QPainter(picture) as painter:
            for over in self.over():
                at = over.mapToGlobal(QPoint()) - self.shown.window.mapToGlobal(QPoint())
                if isinstance(over, QDialog):
                    # Off screen nobody draws a frame around it.
                    painter.setPen(QPen(tokens.line, 2))
                    painter.drawRect(QRectF(QRect(at, over.size())).adjusted(-1, -1, 1, 1))
                painter.drawPixmap(QPointF(at), over.grab())


def few_colours(image: QImage) -> QImage:
    """The picture in at most 256 colours, a third of the size: those it has most of, and of every other region of
    colours, in which emoji live, the commonest one."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    counts = Counter(memoryview(plain.constBits()).cast("I"))  # type: ignore[arg-type]
    ordered = [colour for colour, _ in counts.most_common()]
    kept = dict.fromkeys(ordered[:96])
    regions = {colour & 0xE0E0C0 for colour in kept}
    for mask in (0xE0E0C0, 0xF0F0E0):
        for colour in ordered:
            if len(kept) < 256 and colour & mask not in regions:
                regions.add(colour & mask)
                kept[colour] = None
    for colour in ordered[96:]:
        if len(kept) < 256:
            kept[colour] = None
    nearest = Qt.ImageConversionFlag.ThresholdDither
    return plain.convertToFormat(QImage.Format.Format_Indexed8, list(kept), nearest)


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
