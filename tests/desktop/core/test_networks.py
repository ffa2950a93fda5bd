"""Where to host: what is suggested, what was answered, and what nobody was asked about."""

from mrsambosk_desktop.core.networks import Network, NetworkChoices, suggested

WIFI = Network("wlan0", "192.168.1.20", "192.168.1.0/24", usual=True)
CABLE = Network("eth0", "10.0.0.5", "10.0.0.0/8")
DOCKER = Network("docker0", "172.17.0.1", "172.17.0.0/16")
CAFE = Network("wlan0", "192.168.7.9", "192.168.7.0/24", usual=True)


def test_the_network_that_leads_elsewhere_is_suggested() -> None:
    assert suggested((CABLE, WIFI, DOCKER)) == (WIFI,)


def test_without_a_way_elsewhere_the_first_real_one_is() -> None:
    assert suggested((DOCKER, CABLE)) == (CABLE,)
    assert suggested((DOCKER,)) == (DOCKER,)
    assert suggested(()) == ()


def test_an_answer_is_for_what_was_asked_and_can_be_another_later() -> None:
    first = NetworkChoices().answered((WIFI, CABLE), (WIFI,))
    assert first.blocks == ("192.168.1.0/24",)
    assert first.unanswered((WIFI, CABLE, CAFE, DOCKER)) == (CAFE,)
    second = first.answered((WIFI, CAFE), (CAFE,))
    assert second.blocks == ("192.168.7.0/24",)
    assert second.unanswered((WIFI, CABLE, CAFE)) == ()


def test_another_address_in_the_same_network_is_no_other_network() -> None:
    moved = Network("wlan0", "192.168.1.77", "192.168.1.0/24")
    assert NetworkChoices().answered((WIFI,), (WIFI,)).unanswered((moved,)) == ()


def test_what_is_kept_is_read_again() -> None:
    choices = NetworkChoices().answered((WIFI, CABLE), (WIFI,))
    assert NetworkChoices.parse(str(choices)) == choices
    assert NetworkChoices.parse("") == NetworkChoices()
    assert NetworkChoices.parse("nonsense\n+") == NetworkChoices()
