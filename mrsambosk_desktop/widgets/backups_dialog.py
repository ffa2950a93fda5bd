"""The backups of the room hosted here: which there are, one more, whether they are whole, one in the room's place."""

from PySide6.QtCore import QLocale, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from mrsambosk_desktop.core.backups import Backup, BackupsPage, Soundness
from mrsambosk_desktop.models.wording import isolated, when_text

from .parts import button, label
from .question import question
from .theme import Theme


class BackupsDialog(QDialog):
    """Open with `open()`; `show_page` fills it. Signals: `back_up_wanted`, `check_wanted`, `restore_wanted` (file)."""

    back_up_wanted = Signal()
    check_wanted = Signal()
    restore_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._page = BackupsPage("")
        title = self.tr("Backups of your room")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowModality(Qt.WindowModality.NonModal)
        why = self.tr(
            "While you host, the room is backed up every hour. Each backup is checked when it is made; the newest are "
            "kept. They lie on this computer: copy them elsewhere now and then."
        )
        self.problem = label(role="problem", wraps=True)
        self.told = label(role="muted", wraps=True)
        for words, name in ((self.problem, self.tr("What is wrong")), (self.told, self.tr("What was done"))):
            words.setAccessibleName(name)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.hide()
        self.offer = button(self.tr("Restore the newest good backup…"), self._ask_offered, "primary")
        self.offer.hide()
        self.rows: list[QPushButton] = []
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(title)
        self.back_up = button(self.tr("Back up now"), self.back_up_wanted.emit)
        self.check = button(self.tr("Check"), self.check_wanted.emit, name=self.tr("Check the room and its backups"))
        self.show_folder = button(self.tr("Show in folder"), self._show_folder)
        foot = QHBoxLayout()
        for one in (self.back_up, self.check, self.show_folder):
            foot.addWidget(one)
        foot.addStretch(1)
        foot.addWidget(button(self.tr("Close"), self.close))
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(10)
        box.addWidget(label(title, "title"))
        box.addWidget(label(why, "muted", wraps=True))
        box.addWidget(self.problem)
        box.addWidget(self.offer, 0, Qt.AlignmentFlag.AlignLeading)
        box.addWidget(self._area, 1)
        box.addWidget(self.told)
        box.addLayout(foot)
        self.resize(min(520, parent.width() - 40), min(520, parent.height() - 40))

    def open(self) -> None:
        """Shows it beside the window, without blocking it."""
        self._theme.dress(self)
        self.show()
        self.raise_()
        (self.offer if self._page.offered else self.back_up).setFocus()

    def show_page(self, page: BackupsPage) -> None:
        """How it stands now."""
        listed = (page.backups, page.offered) != (self._page.backups, self._page.offered) or not self.rows
        self._page = page
        self.problem.setText(page.problem)
        self.problem.setVisible(bool(page.problem))
        self.told.setText(page.busy or page.told)
        self.told.setVisible(bool(page.busy or page.told))
        self.offer.setVisible(bool(page.offered))
        if listed:
            self._list(page)
        for one in (self.back_up, self.check, self.offer, *self.rows):
            one.setEnabled(not page.busy)
        self.show_folder.setEnabled(bool(page.backups))

    def _list(self, page: BackupsPage) -> None:
        content = QWidget()
        content.setObjectName("page")
        across = QHBoxLayout(content)
        across.setContentsMargins(0, 2, 0, 2)
        lines = QVBoxLayout()
        across.addLayout(lines, 1)
        across.addSpacing(8)  # before the scroll bar, on whichever side it is
        lines.setSpacing(10)
        self.rows = []
        for backup in page.backups or ():
            lines.addWidget(self._row(backup))
        if page.backups == ():
            lines.addWidget(label(self.tr("There are no backups yet."), "muted"))
        lines.addStretch(1)
        self._area.setWidget(content)

    def _row(self, backup: Backup) -> QFrame:
        frame = QFrame()
        frame.setObjectName("page_card")
        across = QHBoxLayout(frame)
        across.setContentsMargins(14, 10, 12, 10)
        words = QVBoxLayout()
        words.setSpacing(2)
        when = when_text(backup.made_at)
        words.addWidget(label(isolated(when), "strong"))
        locale = QLocale()
        parts = [isolated(locale.formattedDataSize(backup.bytes, 1))]
        if backup.messages is not None:
            parts.append(self._count(backup.messages))
        words.addWidget(label(" · ".join(parts), "muted", wraps=True))
        damaged = backup.soundness is Soundness.DAMAGED
        state = {
            Soundness.MADE_GOOD: self.tr("Checked when it was made"),
            Soundness.GOOD: self.tr("Checked again: whole"),
            Soundness.DAMAGED: self.tr("Damaged: it can't be restored"),
        }[backup.soundness]
        words.addWidget(label(state, "problem" if damaged else "small", wraps=True))
        across.addLayout(words, 1)
        if not damaged:
            name = self.tr("Restore the backup of {when}").format(when=when)
            restore = button(self.tr("Restore…"), lambda: self._ask(backup), name=name)
            self.rows.append(restore)
            across.addWidget(restore, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def _count(self, messages: int) -> str:
        if messages == 1:
            return self.tr("1 message")
        return self.tr("{count} messages").format(count=isolated(QLocale().toString(messages)))

    def _ask_offered(self) -> None:
        for backup in self._page.backups or ():
            if backup.file == self._page.offered:
                self._ask(backup)

    def _ask(self, backup: Backup) -> None:
        when = isolated(when_text(backup.made_at))
        details = self.tr(
            "The room goes back to how it was then: what was written later is gone from it. What was deleted since "
            "stays deleted, and who was banned since stays banned, as far as the room can still be read.\n\n"
            "The room is closed for a moment, and everyone's app fetches it anew, once. The room as it is now is "
            "kept beside it as a file."
        )
        text = self.tr("Restore the backup of {when}?").format(when=when)
        box = question(self, self._theme, text, details, self.tr("Restore"))
        box.accepted.connect(lambda: self.restore_wanted.emit(backup.file))
        box.open()

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._page.folder))
