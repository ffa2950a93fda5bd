"""The entry that starts the app with the session: written, read, repaired, left alone when it is off."""

import configparser
import plistlib
import sys
from pathlib import Path

import pytest

from mrsambosk_desktop import autostart, paths
from mrsambosk_desktop.autostart import Autostart, DesktopFiles, LaunchAgents, system_place


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    line = ["/opt/Some Place/mrsambosk"]
    monkeypatch.setattr(autostart, "command", lambda: line)
    return line


def exec_line(path: Path) -> str:
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(path, "utf-8")
    return entry["Desktop Entry"]["Exec"]


def test_switched_on_and_off(tmp_path: Path, program: list[str]) -> None:
    folder = tmp_path / "autostart"
    entry = Autostart("default", place=DesktopFiles(folder))
    assert not entry.is_on
    entry.switch(True)
    assert entry.is_on
    assert exec_line(folder / "mrsambosk.desktop") == '"/opt/Some Place/mrsambosk" "--hidden"'
    assert [path.name for path in folder.iterdir()] == ["mrsambosk.desktop"]
    entry.switch(False)
    entry.switch(False)
    assert not entry.is_on
    assert list(folder.iterdir()) == []


def test_each_profile_has_its_own(tmp_path: Path, program: list[str]) -> None:
    place = DesktopFiles(tmp_path)
    school = Autostart("school", ["--profile", "school"], place)
    school.switch(True)
    assert not Autostart("default", place=place).is_on
    assert exec_line(tmp_path / "mrsambosk-school.desktop").endswith('"--hidden" "--profile" "school"')


def test_repaired_when_the_program_moved(tmp_path: Path, program: list[str]) -> None:
    entry = Autostart("default", place=DesktopFiles(tmp_path))
    entry.switch(True)
    before = (tmp_path / "mrsambosk.desktop").stat().st_ino
    entry.repair()
    assert (tmp_path / "mrsambosk.desktop").stat().st_ino == before, "nothing was wrong"
    program[0] = "/usr/bin/mrsambosk"
    Autostart("default", place=DesktopFiles(tmp_path)).repair()
    assert exec_line(tmp_path / "mrsambosk.desktop") == '"/usr/bin/mrsambosk" "--hidden"'


@pytest.mark.parametrize("off", [None, "Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_off_stays_off(tmp_path: Path, program: list[str], off: str | None) -> None:
    path = tmp_path / "mrsambosk.desktop"
    if off is not None:
        path.write_text(f"[Desktop Entry]\nExec=/old/mrsambosk\n{off}\n", "utf-8")
    entry = Autostart("default", place=DesktopFiles(tmp_path))
    assert not entry.is_on
    entry.repair()
    assert (path.read_text("utf-8").splitlines()[1:] if off else path.exists()) == (
        ["Exec=/old/mrsambosk", off] if off else False
    )


def test_every_sign_of_a_path_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autostart, "command", lambda: [r'/a "b"/$c/`d`/100%/e\f'])
    Autostart("default", place=DesktopFiles(tmp_path)).switch(True)
    # Two layers: a string's escapes, then the quoted argument's; and % begins a field code.
    line = exec_line(tmp_path / "mrsambosk.desktop").replace("\\\\", "\\").replace("%%", "%")
    assert line == r'"/a \"b\"/\$c/\`d\`/100%/e\\f" "--hidden"'


def test_a_launch_agent(tmp_path: Path, program: list[str]) -> None:
    entry = Autostart("default", place=LaunchAgents(tmp_path))
    entry.switch(True)
    agent = plistlib.loads((tmp_path / "mrsambosk.plist").read_bytes())
    assert agent["ProgramArguments"] == ["/opt/Some Place/mrsambosk", "--hidden"]
    assert agent["RunAtLoad"] is True
    assert entry.is_on


def test_a_folder_that_cannot_be_read_is_off(tmp_path: Path, program: list[str]) -> None:
    (tmp_path / "mrsambosk.desktop").mkdir()
    entry = Autostart("default", place=DesktopFiles(tmp_path))
    assert not entry.is_on
    entry.repair()
    with pytest.raises(OSError):
        entry.switch(True)


@pytest.mark.skipif(sys.platform != "linux", reason="names the folder of Linux")
@pytest.mark.parametrize(
    ("config", "folder"), [("/somewhere", "/somewhere"), ("not/absolute", "~/.config"), ("", "~/.config")]
)
def test_the_folder_is_the_desktops(monkeypatch: pytest.MonkeyPatch, config: str, folder: str) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", config)
    place = system_place()
    assert isinstance(place, DesktopFiles)
    assert place._folder == Path(folder).expanduser() / "autostart"


def test_from_a_checkout_it_is_python_that_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APPIMAGE", raising=False)
    assert paths.command() == [sys.executable, "-m", "mrsambosk_desktop"]
