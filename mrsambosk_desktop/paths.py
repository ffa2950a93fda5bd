"""Where things are on this machine."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


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
