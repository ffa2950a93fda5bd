"""Make `dist/mrsambosk`, a folder that runs where there is no Python, and start it to prove that it does.

    pip install -c constraints.txt -e ".[desktop,installer]"
    python build_installer.py

The exit status is 0 only when the folder was made and the host in it started, gave an invite and stopped.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DIST = ROOT / "dist"
SECONDS = 60


def build() -> Path:
    """Run PyInstaller on the spec; the program it made.

    Raises:
        subprocess.CalledProcessError: PyInstaller failed; it has said why.
    """
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN", "mrsambosk.spec"]
    subprocess.run(command, cwd=ROOT, check=True)
    return DIST / "mrsambosk" / ("mrsambosk.exe" if os.name == "nt" else "mrsambosk")


def host_once(program: Path) -> str:
    """Start the program as a host on a free port with its input at an end, so that it stops again; its invite.

    Raises:
        subprocess.SubprocessError: it did not start, or not stop, in time, or not with status 0.
        ValueError: its first line is not the one that says where it is.
    """
    with tempfile.TemporaryDirectory() as data:
        arguments = ["--data", data, "--port", "0", "--no-announce", "--ready-json", "--stop-on-eof"]
        ran = subprocess.run(
            [program, "host", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS, check=True
        )
    ready = json.loads(ran.stdout.partition(b"\n")[0])
    if ready.get("event") != "ready":
        raise ValueError(f"not the ready line: {ready}")
    return str(ready["invite"])


def main() -> int:
    if importlib.util.find_spec("PyInstaller") is None:
        print('PyInstaller is missing: pip install -c constraints.txt -e ".[desktop,installer]"', file=sys.stderr)
        return 2
    try:
        program = build()
        invite = host_once(program)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"The bundle was not made, or does not start: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in program.parent.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"{program.relative_to(ROOT)} starts and hosts ({invite}); the folder has {size / 1e6:.0f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
