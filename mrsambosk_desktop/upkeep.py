"""Looks after the data of the room hosted here, with the host's own commands: this same program as a child process.

    for kept in await list_backups(data): ...
    await make_backup(data)
    done = await restore(data, kept.file)      # no host may be running there

A child that changes something is waited for to its end also when the task is cancelled; one that only reads is ended.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from mrsambosk_protocol.upkeep import Copied, Kept, KeptFile, Restored, Verified, VerifiedFile

from .paths import command

T = TypeVar("T", bound=msgspec.Struct)
#: What prints its whole answer although it found something wrong.
_FINDS: Final = "verify"
_READS: Final = ("backups", _FINDS)


class UpkeepFailed(Exception):
    """Nothing was changed; the message is the child's own last sentence, or empty."""


async def list_backups(data: Path) -> tuple[KeptFile, ...]:
    """The backups of a data directory, the newest first.

    Raises:
        UpkeepFailed: as all below do.
    """
    return (await _run("backups", data, Kept)).backups


async def make_backup(data: Path) -> str:
    """A backup now, checked; its file."""
    return (await _run("backup", data, Copied)).file


async def verify(data: Path) -> tuple[VerifiedFile, ...]:
    """Look through the room's database, which comes first, and all its backups."""
    return (await _run(_FINDS, data, Verified)).files


async def restore(data: Path, file: str) -> Restored:
    """Put this backup in the place of the database, with what was taken away since applied again."""
    return await _run("restore", data, Restored, file)


async def _run(verb: str, data: Path, answer: type[T], *files: str) -> T:
    pipe = asyncio.subprocess.PIPE
    line = [*command(), verb, "--json", "--data", str(data), *files]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"}
    try:
        child = await asyncio.create_subprocess_exec(
            *line, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment
        )
    except OSError as error:
        raise UpkeepFailed(error.strerror or str(error)) from None
    talk = asyncio.ensure_future(child.communicate())
    try:
        said, complaint = await asyncio.shield(talk)
    except asyncio.CancelledError:
        if verb in _READS:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await talk
        raise
    if child.returncode == 0 or (verb == _FINDS and said):
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(said, type=answer)
    lines = complaint.decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    raise UpkeepFailed(last.removeprefix("mrsambosk: ").strip())
