"""The list of hosts around: what time does to it."""

import asyncio

import pytest
from zeroconf import ServiceStateChange, Zeroconf

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.net.discovery import Discovery
from mrsambosk_protocol.announcement import MDNS_TYPE, STALE_SECONDS, Announcement


def test_a_host_without_a_word_is_stale_then_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_wait_for_it(monkeypatch))


async def _wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[FoundHost, ...]] = []
    loop = asyncio.get_running_loop()
    discovery = Discovery(told.append, ())
    now = loop.time()
    said = Announcement(id="A" * 52, name="Staff room", port=8765, addresses=("10.0.0.2",))
    monkeypatch.setattr(loop, "time", lambda: now)
    discovery._hear(said, "beacon", ("10.0.0.2",))
    for later, expected in ((STALE_SECONDS - 1, [False]), (STALE_SECONDS + 1, [True]), (5 * STALE_SECONDS, [])):
        monkeypatch.setattr(loop, "time", lambda later=later: now + later)
        discovery._make_round()
        assert [host.stale for host in discovery.hosts] == expected
        assert discovery._timer is not None
        discovery._timer.cancel()
    assert len(told) == 3
    discovery._hear(said, "beacon", ("10.0.0.2",))
    assert [host.stale for host in discovery.hosts] == [False]
    monkeypatch.undo()
    await discovery.close()


def test_closed_in_the_moment_somebody_is_heard_leaves_nothing() -> None:
    """Its asking who that is has not had its first step; a coroutine never awaited would be a warning."""

    async def hear_and_close() -> None:
        discovery = Discovery(lambda _hosts: None, ())
        network = Zeroconf(interfaces=["127.0.0.1"])
        try:
            discovery._on_service(network, MDNS_TYPE, f"somebody.{MDNS_TYPE}", ServiceStateChange.Added)
            await discovery.close()
        finally:
            await network._async_close()

    asyncio.run(hear_and_close())
