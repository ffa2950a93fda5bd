"""Whether this program works where it is: host a room, join it from a second window, post, delete, colour code.

Nothing shows.

`mrsambosk --smoke` prints one line of JSON, and ends with 0 when all of it came about:
`{"smoke": "passed", "version": …, "steps": ["host", "join", "post", "delete", "colour", "quit"], "seconds": …}`.
All is kept in a folder that is gone afterwards; nothing is sent to the network.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QApplication

# PySide6 first: qasync takes the Qt that is already there.
import qasync  # type: ignore[import-untyped]  # isort: skip

from mrsambosk_protocol import __version__

from .app import App, Options
from .core.highlight import LANGUAGES, load
from .core.rows import Link

_SECONDS: Final = 45.0
_TEXT: Final = "Does it work?"


class _Failed(Exception):
    """What did not come about."""


def main() -> int:
    """Try it; the exit status."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    began = time.monotonic()
    qt = QApplication.instance() or QApplication([])
    assert isinstance(qt, QApplication)
    qt.setQuitOnLastWindowClosed(False)
    steps: list[str] = []
    said: dict[str, object] = {"smoke": "passed", "version": __version__, "steps": steps}
    with tempfile.TemporaryDirectory(prefix="mrsambosk-smoke-") as folder:
        try:
            with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
                runner.run(_play(qt, Path(folder), steps))
            steps.append("quit")
        except Exception as error:
            said["smoke"], said["error"] = "failed", f"{type(error).__name__}: {error}"
    said["seconds"] = round(time.monotonic() - began, 3)
    print(json.dumps(said), flush=True)
    return 0 if said["smoke"] == "passed" else 1


async def _play(qt: QApplication, folder: Path, steps: list[str]) -> None:
    apps: list[App] = []
    something = asyncio.Event()
    problems: list[str] = []

    def poke(*_: object) -> None:
        something.set()

    def fail(sentence: str) -> None:
        problems.append(sentence)
        something.set()

    async def until(condition: Callable[[], object]) -> None:
        """Look again whenever something changed, until it holds."""
        while not condition():
            if problems:
                raise _Failed(problems[0])
            something.clear()
            await something.wait()

    async def opened(profile: str) -> App:
        app = App(qt, Options(folder / profile, port=0, bind=("127.0.0.1",), look_around=False))
        apps.append(app)
        for signal in (app.timeline.rowsInserted, app.timeline.rowsRemoved, app.timeline.dataChanged):
            signal.connect(poke)
        for signal in (app.timeline.modelReset, app.connection.state_changed, app.hosting.card_changed):
            signal.connect(poke)
        for failed in (app.hosting.failed, app.connection.join_failed, app.chat.failed):
            failed.connect(fail)
        await app.start()
        return app

    try:
        async with asyncio.timeout(_SECONDS):
            owner = await opened("owner")
            invites: list[str] = []
            owner.hosting.card_changed.connect(lambda card: invites.append(card.invite or ""))
            owner.window.first_run.host_requested.emit("Owner", "Smoke", "open")
            await until(lambda: _is_live(owner) and invites and invites[-1])
            steps.append("host")
            guest = await opened("guest")
            guest.window.first_run.join_requested.emit("Guest", invites[-1])
            await until(lambda: _is_live(guest))
            steps.append("join")
            guest.window.send_requested.emit(_TEXT, (), None)
            await until(lambda: _message(owner) is not None)
            await until(lambda: _message(guest) is not None)
            steps.append("post")
            guest.window.delete_now_requested.emit(_message(guest))
            await until(lambda: _message(owner) is None and _message(guest) is None)
            steps.append("delete")
            for language in LANGUAGES:
                load(language)
            steps.append("colour")
    except TimeoutError:
        raise _Failed(f"after {', '.join(steps) or 'nothing'} the next step did not come about") from None
    finally:
        for app in reversed(apps):
            await app.aclose()


def _is_live(app: App) -> bool:
    return app.connection.state.link is Link.LIVE


def _message(app: App) -> int | None:
    """The number of the message, where the host's copy of it is in this window."""
    for number in range(app.timeline.rowCount()):
        message = app.timeline.row(number).message
        if message is not None and message.body == _TEXT:
            return message.id
    return None
