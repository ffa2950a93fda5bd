"""Faults on purpose: what a host and an app live through, with a figure and a condition each (docs/reliability.md)."""

from tests.faults.stage import CHECKS, Check


def checks() -> list[Check]:
    """All checks, in the order of the table."""
    from tests.faults import app, clocks, disk, host_killed, readers, soak  # noqa: F401

    return CHECKS
