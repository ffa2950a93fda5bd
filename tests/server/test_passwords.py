"""What makes sign-ins that fail take the same time: one Argon2id check each, of the same cost, whoever was named."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from mrsambosk_protocol.limits import Refused
from mrsambosk_server.passwords import PASSWORD_MAX, Passwords
from tests.helpers.server_desk import on_loop


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@on_loop
async def test_the_right_one_and_a_wrong_one(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert await passwords.matches(stored, "correct horse")
    assert not await passwords.matches(stored, "correct hors")
    assert not await passwords.matches(None, "correct horse")


@on_loop
async def test_each_failed_sign_in_costs_one_check_of_one_cost(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await passwords.hash("correct horse")
    checked: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, hash: str, password: str) -> bool:
        checked.append(hash)
        return verify(self, hash, password)

    def more_work(self: PasswordHasher, password: str) -> str:
        raise AssertionError("a sign-in made a hash")

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    monkeypatch.setattr(PasswordHasher, "hash", more_work)
    for stored in (None, known, None, known):
        assert not await passwords.matches(stored, "a wrong one")
    assert len(checked) == 4, "one check each, the first of nobody too"
    assert len({str(extract_parameters(stored)) for stored in checked}) == 1


@on_loop
async def test_a_long_one_is_cut_before_the_work(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, hash, password: lengths.append(len(password)))
    await passwords.matches(None, "x" * 10_000_000)
    assert lengths == [PASSWORD_MAX + 1]


@pytest.mark.parametrize("password", ["", "x" * (PASSWORD_MAX + 1)])
@on_loop
async def test_too_short_or_too_long(passwords: Passwords, password: str) -> None:
    with pytest.raises(Refused, match="character"):
        await passwords.hash(password)
