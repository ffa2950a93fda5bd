"""What rows say in words: times, days, system rows, states, and the one sentence a screen reader speaks.

Names of people stand between Unicode isolates, so a right-to-left name cannot reorder the sentence around it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime

from mrsambosk_desktop.core.bodies import Blocks, excerpt
from mrsambosk_desktop.core.rows import Pending, SendState
from mrsambosk_protocol.entities import GONE, Message, User

translate = QCoreApplication.translate

_SPOKEN_CHARS: Final = 400
_SEEN_NAMES: Final = 3


def isolated(text: str) -> str:
    """The text fenced off, so that its direction stays its own."""
    return f"\u2068{text}\u2069"


def name_of(user: User | None) -> str:
    """What a person is called, also one who left."""
    if user is None:
        return translate("Wording", "Someone")
    if user.role == GONE or not user.name:
        return translate("Wording", "Someone who left")
    return user.name


def time_text(ms: int) -> str:
    """The local time of day of Unix milliseconds, as this locale writes it in short."""
    try:
        moment = datetime.fromtimestamp(ms / 1000)
    except (OverflowError, OSError, ValueError):
        return ""
    locale = QLocale()
    clock = QTime(moment.hour, moment.minute)
    if locale.language() is QLocale.Language.C:
        return clock.toString("HH:mm")
    return locale.toString(clock, QLocale.FormatType.ShortFormat)


def when_text(ms: int) -> str:
    """When something was said, in short: the time of day, before it the day when that is not today."""
    try:
        day = datetime.fromtimestamp(ms / 1000).date()
    except (OverflowError, OSError, ValueError):
        return ""
    today = date.today()
    if day == today:
        return time_text(ms)
    if (today - day).days == 1:
        return translate("Wording", "Yesterday {time}").format(time=time_text(ms))
    short = QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.ShortFormat)
    return f"{short} {time_text(ms)}"


def moment_text(ms: int) -> str:
    """The local date and time in full, for details."""
    return QLocale().toString(QDateTime.fromMSecsSinceEpoch(ms), QLocale.FormatType.LongFormat)


def day_text(day: date, today: date) -> str:
    """Today, Yesterday, the weekday within a week, else the long local date."""
    age = (today - day).days
    if age == 0:
        return translate("Wording", "Today")
    if age == 1:
        return translate("Wording", "Yesterday")
    if 1 < age < 7:
        return QLocale().standaloneDayName(day.isoweekday(), QLocale.FormatType.LongFormat)
    return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)


def new_messages_text(count: int | None) -> str:
    """The unread line; None: nobody knows how many."""
    if count is None:
        return translate("Wording", "New messages")
    if count == 1:
        return translate("Wording", "1 new message")
    return translate("Wording", "%n new messages", "", count)


def deleted_text(count: int) -> str:
    """What stands in place of deleted rows."""
    if count == 1:
        return translate("Wording", "Message deleted")
    return translate("Wording", "%n messages deleted", "", count)


def system_text(message: Message, users: Mapping[str, User]) -> str:
    """A system row in this reader's language."""
    event = message.event if isinstance(message.event, dict) else {}
    who = isolated(name_of(users.get(message.author)))
    whom_id = event.get("user")
    whom = isolated(name_of(users.get(whom_id) if isinstance(whom_id, str) else None))
    alone = whom_id is None or whom_id == message.author
    match event.get("name"):
        case "room_created":
            return translate("Wording", "{who} opened the room").format(who=who)
        case "member_added" if alone:
            return translate("Wording", "{who} joined").format(who=who)
        case "member_added":
            return translate("Wording", "{who} added {whom}").format(who=who, whom=whom)
        case "member_removed" if alone:
            return translate("Wording", "{who} left").format(who=who)
        case "member_removed":
            return translate("Wording", "{who} removed {whom}").format(who=who, whom=whom)
        case "role_changed":
            return translate("Wording", "{who} changed the role of {whom}").format(who=who, whom=whom)
        case "renamed":
            return translate("Wording", "{who} renamed the room").format(who=who)
        case "topic_changed":
            return translate("Wording", "{who} changed the topic").format(who=who)
    return translate("Wording", "{who} changed something here").format(who=who)


def seen_text(names: tuple[str, ...]) -> str:
    """Who has seen a message: three by name, the rest counted."""
    shown = ", ".join(isolated(name) for name in names[:_SEEN_NAMES])
    if len(names) <= _SEEN_NAMES:
        return translate("Wording", "Seen by {names}").format(names=shown)
    return translate("Wording", "Seen by {names} and {count} more").format(names=shown, count=len(names) - _SEEN_NAMES)


def waiting_text() -> str:
    """What is said of that which leaves when there is a connection again."""
    return translate("Wording", "Waiting for connection")


def ticks_text(seen: int) -> str:
    """What the ticks of a message of one's own mean: how many others have seen it, not who."""
    return translate("Wording", "Seen by %n", "", seen) if seen else state_text(None)


def state_text(pending: Pending | None) -> str:
    """Where a message of one's own is; a stored one is sent."""
    if pending is None:
        return translate("Wording", "Sent")
    if pending.state is SendState.SENDING:
        return translate("Wording", "Sending…")
    if pending.state is SendState.WAITING:
        return waiting_text()
    if pending.state is SendState.HELD:
        return translate("Wording", "Waiting for the message above")
    if pending.reason:
        return translate("Wording", "Not sent: {why}").format(why=isolated(pending.reason))
    return translate("Wording", "Not sent")


def spoken_text(
    *,
    author: User | None,
    at: int,
    blocks: Blocks,
    message: Message | None,
    pending: Pending | None,
    mine: bool,
    deleting: bool,
    replied: User | None,
    fold: int,
    seen_by: tuple[str, ...] = (),
    waiting: bool = False,
) -> str:
    """One text row as one sentence: "Miriam, 09:02, Slides are on the share, 2 reactions, sent"."""
    parts = [translate("Wording", "You") if mine else name_of(author), time_text(at)]
    if deleting:
        parts.append(translate("Wording", "You deleted a message"))
    elif message is not None and message.deleted:
        parts.append(deleted_text(max(fold, 1)))
    else:
        if replied is not None:
            parts.append(translate("Wording", "in reply to {name}").format(name=isolated(name_of(replied))))
        parts.append(excerpt(blocks, _SPOKEN_CHARS))
        if message is not None:
            parts.extend(_spoken_extras(message))
        if waiting:
            parts.append(waiting_text())
        elif mine and seen_by:
            parts.append(seen_text(seen_by))
        elif mine:
            parts.append(state_text(pending).lower() if pending is None else state_text(pending))
    return ", ".join(part for part in parts if part)


def _spoken_extras(message: Message) -> list[str]:
    parts = []
    if message.edited_at is not None:
        parts.append(translate("Wording", "edited"))
    if message.pinned_at is not None:
        parts.append(translate("Wording", "pinned"))
    count = sum(len(users) for users in message.reactions.values())
    if count == 1:
        parts.append(translate("Wording", "1 reaction"))
    elif count:
        parts.append(translate("Wording", "%n reactions", "", count))
    return parts
