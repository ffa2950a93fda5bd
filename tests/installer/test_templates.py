"""What build_installer.py fills in for all platforms, read by what can read it here, and told from a broken one."""

import configparser
import gzip
import io
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from PySide6.QtGui import QImage

from mrsambosk_desktop.__main__ import HOST_COMMANDS, _parser
from mrsambosk_protocol import __version__
from mrsambosk_server.config import _make_parser
from scripts.installer import __main__ as steps
from scripts.installer import icons, linux, macos, project, windows

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    linux.write_share(folder, "1.2.3")
    return folder


def test_the_version_has_one_place() -> None:
    assert project.version() == __version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dynamic"] == ["version"]


def test_a_template_with_a_name_nobody_gave_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("@HERE@ and @NOT_HERE@, mail@example.org")
    with pytest.raises(KeyError, match="not_here"):
        project.fill(tmp_path / "text", here="x")
    assert project.fill(tmp_path / "text", here="x", not_here="y") == "x and y, mail@example.org"


# Linux -------------------------------------------------------------------------------------------------------------


def test_the_desktop_entry_starts_it_and_takes_links(share: Path) -> None:
    entry = configparser.RawConfigParser()
    entry.read(share / "applications/mrsambosk.desktop", "utf-8")
    said = entry["Desktop Entry"]
    assert said["Exec"] == "mrsambosk %u"
    assert said["MimeType"] == "x-scheme-handler/mrsambosk;"
    assert (share / f"icons/hicolor/48x48/apps/{said['Icon']}.png").exists()
    # What is clicked comes as the one argument that has no name.
    assert _parser().parse_args(["mrsambosk://127.0.0.1:8765/"]).link == "mrsambosk://127.0.0.1:8765/"


def test_the_store_knows_it(share: Path) -> None:
    (path,) = (share / "metainfo").iterdir()
    root = ElementTree.parse(path).getroot()
    assert root.findtext("id") == path.name.removesuffix(".metainfo.xml") == project.IDENTIFIER
    assert root.findtext("launchable") == "mrsambosk.desktop"
    release = root.find("releases/release")
    assert release is not None
    assert release.get("version") == "1.2.3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", release.get("date", ""))


def test_tools_of_this_system_find_nothing_wrong(share: Path) -> None:
    assert steps.checked_by_tools(share) == []


@pytest.mark.skipif(shutil.which("appstreamcli") is None, reason="appstreamcli is not on the PATH")
def test_a_wrong_store_page_is_seen(share: Path, tmp_path: Path) -> None:
    (tmp_path / "metainfo").mkdir()
    for path in (share / "metainfo").iterdir():
        text = path.read_text("utf-8").replace("<summary>", "<sumary>").replace("</summary>", "</sumary>")
        (tmp_path / "metainfo" / path.name).write_text(text, "utf-8")
    assert len(steps.checked_by_tools(tmp_path)) == 1


def test_the_man_page_names_every_option(share: Path) -> None:
    page = gzip.decompress((share / "man/man1/mrsambosk.1.gz").read_bytes()).decode().replace("\\-", "-")
    named = set(re.findall(r"--[a-z-]+", page)) - {"--help", "--user", "--now"}
    options = set()
    for parser in (_parser(), _make_parser()):
        options |= {word for action in parser._actions for word in action.option_strings if word.startswith("--")}
    assert named == options - {"--help"}
    for command in (*HOST_COMMANDS, "rooms", "invite", "doctor"):
        assert re.search(rf"(?m)^\.B .*\b{command}\b", page), command


def test_the_service_starts_a_host_and_gives_up_where_that_is_wise() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "resources/installer/linux/mrsambosk-host.service", "utf-8")
    service = unit["Service"]
    assert service["ExecStart"].startswith("/usr/bin/mrsambosk host ")
    given = service["Environment"].strip('"').partition("=")[2].split()
    assert _make_parser().parse_args(given).bind == ["lan"]
    assert service["RestartPreventExitStatus"].split() == ["4", "5"]


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not on the PATH")
def test_a_package_of_a_small_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is around the bundle, and who may do what with it."""
    monkeypatch.setattr(linux.libraries, "depends", lambda _bundle: ["libc6 (>= 2.34)", "libgl1"])
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    bundle = tmp_path / "mrsambosk"
    (bundle / "licences" / "qt").mkdir(parents=True)
    (bundle / "licences" / "qt" / "LGPL").write_text("free")
    (bundle / "_internal").mkdir(mode=0o777)
    (bundle / "_internal" / "part.so").write_bytes(b"x" * 3000)
    (bundle / "mrsambosk").write_text("#!/bin/sh\n")
    package = linux.make_deb(bundle, tmp_path / "out", "0.0.7")
    assert package.name == f"mrsambosk_0.0.7_{linux.architecture()}.deb"
    asked = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    assert "Version: 0.0.7\n" in asked
    assert "Depends: libc6 (>= 2.34), libgl1\n" in asked
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    lines = {line.split()[5]: line.split() for line in listed.splitlines()}
    assert {line[1] for line in lines.values()} == {"root/root"}
    assert lines["./usr/lib/mrsambosk/mrsambosk"][0] == "-rwxr-xr-x"
    assert lines["./usr/lib/mrsambosk/_internal/"][0] == "drwxr-xr-x"
    assert lines["./usr/bin/mrsambosk"][7] == "../lib/mrsambosk/mrsambosk"
    for path in ("usr/lib/systemd/user/mrsambosk-host.service", "usr/share/doc/mrsambosk/licences/qt/LGPL"):
        assert f"./{path}" in lines
    again = linux.make_deb(bundle, tmp_path / "again", "0.0.7")
    assert again.read_bytes() == package.read_bytes(), "the same bundle gives the same package"
    scripts = subprocess.run(["dpkg-deb", "-I", package], capture_output=True, text=True, check=True).stdout
    assert not re.search(r"\b(pre|post)(inst|rm)\b", scripts)


# Windows -----------------------------------------------------------------------------------------------------------


def test_the_script_for_windows_is_whole() -> None:
    text = windows.script()
    assert windows.problems(text) == []
    assert f'#define Version "{__version__}"' in text


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("PrivilegesRequired=lowest", "PrivilegesRequired=admin"),
        ("{localappdata}\\Programs", "{commonpf}"),
        ("profile=private", "profile=any"),
        ("advfirewall firewall delete", "advfirewall firewall show"),
        ("[UninstallRun]", "[Uninstall]"),
        ("shell\\open\\command", "shell\\open"),
        ('"{group}\\Mrsambosk"', '"{userstartup}\\Mrsambosk"'),
        ("not UninstallSilent", "true"),
        ('Name: desktopicon; Description: "Put', "Name: desktopicon; Description: Put"),
        (f'"{__version__}"', '"@VERSION@"'),
    ],
)
def test_a_broken_script_is_seen(was: str, becomes: str) -> None:
    text = windows.script()
    assert was in text
    assert len(windows.problems(text.replace(was, becomes))) >= 1


def test_an_icon_for_windows_holds_all_sizes() -> None:
    data = icons.ico()
    _, kind, count = struct.unpack_from("<3H", data)
    assert (kind, count) == (1, 8)
    for number in range(count):
        width, *_, length, place = struct.unpack_from("<4B2H2I", data, 6 + 16 * number)
        image = QImage.fromData(data[place : place + length])
        assert image.width() == image.height() == (width or 256)


# macOS -------------------------------------------------------------------------------------------------------------


def test_the_app_for_macos_says_what_it_needs() -> None:
    text = macos.info_plist()
    assert macos.problems(text) == []
    said = plistlib.loads(text.encode())
    assert said["NSBonjourServices"] == ["_mrsambosk._tcp"]
    assert said["CFBundleShortVersionString"] == __version__
    assert plistlib.loads(macos.ENTITLEMENTS.read_bytes())


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("NSLocalNetworkUsageDescription", "NSOtherDescription"),
        ("_mrsambosk._tcp", "_other._tcp"),
        ("CFBundleURLTypes", "CFBundleOther"),
        ("</plist>", ""),
    ],
)
def test_a_broken_list_is_seen(was: str, becomes: str) -> None:
    assert macos.problems(macos.info_plist().replace(was, becomes)) != []


def test_an_icon_for_macos_holds_all_sizes() -> None:
    data = icons.icns()
    assert data[:4] == b"icns"
    assert struct.unpack_from(">I", data, 4) == (len(data),)
    stream = io.BytesIO(data[8:])
    sizes = []
    while head := stream.read(8):
        (length,) = struct.unpack(">I", head[4:])
        sizes.append(QImage.fromData(stream.read(length - 8)).width())
    assert max(sizes) == 1024


def test_icons_are_in_the_apps_colour() -> None:
    image = QImage.fromData(icons.png(64))
    assert image.pixelColor(32, 4).name() == "#4f46e5"
    assert image.pixelColor(0, 0).alpha() == 0


# What builds them --------------------------------------------------------------------------------------------------


def test_the_workflow_builds_all_three_and_attaches_them() -> None:
    flow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
    # YAML reads the key `on` as a truth.
    assert flow[True]["push"]["tags"] == ["v*"]
    build, release = flow["jobs"]["build"], flow["jobs"]["release"]
    assert {kind["os"].partition("-")[0] for kind in build["strategy"]["matrix"]["include"]} == {
        "ubuntu",
        "windows",
        "macos",
    }
    assert any("build_installer.py" in step.get("run", "") for step in build["steps"])
    assert release["needs"] == "build"
    assert any("gh release" in step.get("run", "") for step in release["steps"])
    assert release["permissions"] == {"contents": "write"}
    assert flow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("script", ["scripts/installer-test", "scripts/installer/inside.sh"])
def test_a_script_is_valid(script: str) -> None:
    subprocess.run(["bash", "-n", ROOT / script], check=True, timeout=10)


def test_a_dry_run_makes_and_checks_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = steps.dry_run(tmp_path / "dry")
    said = capsys.readouterr().out
    assert "WRONG" not in said
    assert status == (steps.EXIT_SKIPPED if "SKIPPED" in said else steps.EXIT_MADE)
    for name in ("windows/mrsambosk.iss", "macos/Info.plist", "linux/usr/share/applications/mrsambosk.desktop"):
        assert (tmp_path / "dry" / name).stat().st_size > 100


def test_a_dry_run_tells_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = macos.info_plist().replace("_mrsambosk._tcp", "")
    monkeypatch.setattr(macos, "info_plist", lambda: broken)
    assert steps.dry_run(tmp_path / "dry") == steps.EXIT_FAILED
    assert "WRONG: macos/Info.plist" in capsys.readouterr().out


def test_the_builder_refuses_what_it_does_not_know() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "build_installer.py", "--nonsense"], capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 2
