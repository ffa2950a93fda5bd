"""Makes the report on the app that a person copies when they ask for help (see `core.report`)."""

import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, QObject, Signal, qVersion
from PySide6.QtCore import __version__ as pyside_version  # type: ignore[attr-defined]

from mrsambosk_desktop.core.report import Facts, Private, report
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_protocol import __version__

from .connection import ConnectionController
from .feed import Feed
from .hosting import HostingController


class ReportController(QObject):
    """Signal `made` (text).

    Args:
        folder: the profile's.
        log_lines: gives the last lines of the log.
        look: gives the theme and the like.
        own_names: gives what the person at this window called themselves and their room.
    """

    made = Signal(str)

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        feed: Feed,
        timeline: TimelineModel,
        connection: ConnectionController,
        hosting: HostingController,
        tasks: Tasks,
        log_lines: Callable[[], Sequence[str]],
        look: Callable[[], Mapping[str, str]],
        own_names: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__()
        self._folder, self._disk, self._feed, self._timeline = folder, disk, feed, timeline
        self._connection, self._hosting, self._tasks = connection, hosting, tasks
        self._log_lines, self._look, self._own_names = log_lines, look, own_names

    def make(self) -> None:
        """Gather it; `made` follows."""
        self._tasks.start(self._make(), "make a report")

    async def _make(self) -> None:
        rows = await self._disk.run(self._disk.replica.counts)
        entries = await self._disk.run(self._disk.profile.entries)
        hosts = await self._disk.run(self._disk.profile.hosts)
        sizes = await self._disk.run(_sizes, self._folder)
        feed = self._feed
        facts = Facts(
            versions=_versions(),
            look={**self._look(), "language": QLocale().name()},
            connection={
                "connection": self._connection.state.link.name.lower(),
                "hosting from this window": "yes" if self._hosting.is_hosting else "no",
            },
            ends=tuple(self._connection.ends),
            counts={
                "hosts known": len(hosts),
                "people": len(feed.users),
                "rooms": len(feed.rooms),
                "messages kept here": rows,
                "rows shown": self._timeline.rowCount(),
                "waiting to be sent": len(entries),
            },
            sizes=sizes,
            log=self._log_lines(),
        )
        names = {platform.node(), platform.node().partition(".")[0], Path.home().name, *self._own_names()}
        names |= {feed.host_name, *(host.name for host in hosts), *(user.name for user in feed.users.values())}
        names |= {room.name for room in feed.rooms.values()}
        texts = {room.topic for room in feed.rooms.values()} | set(self._texts())
        folders = {str(self._folder): "[profile]", str(Path.home()): "~", sys.prefix: "[python]"}
        self.made.emit(report(facts, Private(names - {""}, texts, folders)))

    def _texts(self) -> list[str]:
        """What is written in the rows that are loaded."""
        rows = (self._timeline.row(number) for number in range(self._timeline.rowCount()))
        return [stored.body for row in rows if (stored := row.message or row.pending) is not None]


def _versions() -> dict[str, str]:
    return {
        "Mrsambosk": __version__,
        "Python": platform.python_version(),
        "Qt": f"{qVersion()} (PySide6 {pyside_version})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "installed as": "a bundle" if getattr(sys, "frozen", False) else "a package",
    }


def _sizes(folder: Path) -> dict[str, int]:
    """The profile's files that can grow."""
    names = ("replica.db", "replica.db-wal", "profile.db", "profile.db-wal", "host/room.db", "host/room.db-wal")
    return {name: path.stat().st_size for name in names if (path := folder / name).exists()}
