"""Where things are on this machine."""

import re
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


def profile_folder(profile: str, data: Path | None = None) -> Path:
    """Where everything of one profile is kept: below `data`, or below this user's data folder.

    Raises:
        ValueError: the profile's name can't be a folder's, with a sentence.
    """
    if not _PROFILE.match(profile) or profile.endswith((" ", ".")):
        raise ValueError("A profile's name is made of letters, digits, spaces, dots, dashes, at most 32.")
    root = data if data is not None else Path(platformdirs.user_data_path("mrsambosk", appauthor=False))
    return root / "profiles" / profile
