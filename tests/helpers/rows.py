"""Messages, people and whole windows for tests of the desktop's rows, made in a line."""

from typing import Any

from mrsambosk_desktop.core.rows import Pending, SendState
from mrsambosk_protocol.entities import MEMBER, OFFLINE, ONLINE, OWNER, Message, User

ME = "u_dana"
#: A morning, in Unix milliseconds: rows a minute apart stay within a day in every time zone with whole hours.
MORNING = 1_795_273_200_000
MINUTE = 60_000

PEOPLE = {
    user.id: user
    for user in (
        User(id=ME, name="Dana", role=OWNER, status=ONLINE),
        User(id="u_miriam", name="Miriam B.", role="moderator", status=ONLINE),
        User(id="u_yonatan", name="Yonatan", role=MEMBER, status=ONLINE),
        User(id="u_alma", name="Alma", role=MEMBER, status=OFFLINE),
    )
}


def message(id: int, body: str | None = None, *, author: str = "u_miriam", **fields: Any) -> Message:
    """A row of the lobby, sent `id` seconds into the morning unless told otherwise."""
    fields.setdefault("rev", id)
    fields.setdefault("sent_at", MORNING + id * 1000)
    return Message(id=id, room="lobby", author=author, body=f"message {id}" if body is None else body, **fields)


def deleted(id: int, *, author: str = "u_miriam", rev: int | None = None) -> Message:
    """A row as it is once deleted."""
    return message(id, "", author=author, rev=rev or id, deleted_at=MORNING, deleted_by=author)


def pending(cid: str, body: str = "on its way", state: SendState = SendState.SENDING, **fields: Any) -> Pending:
    """A message of one's own that the host has not stored."""
    fields.setdefault("queued_at", MORNING)
    return Pending(cid, "lobby", body, state=state, **fields)
