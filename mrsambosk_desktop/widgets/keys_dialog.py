"""The page that lists every key there is, and the few choices that have no place elsewhere."""

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from .parts import CheckBox, button, label
from .theme import Theme

translate = QCoreApplication.translate


def key_table(*, ctrl_enter: bool) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Sections of (keys, what they do). Several keys for one thing stand apart by a blank."""
    sends, breaks = ("Ctrl+Enter", "Enter") if ctrl_enter else ("Enter", "Shift+Enter")
    return (
        (
            translate("Keys", "Writing"),
            (
                (sends, translate("Keys", "Send")),
                (breaks, translate("Keys", "New line")),
                ("Up", translate("Keys", "In an empty field: edit your last message")),
                ("Ctrl+B", translate("Keys", "Bold")),
                ("Ctrl+I", translate("Keys", "Italic")),
                ("Ctrl+E", translate("Keys", "Code")),
                ("@", translate("Keys", "Mention someone")),
                (":", translate("Keys", "Emoji by name")),
                ("Esc", translate("Keys", "Close what is open, one thing at a time")),
            ),
        ),
        (
            translate("Keys", "Messages"),
            (
                ("R Alt+R", translate("Keys", "Reply to the selected message")),
                ("E", translate("Keys", "Edit the selected message")),
                ("Del", translate("Keys", "Delete the selected message, with Undo")),
                ("Shift+Del", translate("Keys", "Delete it at once")),
                ("Ctrl+C", translate("Keys", "Copy what is selected")),
                ("Enter Shift+F10", translate("Keys", "What can be done with the selected message")),
                ("Ctrl+End", translate("Keys", "To the latest message")),
            ),
        ),
        (
            translate("Keys", "Window"),
            (
                ("Ctrl+F", translate("Keys", "Find in this room")),
                ("Ctrl+Shift+F", translate("Keys", "Find everywhere")),
                ("Ctrl+K", translate("Keys", "Go to a room or a person")),
                ("Alt+Up Alt+Down", translate("Keys", "Previous or next room")),
                ("Alt+Shift+Up Alt+Shift+Down", translate("Keys", "Previous or next unread room")),
                ("F6 Shift+F6", translate("Keys", "Next or previous pane")),
                ("Ctrl+.", translate("Keys", "Show or hide the people")),
                ("Ctrl++ Ctrl+-", translate("Keys", "Larger or smaller text")),
                ("Ctrl+0", translate("Keys", "Text in its usual size")),
                ("Ctrl+/", translate("Keys", "This list")),
            ),
        ),
    )


class KeysDialog(QDialog):
    """Opened with `open()`. `ctrl_enter_changed`, `less_motion_changed`, `autostart_changed` (on) come from its boxes,
    `report_wanted` from the button for a report on the app.

    Args:
        autostart: whether the app starts with the session; None where it can't, and the box does not show.
    """

    ctrl_enter_changed = Signal(bool)
    less_motion_changed = Signal(bool)
    autostart_changed = Signal(bool)
    report_wanted = Signal()

    def __init__(
        self, theme: Theme, parent: QWidget, *, ctrl_enter: bool, less_motion: bool, autostart: bool | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._most = theme, parent.size()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keys"))
        self.setAccessibleName(self.tr("Keys"))
        self._area = QScrollArea()
        self._area.setObjectName("keys")
        self._area.setAccessibleName(self.tr("Keys"))
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.ctrl_enter = CheckBox(theme, self.tr("Ctrl+Enter sends, Enter begins a new line"))
        self.less_motion = CheckBox(theme, self.tr("Less motion"))
        self.autostart = CheckBox(theme, self.tr("Start when I sign in to this computer, without a window"))
        self.autostart.setVisible(autostart is not None)
        for box, on in (
            (self.ctrl_enter, ctrl_enter),
            (self.less_motion, less_motion),
            (self.autostart, bool(autostart)),
        ):
            box.setChecked(on)
        self.ctrl_enter.toggled.connect(self.ctrl_enter_changed)
        self.ctrl_enter.toggled.connect(self._list)
        self.less_motion.toggled.connect(self.less_motion_changed)
        self.autostart.toggled.connect(self.autostart_changed)
        done = button(self.tr("Done"), self.accept, "primary")
        self.report = button(self.tr("Copy a report"), self._ask_report, name=self.tr("Copy a report on this app"))
        foot = QHBoxLayout()
        foot.addWidget(self.report)
        foot.addStretch(1)
        foot.addWidget(done)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 16)
        outer.setSpacing(10)
        outer.addWidget(self._area, 1)
        outer.addWidget(self.ctrl_enter)
        outer.addWidget(self.less_motion)
        outer.addWidget(self.autostart)
        outer.addLayout(foot)
        self._list()
        done.setFocus()

    def open(self) -> None:
        """Shows it over the window."""
        self._theme.dress(self)
        self.resize(min(round(580 * self._theme.scale), self._most.width()), min(640, self._most.height()))
        super().open()

    def _ask_report(self) -> None:
        self.accept()
        self.report_wanted.emit()

    def _list(self) -> None:
        page = QWidget()
        page.setObjectName("keys_page")
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        row = 0
        for title, lines in key_table(ctrl_enter=self.ctrl_enter.isChecked()):
            head = label(title, "strong")
            head.setContentsMargins(0, 10 if row else 0, 0, 2)
            grid.addWidget(head, row, 0, 1, 2)
            for keys, words in lines:
                row += 1
                shown = "   ".join(_native(one) for one in keys.split())
                grid.addWidget(label(words, wraps=True), row, 0)
                grid.addWidget(label(shown, "key"), row, 1, Qt.AlignmentFlag.AlignTrailing)
            row += 1
        grid.setRowStretch(row, 1)
        self._area.setWidget(page)


def _native(keys: str) -> str:
    """Keys as this system writes them."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) or keys
