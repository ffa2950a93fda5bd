"""macOS: what the app's bundle says of itself, and the disk image; signed and notarised when there are keys.

The keys are told by the environment: MACOS_SIGNING_IDENTITY names a certificate of the keychain; for notarising
MACOS_NOTARY_KEY is the file of an App Store Connect key, MACOS_NOTARY_KEY_ID and MACOS_NOTARY_ISSUER say which.
"""

import os
import platform
import plistlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.parsers.expat import ExpatError

from mrsambosk_protocol.announcement import MDNS_TYPE

from .project import IDENTIFIER, TEMPLATES, Skipped, fill, version

_NOTARY = ("MACOS_NOTARY_KEY", "MACOS_NOTARY_KEY_ID", "MACOS_NOTARY_ISSUER")
ENTITLEMENTS = TEMPLATES / "macos" / "entitlements.plist"


def info_plist() -> str:
    """What the app's bundle says of itself."""
    service = MDNS_TYPE.removesuffix("local.").rstrip(".")
    return fill(TEMPLATES / "macos" / "Info.plist", identifier=IDENTIFIER, version=version(), service=service)


def problems(text: str) -> list[str]:
    """What is missing in it for the app to be started, asked for the network, and handed links."""
    try:
        said = plistlib.loads(text.encode())
    except (ValueError, ExpatError) as error:
        return [f"it is no property list: {error}"]
    wanted = {
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleShortVersionString": version(),
        "CFBundleExecutable": "mrsambosk",
        "NSBonjourServices": [MDNS_TYPE.removesuffix("local.").rstrip(".")],
    }
    found = [f"{key} is not {value!r}" for key, value in wanted.items() if said.get(key) != value]
    if len(said.get("NSLocalNetworkUsageDescription", "")) < 20:
        found.append("nobody is told what the local network is for")
    if "mrsambosk" not in str(said.get("CFBundleURLTypes")):
        found.append("links are not handed to it")
    return found


def make(app: Path, licences: Path, out: Path) -> Path:
    """The disk image with the app, the licences of all that is in it, and a link to the folder for apps.

    Raises:
        Skipped: this is no Mac.
    """
    if shutil.which("hdiutil") is None:
        raise Skipped("hdiutil is not on the PATH")
    identity = os.environ.get("MACOS_SIGNING_IDENTITY")
    if identity:
        _sign(app, identity)
    image = out / f"Mrsambosk-{version()}-macos-{platform.machine()}.dmg"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ditto", app, Path(folder) / app.name], check=True)
        shutil.copytree(licences, Path(folder) / "Licences")
        (Path(folder) / "Applications").symlink_to("/Applications")
        line = ["hdiutil", "create", "-quiet", "-volname", "Mrsambosk", "-format", "ULMO", "-ov"]
        subprocess.run([*line, "-srcfolder", folder, image], check=True)
    if identity:
        _sign(image, identity)
        if all(os.environ.get(name) for name in _NOTARY):
            _notarise(image)
        else:
            print("Not notarised: " + ", ".join(_NOTARY) + " are not all set.")
    else:
        print("Not signed: MACOS_SIGNING_IDENTITY is not set. macOS asks before it opens such an app.")
    return image


def _sign(path: Path, identity: str) -> None:
    line = ["codesign", "--force", "--deep", "--timestamp", "--options", "runtime", "--sign", identity]
    line += ["--entitlements", str(ENTITLEMENTS)] if path.suffix == ".app" else []
    subprocess.run([*line, path], check=True)
    subprocess.run(["codesign", "--verify", "--strict", path], check=True)


def _notarise(image: Path) -> None:
    key, identifier, issuer = (os.environ[name] for name in _NOTARY)
    keys = ["--key", key, "--key-id", identifier, "--issuer", issuer]
    subprocess.run(["xcrun", "notarytool", "submit", image, *keys, "--wait"], check=True)
    subprocess.run(["xcrun", "stapler", "staple", image], check=True)
