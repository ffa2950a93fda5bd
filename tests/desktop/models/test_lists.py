"""People and rooms as rows."""

from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from mrsambosk_desktop.models.members import MemberModel, MemberRole
from mrsambosk_desktop.models.rooms import RoomModel, RoomRole
from mrsambosk_protocol.entities import GONE, Room, User, You
from tests.helpers.rows import ME, PEOPLE
from tests.helpers.watched import watch


def names(model: MemberModel) -> list[str]:
    return [str(model.index(row).data()).replace("\u2068", "").replace("\u2069", "") for row in range(model.rowCount())]


def test_people_online_come_first_and_who_left_not_at_all(qtmodeltester: ModelTester) -> None:
    model = MemberModel()
    model.set_me(ME)
    model.set_users(PEOPLE | {"u_x": User(id="u_x", name="", role=GONE)})
    qtmodeltester.check(model)
    assert names(model) == ["Dana (you)", "Miriam B.", "Yonatan", "Alma"]
    sections = [model.index(row).data(MemberRole.SECTION) for row in range(4)]
    assert sections == ["Online — 3", "", "", "Offline — 1"]
    assert model.index(1).data(MemberRole.ROLE_TEXT) == "mod"
    assert model.index(3).data(Qt.ItemDataRole.AccessibleTextRole) == "\u2068Alma\u2069, offline"
    model.update_users([User(id="u_alma", name="Alma", status="away")])
    assert names(model) == ["Dana (you)", "Alma", "Miriam B.", "Yonatan"]
    assert model.online == 4


def test_without_a_connection_nobody_is_said_to_be_online(qtmodeltester: ModelTester) -> None:
    model = MemberModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    qtmodeltester.check(model)
    model.set_known(False)
    assert names(model) == ["Dana (you)", "Alma", "Miriam B.", "Yonatan"]
    assert [model.index(row).data(MemberRole.SECTION) for row in range(4)] == ["People — 4", "", "", ""]
    assert {model.index(row).data(MemberRole.PRESENCE) for row in range(4)} == {""}
    assert model.index(2).data(Qt.ItemDataRole.AccessibleTextRole) == "\u2068Miriam B.\u2069, mod"
    model.set_known(True)
    assert names(model) == ["Dana (you)", "Miriam B.", "Yonatan", "Alma"]
    assert model.index(3).data(MemberRole.SECTION) == "Offline — 1"


def test_a_room_changes_in_place(qtmodeltester: ModelTester) -> None:
    model = RoomModel()
    model.set_rooms([Room(id="lobby", name="lobby"), Room(id="r_1", name="exams")])
    qtmodeltester.check(model)
    model.update(Room(id="r_1", name="exams", you=You(unread=12, mentions=1)))
    assert model.index(1).data(RoomRole.UNREAD) == 12
    assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole) == "Room exams, 12 unread, 1 mentions of you"
    model.update(Room(id="r_2", name="sports"))
    model.remove("r_1")
    assert [model.index(row).data() for row in range(model.rowCount())] == ["lobby", "sports"]


def test_a_new_connection_with_the_same_people_and_rooms_leaves_the_rows_alone() -> None:
    members, rooms = MemberModel(), RoomModel()
    lobby, exams = Room(id="lobby", name="lobby"), Room(id="r_1", name="exams")
    members.set_users(PEOPLE)
    rooms.set_rooms([lobby, exams])
    told = watch(members), watch(rooms)
    members.set_users(dict(PEOPLE))
    rooms.set_rooms([lobby, exams])
    assert told == ([], [])
    rooms.set_rooms([lobby, Room(id="r_1", name="exams", you=You(unread=3))])
    assert told == ([], [("changed", 1, 1)])
    rooms.set_rooms([lobby])
    assert told[1][-1] == ("reset", 0, 0)


def test_people_who_came_or_were_erased_meanwhile_are_rows_or_none() -> None:
    members = MemberModel()
    members.set_me(ME)
    members.set_users(PEOPLE)
    members.set_users(PEOPLE | {"u_noa": User(id="u_noa", name="Noa", status="online")})
    assert names(members) == ["Dana (you)", "Miriam B.", "Noa", "Yonatan", "Alma"]
    members.set_users({id: user for id, user in PEOPLE.items() if id != "u_yonatan"})
    assert names(members) == ["Dana (you)", "Miriam B.", "Alma"]
    members.set_users({})
    assert names(members) == []
