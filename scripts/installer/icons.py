"""Every icon a platform wants, made from the one drawing resources/icons/mrsambosk.svg in the theme's colour."""

import json
import struct
import sys
from pathlib import Path

from .project import ROOT

#: The sizes that desktops on Linux look for below `hicolor`.
HICOLOR_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
#: What macOS calls each size, those for displays with twice the points included.
_ICNS_TYPES = {
    b"ic11": 32,
    b"ic12": 64,
    b"ic07": 128,
    b"ic13": 256,
    b"ic08": 256,
    b"ic14": 512,
    b"ic09": 512,
    b"ic10": 1024,
}


def svg() -> str:
    """The drawing, in the light theme's accent."""
    accent = json.loads((ROOT / "resources" / "themes" / "light.json").read_text("utf-8"))["accent"]
    return (ROOT / "resources" / "icons" / "mrsambosk.svg").read_text("utf-8").replace("currentColor", accent)


def png(size: int) -> bytes:
    """The drawing as a square PNG with `size` pixels a side. Needs Qt, but no display."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg().encode())).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def ico() -> bytes:
    """All sizes that Windows uses in one file."""
    images = [(size, png(size)) for size in _ICO_SIZES]
    place = 6 + 16 * len(images)
    head, body = struct.pack("<3H", 0, 1, len(images)), b""
    for size, data in images:
        head += struct.pack("<4B2H2I", size % 256, size % 256, 0, 0, 1, 32, len(data), place + len(body))
        body += data
    return head + body


def icns() -> bytes:
    """All sizes that macOS uses in one file."""
    entries = b"".join(
        name + struct.pack(">I", len(data) + 8) + data for name, data in ((n, png(s)) for n, s in _ICNS_TYPES.items())
    )
    return b"icns" + struct.pack(">I", len(entries) + 8) + entries


def program_icon(folder: Path) -> str | None:
    """Write the icon that this platform puts into the program itself; its path, None where there is no such thing."""
    makers = {"win32": ("mrsambosk.ico", ico), "darwin": ("mrsambosk.icns", icns)}
    if sys.platform not in makers:
        return None
    name, make = makers[sys.platform]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(make())
    return str(folder / name)
