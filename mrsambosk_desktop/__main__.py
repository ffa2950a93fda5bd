"""The command `mrsambosk`: the app; `mrsambosk host …`: the host; `mrsambosk rooms`, `invite`: both without Qt.

This is the one place of the app that knows the host's code: to hand the command line over to it. Everything else
speaks to a host over its socket.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mrsambosk_protocol import __version__

EXIT_ARGUMENTS = 2
#: What the host's own command line does.
HOST_COMMANDS = ("host", "backup", "restore", "verify")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; the exit status."""
    line = list(sys.argv[1:] if arguments is None else arguments)
    if line and line[0] in HOST_COMMANDS:
        from mrsambosk_server import cli

        return cli.main(line)
    if line and line[0] in ("rooms", "invite"):
        from . import console

        return (console.rooms if line[0] == "rooms" else console.invite)(line[1:])
    given = _parser().parse_args(line)
    logging.basicConfig(
        level=logging.DEBUG if given.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("asyncio", "peewee", "qasync", "websockets", "zeroconf"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from .paths import profile_folder

    try:
        folder = profile_folder(given.profile, given.data)
    except ValueError as bad:
        return _complain(str(bad))
    if not has_display():
        return _complain("There is no display here. 'mrsambosk host' keeps a room without one.")
    try:
        from . import app
        from .storage.credentials import system_ring
    except ImportError as missing:
        return _complain(
            f"The window needs Qt, which can't be loaded here ({missing}). 'mrsambosk host' works without."
        )
    look_around = not given.no_discovery
    return app.main(app.Options(folder, given.join, given.port, look_around=look_around, ring=system_ring()))


def has_display() -> bool:
    """Whether a window can be shown, as far as can be known without Qt."""
    if sys.platform in ("win32", "darwin", "cygwin"):
        return True
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in named)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mrsambosk",
        description="The chat room that lives on your own network.",
        epilog="Without a window: 'mrsambosk host' keeps a room, 'mrsambosk rooms' shows those around, 'mrsambosk "
        "invite' prints the invite of the host that runs here; each has its own --help.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"Mrsambosk {__version__}")
    add("--profile", metavar="NAME", default="default", help="for several people on one computer")
    add("--no-discovery", action="store_true", help="do not look for hosts on the network")
    add("--join", metavar="LINK", help="an invite or an address to join")
    add("--data", metavar="DIR", type=Path, help="where everything is kept")
    add("--port", type=int, help="for a room hosted here; 0 picks a free one")
    add("--verbose", action="store_true", help="log more")
    return parser


def _complain(sentence: str) -> int:
    print(f"mrsambosk: {sentence}", file=sys.stderr)
    return EXIT_ARGUMENTS


if __name__ == "__main__":
    sys.exit(main())
