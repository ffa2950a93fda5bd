"""What every test gets: no screen, and no warning that goes unseen.

A log record from WARNING up, a message of Qt from warning up (pytest-qt's ``qt_log_level_fail``) or any Python
warning (``filterwarnings``), also one that only garbage collection brings out, fails the test in which it came.
"""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything imports Qt
os.environ.setdefault("QT_API", "pyside6")
# Nobody's own keyring is touched by a test, also not by a process that one starts.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

import gc
import logging
from collections.abc import Callable, Generator

import hypothesis
import pytest

from tests.helpers.logfail import LogWatch

# Two shared cores: a deadline would fail on a busy machine, not on a slow function.
hypothesis.settings.register_profile(
    "bounded",
    deadline=None,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("bounded")

_watch = LogWatch()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expect_log(pattern, logger=''): this test provokes such a log record")
    logging.getLogger().addHandler(_watch)


def pytest_unconfigure() -> None:
    logging.getLogger().removeHandler(_watch)


def pytest_collection_finish() -> None:
    # What importing made lives to the end; the collections after each test need not walk it.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    _watch.begin()
    for marker in item.iter_markers("expect_log"):
        _watch.expect(*marker.args, **marker.kwargs)
    yield
    _fail_on_unexpected()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    yield
    _fail_on_unexpected()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    yield
    _fail_on_unexpected()
    if missing := _watch.missing():
        pytest.fail(f"expected in the log, but it did not come: {missing}", pytrace=False)


@pytest.fixture(autouse=True)
def _collected() -> Generator[None, None, None]:
    """A socket left open or a coroutine never awaited is told only when it is collected: here, not in a later test.

    (A fixture, the first to begin and so the last to end: pytest looks for such reports right after the fixtures.)
    """
    yield
    gc.collect()


def _fail_on_unexpected() -> None:
    if lines := _watch.take_unexpected():
        pytest.fail("unexpected in the log:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture
def expect_log() -> Callable[..., None]:
    """`expect_log(pattern, logger="")`: a record matching the regular expression must come in this test."""
    return _watch.expect
