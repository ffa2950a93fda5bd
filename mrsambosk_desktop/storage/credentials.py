"""The device's tokens, one for each host: a file that only this user may read.

Written anew and put in place in one step, so that a crash leaves the old or the new one.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec


class Credentials:
    """The file `tokens.json` of a profile. Each call reads or writes it; run them in the disk's thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, host: str) -> str | None:
        """The token for this host (`host.id`), if there is one."""
        return self._read().get(host)

    def put(self, host: str, token: str | None) -> None:
        """Keep a token, or with None forget it.

        Raises:
            OSError: the disk does not let us.
        """
        tokens = self._read()
        if tokens.get(host) == token:
            return
        if token is None:
            tokens.pop(host, None)
        else:
            tokens[host] = token
        # mkstemp makes it 0600 from the beginning: there is no moment in which others could open it.
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(tokens))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise

    def _read(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}
