"""The command `mrsambosk`: the app; `mrsambosk host …`: the host; `mrsambosk rooms`, `invite`, `doctor`: without Qt.

This is the one place of the app that knows the host's code: to hand the command line over to it. Everything else
speaks to a host over its socket.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mrsambosk_protocol import __version__

from . import logs

EXIT_ARGUMENTS = 2
#: What the host's own command line does.
HOST_COMMANDS = ("host", "backup", "backups", "restore", "verify")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; the exit status."""
    line = list(sys.argv[1:] if arguments is None else arguments)
    if line and line[0] in HOST_COMMANDS:
        from mrsambosk_server import cli

        return cli.main(line)
    if line and line[0] in ("rooms", "invite", "doctor"):
        from . import console

        if line[0] == "invite":
            return console.invite(line[1:], _make_invite)
        return {"rooms": console.rooms, "doctor": console.doctor}[line[0]](line[1:])
    given = _parser().parse_args(line)
    from .paths import profile_folders

    try:
        folders = profile_folders(given.profile, given.data, portable=given.portable)
    except ValueError as bad:
        return _complain(str(bad))
    if not given.smoke and not has_display():
        return _complain("There is no display here. 'mrsambosk host' keeps a room without one.")
    try:
        from . import app
        from .autostart import Autostart
        from .storage.credentials import system_ring
    except ImportError as missing:
        return _complain(
            f"The window needs Qt, which can't be loaded here ({missing}). 'mrsambosk host' works without."
        )
    if given.smoke:
        from . import smoke

        logs.set_up(given.verbose, None)
        return smoke.main()
    try:
        last = logs.set_up(given.verbose, folders.logs)
    except OSError as fault:
        return _complain(f"{folders.logs} can't be written: {fault.strerror}.")
    options = app.Options(
        folders.data,
        given.link or given.join,
        given.port,
        look_around=not given.no_discovery,
        # What is carried to another computer must find its tokens there.
        ring=None if given.portable else system_ring(),
        config=folders.config,
        hidden=given.hidden,
        autostart=Autostart(given.profile, _kept(given)),
        log_lines=last.lines,
    )
    return app.main(options)


def _make_invite(data: Path, single_use: bool, minutes: int | None) -> str:
    """See `console.MakeInvite`."""
    from mrsambosk_server import cli

    return cli.make_invite(data, single_use, minutes)


def _kept(given: argparse.Namespace) -> list[str]:
    """What of this start a start with the session repeats."""
    line = [] if given.profile == "default" else ["--profile", given.profile]
    line += ["--portable"] if given.portable else []
    line += ["--data", str(given.data.resolve())] if given.data is not None else []
    line += ["--no-discovery"] if given.no_discovery else []
    return line + (["--port", str(given.port)] if given.port is not None else [])


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
        "invite' prints the invite of the host that runs here, 'mrsambosk doctor' looks for what keeps people from "
        "joining; each has its own --help.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"Mrsambosk {__version__}")
    add("--profile", metavar="NAME", default="default", help="for several people on one computer")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--data", metavar="DIR", type=Path, help="where everything is kept")
    kept.add_argument("--portable", action="store_true", help="keep everything beside the program")
    add("--hidden", action="store_true", help="start without showing the window, as with the session")
    add("--smoke", action="store_true", help="try everything once, off screen, print a line of JSON, and end")
    add("--no-discovery", action="store_true", help="do not look for hosts on the network")
    add("--join", metavar="LINK", help="an invite or an address to join")
    add("link", metavar="LINK", nargs="?", help="the same, as the desktop hands over a link that was clicked")
    add("--port", type=int, help="for a room hosted here; 0 picks a free one")
    add("--verbose", action="store_true", help="log more")
    return parser


def _complain(sentence: str) -> int:
    print(f"mrsambosk: {sentence}", file=sys.stderr)
    return EXIT_ARGUMENTS


if __name__ == "__main__":
    sys.exit(main())
