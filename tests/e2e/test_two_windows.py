"""A real host and two real windows: what a person sees from the first message to a host that died."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.helpers.host_process import ROOMY, HostProcess

from .desk import Desk, choose, join, run, stored, write


def test_a_posts_and_b_sees_it_then_a_deletes_it_by_the_menu(qapp: QApplication, tmp_path: Path) -> None:
    with HostProcess(tmp_path / "host", *ROOMY) as host:

        async def play(desk: Desk) -> None:
            anna = await join(desk, "anna", "Anna", host.authority)
            ben = await join(desk, "ben", "Ben", host.authority)
            write(anna, "hello from Anna")
            await desk.until(lambda: stored(anna) == stored(ben) == ["hello from Anna"], "both see it")
            await choose(desk, anna, "hello from Anna", "Delete")
            await desk.until(lambda: stored(anna) == stored(ben) == [""], "gone from both")

        run(qapp, tmp_path, play)
