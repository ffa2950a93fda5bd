"""The fixtures and `async def` tests of the wire's, for tests of the door."""

from tests.server.wire.conftest import (
    anna,
    bert,
    dana,
    host,
    host_options,
    pytest_pyfunc_call,
    pytest_runtest_makereport,
    start_host,
    started,
)

__all__ = [
    "anna",
    "bert",
    "dana",
    "host",
    "host_options",
    "pytest_pyfunc_call",
    "pytest_runtest_makereport",
    "start_host",
    "started",
]
