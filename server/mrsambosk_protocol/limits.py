"""Versions, sizes, refusal codes and close codes: every number and name of the protocol that is not a field.

The limits are what ``welcome.host.limits`` carries; an owner may set each with ``--limit NAME=VALUE``.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL: Final = "mrsambosk.v1"
DEFAULT_PORT: Final = 8765
LOBBY: Final = "lobby"

#: Integers on the wire stay exact in every language's double.
MAX_INTEGER: Final = 2**53 - 1

#: A page of `sync` ends at whichever comes first.
SYNC_ROWS: Final = 500
SYNC_BYTES: Final = 512 * 1024
#: A room that starts anew (``reset:true``) is told its newest rows only.
RESET_ROWS: Final = 50

HISTORY_LIMIT: Final = 100
HISTORY_DEFAULT: Final = 50
GET_IDS: Final = 100
SEARCH_LIMIT: Final = 50
SEARCH_DEFAULT: Final = 20
#: More rows changed in one commit than this: everyone is set behind instead of being told row by row.
BULK_ROWS: Final = 200

REACTION_KINDS: Final = 20
EMOJI_BYTES: Final = 32
MENTIONS: Final = 100

HELLO_SECONDS: Final = 5.0
HEAD_SECONDS: Final = 10.0
STALLED_SECONDS: Final = 20.0
#: A connection with more unsent than this is made behind and synced again once it drains.
UNSENT_BYTES: Final = 1024 * 1024
HOST_PING_SECONDS: Final = 10.0
HOST_PONG_SECONDS: Final = 5.0
CLIENT_PING_ACTIVE_SECONDS: Final = 3.0
CLIENT_PING_IDLE_SECONDS: Final = 15.0
CLIENT_PONG_SECONDS: Final = 2.0
USERS_GATHER_SECONDS: Final = 1.0
READ_GATHER_SECONDS: Final = 2.0
#: Receipts and typing are told to others only in company this small.
SMALL_COMPANY: Final = 32
TYPING_SECONDS: Final = 3.0
BAD_FRAMES: Final = 10
BAD_FRAMES_SECONDS: Final = 60.0
STRANGER_SECONDS: Final = 1.0
UNDO_SECONDS: Final = 6.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one host. Sizes in bytes or code points, rates per second."""

    frame_bytes: int = 64 * 1024
    json_depth: int = 16
    body_chars: int = 4000
    body_newlines: int = 200
    body_marks: int = 8
    name_chars: int = 32
    posts_per_second: int = 5
    posts_burst: int = 20
    commands_per_second: int = 30
    commands_unanswered: int = 64
    connections: int = 1000
    connections_per_user: int = 8
    strangers: int = 64
    strangers_per_address: int = 16
    actions_waiting: int = 5000
    head_bytes: int = 16 * 1024

    def with_values(self, values: dict[str, int]) -> "Limits":
        """These limits with some replaced.

        Raises:
            ValueError: for an unknown name or a value below 1, with a sentence that names it.
        """
        for name, value in values.items():
            if name not in self.__struct_fields__:
                known = ", ".join(self.__struct_fields__)
                raise ValueError(f"There is no limit called {name!r}; there are: {known}.")
            if not 1 <= value <= MAX_INTEGER:
                raise ValueError(f"The limit {name} must be at least 1.")
        return msgspec.structs.replace(self, **values)


class Code(NamedTuple):
    """What goes with a refusal code: its HTTP status, and whether a client may try the same again by itself."""

    status: int
    retry: bool


CODES: Final[dict[str, Code]] = {
    "bad_json": Code(400, False),
    "bad_field": Code(400, False),
    "unknown_type": Code(400, False),
    "bad_text": Code(400, False),
    "bad_name": Code(400, False),
    "too_long": Code(400, False),
    "auth_required": Code(401, False),
    "auth_failed": Code(401, False),
    "forbidden": Code(403, False),
    "banned": Code(403, False),
    "not_found": Code(404, False),
    "name_taken": Code(409, False),
    "cid_conflict": Code(409, False),
    "gone": Code(410, False),
    "rate_limited": Code(429, True),
    "busy": Code(503, True),
    "storage_read_only": Code(503, True),
    "storage_error": Code(503, True),
    "storage_full": Code(507, True),
    "version": Code(400, False),
    "internal": Code(500, True),
}

#: Seconds a client waits before it repeats what was refused with one of these, unless `retry_after` says otherwise.
DEFAULT_RETRY_SECONDS: Final = 30.0
#: `internal` is tried this many times in all, then treated as refused for good.
INTERNAL_TRIES: Final = 3


class Close(IntEnum):
    """WebSocket close codes the host uses, and what a client does about them (``docs/protocol.md``)."""

    GOING_AWAY = 1001
    MALFORMED = 1002
    BINARY = 1003
    NOT_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    RESTARTING = 1012
    FULL = 1013
    NO_HELLO = 4001
    BAD_TOKEN = 4002
    NO_COMMON_VERSION = 4003
    REMOVED = 4004
    REVOKED = 4005
    FLOODING = 4006
    STALLED = 4008


#: After these a client does not come back by itself: a person must act.
CLOSE_FOR_GOOD: Final = frozenset(
    {Close.NO_HELLO, Close.BAD_TOKEN, Close.NO_COMMON_VERSION, Close.REMOVED, Close.REVOKED}
)
FLOODING_WAIT_SECONDS: Final = 60.0
BACKOFF_FIRST_SECONDS: Final = 0.5
BACKOFF_MAX_SECONDS: Final = 30.0
STABLE_SECONDS: Final = 30.0


class Refused(Exception):
    """The other side's request breaks a rule. A result, not a fault: it is answered and nothing is logged.

    Args:
        code: one of `CODES`.
        text: one sentence for a person.
        retry_after: seconds until the same may succeed, for codes that are retried.
    """

    def __init__(self, code: str, text: str, retry_after: float | None = None) -> None:
        assert code in CODES, code
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.retry_after = retry_after
