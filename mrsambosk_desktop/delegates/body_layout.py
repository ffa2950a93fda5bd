"""A body's blocks laid out for one width: lines of text with their places, painted as often as wanted.

Each paragraph is its own `QTextLayout`, in its own direction; nothing of HTML or `QTextDocument` is involved.
"""

import unicodedata
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QTextLayout, QTextLine, QTextOption

from mrsambosk_desktop.core.bodies import Block, BlockKind, Blocks, Run, Style
from mrsambosk_desktop.core.highlight import highlight, is_loaded

from .look import TextLook

#: In heights of the text.
_INDENT: Final = 10 / 7
_MARK_GAP: Final = 2 / 7
_QUOTE: Final = 12.0
_BAR: Final = 3.0
_BLOCK_GAP: Final = 3.0
_CODE_PADDING: Final = 8.0
#: Room on both sides of text that has a ground of its own; a narrow space that no line breaks at.
_CHIP_PAD: Final = "\u202f"
_LINE_BREAK: Final = "\u2028"


@dataclass(slots=True)
class Piece:
    """One laid out paragraph. `right` says that it reads from the right; `width` is its widest line's."""

    layout: QTextLayout
    x: float
    y: float
    width: float
    height: float
    right: bool
    last_width: float
    chips: list[tuple[int, int, Style]]
    box: QRectF | None = None


@dataclass(slots=True)
class BodyLayout:
    """Laid out text, its top left at 0, 0.

    `bars` and `marks` say of each whether it stands at the right, as its text reads from there.
    `last_width` and `last_right` are of the last line, for what may stand beside it; -1 when nothing may. `plain` names
    the languages of code that got no colours, as they are not loaded yet; its size stays when it gets them.
    """

    pieces: list[Piece] = field(default_factory=list)
    bars: list[tuple[QRectF, bool]] = field(default_factory=list)
    marks: list[tuple[QRectF, str, bool]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    last_width: float = 0.0
    last_right: bool = False
    wrapped: bool = False
    plain: tuple[str, ...] = ()


def reads_right(text: str) -> bool:
    """Whether a text's own direction is right to left: that of its first strong character."""
    if text.isascii():
        return False
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind == "L":
            return False
        if kind in ("R", "AL"):
            return True
    return False


def utf16_length(text: str) -> int:
    """How many of Qt's characters a text has."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def text_option(right: bool, *, wrap: bool = True) -> QTextOption:
    """Options for a layout whose lines we place ourselves."""
    option = QTextOption()
    mode = QTextOption.WrapMode
    option.setWrapMode(mode.WrapAtWordBoundaryOrAnywhere if wrap else mode.NoWrap)
    option.setTextDirection(Qt.LayoutDirection.RightToLeft if right else Qt.LayoutDirection.LeftToRight)
    option.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
    return option


def measure_body(blocks: Blocks, width: float, look: TextLook) -> BodyLayout:
    """Lays the blocks out within a width."""
    made = BodyLayout()
    y = 0.0
    gap = _MARK_GAP * look.font.pixelSize()
    columns = _columns(blocks, look)
    quotes: tuple[int, ...] = ()
    open_bars: list[tuple[QRectF, bool]] = []
    for number, block in enumerate(blocks):
        kept = _kept(quotes, block)
        quotes = block.quotes
        _close(open_bars, kept, y, made)
        if number:
            y += _BLOCK_GAP + block.gap * 0.5 * look.font.pixelSize()
        for level in range(kept, block.quote):
            open_bars.append((QRectF(columns[block.quotes[level]] + level * _QUOTE, y, _BAR, 0), True))
        left = columns[block.indent] + block.quote * _QUOTE
        piece = _measure(block, left, y, max(width - left, 40.0), look)
        if not block.runs and made.pieces:
            piece.right = made.pieces[-1].right
        if block.marker:
            made.marks.append((_mark_box(block, columns, piece, gap), block.marker, piece.right))
        made.pieces.append(piece)
        made.wrapped = made.wrapped or _wrapped(piece, block)
        open_bars = [(bar, right and piece.right) for bar, right in open_bars]
        y += piece.height
        made.width = max(made.width, left + piece.width)
    _close(open_bars, 0, y, made)
    made.height = y
    made.plain = tuple(block.language for block in blocks if not is_loaded(block.language))
    if made.pieces:
        last = made.pieces[-1]
        made.last_right = last.right
        made.last_width = -1.0 if last.box is not None else last.x + last.last_width
    return made


def _columns(blocks: Blocks, look: TextLook) -> list[float]:
    """Where the text within so many lists begins: each is indented as far as its widest marker needs."""
    widths = [_INDENT * look.font.pixelSize()] * max((block.indent for block in blocks), default=0)
    for block in blocks:
        if len(block.marker) > 1:
            needed = QFontMetricsF(look.font).horizontalAdvance(block.marker) + _MARK_GAP * look.font.pixelSize()
            widths[block.indent - 1] = max(widths[block.indent - 1], needed)
    return [0.0, *accumulate(widths)]


def _kept(quotes: tuple[int, ...], block: Block) -> int:
    """How many of the quotes around the block above go on in this one. Those of a new item are new ones."""
    kept = 0
    for above, here in zip(quotes, block.quotes, strict=False):
        if above != here or (block.marker and here >= block.indent):
            break
        kept += 1
    return kept


def _mark_box(block: Block, columns: list[float], piece: Piece, gap: float) -> QRectF:
    """Where a block's marker is: outside of the quotes that its item begins with."""
    left, right = columns[block.indent - 1], columns[block.indent] - gap
    outer = sum(indent < block.indent for indent in block.quotes) * _QUOTE
    return QRectF(outer + left, piece.y, right - left, piece.height)


def _close(bars: list[tuple[QRectF, bool]], kept: int, y: float, made: BodyLayout) -> None:
    """Ends all open bars but the outer `kept`."""
    for bar, _ in bars[kept:]:
        bar.setBottom(y)
    made.bars += bars[kept:]
    del bars[kept:]


def settle_body(body: BodyLayout, width: float) -> None:
    """Gives the text its final width: paragraphs that read from the right move to their edge."""
    for piece in body.pieces:
        if piece.box is not None:
            piece.box.setWidth(width - piece.box.x())
        elif piece.right:
            for number in range(piece.layout.lineCount()):
                line = piece.layout.lineAt(number)
                line.setPosition(QPointF(width - piece.x - line.naturalTextWidth(), line.y()))
    body.marks = [(_mirrored(box, width) if right else box, text, right) for box, text, right in body.marks]
    body.bars = [(_mirrored(bar, width) if right else bar, right) for bar, right in body.bars]
    for piece in body.pieces:
        if piece.right and piece.box is None:
            piece.x = 0.0


def _mirrored(box: QRectF, width: float) -> QRectF:
    return QRectF(width - box.right(), box.y(), box.width(), box.height())


def span_boxes(piece: Piece, start: int, length: int) -> list[QRectF]:
    """The rectangles that a stretch of text covers, one a line, relative to the body."""
    boxes = []
    for number in range(piece.layout.lineCount()):
        line = piece.layout.lineAt(number)
        low = max(start, line.textStart())
        high = min(start + length, line.textStart() + line.textLength())
        if low < high:
            one, other = _x(line, low), _x(line, high)
            boxes.append(QRectF(piece.x + min(one, other), piece.y + line.y(), abs(other - one), line.height()))
    return boxes


def paint_body(painter: QPainter, body: BodyLayout, at: QPointF, look: TextLook) -> None:
    """Draws the text with its top left there."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.bar)
    for bar, _ in body.bars:
        painter.drawRoundedRect(bar.translated(at), 1.5, 1.5)
    for piece in body.pieces:
        if piece.box is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.code)
            painter.drawRoundedRect(piece.box.translated(at), 7, 7)
        for start, length, style in piece.chips:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.code if Style.CODE in style else look.mention)
            for box in span_boxes(piece, start, length):
                painter.drawRoundedRect(box.translated(at), 4, 4)
        painter.setPen(look.text)
        piece.layout.draw(painter, at + QPointF(piece.x, piece.y))
    painter.setFont(look.font)
    painter.setPen(look.muted)
    for box, text, right in body.marks:
        side = Qt.AlignmentFlag.AlignLeft if right else Qt.AlignmentFlag.AlignRight
        # The window's direction must not turn it: a text's own is all that counts in a body.
        option = text_option(right, wrap=False)
        option.setAlignment(side | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)
        painter.drawText(box.translated(at), text, option)


def _x(line: QTextLine, place: int) -> float:
    # The binding gives the place and the cursor; its stub promises the place alone.
    found: object = line.cursorToX(place)
    return float(found[0] if isinstance(found, tuple) else found)  # type: ignore[arg-type]


def _measure(block: Block, left: float, top: float, width: float, look: TextLook) -> Piece:
    code = block.kind is BlockKind.CODE
    runs = block.runs
    head = f"{block.language}\n" if code and block.language else ""
    text = (head + "".join(_shown(run, code) for run in runs)).replace("\n", _LINE_BREAK)
    right = not code and reads_right(text)
    layout = QTextLayout(text, look.mono if code else look.font)
    layout.setTextOption(text_option(right))
    layout.setCacheEnabled(True)
    formats, chips = _formats(runs, look, code)
    if head:
        span = QTextLayout.FormatRange()
        span.start, span.length = 0, len(head)
        span.format.setFont(look.small)
        span.format.setForeground(look.muted)
        formats = [span, *_coloured(block, len(head), look)]
    layout.setFormats(formats)
    padding = _CODE_PADDING if code else 0.0
    height, widest, last = place_lines(layout, width - 2 * padding)
    piece = Piece(layout, left + padding, top + padding, widest, height, right, last, chips)
    if code:
        piece.box = QRectF(left, top, widest + 2 * padding, height + 2 * padding)
        piece.width, piece.height = widest + 2 * padding, height + 2 * padding
    return piece


def place_lines(layout: QTextLayout, width: float, most: int = 0) -> tuple[float, float, float]:
    """Breaks a layout into lines below each other, at most `most` of them if given.

    Returns: its height, the width of its widest line, and of its last.
    """
    height = widest = last = 0.0
    layout.beginLayout()
    while not most or layout.lineCount() < most:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        line.setPosition(QPointF(0, height))
        height += line.height()
        last = line.naturalTextWidth()
        widest = max(widest, last)
    layout.endLayout()
    return height, widest, last


def _formats(
    runs: tuple[Run, ...], look: TextLook, code: bool
) -> tuple[list[QTextLayout.FormatRange], list[tuple[int, int, Style]]]:
    if len(runs) == 1 and runs[0].style is Style.PLAIN:
        return [], []
    formats: list[QTextLayout.FormatRange] = []
    chips: list[tuple[int, int, Style]] = []
    start = 0
    for run in runs:
        length = utf16_length(_shown(run, code))
        if run.style is not Style.PLAIN and length:
            span = QTextLayout.FormatRange()
            span.start, span.length = start, length
            span.format = look.format(run.style)
            formats.append(span)
            if not code and (Style.CODE in run.style or Style.MENTION in run.style):
                chips.append((start, length, run.style))
        start += length
    return formats, chips


def _coloured(block: Block, head: int, look: TextLook) -> list[QTextLayout.FormatRange]:
    """Formats for the kinds of a code block's stretches, behind a head of so many characters."""
    code = block.text
    formats: list[QTextLayout.FormatRange] = []
    if not is_loaded(block.language):
        return formats
    at = place = 0
    for one in highlight(code, block.language):
        # Qt counts in UTF-16.
        place += utf16_length(code[at : one.start])
        at = one.start
        span = QTextLayout.FormatRange()
        span.start, span.length = head + place, utf16_length(code[at : at + one.length])
        span.format = look.kinds[one.kind]
        formats.append(span)
    return formats


def _shown(run: Run, code: bool) -> str:
    """A run's text as it is laid out: what has a ground of its own gets room for it."""
    if not code and (Style.CODE in run.style or Style.MENTION in run.style):
        return f"{_CHIP_PAD}{run.text}{_CHIP_PAD}"
    return run.text


def _wrapped(piece: Piece, block: Block) -> bool:
    breaks = block.text.count("\n") + (1 if block.language and block.kind is BlockKind.CODE else 0)
    return piece.layout.lineCount() > breaks + 1


def link_places(blocks: Blocks, body: BodyLayout) -> list[tuple[QRectF, str]]:
    """Where the links of a settled body are, and where each leads."""
    found = []
    for block, piece in zip(blocks, body.pieces, strict=True):
        start = 0
        for run in block.runs:
            length = utf16_length(_shown(run, block.kind is BlockKind.CODE))
            if Style.LINK in run.style:
                found += [(box, run.target) for box in span_boxes(piece, start, length)]
            start += length
    return found


def one_line(text: str, font: QFont, width: float) -> tuple[QTextLayout, float, bool]:
    """A single line, cut with … where there is no room: the layout, its width, whether it reads from the right."""
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
    right = reads_right(text)
    layout = QTextLayout(shown, font)
    layout.setTextOption(text_option(right, wrap=False))
    _, widest, _ = place_lines(layout, width + 4, 1)
    return layout, widest, right
