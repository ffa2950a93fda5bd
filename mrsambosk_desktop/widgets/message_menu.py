"""The menu of one message: which actions it offers, in LOOK's order, and the menu made of them.

What is offered is decided apart from the menu (`actions_for`), from the row and the person's role alone.
"""

import unicodedata
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QAction, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget, QWidgetAction

from mrsambosk_desktop.core.bodies import Style
from mrsambosk_desktop.models.entries import TimelineRow
from mrsambosk_protocol.entities import MEMBER, MODERATOR, SYSTEM

from .member_menu import RANK, may_moderate
from .reaction_strip import ReactionStrip
from .theme import Theme

translate = QCoreApplication.translate

_MOST_LINKS: Final = 3
_LINK_CHARS: Final = 40


class Action(Enum):
    """What can be asked of one message. `BREAK` is a line between groups; `LINKS` stands for two entries for each
    address in it: to open and to copy."""

    REACT = auto()
    REPLY = auto()
    COPY = auto()
    EDIT = auto()
    PIN = auto()
    UNPIN = auto()
    UNREAD = auto()
    SOURCE = auto()
    LINKS = auto()
    OPEN_LINK = auto()
    COPY_LINK = auto()
    DETAILS = auto()
    MUTE = auto()
    DELETE = auto()
    UNDO_DELETE = auto()
    RETRY = auto()
    DISCARD = auto()
    BREAK = auto()


def actions_for(row: TimelineRow, role: str) -> tuple[Action, ...]:
    """What a person of this role may ask of the row, in order."""
    if row.pending is not None:
        if row.pending.state.is_going:
            return (Action.COPY,)
        again = (Action.RETRY,) if row.failed else ()
        return (*again, Action.EDIT, Action.COPY, Action.BREAK, Action.DISCARD)
    if row.message is None or row.message.kind == SYSTEM:
        return ()
    if row.deleting:
        return (Action.UNDO_DELETE,)
    if row.message.deleted:
        return (Action.DETAILS,)
    rank = RANK.get(role, 0)
    found = [Action.REACT, Action.BREAK, Action.REPLY, Action.COPY]
    if row.mine:
        found.append(Action.EDIT)
    if rank >= RANK[MEMBER]:
        found.append(Action.PIN if row.message.pinned_at is None else Action.UNPIN)
    if not row.mine:
        found.append(Action.UNREAD)
    # What the mouse finds in the bubble itself, for the keys.
    if within := [Action.SOURCE] * (row.reply_to is not None) + [Action.LINKS] * bool(links_of(row)):
        found += [Action.BREAK, *within]
    found += [Action.BREAK, Action.DETAILS]
    if not row.mine and row.author is not None and may_moderate(role, row.author.role):
        found.append(Action.MUTE)
    if row.mine or may_delete_others(row, role):
        found += [Action.BREAK, Action.DELETE]
    return tuple(found)


def links_of(row: TimelineRow) -> tuple[str, ...]:
    """The first few addresses in a message, each once."""
    found = (run.target for block in row.blocks for run in block.runs if Style.LINK in run.style)
    return tuple(dict.fromkeys(found))[:_MOST_LINKS]


def may_delete_others(row: TimelineRow, role: str) -> bool:
    """Whether a moderator of this role may delete another's message: never of someone of their own role or above."""
    rank = RANK.get(role, 0)
    theirs = RANK.get(row.author.role, 0) if row.author is not None else 0
    return rank >= RANK[MODERATOR] and rank > theirs


def _words(action: Action, address: str = "") -> tuple[str, str]:
    """The text and the key shown beside it."""
    match action:
        case Action.REPLY:
            return translate("MessageMenu", "Reply"), "R"
        case Action.COPY:
            return translate("MessageMenu", "Copy text"), "Ctrl+C"
        case Action.EDIT:
            return translate("MessageMenu", "Edit"), "E"
        case Action.PIN:
            return translate("MessageMenu", "Pin"), ""
        case Action.UNPIN:
            return translate("MessageMenu", "Unpin"), ""
        case Action.UNREAD:
            return translate("MessageMenu", "Mark unread from here"), ""
        case Action.SOURCE:
            return translate("MessageMenu", "Show the message it answers"), ""
        case Action.OPEN_LINK:
            return translate("MessageMenu", "Open link {address}").format(address=_shown(address)), ""
        case Action.COPY_LINK:
            return translate("MessageMenu", "Copy link {address}").format(address=_shown(address)), ""
        case Action.DETAILS:
            return translate("MessageMenu", "Message details"), ""
        case Action.MUTE:
            return translate("MessageMenu", "Mute person…"), ""
        case Action.DELETE:
            return translate("MessageMenu", "Delete"), "Del"
        case Action.UNDO_DELETE:
            return translate("MessageMenu", "Undo"), ""
        case Action.RETRY:
            return translate("MessageMenu", "Retry"), ""
        case Action.DISCARD:
            return translate("MessageMenu", "Discard"), ""
    raise ValueError(action)


def _shown(address: str) -> str:
    """An address as the words of an entry: its beginning, without what would turn or leave the isolate around it, and
    with no letter taken for a mnemonic."""
    plain = "".join(char for char in address if unicodedata.category(char) != "Cf")
    short = plain if len(plain) <= _LINK_CHARS else plain[: _LINK_CHARS - 1] + "…"
    return f"\u2066{short.replace('&', '&&')}\u2069"


class MessageMenu(QMenu):
    """A menu whose last action, the one that takes away, is written in the theme's red."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFont(theme.font(13))
        self.setAccessibleName(translate("MessageMenu", "Message"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # Rounded corners need a window that lets what is behind it through.
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        # A style sheet can neither colour one item nor the keys beside items, so items are painted over.
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # By itself it has the application's.
        painter.setLayoutDirection(self.layoutDirection())
        for action in self.actions():
            if not action.isSeparator() and not isinstance(action, QWidgetAction):
                self._paint_item(painter, action)

    def _paint_item(self, painter: QPainter, action: QAction) -> None:
        tokens = self._theme.tokens
        box = QRectF(self.actionGeometry(action))
        active = self.activeAction() is action
        painter.fillRect(box, tokens.field)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.selection if active else tokens.field)
        painter.drawRoundedRect(box, 7, 7)
        inner = box.adjusted(10, 0, -10, 0)
        # Leading and trailing: the painter mirrors them with the menu.
        painter.setFont(self._theme.font(13))
        taking = action.data() in (Action.DELETE, Action.DISCARD)
        painter.setPen(tokens.danger if taking else tokens.selection_text if active else tokens.text)
        leading = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextHideMnemonic)
        painter.drawText(inner, leading, action.text())
        painter.setFont(self._theme.font(11))
        painter.setPen(tokens.selection_text if active else tokens.muted)
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, key)


def make_menu(
    parent: QWidget,
    theme: Theme,
    row: TimelineRow,
    role: str,
    chosen: Callable[[Action, str], None],
    reacted: Callable[[str, bool], None],
    more: Callable[[], None],
) -> QMenu | None:
    """The menu for the row, or None when it offers nothing. It deletes itself when closed.

    Args:
        chosen: gets the action and, for a link, its address.
        more: asks for another reaction than the quick ones.
    """
    actions = actions_for(row, role)
    if not actions:
        return None
    menu = MessageMenu(parent, theme)
    for action in actions:
        if action is Action.BREAK:
            menu.addSeparator()
        elif action is Action.REACT:
            menu.addAction(_reactions(menu, theme, row, reacted, more))
        elif action is Action.LINKS:
            for address in links_of(row):
                _add(menu, Action.OPEN_LINK, chosen, address)
                _add(menu, Action.COPY_LINK, chosen, address)
        else:
            _add(menu, action, chosen)
    return menu


def _add(menu: QMenu, action: Action, chosen: Callable[[Action, str], None], address: str = "") -> None:
    text, key = _words(action, address)
    made = menu.addAction(text)
    if key:
        made.setShortcut(QKeySequence(key))
        made.setShortcutVisibleInContextMenu(True)
    made.setData(action)
    made.triggered.connect(lambda _checked=False: chosen(action, address))


def _reactions(
    menu: QMenu,
    theme: Theme,
    row: TimelineRow,
    reacted: Callable[[str, bool], None],
    more: Callable[[], None],
) -> QWidgetAction:
    """The row of quick reactions."""
    given = {emoji for emoji, users in (row.message.reactions if row.message else {}).items() if row.me in users}
    strip = ReactionStrip(theme, given)
    for signal, act in ((strip.reacted, reacted), (strip.more_wanted, more)):
        signal.connect(menu.close)
        signal.connect(act)
    action = QWidgetAction(menu)
    action.setDefaultWidget(strip)
    action.setText(translate("MessageMenu", "Reactions"))
    action.setData(Action.REACT)
    # A screen reader may press the entry as a whole.
    action.triggered.connect(lambda _checked=False: more())

    def hovered(entry: QAction) -> None:
        # The arrows take the focus into the strip; the mouse, going on to another entry, takes it out again.
        if entry is not action:
            menu.setFocus()

    menu.hovered.connect(hovered)
    return action
