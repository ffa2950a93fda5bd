"""The audit log: who did what to whom, when. Never the text of a message."""

from ..transaction import Transaction


def note(
    tx: Transaction,
    actor: str | None,
    verb: str,
    *,
    target: str | None = None,
    room: str | None = None,
    message: int | None = None,
    reason: str | None = None,
    until: int | None = None,
) -> None:
    """Write one line, in the transaction of what it tells."""
    tx.run(
        "INSERT INTO audit (at, actor, verb, target, room, message, reason, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (tx.now, actor, verb, target, room, message, reason, until),
    )
