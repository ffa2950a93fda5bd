"""A log record of level WARNING or above that nobody expected fails the test in which it was written.

`conftest.py` installs one `LogWatch` for the whole run. A test that provokes a record says so before::

    def test_damaged_database(expect_log):
        expect_log("is damaged", logger="mrsambosk_server")
        ...

or, where the whole test is about it, ``@pytest.mark.expect_log("is damaged")``. What was expected must come.
"""

import logging
import re
import threading
from dataclasses import dataclass


@dataclass
class Expected:
    """One kind of record a test provokes: at least one must come, any number may."""

    pattern: re.Pattern[str]
    logger: str
    seen: int = 0

    def matches(self, record: logging.LogRecord) -> bool:
        inside = not self.logger or record.name == self.logger or record.name.startswith(self.logger + ".")
        return inside and self.pattern.search(record.getMessage()) is not None


class LogWatch(logging.Handler):
    """Keeps what was logged in the present test, from any thread, and tells expected from unexpected."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._changing = threading.Lock()
        self._expected: list[Expected] = []
        self._unexpected: list[logging.LogRecord] = []

    def begin(self) -> None:
        """Forget the test before. Call it before each test's set-up."""
        with self._changing:
            self._expected.clear()
            self._unexpected.clear()

    def expect(self, pattern: str, logger: str = "") -> None:
        """Allow records whose message matches the regular expression, of this logger or below; one must come."""
        with self._changing:
            self._expected.append(Expected(re.compile(pattern), logger))

    def emit(self, record: logging.LogRecord) -> None:
        with self._changing:
            for expected in self._expected:
                if expected.matches(record):
                    expected.seen += 1
                    return
            self._unexpected.append(record)

    def take_unexpected(self) -> list[str]:
        """One line for each record nobody expected since the last call."""
        with self._changing:
            lines = [f"{it.levelname} {it.name} ({it.threadName}): {it.getMessage()}" for it in self._unexpected]
            self._unexpected.clear()
            return lines

    def missing(self) -> list[str]:
        """The patterns that were expected in this test and did not come."""
        with self._changing:
            return [expected.pattern.pattern for expected in self._expected if not expected.seen]
