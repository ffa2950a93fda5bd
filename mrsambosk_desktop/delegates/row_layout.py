"""The geometry of one timeline row, measured once for a width and kept until the row changes.

Everything inside a bubble is relative to the bubble's top left, and the bubble's own place across the view is found
when painting: a wider window moves bubbles without measuring one anew.
"""

import time
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QTextLayout

from mrsambosk_desktop.core.bodies import excerpt, parse
from mrsambosk_desktop.core.rows import SendState
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_desktop.models.wording import (
    day_text,
    deleted_text,
    name_of,
    new_messages_text,
    state_text,
    time_text,
    waiting_text,
)

from .body_layout import BodyLayout, link_places, measure_body, one_line, settle_body
from .look import Look, TextLook

translate = QCoreApplication.translate

SIDE: Final = 18.0
AVATAR: Final = 32.0
AVATAR_GAP: Final = 10.0
RADIUS: Final = 14.0
MOST_WIDTH: Final = 560.0
SHARE: Final = 0.8
PAD_X: Final = 12.0
PAD_TOP: Final = 7.0
PAD_BOTTOM: Final = 8.0
_RUN_GAP: Final = 10.0
_NEXT_GAP: Final = 2.0
_META_GAP: Final = 12.0
_UNREAD_ABOVE: Final = 9.0
_UNREAD_BELOW: Final = 7.0
_ICON: Final = 13.0
_CHIP_GAP: Final = 5.0
#: One's own message says nothing about being sent for this long: most are confirmed before.
QUIET_MS: Final = 300
#: Between what happened and what can be done about it.
DOT: Final = "·"


class Act(Enum):
    """What a click on a zone of a row asks."""

    LINK = auto()
    REACT = auto()
    SOURCE = auto()
    SEEN = auto()
    UNDO = auto()
    RETRY = auto()
    EDIT = auto()
    COPY = auto()
    DISCARD = auto()


@dataclass(frozen=True, slots=True)
class Zone:
    """A place in a bubble that can be clicked. `payload` is an address, an emoji, or empty."""

    box: QRectF
    act: Act
    payload: str = ""


@dataclass(slots=True)
class Chip:
    """One reaction and how many gave it."""

    box: QRectF
    emoji: str
    count: str
    mine: bool


@dataclass(slots=True)
class Quote:
    """What a message replies to, in two lines."""

    box: QRectF
    name: str
    author_id: str
    text: QTextLayout
    text_width: float
    text_right: bool


@dataclass(slots=True)
class RowLayout:
    """One measured row. `text_width` is the width it was measured for; `needs` is what it takes unwrapped, infinite
    when it wrapped: while that fits, another width changes nothing. `quiet`: nothing is said yet of its being sent."""

    row: TimelineRow
    text_width: float
    mirrored: bool
    needs: float = 0.0
    height: float = 0.0
    day: date | None = None
    unread: str = ""
    unread_top: float = 0.0
    top: float = 0.0
    bubble_width: float = 0.0
    bubble_height: float = 0.0
    name: tuple[QTextLayout, QPointF] | None = None
    quote: Quote | None = None
    body: BodyLayout | None = None
    body_at: QPointF = field(default_factory=QPointF)
    meta: str = ""
    meta_box: QRectF = field(default_factory=QRectF)
    meta_icon: str = ""
    quiet: bool = False
    plain: str = ""
    plain_box: QRectF = field(default_factory=QRectF)
    dot_box: QRectF = field(default_factory=QRectF)
    chips: list[Chip] = field(default_factory=list)
    fate: str = ""
    fate_box: QRectF = field(default_factory=QRectF)
    fate_words: list[tuple[QRectF, str]] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)

    def serves(self, row: TimelineRow, text_width: float, mirrored: bool) -> bool:
        """Whether it still holds for this row at this width."""
        if self.row is not row or self.mirrored is not mirrored or (self.quiet and not is_quiet(row)):
            return False
        return self.text_width == text_width or self.needs <= min(text_width, self.text_width)


class Fonts:
    """The fonts and measures that rows share, made once a theme."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.name = look.font(13, bold=True)
        self.quote_name = look.font(12, bold=True)
        self.quote = look.font(12.5)
        self.meta = look.font(11)
        self.plain = look.font(13.5)
        self.plain.setItalic(True)
        self.chip = look.font(12)
        self.pill = look.font(11.5, bold=True)
        self.unread = look.font(11.5, bold=True)
        self.system = look.font(12)
        self.avatar = look.font(12.5, bold=True)
        self.fate = look.font(12)
        self.fate_act = look.font(12, bold=True)
        #: The side of the small icons beside these words.
        self.icon = float(look.px(_ICON))

    def width(self, font: QFont, text: str) -> float:
        return QFontMetricsF(font).horizontalAdvance(text)

    def height(self, font: QFont) -> float:
        return QFontMetricsF(font).height()


def text_width_for(width: float, scale: float) -> float:
    """How wide text in a bubble may be in a view of this width, at this text size."""
    most = MOST_WIDTH * max(scale, 1.0)
    return max(min(width * SHARE - SIDE - AVATAR - AVATAR_GAP - 2 * PAD_X, most), 80.0)


def measure_row(row: TimelineRow, text_width: float, mirrored: bool, fonts: Fonts, text: TextLook) -> RowLayout:
    """Measures a row for bubbles whose text is at most `text_width` wide."""
    made = RowLayout(row, text_width, mirrored)
    if row.group.fold == 0 and not row.deleting:
        return made
    y = 0.0
    if row.group.day is not None:
        made.day = row.group.day
        y += fonts.height(fonts.pill) + 26
    if row.group.unread:
        made.unread = new_messages_text(row.unread_count)
        made.unread_top = y + _UNREAD_ABOVE
        y = made.unread_top + fonts.height(fonts.unread) + _UNREAD_BELOW
    if row.system:
        made.plain = row.system
        made.top = y
        metrics = QFontMetricsF(fonts.system)
        box = metrics.boundingRect(QRectF(0, 0, text_width, 4000), int(Qt.TextFlag.TextWordWrap), row.system)
        made.needs = text_width
        made.height = y + box.height() + 16
        return made
    if not row.group.unread:
        y += _RUN_GAP if row.group.first else _NEXT_GAP
    made.top = y
    if row.deleting or row.deleted:
        _measure_deleted(made, row, fonts)
    else:
        _measure_bubble(made, row, text_width, fonts, text)
    made.height = y + made.bubble_height
    if row.failed:
        _measure_fate(made, row, fonts)
        made.height += made.fate_box.height() + 2
    return made


def _measure_deleted(made: RowLayout, row: TimelineRow, fonts: Fonts) -> None:
    """The quiet dashed row."""
    height = fonts.height(fonts.plain)
    if row.deleting:
        made.plain = translate("Timeline", "You deleted a message")
        act = translate("Timeline", "Undo")
        width, act_width = fonts.width(fonts.plain, made.plain), fonts.width(fonts.fate_act, act)
        gap = fonts.width(fonts.plain, f" {DOT} ") + 2
        boxes = _spread(made.mirrored, PAD_X, (width, act_width), gap)
        made.plain_box = QRectF(boxes[0], PAD_TOP, width + 2, height)
        made.dot_box = QRectF(PAD_X + (act_width if made.mirrored else width), PAD_TOP, gap, height)
        box = QRectF(boxes[1], PAD_TOP, act_width + 2, height)
        made.fate_words.append((box, act))
        made.zones.append(Zone(box.adjusted(-6, -PAD_TOP, 6, PAD_BOTTOM), Act.UNDO))
        made.bubble_width = 2 * PAD_X + width + gap + act_width + 2
    else:
        made.plain = deleted_text(row.group.fold)
        made.meta = time_text(row.at)
        width, meta_width = fonts.width(fonts.plain, made.plain), fonts.width(fonts.meta, made.meta)
        boxes = _spread(made.mirrored, PAD_X, (width, meta_width), _META_GAP)
        made.plain_box = QRectF(boxes[0], PAD_TOP, width + 2, height)
        made.meta_box = QRectF(boxes[1], PAD_TOP + 4, meta_width + 2, height)
        made.bubble_width = 2 * PAD_X + width + _META_GAP + meta_width + 2
    made.bubble_height = PAD_TOP + height + PAD_BOTTOM


def _spread(mirrored: bool, start: float, widths: tuple[float, float], gap: float) -> tuple[float, float]:
    """Where two things beside each other begin, read in the window's direction."""
    if mirrored:
        return start + widths[1] + gap, start
    return start, start + widths[0] + gap


def _measure_bubble(made: RowLayout, row: TimelineRow, most: float, fonts: Fonts, text: TextLook) -> None:
    body = measure_body(row.blocks, most, text)
    made.body = body
    meta_width = _meta(made, row, fonts)
    meta_height = fonts.height(fonts.meta)

    inner = body.width
    beside = body.last_width >= 0 and body.last_right is made.mirrored
    beside = beside and body.last_width + _META_GAP + meta_width <= most
    inner = max(inner, body.last_width + _META_GAP + meta_width if beside else meta_width)
    named = row.group.first and not row.mine
    name_layout, name_width, name_right = (
        one_line(name_of(row.author), fonts.name, most) if named else (None, 0.0, False)
    )
    inner = max(inner, name_width)
    if row.reply_to is not None:
        made.quote = _quote(row, fonts, most)
        inner = max(inner, made.quote.box.width())
    chip_rows = _chips(made, row, fonts, most)
    inner = max(inner, max((chip.box.right() for chip in made.chips), default=0.0))
    inner = float(int(min(inner, most) + 0.999))

    y = PAD_TOP
    if name_layout is not None:
        from_right = made.mirrored or name_right
        x = PAD_X + (inner - name_width if from_right else 0)
        made.name = (name_layout, QPointF(x, y - 1))
        y += fonts.height(fonts.name) + 2
    if made.quote is not None:
        made.quote.box.moveTo(PAD_X, y)
        made.quote.box.setWidth(inner)
        made.zones.append(Zone(QRectF(made.quote.box), Act.SOURCE))
        y += made.quote.box.height() + 5
    settle_body(body, inner)
    made.body_at = QPointF(PAD_X, y)
    made.zones += [Zone(box.translated(made.body_at), Act.LINK, to) for box, to in link_places(row.blocks, body)]
    y += body.height
    meta_x = PAD_X if made.mirrored else PAD_X + inner - meta_width
    if beside:
        made.meta_box = QRectF(meta_x, y - meta_height + 3, meta_width, meta_height)
    else:
        made.meta_box = QRectF(meta_x, y + 1, meta_width, meta_height)
        y += meta_height
    if row.mine and row.pending is None:
        made.zones.append(Zone(made.meta_box.adjusted(-4, -3, 4, 3), Act.SEEN))
    if chip_rows:
        y += 5
        for chip in made.chips:
            x = PAD_X + (inner - chip.box.right() if made.mirrored else chip.box.x())
            chip.box = QRectF(x, y + chip.box.y(), chip.box.width(), chip.box.height())
            made.zones.append(Zone(QRectF(chip.box), Act.REACT, chip.emoji))
        y += chip_rows - 2
    made.bubble_width = inner + 2 * PAD_X
    made.bubble_height = y + PAD_BOTTOM
    wrapped = body.wrapped or (not beside and body.last_width >= 0 and body.last_right is made.mirrored)
    made.needs = float("inf") if wrapped or inner >= most - 1 else inner


def _meta(made: RowLayout, row: TimelineRow, fonts: Fonts) -> float:
    """The small words at the end: edited, the time, and where one's own message is. Gives their width."""
    words = []
    if row.message is not None and row.message.edited_at is not None:
        words.append(translate("Timeline", "edited"))
    made.quiet = is_quiet(row)
    if row.waiting:
        words.append(waiting_text())
    elif row.pending is None or row.failed or made.quiet:
        words.append(time_text(row.at))
    else:
        words.append(state_text(row.pending))
    made.meta = " ".join(words)
    if row.failed:
        made.meta_icon = "alert"
    elif made.quiet:
        # Not painted, but the room that it will take: the bubble of what is confirmed soon stays as wide as it is.
        made.meta_icon = "check"
    elif row.pending is not None or row.waiting:
        made.meta_icon = "clock"
    elif row.mine:
        made.meta_icon = "checks" if row.seen_by else "check"
    width = fonts.width(fonts.meta, made.meta)
    if made.meta_icon:
        width += fonts.icon + 3
    if row.message is not None and row.message.pinned_at is not None:
        width += fonts.icon + 3
    return width


def is_quiet(row: TimelineRow) -> bool:
    """Whether a message is so newly sent that nothing is said about it yet."""
    pending = row.pending
    if pending is None or pending.state is not SendState.SENDING:
        return False
    return 0 <= time.time() * 1000 - pending.queued_at < QUIET_MS


def _quote(row: TimelineRow, fonts: Fonts, most: float) -> Quote:
    if row.source is None:
        name, text = translate("Timeline", "Earlier message"), ""
    elif row.source.deleted:
        name, text = name_of(row.source_author), translate("Timeline", "Deleted message")
    else:
        name, text = name_of(row.source_author), excerpt(parse(row.source.body))
    room = most - 14
    layout, width, right = one_line(text, fonts.quote, room)
    name_width = min(fonts.width(fonts.quote_name, name), room)
    lines = fonts.height(fonts.quote_name) + (fonts.height(fonts.quote) + 2 if text else 0)
    box = QRectF(0, 0, max(width, name_width) + 14, lines + 3)
    return Quote(box, name, row.source.author if row.source else "", layout, width, right)


def _chips(made: RowLayout, row: TimelineRow, fonts: Fonts, most: float) -> float:
    """Lays reactions out in rows from the left; gives the height of all rows."""
    if row.message is None or not row.message.reactions:
        return 0.0
    height = fonts.height(fonts.chip) + 6
    x = y = 0.0
    for emoji, users in row.message.reactions.items():
        count = str(len(users))
        width = fonts.width(fonts.chip, f"{emoji} {count}") + 17
        if x and x + width > most:
            x, y = 0.0, y + height + _CHIP_GAP
        made.chips.append(Chip(QRectF(x, y, width, height), emoji, count, row.me in users))
        x += width + _CHIP_GAP
    return y + height


def _measure_fate(made: RowLayout, row: TimelineRow, fonts: Fonts) -> None:
    """Below a failed bubble: why, and what can be done. Relative to the bubble; may stick out at its far side."""
    assert row.pending is not None
    acts = (
        (Act.RETRY, translate("Timeline", "Retry")),
        (Act.EDIT, translate("Timeline", "Edit")),
        (Act.COPY, translate("Timeline", "Copy")),
        (Act.DISCARD, translate("Timeline", "Discard")),
    )
    height = fonts.height(fonts.fate) + 4
    widths = [fonts.width(fonts.fate_act, words) for _, words in acts]
    total = sum(widths) + 14 * (len(acts) - 1)
    reach = made.text_width + 2 * PAD_X
    why = state_text(row.pending)
    made.fate = QFontMetricsF(fonts.fate).elidedText(why, Qt.TextElideMode.ElideRight, reach - 20)
    top = made.bubble_height + 3
    edge = made.bubble_width
    made.fate_box = QRectF(0 if made.mirrored else edge - reach, top, reach, 2 * height)
    # Own rows stand at the far side of the window's direction, so the words end there.
    x = 0.0 if made.mirrored else edge - total
    order = list(zip(acts, widths, strict=True))
    for (act, words), width in reversed(order) if made.mirrored else order:
        box = QRectF(x, top + height, width + 1, height)
        made.fate_words.append((box, words))
        made.zones.append(Zone(box.adjusted(-5, -2, 5, 2), act))
        x += width + 14


def pill_text(day: date) -> str:
    """A day pill's words, as of now."""
    return day_text(day, date.today())
