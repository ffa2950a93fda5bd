"""Found, invited and reached on networks of one machine: what a router or a stranger does to announcements."""

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pytest

from tests.helpers.host_process import ROOT, HostProcess, environment

from .networks import Lan, why_not

_REASON = why_not()
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)

#: How long something may take that has no limit of its own; with mDNS's own pauses it is some seconds at most.
SECONDS = 20.0
GOODBYE_SECONDS = 5.0
Found = dict[str, Any]


class LanHost(HostProcess):
    """A host on one of the computers, with TLS, announced; on its network unless `options` bind it elsewhere."""

    def __init__(self, lan: Lan, computer: str, data: Path, *options: str) -> None:
        bind = () if "--bind" in options else ("--bind", "lan")
        super().__init__(data, *bind, *options, tls=True)
        self._line = lan.within(computer, *(word for word in self._line if word != "--no-announce"))

    @property
    def id(self) -> str:
        fingerprint = self.ready["fingerprint"]
        assert isinstance(fingerprint, str)
        return fingerprint


class Looker:
    """The app's search for hosts, on one of the computers. `until` waits for a list."""

    def __init__(self, lan: Lan, computer: str) -> None:
        self._child = subprocess.Popen(
            lan.within(computer, sys.executable, "-m", "tests.lan.looker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )
        self._lines: queue.Queue[list[Found] | None] = queue.Queue()
        self.hosts: list[Found] = []
        self.longest = 0
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True)
        self._reader.start()
        self._next(SECONDS)

    def _read(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self, seconds: float) -> None:
        hosts = self._lines.get(timeout=seconds)
        assert hosts is not None, "the looker ended by itself"
        self.hosts = hosts
        self.longest = max(self.longest, len(hosts))

    def so_far(self) -> list[Found]:
        """The last list it printed until now."""
        while not self._lines.empty():
            self._next(0)
        return self.hosts

    def until(self, good: Callable[[list[Found]], object], seconds: float = SECONDS) -> list[Found]:
        """The first list that is good."""
        while not good(self.hosts):
            try:
                self._next(seconds)
            except queue.Empty:
                raise AssertionError(f"did not come; the last list is {self.hosts}") from None
        return self.hosts

    def until_found(self, id: str, *ways: str) -> Found:
        """This host, once it was heard of in all these ways."""
        hosts = self.until(lambda hosts: any(host["id"] == id and {*ways} <= {*host["sources"]} for host in hosts))
        return next(host for host in hosts if host["id"] == id)

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


def _dial(lan: Lan, computer: str, invite: str) -> dict[str, str]:
    ran = subprocess.run(
        lan.within(computer, sys.executable, "-m", "tests.lan.looker", invite),
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, str] = json.loads(ran.stdout)
    return answer


def _hosts(found: Found) -> list[str]:
    return [address["host"] for address in found["addresses"]]


def test_both_ways_without_a_default_route(lan: Lan, tmp_path: Path) -> None:
    assert "default" not in lan.routes("a")
    with (
        Looker(lan, "a") as at_a,
        Looker(lan, "b") as at_b,
        LanHost(lan, "a", tmp_path / "a") as one,
        LanHost(lan, "b", tmp_path / "b") as two,
    ):
        assert _hosts(at_b.until_found(one.id, "mdns", "beacon")) == ["10.77.0.1"]
        assert _hosts(at_a.until_found(two.id, "mdns", "beacon")) == ["10.77.0.2"]
        assert _dial(lan, "b", one.ready["invite"]) == {"host": one.id, "at": f"10.77.0.1:{one.port}"}


def test_a_mask_that_is_no_whole_byte(tmp_path: Path) -> None:
    with Lan() as lan:
        lan.add("a", "10.77.0.1/25")
        lan.add("b", "10.77.0.2/25")
        lan.drop_multicast()
        with LanHost(lan, "a", tmp_path / "a") as host, Looker(lan, "b") as looker:
            looker.until_found(host.id, "beacon")


def test_where_multicast_is_dropped_the_beacon_finds_it(lan: Lan, tmp_path: Path) -> None:
    lan.drop_multicast()
    with LanHost(lan, "a", tmp_path / "a") as host, Looker(lan, "b") as looker:
        assert looker.until_found(host.id, "beacon")["sources"] == ["beacon"]


def test_where_udp_is_dropped_the_invite_works(lan: Lan, tmp_path: Path) -> None:
    lan.drop_udp("b")
    with LanHost(lan, "a", tmp_path / "a") as host, Looker(lan, "b") as looker:
        assert _dial(lan, "b", host.ready["invite"])["host"] == host.id
        assert looker.so_far() == []


@pytest.mark.parametrize("multicast", [True, False])
def test_a_goodbye_is_heard(lan: Lan, tmp_path: Path, multicast: bool) -> None:
    if not multicast:
        lan.drop_multicast()
    with Looker(lan, "b") as looker:
        with LanHost(lan, "a", tmp_path / "a") as host:
            looker.until_found(host.id, "beacon", *(["mdns"] if multicast else []))
        looker.until(lambda hosts: hosts == [], GOODBYE_SECONDS)


def test_two_hosts_of_one_name_are_marked(lan: Lan, tmp_path: Path) -> None:
    lan.add("c", "10.77.0.3/24")
    options = ("--name", "Staff room")
    with (
        LanHost(lan, "a", tmp_path / "a", *options) as one,
        LanHost(lan, "b", tmp_path / "b", *options) as two,
        Looker(lan, "c") as looker,
    ):
        hosts = looker.until(lambda hosts: len(hosts) == 2)
        assert {host["id"] for host in hosts} == {one.id, two.id}
        assert all(host["double"] for host in hosts)


def test_a_host_at_a_new_address_is_known_by_its_key(lan: Lan, tmp_path: Path) -> None:
    with Looker(lan, "b") as looker:
        with LanHost(lan, "a", tmp_path / "a") as host:
            before = host.id
            looker.until_found(before, "beacon")
        lan.move("a", "10.77.0.9/24")
        with LanHost(lan, "a", tmp_path / "a") as again:
            assert again.id == before
            looker.until(lambda hosts: [_hosts(host)[0] for host in hosts if host["id"] == before] == ["10.77.0.9"])


def test_ten_thousand_lies_stay_bounded_and_harmless(lan: Lan, tmp_path: Path) -> None:
    lan.add("c", "10.77.0.3/24")
    with LanHost(lan, "a", tmp_path / "a") as host, Looker(lan, "b") as looker:
        looker.until_found(host.id, "beacon")
        subprocess.run(
            lan.within("c", sys.executable, "-m", "tests.lan.liar", "10.77.0.3", "10.77.0.255"),
            env=environment(),
            cwd=ROOT,
            timeout=60,
            check=True,
        )
        looker.until(lambda hosts: len(hosts) == 64)
        assert looker.longest == 64
        assert looker.hosts[0]["id"] == host.id
        assert all(found["name"].isprintable() and len(found["name"]) <= 64 for found in looker.hosts)
        # Still at work: another goodbye is heard.
        assert _dial(lan, "b", host.ready["invite"])["host"] == host.id
        lie = next(found for found in looker.hosts if found["id"] != host.id)
        forged = host.ready["invite"].replace(host.id, lie["id"])
        assert _dial(lan, "b", forged) == {"failed": "WRONG_KEY"}


def test_an_app_that_is_closed_as_it_opens_leaves_no_socket_open(lan: Lan, tmp_path: Path) -> None:
    """The first page looks around at once; who quits in that moment meets an mDNS that has not started yet."""
    app = lan.within("a", sys.executable, "-W", "always", "-m", "mrsambosk_desktop", "--data", str(tmp_path))
    with subprocess.Popen(app, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT) as child:
        assert child.stderr is not None
        shown = next((line for line in child.stderr if "the window is shown" in line), "")
        child.send_signal(signal.SIGINT)
        _nothing, rest = child.communicate(timeout=SECONDS)
    assert shown
    assert (child.returncode, rest) == (0, "")
