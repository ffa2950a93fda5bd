"""Our icons: SVG drawn in one colour, tinted with a theme's token and rendered sharp for the screen they show on."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QTransform, qGray
from PySide6.QtSvg import QSvgRenderer

from mrsambosk_desktop.paths import resource

_RATIOS = (1.0, 2.0)
#: On a ground brighter than this, what an icon draws in white is black.
_BRIGHT = 160


def icon(name: str, colour: QColor, size: int = 20, *, mirrored: bool = False, disabled: QColor | None = None) -> QIcon:
    """The icon for a button, in the screen densities there are. `disabled` is its colour while the button is.

    Raises:
        FileNotFoundError: when there is no such icon.
    """
    made = QIcon()
    modes = {QIcon.Mode.Normal: colour} | ({QIcon.Mode.Disabled: disabled} if disabled is not None else {})
    for mode, tint in modes.items():
        for ratio in _RATIOS:
            drawn = pixmap(name, tint.name(), size, ratio)
            made.addPixmap(drawn.transformed(QTransform.fromScale(-1, 1)) if mirrored else drawn, mode)
    return made


def paint_icon(painter: QPainter, name: str, colour: QColor, box: QRectF) -> None:
    """Draws the icon into a square box of the painter's logical pixels."""
    ratio = painter.device().devicePixelRatio()
    painter.drawPixmap(box.topLeft(), pixmap(name, colour.name(), round(box.width()), ratio))


@lru_cache(maxsize=256)
def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """One rendering, kept: the same few are drawn in every row."""
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    _renderer(name, colour).render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


@lru_cache(maxsize=64)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    drawing = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    if qGray(QColor(colour).rgb()) > _BRIGHT:
        drawing = drawing.replace("#ffffff", "#000000")
    return QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))
