"""`kill -9` under four writers, 20 times: no answered message is lost, revisions stay dense, the database is sound."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person, WireClient, new_cid, register
from tests.server.wire.test_exit_status import databases

StartHost = Callable[..., HostProcess]
KILLS = 20
WRITERS = 4


class Writer:
    """Posts in order, one after the other or some at once, and remembers what was answered."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.answered: dict[str, int] = {}
        self.sent: list[str] = []
        self.enough = asyncio.Event()

    async def write(self, host: HostProcess, goal: int) -> None:
        """Until the host is gone; `enough` is set after `goal` answers."""
        self.enough.clear()
        answers = 0
        try:
            async with WireClient(host, self.person.token) as client:
                while True:
                    cids = [new_cid() for _ in range(3)]
                    refs = []
                    for cid in cids:
                        self.sent.append(cid)
                        refs.append(await client.start("post", room="lobby", cid=cid, body=f"{cid} {'x' * 200}"))
                    for cid, ref in zip(cids, refs, strict=True):
                        self.answered[cid] = (await client.reply(ref))["id"]
                        answers += 1
                    if answers >= goal:
                        self.enough.set()
        except (ConnectionClosed, OSError):
            pass
        except AssertionError as gone:
            if "closed with" not in str(gone):
                raise


def check_integrity(data: Path, scratch: Path) -> None:
    """`integrity_check` on a copy, the log beside it included, so that the host's own recovery is not helped."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(data, scratch)
    for database in databases(scratch):
        db = sqlite3.connect(database)
        try:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        finally:
            db.close()


async def read_all(
    host: HostProcess, person: Person, epoch: str | None
) -> tuple[WireClient, dict[int, dict[str, object]]]:
    async with WireClient(host, person.token, epoch=epoch, have=None if epoch is None else {"lobby": 0}) as client:
        return client, {id: dict(row) for id, row in client.lobby.rows.items()}


async def test_no_answered_message_is_lost_in_twenty_kills(start_host: StartHost, tmp_path: Path) -> None:
    dice = random.Random(9)
    host = start_host(*ROOMY)
    writers = [Writer(register(host)) for _ in range(WRITERS)]
    client, _ = await read_all(host, writers[0].person, None)
    first_epoch = client.welcome["epoch"]
    for _ in range(KILLS):
        tasks = [asyncio.create_task(writer.write(host, dice.randrange(1, 40))) for writer in writers]
        await asyncio.gather(*(asyncio.wait_for(writer.enough.wait(), 20) for writer in writers))
        host.kill()
        await asyncio.gather(*tasks)
        check_integrity(host.data, tmp_path / "scratch")
        assert not host.faults(), host.last_log
        host = start_host(*ROOMY)

    # One client that was away all the time comes back: its epoch ended twenty starts ago, its cursor is good.
    client, rows = await read_all(host, writers[0].person, first_epoch)
    assert client.lobby.resets == 0
    revs = sorted(row["rev"] for row in rows.values())  # type: ignore[type-var]
    assert revs == list(range(1, client.lobby.cursor + 1)), "revisions are not dense"
    stored: dict[object, int] = {row["cid"]: id for id, row in rows.items() if row["kind"] == "text"}
    assert len(stored) == sum(row["kind"] == "text" for row in rows.values()), "a cid twice"
    for writer in writers:
        assert len(writer.answered) >= KILLS
        missing = [cid for cid, id in writer.answered.items() if stored.get(cid) != id]
        assert not missing, f"{len(missing)} answered messages are lost"
        # What is stored of one writer stands in the order in which it was sent.
        mine = [row["cid"] for _, row in sorted(rows.items()) if row["author"] == writer.person.id and row["cid"]]
        order = {cid: place for place, cid in enumerate(writer.sent)}
        places = [order[cid] for cid in mine]  # type: ignore[index]
        assert places == sorted(places)
