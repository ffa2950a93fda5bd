"""What the programs and libraries of a folder need from the system, and which Debian packages that is."""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

#: Loaded by name at run time, so that no file says that it is needed: without them there is no window or no text.
LOADED_LATER = ("libEGL.so.1", "libGL.so.1")
#: What no library is: fonts with letters and with emoji, and what opens a link.
RECOMMENDED = ("fonts-noto-color-emoji", "fonts-inter | fonts-noto-core | fonts-dejavu-core", "xdg-utils")


class LibraryMissing(Exception):
    """A library is neither in the bundle nor on this machine, so that nothing can be said about its package."""


def elf_files(folder: Path) -> list[Path]:
    """Every program and library below."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if path.open("rb").read(4) == b"\x7fELF"]


def strip(folder: Path) -> None:
    """Take the symbols for debuggers away; the libraries of wheels have none, Python's own may have megabytes.

    The program itself is left alone: what it starts is attached to its end.
    """
    for path in elf_files(folder / "_internal"):
        if path.name.startswith("libpython") or "lib-dynload" in path.parts:
            subprocess.run(["strip", "--strip-unneeded", path], check=True)


def needed(files: Iterable[Path]) -> tuple[set[str], str]:
    """The libraries these files name, and the newest version of the C library whose symbols they use.

    Raises:
        subprocess.CalledProcessError: one of them can't be read.
    """
    names: set[str] = set()
    newest = (0, 0)
    for path in files:
        said = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True).stdout
        names |= set(re.findall(r"^\s+NEEDED\s+(\S+)", said, re.MULTILINE))
        versions = re.findall(r"\bGLIBC_(\d+)\.(\d+)", said)
        newest = max([newest, *((int(major), int(minor)) for major, minor in versions)])
    return names, f"{newest[0]}.{newest[1]}"


def depends(bundle: Path) -> list[str]:
    """What a package of this folder depends on.

    Raises:
        LibraryMissing: a library is nowhere.
    """
    files = elf_files(bundle)
    inside = {path.name for path in bundle.rglob("*.so*")}
    names, c_library = needed(files)
    packages, missing = set(), []
    for name in sorted((names | set(LOADED_LATER)) - inside):
        path = places().get(name)
        package = owner(path) if path is not None else None
        if package is None:
            missing.append(name)
        else:
            packages.add(package.partition(":")[0])
    if missing:
        raise LibraryMissing(f"neither in the bundle nor of a package here: {', '.join(missing)}")
    packages.discard("libc6")
    return [f"libc6 (>= {c_library})", *sorted(packages)]


@cache
def places() -> dict[str, Path]:
    """Where the loader of this machine finds each library of its own architecture."""
    listed = subprocess.run(
        [shutil.which("ldconfig") or "/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True
    ).stdout
    word = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(platform.machine(), "")
    found: dict[str, Path] = {}
    for name, kind, path in re.findall(r"^\s+(\S+) \(([^)]*)\) => (\S+)$", listed, re.MULTILINE):
        if word in kind:
            found.setdefault(name, Path(path))
    return found


@cache
def owner(library: Path) -> str | None:
    """The Debian package that a library's file is of; None for one that somebody put there by hand."""
    for path in dict.fromkeys([library, library.resolve(), Path("/usr", str(library).lstrip("/"))]):
        for spelled in (path, Path(str(path).removeprefix("/usr"))):
            asked = subprocess.run(["dpkg-query", "-S", spelled], capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                return asked.stdout.partition(": ")[0].partition(",")[0]
    return None
