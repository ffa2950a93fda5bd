"""Linux: the `.deb`, the archive that runs from where it is unpacked, the AppImage.

    python -m scripts.installer.linux --version 0.0.9 OUT       a `.deb` of the bundle there is, under another number

Besides the bundle each has the desktop entry, the icons, the AppStream metadata and the man page; the package also a
unit of systemd for a host without a screen. The package has no maintainer scripts: what must happen when it comes or
goes (the caches of icons and of desktop entries) the packages that own these caches do by their triggers.
"""

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import icons, libraries
from .bundle import megabytes
from .project import DIST, IDENTIFIER, NAME, ROOT, SUMMARY, TEMPLATES, Skipped, date, epoch, fill, version

_TEMPLATES = TEMPLATES / "linux"
_MAINTAINER = "The Mrsambosk authors <maintainers@mrsambosk.example>"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    """This machine's, as Debian calls it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def write_share(share: Path, number: str) -> list[Path]:
    """Write what a desktop looks for below `share` (as /usr/share is); the files."""
    texts = {
        share / "applications" / f"{NAME}.desktop": (_TEMPLATES / "mrsambosk.desktop").read_text("utf-8"),
        share / "metainfo" / f"{IDENTIFIER}.metainfo.xml": fill(
            _TEMPLATES / "metainfo.xml", identifier=IDENTIFIER, summary=SUMMARY, version=number, date=date()
        ),
        share / "icons/hicolor/scalable/apps" / f"{NAME}.svg": icons.svg(),
    }
    man = fill(_TEMPLATES / "mrsambosk.1", version=number, date=date())
    bytes_of = {path: text.encode() for path, text in texts.items()}
    bytes_of[share / "man/man1" / f"{NAME}.1.gz"] = gzip.compress(man.encode(), 9, mtime=0)
    for size in icons.HICOLOR_SIZES:
        bytes_of[share / f"icons/hicolor/{size}x{size}/apps" / f"{NAME}.png"] = icons.png(size)
    for path, data in bytes_of.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return sorted(bytes_of)


def control(number: str, kilobytes: int, depends: list[str]) -> str:
    """The package's control file."""
    return f"""Package: {NAME}
Version: {number}
Architecture: {architecture()}
Maintainer: {_MAINTAINER}
Installed-Size: {kilobytes}
Depends: {", ".join(depends)}
Recommends: {", ".join(libraries.RECOMMENDED)}
Section: net
Priority: optional
Description: {SUMMARY[0].lower() + SUMMARY[1:]}
 One person hosts a room, the others on the same network join it, and what is
 written stays on that computer. No account anywhere, no cloud, and it goes on
 working when the internet does not.
 .
 "mrsambosk host" keeps a room without a screen; a unit for systemd is
 included. It listens where it is told to, and is off until switched on.
"""


def make_deb(bundle: Path, out: Path, number: str | None = None, level: int = 9) -> Path:
    """The package of this bundle, in the folder `out`, compressed as much as `level` says.

    Raises:
        Skipped: there is no dpkg-deb here.
        LibraryMissing: what it depends on can't be said.
    """
    if shutil.which("dpkg-deb") is None:
        raise Skipped("dpkg-deb is not on the PATH")
    number = number or version()
    package = out / f"{NAME}_{number}_{architecture()}.deb"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        inside = root / "usr/lib" / NAME
        shutil.copytree(bundle, inside, symlinks=True)
        write_share(root / "usr/share", number)
        (root / "usr/bin").mkdir()
        (root / "usr/bin" / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
        unit = root / "usr/lib/systemd/user" / f"{NAME}-host.service"
        unit.parent.mkdir(parents=True)
        shutil.copyfile(_TEMPLATES / "mrsambosk-host.service", unit)
        _write_documents(root / "usr/share/doc" / NAME, inside)
        for path in root.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path == inside / NAME else 0o644)
        root.chmod(0o755)
        (root / "DEBIAN").mkdir(mode=0o755)
        size = round(megabytes(root) * 1000)
        (root / "DEBIAN/control").write_text(control(number, size, libraries.depends(bundle)), "utf-8")
        _date_all(root)
        out.mkdir(parents=True, exist_ok=True)
        line = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{level}", "--build", str(root), str(package)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch())}
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=environment)
    return package


def _write_documents(folder: Path, inside: Path) -> None:
    folder.mkdir(parents=True)
    (inside / "licences").rename(folder / "licences")
    (inside / "licences").symlink_to(f"../../share/doc/{NAME}/licences")
    (folder / "changelog.gz").write_bytes(gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), 9, mtime=0))
    (folder / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Comment: What else is inside, and its terms: licences/LICENCES.txt\n\nFiles: *\n{_copyright()}",
        "utf-8",
    )


def _copyright() -> str:
    title, holder, *rest = [line for line in (ROOT / "LICENSE").read_text("utf-8").split("\n\n") if line.strip()]
    text = "\n .\n".join("\n".join(f" {line}" for line in part.strip().splitlines()) for part in rest)
    return f"Copyright: {holder.strip().removeprefix('Copyright (c) ')}\nLicense: {title.split()[0]}\n{text}\n"


def _date_all(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        os.utime(path, (epoch(), epoch()), follow_symlinks=False)


def make_archive(bundle: Path, out: Path) -> Path:
    """The archive that runs from where it is unpacked, and has the desktop's files in `share`."""
    name = f"{NAME}-{version()}-linux-{platform.machine()}"
    archive = out / f"{name}.tar.xz"
    out.mkdir(parents=True, exist_ok=True)

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = epoch()
        return entry

    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive, "w:xz", preset=9) as made:
        write_share(Path(folder), version())
        made.add(bundle, name, filter=plain)
        made.add(folder, f"{name}/share", filter=plain)
    return archive


def make_appimage(bundle: Path, out: Path) -> Path:
    """The AppImage.

    Raises:
        Skipped: there is no appimagetool here.
    """
    tool = shutil.which("appimagetool")
    if tool is None:
        raise Skipped("appimagetool is not on the PATH")
    image = out / f"Mrsambosk-{version()}-{platform.machine()}.AppImage"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "Mrsambosk.AppDir"
        shutil.copytree(bundle, root / "usr/lib" / NAME, symlinks=True)
        write_share(root / "usr/share", version())
        (root / "AppRun").symlink_to(f"usr/lib/{NAME}/{NAME}")
        shutil.copyfile(root / "usr/share/applications" / f"{NAME}.desktop", root / f"{NAME}.desktop")
        (root / f"{NAME}.png").write_bytes(icons.png(256))
        subprocess.run([tool, root, image], check=True, env={**os.environ, "ARCH": platform.machine()})
    return image


def main() -> int:
    """Make a `.deb` of dist/mrsambosk under another version: to try upgrades."""
    parser = argparse.ArgumentParser(prog="scripts.installer.linux", description=main.__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    print(make_deb(DIST / NAME, given.out, given.version, level=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
