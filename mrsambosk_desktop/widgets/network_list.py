"""On which networks to host: each with its name and this computer's address there, to tick. And the question later."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from mrsambosk_desktop.core.networks import Network, suggested
from mrsambosk_desktop.models.wording import isolated

from .parts import CheckBox, button, label
from .theme import Theme


class NetworkList(QWidget):
    """One box for each network; where nobody has chosen yet, the likeliest is ticked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.boxes: list[tuple[Network, CheckBox]] = []
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(4)
        self._nowhere = label(
            self.tr("This computer is on no private network now: others can't come in yet."), "muted", wraps=True
        )
        self._lines.addWidget(self._nowhere)

    def set_networks(self, networks: Sequence[Network], ticked: Sequence[Network] | None = None) -> None:
        """What this computer is on. What the person ticked here stays ticked; `ticked` is for the others."""
        chosen = {network.key: box.isChecked() for network, box in self.boxes}
        for _network, box in self.boxes:
            self._lines.removeWidget(box)
            box.deleteLater()
        first = {network.key for network in (suggested(networks) if ticked is None else ticked)}
        self.boxes = []
        for network in networks:
            # An address reads from left to right in every language.
            box = CheckBox(self._theme, f"{isolated(network.interface)} · \u2066{network.address}\u2069")
            box.setChecked(chosen.get(network.key, network.key in first))
            self._lines.addWidget(box)
            self.boxes.append((network, box))
        self._nowhere.setVisible(not networks)

    @property
    def chosen(self) -> tuple[Network, ...]:
        """The ticked ones."""
        return tuple(network for network, box in self.boxes if box.isChecked())

    @property
    def shown(self) -> tuple[Network, ...]:
        """All that were asked about."""
        return tuple(network for network, _box in self.boxes)


class NetworkDialog(QDialog):
    """This computer came to other networks while it hosts. `answered` (asked, chosen) says once what was chosen;
    closing it is a no for this time, and nothing is remembered."""

    answered = Signal(object, object)

    def __init__(self, theme: Theme, networks: Sequence[Network], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("Host on this network?"))
        self.setAccessibleName(self.tr("Host on this network?"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.list = NetworkList(theme)
        self.list.set_networks(networks)
        self.accept_networks = button(self.tr("Host here"), self.accept, "primary")
        self.refuse = button(self.tr("Not here"), self._refuse)
        buttons = QHBoxLayout()
        buttons.addWidget(self.refuse)
        buttons.addStretch(1)
        buttons.addWidget(self.accept_networks)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(label(self.tr("Host on this network?"), "title", wraps=True))
        why = self.tr(
            "This computer is on a network where you have not hosted before. Everyone there could see your room and "
            "try to join it. Your answer is remembered for this network."
        )
        box.addWidget(label(why, "muted", wraps=True))
        box.addWidget(self.list)
        box.addLayout(buttons)
        self.setMinimumWidth(min(440, max(320, parent.width() - 40)))
        self.accepted.connect(lambda: self.answered.emit(self.list.shown, self.list.chosen))

    def open(self) -> None:
        """Shows it beside the window; chat goes on."""
        self._theme.dress(self)
        self.show()
        self.raise_()
        # Nobody should say yes by a stray Return.
        self.setFocus()

    def _refuse(self) -> None:
        self.answered.emit(self.list.shown, ())
        self.reject()
