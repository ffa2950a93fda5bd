"""The doctor's page: one line a check, green or red, with what to do about the red ones, and all of it to copy."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QPixmap
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.findings import (
    CONTEXT,
    MARKS,
    TITLES,
    Finding,
    Verdict,
    advice,
    report,
    sentence,
)
from mrsambosk_desktop.delegates.icons import pixmap

from .parts import button, label
from .theme import Theme

#: Its drawing, and the token of its colour.
_LOOKS: Final = {
    Verdict.GOOD: ("check", "ok"),
    Verdict.BAD: ("alert", "danger"),
    Verdict.NOTE: ("info", "muted"),
    Verdict.UNREAD: ("lock", "away"),
}
_ICON: Final = 18


def translated(text: str) -> str:
    """A finding's words in the language of the window."""
    return QCoreApplication.translate(CONTEXT, text)


class DoctorDialog(QDialog):
    """Open with `open()`, then `show_looking` and `show_findings`. Signal `again_wanted`: look once more."""

    again_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._most = theme, parent.size()
        self._findings: tuple[Finding, ...] = ()
        self._page = QWidget()
        self.setWindowTitle(self.tr("Check the connection"))
        self.setAccessibleName(self.tr("Check the connection"))
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.summary = label(role="title", wraps=True)
        self._area = QScrollArea()
        self._area.setObjectName("keys")
        self._area.setAccessibleName(self.tr("What was found"))
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.copy = button(self.tr("Copy report"), self._copy_report)
        self.again = button(self.tr("Check again"), self.again_wanted.emit)
        self._copied = label(role="muted")
        self.done_button = button(self.tr("Done"), self.accept, "primary")
        foot = QHBoxLayout()
        foot.addWidget(self.copy)
        foot.addWidget(self.again)
        foot.addWidget(self._copied, 1)
        foot.addWidget(self.done_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(self.summary)
        box.addWidget(self._area, 1)
        box.addLayout(foot)
        theme.changed.connect(self._list)
        self.show_looking()

    def open(self) -> None:
        """Shows it beside the window, without blocking it."""
        self._theme.dress(self)
        scale = max(self._theme.scale, 1.0)
        self.resize(min(round(600 * scale), self._most.width()), min(round(560 * scale), self._most.height()))
        self.show()
        self.raise_()
        self.done_button.setFocus()

    def show_looking(self) -> None:
        """It takes some seconds: what was found before is out of date."""
        self._findings = ()
        self._copied.clear()
        self.summary.setText(self.tr("Looking…"))
        self._enable(looking=True)
        self._list()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """What was found."""
        self._findings = tuple(findings)
        bad = sum(one.verdict is Verdict.BAD for one in findings)
        if bad:
            self.summary.setText(self.tr("Problems found: {count}").format(count=bad))
        else:
            self.summary.setText(self.tr("Nothing is in the way, as far as can be seen from here"))
        self._enable(looking=False)
        self._list()
        if bad:
            # What is red must not wait below the edge.
            first = next(row for row in self.rows() if row.property("verdict") == Verdict.BAD.value)
            QTimer.singleShot(0, first, lambda: self._area.ensureWidgetVisible(first, 0, 40))

    def rows(self) -> list[QFrame]:
        """One for each check, in order."""
        return self._page.findChildren(QFrame, "finding", Qt.FindChildOption.FindDirectChildrenOnly)

    def _enable(self, *, looking: bool) -> None:
        for one in (self.copy, self.again):
            one.setEnabled(not looking)

    def _list(self) -> None:
        page = self._page = QWidget()
        page.setObjectName("keys_page")
        box = QVBoxLayout(page)
        # Room for the scroll bar, on whichever side it is.
        box.setContentsMargins(10 if page.isRightToLeft() else 0, 0, 0 if page.isRightToLeft() else 10, 0)
        box.setSpacing(8)
        if not self._findings:
            words = self.tr("Port, addresses, firewall, VPN and announcements: a few seconds.")
            box.addWidget(label(words, "muted", wraps=True))
        for finding in self._findings:
            box.addWidget(self._row(finding))
        box.addStretch(1)
        self._area.setWidget(page)

    def _row(self, finding: Finding) -> QFrame:
        row = QFrame()
        row.setObjectName("finding")
        row.setProperty("verdict", finding.verdict.value)
        row.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        told, todo = sentence(finding, translated), advice(finding, translated) if finding.advice else ""
        title, mark = translated(TITLES[finding.check]), translated(MARKS[finding.verdict])
        row.setAccessibleName(" ".join(part for part in (f"{title}: {mark}.", told, todo, *finding.commands) if part))
        across = QHBoxLayout(row)
        across.setContentsMargins(12, 10, 12, 10)
        across.setSpacing(12)
        across.addWidget(self._mark(finding.verdict, mark), 0, Qt.AlignmentFlag.AlignTop)
        down = QVBoxLayout()
        down.setSpacing(3)
        head = QHBoxLayout()
        head.addWidget(label(title, "strong"))
        head.addStretch(1)
        if finding.verdict is not Verdict.GOOD:
            # Never by colour alone.
            head.addWidget(label(mark, "problem" if finding.verdict is Verdict.BAD else "small"))
        down.addLayout(head)
        down.addWidget(_selectable(label(told, wraps=True)))
        if todo:
            down.addWidget(label(todo, "muted", wraps=True))
        if finding.commands:
            down.addWidget(self._commands(finding.commands))
        across.addLayout(down, 1)
        return row

    def _mark(self, verdict: Verdict, name: str) -> QLabel:
        drawing, token = _LOOKS[verdict]
        mark = label()
        mark.setAccessibleName(name)
        mark.setPixmap(QPixmap(pixmap(drawing, getattr(self._theme.tokens, token).name(), _ICON, 2.0)))
        mark.setFixedSize(_ICON, _ICON)
        return mark

    def _commands(self, commands: Sequence[str]) -> QFrame:
        """What to type, always from left to right."""
        frame = QFrame()
        frame.setObjectName("command")
        text = "\n".join(commands)
        # A long path has no blank to break at; a zero-width one lets it wrap and is not copied by the button.
        shown = _selectable(label("\n".join(command.replace("/", "/\u200b") for command in commands), wraps=True))
        shown.setAccessibleName(self.tr("What to type"))
        shown.setProperty("role", "command")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        shown.setFont(font)
        shown.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        copy = button(self.tr("Copy"), lambda: self._copy(text), name=self.tr("Copy what to type"))
        line = QHBoxLayout(frame)
        line.setContentsMargins(10, 6, 6, 6)
        line.addWidget(shown, 1)
        line.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        return frame

    def _copy_report(self) -> None:
        self._copy(report(self._findings, translated))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._copied.setText(self.tr("Copied"))


def _selectable(words: QLabel) -> QLabel:
    flag = Qt.TextInteractionFlag
    words.setTextInteractionFlags(flag.TextSelectableByMouse)
    return words
