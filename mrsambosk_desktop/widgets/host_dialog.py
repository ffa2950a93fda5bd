"""One's own devices and, for who runs the host, who may join and who did what. Not modal."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.rows import HostPage
from mrsambosk_desktop.models.wording import isolated, moment_text
from mrsambosk_protocol.requests import AuditEntry, DeviceInfo

from .about_dialog import AboutDialog
from .parts import ChoiceBox, button, label
from .theme import Theme

#: What the app asks of a new password; a host takes shorter ones, too.
_PASSWORD_CHARS: Final = 8


class HostDialog(QDialog):
    """`show_page` fills it and shows it; what is asked leaves as signals, and the answer is another `show_page`."""

    end_wanted = Signal(str)
    policy_wanted = Signal(str)
    code_wanted = Signal()
    password_given = Signal(str)
    backups_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("Host and devices"))
        self.setAccessibleName(self.tr("Host and devices"))
        self.setWindowModality(Qt.WindowModality.NonModal)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(self.tr("Host and devices"))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 14)
        box.addWidget(self._area, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(22, 0, 22, 0)
        self.about = button(self.tr("About"), lambda: AboutDialog(theme, self).open(), name=self.tr("About Mrsambosk"))
        foot.addWidget(self.about)
        self.backups = button(self.tr("Backups…"), self.backups_wanted.emit, name=self.tr("Backups of your room"))
        foot.addWidget(self.backups)
        foot.addStretch(1)
        foot.addWidget(button(self.tr("Close"), self.close))
        box.addLayout(foot)
        scale = max(theme.scale, 1.0)
        self.resize(min(round(560 * scale), parent.width() - 40), min(round(560 * scale), parent.height() - 40))

    def show_page(self, page: HostPage) -> None:
        """What the host answered."""
        content = QWidget()
        content.setObjectName("page")
        lines = QVBoxLayout(content)
        lines.setContentsMargins(22, 18, 22, 10)
        lines.setSpacing(8)
        lines.addWidget(label(self.tr("Your devices"), "title"))
        for device in page.devices:
            lines.addLayout(self._device(device))
        lines.addSpacing(10)
        lines.addWidget(label(self.tr("Your password"), "title"))
        why = self.tr("With one you can sign in on another device. Setting it signs your other devices out.")
        lines.addWidget(label(why, "muted", wraps=True))
        lines.addLayout(self._password())
        if page.policy:
            self._add_host(lines, page)
        if page.audit is not None:
            lines.addSpacing(10)
            lines.addWidget(label(self.tr("Who did what"), "title"))
            if not page.audit:
                lines.addWidget(label(self.tr("Nothing yet."), "muted"))
            for entry in page.audit:
                lines.addWidget(label(self._line(entry, page), wraps=True))
        lines.addStretch(1)
        self._area.setWidget(content)
        self._theme.dress(self)
        self.show()
        self.raise_()

    def _device(self, device: DeviceInfo) -> QHBoxLayout:
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(isolated(device.name), "strong"))
        used = self.tr("this device") if device.current else self.tr("last used {when}")
        words.addWidget(label(used.format(when=moment_text(device.used_at)), "muted", wraps=True))
        row.addLayout(words, 1)
        if not device.current:
            name = self.tr("Sign {device} out").format(device=device.name)
            row.addWidget(button(self.tr("Sign out"), lambda: self.end_wanted.emit(device.id), name=name))
        return row

    def _password(self) -> QHBoxLayout:
        row = QHBoxLayout()
        typed = QLineEdit()
        typed.setEchoMode(QLineEdit.EchoMode.Password)
        typed.setAccessibleName(self.tr("New password"))
        typed.setPlaceholderText(self.tr("At least {count} characters").format(count=_PASSWORD_CHARS))
        row.addWidget(typed, 1)
        given = button(self.tr("Set password"), lambda: self.password_given.emit(typed.text()))
        given.setEnabled(False)
        typed.textChanged.connect(lambda text: given.setEnabled(len(text) >= _PASSWORD_CHARS))
        row.addWidget(given)
        return row

    def _add_host(self, lines: QVBoxLayout, page: HostPage) -> None:
        lines.addSpacing(10)
        lines.addWidget(label(self.tr("Who may join"), "title"))
        choice = ChoiceBox(self._theme, self.tr("Who may join"))
        texts = {
            "open": self.tr("Anyone on this network"),
            "code": self.tr("Who has the join code"),
            "closed": self.tr("Nobody new"),
        }
        for policy, text in texts.items():
            choice.addItem(text, policy)
        choice.setCurrentIndex(list(texts).index(page.policy))
        choice.activated.connect(lambda place: self.policy_wanted.emit(choice.itemData(place)))
        lines.addWidget(choice)
        row = QHBoxLayout()
        code = label(self.tr("Join code: {code}").format(code=page.code), wraps=True)
        code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(code, 1)
        row.addWidget(button(self.tr("New code"), self.code_wanted.emit))
        lines.addLayout(row)

    def _line(self, entry: AuditEntry, page: HostPage) -> str:
        """One line of the log in words; the verbs are the host's own."""

        def name(user: str | None) -> str:
            return isolated(page.names.get(user or "", "") or self.tr("somebody who left"))

        verbs = {
            "kick": self.tr("{actor} signed {target} out"),
            "ban": self.tr("{actor} banned {target}"),
            "lift_ban": self.tr("{actor} lifted the ban of {target}"),
            "mute": self.tr("{actor} muted {target}"),
            "lift_mute": self.tr("{actor} lifted the mute of {target}"),
            "reset": self.tr("{actor} made a one-time code for {target}"),
            "delete": self.tr("{actor} deleted a message of {target}"),
            "change_role": self.tr("{actor} changed the role of {target}"),
            "change_room": self.tr("{actor} changed the room"),
            "change_policy": self.tr("{actor} changed who may join"),
            "change_code": self.tr("{actor} made a new join code"),
            "change_name": self.tr("{actor} renamed the host"),
            "make_invite": self.tr("{actor} made a personal invite"),
            "revoke_invite": self.tr("{actor} withdrew a personal invite"),
        }
        said = verbs.get(entry.verb, "{actor}: " + entry.verb)
        line = said.format(actor=name(entry.actor), target=name(entry.target))
        if entry.reason:
            line += f" ({isolated(entry.reason)})"
        return f"{moment_text(entry.at)} — {line}"
