"""*Snapshot + told changes = new snapshot*: what makes live and read the same thing, checked for any action.

`verify_action` takes what each watching client would hold, runs the action through the real ledger and hub, applies
the frames that came by a client's rules, and compares with what a fresh read gives.
"""

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, Self

import msgspec
from msgspec import UNSET

from mrsambosk_protocol import codec, events
from mrsambosk_protocol.entities import TEXT, Message, Room, User, You
from mrsambosk_protocol.limits import LOBBY, Refused
from mrsambosk_server import history
from mrsambosk_server.outcome import Outcome
from mrsambosk_server.records import MESSAGE_COLUMNS, to_message
from mrsambosk_server.transaction import Transaction
from tests.helpers.server_desk import Desk, Recorder

P = ParamSpec("P")


class Snapshot(msgspec.Struct):
    """What one member's client holds of a room that it has loaded whole, and of the people."""

    viewer: str
    room: str
    rows: dict[int, Message]
    rev: int
    read: int
    shown: tuple[str, str]
    users: dict[str, tuple[str, str]]

    @property
    def you(self) -> You:
        """The sums, counted row by row."""
        unread = [
            row
            for row in self.rows.values()
            if row.id > self.read and row.kind == TEXT and row.author != self.viewer and not row.deleted
        ]
        return You(read=self.read, unread=len(unread), mentions=sum(self.viewer in row.mentions for row in unread))

    def apply(self, told: Sequence[events.Event]) -> Self:
        """This snapshot with the frames of a live connection applied; each is checked by the rules of sync."""
        after = msgspec.structs.replace(self, rows=dict(self.rows), users=dict(self.users))
        for event in told:
            match event:
                case events.MessageTold(room=self.room):
                    assert event.rev == after.rev + 1, f"{event.rev} came after {after.rev}"
                    after.rev = event.rev
                    if event.message is not UNSET:
                        assert event.message.rev == event.rev
                        assert event.message.room == self.room
                        after.rows[event.message.id] = event.message
                case events.ReadTold(room=self.room, user=self.viewer):
                    after.read = event.id
                    # The sums it carries are as of a revision of its own; here nothing else is on its way.
                    assert event.you == after.you
                case events.UsersTold():
                    after.users.update({user.id: (user.name, user.role) for user in event.users})
        return after


def read_snapshot(tx: Transaction, viewer: str, room: str) -> tuple[Snapshot, You]:
    """A fresh read, and the sums as the host counts them."""
    shown: Room = history.rooms_of(tx, viewer, room)[0]
    rows = [to_message(row) for row in tx.all(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE room = ?", (room,))]
    people: list[User] = history.everyone(tx)
    snapshot = Snapshot(
        viewer=viewer,
        room=room,
        rows={row.id: row for row in rows},
        rev=shown.rev,
        read=shown.you.read,
        shown=(shown.name, shown.topic),
        users={user.id: (user.name, user.role) for user in people},
    )
    return snapshot, shown.you


async def verify_action(
    desk: Desk,
    watchers: Sequence[Recorder],
    action: Callable[Concatenate[Transaction, P], Outcome],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Outcome:
    """Run an action and prove the equation in the lobby, for each watcher.

    Raises:
        Refused: what the action was refused with, after proving that then nothing changed and nothing was told.
    """
    room = LOBBY
    before = {}
    for watcher in watchers:
        if watcher.ended is not None:
            continue
        before[watcher], _you = await desk.read(read_snapshot, watcher.user, room)
        watcher.take()
        watcher.shown.clear()
        watcher.caught_up.clear()
    told_before = len(desk.outcomes)
    refused: Refused | None = None
    outcome = Outcome()
    try:
        outcome = await desk.do(action, *args, **kwargs)
    except Refused as error:
        refused = error
    desk.hub.flush()
    for watcher in watchers:
        if watcher.ended is not None or watcher not in before:
            continue
        fresh, you = await desk.read(read_snapshot, watcher.user, room)
        expected = before[watcher].apply(watcher.take())
        if room in watcher.shown:
            expected.shown = fresh.shown
        expected = await _catch_up(desk, watcher, expected)
        assert expected == fresh
        assert fresh.you == you
        if refused is not None:
            assert fresh == before[watcher]
    assert await _mentions(desk, room) == await _noted(desk, room)
    if refused is not None:
        assert len(desk.outcomes) == told_before
        raise refused
    if outcome.row is not None:
        assert outcome.row == fresh.rows[outcome.row.id]
    return outcome


async def _catch_up(desk: Desk, watcher: Recorder, snapshot: Snapshot) -> Snapshot:
    """What a connection set behind (a bulk change) is told in pages, and live again."""
    for room, told in watcher.caught_up:
        if room != snapshot.room:
            continue
        assert told == snapshot.rev
        more = True
        while more:
            page = msgspec.convert(
                msgspec.json.decode(codec.encode(await desk.read(history.sync_page, watcher.user, room, snapshot.rev))),
                events.Sync,
            )
            snapshot.rows.update({row.id: row for row in page.messages})
            snapshot.rev, more = page.rev, page.more
        desk.hub.go_live(watcher, room, snapshot.rev)
    return snapshot


async def _mentions(desk: Desk, room: str) -> set[tuple[str, int]]:
    """(user, message id) of every mention in the rows, but of oneself and of who is not a member any more."""
    rows = [to_message(row) for row in await desk.sql(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE room = ?", room)]
    members = {user for (user,) in await desk.sql("SELECT user FROM memberships WHERE room = ?", room)}
    return {(user, row.id) for row in rows for user in row.mentions if user != row.author and user in members}


async def _noted(desk: Desk, room: str) -> set[tuple[str, int]]:
    return set(await desk.sql("SELECT user, id FROM mentions WHERE room = ?", room))
