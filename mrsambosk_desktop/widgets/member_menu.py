"""The menu of one person: what somebody of one's role may do about somebody of theirs. Nothing else is shown."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QMenu, QWidget

from mrsambosk_protocol.entities import ADMIN, GUEST, MEMBER, MODERATOR, OWNER, User

from .theme import Theme

translate = QCoreApplication.translate

_RANK: Final = {GUEST: 0, MEMBER: 1, MODERATOR: 2, ADMIN: 3, OWNER: 4}
BREAK: Final = ""


def member_actions(me: User | None, user: User) -> tuple[str, ...]:
    """What `me` may do about `user`, in order; `BREAK` between groups. Never about oneself, one's equals or above."""
    own = _RANK.get(me.role, -1) if me is not None else -1
    theirs = _RANK.get(user.role, -1)
    if me is None or me.id == user.id or own < _RANK[MODERATOR] or theirs < 0 or theirs >= own:
        return ()
    found = ["mute_hour", "mute", "lift_mute", BREAK]
    if own >= _RANK[ADMIN]:
        roles = [role for role in (GUEST, MEMBER, MODERATOR, ADMIN) if _RANK[role] < own and role != user.role]
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
        for action in actions:
            if action == BREAK:
                self.addSeparator()
                continue
            entry = self.addAction(action_text(action))
            entry.triggered.connect(lambda _checked=False, name=action: self.chosen.emit(name))
        self.aboutToHide.connect(self.deleteLater)
