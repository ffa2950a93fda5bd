"""Personal invites: for one person or until a time, who came by which, and withdrawing one. Not modal."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import InvitePage
from mrsambosk_desktop.models.wording import isolated, when_text
from mrsambosk_protocol.invite import BadInvite, parse_invite
from mrsambosk_protocol.requests import InviteInfo

from .parts import CheckBox, ChoiceBox, button, label
from .qr_code import QrCode
from .theme import Theme

_DAY = 60 * 24


class InvitesDialog(QDialog):
    """`show_page` fills it; what is asked leaves as `make_wanted` (for one person, minutes or 0) and `revoke_wanted`
    (id), and the answer is another `show_page`."""

    make_wanted = Signal(bool, int)
    revoke_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._link = ""
        self._everyones = ""
        title = self.tr("Personal invites")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.single = CheckBox(theme, self.tr("Good for one person only"))
        self.single.setChecked(True)
        self.until = ChoiceBox(theme, self.tr("How long it is good"))
        for text, minutes in (
            (self.tr("For a day"), _DAY),
            (self.tr("For a week"), 7 * _DAY),
            (self.tr("Until it is withdrawn"), 0),
        ):
            self.until.addItem(text, minutes)
        self.make = button(self.tr("Make an invite"), self._make, "primary")
        self._text = label(wraps=True)
        self._text.setAccessibleName(self.tr("Invite"))
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.code = QrCode(self.tr("The invite as a QR code"))
        self.copy = button(self.tr("Copy invite"), self._copy)
        self._copied = label(role="muted")
        self._made = QFrame()
        self._made.setObjectName("page_card")
        inner = QVBoxLayout(self._made)
        inner.setContentsMargins(14, 12, 14, 12)
        inner.addWidget(label(self.tr("Give it to them now: it is shown this once."), "muted", wraps=True))
        inner.addWidget(self.code, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(self._text)
        copying = QHBoxLayout()
        copying.addWidget(self.copy)
        copying.addWidget(self._copied, 1)
        inner.addLayout(copying)
        choosing = QHBoxLayout()
        choosing.addWidget(self.until, 1)
        choosing.addWidget(self.make)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setAccessibleName(title)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(10)
        box.addWidget(label(title, "title"))
        why = self.tr("Unlike the join code, such an invite ends by itself and shows who came by it.")
        box.addWidget(label(why, "muted", wraps=True))
        box.addWidget(self.single)
        box.addLayout(choosing)
        box.addWidget(self._made)
        box.addWidget(self._area, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(button(self.tr("Close"), self.close))
        box.addLayout(foot)
        self._made.hide()
        self.resize(min(480, parent.width() - 40), min(460, parent.height() - 40))

    def set_invite(self, invite: str) -> None:
        """The invite for everybody, which says where the host is."""
        self._everyones = invite

    def show_page(self, page: InvitePage) -> None:
        """What the host answered."""
        if page.code:
            self._show_made(page.code)
        content = QWidget()
        content.setObjectName("page")
        lines = QVBoxLayout(content)
        lines.setContentsMargins(0, 4, 0, 4)
        lines.setSpacing(10)
        for invite in page.invites:
            lines.addLayout(self._line(invite, page))
        if not page.invites:
            lines.addWidget(label(self.tr("None yet."), "muted"))
        lines.addStretch(1)
        self._area.setWidget(content)
        self._theme.dress(self)

    def open(self) -> None:
        """Shows it beside the window; what was made before is not shown again."""
        if not self.isVisible():
            self._made.hide()
        self._theme.dress(self)
        self.show()
        self.raise_()
        self.make.setFocus()

    def _show_made(self, code: str) -> None:
        try:
            self._link = str(parse_invite(self._everyones).with_code(code))
        except BadInvite:
            self._link = code
        # A link has no spaces to break at; a zero-width one after each separator lets it wrap and is not copied.
        self._text.setText(self._link.replace("&", "\u200b&").replace("?", "?\u200b"))
        self.code.set_text(self._link)
        self._copied.clear()
        self._made.show()
        self.resize(self.width(), max(self.height(), self.sizeHint().height() + 120))

    def _line(self, invite: InviteInfo, page: InvitePage) -> QHBoxLayout:
        now = time.time() * 1000
        ended = invite.expires_at is not None and invite.expires_at <= now
        used_up = invite.single_use and bool(invite.used_by)
        is_open = not (ended or used_up or invite.revoked_at is not None)
        kind = self.tr("For one person") if invite.single_use else self.tr("For several people")
        if used_up:
            state = self.tr("used")
        elif invite.revoked_at is not None:
            state = self.tr("withdrawn")
        elif ended:
            state = self.tr("ended")
        elif invite.expires_at is not None:
            state = self.tr("until {when}").format(when=when_text(invite.expires_at))
        else:
            state = self.tr("until it is withdrawn")
        maker = page.names.get(invite.made_by or "") or self.tr("the host")
        by = self.tr("made by {name}, {when}").format(name=isolated(maker), when=when_text(invite.made_at))
        who = [isolated(page.names.get(user) or self.tr("somebody who left")) for user in invite.used_by]
        came = self.tr("Came by it: {names}").format(names=", ".join(who)) if who else self.tr("Nobody came by it yet")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(f"{kind} · {state}", "strong", wraps=True))
        words.addWidget(label(by, "muted", wraps=True))
        words.addWidget(label(came, "" if who else "muted", wraps=True))
        row = QHBoxLayout()
        row.addLayout(words, 1)
        if is_open:
            name = self.tr("Withdraw the invite of {when}").format(when=when_text(invite.made_at))
            row.addWidget(button(self.tr("Withdraw"), lambda: self.revoke_wanted.emit(invite.id), name=name))
        return row

    def _make(self) -> None:
        self.make_wanted.emit(self.single.isChecked(), self.until.currentData())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._link)
        self._copied.setText(self.tr("Copied"))
