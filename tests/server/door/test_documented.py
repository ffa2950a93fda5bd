"""What the README and the docs tell programmers to type does what they say."""

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.host_process import ROOMY, ROOT, HostProcess, environment
from tests.helpers.wire_client import Person, new_name
from tests.server.door.doors import SecureHost, ask, client

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with SecureHost(tmp_path_factory.mktemp("documented") / "data", *ROOMY) as running:
        yield running


def register(host: HostProcess) -> Person:
    answer = ask(host, "POST", "/api/v1/register", data={"name": new_name()})
    return Person(answer.json["user"]["id"], answer.json["user"]["name"], answer.json["token"])


async def test_the_bot_answers(host: HostProcess) -> None:
    bot = register(host)
    words = [str(ROOT / "docs" / "examples" / "bot.py"), host.authority, host.ready["fingerprint"], bot.token]
    pipe = subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment(), stderr=pipe)
    assert child.stderr is not None
    try:
        async with client(host, host.owner_token) as asking:
            # It is there once it is seen to be online.
            while not any(
                user["id"] == bot.id and user["status"] == "online"
                for event in [*asking.heard("users"), asking.welcome]
                for user in event["users"]
            ):
                await asking.next("users")
            asked = await asking.post("!time")
            while True:
                told = (await asking.next("message"))["message"]
                if told["author"] == bot.id:
                    break
            assert told["reply_to"] == asked["id"]
            assert re.fullmatch(r"\d\d:\d\d", told["body"])
    finally:
        child.kill()
        assert await child.stderr.read() == b""
        await child.wait()


def test_the_bot_says_nothing_to_another_host(host: HostProcess) -> None:
    words = [str(ROOT / "docs" / "examples" / "bot.py"), host.authority, "A" * 52, host.owner_token]
    done = subprocess.run([sys.executable, *words], env=environment(), capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, b"This is another host.")


def test_the_bot_is_short() -> None:
    lines = (ROOT / "docs" / "examples" / "bot.py").read_text().splitlines()
    code = lines[lines.index(next(line for line in lines if line.startswith("async def"))) :]
    assert len([line for line in code if line.strip()]) <= 20


def commands() -> list[str]:
    """The lines of the README's section on HTTP, each one command."""
    section = README.partition("## Over HTTP")[2].partition("\n## ")[0]
    block = section.partition("```sh\n")[2].partition("```")[0]
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("sh") is None, reason="there is no curl here")
def test_the_readmes_commands_work(host: HostProcess, tmp_path: Path) -> None:
    person = register(host)
    asked = ask(host, "POST", "/api/v1/rooms/lobby/messages", person.token, {"body": "to be deleted"})
    script = ["set -e"]
    for line in commands():
        line = line.replace("https://127.0.0.1:8765", f"https://{host.authority}")
        line = line.replace("messages/41", f"messages/{asked.json['id']}")
        if line.startswith("TOKEN="):
            line = f"TOKEN={shlex.quote(person.token)}"
        elif line.startswith("DATA="):
            line = f"DATA={shlex.quote(str(host.data))}"
        script.append(line)
    done = subprocess.run(["sh", "-c", "\n".join(script)], capture_output=True, timeout=30, check=False, cwd=tmp_path)
    said = done.stdout.decode()
    assert done.returncode == 0, (script, said, done.stderr)
    assert said.count("curl") == 0
    assert person.name in said  # who is here
    assert '"has_older"' in said  # the list
    assert '"body":"Hello from a script"' in said  # what was sent
    row = ask(host, "GET", f"/api/v1/rooms/lobby/messages/{asked.json['id']}", person.token).json
    assert row["deleted_at"] is not None
