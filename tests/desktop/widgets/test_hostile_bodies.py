"""A thousand hostile bodies, each shown as typed, soon, in its place, and without touching a file or the network."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel, QListWidget, QMenu, QWidget

from mrsambosk_desktop.core.bodies import Style, parse, shown_text
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.rows import HostCard
from mrsambosk_desktop.delegates.look import text_look
from mrsambosk_desktop.delegates.row_layout import PAD_X, Fonts, measure_row
from mrsambosk_desktop.delegates.row_painter import bubble_box, paint_row
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import Room, User
from mrsambosk_protocol.invite import Address
from tests.helpers.hostile import bodies
from tests.helpers.rows import ME, PEOPLE, message

from .conftest import Desk

COUNT = 1000
_watched: list[str] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is not None and (
        event == "open" or event.startswith(("socket.", "subprocess.", "os.system", "urllib."))
    ):
        _watched.append(f"{event} {arguments!r}")


sys.addaudithook(_hook)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture whose last reading is known to be long ago: any reading of it shows."""
    made = tmp_path / "secret.png"
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0)
    assert image.save(str(made))
    os.utime(made, (1_000_000_000, 1_600_000_000))
    return made


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def test_each_is_shown_as_typed_soon_in_its_place_and_reaches_for_nothing(qapp: object, picture: Path) -> None:
    global _watched
    theme = Theme(qapp, "light")  # type: ignore[arg-type]
    fonts = Fonts(theme)
    looks = {own: text_look(theme, own=own) for own in (False, True)}
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    image = QImage(500, 900, QImage.Format.Format_RGB32)
    slow: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        todo = ["warm 👍 שלום\n```python\nx\n```", *bodies(COUNT, str(picture), listener.getsockname()[1])]
        # Fonts and languages are loaded by whoever comes first; that is not the body's doing.
        for body in todo[:120]:
            _show(model, body, fonts, looks, theme, image, 1)
        _watched = []
        try:
            for number, body in enumerate(todo):
                started = time.thread_time()
                blocks, width, inside = _show(model, body, fonts, looks, theme, image, number)
                taken = time.thread_time() - started
                # Of the processor's time. How long it takes is the business of scripts/bench-window: 0.1 s at most.
                if number and taken > 1.0:
                    slow.append(f"{taken:.3f} s: {body[:40]!r} ({len(body)})")
                assert inside, body[:60]
                assert width <= 360 + 2 * PAD_X, body[:60]
                hidden = "".join(run.target for block in blocks for run in block.runs if Style.LINK in run.style)
                hidden += "".join(block.language for block in blocks)
                assert not set(letters(body)) - set(letters(shown_text(blocks))) - set(hidden), body[:60]
        finally:
            seen, _watched = _watched, None
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [one for one in seen if ".venv" not in one and "/resources/" not in one and ".py" not in one] == []
    assert picture.stat().st_atime == 1_000_000_000
    assert slow == []
    theme.deleteLater()


def _show(
    model: TimelineModel, body: str, fonts: Fonts, looks: dict[bool, object], theme: Theme, image: QImage, number: int
) -> tuple[object, float, bool]:
    """Parse, measure and paint it; its blocks, its bubble's width, and whether the bubble is within the row."""
    author = ME if number % 3 == 0 else "u_miriam"
    model.reset([message(1, body, author=author)], has_older=False, has_newer=False, unread_after=None)
    row = model.row(0)
    layout = measure_row(row, 360, number % 2 == 0, fonts, looks[row.mine])  # type: ignore[arg-type]
    box = QRectF(0, 0, 500, layout.height)
    image.fill(theme.tokens.ground)
    painter = QPainter(image)
    text = looks[row.mine]
    paint_row(painter, layout, box, theme.tokens, fonts, text, selected=False, focused=False, flashed=False)  # type: ignore[arg-type]
    painter.end()
    return row.blocks, layout.bubble_width, box.adjusted(-1, -1, 1, 1).contains(bubble_box(layout, box))


def test_the_picture_would_tell(picture: Path) -> None:
    """The fence holds: who reads the file, or opens a socket, is seen."""
    global _watched
    _watched = []
    try:
        picture.read_bytes()
        socket.socket().close()
    finally:
        seen, _watched = _watched, None
    assert any(str(picture) in one for one in seen)
    assert any(one.startswith("socket.") for one in seen)


HOSTILE_NAMES = [
    "<b>x</b><img src='file:///x'>",
    "[*]&amp;&x",
    "a\u202eb",
    "%n {name} %s",
    "<table>" * 4,
    "é" + "\u0301" * 2,
]


@pytest.mark.parametrize("hostile", HOSTILE_NAMES)
def test_hostile_names_change_no_menu_tooltip_or_title(desk: Desk, hostile: str) -> None:
    window = desk.window
    people = {ME: User(id=ME, name=hostile, role="owner"), "u_x": User(id="u_x", name=hostile)}
    desk.timeline.set_users(people)
    desk.members.set_users(people)
    desk.rooms.set_rooms([Room(id="lobby", name=hostile, topic=hostile)])
    window.set_room(Room(id="lobby", name=hostile, topic=hostile))
    window.set_host(HostCard(True, hostile, hostile, (hostile,), 1, hostile))
    window.dialogs.show_hosting()
    desk.open([message(1, hostile, author="u_x", reactions={"👍": ("u_x",)})])
    stranger = FoundHost(
        id="A" * 52, name=hostile, addresses=(Address("192.168.1.9"),), tls=True, locked=True, people=1
    )
    window.first_run.set_found((stranger,))
    around = window.first_run.findChild(QListWidget)
    assert around is not None
    assert not around.item(0).toolTip().count("<")
    window.chat._open_menu(desk.timeline.row(0), QPoint())
    menus = window.findChildren(QMenu)
    assert any(menu.isVisible() for menu in menus), "the message's menu is one of them"
    for menu in menus:
        assert all(hostile not in action.text() for action in menu.actions())
    assert all("<" not in widget.toolTip() for widget in window.findChildren(QWidget))
    assert window.windowTitle().replace("[*][*]", "[*]").endswith(hostile)
    for label in window.findChildren(QLabel):
        assert label.textFormat().name == "PlainText"
    index = desk.members.index(1)
    assert hostile in index.data()
    assert hostile in desk.timeline.row(0).author.name  # type: ignore[union-attr]
    assert not window.grab().isNull()
    assert shown_text(parse(hostile)) == hostile
