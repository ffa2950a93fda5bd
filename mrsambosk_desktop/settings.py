"""What a person chose and the window remembers: one dataclass, kept by QSettings in the profile's folder."""

import dataclasses
import getpass
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with what holds before anybody chose.

    Args:
        name: what others call this person.
        geometry: the window's place, as Qt writes it.
        panes: which panes are wanted, and how wide.
        room_name, policy: of the room hosted here last; an empty name: none was.
        networks: where to host and where not, as `NetworkChoices` writes it.
        ctrl_enter_sends: Enter breaks the line; otherwise it sends, and Shift+Enter breaks.
        recent_emoji: the ones used last, the newest first, a blank between them.
        motion: "reduced", or "system" to follow what the system says.
    """

    name: str = ""
    theme: str = "system"
    text_scale: float = 1.0
    geometry: bytes = b""
    panes: bytes = b""
    room_name: str = ""
    policy: str = "open"
    networks: str = ""
    ctrl_enter_sends: bool = False
    recent_emoji: str = ""
    motion: str = "system"


class SettingsFile:
    """The file `settings.ini` of a profile. `now` is what holds meanwhile: who changes a setting puts the new ones
    there, and they are kept by `save`."""

    def __init__(self, folder: Path) -> None:
        self.now = Settings()
        self._file = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)

    def load(self) -> Settings:
        """What is kept; a value that can't be read is as if nobody chose."""
        values: dict[str, object] = {}
        for field in dataclasses.fields(Settings):
            kept = self._file.value(field.name)
            if isinstance(kept, QByteArray):
                kept = bytes(kept.data())
            if isinstance(field.default, bool) and kept in ("true", "false"):
                kept = kept == "true"
            if isinstance(field.default, float) and isinstance(kept, str):
                try:
                    kept = float(kept)
                except ValueError:
                    kept = None
            if isinstance(kept, type(field.default)):
                values[field.name] = kept
        settings = Settings(**values)  # type: ignore[arg-type]
        self.now = settings if settings.name else dataclasses.replace(settings, name=_system_name())
        return self.now

    def save(self, settings: Settings) -> None:
        """Keep all of them."""
        self.now = settings
        for field in dataclasses.fields(Settings):
            value = getattr(settings, field.name)
            self._file.setValue(field.name, QByteArray(value) if isinstance(value, bytes) else value)
        self._file.sync()


def _system_name() -> str:
    """Who is signed in on this computer, as a first suggestion."""
    try:
        return getpass.getuser().capitalize()[:32]
    except (OSError, KeyError, ImportError):
        return ""
