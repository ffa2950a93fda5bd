"""Start with the session, hidden: what is written for this system to do so, one entry a profile.

    entry = Autostart(profile, arguments)
    entry.switch(True)      # from now on
    entry.repair()          # at each start of the app: the program may have moved since the entry was written

Linux: a `.desktop` file of the XDG autostart folder. macOS: a LaunchAgent. Windows: a value of the person's Run key.
"""

import contextlib
import logging
import os
import plistlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from .paths import command

_log = logging.getLogger(__name__)
_RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"


class Autostart:
    """The entry of one profile.

    Args:
        profile: whose; part of the entry's name, so that several may start.
        arguments: what the program is started with besides `--hidden`.
        place: where entries are; None for the one of this system.
    """

    def __init__(self, profile: str, arguments: Sequence[str] = (), place: "Place | None" = None) -> None:
        suffix = "" if profile == "default" else f"-{profile}"
        self._name = f"mrsambosk{suffix}"
        self._line = [*command(), "--hidden", *arguments]
        self._place = place if place is not None else system_place()

    @property
    def is_on(self) -> bool:
        """Whether the system starts the app with the session."""
        try:
            return self._place.read(self._name) is not None
        except OSError as error:
            _log.info("Whether the app starts by itself can't be read: %s", error)
            return False

    def switch(self, on: bool) -> None:
        """Write the entry, or take it away.

        Raises:
            OSError: the system does not let us.
        """
        if on:
            self._place.write(self._name, self._line)
        else:
            self._place.remove(self._name)

    def repair(self) -> None:
        """Write an entry anew that starts something else than this program as it is now. One that is off stays off."""
        try:
            kept = self._place.read(self._name)
            if kept is not None and kept != self._place.form(self._name, self._line):
                self._place.write(self._name, self._line)
                _log.info("The entry that starts the app with the session was repaired")
        except OSError as error:
            _log.info("The entry that starts the app with the session can't be repaired: %s", error)


class Place(Protocol):
    """Where a system keeps entries, by name."""

    def form(self, name: str, line: list[str]) -> str: ...
    def read(self, name: str) -> str | None: ...
    def write(self, name: str, line: list[str]) -> None: ...
    def remove(self, name: str) -> None: ...


class _Files:
    """Entries that are files of one folder."""

    ending = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def form(self, name: str, line: list[str]) -> str:
        raise NotImplementedError

    def read(self, name: str) -> str | None:
        try:
            return self._path(name).read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def write(self, name: str, line: list[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(name)
        # In one step: a session that starts meanwhile reads the old entry or the new one.
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(self.form(name, line), "utf-8")
        os.replace(fresh, path)

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self.ending}"


class DesktopFiles(_Files):
    """The XDG autostart folder. An entry that the session's own settings have switched off counts as none."""

    ending = ".desktop"

    def form(self, name: str, line: list[str]) -> str:
        words = " ".join(_quoted(word) for word in line)
        return (
            "[Desktop Entry]\nType=Application\nName=Mrsambosk\nIcon=mrsambosk\nTerminal=false\n"
            f"Exec={words}\nX-GNOME-Autostart-enabled=true\n"
        )

    def read(self, name: str) -> str | None:
        text = super().read(name)
        off = {"hidden=true", "x-gnome-autostart-enabled=false"}
        if text is None or any(line.replace(" ", "").lower() in off for line in text.splitlines()):
            return None
        return text


class LaunchAgents(_Files):
    """macOS: `~/Library/LaunchAgents`."""

    ending = ".plist"

    def form(self, name: str, line: list[str]) -> str:
        entry = {"Label": name, "ProgramArguments": line, "RunAtLoad": True, "ProcessType": "Interactive"}
        return plistlib.dumps(entry).decode("utf-8")


if sys.platform == "win32":
    import winreg

    class RunKey:
        """Windows: the Run key of the person's own part of the registry."""

        def form(self, name: str, line: list[str]) -> str:
            return subprocess.list2cmdline(line)

        def read(self, name: str) -> str | None:
            with contextlib.suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                return str(winreg.QueryValueEx(key, name)[0])
            return None

        def write(self, name: str, line: list[str]) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, self.form(name, line))

        def remove(self, name: str) -> None:
            with (
                contextlib.suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY, 0, winreg.KEY_SET_VALUE) as key,
            ):
                winreg.DeleteValue(key, name)


def system_place() -> Place:
    """Where this system keeps them."""
    if sys.platform == "win32":
        return RunKey()
    if sys.platform == "darwin":
        return LaunchAgents(Path.home() / "Library" / "LaunchAgents")
    config = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification: what is not absolute is as if it were not set.
    root = Path(config) if os.path.isabs(config) else Path.home() / ".config"
    return DesktopFiles(root / "autostart")


def _quoted(word: str) -> str:
    """One argument in an Exec line, by the desktop entry specification: quoted, and escaped once more as a string."""
    escaped = "".join(f"\\{sign}" if sign in '"`$\\' else sign for sign in word)
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'
