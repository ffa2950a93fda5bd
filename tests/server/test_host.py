"""The host as a whole: what a stop does when something fails on the way, and what damage that shows late leads to."""

import logging
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mrsambosk_protocol.limits import LOBBY, Refused
from mrsambosk_server import backup, clean_stop, cli, history, schema
from mrsambosk_server.examination import CannotStart
from tests.helpers.server_desk import on_loop
from tests.helpers.server_host import hosted


@on_loop
async def test_a_stop_goes_on_past_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hosted(tmp_path) as host:
        with monkeypatch.context() as patch:

            async def fail() -> None:
                raise RuntimeError("planted")

            patch.setattr(host.host._backups, "aclose", fail)
            with pytest.raises(RuntimeError, match="planted"):
                await host.host.stop()
        assert clean_stop.needs_check(tmp_path / backup.DATABASE), "small ones are always looked through"
        assert (tmp_path / "clean-stop.json").exists()
        async with hosted(tmp_path):
            pass  # it is not locked any more


def spoil(database: Path, table: str) -> None:
    """Overwrite the root page of a table, and leave the times of the file as they are."""
    about = database.stat()
    with closing(schema.open_reader(database)) as db:
        root = db.execute_sql("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(os.urandom(4096))
    os.utime(database, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("how", ["read", "write"])
@on_loop
async def test_damage_that_shows_late_is_looked_for_at_the_next_start(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    # As a large database is taken: after a clean stop nobody looks at every page.
    monkeypatch.setattr(clean_stop, "_CHECK_BYTES", 0)
    expect_log("SQLITE_CORRUPT")
    expect_log("The database is damaged")
    database = tmp_path / backup.DATABASE
    async with hosted(tmp_path) as host:
        anna = await host.person()
        await host.post(anna.id)
    made = backup.make_backup(tmp_path)
    spoil(database, "messages")
    async with hosted(tmp_path) as host:
        assert not host.ledger.is_damaged
        with pytest.raises(Refused) as refused:
            await (host.ledger.read(history.message, anna.id, LOBBY, 1) if how == "read" else host.post(anna.id))
        assert refused.value.code == "storage_error"
        assert host.ledger.is_damaged
    with pytest.raises(CannotStart, match=made.name) as cannot:
        async with hosted(tmp_path):
            pass
    assert cannot.value.status == 5


@on_loop
async def test_a_copy_that_is_not_whole_makes_the_next_start_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[..., None]
) -> None:
    monkeypatch.setattr(clean_stop, "_CHECK_BYTES", 0)
    database = tmp_path / backup.DATABASE
    async with hosted(tmp_path):
        pass
    assert not clean_stop.needs_check(database)
    spoil(database, "audit")
    expect_log("No backup could be made: .* damaged", "mrsambosk_server.backup")
    async with hosted(tmp_path) as host:
        host.host._backups._make_if_due()
    with pytest.raises(CannotStart, match="damaged"):
        async with hosted(tmp_path):
            pass


def test_what_the_loop_reports_is_logged_without_what_it_happened_to(expect_log: Callable[..., None]) -> None:
    kept: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    expect_log("Task exception was never retrieved", "mrsambosk_server.cli")
    handler = Keep()
    cli.log.addHandler(handler)
    try:
        context: dict[str, Any] = {
            "message": "Task exception was never retrieved",
            "exception": KeyError("private"),
            "task": "<Task exception=KeyError('private')>",
        }
        cli._Crowding()(None, context)  # type: ignore[arg-type]
    finally:
        cli.log.removeHandler(handler)
    assert kept == ["Task exception was never retrieved"]
