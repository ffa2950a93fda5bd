"""The page for backups of the room hosted from the window, with the host's own commands behind it."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from mrsambosk_desktop.app import App
from mrsambosk_desktop.core.backups import Soundness
from mrsambosk_desktop.widgets.backups_dialog import BackupsDialog
from mrsambosk_protocol.invite import parse_invite

from .desk import Desk, is_live, join, rows, run, stored, write


async def _host(desk: Desk, profile: str) -> App:
    app = await desk.open(profile)
    app.window.first_run.name.setText("Dana")
    QTest.mouseClick(app.window.first_run.host, Qt.MouseButton.LeftButton)
    await desk.until(lambda: is_live(app), "hosting")
    return app


async def _backups(desk: Desk, app: App) -> BackupsDialog:
    """The page, opened as the person does."""
    QTest.mouseClick(app.window.sidebar.settings, Qt.MouseButton.LeftButton)
    await desk.until(
        lambda: app.window.dialogs._host_page is not None and app.window.dialogs._host_page.isVisible(),
        "the host's page",
    )
    assert app.window.dialogs._host_page is not None
    QTest.mouseClick(app.window.dialogs._host_page.backups, Qt.MouseButton.LeftButton)
    dialog = app.window.dialogs._backups
    assert dialog is not None
    await desk.until(lambda: dialog._page.backups is not None and not dialog._page.busy, "the backups are listed")
    return dialog


async def _press(desk: Desk, dialog: BackupsDialog, button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert dialog._page.busy
    assert not button.isEnabled()
    await desk.until(lambda: dialog._page.told and not dialog._page.busy, f"{button.text()}: {dialog._page}")


def _damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 8] = b"\xa5" * 4096 * 7
    file.write_bytes(content)


def _yes(app: App) -> None:
    boxes = [box for box in app.window.findChildren(QMessageBox) if box.isVisible()]
    boxes += [box for box in app.window.dialogs._backups.findChildren(QMessageBox) if box.isVisible()]  # type: ignore[union-attr]
    yes = next(one for one in boxes[0].buttons() if boxes[0].buttonRole(one) is QMessageBox.ButtonRole.AcceptRole)
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)


def test_a_restore_goes_back_keeps_what_was_deleted_away_and_everyone_comes_along(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def play(desk: Desk) -> None:
        dana = await _host(desk, "dana")
        invite = parse_invite(dana.window._host.invite or "")
        omar = await join(desk, "omar", "Omar", str(invite))
        write(dana, "one")
        write(dana, "two")
        await desk.until(lambda: stored(omar) == ["one", "two"])

        dialog = await _backups(desk, dana)
        await _press(desk, dialog, dialog.back_up)
        made = dialog._page.backups
        assert made
        assert made[0].messages == 2
        assert made[0].soundness is Soundness.MADE_GOOD
        await _press(desk, dialog, dialog.check)
        assert {it.soundness for it in dialog._page.backups or ()} == {Soundness.GOOD}

        write(dana, "written later")
        await desk.until(lambda: "written later" in stored(omar))
        one = next(row.message.id for row in rows(dana) if row.message and row.message.body == "one")
        dana.window.delete_now_requested.emit(one)
        await desk.until(lambda: "one" not in stored(omar))

        QTest.mouseClick(dialog.rows[0], Qt.MouseButton.LeftButton)
        _yes(dana)
        await desk.until(lambda: dialog._page.told and not dialog._page.busy, "restored")
        assert "1 deletions" in dialog._page.told
        for app in (dana, omar):
            await desk.until(lambda app=app: is_live(app) and stored(app) == ["", "two"], "everyone went back")
        write(omar, "and on it goes")
        await desk.until(lambda: stored(dana) == ["", "two", "and on it goes"])

    run(qapp, tmp_path, play)


def test_a_damaged_room_is_offered_its_newest_good_backup_at_the_start(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await _host(desk, "dana")
        write(dana, "kept")
        await desk.until(lambda: stored(dana) == ["kept"])
        for _ in range(2):
            dialog = await _backups(desk, dana)
            await _press(desk, dialog, dialog.back_up)
        newest, older = (it.file for it in (dialog._page.backups or ())[:2])
        await desk.close(dana)
        for file in (newest, str(tmp_path / "dana" / "host" / "room.db")):
            _damage(Path(file))

        again = await desk.open("dana")
        await desk.until(
            lambda: again.window.dialogs._backups is not None and again.window.dialogs._backups.isVisible(), "the offer"
        )
        dialog = again.window.dialogs._backups  # type: ignore[assignment]
        await desk.until(lambda: not dialog._page.busy)
        assert dialog._page.offered == older
        assert "damaged" in dialog.problem.text()
        QTest.mouseClick(dialog.offer, Qt.MouseButton.LeftButton)
        _yes(again)
        await desk.until(lambda: is_live(again) and stored(again) == ["kept"], "hosting again")
        await desk.until(lambda: not dialog._page.busy)
        assert not dialog.offer.isVisible()
        assert not dialog.problem.text()

    run(qapp, tmp_path, play)


def test_a_restore_that_fails_says_why_and_the_room_goes_on(qapp: QApplication, tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        dana = await _host(desk, "dana")
        write(dana, "here")
        await desk.until(lambda: stored(dana) == ["here"])
        dialog = await _backups(desk, dana)
        await _press(desk, dialog, dialog.back_up)
        _damage(Path((dialog._page.backups or ())[0].file))
        before = dana.hosting.pid
        QTest.mouseClick(dialog.rows[0], Qt.MouseButton.LeftButton)
        _yes(dana)
        await desk.until(lambda: not dialog._page.busy and dialog.problem.text(), "why")
        assert "damaged" in dialog.problem.text()
        await desk.until(lambda: is_live(dana) and dana.hosting.pid not in (None, before), "the room is open again")
        assert stored(dana) == ["here"]

    run(qapp, tmp_path, play)
