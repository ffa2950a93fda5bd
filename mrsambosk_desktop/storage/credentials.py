"""The device's tokens, one for each host: in the system's keyring where there is one, else in a file that only this
user may read.

The file is written anew and put in place in one step, so that a crash leaves the old or the new one. It keeps the
names of the hosts in either case, and the tokens that the keyring would not take.
"""

import contextlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Final, Protocol

import keyring
import keyring.backends.fail
import keyring.errors
import msgspec

from .database import StorageFault

_log = logging.getLogger(__name__)
_SERVICE: Final = "mrsambosk"
#: Stands in the file for a token that the keyring keeps. No token is empty.
_IN_KEYRING: Final = ""


class Ring(Protocol):
    """What is used of a keyring."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def system_ring() -> Ring | None:
    """The system's keyring; None where there is none worth the name."""
    ring = keyring.get_keyring()
    if isinstance(ring, keyring.backends.fail.Keyring) or ring.priority < 1:
        return None
    return ring


class Credentials:
    """The file `tokens.json` of a profile, and the keyring. Run each call in the disk's thread: both may take a while.

    Args:
        ring: None for the file alone.
    """

    def __init__(self, path: Path, ring: Ring | None = None) -> None:
        self._path = path
        self._ring = ring

    def get(self, host: str) -> str | None:
        """The token for this host (`host.id`), if there is one."""
        token = self._read().get(host)
        if token != _IN_KEYRING:
            return token
        try:
            return self._ring.get_password(_SERVICE, self._entry(host)) if self._ring is not None else None
        except keyring.errors.KeyringError as error:
            _log.info("The keyring did not give a token: %s", type(error).__name__)
            return None

    def put(self, host: str, token: str | None) -> None:
        """Keep a token, or with None forget it.

        Raises:
            StorageFault: the disk does not let us.
        """
        tokens = self._read()
        kept = token
        if self._ring is not None:
            try:
                if token is not None:
                    self._ring.set_password(_SERVICE, self._entry(host), token)
                    kept = _IN_KEYRING
                elif tokens.get(host) == _IN_KEYRING:
                    self._ring.delete_password(_SERVICE, self._entry(host))
            except keyring.errors.KeyringError as error:
                _log.info("The keyring did not take a token, the file keeps it: %s", type(error).__name__)
        if tokens.get(host) == kept:
            return
        if kept is None:
            tokens.pop(host, None)
        else:
            tokens[host] = kept
        try:
            self._write(tokens)
        except OSError as error:
            raise StorageFault(f"This computer could not write {self._path.name}: {error.strerror}.") from error

    def _entry(self, host: str) -> str:
        """A name for this profile's token: several profiles of one person must not share one."""
        return f"{self._path.parent}#{host}"

    def _write(self, tokens: dict[str, str]) -> None:
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
