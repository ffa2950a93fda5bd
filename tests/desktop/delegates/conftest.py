"""A theme for delegates, and rows from a model."""

import pytest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.delegates.look import text_look
from mrsambosk_desktop.delegates.row_layout import Fonts, RowLayout, measure_row
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import Message
from tests.helpers.rows import ME, PEOPLE


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "light")


class Measure:
    """Measures a message as the only row of a room."""

    def __init__(self, theme: Theme) -> None:
        self._fonts = Fonts(theme)
        self._looks = {own: text_look(theme, own=own) for own in (False, True)}

    def __call__(self, message: Message, width: float = 400, *, mirrored: bool = False) -> RowLayout:
        model = TimelineModel()
        model.set_me(ME)
        model.set_users(PEOPLE)
        model.reset([message], has_older=False, has_newer=False, unread_after=None)
        row = model.row(0)
        return measure_row(row, width, mirrored, self._fonts, self._looks[row.mine])


@pytest.fixture
def measure(theme: Theme) -> Measure:
    return Measure(theme)
