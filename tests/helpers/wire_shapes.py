"""What each event of the protocol must look like, written from the document and not from the server's structs.

A client ignores what it does not know, so further fields are allowed; a missing or differently typed one is not.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

MAX_INTEGER = 2**53 - 1
CODES = {
    *("bad_json", "bad_field", "unknown_type", "bad_text", "bad_name", "too_long", "auth_required", "auth_failed"),
    *("forbidden", "banned", "not_found", "name_taken", "cid_conflict", "gone", "rate_limited", "busy", "version"),
    *("storage_read_only", "storage_error", "storage_full", "internal"),
}
ROLES = {"owner", "admin", "moderator", "member", "guest", "gone"}
STATUSES = {"online", "away", "busy", "offline"}
HAPPENINGS = {"room_created", "member_added", "member_removed", "role_changed", "renamed", "topic_changed"}
_CID = re.compile(r"[A-Za-z0-9_-]{16,40}")

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER


def is_id(value: Any) -> bool:
    return is_count(value) and value >= 1


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def is_time(value: Any) -> bool:
    """Unix milliseconds of this century."""
    return is_count(value) and 1_500_000_000_000 < value < 5_000_000_000_000


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def has(value: Any, fields: Mapping[str, Check]) -> bool:
    """Whether it is an object with all these fields, each right.

    Raises:
        AssertionError: naming the field that is not.
    """
    assert isinstance(value, dict), f"not an object: {value!r}"
    for name, check in fields.items():
        assert name in value, f"no {name!r} in {value!r}"
        assert check(value[name]), f"{name!r} is {value[name]!r} in {value!r}"
    return True


def is_reactions(value: Any) -> bool:
    """Emoji → the ids of who reacted, each once, none empty."""
    return isinstance(value, dict) and all(
        is_texts(who) and who and len(set(who)) == len(who) for who in value.values()
    )


def is_message(value: Any) -> bool:
    has(
        value,
        {
            "id": is_id,
            "room": is_text,
            "rev": is_id,
            "author": is_text,
            "kind": lambda kind: kind in ("text", "system"),
            "cid": maybe(lambda cid: is_text(cid) and _CID.fullmatch(cid) is not None),
            "body": is_text,
            "mentions": is_texts,
            "reply_to": maybe(is_id),
            "sent_at": is_time,
            "edited_at": maybe(is_time),
            "deleted_at": maybe(is_time),
            "deleted_by": maybe(is_text),
            "pinned_at": maybe(is_time),
            "pinned_by": maybe(is_text),
            "reactions": is_reactions,
            "files": lambda files: isinstance(files, list),
        },
    )
    assert value["rev"] >= value["id"], f"changed before it was posted: {value}"
    assert (value["deleted_at"] is None) == (value["deleted_by"] is None), value
    assert (value["pinned_at"] is None) == (value["pinned_by"] is None), value
    if value["deleted_at"] is not None:
        left = (value["body"], value["mentions"], value["reactions"], value["files"])
        assert left == ("", [], {}, []), f"a deleted row that still says something: {value}"
    if value["kind"] == "system":
        assert value["body"] == "", value
        assert value["event"]["name"] in HAPPENINGS, value
    elif value["deleted_at"] is None:
        assert value["body"].strip(), value
    return True


def is_messages(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_message, value))


def is_user(value: Any) -> bool:
    return has(
        value,
        {
            "id": is_text,
            "name": is_text,
            "role": ROLES.__contains__,
            "status": STATUSES.__contains__,
            "last_seen": maybe(is_time),
        },
    )


def is_users(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_user, value)) and len({user["id"] for user in value}) == len(value)


def is_you(value: Any) -> bool:
    return has(value, {"read": is_count, "unread": is_count, "mentions": is_count})


def is_room(value: Any) -> bool:
    return has(
        value,
        {
            "id": is_text,
            "name": is_text,
            "topic": is_text,
            "kind": lambda kind: kind in ("room", "direct"),
            "private": is_flag,
            "rev": is_count,
            "first": is_count,
            "you": is_you,
        },
    )


def is_host(value: Any) -> bool:
    return has(
        value,
        {
            "id": lambda id: re.fullmatch("[A-Z2-7]{52}", id) is not None,
            "name": is_text,
            "version": is_text,
            "features": lambda features: isinstance(features, list | dict),
            "limits": lambda limits: isinstance(limits, dict),
        },
    )


_EVENTS: dict[str, dict[str, Check]] = {
    "welcome": {
        "ref": is_id,
        "protocol": lambda version: version == 1,
        "host": is_host,
        "epoch": lambda epoch: is_text(epoch) and len(epoch) >= 8,
        "you": is_user,
        "users": is_users,
        "rooms": lambda rooms: isinstance(rooms, list) and all(map(is_room, rooms)),
    },
    "sync": {"room": is_text, "rev": is_count, "messages": is_messages, "more": is_flag, "reset": is_flag},
    "live": {},
    "done": {"ref": is_id},
    "page": {
        "ref": is_id,
        "room": is_text,
        "rev": is_count,
        "messages": is_messages,
        "has_older": is_flag,
        "has_newer": is_flag,
    },
    "results": {"ref": is_id, "messages": is_messages, "cursor": maybe(is_text)},
    "seen": {"ref": is_id, "users": is_texts},
    "refused": {"ref": maybe(is_id), "code": CODES.__contains__, "text": is_text},
    "message": {"room": is_text, "rev": is_id},
    "users": {"users": is_users},
    "room": {"room": is_room},
    "room_gone": {"room": is_text},
    "typing": {"room": is_text, "user": is_text},
    "read": {"room": is_text, "user": is_text, "id": is_count},
    "notice": {"kind": lambda kind: kind in ("closing", "read_only", "writable"), "text": is_text},
    "dial_back": {"id": is_text},
}


def check_event(event: Any) -> None:
    """Hold one event of the host against the document.

    Raises:
        AssertionError: a field is missing or wrong, or nobody ever spoke of such an event.
    """
    kind = event["type"]
    assert kind in _EVENTS, f"an event the document does not name: {event}"
    has(event, _EVENTS[kind])
    if kind == "message" and "message" in event:
        is_message(event["message"])
    elif kind == "page":
        ids = [row["id"] for row in event["messages"]]
        assert ids == sorted(set(ids)), f"a page that does not ascend: {ids}"
        assert all(row["rev"] <= event["rev"] for row in event["messages"]), event
    elif kind == "results":
        assert len(event["messages"]) <= 50, "more results than anyone may ask for"
    elif kind == "refused":
        _check_sentence(event["text"])
        if event.get("retry_after") is not None:
            assert event["retry_after"] >= 0, event
    elif kind == "done" and "you" in event:
        is_you(event["you"])


def _check_sentence(text: str) -> None:
    assert text.strip(), "a refusal without a word"
    assert len(text) < 500, text
    assert "Traceback" not in text, text
    assert 'File "' not in text, text
