"""Starts a window and says when it was painted: `first app FOLDER`, `first bare`.

The app is started by its own command line. Prints the system's monotonic clock, which the parent that noted its own
before starting this can subtract from, and ends.
"""

import sys
import time
from pathlib import Path


def tell() -> None:
    """Now."""
    print(time.monotonic(), flush=True)


def bare() -> None:
    """The least that Qt does for a window."""
    from PySide6.QtWidgets import QApplication, QWidget

    qt = QApplication([])
    window = QWidget()
    window.resize(1240, 800)
    from .probes import Painted

    def painted() -> None:
        tell()
        qt.quit()

    Painted(window, painted)
    window.show()
    qt.exec()


def app(folder: Path) -> None:
    """The app."""
    from mrsambosk_desktop import __main__ as command
    from mrsambosk_desktop import app as root

    class Watched(root.App):
        async def start(self) -> None:
            from .probes import Painted

            def painted() -> None:
                if not self.closed.is_set():
                    tell()
                    self.closed.set()

            Painted(self.window, painted)
            await super().start()

    root.App = Watched  # type: ignore[misc]
    status = command.main(["--data", str(folder), "--no-discovery"])
    assert status == 0


match sys.argv[1:]:
    case ["bare"]:
        bare()
    case ["app", folder]:
        app(Path(folder))
