"""What each firewall's own words mean for who knocks, from outputs as their tools print them."""

import json
from typing import Any

import pytest

from mrsambosk_desktop.core import nftables
from mrsambosk_desktop.core.firewall import (
    Gate,
    Knock,
    Wall,
    judge_macos,
    judge_ufw,
    judge_windows,
    judge_zone,
    zone_of,
)

KNOCK = Knock(
    protocol="tcp",
    port=8765,
    interface="eth0",
    source="192.168.1.7",
    address="192.168.1.20",
    network="192.168.1.0/24",
)

_UFW = """Status: active
Logging: on (low)
Default: {default} (incoming), allow (outgoing), disabled (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
{rules}
"""


def ufw(*rules: str, default: str = "deny") -> Wall | None:
    return judge_ufw(_UFW.format(default=default, rules="\n".join(rules)), KNOCK)


@pytest.mark.parametrize(
    ("rules", "default", "gate"),
    [
        (("22/tcp                     ALLOW IN    Anywhere",), "deny", Gate.SHUT),
        (("22/tcp                     ALLOW IN    Anywhere",), "allow", Gate.OPEN),
        (("8765/tcp                   ALLOW IN    Anywhere",), "deny", Gate.OPEN),
        (("8765                       ALLOW IN    Anywhere",), "deny", Gate.OPEN),
        (("8765/udp                   ALLOW IN    Anywhere",), "deny", Gate.SHUT),
        (("8000:9000/tcp              LIMIT IN    192.168.1.0/24             # chat",), "deny", Gate.OPEN),
        (("8765/tcp                   ALLOW IN    10.0.0.0/8",), "deny", Gate.SHUT),
        (("8765/tcp                   ALLOW IN    Anywhere                  ", "x"), "reject", Gate.OPEN),
        (("8765/tcp (v6)              ALLOW IN    Anywhere (v6)",), "deny", Gate.SHUT),
        (("8765/tcp on wlan0          ALLOW IN    Anywhere",), "deny", Gate.SHUT),
        (("Anywhere on eth0           ALLOW IN    Anywhere",), "deny", Gate.OPEN),
        (("192.168.1.20 8765/tcp      ALLOW IN    192.168.1.0/24",), "deny", Gate.OPEN),
        (("192.168.1.21 8765/tcp      ALLOW IN    192.168.1.0/24",), "deny", Gate.SHUT),
        (("Anywhere                   ALLOW IN    192.168.1.0/24",), "deny", Gate.OPEN),
        (("8765/tcp                   DENY IN     Anywhere", "Anywhere   ALLOW IN    Anywhere"), "allow", Gate.SHUT),
        (("8765/tcp                   DENY OUT    Anywhere",), "allow", Gate.OPEN),
        (("Mrsambosk                  ALLOW IN    Anywhere",), "deny", Gate.UNSURE),
    ],
)
def test_ufw(rules: tuple[str, ...], default: str, gate: Gate) -> None:
    wall = ufw(*rules, default=default)
    assert wall is not None
    assert wall.gate is gate


def test_ufw_is_opened_for_the_network_alone_and_before_what_shuts_it() -> None:
    wanted = "from 192.168.1.0/24 to any port 8765 proto tcp"
    closed, denied = ufw(), ufw("8765/tcp                   DENY IN     Anywhere")
    assert closed is not None
    assert denied is not None
    assert closed.commands == (f"sudo ufw allow {wanted}",)
    assert denied.commands == (f"sudo ufw insert 1 allow {wanted}",)
    assert denied.where == "8765/tcp DENY IN Anywhere"
    assert judge_ufw("Status: inactive\n", KNOCK) is None


_ZONE = """public (active)
  target: {target}
  icmp-block-inversion: no
  interfaces: eth0
  sources:
  services: dhcpv6-client mdns ssh
  ports: {ports}
  protocols:
  forward: yes
  masquerade: no
  forward-ports:
  source-ports:
  icmp-blocks:
  rich rules: {rich}
"""


@pytest.mark.parametrize(
    ("target", "ports", "rich", "gate"),
    [
        ("default", "", "", Gate.SHUT),
        ("%%REJECT%%", "80/tcp", "", Gate.SHUT),
        ("default", "8765/udp", "", Gate.SHUT),
        ("default", "8765/tcp", "", Gate.OPEN),
        ("default", "1025-65535/udp 1025-65535/tcp", "", Gate.OPEN),
        ("ACCEPT", "", "", Gate.OPEN),
        ("default", "", '\n\trule family="ipv4" source address="192.168.1.0/24" accept', Gate.UNSURE),
    ],
)
def test_firewalld(target: str, ports: str, rich: str, gate: Gate) -> None:
    wall = judge_zone("public", _ZONE.format(target=target, ports=ports, rich=rich), KNOCK)
    assert wall.gate is gate
    if gate is Gate.SHUT:
        assert wall.commands == (
            "sudo firewall-cmd --zone=public --add-port=8765/tcp",
            "sudo firewall-cmd --permanent --zone=public --add-port=8765/tcp",
        )


def test_the_zone_of_an_interface() -> None:
    printed = "docker\n  interfaces: docker0\nhome\n  interfaces: wlan0 eth0\n  sources: 10.0.0.0/8\n"
    assert [zone_of(printed, name) for name in ("eth0", "docker0", "tun0")] == ["home", "docker", ""]


def windows(
    category: str = "Private", enabled: str = "True", inbound: str = "NotConfigured", **rule: Any
) -> Wall | None:
    named = {"id": "{1}", "action": "Allow", "profile": "Any", "protocol": "TCP", "ports": ["8765"]} | rule
    said = {
        "networks": [{"alias": "eth0", "category": category}],
        "profiles": [
            {"name": name, "enabled": enabled, "inbound": inbound} for name in ("Domain", "Private", "Public")
        ],
        "rules": [named] if rule else None,
    }
    return judge_windows(json.dumps(said), KNOCK)


def test_windows_without_a_rule_is_shut() -> None:
    wall = windows()
    assert wall is not None
    assert (wall.gate, wall.where) == (Gate.SHUT, "Private network")
    assert "-LocalPort 8765 -RemoteAddress LocalSubnet" in wall.commands[0]
    public = windows("Public")
    assert public is not None
    assert public.commands[0] == "Set-NetConnectionProfile -InterfaceAlias 'eth0' -NetworkCategory Private"
    assert len(public.commands) == 2


@pytest.mark.parametrize(
    ("rule", "gate"),
    [
        ({"action": "Allow"}, Gate.OPEN),
        ({"ports": "Any", "protocol": "Any"}, Gate.OPEN),
        ({"profile": "Private, Domain"}, Gate.OPEN),
        ({"profile": "Public"}, Gate.SHUT),
        ({"protocol": "UDP"}, Gate.SHUT),
        ({"ports": ["80", "8000-8100"]}, Gate.SHUT),
        ({"action": "Block"}, Gate.SHUT),
    ],
)
def test_windows_with_a_rule(rule: dict[str, Any], gate: Gate) -> None:
    wall = windows(**rule)
    assert wall is not None
    assert wall.gate is gate
    if rule.get("action") == "Block":
        assert wall.commands == ("Set-NetFirewallRule -Name '{1}' -Action Allow",)


def test_windows_off_open_or_not_understood() -> None:
    assert windows(enabled="False") is None
    opened, broken = windows(inbound="Allow"), judge_windows("Get-NetFirewallProfile : Access is denied.", KNOCK)
    assert opened is not None
    assert broken is not None
    assert (opened.gate, broken.gate) == (Gate.OPEN, Gate.UNSURE)


_ON = "Firewall is enabled. (State = 1)"
_SOME = "Block all DISABLED!"


@pytest.mark.parametrize(
    ("state", "block_all", "application", "gate"),
    [
        ("Firewall is disabled. (State = 0)", "", "", None),
        (
            _ON,
            _SOME,
            "The application is not part of the firewall",
            "unsure",
        ),
        (
            _ON,
            _SOME,
            "Incoming connection to the application is permitted",
            "open",
        ),
        (
            _ON,
            _SOME,
            "Incoming connection to the application is blocked",
            "shut",
        ),
        ("Firewall is enabled. (State = 2)", "Block all ENABLED!", "", "shut"),
        (_ON, "Firewall has block all state set to enabled.", "", "shut"),
        ("?", "", "", "unsure"),
    ],
)
def test_macos(state: str, block_all: str, application: str, gate: str | None) -> None:
    wall = judge_macos(state, block_all, application, "/usr/bin/python3")
    assert (wall.gate if wall is not None else None) == gate
    if gate == "shut":
        assert wall is not None
        assert wall.commands[0].startswith("sudo /usr/libexec/ApplicationFirewall/socketfilterfw --")


# nftables, as `nft -j list ruleset` prints it.

PORT = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 8765}}
UNKNOWN = {"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": 0}}
STATE = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}


def match(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def ruleset(*rules: list[dict[str, Any]], policy: str = "accept", **chains: list[list[dict[str, Any]]]) -> Wall | None:
    rows: list[dict[str, Any]] = [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]
    base = {"family": "inet", "table": "filter", "name": "input", "handle": 1}
    rows.append({"chain": {**base, "type": "filter", "hook": "input", "prio": 0, "policy": policy}})
    rows += [{"chain": {"family": "inet", "table": "filter", "name": name, "handle": 2}} for name in chains]
    rows.append({"set": {"family": "inet", "table": "filter", "name": "ports", "elem": [80, {"range": [8000, 9000]}]}})
    for chain, listed in {"input": list(rules), **chains}.items():
        for number, expressions in enumerate(listed):
            row = {"family": "inet", "table": "filter", "chain": chain, "handle": 10 + number, "expr": expressions}
            rows.append({"rule": row})
    return nftables.judge(json.dumps({"nftables": rows}), KNOCK)


DPORT = {"payload": {"protocol": "th", "field": "dport"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
FLAGS = {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["fin", "syn", "rst", "ack"]]}


@pytest.mark.parametrize(
    ("expressions", "fits"),
    [
        ([PORT], True),
        ([{"counter": {"packets": 1, "bytes": 60}}, PORT, {"log": {"prefix": "x"}}], True),
        ([STATE], False),
        ([match({"ct": {"key": "state"}}, "new")], True),
        ([match(DPORT, {"set": [80, {"range": [8000, 9000]}]})], True),
        ([match(DPORT, "@ports")], True),
        ([match(DPORT, "@nothing")], False),
        ([match(DPORT, 8765, "!=")], False),
        ([match(DPORT, 1024, ">=")], True),
        ([match({"payload": {"protocol": "udp", "field": "dport"}}, 8765)], False),
        ([match({"payload": {"protocol": "icmp", "field": "type"}}, "echo-request")], False),
        ([match(SADDR, {"prefix": {"addr": "192.168.0.0", "len": 16}})], True),
        ([match(SADDR, {"range": ["192.168.1.1", "192.168.1.5"]})], False),
        ([match(SADDR, {"set": ["10.0.0.1", "192.168.1.7"]})], True),
        ([match({"meta": {"key": "iifname"}}, "lo")], False),
        ([match({"meta": {"key": "iifname"}}, "eth*")], True),
        ([match({"meta": {"key": "l4proto"}}, {"set": ["tcp", "udp"]})], True),
        ([match({"fib": {"result": "type", "flags": ["daddr"]}}, "local")], True),
        ([match(FLAGS, "syn", "!=")], False),
        ([PORT, {"limit": {"rate": 5, "per": "second"}}], True),
        ([PORT, {"limit": {"rate": 5, "per": "second", "inv": True}}], False),
        ([UNKNOWN], None),
        ([PORT, {"xt": {"type": "match", "name": "recent"}}], None),
    ],
)
def test_what_a_rule_matches(expressions: list[dict[str, Any]], fits: bool | None) -> None:
    wall = ruleset([*expressions, {"drop": None}])
    assert wall is not None
    assert wall.gate == {True: Gate.SHUT, False: Gate.OPEN, None: Gate.UNSURE}[fits]
    # Where both ways lead to the same end it does not matter whether it matches.
    same = ruleset([*expressions, {"drop": None}], policy="drop")
    assert same is not None
    assert same.gate is Gate.SHUT


def test_the_first_rule_that_decides_wins_and_chains_are_followed() -> None:
    drop, accept = [PORT, {"drop": None}], [PORT, {"accept": None}]
    jump, back = [{"jump": {"target": "strangers"}}], [{"return": None}]
    go = [{"goto": {"target": "strangers"}}]
    verdicts = {
        "first": ruleset(accept, drop),
        "second": ruleset(drop, accept),
        "in a chain": ruleset(jump, strangers=[drop]),
        "back from a chain": ruleset(jump, accept, policy="drop", strangers=[back, drop]),
        "gone for good": ruleset(go, accept, policy="drop", strangers=[]),
        "rejected": ruleset([PORT, {"reject": {"type": "tcp reset"}}]),
        "mapped": ruleset(
            [{"vmap": {"key": DPORT, "data": {"set": [[22, {"accept": None}], [8765, {"drop": None}]]}}}]
        ),
        "in circles": ruleset(jump, strangers=[jump]),
    }
    assert {name: wall.gate if wall else None for name, wall in verdicts.items()} == {
        "first": Gate.OPEN,
        "second": Gate.SHUT,
        "in a chain": Gate.SHUT,
        "back from a chain": Gate.OPEN,
        "gone for good": Gate.SHUT,
        "rejected": Gate.SHUT,
        "mapped": Gate.SHUT,
        "in circles": Gate.UNSURE,
    }
    second = verdicts["second"]
    assert second is not None
    assert second.where == "inet filter input, handle 10"
    opened = "sudo nft insert rule inet filter input ip saddr 192.168.1.0/24 tcp dport 8765 accept"
    assert second.commands == (opened,)


def test_no_filter_is_no_firewall_and_rubbish_is_not_judged() -> None:
    assert nftables.judge('{"nftables": [{"metainfo": {}}]}', KNOCK) is None
    for rubbish in ("", "[]", "{}", '{"nftables": [{"rule": {}}]}'):
        wall = nftables.judge(rubbish, KNOCK)
        assert wall is not None
        assert wall.gate is Gate.UNSURE
