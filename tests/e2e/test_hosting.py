"""Hosting from the window: where, what the window tells of it, and how it goes on."""

import os
import signal
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from mrsambosk_desktop.app import App, Options
from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_desktop.widgets.closing_dialog import ClosingDialog
from mrsambosk_desktop.widgets.invites_dialog import InvitesDialog
from mrsambosk_protocol.invite import parse_invite

from .desk import Desk, is_live, join, run, stored, write

HOME = Network("wlan0", "192.168.1.20", "192.168.1.0/24", usual=True)
CAFE = Network("wlan0", "192.168.7.9", "192.168.7.0/24", usual=True)


async def _open(desk: Desk, networks: list[Network]) -> App:
    """A window whose computer is on these networks."""
    app = await desk.open("dana")
    app.hosting._bind = None
    app.networks._look = lambda: tuple(networks)
    app.networks.look()
    return app


async def _host(desk: Desk, app: App) -> None:
    app.window.first_run.name.setText("Dana")
    QTest.mouseClick(app.window.first_run.host, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app), "hosting")


def test_from_the_first_start_to_the_first_message(qapp: QApplication, tmp_path: Path) -> None:
    """What README.md says of it: one click to host, one to join by an invite on the clipboard, none to write. How long
    that takes is printed (``pytest -rP``)."""

    async def play(desk: Desk) -> None:
        began = time.monotonic()
        dana = await desk.open("dana")
        QTest.mouseClick(dana.window.first_run.host, Qt.MouseButton.LeftButton)
        await desk.until(lambda: is_live(dana), "hosting")
        assert dana.window.dialogs._hosting is not None
        write(dana, "first")
        await desk.until(lambda: stored(dana) == ["first"])
        hosted = time.monotonic() - began

        QGuiApplication.clipboard().setText(dana.window.dialogs._hosting._invite)
        began = time.monotonic()
        anna = await desk.open("anna")
        first = anna.window.first_run
        first.name.setText("Anna")  # two people of one computer have one name
        assert first.copied.isVisible()
        assert not is_live(anna)  # offered, not joined
        QTest.mouseClick(first.copied, Qt.MouseButton.LeftButton)
        await desk.until(lambda: is_live(anna), "joined")
        write(anna, "second")
        await desk.until(lambda: stored(dana) == ["first", "second"])
        print(f"hosting: 1 click, {hosted:.1f} s; joining: 1 click, {time.monotonic() - began:.1f} s")
        QGuiApplication.clipboard().clear()
        await desk.close(anna)

    run(qapp, tmp_path, play)


def test_a_room_is_hosted_on_the_chosen_network_and_asked_about_on_another(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        networks = [HOME]
        dana = await _open(desk, networks)
        await _host(desk, dana)
        assert dana.hosting._binds() == (HOME.block,)
        write(dana, "at home")
        await desk.until(lambda: stored(dana) == ["at home"])
        assert dana.window.dialogs._asking_networks is None
        before = dana.hosting.pid

        networks[:] = [CAFE]
        dana.networks.look()
        question = dana.window.dialogs._asking_networks
        assert question is not None
        assert dana.hosting._binds() == (HOME.block,)
        QTest.mouseClick(question.accept_networks, Qt.MouseButton.LeftButton)
        await desk.until(lambda: dana.hosting.pid not in (None, before) and is_live(dana), "hosting there")
        assert dana.hosting._binds() == (HOME.block, CAFE.block)
        assert stored(dana) == ["at home"]
        # It was no death: nobody is told that the room was opened again.
        write(dana, "elsewhere")
        await desk.until(lambda: stored(dana) == ["at home", "elsewhere"])
        await desk.close(dana)

        again = App(qapp, Options(tmp_path / "dana", port=0, look_around=False))
        again.networks._look = lambda: tuple(networks)
        desk.apps.append(again)
        await again.start()
        await desk.until(lambda: is_live(again), "hosting again")
        assert again.hosting._binds() == (HOME.block, CAFE.block)
        assert again.window.dialogs._asking_networks is None
        assert stored(again) == ["at home", "elsewhere"]

    run(qapp, tmp_path, play)


def test_a_new_join_code_stands_in_the_dialog_and_its_qr_code(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        dana.window.first_run.policy.setCurrentIndex(1)
        await _host(desk, dana)
        dialog = dana.window.dialogs._hosting
        assert dialog is not None
        before = dialog._invite
        rows = dialog.code.rows
        assert "code=" in before
        dana.people.make_code()
        await desk.until(lambda: dialog._invite != before, "the new invite is shown")
        assert parse_invite(dialog._invite).code != parse_invite(before).code
        assert dialog.code.rows != rows
        assert dana.window._host.invite == dialog._invite

    run(qapp, tmp_path, play)


def test_a_link_handed_over_is_offered_and_never_joined_by_itself(qapp: QApplication, tmp_path: Path) -> None:
    link = "mrsambosk://join?at=127.0.0.1:9&name=Elsewhere"

    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        await _host(desk, dana)
        first = dana.window.first_run
        dana.window.hide()
        dana.show_again("")
        assert dana.window.isVisible()
        assert not first.isVisible()
        dana.show_again(link)
        assert first.isVisible()
        assert first.address.text() == link
        assert first.back.isVisible()
        assert is_live(dana)
        QTest.mouseClick(first.back, Qt.MouseButton.LeftButton)
        assert dana.window.chat.isVisible()
        write(dana, "still here")
        await desk.until(lambda: stored(dana) == ["still here"])

    run(qapp, tmp_path, play)


def test_one_person_is_invited_and_shown_as_who_came(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        dana.invites.loaded.connect(desk._poke)
        dana.window.first_run.policy.setCurrentIndex(1)
        await _host(desk, dana)
        assert dana.window.dialogs._hosting is not None
        QTest.mouseClick(dana.window.dialogs._hosting.personal, Qt.MouseButton.LeftButton)
        dialog = dana.window.dialogs._invites
        assert dialog is not None
        await desk.until(lambda: "None yet." in _words(dialog), "an empty list")
        QTest.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
        await desk.until(lambda: dialog._link, "it was made")
        made = parse_invite(dialog._link)
        assert made.code
        assert made.fingerprint == parse_invite(dana.window._host.invite or "").fingerprint
        anna = await join(desk, "anna", "Anna", dialog._link)
        await desk.until(lambda: "Came by it: \u2068Anna\u2069" in _words(dialog), "Anna came by it")
        await desk.close(anna)
        QTest.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
        await desk.until(lambda: "Withdraw" in _words(dialog), "another one")
        button = next(one for one in dialog._area.widget().findChildren(QPushButton) if one.text() == "Withdraw")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await desk.until(lambda: any("withdrawn" in words for words in _words(dialog)), "withdrawn")

    run(qapp, tmp_path, play)


def _words(dialog: InvitesDialog) -> list[str]:
    page = dialog._area.widget()
    if page is None:
        return []
    return [found.text() for kind in (QLabel, QPushButton) for found in page.findChildren(kind)]


def test_the_window_is_closed_while_others_are_in_and_the_room_stays_open(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        await _host(desk, dana)
        assert dana.window.dialogs._hosting is not None
        anna = await join(desk, "anna", "Anna", dana.window.dialogs._hosting._invite)
        await desk.until(lambda: dana.hosting.others == 1, "Anna is seen")

        dana.window.close()
        question = dana.window.findChild(ClosingDialog)
        assert question is not None
        question.reject()
        assert dana.window.isVisible()
        assert not dana.closed.is_set()
        await desk.until(lambda: dana.window.findChild(ClosingDialog) is None, "asked no longer")

        dana.window.close()
        question = dana.window.findChild(ClosingDialog)
        assert question is not None
        QTest.mouseClick(question.keep, Qt.MouseButton.LeftButton)
        assert dana.window.isMinimized()  # there is no tray off screen
        write(anna, "are you there")
        await desk.until(lambda: stored(dana) == ["are you there"], "the room is open")
        dana.show_again("")
        assert not dana.window.isMinimized()
        await desk.close(anna)
        # Alone again nobody is asked.
        await desk.until(lambda: dana.hosting.others == 0, "Anna left")
        dana.window.close()
        assert dana.closed.is_set()

    run(qapp, tmp_path, play)


def test_a_host_that_dies_is_started_again_and_the_window_says_so(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        await _host(desk, dana)
        write(dana, "before")
        await desk.until(lambda: stored(dana) == ["before"])
        pid = dana.hosting.pid
        assert pid is not None
        dana.closing.keep_hosting()
        os.kill(pid, signal.SIGKILL)
        await desk.until(lambda: dana.hosting.pid not in (None, pid) and is_live(dana), "started again")
        assert "opened again" in dana.window.chat.banner.text
        assert stored(dana) == ["before"]

    run(qapp, tmp_path, play)


def test_a_room_that_closes_behind_a_hidden_window_brings_it_back(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        await _host(desk, dana)
        dana.window.showMinimized()
        dana.hosting.failed.emit("The room is closed.")
        assert not dana.window.isMinimized()
        assert dana.window.chat.banner.text == "The room is closed."

    run(qapp, tmp_path, play)


def test_a_full_disk_at_the_end_leaves_no_host_behind(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await desk.open("dana")
        await _host(desk, dana)
        host = dana.hosting._process
        assert host is not None

        async def full() -> None:
            raise StorageFault("The disk is full.")

        dana.drafts.flush = full  # type: ignore[method-assign]
        await desk.close(dana)
        assert host.pid is None

    run(qapp, tmp_path, play)
