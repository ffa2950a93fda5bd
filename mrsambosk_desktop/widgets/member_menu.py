"""The menu of one person: what somebody of one's role may do about somebody of theirs. Nothing else is shown."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from mrsambosk_protocol.entities import ADMIN, GUEST, MEMBER, MODERATOR, OWNER, User

from .theme import Theme

translate = QCoreApplication.translate

RANK: Final = {GUEST: 0, MEMBER: 1, MODERATOR: 2, ADMIN: 3, OWNER: 4}
BREAK: Final = ""
MUTES: Final = ("mute_hour", "mute", "lift_mute")


def may_moderate(role: str, theirs: str) -> bool:
    """Whether somebody of a role has a say about somebody of theirs: never about one's equals or those above, nor about
    who left."""
    own = RANK.get(role, -1)
    return own >= RANK[MODERATOR] and 0 <= RANK.get(theirs, -1) < own


def member_actions(me: User | None, user: User) -> tuple[str, ...]:
    """What `me` may do about `user`, in order; `BREAK` between groups. Never about oneself, one's equals or above."""
    if me is None or me.id == user.id or not may_moderate(me.role, user.role):
        return ()
    own = RANK[me.role]
    found = [*MUTES, BREAK]
    if own >= RANK[ADMIN]:
        roles = [role for role in (GUEST, MEMBER, MODERATOR, ADMIN) if RANK[role] < own and role != user.role]
        found += [f"role_{role}" for role in roles] + [BREAK, "reset", BREAK]
    return (*found, "kick", "ban_day", "ban", "lift_ban")


def action_text(action: str) -> str:
    """An action in words."""
    return {
        "mute_hour": translate("MemberMenu", "Mute for an hour"),
        "mute": translate("MemberMenu", "Mute"),
        "lift_mute": translate("MemberMenu", "Lift the mute"),
        "role_guest": translate("MemberMenu", "Make guest"),
        "role_member": translate("MemberMenu", "Make member"),
        "role_moderator": translate("MemberMenu", "Make moderator"),
        "role_admin": translate("MemberMenu", "Make admin"),
        "reset": translate("MemberMenu", "One-time code…"),
        "kick": translate("MemberMenu", "Sign out everywhere…"),
        "ban_day": translate("MemberMenu", "Ban for a day…"),
        "ban": translate("MemberMenu", "Ban…"),
        "lift_ban": translate("MemberMenu", "Lift the ban"),
    }[action]


def asks_first(action: str) -> bool:
    """Whether a person is asked before it is done."""
    return action in ("kick", "ban_day", "ban")


def question_for(action: str, name: str) -> tuple[str, str, str]:
    """The question, what follows from a yes, and the yes itself."""
    if action == "kick":
        return (
            translate("MemberMenu", "Sign {name} out everywhere?").format(name=name),
            translate("MemberMenu", "Their devices are signed out at once. They can sign in again."),
            translate("MemberMenu", "Sign out"),
        )
    return (
        translate("MemberMenu", "Ban {name}?").format(name=name),
        translate("MemberMenu", "They are disconnected at once and kept out until then, or until it is lifted."),
        translate("MemberMenu", "Ban"),
    )


class MemberMenu(QMenu):
    """`chosen` says which action; `popup` shows it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme, user: User, actions: Sequence[str]) -> None:
        super().__init__(parent)
        self.setFont(theme.font(13))
        self.setAccessibleName(translate("MemberMenu", "What to do about {name}").format(name=user.name))
        # Rounded corners need a window that lets what is behind it through.
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        for action in actions:
            if action == BREAK:
                self.addSeparator()
                continue
            entry = self.addAction(action_text(action))
            entry.triggered.connect(lambda _checked=False, name=action: self.chosen.emit(name))
        self.aboutToHide.connect(self.deleteLater)
