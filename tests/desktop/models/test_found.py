"""Found messages as rows: they stay true while they are shown."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mrsambosk_desktop.core.terms import Terms
from mrsambosk_desktop.models.found import FoundModel
from tests.helpers.rows import PEOPLE, deleted, message


@pytest.fixture
def found(qtmodeltester: ModelTester) -> FoundModel:
    model = FoundModel()
    qtmodeltester.check(model)
    model.set_people(PEOPLE)
    model.reset([message(3), message(2), message(1)], Terms("message"), {})
    return model


def bodies(model: FoundModel) -> list[str]:
    return [model.row(place).text for place in range(model.rowCount())]


def test_a_row_says_who_when_and_what(found: FoundModel) -> None:
    spoken = found.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Miriam B., ")
    assert spoken.endswith(", message 3")
    assert [piece.hit for piece in found.row(0).pieces] == [True, False]


def test_rows_of_several_rooms_say_which(found: FoundModel) -> None:
    found.reset([message(3)], Terms(""), {"lobby": "Lobby"})
    assert "in \u2068Lobby\u2069" in found.index(0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_an_edit_changes_one_row(found: FoundModel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(found.dataChanged) as told:
        found.update([message(2, "another message", rev=9), message(3, "older", rev=1), message(7)])
    assert told.args is not None
    assert told.args[0].row() == told.args[1].row() == 1
    assert bodies(found) == ["message 3", "another message", "message 1"]


def test_a_deleted_message_is_found_no_more(found: FoundModel) -> None:
    found.update([deleted(2, rev=9)])
    assert bodies(found) == ["message 3", "message 1"]


def test_no_message_is_shown_twice(found: FoundModel) -> None:
    found.extend([message(1), message(0)])
    assert bodies(found) == ["message 3", "message 2", "message 1", "message 0"]


def test_a_new_one_stands_where_its_id_belongs(found: FoundModel) -> None:
    found.take("lobby", 2)
    found.put(message(2, "again"))
    found.put(message(9))
    found.put(message(0))
    found.put(message(9, "changed", rev=10))
    assert bodies(found) == ["changed", "message 3", "again", "message 1", "message 0"]


def test_a_renamed_person_is_renamed_here(found: FoundModel) -> None:
    found.set_people({})
    assert found.index(0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Someone, ")
