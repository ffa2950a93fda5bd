"""Dialling back: who may ask, who is asked, and that nobody can be sent anywhere by it.

Other machines are played by a proxy's word for where somebody comes from.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.wire_client import Answer, Person, WireClient, register, request

ASK = "/api/v1/host/dial-back"
StartHost = Callable[..., HostProcess]


def far(number: int) -> dict[str, str]:
    """As the proxy tells of somebody at another machine."""
    return {"X-Forwarded-For": f"192.0.2.{number}"}


@pytest.fixture
def behind(start_host: StartHost) -> HostProcess:
    return start_host("--proxy", "127.0.0.1")


def ask(host: HostProcess, token: str | None = None, headers: dict[str, str] | None = None) -> Answer:
    return request(host, "POST", ASK, token=token, headers=headers)


async def later(act: Callable[..., Answer], *values: Any) -> Answer:
    return await asyncio.to_thread(act, *values)


def arrive(host: HostProcess, id: str, token: str | None, number: int) -> Answer:
    return request(host, "PUT", f"{ASK}/{id}", token=token, headers=far(number))


async def connected(host: HostProcess, person: Person, number: int, client: str = "Mrsambosk/1.0") -> WireClient:
    """Somebody live at another machine; 0: at this one."""
    made = WireClient(host, None, additional_headers=far(number) if number else {})
    await made.open()
    await made.send_hello(token=person.token, client=client)
    await made.wait_live()
    return made


def test_this_machine_needs_no_token_and_others_a_right(behind: HostProcess) -> None:
    member = register(behind)
    assert ask(behind).json == {"asked": 0, "reached": []}
    for token, status, code in (
        (None, 401, "auth_required"),
        ("x" * 43, 401, "auth_failed"),
        (member.token, 403, "forbidden"),
    ):
        answer = ask(behind, token, far(1))
        assert (answer.status, answer.code) == (status, code)


async def test_devices_elsewhere_are_asked_and_come_in(behind: HostProcess) -> None:
    near, away, bot = register(behind), register(behind), register(behind)
    here = await connected(behind, near, 0)
    there, program = await connected(behind, away, 7), await connected(behind, bot, 8, "bot/1")
    try:
        asked = asyncio.create_task(later(ask, behind, behind.owner_token, far(9)))
        event = await there.next("dial_back")
        assert (await later(arrive, behind, event["id"] + "x", away.token, 7)).code == "not_found"
        assert (await later(arrive, behind, event["id"], None, 7)).code == "auth_required"
        assert (await later(arrive, behind, event["id"], away.token, 7)).status == 204
        assert (await asked).json == {"asked": 1, "reached": ["127.0.0.1"]}
        # That one is over, and the next has to wait.
        assert (await later(arrive, behind, event["id"], away.token, 7)).code == "not_found"
        again = await later(ask, behind)
        assert (again.status, again.code) == (429, "rate_limited")
        assert int(again.headers["Retry-After"]) <= 10
        for other in (here, program):
            assert other.heard("dial_back") == []
    finally:
        for one in (here, there, program):
            await one.close()


async def test_who_does_not_come_is_told_as_such(behind: HostProcess) -> None:
    there = await connected(behind, register(behind), 7)
    try:
        assert (await later(ask, behind)).json == {"asked": 1, "reached": []}
    finally:
        await there.close()


async def test_no_more_than_three_are_asked(behind: HostProcess) -> None:
    people = [await connected(behind, register(behind), number) for number in range(1, 6)]
    try:
        assert (await later(ask, behind)).json["asked"] == 3
        assert sum(len(one.heard("dial_back")) for one in people) == 3
    finally:
        for one in people:
            await one.close()
