"""Reading with a real host: what was found, pinned or left unread, seen by real windows."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.app import App
from tests.helpers.host_process import ROOMY, HostProcess

from .desk import Desk, choose, is_live, join, rows, run, stored, write

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def found(app: App) -> list[str]:
    return [app.found.row(place).text for place in range(app.found.rowCount())]


def pinned(app: App) -> list[str]:
    return [app.pinned.row(place).text for place in range(app.pinned.rowCount())]


def test_search_at_the_host_then_in_the_copy(qapp: QApplication, tmp_path: Path) -> None:
    host = HostProcess(tmp_path / "host", *ROOMY).start()

    async def play(desk: Desk) -> None:
        anna = await join(desk, "anna", "Anna", host.authority)
        lines = ["the needle is here", *(f"hay {number}" for number in range(150)), "another needle"]
        for line in lines:
            anna.chat.send(line, (), None)
        await desk.until(lambda: stored(anna)[-1:] == lines[-1:], "all are stored")
        ben = await join(desk, "ben", "Ben", host.authority)
        await desk.until(lambda: stored(ben)[-1:] == lines[-1:])
        QTest.keyClick(ben.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        page = ben.window.people.search
        QTest.keyClicks(page.field, "needl")
        await desk.until(lambda: found(ben) == ["another needle", "the needle is here"], "the host found both")
        QTest.keyClick(page.field, Qt.Key.Key_Down)
        QTest.keyClick(page.list, Qt.Key.Key_Down)
        QTest.keyClick(page.list, Qt.Key.Key_Return)
        await desk.until(lambda: lines[0] in stored(ben), "the jump loaded what is around it")
        target = next(row.key for row in rows(ben) if row.message and row.message.body == lines[0])
        await desk.until(lambda: ben.window.chat.view._delegate.flash == target, "it is pointed out")
        host.kill()
        await desk.until(lambda: not is_live(ben))
        QTest.keyClicks(page.field, "e")
        page.field.setFocus()
        QTest.keyClick(page.field, Qt.Key.Key_Return)
        await desk.until(lambda: ben.finding.search.state.kept, "the copy was searched")
        assert lines[0] in found(ben)

    run(qapp, tmp_path, play)


def test_pinned_here_listed_there(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "keep this")
            write(anna, "and this")
            await desk.until(lambda: stored(ben) == ["keep this", "and this"])
            await choose(desk, anna, "keep this", "Pin")
            QTest.mouseClick(ben.window.chat.header.pins, Qt.MouseButton.LeftButton)
            await desk.until(lambda: pinned(ben) == ["keep this"])
            await choose(desk, ben, "and this", "Pin")
            await desk.until(lambda: pinned(ben) == ["and this", "keep this"], "the open list follows")
            await choose(desk, anna, "keep this", "Unpin")
            await desk.until(lambda: pinned(ben) == ["and this"])

        run(qapp, tmp_path, play)


def test_seen_by_the_other_and_marked_unread_again(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "one")
            write(anna, "two")
            await desk.until(lambda: stored(ben) == ["one", "two"])
            first, second = (row.key for row in rows(ben) if not row.system)
            ben.reading.read(int(second))
            await desk.until(lambda: all(row.seen_by for row in rows(anna) if row.mine), "two ticks at Anna's")
            anna.window.side.show_details(rows(anna)[-1])
            await desk.until(lambda: ("Seen by", "\u2068Ben\u2069") in anna.window.people.details.lines())
            await choose(desk, ben, "one", "Mark unread from here")
            await desk.until(lambda: ben.feed.rooms["lobby"].you.unread == 2)
            assert [row.key for row in rows(ben) if row.group.unread] == [first]
            await desk.close(ben)
            again = await desk.open("ben")
            await desk.until(lambda: is_live(again))
            assert [row.key for row in rows(again) if row.group.unread] == [first], "also at the next start"

        run(qapp, tmp_path, play)
