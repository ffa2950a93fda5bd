"""The app's process as a host's parent: a window on the app's own event loop, and the host it started as its child.

Takes the data directory. Prints the host's port, its process id and whether it speaks TLS (0 or 1), waits for a line,
then blocks its loop, and with it the window, for two seconds at a time with a moment in between, until standard input
ends.
"""

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "server")]

from PySide6.QtWidgets import QApplication, QLabel  # noqa: E402, I001  # before qasync, so that it binds to it
import qasync  # noqa: E402

from mrsambosk_desktop.hosting import HostOptions, HostProcess  # noqa: E402


async def main(data: Path) -> None:
    """Host until standard input ends."""
    host = HostProcess()
    ready = await host.start(HostOptions(data=data, owner="Dana", port=0))
    window = QLabel("Mrsambosk")
    window.show()
    print(ready.port, host.pid, int(ready.fingerprint is not None), flush=True)
    blocking, ended = threading.Event(), threading.Event()

    def listen() -> None:
        for _ in sys.stdin:
            blocking.set()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    while not ended.is_set():
        if blocking.is_set():
            time.sleep(2)  # noqa: ASYNC251  # the point of it
        await asyncio.sleep(0.05)
    await host.stop()


app = QApplication([])
app.setQuitOnLastWindowClosed(False)
with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
    runner.run(main(Path(sys.argv[1])))
