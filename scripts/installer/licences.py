"""The licences of everything inside the bundle, as files, with a list of what is there under which."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from .project import ROOT, TEMPLATES

_LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
#: Distributions that bring no text of their own, and the ones that hold for them.
_LGPL = [TEMPLATES / "licences" / "LGPL-3.0.txt", TEMPLATES / "licences" / "GPL-3.0.txt"]
_ELSEWHERE = {"pyside6_essentials": _LGPL, "shiboken6": _LGPL}


class LicenceMissing(Exception):
    """Something would be passed on without its licence."""


def collect(bundle: Path) -> int:
    """Fill `bundle`/licences, with a folder for each thing inside and the list LICENCES.txt; how many things there are.

    Raises:
        LicenceMissing: one of them has no text.
    """
    folder = bundle / "licences"
    shutil.rmtree(folder, ignore_errors=True)
    lines = []
    for name, version, terms, texts in sorted([*_ours(), *_packages(), *_libraries(bundle)]):
        if not texts:
            raise LicenceMissing(f"{name} {version} comes without the text of its licence")
        place = folder / name
        place.mkdir(parents=True)
        for number, text in enumerate(texts):
            shutil.copyfile(text, place / (text.name if number == 0 else f"{number}-{text.name}"))
        lines.append(f"{name} {version}: {terms}")
    head = "What is inside, and under which terms. The whole texts are in the folders of these names.\n"
    note = (
        "Qt and PySide6 are used under the LGPL 3: their libraries are files of their own in this folder, and may be\n"
        "replaced by others of the same interface. Their source is what the Qt Company publishes for these versions.\n"
    )
    (folder / "LICENCES.txt").write_text("\n".join([head, note, *lines, ""]), "utf-8")
    return len(lines)


Found = tuple[str, str, str, list[Path]]


def _ours() -> Iterator[Found]:
    yield "mrsambosk", distribution("mrsambosk").version, "MIT", [ROOT / "LICENSE"]
    version = ".".join(map(str, sys.version_info[:3]))
    library = Path(sys.base_prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    places = [library / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"]
    # Some builds of Python leave it out; this library is under the very same agreement.
    places += _texts(distribution("typing_extensions"))
    yield "python", version, "PSF-2.0", [place for place in places if place.is_file()][:1]


def _packages() -> Iterator[Found]:
    """What the app needs, and PyInstaller, whose bootloader is the program."""
    seen: dict[str, Distribution] = {}
    _walk(Requirement("mrsambosk[desktop]"), seen)
    seen["pyinstaller"] = distribution("pyinstaller")
    for name, found in seen.items():
        if name == "mrsambosk":
            continue
        yield name, found.version, _terms(found), _texts(found) or _ELSEWHERE.get(name, [])


def _walk(wanted: Requirement, seen: dict[str, Distribution]) -> None:
    name = re.sub(r"[-_.]+", "_", wanted.name).lower()
    try:
        found = seen.setdefault(name, distribution(wanted.name))
    except PackageNotFoundError:
        return  # only where another platform needs it
    for text in found.requires or ():
        needed = Requirement(text)
        marker = needed.marker
        wants = marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *wanted.extras})
        if wants and re.sub(r"[-_.]+", "_", needed.name).lower() not in seen:
            _walk(needed, seen)


def _texts(found: Distribution) -> list[Path]:
    """The files of a distribution that are its licence."""
    return [
        Path(str(file.locate()))
        for file in found.files or ()
        if ".dist-info" in str(file) and _LICENCE.search(file.name) and file.locate().is_file()  # type: ignore[attr-defined]
    ]


def _terms(found: Distribution) -> str:
    """What a distribution says that its terms are, in a few words."""
    said = found.metadata
    short = next((said[key] for key in ("License-Expression", "License") if key in said), "")
    if short and len(short) < 80 and "\n" not in short:
        return short
    named = [
        line.rpartition("::")[2].strip() for line in said.get_all("Classifier") or () if line.startswith("License")
    ]
    return ", ".join(named) or "see the text"


def _libraries(bundle: Path) -> Iterator[Found]:
    """On Debian: the libraries of the system that PyInstaller took along, by their packages."""
    if shutil.which("dpkg-query") is None:
        return
    files = (path.name for path in (bundle / "_internal").glob("lib*.so*") if not path.is_symlink())
    taken = {name for name in files if not name.startswith("libpython")}  # that one is told as Python already
    for package in sorted(set(_owners(taken).values())):
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=True
        )
        text = Path("/usr/share/doc", package.partition(":")[0], "copyright")
        yield package.partition(":")[0], asked.stdout, "see the text", [text] if text.is_file() else []


def _owners(sonames: Iterable[str]) -> dict[str, str]:
    """The Debian package of each library that the system's loader knows."""
    from .libraries import owner, places

    known = places()
    found = {name: owner(known[name]) for name in sonames if name in known}
    return {name: package for name, package in found.items() if package is not None}
