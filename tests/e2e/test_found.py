"""Joining a room found on the network: what was announced is believed once its key was seen and compared."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.core.words import words_of
from mrsambosk_desktop.widgets.trust_dialog import TrustDialog
from mrsambosk_protocol.invite import Address
from tests.helpers.host_process import HostProcess

from .desk import Desk, is_live, join, run, stored, write


def _found(host: HostProcess, **fields: object) -> FoundHost:
    told: dict[str, object] = {
        "id": host.ready["fingerprint"],
        "addresses": (Address("127.0.0.1", host.port),),
        "name": "Staff room",
        "tls": True,
        "locked": False,
        "people": 1,
    }
    return FoundHost(**(told | fields))  # type: ignore[arg-type]


async def _pick(desk: Desk, found: FoundHost) -> App:
    """A window on which this host was found and clicked."""
    anna = await desk.open("anna")
    anna.connection.trust_asked.connect(desk._poke)
    anna.window.first_run.name.setText("Anna")
    anna.nearby.changed.emit((found,))
    rows = anna.window.first_run.nearby.list
    at = rows.visualItemRect(rows.item(0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)
    return anna


async def _compare(desk: Desk, app: App, found: FoundHost) -> None:
    await desk.until(lambda: app.window.findChild(TrustDialog), "the words are shown")
    dialog = app.window.findChild(TrustDialog)
    assert isinstance(dialog, TrustDialog)
    assert dialog.words.text() == " ".join(words_of(found.id))
    QTest.mouseClick(dialog.accept_words, Qt.MouseButton.LeftButton)


def test_a_found_room_is_joined_once_its_words_were_compared(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            # A stranger may name any address first.
            found = _found(host, addresses=(Address("127.0.0.1", 9), Address("127.0.0.1", host.port)))
            anna = await _pick(desk, found)
            await _compare(desk, anna, found)
            await desk.until(lambda: is_live(anna))
            assert anna.feed.host == found.id

        run(qapp, tmp_path, play)


def test_a_locked_room_takes_its_code(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", "--policy", "code", tls=True) as host:

        async def play(desk: Desk) -> None:
            found = _found(host, locked=True)
            anna = await _pick(desk, found)
            page = anna.window.first_run
            QTest.keyClicks(page.nearby.code, host.ready["code"])
            QTest.mouseClick(page.nearby.enter, Qt.MouseButton.LeftButton)
            await _compare(desk, anna, found)
            await desk.until(lambda: is_live(anna))

        run(qapp, tmp_path, play)


def test_who_announces_another_hosts_key_is_refused_without_a_question(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await _pick(desk, _found(host, id="A" * 52))
            problem = anna.window.first_run._problem
            await desk.until(lambda: "another key" in problem.text())
            assert anna.window.findChild(TrustDialog) is None
            assert anna.feed.host == ""

        run(qapp, tmp_path, play)


def test_a_found_room_that_does_not_answer_is_said_so(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        found = FoundHost(
            id="A" * 52, name="Gone", addresses=(Address("127.0.0.1", 9),), tls=True, locked=False, people=0
        )
        anna = await _pick(desk, found)
        problem = anna.window.first_run._problem
        await desk.until(lambda: "Nothing answers" in problem.text())

    run(qapp, tmp_path, play)


def test_a_known_host_is_found_again_at_a_new_address_by_its_key(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        with HostProcess(tmp_path / "host", tls=True) as host:
            anna = await join(desk, "anna", "Anna", host.ready["invite"])
            before = host.port
        with (
            HostProcess(tmp_path / "another", tls=True, port=before),
            HostProcess(tmp_path / "host", tls=True) as moved,
        ):
            # Where it was another one answers now, and strangers lie about where it is.
            anna.connection.try_again()
            await desk.until(lambda: anna.connection.state.link is Link.STOPPED and anna.connection.state.reason)
            anna.nearby.changed.emit(
                (_found(moved, addresses=(Address("127.0.0.1", before), *_found(moved).addresses)),)
            )
            await desk.until(lambda: is_live(anna))
            assert anna.feed.host == moved.ready["fingerprint"]
            assert anna.window.findChild(TrustDialog) is None
            await desk.close(anna)

    run(qapp, tmp_path, play)


def test_a_known_host_that_is_found_again_takes_the_token_of_then(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.ready["invite"])
            me = anna.feed.me
            anna.arrival.show_first_page()
            # Neither the words are compared again nor is a code asked for, and the name is no other's.
            asked: list[object] = []
            anna.connection.trust_asked.connect(lambda *words: asked.append(words))
            anna.connection.join_found("Anna", _found(host), "")
            await desk.until(lambda: anna.window.chat.isVisible() and is_live(anna), "back in the room")
            assert (anna.feed.me, asked) == (me, [])
            anna.connection.join("Anna", host.ready["invite"])
            await desk.until(lambda: not anna.connection._joining and is_live(anna), "by the invite again")
            assert (anna.feed.me, asked) == (me, [])

        run(qapp, tmp_path, play)


def test_who_was_signed_out_joins_as_somebody_new(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.ready["invite"])
            me = anna.feed.me
            door = anna.connection.door
            assert door is not None
            await door.ask("DELETE", "/token", type(None))
            await desk.until(lambda: anna.connection.state.link is Link.STOPPED, "signed out")
            anna.connection.join("Anna B", host.ready["invite"])
            await desk.until(lambda: is_live(anna) and anna.feed.me != me, "a new member")

        run(qapp, tmp_path, play)


def test_rooms_of_before_are_on_the_first_page_and_one_click_away(qapp: QApplication, tmp_path: Path) -> None:
    with (
        HostProcess(tmp_path / "one", "--name", "One", "--policy", "code", tls=True) as one,
        HostProcess(tmp_path / "two", "--name", "Two", tls=True) as two,
    ):

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", one.ready["invite"])
            me = anna.feed.me
            anna.show_again(two.ready["invite"])
            first = anna.window.first_run
            QTest.mouseClick(first.join, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(anna) and anna.feed.host == two.ready["fingerprint"], "in the other")
            anna.arrival.show_first_page()
            rows = first.nearby.list
            await desk.until(lambda: rows.count() == 2, "both are there")
            assert [rows.item(place).data(Qt.ItemDataRole.UserRole).name for place in range(2)] == ["Two", "One"]
            # Heard of besides, it is still one row, and no code is asked for.
            anna.nearby.changed.emit((_found(one, name="One", locked=True, people=3),))
            assert rows.count() == 2
            at = rows.visualItemRect(rows.item(1)).center()
            QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)
            await desk.until(lambda: is_live(anna) and anna.feed.host == one.ready["fingerprint"], "back in the first")
            assert anna.feed.me == me
            assert anna.window.chat.isVisible()

        run(qapp, tmp_path, play)


def test_a_room_of_ones_own_is_opened_again_from_the_first_page(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "two", "--name", "Two", owner="Olga", tls=True) as two:

        async def play(desk: Desk) -> None:
            dana = await desk.open("dana")
            dana.window.first_run.name.setText("Dana")
            QTest.mouseClick(dana.window.first_run.host, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(dana), "hosting")
            own = dana.feed.host
            write(dana, "mine")
            await desk.until(lambda: stored(dana) == ["mine"])
            dana.hosting.stop()
            await desk.until(lambda: dana.hosting.pid is None, "closed")
            dana.show_again(two.ready["invite"])
            QTest.mouseClick(dana.window.first_run.join, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(dana) and dana.feed.host != own, "in another")
            dana.arrival.show_first_page()
            rows = dana.window.first_run.nearby.list
            await desk.until(lambda: rows.count() == 2, "both are there")
            at = rows.visualItemRect(rows.item(1)).center()
            QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)
            await desk.until(lambda: is_live(dana) and dana.feed.host == own, "hosting again")
            assert stored(dana) == ["mine"]
            assert dana.hosting.pid is not None

        run(qapp, tmp_path, play)
