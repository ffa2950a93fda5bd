"""'You are hosting': where others find this room and the invite to give them. Not modal: chat goes on beside it."""

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mrsambosk_desktop.core.findings import Finding, Verdict, sentence
from mrsambosk_desktop.core.rows import HostCard

from .doctor_dialog import translated
from .parts import button, label, repolish
from .qr_code import QrCode
from .theme import Theme

#: So many letters without anything to break a line at.
_LONG: Final = re.compile(r"([A-Za-z0-9]{13})(?=[A-Za-z0-9])")


class HostingDialog(QDialog):
    """Open with `open()`; `set_host` keeps it true while it is open. Signals: `check_wanted`: look whether others can
    reach this computer; `personal_wanted`: invite one person, or until a time."""

    check_wanted = Signal()
    personal_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("You are hosting"))
        self.setAccessibleName(self.tr("You are hosting"))
        self.setWindowModality(Qt.WindowModality.NonModal)
        self._invite = ""
        self._title = label(role="title", wraps=True)
        self._addresses = label(wraps=True)
        self._addresses.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._addresses.setAccessibleName(self.tr("Addresses"))
        self._text = label(wraps=True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setAccessibleName(self.tr("Invite"))
        self.copy = button(self.tr("Copy invite"), self._copy, "primary")
        self._copied = label(role="muted")
        self.check = button(self.tr("Check the connection"), self.check_wanted.emit)
        self._reach = label(role="muted", wraps=True)
        self._reach.setAccessibleName(self.tr("Whether others can reach this computer"))
        self._reach.hide()
        self.personal = button(self.tr("Personal invite…"), self.personal_wanted.emit)
        done = button(self.tr("Done"), self.accept)
        frame = QFrame()
        frame.setObjectName("page_card")
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(14, 12, 14, 12)
        inner.addWidget(self._text)
        inviting = QHBoxLayout()
        inviting.addWidget(self.copy)
        inviting.addWidget(self.personal)
        inviting.addWidget(self._copied, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.check)
        buttons.addStretch(1)
        buttons.addWidget(done)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(10)
        box.addWidget(self._title)
        box.addWidget(
            label(self.tr("Others on this network open Mrsambosk, choose Join and type:"), "muted", wraps=True)
        )
        box.addWidget(self._addresses)
        self._key_words = label(wraps=True)
        self._key_words.setAccessibleName(self.tr("The host's words"))
        self._key_intro = label(self.tr("Who typed the address compares these words:"), "muted", wraps=True)
        box.addWidget(self._key_intro)
        box.addWidget(self._key_words)
        self._invite_words = label(self.tr("Or send them this invite, or let them scan it:"), "muted", wraps=True)
        box.addWidget(self._invite_words)
        self.code = QrCode(self.tr("The invite as a QR code"))
        box.addWidget(self.code, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addWidget(frame)
        box.addLayout(inviting)
        box.addWidget(self._reach)
        box.addLayout(buttons)
        self._frame = frame
        self.setMinimumWidth(min(440, max(320, parent.width() - 40)))

    def set_host(self, card: HostCard) -> None:
        """Where the room is, as far as known."""
        self._invite = card.invite or ""
        self._title.setText(
            self.tr("You are hosting “{room}”").format(room=f"\u2068{card.own_room or card.host_name}\u2069")
        )
        # An address reads from left to right in every language.
        self._addresses.setText("\n".join(f"\u2066{line}\u2069" for line in card.address_lines))
        # A link has no spaces to break at; zero-width ones let it wrap, are not copied by the button, and no matter.
        self._text.setText(_LONG.sub("\\1\u200b", self._invite.replace("&", "\u200b&").replace("?", "?\u200b")))
        self.code.set_text(self._invite)
        self._key_words.setText(" ".join(card.words))
        for words in (self._key_intro, self._key_words):
            words.setVisible(bool(card.words))
        for widget in (self._frame, self._invite_words, self.copy):
            widget.setVisible(bool(self._invite))
        # Personal invites are asked of the host that the window is on.
        self.personal.setVisible(not card.own_room)
        if not card.hosting and not card.own_room:
            self.close()
        self._fit()

    def show_reach(self, findings: Sequence[Finding]) -> None:
        """Whether others can reach this computer, as far as it can tell by itself."""
        bad = [finding for finding in findings if finding.verdict is Verdict.BAD]
        nothing = self.tr("Nothing on this computer keeps others out, as far as can be seen from here.")
        self._reach.setText(sentence(bad[0], translated) if bad else nothing)
        self._reach.setProperty("role", "problem" if bad else "muted")
        repolish(self._reach)
        self._reach.show()
        self._fit()

    def open(self) -> None:
        """Shows it beside the window, without blocking it."""
        self._copied.clear()
        self._theme.dress(self)
        self.show()
        self._fit()
        self.raise_()
        self.copy.setFocus()

    def _fit(self) -> None:
        """As high as what it shows: wrapped lines are higher than a layout guesses before it knows their width."""
        needed = self.heightForWidth(self.width())
        if self.isVisible() and needed > self.height():
            self.resize(self.width(), needed)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._invite)
        self._copied.setText(self.tr("Copied"))
