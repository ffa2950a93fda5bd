"""What is known of one message, in the right pane: when, changed how, by whom, who reacted, and who has seen it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.bodies import excerpt
from mrsambosk_desktop.models.entries import Key, TimelineRow
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.wording import isolated, moment_text, name_of

from .parts import ElidedLabel, IconButton, inset, label
from .theme import Theme


class DetailsPage(QWidget):
    """`closed` when it is no longer wanted."""

    closed = Signal()

    def __init__(self, theme: Theme, members: MemberModel) -> None:
        super().__init__()
        self._members = members
        self._row: TimelineRow | None = None
        self._seen: tuple[str, ...] = ()
        self._seen_known = False
        close = self.close_button = IconButton(theme, "close", self.tr("Close details"), size=18)
        close.clicked.connect(lambda _checked=False: self.closed.emit())
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Message details"), "strong"), 1)
        head.addWidget(close)
        self._excerpt = ElidedLabel(role="muted")
        self._lines = QVBoxLayout()
        self._lines.setSpacing(3)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 10)
        inside.addLayout(inset(self._lines))
        inside.addStretch(1)
        area = self._area = QScrollArea()
        area.setObjectName("details")
        area.setAccessibleName(self.tr("Message details"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        # Else it is of the window's ground, not the pane's.
        content.setAutoFillBackground(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 0)
        box.setSpacing(8)
        box.addLayout(inset(head))
        box.addLayout(inset(self._excerpt))
        box.addWidget(area, 1)

    @property
    def key(self) -> Key | None:
        """Which row it is about."""
        return self._row.key if self._row is not None else None

    def show_row(self, row: TimelineRow) -> None:
        """What the row itself says; who has seen it comes by `set_seen`."""
        self._row = row
        self._seen, self._seen_known = row.seen_by, False
        self._fill()
        self._area.verticalScrollBar().setValue(0)

    def follow(self, row: TimelineRow) -> None:
        """The row it is about has changed; whoever is known to have seen it still has."""
        self._row = row
        self._seen = tuple(dict.fromkeys((*self._seen, *row.seen_by)))
        self._fill()

    def set_seen(self, id: int, users: tuple[str, ...]) -> None:
        """Who has read up to this message; ignored when another one is shown."""
        if self._row is not None and self._row.key == id:
            self._seen, self._seen_known = users, True
            self._fill()

    def lines(self) -> list[tuple[str, str]]:
        """What is shown: titles, and the words below each."""
        row, message = self._row, self._row.message if self._row is not None else None
        if row is None or message is None:
            return []
        lines = [(self.tr("From"), self._name(message.author)), (self.tr("Sent"), moment_text(message.sent_at))]
        if message.edited_at is not None:
            lines.append((self.tr("Edited"), moment_text(message.edited_at)))
        if message.pinned_at is not None:
            lines.append((self.tr("Pinned by"), self._name(message.pinned_by)))
        if message.deleted_at is not None:
            lines.append((self.tr("Deleted"), moment_text(message.deleted_at)))
            lines.append((self.tr("Deleted by"), self._name(message.deleted_by)))
        for emoji, who in message.reactions.items():
            lines.append((emoji, ", ".join(self._name(user) for user in who)))
        if self._seen:
            lines.append((self.tr("Seen by"), ", ".join(self._name(user) for user in self._seen)))
        elif self._seen_known and not row.deleted:
            lines.append((self.tr("Seen by"), self.tr("nobody yet")))
        return lines

    def _name(self, user: str | None) -> str:
        if user == self._members.me:
            return self.tr("You")
        return isolated(name_of(self._members.users.get(user) if user else None))

    def _fill(self) -> None:
        row = self._row
        self._excerpt.setText(excerpt(row.blocks) if row is not None and not row.deleted else "")
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                # Deleted later, but gone now: what is new is drawn where it was.
                widget.hide()
                widget.deleteLater()
        for title, text in self.lines():
            self._lines.addSpacing(5)
            self._lines.addWidget(label(title, "small"))
            self._lines.addWidget(label(text, wraps=True))
