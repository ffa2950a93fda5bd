"""*Starting one*: the ready line, and what the command line sets."""

import json
import signal
import stat
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.helpers.host_process import HostProcess, command_line
from tests.helpers.wire_client import WireClient, register, request

StartHost = Callable[..., HostProcess]


def test_the_ready_line_says_where_to_go(host: HostProcess) -> None:
    ready = host.ready
    assert ready["event"] == "ready"
    assert 1 <= ready["port"] <= 65535
    assert ready["addresses"]
    assert all(isinstance(address, str) and address for address in ready["addresses"])
    assert ready["fingerprint"] is None  # no key is shown with --no-tls
    assert ready["code"] is None  # policy open needs none
    assert isinstance(ready["owner_token"], str)
    assert request(host, "GET", "/healthz").status == 200


def test_the_invite_leads_here(host: HostProcess) -> None:
    link = urlsplit(host.ready["invite"])
    assert (link.scheme, link.netloc) == ("mrsambosk", "join")
    query = parse_qs(link.query)
    assert query["at"]
    assert all(at.rsplit(":", 1)[1] == str(host.port) for at in query["at"])
    assert "code" not in query


def test_a_join_code_is_in_the_ready_line_and_the_invite(start_host: StartHost) -> None:
    host = start_host("--policy", "code", owner=None)
    code = host.ready["code"]
    assert isinstance(code, str)
    assert code
    assert parse_qs(urlsplit(host.ready["invite"]).query)["code"] == [code]
    assert host.ready["owner_token"] is None
    assert register(host, "Anna", code=code).name == "Anna"


def test_a_new_join_code_is_told_to_who_started_the_host(start_host: StartHost) -> None:
    host = start_host("--policy", "code")
    token = host.owner_token
    changed = request(host, "PATCH", "/api/v1/host", data={"new_code": True}, token=token).json
    told = host.next_line()
    assert (told["event"], told["code"], told["owner_token"]) == ("changed", changed["code"], None)
    assert told["code"] != host.ready["code"]
    assert parse_qs(urlsplit(told["invite"]).query)["code"] == [told["code"]]
    running = json.loads((host.data / "running.json").read_text("utf-8"))
    assert running["invite"] == told["invite"]
    assert stat.S_IMODE((host.data / "running.json").stat().st_mode) == 0o600
    assert request(host, "PATCH", "/api/v1/host", data={"policy": "open"}, token=token).status == 200
    assert (host.next_line()["code"], token in host.log) == (None, False)


async def test_the_name_and_the_limits_are_in_the_welcome(start_host: StartHost) -> None:
    host = start_host("--name", "Küche", "--limit", "body_chars=77", "--limit", "posts_burst=3")
    async with WireClient(host, host.owner_token) as client:
        assert client.welcome["host"]["name"] == "Küche"
        assert client.welcome["host"]["limits"]["body_chars"] == 77
        assert client.welcome["host"]["limits"]["posts_burst"] == 3
        assert client.welcome["host"]["limits"]["name_chars"] == 32


async def test_each_start_makes_an_owner_token_and_revokes_the_last(start_host: StartHost) -> None:
    host = start_host()
    first = host.owner_token
    async with WireClient(host, first) as client:
        owner, identity, epoch = client.you, client.welcome["host"]["id"], client.welcome["epoch"]
    assert (owner["name"], owner["role"]) == ("Dana", "owner")
    assert host.stop() == 0
    assert host.rest_of_stdout() == ""

    host = start_host()
    assert host.owner_token != first
    async with WireClient(host, host.owner_token) as client:
        assert client.you["id"] == owner["id"]
        assert client.you["role"] == "owner"
        assert client.welcome["host"]["id"] == identity
        assert client.welcome["epoch"] != epoch
    async with WireClient(host, first, live=False) as client:
        assert (await client.reply(1))["code"] == "auth_failed"
        assert await client.closed() == 4002


async def test_without_owner_option_none_is_made_and_old_tokens_stay(start_host: StartHost) -> None:
    host = start_host()
    token = host.owner_token
    host.stop()
    host = start_host(owner=None)
    assert host.ready["owner_token"] is None
    async with WireClient(host, token) as client:
        assert client.you["role"] == "owner"


def test_two_hosts_get_along(host: HostProcess, start_host: StartHost) -> None:
    other = start_host()
    assert other.port != host.port
    assert request(host, "GET", "/healthz").status == request(other, "GET", "/healthz").status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_status_0(start_host: StartHost, number: signal.Signals) -> None:
    host = start_host()
    host.send_signal(number)
    assert host.wait() == 0
    assert not host.faults(), host.last_log


def test_the_end_of_input_stops_it_with_status_0(start_host: StartHost) -> None:
    host = start_host()
    assert host.stop() == 0
    assert not host.faults(), host.last_log


async def test_without_stop_on_eof_the_end_of_input_means_nothing(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line_without(*arguments: object, **options: object) -> list[str]:
        return [word for word in command_line(*arguments, **options) if word != "--stop-on-eof"]  # type: ignore[arg-type]

    monkeypatch.setattr("tests.helpers.host_process.command_line", line_without)
    host = start_host()
    host.close_input()
    async with WireClient(host, host.owner_token) as client:
        await client.post("still here")
    host.send_signal(signal.SIGTERM)
    assert host.wait() == 0
