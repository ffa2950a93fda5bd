"""Windows and hosts with TLS: who is believed, who is asked about, who is turned away."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.rows import Link
from mrsambosk_desktop.core.words import words_of
from mrsambosk_desktop.widgets.trust_dialog import TrustDialog
from tests.helpers.host_process import HostProcess

from .desk import Desk, is_live, join, run, stored, write


async def _asked(desk: Desk, app: App, address: str) -> TrustDialog:
    """Type an address, and wait for the question about its key."""
    page = app.window.first_run
    page.name.setText("Anna")
    QTest.keyClicks(page.address, address)
    app.connection.trust_asked.connect(desk._poke)
    QTest.mouseClick(page.join, Qt.MouseButton.LeftButton)
    await desk.until(lambda: app.window.findChild(TrustDialog), "the words are shown")
    dialog = app.window.findChild(TrustDialog)
    assert isinstance(dialog, TrustDialog)
    return dialog


def test_an_invite_is_believed_at_once(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.ready["invite"])
            assert anna.window.findChild(TrustDialog) is None
            assert anna.feed.host == host.ready["fingerprint"]
            write(anna, "nobody listens in")
            await desk.until(lambda: stored(anna) == ["nobody listens in"])

        run(qapp, tmp_path, play)


def test_a_typed_address_is_believed_once_its_words_were_compared(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await desk.open("anna")
            dialog = await _asked(desk, anna, host.authority)
            assert dialog.words.text() == " ".join(words_of(host.ready["fingerprint"]))
            QTest.mouseClick(dialog.accept_words, Qt.MouseButton.LeftButton)
            await desk.until(lambda: is_live(anna))
            await desk.close(anna)
            again = await desk.open("anna")
            await desk.until(lambda: is_live(again), "the key is known now")
            assert again.window.findChild(TrustDialog) is None

        run(qapp, tmp_path, play)


def test_who_sees_other_words_does_not_join(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", tls=True) as host:

        async def play(desk: Desk) -> None:
            anna = await desk.open("anna")
            dialog = await _asked(desk, anna, host.authority)
            dialog.close()
            await desk.until(lambda: anna.window.first_run._problem.text(), "a sentence")
            ben = await join(desk, "ben", "Ben", host.ready["invite"])
            assert "Anna" not in [user.name for user in ben.feed.users.values()]

        run(qapp, tmp_path, play)


def test_a_host_with_another_key_stops_the_app_with_a_sentence(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        with HostProcess(tmp_path / "host", tls=True) as host:
            port = host.port
            anna = await join(desk, "anna", "Anna", host.ready["invite"])
            write(anna, "before")
            await desk.until(lambda: stored(anna) == ["before"])
        (tmp_path / "host" / "host-key.pem").unlink()
        with HostProcess(tmp_path / "host", tls=True, port=port) as other:
            assert other.ready["fingerprint"] != host.ready["fingerprint"]
            anna.connection.try_again()
            await desk.until(
                lambda: anna.connection.state.link is Link.STOPPED and "another key" in anna.connection.state.reason
            )
            assert stored(anna) == ["before"]

    run(qapp, tmp_path, play)
