"""A host whose disk is really full: it says so, goes on reading and deleting, and writes again once there is space."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mrsambosk_protocol import events
from mrsambosk_protocol.commands import Delete
from mrsambosk_protocol.limits import LOBBY, Refused
from mrsambosk_server import history
from mrsambosk_server.actions import messages
from tests.helpers.host_process import ROOMY, HostProcess, command_line, run_host
from tests.helpers.server_desk import on_loop, until
from tests.helpers.server_host import hosted

_MEGABYTES = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)


def test_a_start_on_a_disk_with_nothing_left_says_so_and_ends(small_disk: Path) -> None:
    host = HostProcess(small_disk / "data", *ROOMY).start()
    filler = small_disk / "somebody else's film"
    host.kill()
    (host.data / "reserve").unlink()
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    # Twice: the first one leaves nothing behind that would change the second.
    for _ in range(2):
        end = run_host(command_line(host.data))
        assert end.status == 2, end
        assert "disk is full" in end.sentence
        assert "Traceback" not in end.stderr
    filler.unlink()
    with HostProcess(host.data):
        pass


@on_loop
async def test_a_full_disk(small_disk: Path, expect_log: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    expect_log("The storage refused a batch", "mrsambosk_server.writer")
    monkeypatch.setattr("mrsambosk_server.writer._SPACE_SECONDS", 0.05)
    filler = small_disk / "somebody else's film"
    async with hosted(small_disk) as host:
        anna = await host.person()
        with host.websocket() as watcher:
            await host.join(watcher, anna.token)
            for _round in range(3):
                filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 1_500_000))
                rev = await host.ledger.read(history.room_rev, anna.id, LOBBY)
                refusal = None
                while refusal is None:
                    try:
                        assert await host.post(anna.id, "x" * 4000) == rev + 1, "no revision is used up"
                        rev += 1
                    except Refused as refused:
                        refusal = refused
                assert (refusal.code, refusal.retry_after) == ("storage_full", 30.0)
                notice = await watcher.until(events.Notice)
                assert isinstance(notice, events.Notice)
                assert notice.kind == "read_only"
                # Reading goes on, and what was acknowledged is there.
                assert await host.ledger.read(history.room_rev, anna.id, LOBBY) == rev
                assert (await host.ledger.read(history.message, anna.id, LOBBY, rev)).body == "x" * 4000
                # So does deleting, from the reserve.
                delete = Delete(ref=1, room=LOBBY, id=rev)
                assert (await host.ledger.submit(messages.do_delete, anna.id, delete)).reply.rev == rev + 1
                with pytest.raises(Refused):
                    await host.post(anna.id)
                filler.unlink()
                await until(lambda: (small_disk / "reserve").exists())
                notice = await watcher.until(events.Notice)
                assert isinstance(notice, events.Notice)
                assert notice.kind == "writable"
                assert await host.post(anna.id) == rev + 2
        assert await host.ledger.read(lambda tx: tx.one("PRAGMA quick_check")) == ("ok",)
