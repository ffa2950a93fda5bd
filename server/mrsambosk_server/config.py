"""What a start of the host is told: the command line as one struct."""

import argparse
import ipaddress
import re
from pathlib import Path
from typing import Final, NoReturn

import msgspec
import platformdirs

from mrsambosk_protocol import __version__
from mrsambosk_protocol.limits import DEFAULT_PORT, Limits, Refused
from mrsambosk_protocol.text import check_name

from .listening import LAN, LOOPBACK, BadAddress, resolve

EXIT_STOPPED = 0
#: Also where what they name, a directory or a file, cannot be used now.
EXIT_ARGUMENTS = 2
EXIT_PORT_TAKEN = 3
EXIT_DATA_IN_USE = 4
EXIT_DATABASE = 5


class BadArguments(Exception):
    """A sentence for whoever typed them."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a host."""

    data: Path
    name: str | None = None
    bind: tuple[str, ...] = (LOOPBACK,)
    port: int = DEFAULT_PORT
    policy: str | None = None
    owner: str | None = None
    tls: bool = True
    certificate: Path | None = None
    key: Path | None = None
    proxy: str | None = None
    allow_hosts: tuple[str, ...] = ()
    limits: Limits = Limits()
    announce: bool = True
    backup_hours: float = 1.0
    ready_json: bool = False
    stop_on_eof: bool = False
    verbose: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadArguments(message[:1].upper() + message[1:] + f". See {self.prog} --help.")


def default_data() -> Path:
    """Where a host keeps its room when nothing else is said."""
    return Path(platformdirs.user_data_path("mrsambosk", appauthor=False)) / "host"


def parse_arguments(arguments: list[str]) -> Config:
    """The configuration in a command line (with or without the leading word ``host``).

    Raises:
        BadArguments: with one sentence; exit with `EXIT_ARGUMENTS`.
        SystemExit: after ``--help`` or ``--version``.
    """
    if arguments[:1] == ["host"]:
        arguments = arguments[1:]
    parser = _make_parser()
    given = parser.parse_args(arguments)
    values: dict[str, int] = {}
    for setting in given.limit:
        match = re.fullmatch(r"([a-z_]+)=([0-9]{1,16})", setting)
        if match is None:
            raise BadArguments(f"--limit takes NAME=VALUE with a whole number, not {setting!r}.")
        values[match[1]] = int(match[2])
    try:
        limits = Limits().with_values(values)
    except ValueError as error:
        raise BadArguments(str(error)) from None
    for kind in ("name", "owner"):
        try:
            if getattr(given, kind) is not None:
                check_name(getattr(given, kind), limits)
        except Refused as refused:
            raise BadArguments(f"--{kind}: {refused.text}") from None
    if (given.certificate is None) != (given.key is None):
        raise BadArguments("--certificate and --key go together.")
    if given.certificate is not None and given.no_tls:
        raise BadArguments("--certificate and --no-tls exclude each other.")
    for file in (given.certificate, given.key):
        if file is not None and not file.is_file():
            raise BadArguments(f"{file} is not a file.")
    try:
        resolve(given.bind or ())
    except BadAddress as bad:
        raise BadArguments(str(bad)) from None
    try:
        ipaddress.ip_address(given.proxy or LOOPBACK)
    except ValueError:
        raise BadArguments(f"--proxy takes the IP address of the proxy, not {given.proxy!r}.") from None
    if not 0 <= given.backup_hours <= 8760:
        raise BadArguments("--backup-hours is a number from 0 to 8760.")
    if not 0 <= given.port <= 65535:
        raise BadArguments("--port is a number from 0 to 65535.")
    for allowed in given.allow_host:
        match = re.fullmatch(r"[A-Za-z0-9_.\-]+(?::([0-9]{1,5}))?", allowed)
        if match is None or not 1 <= int(match[1] or 443) <= 65535:
            raise BadArguments(f"--allow-host takes NAME or NAME:PORT, not {allowed!r}.")
    return Config(
        data=given.data or default_data(),
        name=given.name,
        bind=tuple(given.bind or (LOOPBACK,)),
        port=given.port,
        policy=given.policy,
        owner=given.owner,
        tls=not given.no_tls,
        certificate=given.certificate,
        key=given.key,
        proxy=given.proxy,
        allow_hosts=tuple(given.allow_host),
        limits=limits,
        announce=not given.no_announce,
        backup_hours=given.backup_hours,
        ready_json=given.ready_json,
        stop_on_eof=given.stop_on_eof,
        verbose=given.verbose,
    )


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mrsambosk host", description="Keep a chat room and serve it to this network.", allow_abbrev=False
    )
    add = parser.add_argument
    add("--version", action="version", version=__version__)
    add("--name", metavar="N", help="what the host is called")
    add("--data", metavar="DIR", type=Path, help=f"where everything is kept (default: {default_data()})")
    add(
        "--bind",
        metavar="ADDR",
        action="append",
        help=f"an address or a network (192.168.1.0/24) to serve, again for more; {LAN!r} for every private one "
        "(default: this machine only)",
    )
    add("--port", type=int, default=DEFAULT_PORT, help=f"0 picks a free one (default: {DEFAULT_PORT})")
    add("--policy", choices=("open", "code", "closed"), help="who may join: anyone, with the join code, nobody new")
    add("--owner", metavar="NAME", help="make this person the owner and print a token for them")
    add("--no-tls", action="store_true", help="plain http and ws, for loopback, tests and reverse proxies")
    add("--certificate", metavar="FILE", type=Path, help="your own certificate chain (PEM), with --key")
    add("--key", metavar="FILE", type=Path, help="the private key of --certificate (PEM)")
    add("--proxy", metavar="ADDRESS", help="a reverse proxy whose X-Forwarded-For is believed")
    add("--allow-host", metavar="NAME[:PORT]", action="append", default=[], help="another name clients may use")
    add("--limit", metavar="NAME=VALUE", action="append", default=[], help="set one of the limits")
    add("--no-announce", action="store_true", help="do not say on the network that this host is here")
    add(
        "--backup-hours",
        metavar="N",
        type=float,
        default=1.0,
        help="back up so often; 0 for never (default: every hour)",
    )
    add("--ready-json", action="store_true", help="print one line of JSON once connections are accepted")
    add("--stop-on-eof", action="store_true", help="stop when standard input ends")
    add("--verbose", action="store_true", help="log more")
    return parser


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """One of the commands that look after a data directory: `backup`, `backups`, `restore` or `verify`.

    Args:
        file: where to, from what, or what to look at; None for the usual place.
        json: tell of it in a line of JSON.
    """

    verb: str
    data: Path
    file: Path | None = None
    json: bool = False


#: What each does, and what its file is; None where it takes none.
UPKEEP: Final[dict[str, tuple[str, str | None]]] = {
    "backup": ("Copy the room's database, in use or not, and check the copy.", "another place than the data directory"),
    "backups": ("List the backups of a data directory, the newest first.", None),
    "restore": ("Put a backup in the place of the database of a host that is not running.", "not the newest good one"),
    "verify": ("Look through the database and every backup for damage.", "look at this file only"),
}


def parse_upkeep(arguments: list[str]) -> Upkeep:
    """The command in a line that begins with one of `UPKEEP`.

    Raises:
        BadArguments: with one sentence; exit with `EXIT_ARGUMENTS`.
        SystemExit: after ``--help``.
    """
    verb = arguments[0]
    what, file = UPKEEP[verb]
    parser = _Parser(prog=f"mrsambosk {verb}", description=what, allow_abbrev=False)
    parser.add_argument("--data", metavar="DIR", type=Path, help=f"the host's directory (default: {default_data()})")
    parser.add_argument("--json", action="store_true", help="tell of it in one line of JSON")
    if file is not None:
        parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help=file)
    given = parser.parse_args(arguments[1:])
    return Upkeep(verb=verb, data=given.data or default_data(), file=getattr(given, "file", None), json=given.json)
