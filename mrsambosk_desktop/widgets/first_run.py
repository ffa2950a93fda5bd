"""The first page: what others call you, then Join and Host side by side. Nothing is asked twice."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.nearby import FoundHost
from mrsambosk_desktop.core.networks import Network
from mrsambosk_desktop.delegates.icons import pixmap
from mrsambosk_protocol.invite import BadInvite, parse_invite
from mrsambosk_protocol.limits import Limits, Refused
from mrsambosk_protocol.text import check_name

from .nearby import NearbyList
from .network_list import NetworkList
from .parts import ChoiceBox, button, label
from .theme import Theme

_WIDE = 640


class FirstRun(QWidget):
    """Signals: `host_requested` (name, room name, policy: open, code or closed); `join_requested` (name, address or
    invite); `found_requested` (name, a host found on the network, join code or ""); `back_requested`;
    `check_requested`: look why the last join failed."""

    host_requested = Signal(str, str, str)
    join_requested = Signal(str, str)
    found_requested = Signal(str, object, str)
    check_requested = Signal()
    back_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("first_run")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._limits = Limits()
        self._mark = label()
        self._mark.setAccessibleName(self.tr("Mrsambosk"))
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Your name"))
        self.name.setMaxLength(self._limits.name_chars)
        self.address = QLineEdit()
        self.address.setAccessibleName(self.tr("Address or invite"))
        self.address.setPlaceholderText(self.tr("192.168.1.20 or mrsambosk://…"))
        self.nearby = NearbyList(theme)
        self.copied = button(self.tr("Use the copied invite"), self._use_copied)
        self.room = QLineEdit()
        self.room.setAccessibleName(self.tr("Room name"))
        self.room.setPlaceholderText(self.tr("Staff room"))
        self.room.setMaxLength(self._limits.name_chars)
        self.policy = ChoiceBox(theme, self.tr("Who may join"))
        for text, value in (
            (self.tr("Anyone on this network"), "open"),
            (self.tr("People with the code"), "code"),
            (self.tr("Only people I add"), "closed"),
        ):
            self.policy.addItem(text, value)
        self.networks = NetworkList(theme)
        self._where = label(self.tr("On which network"), "small")
        self._where.setBuddy(self.networks)
        self.join = button(self.tr("Join"), self._join, "big")
        self.host = button(self.tr("Host"), self._host, "big", name=self.tr("Host a room"))
        self.back = button(self.tr("Back to the room"), self.back_requested.emit)
        self.back.hide()
        self._problem = label(role="problem", wraps=True, centred=True)
        self.check = button(self.tr("Check the connection"), self.check_requested.emit)
        self._busy = label(role="muted", wraps=True, centred=True)

        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(16)
        self._cards.addWidget(
            self._card(
                self.tr("Join a room"),
                self.tr("Enter the address or the invite you were given."),
                ((self.tr("Address or invite"), self.address),),
                self.join,
                self.nearby,
                self.copied,
            ),
            1,
        )
        self._cards.addWidget(
            self._card(
                self.tr("Host a room"),
                self.tr("This computer keeps the room; others join over your network."),
                ((self.tr("Room name"), self.room), (self.tr("Who may join"), self.policy)),
                self.host,
                last=(self._where, self.networks),
            ),
            1,
        )
        self._build(theme)
        self.name.textChanged.connect(self._enable)
        self.address.textChanged.connect(self._enable)
        self.address.returnPressed.connect(self._join)
        self.room.returnPressed.connect(self._host)
        self.nearby.chosen.connect(self._join_found)
        QGuiApplication.clipboard().dataChanged.connect(self._offer_copied)
        theme.changed.connect(self._follow_theme)
        self._waiting = False
        self._follow_theme()
        self.set_busy(None)
        self.show_problem("")
        self.set_networks(None)

    def set_name(self, name: str) -> None:
        """Fills in what others call this person."""
        self.name.setText(name)

    def offer(self, link: str, *, may_go_back: bool) -> None:
        """An address or invite to join, if the person wants to; else they can go back to the room that is open."""
        self.address.setText(link)
        self.address.setCursorPosition(0)
        self.back.setVisible(may_go_back)
        self.join.setFocus()

    def set_busy(self, text: str | None) -> None:
        """While something is under way its words are shown and nothing can be asked again; None: ready."""
        self._waiting = text is not None
        self._busy.setText(text or "")
        self._busy.setVisible(bool(text))
        if text is not None:
            self.show_problem("")
        for field in (self.name, self.address, self.room, self.policy, self.networks, self.nearby, self.copied):
            field.setEnabled(text is None)
        self._enable()

    def show_problem(self, sentence: str) -> None:
        """What went wrong, in one sentence; empty: nothing."""
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))
        self.check.setVisible(False)
        if sentence:
            self.set_busy(None)
            # It stands below the cards; where they fill the page it is brought into view once laid out.
            QTimer.singleShot(0, self._problem, lambda: self._area.ensureWidgetVisible(self._problem))

    def offer_check(self) -> None:
        """The problem that shows is one of the way to a host: `check_requested` looks into it."""
        self.check.setVisible(True)
        QTimer.singleShot(0, self.check, lambda: self._area.ensureWidgetVisible(self.check))

    def set_found(self, hosts: Sequence[FoundHost]) -> None:
        """Hosts found nearby, to pick one of."""
        self.nearby.set_hosts(hosts)

    def set_networks(self, networks: Sequence[Network] | None, ticked: Sequence[Network] | None = None) -> None:
        """Where one can host; None: that is settled already and not asked."""
        for widget in (self._where, self.networks):
            widget.setVisible(networks is not None)
        self.networks.set_networks(networks or (), ticked)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._offer_copied()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stack_cards()

    def _stack_cards(self) -> None:
        """The cards under each other where they would be too narrow for their text."""
        wide = self.width() >= _WIDE * max(self._theme.scale, 1.0)
        self._cards.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _card(
        self,
        title: str,
        about: str,
        fields: tuple[tuple[str, QWidget], ...],
        act: QWidget,
        *first: QWidget,
        last: tuple[QWidget, ...] = (),
    ) -> QFrame:
        frame = QFrame()
        frame.setObjectName("page_card")
        box = QVBoxLayout(frame)
        box.setContentsMargins(20, 18, 20, 18)
        box.setSpacing(6)
        box.addWidget(label(title, "card"))
        box.addWidget(label(about, "muted", wraps=True))
        box.addSpacing(6)
        for part in first:
            box.addWidget(part)
        for words, field in fields:
            beside = label(words, "small")
            beside.setBuddy(field)
            box.addWidget(beside)
            box.addWidget(field)
            box.addSpacing(4)
        for part in last:
            box.addWidget(part)
        box.addStretch(1)
        box.addSpacing(6)
        box.addWidget(act)
        return frame

    def _build(self, theme: Theme) -> None:
        inside = QWidget()
        inside.setObjectName("first_run")
        inside.setMaximumWidth(760)
        box = QVBoxLayout(inside)
        box.setContentsMargins(20, 20, 20, 20)
        box.setSpacing(8)
        box.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        box.addWidget(self._mark, 0, centre)
        box.addWidget(label(self.tr("Welcome to Mrsambosk"), "page", wraps=True, centred=True))
        box.addWidget(
            label(self.tr("The chat room that lives on your own network."), "muted", wraps=True, centred=True)
        )
        box.addSpacing(14)
        asked = label(self.tr("What others call you"), "small")
        asked.setBuddy(self.name)
        named = QHBoxLayout()
        named.addStretch(1)
        named.addWidget(self.name, 100)
        named.addStretch(1)
        box.addWidget(asked, 0, centre)
        box.addLayout(named)
        box.addSpacing(16)
        box.addLayout(self._cards)
        box.addSpacing(6)
        box.addWidget(self.back, 0, centre)
        box.addWidget(self._busy)
        box.addWidget(self._problem)
        box.addWidget(self.check, 0, centre)
        box.addStretch(3)
        area = self._area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setAccessibleName(self.tr("Welcome"))
        middle = QWidget()
        middle.setObjectName("first_run")
        across = QHBoxLayout(middle)
        across.setContentsMargins(0, 0, 0, 0)
        across.addStretch(1)
        across.addWidget(inside, 100)
        across.addStretch(1)
        area.setWidget(middle)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _follow_theme(self) -> None:
        self.name.setMaximumWidth(self._theme.px(300))
        self._stack_cards()
        size = 56
        made = QPixmap(pixmap("mrsambosk", self._theme.tokens.accent_fill.name(), size, 2.0))
        self._mark.setPixmap(made)
        self._mark.setFixedSize(QSize(size, size))

    def _enable(self) -> None:
        named = bool(self.name.text().strip()) and not self._waiting
        self.host.setEnabled(named)
        self.join.setEnabled(named and bool(self.address.text().strip()))

    def _checked_name(self, text: str) -> str | None:
        try:
            return check_name(text, self._limits)
        except Refused as refusal:
            self.show_problem(refusal.text)
            return None

    def _join(self) -> None:
        if not self.join.isEnabled():
            return
        self.show_problem("")
        if (name := self._checked_name(self.name.text())) is not None:
            self.join_requested.emit(name, self.address.text().strip())

    def _join_found(self, host: FoundHost, code: str) -> None:
        self.show_problem("")
        if (name := self._checked_name(self.name.text())) is not None:
            self.found_requested.emit(name, host, code)

    def _copied_invite(self) -> str:
        """The invite on the clipboard; empty when there is none."""
        text = QGuiApplication.clipboard().text().strip()
        try:
            parse_invite(text)
        except BadInvite:
            return ""
        return text

    def _offer_copied(self) -> None:
        """An invite on the clipboard is offered, never used by itself."""
        if self.isVisible():
            self.copied.setVisible(bool(self._copied_invite()))

    def _use_copied(self) -> None:
        self.address.setText(self._copied_invite())
        self.address.setFocus()
        self._join()

    def _host(self) -> None:
        if not self.host.isEnabled():
            return
        self.show_problem("")
        room = self.room.text().strip() or self.room.placeholderText()
        if (name := self._checked_name(self.name.text())) is None or (room_name := self._checked_name(room)) is None:
            return
        self.host_requested.emit(name, room_name, self.policy.currentData())
