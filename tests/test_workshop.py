"""The tools of the workshop: scripts, pinned versions, links of the pages."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def test_every_dependency_has_its_tried_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    for text in declared:
        wanted = Requirement(text)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        assert name in pinned, f"run scripts/constraints: {name} is not in constraints.txt"
        assert wanted.specifier.contains(pinned[name]), f"run scripts/constraints: {name}"


def test_constraints_name_no_place() -> None:
    assert "/" not in (ROOT / "constraints.txt").read_text("utf-8").replace("scripts/constraints", "")


@pytest.mark.parametrize("script", ["scripts/run", "scripts/test", "scripts/check", "scripts/setup.sh", ".ci/run"])
def test_a_script_is_valid_and_can_be_started(script: str) -> None:
    path = ROOT / script
    subprocess.run(["bash", "-n", path], check=True, timeout=10)
    assert path.suffix or path.stat().st_mode & 0o111, f"{script} is not executable"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](other.md)", []),
        ("[a](other.md#the-head)", []),
        ("[a](#here-it-is)\n\n## Here it is", []),
        ("[a](https://example.org/gone) <mailto:a@example.org>", []),
        ("`[a](gone.md)`\n```\n[a](gone.md)\n```", []),
        ("[a](gone.md)", ["gone.md"]),
        ("[a](other.md#no-such-head)", ["other.md#no-such-head"]),
        ("![a](images/gone.png)", ["images/gone.png"]),
        ('<img src="gone.png" alt="">', ["gone.png"]),
        ("[a](#no-head)", ["#no-head"]),
        ("[![a](gone.png)](gone.md)", ["gone.png", "gone.md"]),
    ],
)
def test_links(tmp_path: Path, text: str, broken: list[str]) -> None:
    (tmp_path / "README.md").write_text(text, "utf-8")
    (tmp_path / "other.md").write_text("# The head\n", "utf-8")
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "links", tmp_path], capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == (1 if broken else 0)
    assert [line.split()[1] for line in ran.stdout.splitlines() if "leads nowhere" in line] == broken
