"""What all steps know of the project: its version, name, addresses, and where things are."""

import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
TEMPLATES = ROOT / "resources" / "installer"

NAME = "mrsambosk"
#: The reverse-domain name that app stores, the desktop and macOS know the app by.
IDENTIFIER = "io.github.mrsambosk.Mrsambosk"
SUMMARY = "The chat room that lives on your own network"

#: The languages the app is shipped in, besides English: those of resources/i18n.
LANGUAGES = {path.stem.rpartition("_")[2] for path in (ROOT / "resources" / "i18n").glob("*.qm")}


def version() -> str:
    """The version of both programs, from the one place where it stands."""
    text = (ROOT / "server" / "mrsambosk_protocol" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("server/mrsambosk_protocol/__init__.py has no __version__")
    return found[1]


def fill(template: Path, **values: str) -> str:
    """A template's text with every `@NAME@` replaced.

    Raises:
        KeyError: a name in it has no value.
    """
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1].lower()], template.read_text("utf-8"))


def epoch() -> int:
    """The time that files in packages bear: of the last commit, so that the same commit gives the same package."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    git = ["git", "log", "-1", "--format=%ct"]
    try:
        said = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        # Sources that were unpacked, not cloned, or no git to ask.
        said = ""
    return int(said) if said else int(time.time())


def date() -> str:
    """The same as a date."""
    return time.strftime("%Y-%m-%d", time.gmtime(epoch()))


class Skipped(Exception):
    """A step that can't be done here, with the reason: it is said loudly and the exit status tells."""
