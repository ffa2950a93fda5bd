"""Who is writing is told, and told again when they no longer are."""

import asyncio

import pytest

from mrsambosk_desktop.controllers import typists
from mrsambosk_desktop.controllers.typists import Typists


def test_what_came_and_another_room_end_it() -> None:
    async def act() -> None:
        told: list[tuple[str, ...]] = []
        who = Typists(told.append)
        who.heard("u_a")
        who.heard("u_b")
        who.wrote(["u_a", "u_c"])
        assert told[-1] == ("u_b",)
        who.forget()
        assert told[-1] == ()
        who.wrote(["u_b"])
        assert told == [("u_a",), ("u_a", "u_b"), ("u_b",), ()], "nobody wrote, nothing to tell"
        who.close()

    asyncio.run(act())


def test_silence_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typists, "_SHOWN_SECONDS", 0.01)

    async def act() -> None:
        ended = asyncio.Event()
        who = Typists(lambda users: None if users else ended.set())
        who.heard("u_a")
        await asyncio.wait_for(ended.wait(), 20)
        who.close()

    asyncio.run(act())
