"""Who asks which firewall, what cannot be read, and that a tool that hangs or is missing holds nothing up."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from mrsambosk_desktop.core.firewall import Gate, Knock, Wall
from mrsambosk_desktop.net import firewalls
from mrsambosk_desktop.net.computer import holder_in, is_tunnel, proxies
from mrsambosk_desktop.net.firewalls import Printed, Run, as_typed, ask_firewalls, run

KNOCK = Knock(protocol="tcp", port=8765, interface="eth0", source="10.0.0.2", address="10.0.0.1", network="10.0.0.0/24")
UFW_ON = "Status: active\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n"
NFT_OPEN = json.dumps({"nftables": [{"metainfo": {}}]})


def scripted(**said: tuple[int, str]) -> Run:
    """Tools that print this by their name, with `_` and the first word after it where that matters."""

    async def play(*command: str) -> Printed | None:
        name = Path(command[0]).name.replace("-", "_")
        found = said.get(f"{name}_{command[1].strip('-').replace('-', '_').partition('=')[0]}", said.get(name))
        return Printed(*found) if found is not None else None

    return play


def ask(system: str, **said: tuple[int, str]) -> tuple[Wall, ...]:
    return asyncio.run(ask_firewalls(system, KNOCK, scripted(**said)))


def test_without_any_tool_there_is_no_firewall() -> None:
    assert ask("linux") == ()
    assert ask("freebsd14") == ()


def test_ufw_is_asked_before_nftables_and_nftables_when_it_is_off() -> None:
    (wall,) = ask("linux", ufw=(0, UFW_ON), nft=(0, NFT_OPEN))
    assert (wall.name, wall.gate) == ("ufw", Gate.SHUT)
    assert ask("linux", ufw=(0, "Status: inactive\n"), nft=(0, NFT_OPEN)) == ()


def test_what_needs_root_is_its_own_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused = (1, "ERROR: You need to be root to run this script\n")
    monkeypatch.setattr(firewalls, "_UFW_SETTINGS", tmp_path / "ufw.conf")
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n", "utf-8")
    (wall,) = ask("linux", ufw=refused)
    assert (wall.name, wall.gate, wall.commands) == ("ufw", Gate.UNREAD, ("sudo ufw status verbose",))
    (tmp_path / "ufw.conf").write_text("ENABLED=no\n", "utf-8")
    nft = (1, "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed\n")
    (wall,) = ask("linux", ufw=refused, nft=nft)
    assert (wall.name, wall.gate, wall.commands) == ("nftables", Gate.UNREAD, ("sudo nft list ruleset",))


def test_firewalld_by_the_interfaces_zone_or_the_default_one() -> None:
    zone = "x\n  target: default\n  services: \n  ports: {ports}\n  rich rules: \n"
    said = {
        "firewall_cmd_state": (0, "running\n"),
        "firewall_cmd_get_active_zones": (0, "home\n  interfaces: wlan0\n"),
        "firewall_cmd_get_default_zone": (0, "public\n"),
        "firewall_cmd_zone": (0, zone.format(ports="8765/tcp")),
    }
    (wall,) = ask("linux", **said)
    assert wall.gate is Gate.OPEN
    said["firewall_cmd_zone"] = (0, zone.format(ports=""))
    (wall,) = ask("linux", **said)
    assert (wall.gate, wall.where) == (Gate.SHUT, "zone public")
    said["firewall_cmd_zone"] = (253, "Authorization failed.\n")
    (wall,) = ask("linux", **said)
    assert wall.gate is Gate.UNREAD
    assert ask("linux", firewall_cmd_state=(252, "not running\n")) == ()


def test_windows_and_macos() -> None:
    (wall,) = ask("win32")
    assert wall.gate is Gate.UNREAD
    (wall,) = ask("win32", powershell=(0, "{}"))
    assert wall.gate is Gate.UNSURE
    (wall,) = ask("darwin", socketfilterfw=(255, "Must be root to change settings."))
    assert wall.gate is Gate.UNREAD
    assert ask("darwin", socketfilterfw=(0, "Firewall is disabled. (State = 0)")) == ()


def test_root_types_no_sudo() -> None:
    wall = Wall(name="ufw", gate=Gate.SHUT, commands=("sudo ufw allow 1/tcp",))
    assert as_typed([wall], is_root=False)[0].commands == ("sudo ufw allow 1/tcp",)
    assert as_typed([wall], is_root=True)[0].commands == ("ufw allow 1/tcp",)


def test_a_tool_that_is_missing_fails_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(run("mrsambosk-no-such-tool")) is None
    failed = asyncio.run(run(sys.executable, "-c", "print('so'); raise SystemExit(3)"))
    assert failed == Printed(3, "so\n")
    monkeypatch.setattr(firewalls, "_SECONDS", 0.05)
    assert asyncio.run(run(sys.executable, "-c", "import time; time.sleep(60)")) is None


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ('LISTEN 0 511 0.0.0.0:8765 0.0.0.0:* users:(("nginx",pid=12,fd=6),("nginx",pid=13,fd=6))\n', "nginx (12)"),
        ("LISTEN 0 511 0.0.0.0:8765 0.0.0.0:*\n", ""),
        ("p512\ncPython\nf5\n", "Python (512)"),
        ("", ""),
    ],
)
def test_who_holds_a_port(printed: str, said: str) -> None:
    assert holder_in(printed) == said


def test_tunnels_and_proxies_by_their_names() -> None:
    names = ("tun0", "wg-home", "utun3", "eth0", "wlan0", "Wi-Fi", "ProtonVPN TUN")
    assert [name for name in names if is_tunnel(name)] == ["tun0", "wg-home", "utun3", "ProtonVPN TUN"]
    assert proxies({"https_proxy": "http://x", "HTTP_PROXY": "", "NO_PROXY": "*"}) == ("https_proxy",)
