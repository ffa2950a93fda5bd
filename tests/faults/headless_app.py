"""The app without its window, as a process: ``python -m tests.faults.headless_app FOLDER FAULT``.

The same parts as `mrsambosk_desktop.app` builds, but for the widgets. Lines of JSON come in:
``{"do": "join", "name": …, "at": "127.0.0.1:PORT"}``, ``{"do": "send", "body": …}``. Lines of JSON go out: what a
person would see: `shown` (a post stands in the timeline, so it is on disk), `failed` (a sentence), `given_back` (a
post that is the writer's again), `state`, `rebuilt` (the replica), `waiting` (how many posts have not been answered).

FAULT plants a mistake in it: see `MISTAKES`.
"""

# mypy: ignore-errors

import asyncio
import contextlib
import json
import logging
import secrets
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from mrsambosk_desktop.controllers.chat import ChatController
from mrsambosk_desktop.controllers.connection import ConnectionController
from mrsambosk_desktop.controllers.feed import Feed
from mrsambosk_desktop.controllers.reading import ReadingController
from mrsambosk_desktop.core import outbox
from mrsambosk_desktop.core.rows import Link, Pending
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.rooms import RoomModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.storage.database import StorageFault
from mrsambosk_desktop.storage.disk import Disk
from mrsambosk_desktop.storage.profile import Profile
from mrsambosk_desktop.storage.replica import Replica
from mrsambosk_protocol.entities import Message


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


class _Timeline(TimelineModel):
    """Tells what stands in it."""

    def put_pending(self, pending: Pending) -> None:
        super().put_pending(pending)
        say("shown", body=pending.body)


class _Chat(ChatController):
    @property
    def waiting(self) -> int:
        return len(self._outbox) + len(self._others) + len(self._stores)


class HeadlessApp:
    """See the module."""

    def __init__(self, folder: Path) -> None:
        self.tasks = Tasks(self._failed)
        self.disk = Disk(folder)
        self.timeline = _Timeline()
        timeline, members, rooms = self.timeline, MemberModel(), RoomModel()
        self.feed = Feed(self.disk, timeline, members, rooms)
        reading = ReadingController(self.disk, self.feed, timeline, self.tasks)
        self.chat = _Chat(self.disk, self.feed, timeline, self.tasks)
        self.connection = ConnectionController(self.disk, self.feed, reading, self.chat, self.tasks)
        self.connection.set_active(True)
        self.chat.failed.connect(lambda sentence: say("failed", sentence=sentence))
        self.chat.given_back.connect(lambda body, _reply_to, _edited: say("given_back", body=body))
        self.connection.join_failed.connect(lambda sentence: say("failed", sentence=sentence))
        self.connection.state_changed.connect(self._state)

    async def run(self) -> None:
        await self.disk.open()
        await self.chat.load()
        known = await self.disk.run(self.disk.profile.hosts)
        if known:
            await self.connection.resume(known[0])
        say("ready", known=bool(known))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            order = json.loads(line)
            match order["do"]:
                case "join":
                    self.connection.join(order["name"], order["at"])
                case "send":
                    self.chat.send(order["body"], (), None)
                case "ask":
                    copy = self.feed.copies.get("lobby")
                    say(
                        "waiting",
                        count=self.chat.waiting,
                        live=self.connection.state.link is Link.LIVE,
                        cursor=copy.cursor if copy else 0,
                        rows=self.timeline.rowCount(),
                    )

    async def aclose(self) -> None:
        await self.chat.quit()
        await self.connection.stop()
        await self.tasks.aclose()
        self.feed.close()
        await self.disk.aclose()

    def _state(self, state: object) -> None:
        say("state", link=state.link.name, reason=state.reason, here=state.here)
        if state.link in (Link.RETRYING, Link.STOPPED) and not state.here:
            # A person who does not want to wait: the check counts cuts, not seconds of backoff. What is in the way here
            # is waited for as the app does.
            asyncio.get_running_loop().call_later(0.02, self.connection.try_again)

    def _failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, StorageFault):
            say("failed", sentence=str(error))
        else:
            logging.getLogger(__name__).error("Task %s failed", name, exc_info=error)


def new_cids() -> None:
    """What waits again after a disconnection or a start gets a new cid."""

    def anew(entry: outbox.Entry) -> outbox.Entry:
        return replace(entry, command=msgspec.structs.replace(entry.command, cid=secrets.token_urlsafe(16)))

    again, load = outbox.Outbox.disconnected, Profile.entries

    def disconnected(self: outbox.Outbox) -> list[outbox.Entry]:
        return [self._put(anew(entry)) for entry in again(self)]

    outbox.Outbox.disconnected = disconnected
    Profile.entries = lambda self: [anew(entry) for entry in load(self)]


def no_outbox() -> None:
    """Commands are not brought to disk."""
    Profile.put = lambda self, entry: None


def believes_disk() -> None:
    """A command that the disk refused is shown as if it had been stored."""
    put = Profile.put

    def swallow(self: Profile, entry: outbox.Entry) -> None:
        try:
            put(self, entry)
        except StorageFault:
            return

    Profile.put = swallow


def drops_rows() -> None:
    """Every twentieth row that is told is not kept."""
    apply = Replica.apply

    def drop(self: Replica, host: str, room: str, rows: Iterable[Message], *args: Any, **more: Any) -> None:
        apply(self, host, room, [row for row in rows if row.id % 20], *args, **more)

    Replica.apply = drop


def forgets_outbox() -> None:
    """A damaged replica takes the outbox with it."""
    entries, rebuild = Profile.entries, Replica.rebuild
    rebuilt = []

    def remember(self: Replica) -> None:
        rebuilt.append(True)
        rebuild(self)

    def forget(self: Profile) -> list[outbox.Entry]:
        replica = self._db.path.with_name("replica.db")
        try:
            with contextlib.closing(sqlite3.connect(replica)) as db:
                whole = db.execute("PRAGMA quick_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            whole = False
        return entries(self) if whole and not rebuilt else []

    Replica.rebuild = remember
    Profile.entries = forget


MISTAKES = {
    "new-cids": new_cids,
    "no-outbox": no_outbox,
    "believes-disk": believes_disk,
    "drops-rows": drops_rows,
    "forgets-outbox": forgets_outbox,
}


def tell_rebuilding() -> None:
    rebuild = Replica.rebuild

    def tell(self: Replica) -> None:
        rebuild(self)
        say("rebuilt")

    Replica.rebuild = tell


async def main(folder: Path) -> None:
    app = HeadlessApp(folder)
    try:
        await app.run()
    except StorageFault as fault:
        say("failed", sentence=str(fault))
    finally:
        await app.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    if sys.argv[2:] and sys.argv[2] in MISTAKES:
        MISTAKES[sys.argv[2]]()
    tell_rebuilding()
    asyncio.run(main(Path(sys.argv[1])))
