"""One host a module, `async def` tests, and the host's log beside each failure."""

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.host_process import ROOMY, HostProcess
from tests.helpers.wire_client import Person, register

TEST_SECONDS = 60.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test in a loop of its own."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    limit = None if pyfuncitem.get_closest_marker("long") else TEST_SECONDS

    async def bounded() -> None:
        async with asyncio.timeout(limit):
            await test(**arguments)

    asyncio.run(bounded())
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what each host of a failed test logged since the test began."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for name, value in item.funcargs.items():
            for host in value if isinstance(value, list) else [value]:
                if isinstance(host, HostProcess):
                    report.sections.append((f"log of {name} ({host.data})", (host.log or host.last_log)[-6000:]))
    return report


@pytest.fixture(scope="module")
def host_options() -> tuple[str, ...]:
    """Options of this module's host; a module about limits has its own."""
    return ROOMY


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, host_options: tuple[str, ...]) -> Iterator[HostProcess]:
    """The host that the tests of a module share. Whoever breaks it fails the module's last test."""
    running = HostProcess(tmp_path_factory.mktemp("host") / "data", *host_options).start()
    yield running
    if not running.running:
        status = running.wait()
        pytest.fail(f"the host ended by itself with {status}:\n{running.last_log}")
    running.__exit__(None, None, None)


@pytest.fixture
def anna(host: HostProcess) -> Person:
    """A member nobody else uses."""
    return register(host)


@pytest.fixture
def bert(host: HostProcess) -> Person:
    """Another member nobody else uses."""
    return register(host)


@pytest.fixture
def dana(host: HostProcess) -> Person:
    """The owner, whom all tests of a module share."""
    return Person("", "Dana", host.owner_token)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[HostProcess]]:
    """The hosts that `start_host` started, killed at the end where the test did not stop them."""
    hosts: list[HostProcess] = []
    yield hosts
    for running in hosts:
        if running.running:
            running.kill()
        faults = running.faults()
        assert not faults, f"faults in the host's log:\n{running.last_log}"


@pytest.fixture
def start_host(tmp_path: Path, started: list[HostProcess]) -> Callable[..., HostProcess]:
    """`start_host(*options, data=…, owner=…)`: a host of the test's own, on a data directory of its own."""

    def start(*options: str, data: Path | None = None, **more: Any) -> HostProcess:
        running = HostProcess(data or tmp_path / "data", *options, **more)
        started.append(running)
        return running.start()

    return start
