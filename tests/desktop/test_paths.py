"""Where a profile keeps what it has: the system's places, one folder named, or beside the program."""

import sys
from pathlib import Path

import pytest

from mrsambosk_desktop import paths
from mrsambosk_desktop.paths import profile_folders


@pytest.mark.skipif(sys.platform != "linux", reason="names the folders of Linux")
def test_each_kind_has_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    kept = profile_folders("school")
    assert kept.data == tmp_path / "DATA" / "mrsambosk" / "profiles" / "school"
    assert kept.config == tmp_path / "CONFIG" / "mrsambosk" / "profiles" / "school"
    assert kept.logs.is_relative_to(tmp_path / "STATE" / "mrsambosk")
    assert kept.logs.name == "school"


def test_a_named_folder_holds_all(tmp_path: Path) -> None:
    kept = profile_folders("default", tmp_path)
    assert kept.data == kept.config == tmp_path / "profiles" / "default"
    assert kept.logs == tmp_path / "profiles" / "default" / "logs"


@pytest.mark.parametrize(
    ("program", "beside"),
    [
        ("stick/mrsambosk/mrsambosk", "stick/mrsambosk"),
        ("stick/Mrsambosk.app/Contents/MacOS/mrsambosk", "stick"),
    ],
)
def test_portable_is_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, beside: str
) -> None:
    monkeypatch.delenv("APPIMAGE", raising=False)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / program))
    kept = profile_folders("default", portable=True)
    assert kept.data == kept.config == tmp_path.resolve() / beside / "mrsambosk-data" / "profiles" / "default"
    assert paths.command() == [str(tmp_path / program)]


def test_an_image_is_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPIMAGE", str(tmp_path / "Mrsambosk.AppImage"))
    assert paths.program_folder() == tmp_path.resolve()
    assert paths.command() == [str(tmp_path / "Mrsambosk.AppImage")]


@pytest.mark.parametrize("profile", ["../other", "", "a/b", "ends.", "ends ", "x" * 33])
def test_what_is_no_folders_name_is_refused(profile: str) -> None:
    with pytest.raises(ValueError, match="profile"):
        profile_folders(profile)
