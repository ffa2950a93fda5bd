"""Languages are loaded beside the loop, and said to be there."""

import asyncio
import threading

import pytest

from mrsambosk_desktop.controllers.colouring import ColouringController
from mrsambosk_desktop.core import highlight
from mrsambosk_desktop.core.tasks import Tasks


def test_a_language_is_loaded_in_another_thread_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    load = highlight.load

    def watched(language: str) -> None:
        threads.append(threading.get_ident())
        load(language)

    monkeypatch.setattr(highlight, "load", watched)

    async def whole() -> None:
        tasks = Tasks()
        colouring = ColouringController(tasks)
        told: asyncio.Queue[str] = asyncio.Queue()
        colouring.loaded.connect(told.put_nowait)
        colouring.load("lua")
        async with asyncio.timeout(30):
            assert await told.get() == "lua"
        await tasks.aclose()

    asyncio.run(whole())
    assert highlight.is_loaded("lua")
    assert len(threads) == 1
    assert threads != [threading.get_ident()]
