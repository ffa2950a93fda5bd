"""A child that chats: ``python -m tests.lan.chatter FOLDER``. The app without its window, with its search for hosts.

Lines of JSON come in: ``{"do": "join", "name": …, "at": …}``, ``{"do": "send", "body": …}``. Lines of JSON go out:
`state` (how it stands with the host), `texts` (what stands in the timeline and is stored), `people` (who is online).
"""

# mypy: ignore-errors

import asyncio
import logging
import sys
from pathlib import Path

from mrsambosk_desktop.controllers.nearby import NearbyController
from mrsambosk_desktop.core.rows import Link
from mrsambosk_protocol.entities import OFFLINE
from tests.faults.headless_app import HeadlessApp, say


class Chatter(HeadlessApp):
    """See the module."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._nearby = NearbyController(self.tasks)
        self._nearby.changed.connect(self.connection.heard)
        timeline = self._timeline = self.feed._timeline
        for signal in (timeline.rowsInserted, timeline.dataChanged, timeline.rowsRemoved, timeline.modelReset):
            signal.connect(lambda *_: self._tell())
        self.feed.people_changed.connect(self._tell_people)

    def _tell(self) -> None:
        rows = (self._timeline.row(number) for number in range(self._timeline.rowCount()))
        say("texts", texts=[row.message.body for row in rows if row.message and not row.system])

    def _tell_people(self) -> None:
        say("people", online=sorted(user.name for user in self.feed.users.values() if user.status != OFFLINE))

    def _state(self, state) -> None:
        # As the window's app does.
        say("state", link=state.link.name, reason=state.reason)
        if state.link in (Link.RETRYING, Link.STOPPED):
            self._nearby.start()
        elif state.link is Link.LIVE:
            self._nearby.stop()

    async def aclose(self) -> None:
        await self._nearby.aclose()
        await super().aclose()


async def main(folder: Path) -> None:
    chatter = Chatter(folder)
    try:
        await chatter.run()
    finally:
        await chatter.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(Path(sys.argv[1])))
