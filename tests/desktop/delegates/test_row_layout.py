"""Rows are measured within their width, whatever is in them, and no more often than needed."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPolygon

from mrsambosk_desktop.core import highlight
from mrsambosk_desktop.delegates.body_layout import BodyLayout, paint_body
from mrsambosk_desktop.delegates.look import text_look
from mrsambosk_desktop.delegates.row_layout import PAD_X, QUIET_MS, SIDE, Act, Fonts, RowLayout
from mrsambosk_desktop.delegates.row_painter import bubble_box, paint_row
from mrsambosk_desktop.delegates.timeline import TimelineDelegate
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.widgets.theme import Theme
from mrsambosk_protocol.entities import SYSTEM
from tests.helpers.rows import ME, MORNING, PEOPLE, deleted, message, pending

from .conftest import Measure

HOSTILE = [
    "<table>" * 16 + "x" + "</table>" * 16,
    "<img src='file:///etc/passwd'><img src='http://127.0.0.1:1/x.png'>",
    "<b>&amp;</b><script>alert(1)</script>",
    "x" * 4000,
    "e" + "\u0301" * 8000,
    "\u202e" * 2000 + "abc" + "\u2066" * 1000,
    "👨‍👩‍👧‍👦" * 500,
    "\x1b[31m" * 800,
    "a\n" * 200,
    "*" * 4000,
    "[`" * 2000,
    "> " * 15 + "deep",
    "ﷺ" * 4000,
    "\u200b" * 3999 + "x",
    "```\n" + "y" * 3000,
]


def paint(layout: RowLayout, theme: Theme, *, focused: bool = False, bar: float = 0) -> QImage:
    image = QImage(700, min(max(round(layout.height), 1), 4000), QImage.Format.Format_RGB32)
    image.fill(theme.tokens.ground)
    painter = QPainter(image)
    look = text_look(theme, own=layout.row.mine)
    paint_row(
        painter,
        layout,
        QRectF(0, 0, 700, layout.height),
        theme.tokens,
        Fonts(theme),
        look,
        selected=False,
        focused=focused,
        flashed=False,
        bar=bar,
    )
    painter.end()
    return image


def columns(image: QImage, y: int, colour: QColor) -> list[int]:
    """Where a line of the picture has this colour."""
    return [x for x in range(image.width()) if image.pixelColor(x, y) == colour]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:8]))
def test_hostile_bodies_are_shown_within_their_width_and_soon(body: str, measure: Measure, theme: Theme) -> None:
    measure(message(1, "warm"))
    started = time.process_time()
    layout = measure(message(1, body))
    image = paint(layout, theme)
    assert time.process_time() - started < 0.5  # 0.1 s on a machine of one's own
    assert layout.bubble_width <= 400 + 2 * PAD_X
    assert not image.isNull()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300), st.booleans(), st.booleans())
def test_any_text_fits_its_bubble(measure: Measure, body: str, own: bool, mirrored: bool) -> None:
    layout = measure(message(1, body, author=ME if own else "u_miriam"), 300, mirrored=mirrored)
    assert layout.bubble_width <= 300 + 2 * PAD_X
    inside = QRectF(0, 0, layout.bubble_width, layout.bubble_height)
    assert inside.contains(layout.meta_box)
    assert all(inside.contains(zone.box.center()) for zone in layout.zones)


def test_the_time_stands_beside_a_short_line_and_under_a_full_one(measure: Measure) -> None:
    short, long = measure(message(1, "hi")), measure(message(1, "word " * 15 + "endofaline"))
    assert short.body is not None
    assert long.body is not None
    assert short.bubble_height < 2.6 * short.body.height + 20
    assert short.meta_box.left() > PAD_X + short.body.width
    assert long.meta_box.bottom() <= long.bubble_height


def test_right_to_left_text_ends_at_the_right_edge(measure: Measure) -> None:
    layout = measure(message(1, "שלום לכולם"))
    assert layout.body is not None
    line = layout.body.pieces[0].layout.lineAt(0)
    inner = layout.bubble_width - 2 * PAD_X
    assert line.x() + line.naturalTextWidth() == pytest.approx(inner, abs=1)


def test_own_bubbles_are_at_the_end_of_the_line_in_either_direction(measure: Measure) -> None:
    row = QRectF(0, 0, 700, 100)
    own, other = message(1, "hi", author=ME), message(1, "hi")
    assert bubble_box(measure(own), row).right() > 650
    assert bubble_box(measure(other), row).left() < 80
    assert bubble_box(measure(own, mirrored=True), row).left() < 50
    assert bubble_box(measure(other, mirrored=True), row).right() > 620


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_margin_at_the_rows_end_reaches_over_the_scroll_bar(measure: Measure, theme: Theme, mirrored: bool) -> None:
    layout = measure(message(1, "hi", author=ME), mirrored=mirrored)
    layout.unread, layout.unread_top = "1 new message", 0.0
    wide, row = QRectF(-10 if mirrored else 0, 0, 710, 100), QRectF(0, 0, 700, 100)
    assert bubble_box(layout, row, 10) == bubble_box(layout, wide), "as if there was no bar"
    other = measure(message(1, "hi"), mirrored=mirrored)
    assert bubble_box(other, row, 10) == bubble_box(other, row), "the others' side has none"
    fonts = Fonts(theme)
    image = paint(layout, theme, bar=10)
    line = image.pixelColor(
        350 - round(fonts.width(fonts.unread, layout.unread)), round(fonts.height(fonts.unread) / 2)
    )
    drawn = columns(image, round(fonts.height(fonts.unread) / 2), line)
    near, far = (SIDE - 10, SIDE) if mirrored else (SIDE, SIDE - 10)
    assert (drawn[0], drawn[-1]) == (near, 700 - far - 1)


def test_the_unread_line_is_as_far_from_the_next_bubble_as_drawn(theme: Theme) -> None:
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    model.reset([message(1), message(2)], has_older=False, has_newer=False, unread_after=1, opened_at=2)
    delegate = TimelineDelegate(theme)
    layout, fonts = delegate.layout_for(model.row(1)), delegate.fonts
    middle = layout.unread_top + fonts.height(fonts.unread) / 2
    assert layout.unread
    assert middle == pytest.approx(16, abs=1)
    assert layout.top - middle == pytest.approx(14, abs=1)


@pytest.mark.parametrize("author", [ME, "u_miriam"])
@pytest.mark.parametrize("kind", ["text", "deleted"])
def test_the_focus_is_ringed_within_the_row(measure: Measure, theme: Theme, author: str, kind: str) -> None:
    layout = measure(message(1, author=author) if kind == "text" else deleted(1, author=author))
    plain, ringed = paint(layout, theme), paint(layout, theme, focused=True)
    bubble = bubble_box(layout, QRectF(0, 0, 700, layout.height))
    changed = [
        QPoint(x, y)
        for y in range(plain.height())
        for x in range(plain.width())
        if plain.pixelColor(x, y) != ringed.pixelColor(x, y)
    ]
    drawn = QPolygon(changed).boundingRect()
    assert bubble.toAlignedRect().contains(drawn), "around it the view may end"
    assert drawn.height() > bubble.height() - 2
    ring = theme.tokens.focus_on_fill if author == ME and kind == "text" else theme.tokens.focus
    assert ring in [ringed.pixelColor(point) for point in changed]


def test_a_system_row_shows_the_focus(measure: Measure, theme: Theme) -> None:
    layout = measure(message(1, "", kind=SYSTEM, event={"name": "member_added", "user": "u_miriam"}))
    assert layout.row.system
    assert paint(layout, theme) != paint(layout, theme, focused=True)


def test_undo_is_divided_from_what_was_done(theme: Theme) -> None:
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    model.reset([message(1, author=ME)], has_older=False, has_newer=False, unread_after=None)
    model.set_deleting(1, True)
    delegate = TimelineDelegate(theme)
    for mirrored in (False, True):
        delegate.set_width(700, mirrored)
        layout = delegate.layout_for(model.row(0))
        undo, words = layout.fate_words[0]
        assert words == "Undo"
        left, right = (undo, layout.plain_box) if mirrored else (layout.plain_box, undo)
        assert left.right() - 3 < layout.dot_box.center().x() < right.left() + 1
        bubble = bubble_box(layout, QRectF(0, 0, 700, layout.height))
        dot = layout.dot_box.translated(bubble.topLeft()).adjusted(3, 0, -3, 0).toRect()
        image = paint(layout, theme)
        empty = [len(columns(image.copy(dot), y, theme.tokens.ground)) for y in range(dot.height())]
        assert min(empty) < dot.width(), "a dot is drawn there"


def test_a_bubble_stays_as_wide_when_it_is_confirmed_at_once(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    now = MORNING / 1000
    monkeypatch.setattr(time, "time", lambda: now)
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    model.reset([message(1)], has_older=False, has_newer=False, unread_after=None)
    model.put_pending(pending("c1", "hi"))
    delegate = TimelineDelegate(theme)
    delegate.set_width(700, mirrored=False)
    young = delegate.layout_for(model.row(1))
    model.upsert([message(2, "hi", author=ME, cid="c1", sent_at=MORNING)])
    stored = delegate.layout_for(model.row(1))
    assert young.quiet
    assert not stored.quiet
    assert (young.bubble_width, young.bubble_height) == (stored.bubble_width, stored.bubble_height)


def test_what_is_not_confirmed_soon_is_laid_out_anew(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    now = MORNING / 1000
    monkeypatch.setattr(time, "time", lambda: now)
    model = TimelineModel()
    model.set_me(ME)
    model.reset([message(1)], has_older=False, has_newer=False, unread_after=None)
    model.put_pending(pending("c1", "hi"))
    delegate = TimelineDelegate(theme)
    delegate.set_width(700, mirrored=False)
    told: list[object] = []
    delegate.sizeHintChanged.connect(told.append)
    assert "Sending" not in delegate.layout_for(model.row(1)).meta
    now += (QUIET_MS + 1) / 1000
    delegate.end_quiet()
    assert len(told) == 1
    assert "Sending" in delegate.layout_for(model.row(1)).meta
    delegate.end_quiet()
    assert len(told) == 1, "nothing was left to say"


def test_zones_lead_where_they_say(measure: Measure) -> None:
    row = message(1, "see https://example.org/x", reactions={"👍": (ME,)}, reply_to=9)
    zones = {zone.act: zone for zone in measure(row).zones}
    assert zones[Act.LINK].payload == "https://example.org/x"
    assert zones[Act.REACT].payload == "👍"
    assert Act.SOURCE in zones


def test_a_deleted_row_says_so_and_nothing_else(measure: Measure) -> None:
    layout = measure(deleted(1))
    assert layout.plain == "Message deleted"
    assert layout.body is None
    assert layout.zones == []


def test_a_row_is_measured_once_until_it_changes(theme: Theme) -> None:
    model = TimelineModel()
    model.set_me(ME)
    model.set_users(PEOPLE)
    model.reset([message(1), message(2, "word " * 80)], has_older=False, has_newer=False, unread_after=None)
    delegate = TimelineDelegate(theme)
    delegate.set_width(700, mirrored=False)
    short, long = delegate.layout_for(model.row(0)), delegate.layout_for(model.row(1))
    delegate.set_width(600, mirrored=False)
    assert delegate.layout_for(model.row(0)) is short, "a width it fits in changes nothing"
    assert delegate.layout_for(model.row(1)) is not long
    model.upsert([message(1, "edited", rev=5, edited_at=MORNING)])
    assert delegate.layout_for(model.row(0)) is not short
    delegate.forget()
    assert delegate.layout_for(model.row(0)).meta.startswith("edited")


def test_folded_rows_take_no_room(theme: Theme) -> None:
    model = TimelineModel()
    model.set_me(ME)
    model.reset([deleted(1), deleted(2), deleted(3)], has_older=False, has_newer=False, unread_after=None)
    delegate = TimelineDelegate(theme)
    delegate.set_width(700, mirrored=False)
    assert [delegate.height_of(model.row(number)) > 0 for number in range(3)] == [True, False, False]
    assert delegate.layout_for(model.row(0)).plain == "3 messages deleted"


def test_code_is_plain_until_its_language_is_loaded(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlight, "_loaded", {})
    model = TimelineModel()
    rows = [message(1, "```py\nx = 'a'\n```"), message(2, "```py\ny = 'b'\n```"), message(3, "no code")]
    model.reset(rows, has_older=False, has_newer=False, unread_after=None)
    delegate = TimelineDelegate(theme)
    delegate.set_width(700, mirrored=False)
    asked: list[str] = []
    delegate.language_wanted.connect(asked.append)

    def colours(number: int) -> set[str]:
        body = delegate.layout_for(model.row(number)).body
        assert body is not None
        return {span.format.foreground().color().name() for span in body.pieces[0].layout.formats()}

    plain = [colours(number) for number in range(2)]
    heights = [delegate.height_of(model.row(number)) for number in range(3)]
    assert asked == ["py"]
    kept = delegate.layout_for(model.row(2))
    highlight.load("py")
    assert [colours(number) for number in range(2)] == plain, "as measured, until it is said that they are there"
    delegate.show_colours("py")
    assert theme.tokens.code_string.name() in colours(0) & colours(1)
    assert [delegate.height_of(model.row(number)) for number in range(3)] == heights
    assert delegate.layout_for(model.row(2)) is kept
    assert asked == ["py"]


def test_named_code_is_coloured_where_it_stands(measure: Measure, theme: Theme) -> None:
    highlight.load("python")
    body = "```python\ns = '😀😀' # no\n```"
    layout = measure(message(1, body))
    assert layout.body is not None
    (piece,) = layout.body.pieces
    spans = {span.start: (span.length, span.format.foreground().color()) for span in piece.layout.formats()[1:]}
    head = len("python\n")
    assert spans[head + len("s = '😀😀' ") + 2] == (4, theme.tokens.code_comment)
    plain = measure(message(1, "```\ns = 'x'\n```")).body
    assert plain is not None
    assert all(span.format.foreground().color() == theme.tokens.code_text for span in plain.pieces[0].layout.formats())
    own = measure(message(1, body, author=ME)).body
    assert own is not None
    assert theme.tokens.own_code_comment in [
        span.format.foreground().color() for span in own.pieces[0].layout.formats()
    ]


def test_marks_without_end_stay_in_their_bubble(measure: Measure, theme: Theme) -> None:
    layout = measure(message(1, "x" + "\u0301" * 60 + "\u0323" * 60))
    image = QImage(700, 400, QImage.Format.Format_RGB32)
    image.fill(theme.tokens.ground)
    painter = QPainter(image)
    look = text_look(theme, own=False)
    box = QRectF(0, 150, 700, layout.height)
    fonts = Fonts(theme)
    paint_row(painter, layout, box, theme.tokens, fonts, look, selected=False, focused=False, flashed=False)
    painter.end()
    top, bottom = bubble_box(layout, box).top(), bubble_box(layout, box).bottom()
    touched = [
        y
        for y in (*range(int(top) - 1), *range(int(bottom) + 2, 400))
        for x in range(60, 250)  # beside the day pill
        if image.pixelColor(x, y) != theme.tokens.ground
    ]
    assert touched == []


def test_an_empty_item_takes_a_line(measure: Measure) -> None:
    body = measure(message(1, "- a\n-\n- b")).body
    assert body is not None
    assert len({piece.height for piece in body.pieces}) == 1
    assert [text for _, text, _ in body.marks] == ["•"] * 3


def body_of(measure: Measure, typed: str) -> BodyLayout:
    body = measure(message(1, typed)).body
    assert body is not None
    return body


def test_a_quote_stands_beside_its_text_within_a_list_and_around_one(measure: Measure) -> None:
    within = body_of(measure, "- > q\n- b")
    ((bar, _),) = within.bars
    assert within.marks[0][0].right() < bar.left() < within.pieces[0].x
    assert within.marks[0][0].left() == within.marks[1][0].left() == 0
    assert bar.left() == within.pieces[1].x
    around = body_of(measure, "> - a")
    ((bar, _),) = around.bars
    assert 0 == bar.left() < bar.right() < around.marks[0][0].left()
    assert around.marks[0][0].right() < around.pieces[0].x


def test_a_bar_is_as_long_as_its_quote(measure: Measure) -> None:
    body = body_of(measure, "> q\n\n\nb\n\n- > c\n- > d\n  >\n  > e")
    q, _, c, d, e = body.pieces
    assert [(bar.top(), bar.bottom()) for bar, _ in body.bars] == [
        (q.y, q.y + q.height),
        (c.y, c.y + c.height),
        (d.y, e.y + e.height),
    ]


def test_a_bar_stands_where_its_own_text_begins(measure: Measure) -> None:
    layout = measure(message(1, "> שלום\nan answer, and a longer one"))
    assert layout.body is not None
    assert layout.body.bars[0][0].right() == layout.bubble_width - 2 * PAD_X


def test_a_long_number_has_its_room(measure: Measure, theme: Theme) -> None:
    font = text_look(theme, own=False).font
    body = body_of(measure, "9. a\n10. b\n1000. c")
    assert len({piece.x for piece in body.pieces}) == 1
    for box, text, _ in body.marks:
        assert QFontMetricsF(font).horizontalAdvance(text) <= box.width()
    assert body.marks[0][0].left() == 0


@pytest.mark.parametrize("typed", ["- one\n- two", "- שלום\n- עולם", "7. one\n8. two", "7. שלום\n8. עולם", "- שלום\n-"])
@pytest.mark.parametrize("window", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_markers_stand_beside_their_text(
    measure: Measure, theme: Theme, typed: str, window: Qt.LayoutDirection
) -> None:
    layout = measure(message(1, typed))
    assert layout.body is not None
    image = QImage(400, 200, QImage.Format.Format_RGB32)
    image.fill(theme.tokens.ground)
    painter = QPainter(image)
    painter.setLayoutDirection(window)
    paint_body(painter, layout.body, QPointF(50, 50), text_look(theme, own=False))
    painter.end()
    for box, _, right in layout.body.marks:
        spot = box.translated(50, 50).toRect()
        columns = [
            x
            for x in range(spot.left(), spot.right() + 1)
            if any(image.pixelColor(x, y) != theme.tokens.ground for y in range(spot.top(), spot.bottom()))
        ]
        assert right is ("ש" in typed)
        near = columns[0] - spot.left() if right else spot.right() - columns[-1]
        assert near <= 4
