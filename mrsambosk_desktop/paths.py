"""Where things are on this machine."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_PROFILE = re.compile(r"[\w][\w .-]{0,31}\Z")


def resource(*parts: str) -> Path:
    """A file the app shows or plays: in the installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: when there is no such file in either.
    """
    for root in (_PACKAGE / "resources", _PACKAGE.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"The resource {'/'.join(parts)} is missing.")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where one profile keeps what it has.

    Args:
        data: what must not be lost: the copies of rooms, what waits to be sent, tokens, the room hosted here.
        config: what the person chose.
        logs: what the app said of itself lately.
    """

    data: Path
    config: Path
    logs: Path


def profile_folders(profile: str, data: Path | None = None, *, portable: bool = False) -> Folders:
    """The folders of one profile: all below `data` or, portable, beside the program; else where this system wants them.

    Raises:
        ValueError: the profile's name can't be a folder's, with a sentence.
    """
    if not _PROFILE.match(profile) or profile.endswith((" ", ".")):
        raise ValueError("A profile's name is made of letters, digits, spaces, dots, dashes, at most 32.")
    below = Path("profiles", profile)
    root = program_folder() / "mrsambosk-data" if portable else data
    if root is not None:
        return Folders(root / below, root / below, root / below / "logs")
    user = platformdirs.PlatformDirs("mrsambosk", appauthor=False)
    return Folders(user.user_data_path / below, user.user_config_path / below, user.user_log_path / below)


def program_folder() -> Path:
    """The folder that the program lies in, as the person sees it: beside the app's bundle or image, not inside."""
    if "APPIMAGE" in os.environ:
        return Path(os.environ["APPIMAGE"]).resolve().parent
    if not getattr(sys, "frozen", False):
        return _PACKAGE.parent
    program = Path(sys.executable).resolve()
    app = next((folder for folder in program.parents if folder.suffix == ".app"), program)
    return app.parent


def command() -> list[str]:
    """How this same program is started again: as an installed or unpacked one, or by the Python that runs it."""
    if "APPIMAGE" in os.environ:
        return [os.environ["APPIMAGE"]]
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mrsambosk_desktop"]
