"""`POST /token` and `DELETE /token`: passwords, forms, revoking, and the patience with wrong passwords."""

import time
from collections.abc import Callable

import pytest

from tests.helpers.host_process import HostProcess
from tests.helpers.times import within
from tests.helpers.wire_client import Answer, Person, WireClient, new_name, register, request

StartHost = Callable[..., HostProcess]
PATH = "/api/v1/token"
PASSWORD = "correct horse battery staple"


def sign_in(host: HostProcess, name: str, password: str = PASSWORD, **fields: str) -> Answer:
    return request(host, "POST", PATH, data={"name": name, "password": password, **fields})


@pytest.fixture
def carla(host: HostProcess) -> Person:
    """A member with a password."""
    return register(host, new_name("Carla"), password=PASSWORD)


def test_a_password_gives_a_token(host: HostProcess, carla: Person) -> None:
    answer = sign_in(host, carla.name, device="tablet")
    assert answer.status == 200
    assert answer.json["token_type"] == "bearer"
    token = answer.json["access_token"]
    assert token != carla.token
    assert request(host, "GET", "/api/v1/me", token=token).json["id"] == carla.id
    assert request(host, "GET", "/api/v1/me", token=carla.token).json["id"] == carla.id


def test_the_name_is_compared_as_names_are(host: HostProcess, carla: Person) -> None:
    assert sign_in(host, carla.name.upper()).status == 200


@pytest.mark.parametrize("grant", [{"grant_type": "password"}], ids=str)
def test_the_form_gives_a_token(host: HostProcess, carla: Person, grant: dict[str, str]) -> None:
    answer = request(host, "POST", PATH, form={**grant, "username": carla.name, "password": PASSWORD})
    assert answer.status == 200
    assert answer.json["token_type"].lower() == "bearer"
    assert request(host, "GET", "/api/v1/me", token=answer.json["access_token"]).json["id"] == carla.id
    assert answer.headers["Cache-Control"] == "no-store"  # RFC 6749 §5.1


def test_a_wrong_password_is_401(host: HostProcess, carla: Person) -> None:
    answer = sign_in(host, carla.name, "wrong")
    assert (answer.status, answer.code) == (401, "auth_failed")


def test_a_wrong_password_in_the_form_is_400_invalid_grant(host: HostProcess, carla: Person) -> None:
    for name in (carla.name, new_name("Nobody")):
        form = {"grant_type": "password", "username": name, "password": "wrong"}
        answer = request(host, "POST", PATH, form=form)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_another_grant_is_400(host: HostProcess, carla: Person) -> None:
    for form in (
        {"grant_type": "client_credentials"},
        {"username": carla.name, "password": PASSWORD},
        {"grant_type": "password", "username": carla.name},
    ):
        answer = request(host, "POST", PATH, form=form)
        assert answer.status == 400
        assert answer.json["error"] in ("unsupported_grant_type", "invalid_request")


def test_an_unknown_name_and_a_wrong_password_answer_alike(host: HostProcess, carla: Person) -> None:
    unknown, wrong = sign_in(host, new_name("Nobody"), "wrong"), sign_in(host, carla.name, "wrong")
    assert unknown.status == wrong.status == 401
    assert unknown.body == wrong.body
    assert [name for name, _ in unknown.headers.items()] == [name for name, _ in wrong.headers.items()]


def test_who_has_no_password_has_none_to_sign_in_with(host: HostProcess, anna: Person) -> None:
    for password in ("", "None"):
        assert sign_in(host, anna.name, password).status in (400, 401)


async def test_delete_revokes_the_presented_one_and_ends_its_sockets(host: HostProcess, carla: Person) -> None:
    second = sign_in(host, carla.name).json["access_token"]
    async with WireClient(host, carla.token) as ended, WireClient(host, second) as other:
        assert request(host, "DELETE", PATH, token=carla.token).status in (200, 204)
        assert await ended.closed(seconds=2) == 4005
        await other.done("ping")
    answer = request(host, "GET", "/api/v1/me", token=carla.token)
    assert (answer.status, answer.code) == (401, "auth_failed")
    async with WireClient(host, carla.token, live=False) as again:
        assert (await again.first())["code"] == "auth_failed"
        assert await again.closed() in (4002, 4005)


def test_five_failures_a_minute_and_then_patience_ends(host: HostProcess, carla: Person) -> None:
    answers = [sign_in(host, carla.name, f"wrong {number}") for number in range(7)]
    assert [answer.status for answer in answers[:5]] == [401] * 5
    assert answers[-1].status == 429
    assert answers[-1].code == "rate_limited"
    assert float(answers[-1].headers["Retry-After"]) > 0
    # The right one has to wait too, from here; a token is never throttled.
    assert sign_in(host, carla.name).status == 429
    assert request(host, "GET", "/api/v1/me", token=carla.token).status == 200
    # Others from the same address are not held up.
    other = register(host, new_name("Carla"), password=PASSWORD)
    assert sign_in(host, other.name).status == 200


def test_an_unknown_name_is_throttled_like_a_known_one(host: HostProcess) -> None:
    name = new_name("Nobody")
    answers = [sign_in(host, name, "wrong").status for _ in range(7)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429


def test_nobody_is_locked_out_by_failures_from_elsewhere(host: HostProcess, carla: Person) -> None:
    wrong = {"name": carla.name, "password": "wrong"}
    for _ in range(6):
        request(host, "POST", PATH, data=wrong, source="127.0.0.10")
    # An account alone only slows to one try a second.
    began = time.monotonic()
    while (answer := sign_in(host, carla.name)).status == 429:
        assert float(answer.headers["Retry-After"]) <= 1
        assert time.monotonic() - began < within(5)
    assert answer.status == 200


def test_the_form_and_the_json_count_together(host: HostProcess, carla: Person) -> None:
    for number in range(6):
        if number % 2:
            sign_in(host, carla.name, "wrong")
        else:
            request(host, "POST", PATH, form={"grant_type": "password", "username": carla.name, "password": "wrong"})
    assert sign_in(host, carla.name).status == 429


def test_a_valid_token_is_never_throttled(host: HostProcess, carla: Person) -> None:
    assert {request(host, "GET", "/api/v1/me", token=carla.token).status for _ in range(60)} == {200}


def test_passwords_are_any_text(host: HostProcess) -> None:
    password = "  пароль 😀 " + "x" * 80 + " "
    person = register(host, new_name("Carla"), password=password)
    assert sign_in(host, person.name, password).status == 200
    assert sign_in(host, person.name, password.strip()).status == 401


def test_a_password_of_a_megabyte_is_not_hashed(host: HostProcess, carla: Person) -> None:
    answer = sign_in(host, carla.name, "x" * 50_000)
    assert answer.status in (400, 401)
