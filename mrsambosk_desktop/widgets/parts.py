"""The small parts that pages are made of: plain labels, buttons, icon buttons. Each has a name for screen readers."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)

from mrsambosk_desktop.delegates.icons import icon, paint_icon

from .theme import Theme

#: Icons that point along the line: mirrored with the window.
_DIRECTED = frozenset({"back", "send", "reply"})


class PlainLabel(QLabel):
    """A label that shows its text as it is, never as markup, and begins where the window's lines begin: a plain
    `QLabel` would align each text by the text's own direction."""

    def __init__(self, text: str, role: str, *, wraps: bool, centred: bool) -> None:
        super().__init__()
        self._centred = centred
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setProperty("role", role)
        self.setWordWrap(wraps)
        self._align()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._align()

    def _align(self) -> None:
        flag = Qt.AlignmentFlag
        side = flag.AlignRight if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else flag.AlignLeft
        across = flag.AlignHCenter if self._centred else side | flag.AlignAbsolute
        self.setAlignment(across | flag.AlignVCenter)


def label(text: str = "", role: str = "", *, wraps: bool = False, centred: bool = False) -> QLabel:
    """A plain label. `role` picks its look in the style sheet."""
    return PlainLabel(text, role, wraps=wraps, centred=centred)


class ElidedLabel(QLabel):
    """One line of plain text that ends in … where there is no room, and never widens its pane."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        # One line, however many the text has.
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = " ".join(self.text().split())
        shown = self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(
            painter,
            self.rect(),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading) | int(Qt.TextFlag.TextSingleLine),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )


def button(text: str, on_click: Callable[[], object], role: str = "", *, name: str = "") -> QPushButton:
    """A button with words. `name` is what a screen reader says when the words alone do not tell."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setAccessibleName(name or text)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _checked=False: on_click())
    return made


class IconButton(QToolButton):
    """A button with one of our icons, tinted with a token that follows the theme, and as large as the text is. `side`
    is that of a square button; without one it is as large as it needs."""

    def __init__(
        self, theme: Theme, drawing: str, name: str, *, colour: str = "muted", size: int = 20, side: int = 0
    ) -> None:
        super().__init__()
        self._theme, self._drawing, self._colour, self._size, self._side = theme, drawing, colour, size, side
        self.setAccessibleName(name)
        self.setToolTip(name)
        self._draw()
        theme.changed.connect(self._draw)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._draw()

    def _draw(self) -> None:
        mirrored = self._drawing in _DIRECTED and self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        colour = getattr(self._theme.tokens, self._colour)
        disabled = self._theme.tokens.muted
        size = self._theme.px(self._size)
        self.setIconSize(QSize(size, size))
        self.setIcon(icon(self._drawing, colour, size, mirrored=mirrored, disabled=disabled))
        if self._side:
            self.setFixedSize(self._theme.px(self._side), self._theme.px(self._side))


class ChoiceBox(QComboBox):
    """A choice of a few, with our own arrow: a style sheet takes the style's away."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = 10 if mirrored else self.width() - 26
        paint_icon(QPainter(self), "down", self._theme.tokens.muted, QRectF(x, self.height() / 2 - 8, 16, 16))


class CheckBox(QCheckBox):
    """A box to tick, with our own tick: a style sheet takes the style's away."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self._theme = theme
        self.setAccessibleName(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            option = QStyleOptionButton()
            self.initStyleOption(option)
            box = QRectF(self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))
            side = float(self._theme.px(13))
            place = QRectF(box.center().x() - side / 2, box.center().y() - side / 2, side, side)
            paint_icon(QPainter(self), "check", self._theme.tokens.on_accent, place)


def inset(inside: QWidget | QBoxLayout) -> QHBoxLayout:
    """With the right pane's margins, which a layout's own would not mirror with the window."""
    line = QHBoxLayout()
    line.setSpacing(0)
    line.addSpacing(16)
    if isinstance(inside, QWidget):
        line.addWidget(inside, 1)
    else:
        line.addLayout(inside, 1)
    line.addSpacing(10)
    return line


def fit_text(dialog: QDialog, theme: Theme, width: int) -> None:
    """Gives a dialog the width its text wants at this text size, within its window, and the height that all of its
    wrapped lines need then: by itself a dialog may be too low for them."""
    parent = dialog.parentWidget()
    most = parent.window().width() - 40 if parent is not None else width * 2
    layout = dialog.layout()
    assert layout is not None
    dialog.ensurePolished()
    layout.activate()
    wide = max(min(round(width * max(theme.scale, 1.0)), most), layout.minimumSize().width())
    dialog.setMinimumWidth(0)
    dialog.resize(wide, layout.totalHeightForWidth(wide) if layout.hasHeightForWidth() else dialog.sizeHint().height())


def repolish(widget: QWidget) -> None:
    """Applies the style sheet again after a property it selects by has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
