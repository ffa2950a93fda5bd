"""No task fails unheard or outlives its owner."""

import asyncio
from collections.abc import Callable

from mrsambosk_desktop.core.tasks import Tasks


def test_a_failure_is_reported_with_its_name() -> None:
    async def run() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        told = asyncio.Event()

        def failed(name: str, error: BaseException) -> None:
            seen.append((name, str(error)))
            told.set()

        async def break_down() -> None:
            raise ValueError("no")

        tasks = Tasks(failed)
        tasks.start(break_down(), "breaking")
        await asyncio.wait_for(told.wait(), 5)
        await tasks.aclose()
        return seen

    assert asyncio.run(run()) == [("breaking", "no")]


def test_without_a_listener_a_failure_is_logged(expect_log: Callable[..., None]) -> None:
    expect_log("breaking failed", logger="mrsambosk_desktop.core.tasks")

    async def run() -> None:
        async def break_down() -> None:
            raise ValueError("no")

        tasks = Tasks()
        await asyncio.wait([tasks.start(break_down(), "breaking")])

    asyncio.run(run())


def test_closing_waits_for_all_and_runs_nothing_later() -> None:
    async def run() -> list[str]:
        seen: list[str] = []
        tasks = Tasks()
        started = asyncio.Event()

        async def work(name: str) -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                seen.append(name)

        tasks.start(work("first"), "first")
        await asyncio.wait_for(started.wait(), 5)
        await tasks.aclose()
        assert len(tasks) == 0
        late = tasks.start(work("late"), "late")
        await asyncio.wait([late])
        assert late.cancelled()
        return seen

    assert asyncio.run(run()) == ["first"]
