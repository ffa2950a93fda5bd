"""The host's own settings, and what a start writes: a new epoch."""

import secrets
from typing import Final

from ..outcome import Outcome
from ..transaction import Transaction
from . import audit
from .permissions import actor_of, require

#: Without letters and digits that look alike.
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def do_start(tx: Transaction, epoch: str, name: str | None, policy: str | None) -> Outcome:
    """Begin an epoch in every room; keep the name and policy given. The reply maps the settings to their values."""
    for room, rev in tx.all("SELECT id, rev FROM rooms"):
        number = tx.one("SELECT coalesce(max(number), 0) + 1 FROM epochs WHERE room = ?", (room,))[0]
        tx.run(
            "INSERT INTO epochs (room, number, epoch, first_rev, started_at) VALUES (?, ?, ?, ?, ?)",
            (room, number, epoch, rev, tx.now),
        )
    for key, value in (("name", name), ("policy", policy)):
        if value is not None:
            tx.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (key, value))
    tx.run("INSERT OR IGNORE INTO meta (name, value) VALUES ('policy', 'open')")
    tx.run("INSERT OR IGNORE INTO meta (name, value) VALUES ('code', ?)", (new_code(),))
    return Outcome(reply=dict(tx.all("SELECT name, value FROM meta")))


def do_change_host(tx: Transaction, user: str, name: str | None, policy: str | None, new_join_code: bool) -> Outcome:
    """Change what is given of the host's settings. The reply maps all of them to their values.

    Raises:
        Refused: `forbidden`.
    """
    require(actor_of(tx, user).role, "policy")
    changes = {"name": name, "policy": policy, "code": new_code() if new_join_code else None}
    for key, value in changes.items():
        if value is not None:
            tx.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (key, value))
            audit.note(tx, user, f"change_{key}", reason=None if key == "code" else value)
    return Outcome(reply=dict(tx.all("SELECT name, value FROM meta")))


def new_code() -> str:
    """A join code: 8 letters and digits, 39 bits, read aloud in two groups."""
    return _code(2)


def new_invite_code() -> str:
    """The code of a personal invite: 16 letters and digits, 79 bits, since only its hash is kept."""
    return _code(4)


def _code(groups: int) -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))
