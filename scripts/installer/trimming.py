"""What PyInstaller would put into the bundle and nothing here uses."""

import re
import sys
from pathlib import PurePath

from .project import LANGUAGES

#: Modules that are never imported; each would bring its libraries along.
UNUSED_MODULES = [
    *("tkinter", "unittest", "pydoc_data", "lib2to3", "test", "readline", "numpy", "setuptools", "pip"),
    *("PySide6.QtConcurrent", "PySide6.QtDesigner", "PySide6.QtHelp", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets"),
    *("PySide6.QtPrintSupport", "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickControls2", "PySide6.QtQuickTest"),
    *("PySide6.QtQuickWidgets", "PySide6.QtSql", "PySide6.QtSvgWidgets", "PySide6.QtTest", "PySide6.QtUiTools"),
]

#: Qt's plug-ins that are kept, by folder; every other is left out.
PLUGINS = {
    "iconengines": {"qsvgicon"},
    "imageformats": {"qsvg", "qico", "qicns"},
    "platforminputcontexts": {"composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"},
    "platforms": {"qxcb", "qwayland", "qoffscreen", "qwindows", "qcocoa"},
    # The portal's is small; the one for GTK would load all of GTK.
    "platformthemes": {"qxdgdesktopportal"},
    "styles": {"qmodernwindowsstyle", "qmacstyle"},
    "wayland-decoration-client": {"bradient"},
    "wayland-graphics-integration-client": {"qt-plugin-wayland-egl"},
    "wayland-shell-integration": {"xdg-shell", "qt-shell"},
    "xcbglintegrations": set(),
}

#: Parts of Qt that no module above is for but a plug-in or a hook pulls in.
UNUSED_LIBRARIES = re.compile(
    r"(lib)?Qt6?(Qml|Quick|VirtualKeyboard|Pdf|3D|WebEngine|Sql|Test|Designer|PrintSupport|EglF[Ss]|WaylandCompositor"
    r"|WaylandEglCompositor|Labs|ShaderTools|Concurrent|Help|UiTools)",
)

#: What every Linux desktop has, fits its own configuration and is mended by its own updates: the package depends on it.
SYSTEM_LIBRARIES = re.compile(
    r"lib(GL|EGL|GLX|GLdispatch|OpenGL|X11|X11-xcb|Xau|Xdmcp|Xext|xcb|drm|gbm|dbus-1|systemd|gcrypt|gpg-error|cap"
    r"|glib-2\.0|gobject-2\.0|gio-2\.0|gmodule-2\.0|gthread-2\.0|pcre2-8|mount|blkid|selinux"
    r"|fontconfig|freetype|graphite2|png16|brotlidec|brotlicommon|expat|z|stdc\+\+|gcc_s"
    r"|wayland-(client|cursor|egl)|xkbcommon|gtk-3|gdk-3|cairo.*|pango.*|atk.*|harfbuzz.*|thai|datrie|fribidi"
    r"|gdk_pixbuf-2\.0|epoxy|X(composite|cursor|damage|fixes|i|inerama|randr|render)|jpeg|pixman-1|bsd|md|lz4|zstd)"
    r"\.so\.",
)


def is_wanted(name: str, platform: str = sys.platform) -> bool:
    """Whether the bundle keeps the file that would stand at `name` in it."""
    path = PurePath(name.replace("\\", "/"))
    parts = path.parts
    if "plugins" in parts and "PySide6" in parts:
        folder, stem = parts[parts.index("plugins") + 1], re.sub(r"^lib", "", path.name.partition(".")[0])
        return stem in PLUGINS.get(folder, set())
    if "translations" in parts and "PySide6" in parts:
        return path.stem.removeprefix("qtbase_") in LANGUAGES
    if "qml" in parts and "PySide6" in parts:
        return False
    if UNUSED_LIBRARIES.match(path.name) or path.name.lower() == "opengl32sw.dll":
        return False
    if platform == "linux" and SYSTEM_LIBRARIES.match(path.name):
        return False
    return not path.name.endswith((".pyi", ".pyx", ".pxd", ".c", ".h"))
