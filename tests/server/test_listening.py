"""What ``--bind`` stands for on a machine with these interfaces."""

from types import SimpleNamespace

import pytest

from mrsambosk_server import listening


@pytest.fixture(autouse=True)
def _interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [("192.168.1.7", 24), ("10.20.0.3", 16), ("9.9.9.1", 24), ("127.0.0.1", 8), (("fe80::1", 0, 2), 64)]
    adapters = [SimpleNamespace(ips=[SimpleNamespace(ip=ip, network_prefix=prefix)]) for ip, prefix in found]
    monkeypatch.setattr("ifaddr.get_adapters", lambda: adapters)


@pytest.mark.parametrize(
    ("binds", "expected"),
    [
        (["lan"], ["192.168.1.7", "10.20.0.3", "127.0.0.1"]),
        (["192.168.1.0/24"], ["192.168.1.7", "127.0.0.1"]),
        (["192.168.1.0/24", "10.20.0.0/16"], ["192.168.1.7", "127.0.0.1", "10.20.0.3"]),
        (["172.16.0.0/12"], ["127.0.0.1"]),
        (["9.9.9.0/24"], ["127.0.0.1"]),
        (["fe80::/64"], ["127.0.0.1"]),
        (["9.9.9.1"], ["9.9.9.1"]),
        (["::"], ["::", "0.0.0.0"]),
    ],
)
def test_resolve(binds: list[str], expected: list[str]) -> None:
    assert listening.resolve(binds) == expected


def test_ipv6_addresses_that_mean_something_on_one_link_only_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [SimpleNamespace(ip=(address, 0, 0)) for address in ("fe80::1", "fd00::7", "::1", "fd00::7")]
    monkeypatch.setattr("ifaddr.get_adapters", lambda: [SimpleNamespace(ips=found)])
    assert listening.ipv6_addresses() == ["fd00::7", "::1"]


@pytest.mark.parametrize("bind", ["", "lan0", "192.168.1.7/24", "192.168.1.0/33", "300.1.1.1"])
def test_what_is_none(bind: str) -> None:
    with pytest.raises(listening.BadAddress, match="network like"):
        listening.resolve([bind])
