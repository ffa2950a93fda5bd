"""What floats over the timeline: the day that is being scrolled through, and the round button back to the latest."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from mrsambosk_desktop.delegates.icons import paint_icon
from mrsambosk_desktop.delegates.row_layout import Fonts
from mrsambosk_desktop.delegates.row_painter import paint_pill

from .theme import Theme

_SHOWN_MS: Final = 1400


class DayPill(QWidget):
    """The day of the topmost row, there while scrolling and for a moment after."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fonts = Fonts(theme)
        self._words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        theme.changed.connect(self._theme_changed)
        self.hide()

    @property
    def words(self) -> str:
        return self._words

    def show_day(self, words: str, width: int) -> None:
        """Shows it in the middle of a view this wide."""
        fonts = self._fonts
        own = round(fonts.width(fonts.pill, words) + 30)
        self.setGeometry((width - own) // 2, 6, own, round(fonts.height(fonts.pill)) + 14)
        self.show()
        if words != self._words:
            self._words = words
            self.update()
        self._timer.start(_SHOWN_MS)

    def _theme_changed(self) -> None:
        self._fonts = Fonts(self._theme)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_pill(painter, self._theme.tokens, self._fonts, QRectF(self.rect()).center(), self._words, lined=True)


class JumpButton(QAbstractButton):
    """To the latest message; says how many are new, with an @ beside it when someone named you."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._count = self._mentions = 0
        self._drawn: tuple[tuple[object, ...], QPixmap] | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.resize(self.sizeHint())
        self.set_counts(0, 0)
        self.hide()

    @property
    def count(self) -> int:
        return self._count

    @property
    def mentions(self) -> int:
        return self._mentions

    def set_counts(self, count: int, mentions: int) -> None:
        """How many messages came below, and how many of them name you."""
        self._count, self._mentions = count, mentions
        name = self.tr("Jump to latest")
        if count:
            name = self.tr("Jump to latest, {count} new").format(count=count)
        if mentions:
            name = self.tr("{text}, {count} mention you").format(text=name, count=mentions)
        self.setAccessibleName(name)
        self.update()

    def stand_in(self, view: QSize) -> None:
        """Takes its place in the lower corner of a view this big, where lines end."""
        size = self.sizeHint()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = 16 if mirrored else view.width() - size.width() - 16
        self.setGeometry(x, view.height() - size.height() - 10, size.width(), size.height())
        self.raise_()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(64), self._theme.px(56))

    def paintEvent(self, event: QPaintEvent) -> None:
        # It lies over what scrolls, so it is painted with every frame: smooth discs are drawn once a look.
        ratio = self.devicePixelRatioF()
        state = (
            self._theme.tokens,
            self._theme.scale,
            self._count,
            self._mentions,
            self.hasFocus(),
            self.underMouse(),
            self.size(),
            ratio,
        )
        if self._drawn is None or self._drawn[0] != state:
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            with QPainter(picture) as drawing:
                drawing.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._draw(drawing)
            self._drawn = (state, picture)
        QPainter(self).drawPixmap(0, 0, self._drawn[1])

    def _draw(self, painter: QPainter) -> None:
        tokens, px = self._theme.tokens, self._theme.px
        side, icon = px(38), px(20)
        disc = QRectF(self.width() / 2 - side / 2, self.height() - side - px(4), side, side)
        shade = tokens.shadow.toRgb()
        shade.setAlphaF(0.12)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawEllipse(disc.translated(0, 1.5).adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setPen(QPen(tokens.focus if self.hasFocus() else tokens.line, 2 if self.hasFocus() else 1))
        painter.setBrush(tokens.hover if self.underMouse() else tokens.ground)
        painter.drawEllipse(disc)
        place = QRectF(disc.center().x() - icon / 2, disc.center().y() - icon / 2 + px(1), icon, icon)
        paint_icon(painter, "down", tokens.muted, place)
        painter.setFont(self._theme.font(10.5, bold=True))
        for box, words, mention in self._badges(disc):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.danger_fill if mention else tokens.accent_fill)
            painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
            painter.setPen(tokens.on_danger if mention else tokens.on_accent)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _badges(self, disc: QRectF) -> list[tuple[QRectF, str, bool]]:
        """The @ and the number, side by side over the disc's upper edge: where, the words, and whether it is the @."""
        metrics, px = QFontMetricsF(self._theme.font(10.5, bold=True)), self._theme.px
        badges = []
        if self._mentions:
            badges.append(("@", True))
        if self._count:
            badges.append((str(self._count) if self._count < 1000 else "999+", False))
        widths = [max(metrics.horizontalAdvance(words) + px(5 if mention else 11), px(18)) for words, mention in badges]
        x = disc.center().x() - (sum(widths) + px(2) * (len(badges) - 1)) / 2
        made = []
        for (words, mention), width in zip(badges, widths, strict=True):
            made.append((QRectF(x, disc.top() - px(9), width, px(18)), words, mention))
            x += width + px(2)
        return made
