"""One running app a profile: a second start hands over what it was asked and ends.

    instance = Instance(folder)
    if not instance.take():
        return instance.hand_over(link)      # the other one's window is raised
    instance.asked.connect(…)                # a second start's link, "" for none

A lock file says who is first; it names a process, so a crashed one does not stand in the way. What is handed over goes
through a local socket that only this user can open. A link is offered to the person, never joined by itself.
"""

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QDeadlineTimer, QLockFile, QObject, QThread, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_log = logging.getLogger(__name__)
LOCK_FILE: Final = "window.lock"
_SOCKET_FILE: Final = "window.sock"
#: The path of a socket is at most 107 bytes on Linux, 103 on macOS.
_PATH_BYTES: Final = 100
_MESSAGE_BYTES: Final = 4096
_ANSWER: Final = b"shown\n"
#: The first one may still be starting.
_PATIENCE_MS: Final = 10_000
_PAUSE_MS: Final = 50


class Instance(QObject):
    """Signal `asked` (link or ""): somebody started the app again.

    Args:
        folder: the profile's; made when it is missing.
        patience: for how many milliseconds a second start waits for the first one's answer.
    """

    asked = Signal(str)

    def __init__(self, folder: Path, patience: int = _PATIENCE_MS) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = QLockFile(str(folder / LOCK_FILE))
        # Never too old: only the death of its process makes it stale.
        self._lock.setStaleLockTime(0)
        self._name = _socket_name(folder)
        self._patience = patience
        self._server: QLocalServer | None = None

    def take(self) -> bool:
        """Become the first one; False when there is another."""
        if not self._lock.tryLock(0) and self._lock.error() is QLockFile.LockError.LockFailedError:
            return False
        # Where no lock can be had at all (a read-only folder), the profile will say so.
        QLocalServer.removeServer(self._name)
        server = self._server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._greet)
        if not server.listen(self._name):
            _log.info("a second start can't be heard: %s", server.errorString())
        return True

    def hand_over(self, link: str) -> bool:
        """Ask the first one to show its window and offer this link; whether it answered."""
        deadline = QDeadlineTimer(self._patience)
        message = QByteArray(link.replace("\n", " ").encode()[: _MESSAGE_BYTES - 1] + b"\n")
        while not deadline.hasExpired():
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(_PAUSE_MS):
                socket.write(message)
                while socket.bytesToWrite() and socket.waitForBytesWritten(_PAUSE_MS):
                    pass
                while not socket.canReadLine() and not deadline.hasExpired():
                    if not socket.waitForReadyRead(_PAUSE_MS) and socket.state() is not _CONNECTED:
                        break
                if bytes(socket.readAll().data()) == _ANSWER:
                    return True
            socket.abort()
            QThread.msleep(_PAUSE_MS)
        return False

    def close(self) -> None:
        """Let the next start be the first."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _greet(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.canReadLine():
            line = bytes(socket.readLine(_MESSAGE_BYTES).data())
            socket.write(QByteArray(_ANSWER))
            socket.flush()
            self.asked.emit(line.decode("utf-8", "replace").strip())
        elif socket.bytesAvailable() >= _MESSAGE_BYTES:
            socket.abort()


_CONNECTED: Final = QLocalSocket.LocalSocketState.ConnectedState


def _socket_name(folder: Path) -> str:
    """Where the first one listens: in the profile's folder, or where its path is too long for that, in one of this
    user's own below the system's for passing things."""
    whole = folder.resolve()
    mark = hashlib.sha256(str(whole).encode()).hexdigest()[:24]
    if sys.platform == "win32":
        return f"mrsambosk-{mark}"
    path = whole / _SOCKET_FILE
    if len(os.fsencode(path)) <= _PATH_BYTES:
        return str(path)
    own = Path(tempfile.gettempdir()) / f"mrsambosk-{os.getuid()}"
    with contextlib.suppress(OSError):
        own.mkdir(mode=0o700)
    if own.is_symlink() or own.stat().st_uid != os.getuid():
        _log.warning("%s belongs to somebody else", own)
        return str(path)  # which can't be listened at: better than theirs
    return str(own / mark)
