"""Make what people of this platform install, in `dist/`, and start it to prove that it works.

    python build_installer.py               everything for this platform
    python build_installer.py --dry-run     the files for all platforms that can be made and checked anywhere

It needs Python 3.11 with venv, and makes an environment of its own from constraints.txt. Linux: `.deb`, `.tar.xz` and,
with appimagetool on the PATH, an AppImage. Windows: a folder and, with Inno Setup, an installer. macOS: an app and a
disk image, signed and notarised when there are keys (scripts/installer/macos.py).

Exit status: 0, all was made and works; 1, something failed; 2, wrong arguments; 3, what was made works, but a step was
skipped because a tool for it is missing.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / "build" / "installer-environment"


def clean_python() -> Path:
    """The Python of an environment that has exactly what constraints.txt says; made anew when that changed.

    Raises:
        subprocess.CalledProcessError: something can't be installed; pip has said why.
    """
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = ENVIRONMENT / "stamp"
    wanted = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    mark = f"{hashlib.sha256(wanted).hexdigest()} {sys.version} {ROOT}"
    if not (stamp.is_file() and stamp.read_text("utf-8") == mark):
        print("Making a clean environment from constraints.txt", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt"]
        subprocess.run([*pip, "-e", ".[desktop,installer]"], cwd=ROOT, check=True)
        stamp.write_text(mark, "utf-8")
    return python


def main() -> int:
    """Run what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(prog="build_installer.py", description="Make what people install, in dist/.")
    parser.add_argument("--dry-run", action="store_true", help="only write and check the files made from templates")
    parser.add_argument("--here", action="store_true", help="use this Python's packages, not a clean environment")
    given = parser.parse_args()
    try:
        python = sys.executable if given.here else clean_python()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"build_installer.py: the clean environment can't be made: {error}", file=sys.stderr)
        return 1
    line = [python, "-m", "scripts.installer", *(["--dry-run"] if given.dry_run else [])]
    return subprocess.run(line, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
