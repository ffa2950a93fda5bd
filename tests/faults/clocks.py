"""Time and place play tricks: clocks that jump, processes that stand still, two hosts where one should be."""

import asyncio
import os
import signal
import time

from mrsambosk_server import backup
from tests.faults.app import AppProcess, Proxy, exactly_once, like_host
from tests.faults.stage import FaultyHost, Stage, check, check_room, until
from tests.helpers.host_process import HostFailed, command_line, run_host
from tests.helpers.wire_client import WireClient, register

HOUR, TEN_YEARS = 3600, 3653 * 86400


@check(
    "clock jumps of an hour and of ten years, to and fro",
    "jumps",
    full=20,
    short=4,
    planted="host:wall-clock-loop",
    plant="timers go by the wall clock",
    passes="nobody is cut, order stays, all are told ≤ 5 s, backups go on",
)
async def clock_jumps(stage: Stage, count: int) -> str:
    offset_file = stage.folder / "offset"
    offset_file.write_text("0")
    host = stage.host(
        *("--backup-hours", "0.0001"), faults=("clock",), extra_environment={"FAULT_CLOCK": str(offset_file)}
    )
    people = [register(host) for _ in range(3)]
    slowest = 0.0
    async with (
        WireClient(host, people[0].token) as one,
        WireClient(host, people[1].token) as two,
        WireClient(host, people[2].token) as three,
    ):
        for number in range(count):
            # Before the system's clock too, by which files are dated: there the newest backup is of the future.
            offset_file.write_text(str((HOUR, -HOUR, TEN_YEARS - HOUR, -HOUR)[number % 4]))
            host.send_signal_to_server(signal.SIGUSR2)
            # Timers of a second and more: who comes is told to all, and the next backup is made.
            begun = time.monotonic()
            async with WireClient(host, people[2].token, checked=False):
                for client in (one, two, three):
                    done = await client.post()
                    for other in (one, two, three):
                        await other.told(done["id"], seconds=5)
            slowest = max(slowest, time.monotonic() - begun)
            newest = _newest(host)
            await one.post()
            await until(lambda: _newest(host) > newest, 5, "a backup after the jump")  # noqa: B023
    assert host.stop() == 0
    posts = check_room(host.data / "room.db")
    return f"{count} jumps, {len(posts)} posts in order, all told within {slowest:.1f} s, no connection lost"


def _newest(host: FaultyHost) -> int:
    kept = backup.backups(host.data)
    return kept[-1].number if kept else 0


@check(
    "stopped and continued, host and app",
    "stops of 90 s (short form: 6 s)",
    full=2,
    short=1,
    planted="app:new-cids",
    plant="what is sent again gets a new cid",
    passes="live and complete again ≤ 30 s after, each message once",
)
async def stopped(stage: Stage, count: int) -> str:
    seconds = 6.0 if stage.short else 90.0
    proxy = await Proxy(stage.dice).open()
    host = proxy.lead_to(stage.host(*proxy.allowed))
    app = AppProcess(stage.folder / "profile", stage.planted)
    other = register(host)
    sent: list[str] = []
    slowest = 0.0
    try:
        await app.start()
        await app.join("Ada", proxy.port)
        for number in range(count):
            pid = host.server_pid if number % 2 == 0 else app.pid
            os.kill(pid, signal.SIGSTOP)
            try:
                if pid == app.pid:
                    async with WireClient(host, other.token) as client:
                        for part in range(20):
                            await client.post(f"meanwhile {number}.{part}")
                        await asyncio.sleep(seconds)
                else:
                    for part in range(5):
                        sent.append(f"{number}.{part}")
                        app.do("send", body=sent[-1])
                    await asyncio.sleep(seconds)
            finally:
                os.kill(pid, signal.SIGCONT)
            begun = time.monotonic()
            await app.settled(30, cursor=20 if pid == app.pid else 5)
            slowest = max(slowest, time.monotonic() - begun)
        await app.aclose()
        exactly_once(host.data / "room.db", {"Ada": sent})
        assert like_host(app, host) == len(check_room(host.data / "room.db")), "the replica begins later"
    finally:
        await app.kill()
        await proxy.aclose()
    return f"live and complete {slowest:.1f} s after at most"


@check(
    "two hosts on one port, on one directory",
    "rounds",
    full=10,
    short=1,
    planted="host:no-lock",
    plant="nobody asks whether the directory is in use",
    passes="status 3 and 4, the first goes on undisturbed; of two started at once exactly one serves",
)
async def two_hosts(stage: Stage, count: int) -> str:
    for number in range(count):
        host = stage.host(data=stage.folder / f"data-{number}")
        person = register(host)
        async with WireClient(host, person.token) as client:
            await client.post()
            line = command_line(stage.folder / "elsewhere", port=host.port)
            end = await asyncio.to_thread(run_host, line)
            assert end.status == 3, end
            second = stage.host(data=host.data, start=False)
            end = await asyncio.to_thread(run_host, second._line, 10)
            assert end.status == 4, end
            for _ in range(10):
                await client.post()
        assert host.stop() == 0
        both = [stage.host(data=host.data, start=False) for _ in range(2)]
        ends = await asyncio.gather(*(asyncio.to_thread(it.start) for it in both), return_exceptions=True)
        assert sum(isinstance(end, HostFailed) for end in ends) == 1, f"both or neither serve: {ends}"
        for one in both:
            if one.running:
                assert one.stop() == 0
        assert len(check_room(host.data / "room.db")) == 11
    return f"{count} rounds: status 3, status 4, one of two"
