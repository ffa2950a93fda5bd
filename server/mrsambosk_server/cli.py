"""The command line of the host: arguments, logging, signals, exit status."""

import asyncio
import contextlib
import errno
import gc
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peewee

from mrsambosk_protocol import codec

from . import backup, logs, people, schema, upkeep
from .actions import invites, starting
from .config import (
    EXIT_ARGUMENTS,
    EXIT_STOPPED,
    UPKEEP,
    BadArguments,
    Config,
    parse_arguments,
    parse_upkeep,
)
from .examination import CannotStart
from .host import Host
from .transaction import Transaction

log = logging.getLogger(__name__)

#: New objects between two looks for garbage in cycles; Python's own 700 are fewer than one batch of messages makes.
_GARBAGE_AFTER = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a host until it is told to stop, or look after its data; the exit status.

    The numbers are in docs/protocol.md, *Starting one*; what looks after data uses the same.
    """
    line = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if line and line[0] in UPKEEP:
            return upkeep.look_after(parse_upkeep(line))
        config = parse_arguments(line)
    except BadArguments as bad:
        _complain(str(bad))
        return EXIT_ARGUMENTS
    logs.set_up(config.verbose)
    _raise_descriptor_limit()
    try:
        return asyncio.run(_run(config))
    except CannotStart as failure:
        _complain(str(failure))
        return failure.status
    except KeyboardInterrupt:
        return EXIT_STOPPED


async def _run(config: Config) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(_Crowding())
    host = Host(config, lambda: _announce_change(config, host))
    await host.start()
    # A host at work leaves hardly a cycle behind; what it started with need not be looked through again and again.
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER, *gc.get_threshold()[1:])
    try:
        if config.stop_on_eof:
            _watch_input(loop, stop)
        _announce_ready(config, host)
        await stop.wait()
    finally:
        await host.stop()
    return EXIT_STOPPED


def make_invite(data: Path, single_use: bool, minutes: int | None) -> str:
    """Make a personal invite of the host that keeps its room in `data`, which may be running; its code.

    For who may read and write that directory and so is above every right in it.

    Raises:
        schema.DatabaseUnusable: with a sentence.
    """
    path = data / backup.DATABASE
    if schema.examine(path, thorough=False) != schema.VERSION:
        raise schema.DatabaseUnusable(f"{path} is of another version; start this version's host there first.")
    code = starting.new_invite_code()
    db = schema.open_writer(path)
    try:
        with db.atomic("IMMEDIATE"):
            tx = Transaction(db)
            tx.now = time.time_ns() // 1_000_000
            invites.do_make_invite(tx, None, people.token_hash(code), single_use, minutes)
    except peewee.DatabaseError as error:
        raise schema.DatabaseUnusable(f"{path} can't be written: {error}.") from None
    finally:
        db.close()
    return code


class _Crowding:
    """The loop's exception handler: that no descriptor is left for newcomers is said once a minute, not at each try.

    Of anything else what happened is logged, not what it happened to: tasks and handles show what they were given.
    """

    def __init__(self) -> None:
        self._said_at = -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)):
            log.error("%s", context["message"], exc_info=error)
        elif loop.time() - self._said_at > 60:
            self._said_at = loop.time()
            log.warning("No descriptor is left for new connections; they wait until others leave")


def _announce_ready(config: Config, host: Host) -> None:
    if config.ready_json:
        print(codec.encode_any(host.ready).decode(), flush=True)
        return
    where = ", ".join(f"{address}:{host.ready['port']}" for address in host.ready["addresses"])
    print(f"Hosting at {where}.")
    if host.ready["code"]:
        print(f"Join code: {host.ready['code']}")
    print(f"Invite: {host.ready['invite']}", flush=True)


def _announce_change(config: Config, host: Host) -> None:
    """The host is elsewhere, or its join code another one."""
    with contextlib.suppress(OSError):  # nobody reads any more
        if config.ready_json:
            print(codec.encode_any(host.ready).decode(), flush=True)
        else:
            print(f"Invite: {host.ready['invite']}", flush=True)


def _watch_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: whoever started this host closed it or died."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def _raise_descriptor_limit() -> None:
    """Each connection is a descriptor; the usual soft limit of 1,024 is less than the connections allowed."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else soft, hard))


def _complain(sentence: str) -> None:
    print(f"mrsambosk: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
