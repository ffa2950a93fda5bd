"""What ``/openapi.json`` says is true: each operation, tried with generated data by an owner, a member and nobody."""

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import register, request

#: A name, an emoji, a body and a password have rules that a schema cannot say, so valid data may be a 400.
NOT_CHECKED = [positive_data_acceptance]
#: These end the token that asks.
ENDING = {"DELETE /api/v1/token", "DELETE /api/v1/me", "DELETE /api/v1/me/devices/{id}"}
PLACE = "/api/v1/rooms/lobby/messages"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with HostProcess(tmp_path_factory.mktemp("described") / "data", *ROOMY) as running:
        yield running


def attempt(host: HostProcess, who: str, examples: int) -> int:
    """Try each operation so many times, with data that fits and data that does not; how many requests."""
    description = schemathesis.openapi.from_url(f"http://{host.authority}/openapi.json")
    tried = 0
    # What an earlier one may have closed.
    request(host, "PATCH", "/api/v1/host", token=host.owner_token, data={"policy": "open"})
    token = {"owner": host.owner_token, "nobody": None, "member": register(host).token}[who]
    # Something to find under a plausible id.
    for _ in range(3):
        request(host, "POST", PLACE, token=host.owner_token, data={"body": "something"})
    for found in description.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            cases = operation.as_strategy(generation_mode=mode)

            @hypothesis.settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            @hypothesis.given(case=cases)
            def check(case: schemathesis.Case) -> None:
                nonlocal tried
                tried += 1
                label = case.operation.label
                mine = token
                if token is not None and label in ENDING:
                    # A new one each time; a host that the campaign itself has closed takes nobody new.
                    request(host, "PATCH", "/api/v1/host", token=host.owner_token, data={"policy": "open"})
                    mine = register(host).token
                response = case.call(headers={"Authorization": f"Bearer {mine}"} if mine else {})
                if response.status_code == 501 and "transfer-encoding" in {name.lower() for name in case.headers or {}}:
                    return  # by chance a header of HTTP's own was made up, which never reaches an operation
                assert response.status_code < 500, response.text
                case.validate_response(response, excluded_checks=NOT_CHECKED)

            try:
                check()
            except hypothesis.errors.Unsatisfiable:
                # There is nothing that would not fit where nothing is taken.
                assert mode is GenerationMode.NEGATIVE
                assert not operation.body
                assert not operation.path_parameters
                assert not operation.query
    return tried


WHO = ["owner", "member", "nobody"]


@pytest.mark.parametrize("who", WHO)
def test_generated_requests_get_described_answers(host: HostProcess, who: str) -> None:
    assert attempt(host, who, examples=4) > 200


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", WHO)
def test_many_generated_requests_get_described_answers(host: HostProcess, who: str) -> None:
    assert attempt(host, who, examples=40) > 1500


def test_every_operation_refuses_nobody_unless_it_is_public(host: HostProcess) -> None:
    described = request(host, "GET", "/openapi.json").json["paths"]
    public = {
        (method, path)
        for path, methods in described.items()
        for method, operation in methods.items()
        if "security" not in operation
    }
    assert public == {
        ("post", "/api/v1/register"),
        ("post", "/api/v1/token"),
        ("post", "/api/v1/host/dial-back"),
        ("get", "/healthz"),
        ("get", "/metrics"),
        ("get", "/openapi.json"),
        ("get", "/docs"),
    }
