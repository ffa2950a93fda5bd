"""The menu of the host one is on: the way to other rooms, and out of this one for good."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from .theme import Theme


class OtherRoomsMenu(QMenu):
    """Signals: `others_wanted`; `leave_wanted`.

    Args:
        may_leave: False for the room hosted here, which is stopped.
    """

    others_wanted = Signal()
    leave_wanted = Signal()

    def __init__(self, parent: QWidget, theme: Theme, *, may_leave: bool) -> None:
        super().__init__(parent)
        self.setFont(theme.font(13))
        self.setAccessibleName(self.tr("Other rooms"))
        # Rounded corners need a window that lets what is behind it through.
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.addAction(self.tr("Other rooms on this network…")).triggered.connect(lambda: self.others_wanted.emit())
        if may_leave:
            self.addSeparator()
            self.addAction(self.tr("Leave this host…")).triggered.connect(lambda: self.leave_wanted.emit())
        self.aboutToHide.connect(self.deleteLater)

    def open_below(self, button: QWidget) -> None:
        """Shows it where the button ends, its first entry chosen."""
        mirrored = button.layoutDirection() is Qt.LayoutDirection.RightToLeft
        corner = button.rect().bottomRight() if mirrored else button.rect().bottomLeft()
        at = button.mapToGlobal(corner)
        if mirrored:
            at.setX(at.x() - self.sizeHint().width() + 1)
        self.popup(at)
        self.setActiveAction(self.actions()[0])
