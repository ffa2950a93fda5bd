"""The doctor at a window: what it is aimed at, and that the loop goes on while tools take their time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mrsambosk_desktop.controllers import doctor as module
from mrsambosk_desktop.controllers.doctor import DoctorController
from mrsambosk_desktop.core.doctor import HostFacts
from mrsambosk_desktop.core.findings import Check, Finding
from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.core.way import WayFacts
from mrsambosk_desktop.net.doctor import Hosted
from mrsambosk_desktop.net.trust import PLAIN, Trust, pinned
from mrsambosk_protocol.invite import Address

KEY = "A" * 52


class Looks:
    """Stands in for what gathers facts: notes what it is asked, and waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: list[tuple[int, Hosted | None]] = []
        self.ways: list[tuple[tuple[Address, ...], Trust | None]] = []
        self.go = asyncio.Event()
        monkeypatch.setattr(module, "look_at_host", self.look_at_host)
        monkeypatch.setattr(module, "look_at_way", self.look_at_way)

    async def look_at_host(self, port: int, hosted: Hosted | None, _door: object) -> HostFacts:
        self.hosts.append((port, hosted))
        await self.go.wait()
        return HostFacts(port=port, addresses=hosted.addresses if hosted else ())

    async def look_at_way(self, addresses: tuple[Address, ...], trust: Trust | None) -> WayFacts:
        self.ways.append((addresses, trust))
        await self.go.wait()
        return WayFacts(trials=())


def play(monkeypatch: pytest.MonkeyPatch, act: Callable[[DoctorController, Looks], Awaitable[None]]) -> list[str]:
    told: list[str] = []

    async def run() -> None:
        tasks = Tasks()
        looks = Looks(monkeypatch)
        doctor = DoctorController(tasks, lambda: None)
        doctor.looking.connect(lambda: told.append("looking"))
        doctor.looked.connect(lambda findings: told.append(f"looked {len(findings)}"))
        async with asyncio.timeout(10):
            await act(doctor, looks)
            await turn()
        await tasks.aclose()

    asyncio.run(run())
    return told


async def turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_host_here_is_known_by_its_invite(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(doctor: DoctorController, looks: Looks) -> None:
        doctor.check_host(f"mrsambosk://join?at=192.168.1.20:9000&at=chat.example:9000&fp={KEY}")
        await turn()
        assert looks.hosts == [(9000, Hosted(port=9000, addresses=("192.168.1.20",), fingerprint=KEY))]
        looks.go.set()

    assert play(monkeypatch, act) == ["looking", "looked 8"]


def test_a_glance_is_told_apart_and_disturbs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(doctor: DoctorController, looks: Looks) -> None:
        glanced: list[tuple[Finding, ...]] = []
        doctor.glanced.connect(glanced.append)
        doctor.check_host("")
        doctor.glance("")
        await turn()
        assert len(looks.hosts) == 2
        looks.go.set()
        await turn()
        assert [len(findings) for findings in glanced] == [6]

    assert play(monkeypatch, act) == ["looking", "looked 6"]


def test_without_a_host_the_computer_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(doctor: DoctorController, looks: Looks) -> None:
        looks.go.set()
        doctor.check_host("")
        await turn()
        assert looks.hosts == [(8765, None)]

    assert play(monkeypatch, act)[0] == "looking"


def test_the_way_is_looked_at_as_it_was_to_be_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    found = FoundHost(id=KEY, name="x", addresses=(Address("10.0.0.1"),), tls=True, locked=False, people=0)

    async def act(doctor: DoctorController, looks: Looks) -> None:
        looks.go.set()
        doctor.check_way()  # nothing was tried yet
        for text in ("nonsense with blanks", "mrsambosk://join?at="):
            doctor.aim(text)
            doctor.check_way()
        assert looks.ways == []
        doctor.aim(f"mrsambosk://join?at=10.0.0.1:8765&fp={KEY}")
        doctor.check_way()
        await turn()
        doctor.aim("mrsambosk://join?at=10.0.0.1&tls=0")
        doctor.check_way()
        await turn()
        doctor.aim("10.0.0.1")
        doctor.check_way()
        await turn()
        doctor.aim_at(found)
        doctor.check_way()
        await turn()
        here = (Address("10.0.0.1"),)
        assert looks.ways == [(here, pinned(KEY)), (here, PLAIN), (here, None), (here, pinned(KEY))]
        doctor.again()
        await turn()
        assert looks.ways[-1] == looks.ways[-2]

    assert len(play(monkeypatch, act)) == 10


def test_looking_again_gives_up_the_look_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(doctor: DoctorController, looks: Looks) -> None:
        doctor.check_host("")
        await turn()
        doctor.again()
        await turn()
        assert len(looks.hosts) == 2
        looks.go.set()

    told = play(monkeypatch, act)
    assert told[:2] == ["looking", "looking"]
    assert len(told) == 3


def test_findings_are_told_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[Finding, ...]] = []

    async def act(doctor: DoctorController, looks: Looks) -> None:
        looks.go.set()
        doctor.looked.connect(got.append)
        doctor.check_host("")

    play(monkeypatch, act)
    checks = [one.check for one in got[0]]
    assert checks == sorted(checks, key=list(Check).index)
