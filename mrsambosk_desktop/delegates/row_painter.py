"""Paints a measured row: day pill, unread line, avatar, bubble and what is in it. Measures nothing."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from mrsambosk_desktop.models.wording import isolated, name_of

from .avatar import paint_avatar
from .body_layout import paint_body
from .icons import paint_icon
from .look import TextLook
from .row_layout import AVATAR, AVATAR_GAP, DOT, RADIUS, SIDE, Fonts, RowLayout, pill_text
from .tokens import Tokens


def bubble_box(layout: RowLayout, row_box: QRectF, bar: float = 0) -> QRectF:
    """Where the bubble is, in the row's own coordinates of the view. `bar` is how wide the scroll bar beside the row's
    end is: the margin there reaches over it, so that rows end where they would without one."""
    margin = SIDE - bar if layout.row.mine else SIDE + AVATAR + AVATAR_GAP
    if layout.row.mine is not layout.mirrored:
        x = row_box.right() - margin - layout.bubble_width
    else:
        x = row_box.left() + margin
    return QRectF(round(x), row_box.top() + layout.top, layout.bubble_width, layout.bubble_height)


def paint_row(
    painter: QPainter,
    layout: RowLayout,
    box: QRectF,
    tokens: Tokens,
    fonts: Fonts,
    text: TextLook,
    *,
    selected: bool,
    focused: bool,
    flashed: bool,
    bar: float = 0,
) -> None:
    """Draws the row into its box; `bar` as for its bubble."""
    if layout.height <= 0:
        return
    row = layout.row
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if layout.day is not None:
        middle = box.top() + fonts.height(fonts.pill) / 2 + 14
        paint_pill(painter, tokens, fonts, QPointF(box.center().x(), middle), pill_text(layout.day))
    if layout.unread:
        line = QRectF(box.left(), box.top() + layout.unread_top, box.width(), fonts.height(fonts.unread))
        near, far = (SIDE - bar, SIDE) if layout.mirrored else (SIDE, SIDE - bar)
        _unread_line(painter, tokens, fonts, line.adjusted(near, 0, -far, 0), layout.unread)
    if selected or flashed:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.flash if flashed else tokens.selection)
        band = QRectF(box.left() + 6, box.top() + layout.top - 1, box.width() - 12, layout.height - layout.top + 2)
        painter.drawRoundedRect(band, 8, 8)
    if row.system:
        painter.setFont(fonts.system)
        painter.setPen(tokens.selection_text if selected else tokens.text if flashed else tokens.muted)
        inner = QRectF(box.left() + SIDE, box.top() + layout.top, box.width() - 2 * SIDE, layout.height - layout.top)
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap), row.system)
        if focused:
            _ring(painter, layout, inner, tokens)
        return
    bubble = bubble_box(layout, box, bar)
    if row.group.last and not row.mine:
        x = box.right() - SIDE - AVATAR if layout.mirrored else box.left() + SIDE
        picture = QRectF(x, bubble.bottom() - AVATAR, AVATAR, AVATAR)
        paint_avatar(painter, tokens, fonts.avatar, picture, row.author_id, name_of(row.author))
    if row.deleting or row.deleted:
        _quiet(painter, layout, bubble, tokens, fonts)
    else:
        _bubble(painter, layout, bubble, tokens, fonts, text)
    if row.failed:
        _fate(painter, layout, bubble, tokens, fonts)
    if focused:
        _ring(painter, layout, bubble, tokens)


def _ring(painter: QPainter, layout: RowLayout, bubble: QRectF, tokens: Tokens) -> None:
    """The focus, within the bubble: around it the view's edge would cut it off."""
    row, inside = layout.row, bubble.adjusted(1, 1, -1, -1)
    quiet = row.deleting or row.deleted or row.system
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(tokens.focus_on_fill if row.mine and not quiet else tokens.focus, 2))
    if quiet:
        painter.drawRoundedRect(inside, RADIUS - 1, RADIUS - 1)
    else:
        painter.drawPath(_outline(inside, row.group.first, row.group.last, row.mine is not layout.mirrored))


def paint_pill(
    painter: QPainter, tokens: Tokens, fonts: Fonts, centre: QPointF, words: str, *, lined: bool = False
) -> None:
    """A day pill around this point; `lined` where it lies over bubbles, which have nearly its colour."""
    width, height = fonts.width(fonts.pill, words) + 22, fonts.height(fonts.pill) + 8
    pill = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
    if lined:
        # On whole pixels, else it is two of half its colour.
        pill = QRectF(pill.toAlignedRect()).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setPen(QPen(tokens.pill_line, 1) if lined else Qt.PenStyle.NoPen)
    painter.setBrush(tokens.pill)
    painter.drawRoundedRect(pill, height / 2, height / 2)
    painter.setFont(fonts.pill)
    painter.setPen(tokens.pill_text)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, words)


def _unread_line(painter: QPainter, tokens: Tokens, fonts: Fonts, box: QRectF, words: str) -> None:
    width = fonts.width(fonts.unread, words) + 20
    middle = box.center()
    line = QColor(tokens.danger)
    line.setAlphaF(0.55)
    painter.setPen(QPen(line, 1))
    y = round(middle.y()) + 0.5
    painter.drawLine(QPointF(box.left(), y), QPointF(middle.x() - width / 2, y))
    painter.drawLine(QPointF(middle.x() + width / 2, y), QPointF(box.right(), y))
    painter.setFont(fonts.unread)
    painter.setPen(tokens.danger)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def _quiet(painter: QPainter, layout: RowLayout, bubble: QRectF, tokens: Tokens, fonts: Fonts) -> None:
    pen = QPen(tokens.line, 1, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([4, 3])
    painter.setPen(pen)
    painter.setBrush(tokens.ground)
    painter.drawRoundedRect(bubble.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
    painter.setPen(tokens.other_muted)
    painter.setFont(fonts.plain)
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(layout.plain_box.translated(bubble.topLeft()), middle, layout.plain)
    if layout.meta:
        painter.setFont(fonts.meta)
        painter.drawText(layout.meta_box.translated(bubble.topLeft()), middle, layout.meta)
    if layout.fate_words:
        painter.drawText(layout.dot_box.translated(bubble.topLeft()), Qt.AlignmentFlag.AlignCenter, DOT)
    painter.setFont(fonts.fate_act)
    painter.setPen(tokens.link)
    for box, words in layout.fate_words:
        painter.drawText(box.translated(bubble.topLeft()), middle, words)


def _bubble(painter: QPainter, layout: RowLayout, bubble: QRectF, tokens: Tokens, fonts: Fonts, text: TextLook) -> None:
    row = layout.row
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tokens.own if row.mine else tokens.other)
    painter.drawPath(_outline(bubble, row.group.first, row.group.last, row.mine is not layout.mirrored))
    at = bubble.topLeft()
    if layout.name is not None:
        painter.setPen(tokens.person_text(row.author_id))
        layout.name[0].draw(painter, at + layout.name[1])
    if layout.quote is not None:
        _quote(painter, layout, at, tokens, fonts, text)
    if layout.body is not None:
        # Marks piled on a letter without end would be drawn far over other rows.
        painter.save()
        painter.setClipRect(bubble, Qt.ClipOperation.IntersectClip)
        paint_body(painter, layout.body, at + layout.body_at, text)
        painter.restore()
    for chip in layout.chips:
        box = chip.box.translated(at)
        painter.setPen(QPen(tokens.accent if chip.mine else tokens.line, 1))
        painter.setBrush(tokens.chip_on if chip.mine else tokens.chip)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), box.height() / 2, box.height() / 2)
        painter.setFont(fonts.chip)
        painter.setPen(tokens.selection_text if chip.mine else tokens.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{chip.emoji} {chip.count}")
    _meta(painter, layout, at, fonts, text)


def _meta(painter: QPainter, layout: RowLayout, at: QPointF, fonts: Fonts, text: TextLook) -> None:
    if layout.quiet:
        return
    box = layout.meta_box.translated(at)
    row = layout.row
    painter.setFont(fonts.meta)
    painter.setPen(text.muted)
    place = QPointF(box.left(), box.center().y() - fonts.icon / 2)
    words = QRectF(box)
    pinned = row.message is not None and row.message.pinned_at is not None
    if layout.mirrored:
        if layout.meta_icon:
            paint_icon(painter, layout.meta_icon, text.muted, QRectF(place.x(), place.y(), fonts.icon, fonts.icon))
            words.setLeft(words.left() + fonts.icon + 3)
        if pinned:
            spot = QRectF(box.right() - fonts.icon, place.y(), fonts.icon, fonts.icon)
            paint_icon(painter, "pin", text.muted, spot)
    else:
        if pinned:
            paint_icon(painter, "pin", text.muted, QRectF(place.x(), place.y(), fonts.icon, fonts.icon))
            words.setLeft(words.left() + fonts.icon + 3)
        if layout.meta_icon:
            spot = QRectF(box.right() - fonts.icon, place.y(), fonts.icon, fonts.icon)
            paint_icon(painter, layout.meta_icon, text.muted, spot)
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(words, middle, layout.meta)


def _quote(painter: QPainter, layout: RowLayout, at: QPointF, tokens: Tokens, fonts: Fonts, text: TextLook) -> None:
    quote = layout.quote
    assert quote is not None
    box = quote.box.translated(at)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(text.bar)
    bar_x = box.right() - 3 if layout.mirrored else box.left()
    painter.drawRoundedRect(QRectF(bar_x, box.top() + 1, 3, box.height() - 2), 1.5, 1.5)
    inner = box.adjusted(0, 1, -14, 0) if layout.mirrored else box.adjusted(11, 1, -3, 0)
    painter.setFont(fonts.quote_name)
    painter.setPen(text.muted)
    metrics = painter.fontMetrics()
    name = metrics.elidedText(isolated(quote.name), Qt.TextElideMode.ElideRight, int(inner.width()) + 1)
    side = Qt.AlignmentFlag.AlignRight if layout.mirrored else Qt.AlignmentFlag.AlignLeft
    flags = int(Qt.AlignmentFlag.AlignTop | side | Qt.AlignmentFlag.AlignAbsolute) | int(Qt.TextFlag.TextSingleLine)
    painter.drawText(inner, flags, name)
    y = inner.top() + metrics.height() + 2
    x = inner.right() - quote.text_width if quote.text_right or layout.mirrored else inner.left()
    quote.text.draw(painter, QPointF(x, y))


def _fate(painter: QPainter, layout: RowLayout, bubble: QRectF, tokens: Tokens, fonts: Fonts) -> None:
    """Why a message was not sent, and what can be done, under its bubble."""
    at = bubble.topLeft()
    line = fonts.height(fonts.fate) + 4
    box = layout.fate_box.translated(at)
    painter.setFont(fonts.fate)
    painter.setPen(tokens.danger)
    width = fonts.width(fonts.fate, layout.fate)
    x = box.left() if layout.mirrored else box.right() - width
    icon_x = x + width + 4 if layout.mirrored else x - fonts.icon - 4
    paint_icon(
        painter, "alert", tokens.danger, QRectF(icon_x, box.top() + (line - fonts.icon) / 2, fonts.icon, fonts.icon)
    )
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(QRectF(x, box.top(), width + 2, line), middle, layout.fate)
    painter.setFont(fonts.fate_act)
    painter.setPen(tokens.link)
    for word_box, words in layout.fate_words:
        painter.drawText(word_box.translated(at), middle, words)


def _outline(box: QRectF, first: bool, last: bool, right: bool) -> QPainterPath:
    """A bubble: round, but where it meets the next of its run."""
    small = 5.0
    top = RADIUS if first else small
    bottom = RADIUS if last else small
    radii = (RADIUS, top, bottom, RADIUS) if right else (top, RADIUS, RADIUS, bottom)
    limit = min(box.width(), box.height()) / 2
    tl, tr, br, bl = (min(radius, limit) for radius in radii)
    path = QPainterPath()
    path.moveTo(box.left() + tl, box.top())
    path.lineTo(box.right() - tr, box.top())
    path.arcTo(QRectF(box.right() - 2 * tr, box.top(), 2 * tr, 2 * tr), 90, -90)
    path.lineTo(box.right(), box.bottom() - br)
    path.arcTo(QRectF(box.right() - 2 * br, box.bottom() - 2 * br, 2 * br, 2 * br), 0, -90)
    path.lineTo(box.left() + bl, box.bottom())
    path.arcTo(QRectF(box.left(), box.bottom() - 2 * bl, 2 * bl, 2 * bl), 270, -90)
    path.lineTo(box.left(), box.top() + tl)
    path.arcTo(QRectF(box.left(), box.top(), 2 * tl, 2 * tl), 180, -90)
    path.closeSubpath()
    return path
