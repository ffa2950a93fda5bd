"""The backups of the room hosted here: listed, made, looked through, put in the room's place.

One thing is done at a time; what is asked meanwhile is dropped, for the page shows what is being done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, Signal

from mrsambosk_desktop import upkeep
from mrsambosk_desktop.core.backups import Backup, BackupsPage, Soundness, newest_good
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.upkeep import UpkeepFailed
from mrsambosk_protocol.upkeep import Restored, VerifiedFile

from .connection import ConnectionController
from .hosting import HostingController

translate = QCoreApplication.translate
_FOLDER: Final = "backups"


class BackupsController(QObject):
    """Signals: `changed` (BackupsPage); `offered`: the room is damaged, and the page says what can be done.

    Args:
        data: where the host keeps its room.
    """

    changed = Signal(object)
    offered = Signal()

    def __init__(self, data: Path, hosting: HostingController, connection: ConnectionController, tasks: Tasks) -> None:
        super().__init__()
        self._data, self._hosting, self._connection, self._tasks = data, hosting, connection, tasks
        self._seen: dict[str, Soundness] = {}
        self._lock = asyncio.Lock()
        self.page = BackupsPage(str(data / _FOLDER))

    # Intents ---------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Look which there are."""
        self._begin(self._list, translate("Backups", "Looking…"))

    def back_up(self) -> None:
        """Make one now."""
        self._begin(self._back_up, translate("Backups", "Backing up…"))

    def check(self) -> None:
        """Look through the room and every backup."""
        self._begin(self._check, translate("Backups", "Looking through the room and its backups…"))

    def restore(self, file: str) -> None:
        """Put this one in the room's place; a host that runs is stopped for it and started again."""
        self._begin(lambda: self._restore(file), translate("Backups", "Restoring…"))

    def offer(self) -> None:
        """The host can't use its database: look for the newest good backup, and show the page."""
        self._tasks.start(self._offer(), "look for a good backup")

    # Inside ----------------------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[], Awaitable[None]], busy: str) -> None:
        if not self.page.busy:
            self._say(_busy(self.page, busy))
            self._tasks.start(self._alone(work, busy), "look after backups")

    async def _alone(self, work: Callable[[], Awaitable[None]], busy: str) -> None:
        async with self._lock:
            self._say(_busy(self.page, busy))
            try:
                await work()
            except UpkeepFailed as failed:
                self._say(replace(self.page, problem=str(failed) or translate("Backups", "That did not work.")))
            finally:
                self._say(replace(self.page, busy=""))

    async def _list(self) -> None:
        kept = await upkeep.list_backups(self._data)
        known = tuple(
            Backup(it.file, it.made_at, it.bytes, it.messages, self._seen.get(_identity(it.file), Soundness.MADE_GOOD))
            for it in kept
        )
        self._say(replace(self.page, backups=known))

    async def _back_up(self) -> None:
        await upkeep.make_backup(self._data)
        await self._list()
        self._say(replace(self.page, told=translate("Backups", "The room is backed up, and the copy was checked.")))

    async def _check(self) -> None:
        room, backups = await self._verify()
        wrong = [it for it in (room, *backups) if not it.good]
        if not room.good:
            self._say(replace(self.page, problem=room.problem))
        elif wrong:
            said = translate("Backups", "The room is whole. {count} of its backups can't be used any more.")
            self._say(replace(self.page, problem=said.format(count=len(wrong))))
        else:
            self._say(replace(self.page, told=translate("Backups", "The room and all its backups are whole.")))

    async def _verify(self) -> tuple[VerifiedFile, tuple[VerifiedFile, ...]]:
        room, *backups = await upkeep.verify(self._data)
        for it in backups:
            self._seen[_identity(it.file)] = Soundness.GOOD if it.good else Soundness.DAMAGED
        await self._list()
        return room, tuple(backups)

    async def _restore(self, file: str) -> None:
        was_hosting = self._hosting.is_hosting
        if was_hosting:
            if self._hosting.is_looked_at:
                await self._connection.stop(translate("Backups", "The room is being restored from a backup."))
            await self._hosting.aclose()
        try:
            done = await upkeep.restore(self._data, file)
        except UpkeepFailed:
            if was_hosting:
                self._hosting.again()
            raise
        self._hosting.again()
        await self._list()
        self._say(replace(self.page, told=_told(done)))

    async def _offer(self) -> None:
        async def look() -> None:
            room, _backups = await self._verify()
            best = newest_good(self.page.backups or ())
            if room.good:
                return
            if best is None:
                none = translate("Backups", "There is no good backup to restore.")
                self._say(replace(self.page, problem=f"{room.problem} {none}"))
            else:
                self._say(replace(self.page, problem=room.problem, offered=best.file))
            self.offered.emit()

        await self._alone(look, translate("Backups", "Looking through the room and its backups…"))

    def _say(self, page: BackupsPage) -> None:
        if page != self.page:
            self.page = page
            self.changed.emit(page)


def _busy(page: BackupsPage, busy: str) -> BackupsPage:
    return replace(page, busy=busy, told="", problem="", offered="")


def _identity(file: str) -> str:
    return Path(file).name


def _told(done: Restored) -> str:
    """What a restore did, in words."""
    lines = [
        translate(
            "Backups",
            "The room is restored. Applied again from what was there: {deletions} deletions, changes to {people} "
            "people.",
        ).format(deletions=done.deletions, people=done.people)
    ]
    if not done.continued:
        lines.append(
            translate(
                "Backups",
                "What was there is not known to go on from this backup: only deletions were applied again. Bans, "
                "roles, passwords, sessions and who may join are as they were in the backup.",
            )
        )
    elif not done.complete:
        lines.append(
            translate(
                "Backups",
                "What was there could not be read to its end: later deletions or bans may be missing.",
            )
        )
    if done.kept is not None:
        lines.append(translate("Backups", "It is kept as {file}.").format(file=f"\u2066{Path(done.kept).name}\u2069"))
    return " ".join(lines)
