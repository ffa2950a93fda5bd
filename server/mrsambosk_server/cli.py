"""The command line of the host: arguments, logging, signals, exit status."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from mrsambosk_protocol import codec

from .config import EXIT_ARGUMENTS, EXIT_STOPPED, BadArguments, Config, parse_arguments
from .host import CannotStart, Host


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a host until it is told to stop; the exit status (see docs/protocol.md, *Starting one*)."""
    try:
        config = parse_arguments(list(sys.argv[1:] if arguments is None else arguments))
    except BadArguments as bad:
        _complain(str(bad))
        return EXIT_ARGUMENTS
    logging.basicConfig(
        level=logging.DEBUG if config.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("asyncio", "filelock", "peewee", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
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
    host = Host(config)
    await host.start()
    try:
        if config.stop_on_eof:
            _watch_input(loop, stop)
        _announce_ready(config, host)
        await stop.wait()
    finally:
        await host.stop()
    return EXIT_STOPPED


def _announce_ready(config: Config, host: Host) -> None:
    if config.ready_json:
        print(codec.encode_any(host.ready).decode(), flush=True)
        return
    where = ", ".join(f"{address}:{host.ready['port']}" for address in host.ready["addresses"])
    print(f"Hosting at {where}.")
    if host.ready["code"]:
        print(f"Join code: {host.ready['code']}")
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
