"""Personal invites: for one person, until a time, withdrawn; and the list of who came by which."""

import concurrent.futures
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Answer, Person, new_name, register, request

StartHost = Callable[..., HostProcess]
INVITES = "/api/v1/invites"


@pytest.fixture
def host(start_host: StartHost) -> HostProcess:
    return start_host(*ROOMY, "--policy", "code")


def make(host: HostProcess, token: str, **fields: object) -> dict[str, object]:
    answer = request(host, "POST", INVITES, token=token, data=fields)
    assert answer.status == 201, answer
    return dict(answer.json)


def come(host: HostProcess, code: object, name: str | None = None, source: str = "127.0.0.1") -> Answer:
    data = {"name": name or new_name(), "code": code}
    return request(host, "POST", "/api/v1/register", data=data, source=source)


def listed(host: HostProcess, token: str) -> dict[str, dict[str, object]]:
    answer = request(host, "GET", INVITES, token=token)
    assert answer.status == 200, answer
    return {invite["id"]: invite for invite in answer.json["invites"]}


def refusal(answer: Answer) -> str:
    assert (answer.status, answer.code) == (401, "auth_failed"), answer
    return str(answer.json["detail"])


def set_policy(host: HostProcess, policy: str) -> None:
    assert request(host, "PATCH", "/api/v1/host", token=host.owner_token, data={"policy": policy}).status == 200


def end_now(host: HostProcess, invite: object) -> None:
    """As if its time had come."""
    with closing(sqlite3.connect(host.data / "room.db")) as db, db:
        db.execute("UPDATE invites SET expires_at = ? WHERE id = ?", (time.time_ns() // 1_000_000, invite))


def test_for_one_person(host: HostProcess) -> None:
    made = make(host, host.owner_token)
    came = come(host, made["code"])
    assert came.status == 201
    assert "used" in refusal(come(host, made["code"], source="127.0.0.2"))
    (kept,) = listed(host, host.owner_token).values()
    assert (kept["used_by"], kept["single_use"], kept["expires_at"]) == ([came.json["user"]["id"]], True, None)
    assert str(made["code"]).encode() not in (host.data / "room.db").read_bytes()


def test_of_many_who_come_at_once_one_gets_in(host: HostProcess) -> None:
    made = make(host, host.owner_token)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: come(host, made["code"], source=f"127.0.1.{n}"), range(1, 9)))
    assert sorted(answer.status for answer in answers) == [201] + [401] * 7


def test_a_name_that_is_taken_does_not_use_it_up(host: HostProcess) -> None:
    made = make(host, host.owner_token)
    assert come(host, made["code"], "Dana").code == "name_taken"
    assert come(host, made["code"]).status == 201


def test_for_several_until_a_time(host: HostProcess) -> None:
    before = time.time_ns() // 1_000_000
    made = make(host, host.owner_token, single_use=False, minutes=60)
    assert isinstance(made["expires_at"], int)
    assert made["expires_at"] >= before + 3_600_000
    assert [come(host, made["code"]).status for _ in range(3)] == [201] * 3
    end_now(host, made["id"])
    assert "ended" in refusal(come(host, made["code"]))
    assert len(listed(host, host.owner_token)[str(made["id"])]["used_by"]) == 3  # type: ignore[arg-type]


def test_withdrawn_by_its_maker_or_an_admin(host: HostProcess) -> None:
    code = host.ready["code"]
    anna, bert = register(host, code=code), register(host, code=code)
    mine, hers = make(host, bert.token), make(host, anna.token)
    assert set(listed(host, bert.token)) == {mine["id"]}
    assert set(listed(host, host.owner_token)) == {mine["id"], hers["id"]}
    for id in (hers["id"], "i_never23456723"):
        assert request(host, "DELETE", f"{INVITES}/{id}", token=bert.token).code == "not_found"
    for id, token in ((mine["id"], bert.token), (hers["id"], host.owner_token), (hers["id"], anna.token)):
        assert request(host, "DELETE", f"{INVITES}/{id}", token=token).status == 204
    assert "withdrawn" in refusal(come(host, mine["code"]))
    assert "withdrawn" in refusal(come(host, hers["code"]))
    lines = request(host, "GET", "/api/v1/audit", token=host.owner_token).json["audit"]
    assert [(line["verb"], line["actor"], line["target"]) for line in lines[:2]] == [
        ("revoke_invite", owner(host), anna.id),
        ("revoke_invite", bert.id, None),
    ]


def owner(host: HostProcess) -> str:
    return str(request(host, "GET", "/api/v1/me", token=host.owner_token).json["id"])


def change_role(host: HostProcess, person: Person, role: str) -> None:
    answer = request(host, "PATCH", f"/api/v1/users/{person.id}", token=host.owner_token, data={"role": role})
    assert answer.status == 200


@pytest.mark.parametrize("how", ["banned", "guest", "erased"])
def test_an_invite_ends_with_its_makers_right(host: HostProcess, how: str) -> None:
    anna = register(host, code=host.ready["code"])
    made = make(host, anna.token)
    match how:
        case "banned":
            request(host, "POST", f"/api/v1/users/{anna.id}/ban", token=host.owner_token, data={})
        case "guest":
            change_role(host, anna, "guest")
        case "erased":
            request(host, "DELETE", "/api/v1/me", token=anna.token)
    assert "withdrawn" in refusal(come(host, made["code"]))


def test_into_a_closed_host_only_by_who_sets_the_policy(host: HostProcess) -> None:
    anna = register(host, code=host.ready["code"])
    members, owners = make(host, anna.token), make(host, host.owner_token)
    set_policy(host, "closed")
    assert come(host, None).code == "forbidden"
    assert come(host, host.ready["code"]).code == "forbidden"
    assert "withdrawn" in refusal(come(host, members["code"]))
    assert come(host, owners["code"]).status == 201


def test_an_open_host_notes_it_and_minds_no_wrong_one(host: HostProcess) -> None:
    made = make(host, host.owner_token)
    set_policy(host, "open")
    assert come(host, "NONSENSE").status == 201
    came = come(host, f"  {str(made['code']).lower()} ")
    assert listed(host, host.owner_token)[str(made["id"])]["used_by"] == [came.json["user"]["id"]]
    assert come(host, made["code"]).status == 201


def test_guessing_is_slowed(host: HostProcess) -> None:
    answers = [come(host, f"AAAA-BBBB-CCCC-{number:04}") for number in range(8)]
    assert answers[0].code == "auth_failed"
    assert answers[-1].code == "rate_limited"


def test_a_hundred_open_ones_are_enough(host: HostProcess) -> None:
    anna = register(host, code=host.ready["code"])
    made = [make(host, anna.token) for _ in range(100)]
    assert request(host, "POST", INVITES, token=anna.token, data={}).code == "rate_limited"
    assert request(host, "DELETE", f"{INVITES}/{made[0]['id']}", token=anna.token).status == 204
    assert request(host, "POST", INVITES, token=anna.token, data={}).status == 201


def test_they_are_there_after_a_start(host: HostProcess, start_host: StartHost) -> None:
    made = make(host, host.owner_token)
    assert host.stop() == 0
    again = start_host("--policy", "code")
    assert come(again, made["code"]).status == 201
