"""The one slot above the timeline that says how it stands with the host, or what just went wrong.

What it says is computed from the connection's state and how long it has been so; nothing is said for a blip.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout

from mrsambosk_desktop.core.rows import ConnectionState, Link

from .parts import IconButton, button, label, repolish
from .theme import Theme

translate = QCoreApplication.translate

QUIET_SECONDS: Final = 2.0
SHORT_SECONDS: Final = 10.0
BACK_SECONDS: Final = 3.0
PROBLEM_SECONDS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What the slot shows. `until` is when it may change by itself (monotonic), None when only news changes it."""

    text: str = ""
    kind: str = "warn"
    try_again: bool = False
    until: float | None = None


def notice_for(
    state: ConnectionState, *, since: float, now: float, was_live: bool, live_since: float, hosted_by: str
) -> Notice:
    """What to say.

    Args:
        since: when the connection was last lost (monotonic), for every state but `LIVE` and `STOPPED`.
        live_since: when it last became `LIVE`.
        was_live: whether it ever was, which makes it *re*connecting.
    """
    if state.link is Link.LIVE:
        if state.missed and now < live_since + BACK_SECONDS:
            return Notice(_missed(state.missed), "good", until=live_since + BACK_SECONDS)
        return Notice()
    if state.link is Link.STOPPED:
        return Notice(state.reason or _stopped(hosted_by, state.host_name), "bad", try_again=True)
    if state.here:
        text = state.reason
    elif now < since + QUIET_SECONDS:
        return Notice(until=since + QUIET_SECONDS)
    elif now < since + SHORT_SECONDS:
        text = translate("Banner", "Reconnecting…") if was_live else translate("Banner", "Connecting…")
        return Notice(text, until=since + SHORT_SECONDS)
    else:
        text = _no_connection(hosted_by, state.host_name)
    if state.retry_at is None or state.link is not Link.RETRYING:
        return Notice(text, try_again=state.link is Link.OFFLINE)
    left = state.retry_at - now
    if left <= 0:
        return Notice(f"{text} {translate('Banner', 'Trying again…')}")
    seconds = math.ceil(left)
    text = f"{text} {translate('Banner', 'Trying again in {seconds} s').format(seconds=seconds)}"
    return Notice(text, try_again=True, until=state.retry_at - (seconds - 1))


def _missed(count: int) -> str:
    if count == 1:
        return translate("Banner", "1 message while you were away")
    return translate("Banner", "%n messages while you were away", "", count)


def _stopped(hosted_by: str, host_name: str) -> str:
    if hosted_by:
        return translate("Banner", "{name} stopped hosting.").format(name=f"\u2068{hosted_by}\u2069")
    return translate("Banner", "{host} is no longer hosted.").format(host=f"\u2068{host_name}\u2069")


def _no_connection(hosted_by: str, host_name: str) -> str:
    if hosted_by:
        return translate("Banner", "No connection to {name}'s host.").format(name=f"\u2068{hosted_by}\u2069")
    return translate("Banner", "No connection to {host}.").format(host=f"\u2068{host_name}\u2069")


class Banner(QFrame):
    """Shows the notice, keeps its time. A problem told with `show_problem` stands over it for a while.

    Signals: `try_again`; `cut_off` (whether) once the want of a connection is no blip any more, and when it is back.
    """

    try_again = Signal()
    cut_off = Signal(bool)

    def __init__(self, theme: Theme, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._clock = clock
        self._state = ConnectionState(Link.LIVE)
        self._since = self._live_since = clock()
        self._was_live = False
        self._is_cut_off = False
        self._announced = ""
        self._hosted_by = ""
        self._problem = ""
        self._problem_until = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        self._text = label(wraps=True)
        self._again = button(self.tr("Try now"), self.try_again.emit)
        self._close = IconButton(theme, "close", self.tr("Dismiss"), size=16)
        self._close.clicked.connect(lambda _checked=False: self._dismiss())
        line = QHBoxLayout(self)
        line.setContentsMargins(18, 7, 12, 7)
        line.addWidget(self._text, 1)
        line.addWidget(self._again)
        line.addWidget(self._close)
        self.hide()

    @property
    def text(self) -> str:
        """What it says now; empty when it is not shown."""
        return self._text.text() if not self.isHidden() else ""

    def set_state(self, state: ConnectionState) -> None:
        """How it stands with the host."""
        now = self._clock()
        settled = (Link.LIVE, Link.STOPPED)
        if state.link is Link.LIVE and (self._state.link is not Link.LIVE or state.missed):
            self._live_since = now
        if state.link not in settled and (self._state.link in settled):
            self._since = now
        self._was_live = self._was_live or state.link is Link.LIVE
        self._state = state
        self.refresh()

    def set_hosted_by(self, name: str) -> None:
        """Whose host it is, for the sentences that name them."""
        self._hosted_by = name
        self.refresh()

    def show_problem(self, sentence: str) -> None:
        """One sentence about what just failed; it goes by itself, or when dismissed."""
        self._problem = sentence
        self._problem_until = self._clock() + PROBLEM_SECONDS
        self.refresh()

    def refresh(self) -> None:
        """Shows what holds now, and wakes again when that may change by itself."""
        now = self._clock()
        self._tell_cut_off(now)
        if self._problem and now >= self._problem_until:
            self._problem = ""
        if self._problem:
            blip_ends = self._since + QUIET_SECONDS
            until = min(self._problem_until, blip_ends) if now < blip_ends else self._problem_until
            self._show(Notice(self._problem, "bad", until=until), dismissable=True)
            return
        self._show(
            notice_for(
                self._state,
                since=self._since,
                now=now,
                was_live=self._was_live,
                live_since=self._live_since,
                hosted_by=self._hosted_by,
            )
        )

    def _tell_cut_off(self, now: float) -> None:
        connected = self._state.link in (Link.LIVE, Link.CATCHING_UP)
        over = self._state.link is Link.STOPPED or now >= self._since + QUIET_SECONDS
        is_cut_off = not connected and (over or self._is_cut_off)
        if is_cut_off is not self._is_cut_off:
            self._is_cut_off = is_cut_off
            self.cut_off.emit(is_cut_off)

    def _dismiss(self) -> None:
        self._problem = ""
        self.refresh()

    def _announce(self, text: str) -> None:
        """A screen reader says it, wherever the focus is; not each second of a count."""
        said = "".join(char for char in text if not char.isdigit())
        if said and said != self._announced:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
        self._announced = said

    def _show(self, notice: Notice, *, dismissable: bool = False) -> None:
        if self._text.text() != notice.text:
            self._text.setText(notice.text)
            self.setAccessibleName(notice.text)
            self._announce(notice.text)
        if self.property("kind") != notice.kind:
            self.setProperty("kind", notice.kind)
            repolish(self)
            repolish(self._text)
        self._again.setVisible(notice.try_again)
        self._close.setVisible(dismissable)
        self.setVisible(bool(notice.text))
        if notice.until is None:
            self._timer.stop()
        else:
            # Timers fire up to a twentieth early: the deadline decides, not the timer.
            self._timer.start(max(10, math.ceil((notice.until - self._clock()) * 1000) + 5))
