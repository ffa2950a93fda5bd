"""What delegates need of a theme, and the fonts and colours that text in a bubble is set in."""

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QColor, QFont, QFontDatabase, QTextCharFormat

from mrsambosk_desktop.core.bodies import Style
from mrsambosk_desktop.core.highlight import Kind

from .tokens import Tokens


class Look(Protocol):
    """Colours and type. The widgets' theme is one."""

    @property
    def tokens(self) -> Tokens: ...
    @property
    def scale(self) -> float: ...
    def px(self, size: float) -> int: ...
    def font(self, size: float = 14, *, bold: bool = False) -> QFont: ...


@dataclass(frozen=True, slots=True, eq=False)
class TextLook:
    """How text of one side is set: own bubbles, or others'."""

    font: QFont
    mono: QFont
    small: QFont
    text: QColor
    muted: QColor
    link: QColor
    code_text: QColor
    code: QColor
    mention: QColor
    bar: QColor
    formats: dict[Style, QTextCharFormat]
    kinds: dict[Kind, QTextCharFormat]

    def format(self, style: Style) -> QTextCharFormat:
        """The character format of a style, made once."""
        made = self.formats.get(style)
        if made is None:
            made = self.formats[style] = self._make(style)
        return made

    def _make(self, style: Style) -> QTextCharFormat:
        made = QTextCharFormat()
        font = QFont(self.mono if Style.CODE in style else self.font)
        font.setBold(Style.BOLD in style or Style.MENTION in style)
        font.setItalic(Style.ITALIC in style)
        font.setStrikeOut(Style.STRIKE in style)
        font.setUnderline(Style.LINK in style)
        made.setFont(font)
        if Style.LINK in style or Style.MENTION in style:
            made.setForeground(self.link)
        elif Style.CODE in style:
            made.setForeground(self.code_text)
        else:
            made.setForeground(self.text)
        return made


def text_look(look: Look, *, own: bool) -> TextLook:
    """The text of one side in this theme."""
    tokens = look.tokens
    mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    mono.setPixelSize(look.px(12.6))
    mono.setStyleHint(QFont.StyleHint.Monospace)
    kinds = {}
    for kind in Kind:
        made = QTextCharFormat()
        made.setFont(mono)
        made.setForeground(getattr(tokens, f"{'own_' if own else ''}code_{kind.name.lower()}"))
        kinds[kind] = made
    return TextLook(
        font=look.font(14),
        mono=mono,
        small=look.font(11),
        text=tokens.own_text if own else tokens.text,
        muted=tokens.own_muted if own else tokens.other_muted,
        link=tokens.own_link if own else tokens.link,
        code_text=tokens.own_text if own else tokens.code_text,
        code=tokens.own_code if own else tokens.other_code,
        mention=tokens.own_code if own else tokens.mention,
        bar=tokens.own_line if own else tokens.accent,
        formats={},
        kinds=kinds,
    )
