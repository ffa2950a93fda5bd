"""The look of a window: which tokens, which palette and style sheet, how large the text is.

A theme is given to a window, not kept in a global: two windows in one process may look different.
"""

import re
from collections.abc import Iterable
from functools import partial
from typing import Final, Literal
from weakref import WeakSet, ref

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from mrsambosk_desktop.core.colours import places_of
from mrsambosk_desktop.delegates.icons import pixmap
from mrsambosk_desktop.delegates.tokens import ThemeName, Tokens, load_tokens
from mrsambosk_desktop.paths import resource

Choice = Literal["system", "light", "dark", "high_contrast"]

TEXT_SIZES: Final = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
_TOKEN: Final = re.compile(r"@([a-z_]+)(\d*)")
_BODY_PX: Final = 14
#: What a system without a typeface of its own falls back to, and what is nicer to read, where somebody installed it.
_FALLBACK: Final = "DejaVu Sans"
_NICER: Final = ("Inter", "Noto Sans", "Open Sans", "Cantarell", "Ubuntu")
_ICON_SIZES: Final = (16, 24, 32, 48, 64, 128, 256)
_EFFECTS: Final = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
    Qt.UIEffect.UI_AnimateToolBox,
)


class Theme(QObject):
    """Tokens and text size, following the system's scheme unless told otherwise. `changed` says: paint anew."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: Choice = "system", scale: float = 1.0) -> None:
        super().__init__(app)
        self._app = app
        self._choice: Choice = choice
        self._scale = scale
        self._places: dict[str, int] = {}
        self._tokens = load_tokens(self._name(), self._places)
        self._dressed: WeakSet[QWidget] = WeakSet()
        self._less_motion = False
        self._blink = app.cursorFlashTime()
        self._effects: dict[Qt.UIEffect, bool] = {}
        self.changed.connect(self._dress_all)
        app.setStyle("Fusion")
        app.setWindowIcon(_window_icon(self._tokens))
        app.setFont(_typeface(app.font()))
        app.setFont(self.font())
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def tokens(self) -> Tokens:
        return self._tokens

    @property
    def scale(self) -> float:
        """How large text is, 1.0 being its usual size."""
        return self._scale

    @property
    def choice(self) -> Choice:
        return self._choice

    def place_people(self, user_ids: Iterable[str]) -> bool:
        """Gives everyone a colour, as many as there are; whether somebody's is another now."""
        places = places_of(user_ids, len(self._tokens.people_fill))
        if places == self._places:
            return False
        self._places.clear()
        self._places.update(places)
        return True

    @property
    def less_motion(self) -> bool:
        """Whether the person chose that nothing blinks, slides or fades."""
        return self._less_motion

    def set_less_motion(self, on: bool) -> None:
        """Nothing blinks, slides or fades; off: as the system wants it. The app draws no motion of its own."""
        if on is self._less_motion:
            return
        self._less_motion = on
        self._app.setCursorFlashTime(0 if on else self._blink)
        for effect in _EFFECTS:
            if on:
                self._effects[effect] = self._app.isEffectEnabled(effect)
            self._app.setEffectEnabled(effect, not on and self._effects.get(effect, False))

    def set_choice(self, choice: Choice) -> None:
        """A theme by name, or `system` to follow the system's."""
        self._choice = choice
        self._system_changed()

    def set_scale(self, scale: float) -> None:
        """The text size, kept within what the layout was tried with."""
        self._scale = min(max(scale, TEXT_SIZES[0]), TEXT_SIZES[-1])
        self.changed.emit()

    def step_scale(self, step: int) -> None:
        """One size up or down; 0: back to the usual one."""
        nearest = min(range(len(TEXT_SIZES)), key=lambda place: abs(TEXT_SIZES[place] - self._scale))
        place = min(max(nearest + step, 0), len(TEXT_SIZES) - 1)
        self.set_scale(TEXT_SIZES[place] if step else 1.0)

    def px(self, size: float) -> int:
        """A text size in pixels, scaled."""
        return round(size * self._scale)

    def font(self, size: float = _BODY_PX, *, bold: bool = False) -> QFont:
        """The window's typeface at this size."""
        font = QFont(self._app.font())
        font.setPixelSize(self.px(size))
        font.setBold(bold)
        if QFontInfo(font).family() == _FALLBACK:
            # What a bare system falls back to is a seventh wider than the typefaces the layout was drawn for.
            font.setStretch(88)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def dress(self, window: QWidget) -> None:
        """Gives a top-level widget its font, palette and style sheet, also whenever they change; its children inherit
        them."""
        if window not in self._dressed:
            self._dressed.add(window)
            window.destroyed.connect(partial(_forget, self._dressed, ref(window)))
        window.setFont(self.font())
        window.setPalette(self.palette())
        window.setStyleSheet(self._style_sheet())

    def _dress_all(self) -> None:
        for window in tuple(self._dressed):
            self.dress(window)

    def palette(self) -> QPalette:
        """The tokens as Qt's own roles: on a bare X server the scheme is unknown, so nothing is left to the system."""
        tokens, role = self._tokens, QPalette.ColorRole
        palette = QPalette()
        for where, colour in {
            role.Window: tokens.ground,
            role.WindowText: tokens.text,
            role.Base: tokens.ground,
            role.AlternateBase: tokens.side,
            role.Text: tokens.text,
            role.PlaceholderText: tokens.muted,
            role.Button: tokens.field,
            role.ButtonText: tokens.text,
            role.BrightText: tokens.danger,
            role.Highlight: tokens.accent_fill,
            role.HighlightedText: tokens.on_accent,
            role.Link: tokens.link,
            role.LinkVisited: tokens.link,
            role.ToolTipBase: tokens.text,
            role.ToolTipText: tokens.ground,
            role.Accent: tokens.accent,
            role.Light: tokens.field,
            role.Midlight: tokens.hover,
            role.Mid: tokens.line,
            role.Dark: tokens.muted,
            role.Shadow: tokens.shadow,
        }.items():
            palette.setColor(where, colour)
        for where in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, where, tokens.muted)
        return palette

    def _style_sheet(self) -> str:
        values = self._tokens.style_values()

        def value(match: re.Match[str]) -> str:
            name, number = match.groups()
            return f"{self.px(int(number))}px" if name == "px" else values[name]

        return _TOKEN.sub(value, resource("themes", "window.qss").read_text(encoding="utf-8"))

    def _name(self) -> ThemeName:
        if self._choice != "system":
            return self._choice
        hints = QGuiApplication.styleHints()
        if hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast:
            return "high_contrast"
        return "dark" if hints.colorScheme() is Qt.ColorScheme.Dark else "light"

    def _system_changed(self) -> None:
        name = self._name()
        if name != self._tokens.name:
            self._tokens = load_tokens(name, self._places)
            self._app.setWindowIcon(_window_icon(self._tokens))
            self.changed.emit()


def _typeface(system: QFont) -> QFont:
    """The system's choice, unless it is no choice but the last resort."""
    if QFontInfo(system).family() == _FALLBACK:
        there = QFontDatabase.families()
        if nicer := next((family for family in _NICER if family in there), None):
            return QFont(nicer)
    return system


def _window_icon(tokens: Tokens) -> QIcon:
    """The app's mark, sharp in each size that a title bar, a switcher or a dock asks for."""
    made = QIcon()
    for size in _ICON_SIZES:
        made.addPixmap(pixmap("mrsambosk", tokens.accent_fill.name(), size, 1.0))
    return made


def _forget(dressed: WeakSet[QWidget], known: ref[QWidget], _object: object = None) -> None:
    """Qt has deleted a window that Python may still hold."""
    if (window := known()) is not None:
        dressed.discard(window)
