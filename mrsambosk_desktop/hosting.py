"""The host as a child process of the app: started, watched, stopped. It speaks to us over its socket like to anyone.

    host = HostProcess(changed)                   # changed(ready): it is elsewhere, or its code another one
    ready = await host.start(HostOptions(...))    # raises HostFailed
    await host.ended()                            # when it died by itself
    await host.stop()

The child ends when its standard input does: also when this process is killed, no host is left behind.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from .core.tasks import Tasks

_log = logging.getLogger(__name__)
_READY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_LINE_BYTES: Final = 64 * 1024


class HostFailed(Exception):
    """The child did not become a host; the message is its own last sentence, or empty.

    Args:
        status: its exit status (docs/protocol.md, *Starting one*), None when it was stopped for silence.
    """

    def __init__(self, status: int | None, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class HostOptions:
    """How to start it.

    Args:
        owner: the person who owns the room: the one at this app.
        port: 0 picks a free one.
        bind: the addresses or networks to serve.
    """

    data: Path
    owner: str
    name: str | None = None
    policy: str | None = None
    port: int | None = None
    bind: tuple[str, ...] = ("127.0.0.1",)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The child's first line, and each later one that says `changed`. The token is in the first only."""

    event: str
    port: int
    addresses: tuple[str, ...]
    invite: str
    owner_token: str | None = None
    fingerprint: str | None = None
    code: str | None = None


class HostProcess:
    """One child. Make another for another start.

    Args:
        changed: called with what it says later than its first line.
    """

    def __init__(self, changed: Callable[[Ready], None] = lambda _ready: None) -> None:
        self._changed = changed
        self._tasks = Tasks()
        self._child: asyncio.subprocess.Process | None = None
        self._last: deque[str] = deque(maxlen=40)
        self._over = asyncio.Event()

    async def start(self, options: HostOptions) -> Ready:
        """Start it and wait until it accepts connections.

        Raises:
            HostFailed: it ended, was silent, or could not be started at all. Nothing is left running.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            self._child = await asyncio.create_subprocess_exec(
                *command_line(options), stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(), limit=_LINE_BYTES
            )
        except OSError as error:
            raise HostFailed(None, error.strerror or str(error)) from None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        notes = self._tasks.start(self._follow(self._child.stderr), "read the host's log")
        try:
            async with asyncio.timeout(_READY_SECONDS):
                line = await self._child.stdout.readline()
            ready = msgspec.json.decode(line, type=Ready)
            if not ready.owner_token:
                raise ValueError("a host of one's own says who owns it")
        except (TimeoutError, ValueError, msgspec.DecodeError):
            with contextlib.suppress(TimeoutError):
                # A host that refuses to start says why and ends; what was said is read before its status.
                async with asyncio.timeout(5):
                    await notes
                    await self._child.wait()
            status = self._child.returncode
            await self.stop()
            raise HostFailed(status, self._sentence()) from None
        except BaseException:
            await self.stop()
            raise
        self._tasks.start(self._drain(self._child.stdout), "read the host's output")
        self._tasks.start(self._watch(self._child), "watch the host")
        return ready

    async def ended(self) -> int | None:
        """Wait until it ends, by itself or by `stop`; its exit status."""
        await self._over.wait()
        return None if self._child is None else self._child.returncode

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return None if self._child is None or self._child.returncode is not None else self._child.pid

    async def stop(self) -> None:
        """Let it end in order; kill it when it takes too long. Harmless when it ended already."""
        child = self._child
        if child is not None:
            assert child.stdin is not None
            child.stdin.close()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await child.wait()
            except TimeoutError:
                _log.warning("the host did not stop in time and was killed")
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
            with contextlib.suppress(OSError):
                await child.stdin.wait_closed()
        self._over.set()
        await self._tasks.aclose()

    async def _follow(self, stream: asyncio.StreamReader) -> None:
        async for line in _lines(stream):
            self._last.append(line)
            _log.debug("host: %s", line)

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        async for line in _lines(stream):
            with contextlib.suppress(msgspec.DecodeError):
                self._changed(msgspec.json.decode(line, type=Ready))

    async def _watch(self, child: asyncio.subprocess.Process) -> None:
        await child.wait()
        self._over.set()

    def _sentence(self) -> str:
        """What it said last, without the program's name before it."""
        said = next((line for line in reversed(self._last) if line.strip()), "")
        return said.removeprefix("mrsambosk: ").strip()


def command_line(options: HostOptions) -> list[str]:
    """This same program, as a host."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mrsambosk_desktop"]
    line = [*program, "host", "--ready-json", "--stop-on-eof"]
    line += ["--data", str(options.data), f"--owner={options.owner}"]
    for address in options.bind:
        line += ["--bind", address]
    if options.name is not None:
        line += [f"--name={options.name}"]
    if options.policy is not None:
        line += ["--policy", options.policy]
    if options.port is not None:
        line += ["--port", str(options.port)]
    return line


def _environment() -> dict[str, str]:
    """Ours, so that the child finds the same packages, and speaks UTF-8 whatever the console does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"}


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue  # longer than any line worth keeping
        if not line:
            return
        yield line.decode("utf-8", "replace").rstrip()
