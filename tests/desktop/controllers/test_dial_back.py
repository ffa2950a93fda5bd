"""What the app does for a host that wants to see new connections: little, seldom, and only where it knows the host."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mrsambosk_desktop.controllers.entrance import Target
from mrsambosk_desktop.net.http import Door
from mrsambosk_protocol import codec
from mrsambosk_protocol.events import DialBack, Live, Sync
from mrsambosk_protocol.invite import Address
from tests.helpers.scripted_host import Line, scripted_host

from .works import works

ID = "a-number-used-once"
ELSEWHERE = tuple(Address(f"10.9.9.{number}", 9) for number in range(20))


def play(
    folder: Path, monkeypatch: pytest.MonkeyPatch, make_target: Callable[[Address], Target], events: int
) -> list[tuple[str, Address, str, str]]:
    """What is asked of doors by an app whose host sends this many of the events."""
    asked: list[tuple[str, Address, str, str]] = []

    async def ask(door: Door, method: str, path: str, _answer: object) -> None:
        asked.append((method, door.address, path, door.token))

    monkeypatch.setattr(Door, "ask", ask)

    async def script(line: Line) -> None:
        await line.welcome()
        await line.say(*[DialBack(id=ID)] * events)
        await line.say(Sync(room="lobby", rev=0, messages=(), more=False, reset=True), Live())
        await line.socket.wait_closed()

    async def whole() -> None:
        async with asyncio.timeout(20), scripted_host(script) as address, works(folder) as app:
            app.connection.connect_to(make_target(address))
            # What is dialled begins with the event, which comes before this.
            await app.until(lambda: app.live)
            await asyncio.sleep(0)

    asyncio.run(whole())
    return asked


def test_each_address_known_is_dialled_once_however_often_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = play(tmp_path, monkeypatch, lambda at: Target((at, *ELSEWHERE), "token"), events=5)
    assert len(asked) == 8
    assert [address for _method, address, _path, _token in asked][1:] == list(ELSEWHERE[:7])
    assert {(method, path, token) for method, _address, path, token in asked} == {
        ("PUT", f"/host/dial-back/{ID}", "token")
    }


def test_who_hosts_does_not_dial_its_own_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(tmp_path, monkeypatch, lambda at: Target((at,), "token", hosted=True), events=1) == []


@pytest.mark.parametrize("id", ["short", "x" * 41, "../../users/1/kick?x", "a-number-used-once\\r\\nX: y", ""])
def test_what_could_be_more_than_a_number_in_a_path_is_no_event(id: str) -> None:
    with pytest.raises(codec.BadFrame):
        codec.decode_event(f'{{"type": "dial_back", "id": "{id}"}}')
    assert codec.decode_event(f'{{"type": "dial_back", "id": "{ID}"}}') == DialBack(id=ID)
