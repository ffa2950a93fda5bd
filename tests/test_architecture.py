"""Who may import whom: each contract of pyproject.toml breaks on a planted breach, and what contracts cannot say.

`scripts/check` runs the contracts on the tree itself; here they run on copies, to know that they would see a breach.
"""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mrsambosk_protocol.invite import parse_invite

ROOT = Path(__file__).parent.parent
SERVER = "server/mrsambosk_server"
DESKTOP = "mrsambosk_desktop"
PROTOCOL = "server/mrsambosk_protocol"

#: (contract, the file it is planted in, what is planted). A file that is not there is made.
BREACHES = [
    ("server-layers", f"{SERVER}/records.py", "import mrsambosk_server.session"),
    ("server-layers", f"{SERVER}/schema.py", "from . import records"),
    ("server-layers", f"{SERVER}/actions/messages.py", "def late():\n    from ..ledger import Ledger"),
    ("server-layers", f"{SERVER}/history.py", "from .hub import Hub"),
    ("server-layers", f"{SERVER}/hub.py", "from . import ledger"),
    ("server-layers", f"{SERVER}/ledger.py", "from . import throttle"),
    ("server-layers", f"{SERVER}/session.py", "from . import front"),
    ("server-layers", f"{SERVER}/front.py", "from . import host"),
    ("server-layers", f"{SERVER}/host.py", "from . import cli"),
    ("server-layers", f"{SERVER}/new_thing.py", ""),
    ("reads-know-no-rules", f"{SERVER}/search.py", "from .actions import messages"),
    ("rules-are-synchronous", f"{SERVER}/actions/messages.py", "import asyncio"),
    ("rules-are-synchronous", f"{SERVER}/history.py", "import websockets"),
    ("rules-are-synchronous", f"{SERVER}/records.py", "from asyncio import Queue"),
    ("rules-are-synchronous", f"{PROTOCOL}/codec.py", "import socket"),
    ("rules-are-synchronous", f"{PROTOCOL}/text.py", "from websockets.frames import Frame"),
    ("hub-knows-frames", f"{SERVER}/hub.py", "from . import schema"),
    ("hub-knows-frames", f"{SERVER}/hub.py", "from .transaction import Transaction"),
    ("hub-knows-frames", f"{SERVER}/hub.py", "import websockets"),
    ("server-without-qt", f"{SERVER}/front.py", "from PySide6.QtCore import QObject"),
    ("server-without-qt", f"{SERVER}/actions/accounts.py", "import qasync"),
    ("server-without-qt", f"{PROTOCOL}/invite.py", "import PySide6"),
    ("server-without-desktop", f"{SERVER}/front.py", "from mrsambosk_desktop import paths"),
    ("desktop-without-server", f"{DESKTOP}/core/sync.py", "from mrsambosk_server import history"),
    ("desktop-without-server", f"{DESKTOP}/hosting.py", "import mrsambosk_server.cli"),
    ("desktop-without-server", f"{DESKTOP}/__main__.py", "import mrsambosk_server.records"),
    ("protocol-alone", f"{PROTOCOL}/codec.py", "import mrsambosk_server.records"),
    ("protocol-alone", f"{PROTOCOL}/codec.py", "import mrsambosk_desktop.core"),
    ("desktop-layers", f"{DESKTOP}/core/sync.py", "from mrsambosk_desktop import models"),
    ("desktop-layers", f"{DESKTOP}/net/late.py", "import mrsambosk_desktop.controllers"),
    ("desktop-layers", f"{DESKTOP}/storage/late.py", "import mrsambosk_desktop.net"),
    ("desktop-layers", f"{DESKTOP}/controllers/late.py", "import mrsambosk_desktop.app"),
    ("desktop-layers", f"{DESKTOP}/console.py", "from mrsambosk_desktop import app"),
    ("desktop-layers", f"{DESKTOP}/console.py", "from mrsambosk_desktop import arrival"),
    ("desktop-layers", f"{DESKTOP}/arrival.py", "from mrsambosk_desktop import wiring"),
    ("desktop-layers", f"{DESKTOP}/manager.py", ""),
    ("desktop-window-layers", f"{DESKTOP}/models/late.py", "import mrsambosk_desktop.delegates"),
    ("desktop-window-layers", f"{DESKTOP}/delegates/late.py", "import mrsambosk_desktop.widgets"),
    ("desktop-window-layers", f"{DESKTOP}/widgets/late.py", "import mrsambosk_desktop.app"),
    ("desktop-window-layers", f"{DESKTOP}/widgets/late.py", "import mrsambosk_desktop.closing"),
    ("controllers-and-widgets", f"{DESKTOP}/controllers/late.py", "import mrsambosk_desktop.widgets"),
    ("controllers-and-widgets", f"{DESKTOP}/widgets/late.py", "import mrsambosk_desktop.controllers"),
    ("working-side-draws-nothing", f"{DESKTOP}/net/late.py", "import mrsambosk_desktop.widgets"),
    ("working-side-draws-nothing", f"{DESKTOP}/controllers/late.py", "import mrsambosk_desktop.delegates"),
    ("window-does-no-work", f"{DESKTOP}/widgets/late.py", "import mrsambosk_desktop.net"),
    ("window-does-no-work", f"{DESKTOP}/widgets/late.py", "import mrsambosk_desktop.hosting"),
    ("window-does-no-work", f"{DESKTOP}/delegates/late.py", "import mrsambosk_desktop.storage"),
    ("core-is-pure", f"{DESKTOP}/core/rows.py", "from PySide6.QtCore import QObject"),
    ("core-is-pure", f"{DESKTOP}/core/late.py", "import socket"),
    ("core-is-pure", f"{DESKTOP}/storage/late.py", "import PySide6"),
]

#: What may be imported of third parties, by the longest prefix that fits; the others may import anything declared.
#: (import-linter sees only that PySide6 is imported, not which part.)
ALLOWED = {
    "mrsambosk_protocol": {"msgspec"},
    "mrsambosk_desktop.core": {"msgspec", "markdown_it"},
    "mrsambosk_desktop.paths": {"platformdirs"},
    "mrsambosk_desktop.console": {"msgspec", "platformdirs"},
    "mrsambosk_desktop.storage": {"keyring", "msgspec", "peewee"},
    "mrsambosk_desktop.models": {"msgspec", "PySide6.QtCore"},
    "mrsambosk_desktop.controllers": {"msgspec", "PySide6.QtCore"},
    "mrsambosk_desktop.net": {"msgspec", "websockets", "zeroconf", "ifaddr", "PySide6.QtCore", "PySide6.QtNetwork"},
    "mrsambosk_desktop.hosting": {"msgspec", "PySide6.QtCore"},
    "mrsambosk_desktop.upkeep": {"msgspec"},
    "mrsambosk_desktop.instance": {"PySide6.QtCore", "PySide6.QtNetwork"},
    "mrsambosk_desktop.delegates": {"PySide6.QtCore", "PySide6.QtGui", "PySide6.QtSvg", "PySide6.QtWidgets"},
    "mrsambosk_desktop.widgets": {"segno", "PySide6.QtCore", "PySide6.QtGui", "PySide6.QtSvg", "PySide6.QtWidgets"},
}

Lint = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", top)
    for package in (DESKTOP, SERVER, PROTOCOL):
        shutil.copytree(ROOT / package, top / package, ignore=shutil.ignore_patterns("__pycache__"))
    return top


@pytest.fixture
def lint(tree: Path) -> Lint:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        """lint-imports on the copy. The parent's own environment is left out: only the copy may be found."""
        start = "from importlinter.cli import lint_imports_command; lint_imports_command()"
        return subprocess.run(
            [sys.executable, "-c", start, "--no-cache", "--no-logo", *arguments],
            cwd=tree,
            env={"PYTHONPATH": f"{tree}:{tree / 'server'}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_contracts_hold(lint: Lint) -> None:
    ran = lint()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize(("contract", "file", "planted"), BREACHES)
def test_contract_sees_a_breach(tree: Path, lint: Lint, contract: str, file: str, planted: str) -> None:
    path = tree / file
    before = path.read_bytes() if path.exists() else None
    path.write_bytes((before or b"") + b"\n" + planted.encode() + b"\n")
    try:
        ran = lint("--contract", contract)
    finally:
        path.unlink() if before is None else path.write_bytes(before)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 broken" in ran.stdout
    assert Path(file).stem in ran.stdout.partition("Broken contracts")[2]


def test_every_contract_has_a_breach() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == {contract for contract, _, _ in BREACHES}


def imports_of(source: str) -> Iterator[str]:
    """The absolute names a module imports, `from PySide6 import QtGui` as `PySide6.QtGui`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module == "PySide6":
                yield from (f"PySide6.{name.name}" for name in node.names)
            else:
                yield node.module


def foreign(module: str, source: str) -> set[str]:
    """What this module imports of third parties and may not."""
    rule = max((prefix for prefix in ALLOWED if f"{module}.".startswith(f"{prefix}.")), key=len, default=None)
    if rule is None:
        return set()
    return {
        name
        for name in imports_of(source)
        if (top := name.partition(".")[0]) not in sys.stdlib_module_names
        and not top.startswith("mrsambosk_")
        and not any(f"{name}.".startswith(f"{allowed}.") for allowed in ALLOWED[rule])
    }


def modules() -> Iterator[tuple[str, str]]:
    """Every module of the project by its dotted name, with its source."""
    for base, packages in ((ROOT, [DESKTOP]), (ROOT / "server", ["mrsambosk_protocol", "mrsambosk_server"])):
        for package in packages:
            for path in sorted((base / package).rglob("*.py")):
                name = ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")
                yield name, path.read_text("utf-8")


def test_each_layer_keeps_to_its_libraries() -> None:
    assert {name: bad for name, source in modules() if (bad := foreign(name, source))} == {}


@pytest.mark.parametrize(
    ("module", "source", "bad"),
    [
        ("mrsambosk_protocol.text", "import re, peewee", {"peewee"}),
        ("mrsambosk_desktop.models.timeline", "from PySide6.QtWidgets import QLabel", {"PySide6.QtWidgets"}),
        ("mrsambosk_desktop.models.timeline", "from PySide6 import QtCore, QtGui", {"PySide6.QtGui"}),
        ("mrsambosk_desktop.core", "def late():\n    import PySide6", {"PySide6"}),
        ("mrsambosk_desktop.widgets.composer", "from PySide6.QtWebEngineCore import Page", {"PySide6.QtWebEngineCore"}),
        ("mrsambosk_desktop.widgets.composer", "import re\nfrom PySide6.QtGui import QColor", set()),
        ("mrsambosk_desktop.app", "import qasync", set()),
    ],
)
def test_a_foreign_library_is_seen(module: str, source: str, bad: set[str]) -> None:
    assert foreign(module, source) == bad


HOST = ["host", "--port", "0", "--ready-json", "--stop-on-eof", "--no-announce"]


@pytest.mark.parametrize("start", ["run_module('mrsambosk_desktop', run_name='__main__')", "run_path('server')"])
def test_the_host_runs_where_there_is_no_qt(start: str, tmp_path: Path) -> None:
    """Both doors to it, with Qt blocked as where it is not installed; it stops because its input is at an end."""
    arguments = [*HOST, "--data", str(tmp_path)]
    script = f"""
import runpy, sys
for absent in ("PySide6", "shiboken6", "qasync"):
    sys.modules[absent] = None
sys.argv = ["mrsambosk", *{arguments if "desktop" in start else arguments[1:]!r}]
runpy.{start}
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ready = json.loads(ran.stdout.splitlines()[0])
    assert ready["event"] == "ready"
    assert parse_invite(ready["invite"]).addresses[0].port == ready["port"]


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    headless = {Requirement(text).name.lower() for text in project["dependencies"]}
    desktop = headless | {Requirement(text).name.lower() for text in project["optional-dependencies"]["desktop"]}
    makers = packages_distributions()
    undeclared = {}
    for module, source in modules():
        declared = desktop if module.startswith("mrsambosk_desktop") else headless
        tops = {name.partition(".")[0] for name in imports_of(source)} - sys.stdlib_module_names
        missing = {
            top
            for top in tops
            if not top.startswith("mrsambosk_")
            and not declared & {maker.lower().replace("_", "-") for maker in makers.get(top, ())}
        }
        if missing:
            undeclared[module] = missing
    assert undeclared == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, source in modules() if not ast.get_docstring(ast.parse(source))] == []


def test_no_file_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert [name for name, _ in modules() if vague & set(name.split("."))] == []
