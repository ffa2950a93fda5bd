"""A chat that goes on while the network changes under it: a cable pulled, another address, one that leads nowhere.

How long each side takes to notice is printed (``pytest -rP``); it depends on the keepalive's pauses: 5 s for an app in
front, 15 s for the host.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pytest

from mrsambosk_protocol.invite import Address, parse_invite
from mrsambosk_protocol.running import RUNNING_FILE, decode_running
from tests.helpers.host_process import ROOT, environment

from .networks import Lan, why_not
from .test_lan import LanHost, Looker

_REASON = why_not()
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)

#: Bounds a wait; nothing here may take half of it.
SECONDS = 40.0


class Chatter:
    """The app on one of the computers; `until` waits for what it tells."""

    def __init__(self, lan: Lan, computer: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._child = subprocess.Popen(
            lan.within(computer, sys.executable, "-m", "tests.lan.chatter", str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.link, self.reason = "", ""
        self.texts: list[str] = []
        self.online: list[str] = []
        self.failed: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _take(self, told: dict[str, Any]) -> None:
        match told["event"]:
            case "state":
                self.link, self.reason = told["link"], told["reason"]
            case "texts":
                self.texts = told["texts"]
            case "people":
                self.online = told["online"]
            case "failed":
                self.failed.append(told["sentence"])

    def do(self, what: str, **fields: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": what, **fields}).encode() + b"\n")
        self._child.stdin.flush()

    def until(self, good: Callable[["Chatter"], object], what: str) -> float:
        """Wait until it holds; the seconds that it took."""
        began = time.monotonic()
        while not good(self):
            try:
                told = self._lines.get(timeout=max(0.0, began + SECONDS - time.monotonic()))
            except queue.Empty:
                told = None
            assert told is not None, f"did not come: {what}; {self.link} {self.reason} {self.texts} {self.failed}"
            self._take(told)
        return time.monotonic() - began

    def until_live(self) -> float:
        return self.until(lambda me: me.link == "LIVE", "live")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            status = self._child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            status = self._child.wait(SECONDS)
        self._reader.join(SECONDS)
        self._child.stdout.close()
        assert status == 0 or kind is not None


@pytest.fixture
def lan() -> Iterator[Lan]:
    with Lan() as made:
        made.add("a", "10.77.0.1/24")
        made.add("b", "10.77.0.2/24")
        yield made


def _joined(lan: Lan, computer: str, folder: Path, name: str, invite: str) -> Chatter:
    chatter = Chatter(lan, computer, folder)
    chatter.do("join", name=name, at=invite)
    chatter.until_live()
    return chatter


def _by_loopback(host: LanHost) -> str:
    """The invite as the app takes it that runs the host itself."""
    invite = parse_invite(host.ready["invite"])
    return host.ready["invite"].replace(str(invite.addresses[0]), str(Address("127.0.0.1", host.port)))


def test_a_cable_pulled_and_put_back(lan: Lan, tmp_path: Path) -> None:
    with (
        LanHost(lan, "a", tmp_path / "host") as host,
        _joined(lan, "a", tmp_path / "ben", "Ben", _by_loopback(host)) as ben,
        _joined(lan, "b", tmp_path / "anna", "Anna", host.ready["invite"]) as anna,
    ):
        anna.do("send", body="before")
        ben.until(lambda me: me.texts == ["before"] and me.online == ["Anna", "Ben"], "both are here")
        lan.pull("a")
        app = anna.until(lambda me: me.link in ("RETRYING", "STOPPED"), "Anna's app notices")
        ben.until(lambda me: me.online == ["Ben"], "the host notices")
        print(f"noticed by the app after {app:.1f} s")
        for number in range(5):
            ben.do("send", body=f"host side {number}")
            anna.do("send", body=f"far side {number}")
        ben.until(lambda me: len(me.texts) == 6, "Ben's are stored")
        lan.plug("a")
        print(f"live again after {anna.until_live():.1f} s")
        for chatter in (anna, ben):
            chatter.until(lambda me: len(me.texts) >= 11, "everything arrived")
        assert anna.texts == ben.texts
        assert [text for text in ben.texts if text.startswith("far")] == [f"far side {number}" for number in range(5)]
        assert len(set(ben.texts)) == 11


def test_a_host_at_another_address_is_found_again_without_asking(lan: Lan, tmp_path: Path) -> None:
    with (
        LanHost(lan, "a", tmp_path / "host") as host,
        _joined(lan, "a", tmp_path / "ben", "Ben", _by_loopback(host)) as ben,
        _joined(lan, "b", tmp_path / "anna", "Anna", host.ready["invite"]) as anna,
    ):
        lan.move("a", "10.77.0.9/24")
        told = host.next_line()
        assert (told["event"], told["addresses"], told["owner_token"]) == ("changed", ["10.77.0.9"], None)
        running = decode_running((tmp_path / "host" / RUNNING_FILE).read_bytes())
        assert (running.invite, running.addresses) == (told["invite"], ("10.77.0.9",))
        print(f"noticed by the app after {anna.until(lambda me: me.link == 'RETRYING', 'Anna notices'):.1f} s")
        ben.do("send", body="while you were away")
        anna.do("send", body="still here")
        print(f"live again after {anna.until_live():.1f} s")
        for chatter in (anna, ben):
            chatter.until(lambda me: len(me.texts) == 2, "both arrived")
        assert ben.link == "LIVE"
        assert sorted(anna.texts) == ["still here", "while you were away"]
        with _joined(lan, "b", tmp_path / "carl", "Carl", told["invite"]) as carl:
            assert carl.failed == []


def test_a_host_follows_within_the_networks_it_was_told(lan: Lan, tmp_path: Path) -> None:
    host = LanHost(lan, "a", tmp_path / "host")
    host._line[host._line.index("lan")] = "10.77.0.0/24"
    with host, Looker(lan, "b") as looker:
        assert host.ready["addresses"] == ["10.77.0.1"]
        lan.move("a", "10.99.0.1/24")
        assert host.next_line()["addresses"] == ["127.0.0.1"]
        lan.move("a", "10.77.0.3/24")
        assert host.next_line()["addresses"] == ["10.77.0.3"]
        looker.until(lambda hosts: [found["addresses"][0]["host"] for found in hosts] == ["10.77.0.3"])


def test_a_public_address_is_never_served_unasked(lan: Lan, tmp_path: Path) -> None:
    lan.move("a", "9.9.9.1/24")
    with LanHost(lan, "a", tmp_path / "host") as host:
        assert host.ready["addresses"] == ["127.0.0.1"]
        lan.move("a", "10.77.0.1/24")
        assert host.next_line()["addresses"] == ["10.77.0.1"]


def test_of_two_addresses_the_one_that_leads_there_is_taken(lan: Lan, tmp_path: Path) -> None:
    lan.add_dead_end("a", "10.88.0.1/24")
    lan.route("b", "10.88.0.0/24")
    with LanHost(lan, "a", tmp_path / "host") as host:
        assert set(host.ready["addresses"]) == {"10.77.0.1", "10.88.0.1"}
        dead = f"at=10.88.0.1:{host.port}&"
        first = host.ready["invite"].replace(dead, "").replace(f"&at=10.88.0.1:{host.port}", "")
        first = first.replace("join?", f"join?{dead}")
        with _joined(lan, "b", tmp_path / "anna", "Anna", first) as anna:
            anna.do("send", body="through")
            anna.until(lambda me: me.texts == ["through"], "stored")


def test_three_computers(lan: Lan, tmp_path: Path) -> None:
    lan.add("c", "10.77.0.3/24")
    with (
        LanHost(lan, "a", tmp_path / "host") as host,
        _joined(lan, "b", tmp_path / "anna", "Anna", host.ready["invite"]) as anna,
        _joined(lan, "c", tmp_path / "carl", "Carl", host.ready["invite"]) as carl,
    ):
        for number in range(5):
            anna.do("send", body=f"anna {number}")
            carl.do("send", body=f"carl {number}")
        for chatter in (anna, carl):
            chatter.until(lambda me: len(me.texts) == 10, "everything arrived")
        assert anna.texts == carl.texts


def test_where_udp_is_dropped_a_remembered_host_is_dialled(lan: Lan, tmp_path: Path) -> None:
    with LanHost(lan, "a", tmp_path / "host") as host:
        with _joined(lan, "b", tmp_path / "anna", "Anna", host.ready["invite"]):
            pass
        lan.drop_udp("b")
        with Chatter(lan, "b", tmp_path / "anna") as again:
            again.until_live()
