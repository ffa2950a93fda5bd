"""The steps of a build, one after the other; started by build_installer.py inside its clean environment."""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import bundle, icons, libraries, licences, linux, macos, windows
from .project import DIST, Skipped, version

EXIT_MADE, EXIT_FAILED, EXIT_SKIPPED = 0, 1, 3
Step = tuple[str, Callable[[], Path]]


def main() -> int:
    """Make everything for this platform, or with --dry-run the files for all of them; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts.installer", description=main.__doc__)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    try:
        return dry_run(DIST / "dry-run") if given.dry_run else build()
    except (
        OSError,
        ValueError,
        subprocess.SubprocessError,
        bundle.DoesNotWork,
        libraries.LibraryMissing,
        licences.LicenceMissing,
    ) as error:
        _say(f"FAILED: {error}")
        return EXIT_FAILED


def build() -> int:
    """The bundle, what is made of it, the proof that both work, sums and figures."""
    _say(f"Mrsambosk {version()} for {sys.platform}: the bundle")
    for old in DIST.glob("*"):
        # What an earlier build left must not be told as made by this one.
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    folder = bundle.make()
    program = bundle.program(folder)
    _say(f"It starts: {bundle.smoke(program)}")
    if sys.platform == "linux":
        bundle.host_needs_no_qt(program)
    made, skipped = run_steps(steps(folder))
    write_sums(made)
    too_much = figures(folder, program, made)
    for name, reason in skipped:
        _say(f"SKIPPED: {name}: {reason}")
    if too_much:
        _say("FAILED: more than a release may take: " + ", ".join(too_much))
        return EXIT_FAILED
    return EXIT_SKIPPED if skipped else EXIT_MADE


def steps(folder: Path) -> list[Step]:
    """What this platform's users expect, made of the bundle."""
    if sys.platform == "win32":
        return [("installer", lambda: windows.make(folder, DIST))]
    if sys.platform == "darwin":
        return [("disk image", lambda: macos.make(DIST / "Mrsambosk.app", folder / "licences", DIST))]
    return [
        (".deb", lambda: linux.make_deb(folder, DIST)),
        (".tar.xz", lambda: check_archive(linux.make_archive(folder, DIST))),
        ("AppImage", lambda: linux.make_appimage(folder, DIST)),
    ]


def run_steps(todo: list[Step]) -> tuple[list[Path], list[tuple[str, str]]]:
    """Run each; what was made, and what was skipped with the reason."""
    made: list[Path] = []
    skipped: list[tuple[str, str]] = []
    for name, make in todo:
        _say(f"Making the {name}")
        try:
            made.append(make())
        except Skipped as reason:
            skipped.append((name, str(reason)))
    return made, skipped


def check_archive(archive: Path) -> Path:
    """See that it works where it is unpacked; the same path."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "-xJf", archive, "-C", folder], check=True)
        (top,) = Path(folder).iterdir()
        bundle.smoke(bundle.program(top))
    return archive


def write_sums(made: list[Path]) -> None:
    """SHA256SUMS for `sha256sum -c`, each with its size in a comment before it."""
    lines = []
    for path in sorted(made):
        with path.open("rb") as file:
            sum_ = hashlib.file_digest(file, "sha256").hexdigest()
        lines += [f"# {path.name}: {path.stat().st_size} bytes", f"{sum_}  {path.name}"]
    (DIST / "SHA256SUMS").write_text("\n".join([*lines, ""]), "utf-8", newline="\n")


def figures(folder: Path, program: Path, made: list[Path]) -> list[str]:
    """Print what was made and what it takes; what is larger than it may be.

    What takes longer than it may is told loudly and fails nothing: a machine with other work proves nothing about it.
    """
    rows: list[tuple[str, float, float | None, str]] = []
    rows.append(("the folder", bundle.megabytes(folder), bundle.FOLDER_MB, "MB"))
    for path in made:
        rows.append((path.name, bundle.megabytes(path), bundle.PACKAGE_MB if path.suffix == ".deb" else None, "MB"))
    rows.append(("first window, median of 5", bundle.seconds_to_window(program), bundle.WINDOW_SECONDS, "s"))
    rows.append(("host ready, median of 5", bundle.seconds_to_host(program), bundle.HOST_SECONDS, "s"))
    for name, value, bound, unit in rows:
        limit = f"   (at most {bound:g} {unit})" if bound is not None else ""
        _say(f"{value:8.2f} {unit}  {name}{limit}")
    over = [(name, unit) for name, value, bound, unit in rows if bound is not None and value > bound]
    for name in (name for name, unit in over if unit == "s"):
        _say(f"SLOW: {name}: measure again on a machine that does nothing else")
    return [name for name, unit in over if unit == "MB"]


def dry_run(out: Path) -> int:
    """Write every file that is made from a template or the drawing, for all platforms, and look it through."""
    shutil.rmtree(out, ignore_errors=True)
    script, plist = windows.script(), macos.info_plist()
    texts = {
        "windows/mrsambosk.iss": script,
        "macos/Info.plist": plist,
        "macos/entitlements.plist": macos.ENTITLEMENTS.read_text("utf-8"),
        "linux/DEBIAN/control": linux.control(version(), 0, ["libc6"]),
    }
    for name, data in {
        **{name: text.encode() for name, text in texts.items()},
        "windows/mrsambosk.ico": icons.ico(),
        "macos/mrsambosk.icns": icons.icns(),
    }.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    linux.write_share(out / "linux/usr/share", version())
    wrong = [f"windows/mrsambosk.iss: {problem}" for problem in windows.problems(script)]
    wrong += [f"macos/Info.plist: {problem}" for problem in macos.problems(plist)]
    wrong += [f"linux: {problem}" for problem in checked_by_tools(out / "linux/usr/share")]
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        _say(f"{path.stat().st_size:8d}  {path.relative_to(out)}")
    for line in wrong:
        _say(f"WRONG: {line}")
    missing = [tool for tool in _CHECKS if shutil.which(tool) is None]
    for tool in missing:
        _say(f"SKIPPED: a check: {tool} is not on the PATH")
    if wrong:
        return EXIT_FAILED
    return EXIT_SKIPPED if missing else EXIT_MADE


_CHECKS = {
    "appstreamcli": (["validate", "--no-net"], "metainfo/*.xml"),
    "desktop-file-validate": ([], "applications/*.desktop"),
    "man": (["--warnings", "-l", "-Tutf8"], "man/man1/*.gz"),
}


def checked_by_tools(share: Path) -> list[str]:
    """What the tools of this system find wrong with the desktop's files; a tool that is missing finds nothing."""
    found = []
    for tool, (options, pattern) in _CHECKS.items():
        if shutil.which(tool):
            for path in share.glob(pattern):
                ran = subprocess.run([tool, *options, path], capture_output=True, text=True, check=False)
                if ran.returncode != 0 or (tool == "man" and ran.stderr):
                    found.append(f"{tool} {path.name}: {ran.stdout if tool != 'man' else ''}{ran.stderr}")
    return found


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
