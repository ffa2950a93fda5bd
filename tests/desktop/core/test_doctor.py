"""The doctor's verdicts: what is red, what is green, and what is said to do about it."""

from typing import Any

import msgspec
import pytest

from mrsambosk_desktop.core.doctor import HostFacts, examine_host
from mrsambosk_desktop.core.findings import Check, Finding, Interface, Verdict, advice, is_healthy, report, sentence
from mrsambosk_desktop.core.firewall import Gate, Wall
from mrsambosk_desktop.core.way import Step, Trial, WayFacts, examine_way
from mrsambosk_protocol.invite import Address

ETHERNET = Interface(name="eth0", address="192.168.1.20", prefix=24)
TUNNEL = Interface(name="wg0", address="10.8.0.2", prefix=24, tunnel=True)
HEALTHY = HostFacts(
    port=8765,
    addresses=("192.168.1.20",),
    interfaces=(ETHERNET,),
    walls=(Wall(name="ufw", gate=Gate.OPEN),),
    way_out="eth0",
    heard=frozenset({"mdns", "beacon"}),
    asked=1,
    reached=("192.168.1.20",),
)


def examined(**changed: Any) -> dict[Check, Finding]:
    return {one.check: one for one in examine_host(msgspec.structs.replace(HEALTHY, **changed))}


def test_a_healthy_host_is_green_all_over() -> None:
    findings = examine_host(HEALTHY)
    assert {one.verdict for one in findings} == {Verdict.GOOD}
    assert is_healthy(findings)
    assert not any(one.advice or one.commands for one in findings)
    assert {one.check for one in findings} == set(Check) - {Check.WAY}


@pytest.mark.parametrize(
    ("check", "verdict", "changed"),
    [
        (Check.PORT, Verdict.BAD, {"addresses": (), "holder": "nginx (12)"}),
        (Check.PORT, Verdict.BAD, {"addresses": (), "holder": ""}),
        (Check.PORT, Verdict.GOOD, {"addresses": ()}),
        (Check.BIND, Verdict.BAD, {"addresses": ("127.0.0.1",)}),
        (Check.BIND, Verdict.BAD, {"addresses": ("192.168.1.20", "8.8.8.8")}),
        (Check.INTERFACE, Verdict.BAD, {"addresses": ("192.168.1.99",)}),
        (Check.INTERFACE, Verdict.BAD, {"interfaces": (msgspec.structs.replace(ETHERNET, up=False),)}),
        (Check.INTERFACE, Verdict.BAD, {"addresses": (), "interfaces": ()}),
        (Check.INTERFACE, Verdict.BAD, {"addresses": (), "interfaces": (TUNNEL,)}),
        (Check.FIREWALL, Verdict.BAD, {"walls": (Wall(name="ufw", gate=Gate.SHUT, commands=("x",)),)}),
        (Check.FIREWALL, Verdict.UNREAD, {"walls": (Wall(name="nftables", gate=Gate.UNREAD, commands=("x",)),)}),
        (Check.FIREWALL, Verdict.NOTE, {"walls": (Wall(name="nftables", gate=Gate.UNSURE),)}),
        (Check.FIREWALL, Verdict.GOOD, {"walls": ()}),
        (Check.VPN, Verdict.NOTE, {"interfaces": (ETHERNET, TUNNEL), "way_out": "wg0"}),
        (Check.VPN, Verdict.GOOD, {"interfaces": (ETHERNET, TUNNEL)}),
        (Check.VPN, Verdict.BAD, {"astray": ("192.168.1.20",)}),
        (Check.PROXY, Verdict.NOTE, {"proxies": ("HTTPS_PROXY",)}),
        (Check.DISCOVERY, Verdict.BAD, {"heard": frozenset()}),
        (Check.DISCOVERY, Verdict.GOOD, {"heard": frozenset({"beacon"})}),
        (Check.DISCOVERY, Verdict.NOTE, {"heard": None}),
        (Check.DISCOVERY, Verdict.NOTE, {"quiet": (Wall(name="ufw", gate=Gate.SHUT, commands=("x",)),)}),
        (Check.DIAL_BACK, Verdict.NOTE, {"asked": 0, "reached": ()}),
        (Check.DIAL_BACK, Verdict.NOTE, {"asked": None, "reached": ()}),
        (Check.DIAL_BACK, Verdict.BAD, {"asked": 2, "reached": ()}),
    ],
)
def test_what_each_fact_makes_of_its_line(check: Check, verdict: Verdict, changed: dict[str, Any]) -> None:
    found = examined(**changed)
    assert found[check].verdict is verdict
    assert sentence(found[check])
    if verdict is Verdict.BAD:
        assert advice(found[check])
    others = {one for one, line in found.items() if line.verdict is Verdict.BAD} - {check}
    # An address that is loopback, public or gone is red in the one line that is about it.
    assert others <= ({Check.INTERFACE} if "8.8.8.8" in changed.get("addresses", ()) else set())


def test_of_several_walls_the_worst_counts_and_what_is_unread_is_no_green() -> None:
    opened, unread = Wall(name="a", gate=Gate.OPEN), Wall(name="b", gate=Gate.UNREAD, commands=("sudo b",))
    shut = Wall(name="c", gate=Gate.SHUT, where="rule 1", commands=("sudo c",))
    assert examined(walls=(opened, unread))[Check.FIREWALL].verdict is Verdict.UNREAD
    worst = examined(walls=(opened, unread, shut, shut))[Check.FIREWALL]
    assert (worst.verdict, worst.commands) == (Verdict.BAD, ("sudo c",))
    assert sentence(worst) == "c keeps others out of port 8765 (rule 1)."


def test_the_report_is_plain_text_to_copy() -> None:
    found = examine_host(
        msgspec.structs.replace(
            HEALTHY, walls=(Wall(name="ufw", gate=Gate.SHUT, where="Default", commands=("sudo x",)),)
        )
    )
    text = report(found)
    assert "[problem] Firewall: ufw keeps others out of port 8765 (Default)." in text
    assert "\n    Open the port for your own network:\n    $ sudo x\n" in text
    assert report(found, lambda text: f"«{text}»").startswith("[«good»] «Port»: «")


AT = Address("192.168.1.9", 8765)
ELSEWHERE = Address("10.5.5.5", 8765)


def way(*trials: Trial, **fields: Any) -> list[Finding]:
    facts = WayFacts(trials=trials, interfaces=(ETHERNET,), way_out="eth0", **fields)
    return [one for one in examine_way(facts) if one.check in (Check.WAY, Check.DISCOVERY)]


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.DONE])
def test_each_step_that_fails_is_named_with_what_to_do(step: Step) -> None:
    (line,) = way(Trial(address=AT, step=step, said="gone"))
    assert line.verdict is Verdict.BAD
    assert str(AT) in sentence(line)
    assert advice(line)
    assert "{" not in sentence(line) + advice(line)


def test_every_step_has_its_own_words() -> None:
    said = {sentence(way(Trial(address=AT, step=step))[0]) for step in Step}
    assert len(said) == len(Step)


def test_what_does_not_matter_is_no_more_than_a_note() -> None:
    bad, good = way(Trial(address=ELSEWHERE, step=Step.SILENT), Trial(address=AT, step=Step.DONE))
    assert (bad.verdict, bad.advice, good.verdict) == (Verdict.NOTE, "", Verdict.GOOD)


def test_an_address_of_another_network_is_called_that() -> None:
    (line,) = way(Trial(address=ELSEWHERE, step=Step.SILENT))
    assert "is not on this computer's network (192.168.1.0/24)" in sentence(line)


def test_what_announces_itself_and_does_not_answer_is_behind_a_firewall() -> None:
    line, heard = way(Trial(address=AT, step=Step.SILENT), found_at=(AT,), heard=True)
    assert "most likely its firewall" in sentence(line)
    assert line.commands == ("mrsambosk doctor",)
    assert heard.verdict is Verdict.GOOD


def test_a_host_that_moved_is_told_where_it_is() -> None:
    _line, moved = way(Trial(address=AT, step=Step.SILENT), found_at=(Address("192.168.1.30"),), heard=True)
    assert moved.verdict is Verdict.BAD
    assert "192.168.1.30:8765" in sentence(moved)
    assert [one.verdict for one in way(Trial(address=AT, step=Step.DONE), heard=True)] == [Verdict.GOOD, Verdict.NOTE]
