"""The list of hosts around: what time does to it."""

import asyncio

import pytest

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.net.discovery import Discovery
from mrsambosk_protocol.announcement import STALE_SECONDS, Announcement


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
