"""A machine that slept is noticed by its clock, and its connection must prove itself."""

import asyncio

from mrsambosk_desktop.controllers.waking import LATE_SECONDS, LOOK_SECONDS, WakeWatch
from mrsambosk_desktop.core.tasks import Tasks


class Machine:
    """Each wait takes as long as asked, and what was slept."""

    def __init__(self, *sleeps: float) -> None:
        self.now = 1000.0
        self.sleeps = list(sleeps)
        self.over = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        if not self.sleeps:
            self.over.set()
            await asyncio.Event().wait()
        self.now += seconds + self.sleeps.pop(0)


def woken(*sleeps: float) -> int:
    async def play() -> int:
        machine, tasks = Machine(*sleeps), Tasks()
        watch = WakeWatch(tasks, lambda: machine.now, machine.wait)
        times: list[None] = []
        watch.woke.connect(lambda: times.append(None))
        watch.start()
        async with asyncio.timeout(5):
            await machine.over.wait()
        await tasks.aclose()
        return len(times)

    return asyncio.run(play())


def test_sleep_is_noticed_once() -> None:
    assert woken(0, 3600, 0, 0) == 1
    assert woken(3600, 0, 60) == 2


def test_a_busy_machine_and_a_clock_set_back_are_no_sleep() -> None:
    assert woken(0, LATE_SECONDS, -LOOK_SECONDS - 100, 0.5) == 0
