"""What the app's log holds, and what it never does. In a process of its own: logging is set up once."""

import subprocess
import sys
from pathlib import Path

from tests.helpers.host_process import environment

PROGRAM = """
import logging, sys
from pathlib import Path
from mrsambosk_desktop import logs
last = logs.set_up(True, Path(sys.argv[1]))
log = logging.getLogger("mrsambosk_desktop.controllers.chat")
log.debug("said \\x1b[31mred\\r\\nforged")
log.info("token %s code %s", "A" * 43, "ABCD-2345")
try:
    raise ValueError("planted body")
except ValueError as error:
    log.error("Task send failed", exc_info=error)
try:
    open("/nowhere/planted-name")
except OSError as error:
    log.error("Task look failed", exc_info=error)
logging.getLogger("peewee").debug("INSERT planted body")
logging.getLogger("websockets.client").debug("> TEXT planted body")
for number in range(int(sys.argv[2])):
    log.info("line %d %s", number, "x" * 1000)
print("\\n".join(last.lines()))
"""


def _log(folder: Path, lines: int = 0) -> str:
    """What was said everywhere: stderr, the report's lines."""
    line = [sys.executable, "-c", PROGRAM, str(folder), str(lines)]
    ran = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=60, check=True)
    return ran.stderr + ran.stdout


def test_no_body_no_token_no_code_and_no_control_character_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for said in (_log(folder), (folder / "mrsambosk.log").read_text("utf-8")):
        assert "planted" not in said
        assert "A" * 43 not in said
        assert "ABCD" not in said
        assert {char for char in said if ord(char) < 32} == {"\n"}
        assert "said \\x1b[31mred\\x0d\\x0aforged" in said
        assert "token [token] code [code]" in said
        assert "Task send failed" in said
        assert "builtins.ValueError" in said
        assert "FileNotFoundError: No such file or directory" in said, "the system's own words help"


def test_it_stays_small(tmp_path: Path) -> None:
    _log(tmp_path, 4000)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 3
    assert max(sizes) <= 1_000_000
