"""`mrsambosk doctor` on networks of one machine: what is broken is red, with the command after which it is green."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.host_process import ROOT, environment

from .networks import Lan, why_not
from .test_console import _command
from .test_lan import LanHost
from .test_moving import _joined

_REASON = why_not()
_NO_NFT = "" if shutil.which("nft") else "nft of nftables is missing"
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)
_DROPPED = """
table inet guard {
  chain input {
    type filter hook input priority 0;
    PORT
  }
}
"""
#: A table as people write them by hand.
_TABLE = """
table inet guard {
  set hosts { type ipv4_addr; elements = { 10.99.0.1 } }
  chain strangers { tcp dport 1-1023 reject; meta l4proto udp udp dport { 5353, 8766 } accept; }
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip saddr @hosts accept
    icmp type echo-request limit rate 5/second accept
    jump strangers
  }
}
"""


@pytest.fixture
def lan() -> Iterator[Lan]:
    with Lan() as made:
        made.add("a", "10.77.0.1/24")
        made.add("b", "10.77.0.2/24")
        yield made


def _doctor(lan: Lan, computer: str, *words: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit status, and the lines by what they are about."""
    ran = subprocess.run(
        lan.within(computer, *_command("doctor", "--json", *words)),
        env={name: value for name, value in environment().items() if not name.upper().endswith("_PROXY")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr == ""
    told = json.loads(ran.stdout)
    assert told["good"] is (ran.returncode == 0)
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in told["checks"]:
        lines.setdefault(line["check"], []).append(line)
    return ran.returncode, lines


def _red(lines: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {check for check, listed in lines.items() for line in listed if line["verdict"] == "bad"}


def _run(lan: Lan, computer: str, command: str, given: str = "") -> None:
    subprocess.run(
        lan.within(computer, "sh", "-c", command), input=given, text=True, check=True, capture_output=True, timeout=20
    )


def test_a_healthy_host_is_green(lan: Lan, tmp_path: Path) -> None:
    with LanHost(lan, "a", tmp_path / "a"):
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
    assert (status, _red(lines)) == (0, set())
    for check in ("port", "bind", "interface", "vpn", "proxy", "discovery"):
        assert [line["verdict"] for line in lines[check]] == ["good"], lines[check]
    assert "10.77.0.1" in lines["bind"][0]["text"]
    assert "mDNS + beacon" in lines["discovery"][0]["text"]


@pytest.mark.skipif(bool(_NO_NFT), reason=_NO_NFT)
@pytest.mark.parametrize(
    "rules", [pytest.param(_DROPPED, id="policy"), pytest.param(_TABLE, marks=pytest.mark.long, id="rule")]
)
def test_a_dropped_port_is_red_until_the_command_was_run(lan: Lan, tmp_path: Path, rules: str) -> None:
    with LanHost(lan, "a", tmp_path / "a") as host:
        _run(lan, "a", "nft -f -", rules.replace("PORT", f"tcp dport {host.port} drop"))
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
        assert (status, _red(lines)) == (1, {"firewall"})
        _status, elsewhere = _doctor(lan, "b", host.ready["invite"])
        assert (
            "does not answer at all" in elsewhere["way"][0]["text"] or "announces itself" in elsewhere["way"][0]["text"]
        )
        (command,) = lines["firewall"][0]["commands"]
        assert command == f"nft insert rule inet guard input ip saddr 10.77.0.0/24 tcp dport {host.port} accept"
        _run(lan, "a", command)
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
        assert (status, lines["firewall"][0]["verdict"]) == (0, "good")
        status, elsewhere = _doctor(lan, "b", host.ready["invite"])
        assert (status, elsewhere["way"][0]["verdict"]) == (0, "good")


@pytest.mark.skipif(bool(_NO_NFT), reason=_NO_NFT)
def test_where_udp_is_dropped_the_invite_is_the_advice(lan: Lan, tmp_path: Path) -> None:
    with LanHost(lan, "a", tmp_path / "a"):
        _run(lan, "a", "nft -f -", _DROPPED.replace("PORT", "meta l4proto udp drop"))
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
        assert (status, _red(lines)) == (1, {"discovery"})
        assert "Share the invite" in lines["discovery"][0]["advice"]
        for command in lines["discovery"][0]["commands"]:
            _run(lan, "a", command)
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
        assert (status, lines["discovery"][0]["verdict"]) == (0, "good")


def test_a_host_bound_to_loopback_is_red_with_the_setting(lan: Lan, tmp_path: Path) -> None:
    with LanHost(lan, "a", tmp_path / "a", "--bind", "127.0.0.1") as host:
        assert host.ready["addresses"] == ["127.0.0.1"]
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "a"))
    assert (status, _red(lines) - {"discovery"}) == (1, {"bind"})
    assert lines["bind"][0]["commands"] == ["mrsambosk host --bind lan"]


def test_without_a_host_the_computer_is_looked_at(lan: Lan, tmp_path: Path) -> None:
    with LanHost(lan, "a", tmp_path / "a") as host:
        status, lines = _doctor(lan, "b", "--data", str(tmp_path / "none"))
        assert status == 0
        assert lines["port"][0]["text"] == "No host runs here; port 8765 is free."
        assert lines["discovery"][0]["text"] == "Hosts heard on this network: 1."
        status, lines = _doctor(lan, "a", "--data", str(tmp_path / "none"), "--port", str(host.port))
        assert (status, _red(lines)) == (1, {"port"})
        assert f"({host.pid})" in lines["port"][0]["text"]


@pytest.mark.parametrize("tls", [True, False])
def test_the_way_to_a_host_step_by_step(lan: Lan, tmp_path: Path, tls: bool) -> None:
    options = () if tls else ("--no-tls",)
    with LanHost(lan, "a", tmp_path / "a", *options) as host:
        invite: str = host.ready["invite"]
        way = "10.77.0.1"
        for right in (invite, f"{way}:{host.port}"):
            status, lines = _doctor(lan, "b", right)
            assert (status, lines["way"][0]["verdict"]) == (0, "good"), lines
        wrong = {
            f"{way}:9": "nothing listens at port 9",
            f"10.78.0.1:{host.port}": "is not on this computer's network (10.77.0.0/24)",
            f"nobody.invalid:{host.port}": "is not known here",
        }
        if tls:
            wrong[invite.replace(host.id, "A" * 52)] = "its key is another"
            wrong[invite.replace(f"fp={host.id}", "tls=0")] = "does not speak as"
        for at, said in wrong.items():
            status, lines = _doctor(lan, "b", at)
            assert status == 1
            assert said in lines["way"][0]["text"]
        # One address of several that leads nowhere harms nobody.
        status, lines = _doctor(lan, "b", invite.replace("join?", "join?at=10.77.0.1:9&"))
        assert (status, [line["verdict"] for line in lines["way"]]) == (0, ["note", "good"])


def test_arguments_that_are_none(lan: Lan) -> None:
    for bad in ("mrsambosk://join?at=", "not an address"):
        line = lan.within("b", *_command("doctor", bad))
        ran = subprocess.run(line, env=environment(), cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert (ran.returncode, ran.stdout) == (2, b"")


@pytest.mark.skipif(bool(_NO_NFT), reason=_NO_NFT)
def test_a_member_elsewhere_dials_back_until_nothing_new_comes_in(lan: Lan, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "host"))
    with (
        LanHost(lan, "a", tmp_path / "host") as host,
        _joined(lan, "b", tmp_path / "anna", "Anna", host.ready["invite"]),
    ):
        status, lines = _doctor(lan, "a", *data)
        assert (status, lines["dial_back"][0]["verdict"]) == (0, "good")
        assert lines["dial_back"][0]["text"] == "Another device dialled back and came in at 10.77.0.1."
        # What a rule on the way does that this computer knows nothing of: the old connection stands.
        new = "tcp flags & (syn | ack) == syn drop"
        _run(lan, "b", "nft -f -", _DROPPED.replace("hook input", "hook output").replace("PORT", new))
        status, lines = _doctor(lan, "a", *data)
        assert (status, _red(lines)) == (1, {"dial_back"})
