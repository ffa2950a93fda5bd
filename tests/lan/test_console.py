"""`mrsambosk rooms` and `mrsambosk invite`: what the command line tells without a window, and without Qt."""

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mrsambosk_desktop.net import http
from mrsambosk_desktop.net.trust import invited
from mrsambosk_protocol.invite import Address, Invite, parse_invite
from mrsambosk_protocol.limits import Refused
from mrsambosk_protocol.requests import Register
from mrsambosk_protocol.running import RUNNING_FILE
from tests.helpers.host_process import ROOT, HostProcess, environment

from .networks import Lan, why_not
from .test_lan import LanHost

_REASON = why_not()
#: The program as it is where Qt is not installed.
_WITHOUT_QT = """
import runpy, sys
for absent in ("PySide6", "shiboken6", "qasync"):
    sys.modules[absent] = None
sys.argv = ["mrsambosk", *sys.argv[1:]]
runpy.run_module("mrsambosk_desktop", run_name="__main__")
"""


def _command(*words: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", _WITHOUT_QT, *words]


def _run(line: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("tls", [True, False])
def test_the_invite_of_a_running_host(tmp_path: Path, tls: bool) -> None:
    data = tmp_path / "host"
    with HostProcess(data, "--policy", "code", tls=tls) as host:
        assert stat.S_IMODE((data / RUNNING_FILE).stat().st_mode) == 0o600
        assert host.owner_token not in (data / RUNNING_FILE).read_text("utf-8")
        plain = _run(_command("invite", "--data", str(data)))
        assert (plain.returncode, plain.stdout) == (0, host.ready["invite"] + "\n")
        told = json.loads(_run(_command("invite", "--data", str(data), "--json")).stdout)
        assert (told["invite"], told["port"], told["pid"]) == (host.ready["invite"], host.port, host.pid)
    assert not (data / RUNNING_FILE).exists()


def test_an_invite_for_one_person(tmp_path: Path) -> None:
    data = tmp_path / "host"
    with HostProcess(data, "--policy", "closed", tls=True) as host:
        ran = _run(_command("invite", "--data", str(data), "--single-use", "--expires", "2d"))
        assert (ran.returncode, ran.stderr) == (0, "")
        made = parse_invite(ran.stdout)
        assert made.code is not None
        assert made.fingerprint == host.ready["fingerprint"]
        assert register(made.addresses[0], Register(name="Anna", code=made.code), made) == "Anna"
        with pytest.raises(Refused, match="has been used"):
            register(made.addresses[0], Register(name="Ben", code=made.code), made)
        told = json.loads(_run(_command("invite", "--data", str(data), "--expires", "1h", "--json")).stdout)
        several = parse_invite(told["invite"])
        for name in ("Carl", "Dora"):
            assert register(several.addresses[0], Register(name=name, code=several.code), several) == name


def register(at: Address, wanted: Register, invite: Invite) -> str:
    return asyncio.run(http.register(at, wanted, invited(invite))).user.name


@pytest.mark.parametrize("bad", ["0d", "1", "d", "-1d", "9999w", "1.5h", ""])
def test_times_that_are_none(bad: str, tmp_path: Path) -> None:
    ran = _run(_command("invite", "--data", str(tmp_path), f"--expires={bad}"))
    assert (ran.returncode, "--expires" in ran.stderr) == (2, True)


def test_no_invite_of_a_host_that_does_not_run(tmp_path: Path) -> None:
    data = tmp_path / "host"
    host = HostProcess(data, tls=True).start()
    host.kill()
    assert (data / RUNNING_FILE).exists()
    for folder in (data, tmp_path / "nowhere"):
        ran = _run(_command("invite", "--data", str(folder)))
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "No host runs here" in ran.stderr
    (data / RUNNING_FILE).write_text("{", "utf-8")
    assert _run(_command("invite", "--data", str(data))).returncode == 1


def test_seconds_that_are_none() -> None:
    for bad in ("0", "-1", "nan", "x", "inf"):
        ran = _run(_command("rooms", f"--seconds={bad}"))
        assert ran.returncode == 2
        assert "--seconds" in ran.stderr


@pytest.mark.skipif(bool(_REASON), reason=_REASON)
def test_the_rooms_around(tmp_path: Path) -> None:
    with Lan() as lan:
        lan.add("a", "10.77.0.1/24")
        lan.add("b", "10.77.0.2/24")
        nobody = _run(lan.within("b", *_command("rooms", "--seconds", "0.2", "--json")))
        assert (nobody.returncode, json.loads(nobody.stdout)) == (0, [])
        with LanHost(lan, "a", tmp_path / "a", "--name", "Staff room", "--policy", "code") as host:
            told = json.loads(_run(lan.within("b", *_command("rooms", "--json"))).stdout)
            assert [found["id"] for found in told] == [host.id]
            assert told[0]["locked"]
            line = _run(lan.within("b", *_command("rooms"))).stdout
            assert line == f"Staff room · 0 online · needs a code · 10.77.0.1:{host.port}\n"
