"""Our icons: in the colour that was asked for, and the mark legible on every ground."""

import pytest
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.delegates.icons import icon, pixmap
from mrsambosk_desktop.paths import resource

NAMES = sorted(path.stem for path in resource("icons", "chat.svg").parent.glob("*.svg"))


def solid(image: QImage) -> set[str]:
    """The colours of all pixels that are not half transparent."""
    colours = set()
    for y in range(image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y)
            if colour.alpha() == 255:
                colours.add(colour.name())
    return colours


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mrsambosk"])
@pytest.mark.parametrize("colour", ["#ffffff", "#5e6477", "#ffe14d"])
def test_an_icon_has_one_colour(qapp: QApplication, name: str, colour: str) -> None:
    assert solid(pixmap(name, colour, 40, 2.0).toImage()) == {colour}


@pytest.mark.parametrize(("ground", "letter"), [("#4f46e5", "#ffffff"), ("#655dea", "#ffffff"), ("#ffe14d", "#000000")])
def test_the_marks_letter_stands_out(qapp: QApplication, ground: str, letter: str) -> None:
    assert {ground, letter} <= solid(pixmap("mrsambosk", ground, 64, 1.0).toImage())


def test_a_disabled_button_has_another_colour(qapp: QApplication) -> None:
    made = icon("send", QColor("#ffffff"), 20, disabled=QColor("#5e6477"))
    for mode, colour in ((QIcon.Mode.Normal, "#ffffff"), (QIcon.Mode.Disabled, "#5e6477")):
        assert solid(made.pixmap(20, mode).toImage()) == {colour}
