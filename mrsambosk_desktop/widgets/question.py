"""Asking before what can't be undone: a box that shows text as it is and never blocks the loop."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from .theme import Theme

translate = QCoreApplication.translate


def question(parent: QWidget, theme: Theme, text: str, details: str, yes: str) -> QMessageBox:
    """A box to `open()`; it emits `accepted` for yes. Cancel is what Return and Esc choose."""
    box = QMessageBox(parent.window())
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    theme.dress(box)
    box.setWindowTitle(translate("Question", "Mrsambosk"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(details)
    box.setAccessibleName(text)
    box.addButton(yes, QMessageBox.ButtonRole.AcceptRole).setAccessibleName(yes)
    no = box.addButton(translate("Question", "Cancel"), QMessageBox.ButtonRole.RejectRole)
    no.setAccessibleName(translate("Question", "Cancel"))
    box.setDefaultButton(no)
    return box


def notice(parent: QWidget, theme: Theme, text: str, details: str) -> QMessageBox:
    """A box to `open()` that tells something a person may want to copy."""
    box = QMessageBox(parent.window())
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    theme.dress(box)
    box.setWindowTitle(translate("Question", "Mrsambosk"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(details)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setAccessibleName(text)
    close = box.addButton(translate("Question", "Close"), QMessageBox.ButtonRole.AcceptRole)
    close.setAccessibleName(translate("Question", "Close"))
    return box
