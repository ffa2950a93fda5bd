"""Windows: the script for Inno Setup, filled in and looked through, and the installer made of it."""

import re
import shutil
import subprocess
from pathlib import Path

from . import icons
from .project import DIST, NAME, ROOT, TEMPLATES, Skipped, fill, version

_SECTIONS = ("Setup", "Tasks", "InstallDelete", "Files", "Icons", "Registry", "Run", "UninstallRun", "Code")


def script(bundle: Path = DIST / NAME, icon: Path = ROOT / "build" / "mrsambosk.ico") -> str:
    """The whole script."""
    return fill(
        TEMPLATES / "windows" / "mrsambosk.iss",
        version=version(),
        root=str(ROOT),
        dist=str(DIST),
        bundle=str(bundle),
        icon=str(icon),
    )


def problems(text: str) -> list[str]:
    """What is wrong with a script, as far as can be seen without Inno Setup: sections, directives, entries."""
    found = []
    sections: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        head = re.fullmatch(r"\[(\w+)\]", line.strip())
        if head:
            name = head[1]
            sections[name] = []
        elif name and line.strip() and not line.lstrip().startswith(";"):
            sections[name].append(line)
    found += [f"[{section}] is missing" for section in _SECTIONS if not sections.get(section)]
    directives = dict(line.split("=", 1) for line in sections.get("Setup", ()) if "=" in line)
    wanted = {"PrivilegesRequired": "lowest", "AppVersion": "{#Version}"}
    found += [f"{key} is not {value}" for key, value in wanted.items() if directives.get(key) != value]
    if "{localappdata}" not in directives.get("DefaultDirName", ""):
        found.append("it does not install for one person")
    for section in sections.keys() - {"Setup", "Code"}:
        found += [f"[{section}] {line}" for line in sections[section] if not _is_entry(line)]
    for what, pattern in {
        "firewall rule for private networks": r"advfirewall firewall add rule .*profile=private",
        "firewall rule taken away": r"advfirewall firewall delete rule",
        "URL handler": r'Classes\\mrsambosk\\shell\\open\\command"; .*%1',
        "start menu": r'"\{group\}\\Mrsambosk"',
        "question about data": r"not UninstallSilent[\s\S]*MsgBox[\s\S]*MB_DEFBUTTON2[\s\S]*DelTree",
    }.items():
        if not re.search(pattern, text):
            found.append(f"no {what}")
    if re.search(r"@[A-Z_]+@", text):
        found.append("a name was not filled in")
    return found


def _is_entry(line: str) -> bool:
    """Whether a line is `Name: value; Name: "value"; …` with its quotes in pairs."""
    value = r'(?:"(?:[^"]|"")*"|[^";]+)'
    return re.fullmatch(rf"\w+: {value}(?:; \w+: {value})*", line.strip()) is not None


def make(bundle: Path, out: Path) -> Path:
    """The installer.

    Raises:
        Skipped: Inno Setup is not here.
    """
    compiler = shutil.which("iscc") or shutil.which("ISCC", path=r"C:\Program Files (x86)\Inno Setup 6")
    if compiler is None:
        raise Skipped("Inno Setup (iscc) is not on the PATH")
    work = ROOT / "build"
    work.mkdir(exist_ok=True)
    (work / "mrsambosk.ico").write_bytes(icons.ico())
    (work / "mrsambosk.iss").write_text(script(bundle), "utf-8-sig")
    subprocess.run([compiler, "/Q", work / "mrsambosk.iss"], check=True)
    return out / f"mrsambosk-{version()}-windows-x64-setup.exe"
