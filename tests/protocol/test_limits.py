"""Limits an owner sets, refusal codes and close codes."""

import pytest

from mrsambosk_protocol.limits import CLOSE_FOR_GOOD, CODES, Close, Limits, Refused


def test_an_owner_sets_a_limit() -> None:
    limits = Limits().with_values({"body_chars": 10, "connections": 5000})
    assert (limits.body_chars, limits.connections, limits.name_chars) == (10, 5000, 32)


@pytest.mark.parametrize("values", [{"bodychars": 10}, {"body_chars": 0}, {"body_chars": -1}, {"body_chars": 2**53}])
def test_a_wrong_limit_is_named(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        Limits().with_values(values)


def test_a_refusal_carries_its_code() -> None:
    refused = Refused("rate_limited", "Slow down.", 2.5)
    assert (refused.code, refused.text, refused.retry_after) == ("rate_limited", "Slow down.", 2.5)
    with pytest.raises(AssertionError):
        Refused("no_such_code", "")


def test_every_refusal_is_an_http_error() -> None:
    assert all(400 <= code.status < 600 for code in CODES.values())
    assert {name for name, code in CODES.items() if code.retry} == {
        "rate_limited",
        "busy",
        "storage_read_only",
        "storage_error",
        "storage_full",
        "internal",
    }


def test_what_asks_a_person_is_not_retried() -> None:
    assert all(4001 <= close <= 4005 for close in CLOSE_FOR_GOOD)
    assert Close.FLOODING not in CLOSE_FOR_GOOD
