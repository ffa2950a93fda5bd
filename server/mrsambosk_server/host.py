"""The composition root: builds a host from its configuration, starts it, and stops it in order."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sqlite3
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import filelock
import msgspec
import peewee
from starlette.applications import Starlette
from uvicorn.config import Config as HttpConfig
from uvicorn.server import ServerState

from mrsambosk_protocol import __version__, events
from mrsambosk_protocol.announcement import Announcement
from mrsambosk_protocol.entities import OFFLINE, HostInfo
from mrsambosk_protocol.invite import Address, Invite
from mrsambosk_protocol.limits import Close, Refused
from mrsambosk_protocol.running import RUNNING_FILE, Running

from . import (
    backup,
    certificate,
    clean_stop,
    history,
    listening,
    logs,
    people,
    restore,
    schema,
    search,
)
from .actions import accounts, messages, moderation, starting
from .announce import Announcer
from .api import make_app
from .config import EXIT_ARGUMENTS, EXIT_DATA_IN_USE, EXIT_DATABASE, EXIT_PORT_TAKEN, Config
from .examination import CannotStart, examine, load_key, look_at_log, way_back
from .exchange import Exchange
from .front import Door, Front
from .guard import Guard
from .hub import Hub
from .ledger import Ledger
from .passwords import Passwords
from .session import Services
from .storage_errors import is_damage
from .whereabouts import Whereabouts

log = logging.getLogger(__name__)

KEY_FILE: Final = "host-key.pem"
LOCK_FILE: Final = "host.lock"
FEATURES: Final = ("search", "reactions", "pins", "receipts", "typing")
_HTTP_SECONDS: Final = 5.0
_GOODBYE_SECONDS: Final = 2.0
#: What is carried out on a full disk too: it frees space, takes something from somebody, or is part of a start.
_ESSENTIAL: Final = (
    messages.do_delete,
    accounts.do_erase,
    accounts.do_own,
    accounts.do_sign_out,
    moderation.do_ban,
    moderation.do_kick,
    moderation.do_mute,
    starting.do_start,
)


class Host:
    """One running host. ``await start()``, then `ready` tells where it is; ``await stop()`` ends it in order.

    Args:
        changed: called when `ready` tells something else than before: another address, another join code.
    """

    def __init__(self, config: Config, changed: Callable[[], None] = lambda: None) -> None:
        self._config = config
        self._changed = changed
        self._lock = filelock.FileLock(config.data / LOCK_FILE)
        self._noted: Path | None = None
        self._whereabouts: Whereabouts | None = None
        self._guard: Guard | None = None
        self._settings: dict[str, str] = {}
        self._ledger: Ledger | None = None
        self._hub: Hub | None = None
        self._door: Door | None = None
        self._announcer: Announcer | None = None
        self._backups = backup.Schedule(config.data, config.backup_hours)
        self._log_file: logging.Handler | None = None
        self._services: Services | None = None
        self._key: Any = None
        self._passwords = Passwords()
        self._http = ServerState()
        self.ready: dict[str, Any] = {}

    async def start(self) -> None:
        """Lock the data, open it, serve.

        Raises:
            CannotStart: with nothing left running or locked.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        config = self._config
        self._take_data()
        restore.clear_up(config.data)
        path = config.data / backup.DATABASE
        version = examine(path)
        self._log_file = logs.open_file(config.data)
        if 0 < version < schema.VERSION:
            try:
                backup.make_backup(config.data)
            except backup.BackupFailed as failed:
                text = f"The database must be updated, and not without a backup. {failed}"
                if failed.damaged:
                    raise CannotStart(EXIT_DATABASE, f"{text} {way_back(config.data)}") from None
                raise CannotStart(EXIT_ARGUMENTS, text) from None
        clean_stop.forget(path)
        key = load_key(config.data / KEY_FILE)
        self._listen()
        look_at_log(path)
        ledger = await self._open_ledger(path)
        epoch = secrets.token_urlsafe(12)
        try:
            owner_token = await self._open_room(ledger, epoch)
        except Refused as refused:
            if ledger.is_damaged:
                text = f"{path} is damaged. {way_back(config.data)}"
                raise CannotStart(EXIT_DATABASE, text) from None
            raise CannotStart(EXIT_ARGUMENTS, f"The room cannot be opened. {refused.text}") from None
        assert self._hub is not None
        self._key = key
        info = HostInfo(
            id=certificate.host_id(key.public_key()),
            name=self._settings.get("name") or socket.gethostname()[: config.limits.name_chars],
            version=__version__,
            features=FEATURES,
            limits=msgspec.structs.asdict(config.limits),
        )
        self._services = Services(ledger, self._hub, config.limits, info, epoch)
        await self._serve(owner_token)
        self._backups.start()

    async def _open_room(self, ledger: Ledger, epoch: str) -> str | None:
        """Begin this start in the database, and learn who is there; the owner's token, where there is to be one.

        Raises:
            Refused: the storage does not let us.
        """
        config, owner_token = self._config, None
        started = await ledger.submit(starting.do_start, epoch, config.name, config.policy)
        self._settings = started.reply
        if config.owner is not None:
            owner_token = secrets.token_urlsafe(32)
            await ledger.submit(accounts.do_own, config.owner, owner_token, config.limits)
        self._hub = Hub(await ledger.read(history.everyone), await ledger.read(people.revs))
        return owner_token

    async def _serve(self, owner_token: str | None) -> None:
        assert self._services is not None
        assert self._whereabouts is not None
        config, place = self._config, self._whereabouts
        self._guard = guard = Guard(place.served, place.port, tls=config.tls, extra=config.allow_hosts)
        tls = self._make_tls()
        api = make_app(self._services, self._passwords, self._settings, self._tell)
        http = self._http_config(api)
        self._door = door = Door(
            self._services,
            guard,
            config.limits,
            lambda whole: Exchange(http, self._http, whole),
            tls,
            config.proxy,
        )
        await place.open(lambda: Front(door))
        self._announce()
        self.ready = self._describe_place() | {"event": "ready", "owner_token": owner_token}
        self._note_running()
        place.watch(self._move)

    def _move(self) -> None:
        """This machine has other addresses."""
        assert self._whereabouts is not None
        assert self._guard is not None
        self._guard.serve(self._whereabouts.served)
        try:
            self._make_tls()
        except CannotStart as failure:
            # Under a pin nobody looks at the names in it.
            log.info("The certificate does not follow: %s", failure)
        self._announce()
        self._tell()

    def _tell(self) -> None:
        """Something that `ready` tells may be another."""
        told = self._describe_place()
        if any(self.ready.get(name) != value for name, value in told.items()):
            self.ready |= told | {"event": "changed", "owner_token": None}
            self._note_running()
            self._changed()

    def _describe_place(self) -> dict[str, Any]:
        """Where this host is and how to come in, as of now."""
        assert self._services is not None
        assert self._whereabouts is not None
        config, info, settings, place = self._config, self._services.info, self._settings, self._whereabouts
        pinned = config.tls and config.certificate is None
        code = settings["code"] if settings["policy"] == "code" else None
        invite = Invite(
            addresses=tuple(Address(name, place.port) for name in self._invited_names(place.addresses)),
            name=info.name,
            fingerprint=info.id if pinned else None,
            code=code,
            tls=config.tls,
        )
        return {
            "port": place.port,
            "addresses": place.addresses,
            "fingerprint": info.id if pinned else None,
            "code": code,
            "invite": str(invite),
        }

    def _note_running(self) -> None:
        """For `mrsambosk invite` and the app; the host is as good without it."""
        assert self._services is not None
        ready = self.ready
        running = Running(
            pid=os.getpid(),
            name=self._services.info.name,
            port=ready["port"],
            addresses=tuple(ready["addresses"]),
            invite=ready["invite"],
            fingerprint=ready["fingerprint"],
        )
        path = self._config.data / RUNNING_FILE
        partial = path.with_name(path.name + ".new")
        try:
            partial.unlink(missing_ok=True)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(msgspec.json.encode(running))
            partial.replace(path)
            self._noted = path
        except OSError as error:
            log.info("%s cannot be written: %s", path, error)

    def _announce(self) -> None:
        """Say on the network that this host is here, from now on where it is now."""
        assert self._whereabouts is not None
        if not self._config.announce:
            return
        if self._announcer is None:
            self._announcer = Announcer(self._describe)
        self._announcer.announce(self._whereabouts.addresses)

    def _describe(self) -> Announcement:
        """What is said of this host on the network."""
        assert self._services is not None
        assert self._whereabouts is not None
        return Announcement(
            id=self._services.info.id,
            name=self._services.info.name,
            port=self._whereabouts.port,
            tls=self._config.tls,
            locked=self._settings["policy"] != "open",
            people=sum(user.status != OFFLINE for user in self._services.hub.users),
        )

    def _invited_names(self, addresses: list[str]) -> list[str]:
        """What an invite names: with a certificate of a public authority the names it was made for."""
        if self._config.certificate is None:
            return addresses
        return [name.partition(":")[0] for name in self._config.allow_hosts] or addresses

    async def stop(self) -> None:
        """Take nobody new, say goodbye, store what waits, close. Safe at any point of a start, and twice.

        Whatever fails on the way, what is below it is done.
        """
        async with contextlib.AsyncExitStack() as last:  # the last first
            last.callback(self._lock.release)
            last.callback(self._forget_running)
            last.callback(self._close_log_file)
            last.callback(self._passwords.close)
            last.push_async_callback(self._close_ledger)
            last.push_async_callback(self._backups.aclose)
            last.push_async_callback(self._say_goodbye)
            if self._announcer is not None:
                await self._announcer.stop()

    async def _say_goodbye(self) -> None:
        if self._whereabouts is not None:
            await self._whereabouts.close()
        if self._door is not None:
            self._door.close()
        if self._services is not None and self._hub is not None:
            self._hub.send_to_all(events.Notice(kind="closing", text="The host is closing."))
            self._hub.flush()
        for http in list(self._http.connections):
            http.shutdown()
        if self._http.tasks:
            await asyncio.wait(self._http.tasks, timeout=_HTTP_SECONDS)
        if self._services is not None:
            for session in tuple(self._services.sessions):
                session.end(Close.GOING_AWAY, "the host is closing")
        if self._door is not None:
            await self._door.until_empty(_GOODBYE_SECONDS)
        if self._hub is not None:
            self._hub.close()

    async def _close_ledger(self) -> None:
        if self._ledger is None:
            return
        await self._ledger.close()
        if not (self._ledger.is_damaged or self._backups.found_damage):
            clean_stop.note(self._config.data / backup.DATABASE)

    def _close_log_file(self) -> None:
        if self._log_file is not None:
            logs.close_file(self._log_file)

    def _forget_running(self) -> None:
        if self._noted is not None:
            with contextlib.suppress(OSError):
                self._noted.unlink(missing_ok=True)

    async def _open_ledger(self, path: Path) -> Ledger:
        def told(outcome: Any) -> None:
            # Nobody is connected before there is a hub.
            if self._hub is not None:
                self._hub.publish(outcome)

        ledger = Ledger(
            path,
            told,
            waiting_limit=self._config.limits.actions_waiting,
            idle=search.index_batch,
            purge=search.purge,
            storage_changed=self._on_storage,
            essential=_ESSENTIAL,
        )
        try:
            await ledger.open()
        except schema.DatabaseOutOfReach as failure:
            raise CannotStart(EXIT_ARGUMENTS, str(failure)) from None
        except (peewee.DatabaseError, sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise CannotStart(EXIT_DATABASE, f"{path} is damaged. {way_back(path.parent)}") from None
            raise CannotStart(EXIT_ARGUMENTS, f"The room's database cannot be used: {error}.") from None
        self._ledger = ledger
        return ledger

    def _on_storage(self, state: str) -> None:
        kind, text = {
            "full": ("read_only", "The host's disk is full: nothing new is stored for now, but deleting works."),
            "read_only": ("read_only", "The host cannot write to its disk: nothing new is stored for now."),
            "writable": ("writable", "The host can store again."),
        }[state]
        if self._hub is not None:
            self._hub.send_to_all(events.Notice(kind=kind, text=text))

    def _take_data(self) -> None:
        data = self._config.data
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            raise CannotStart(EXIT_DATA_IN_USE, f"Another host is using {data}.") from None
        except OSError as error:
            raise CannotStart(EXIT_ARGUMENTS, f"{data} cannot be written to: {error.strerror}.") from None

    def _listen(self) -> None:
        try:
            self._whereabouts = Whereabouts(self._config.bind, self._config.port)
        except listening.BadAddress as bad:
            raise CannotStart(EXIT_ARGUMENTS, str(bad)) from None
        except listening.PortTaken as taken:
            raise CannotStart(EXIT_PORT_TAKEN, str(taken)) from None

    def _make_tls(self) -> ssl.SSLContext | None:
        """The TLS of the port, for the addresses of now; made a second time the first one is changed."""
        assert self._guard is not None
        assert self._whereabouts is not None
        config = self._config
        if not config.tls:
            return None
        own = config.data / "host-certificate.pem"
        try:
            if config.certificate is not None and config.key is not None:
                return certificate.server_context(config.certificate, config.key)
            names = sorted({*self._whereabouts.served, *self._guard.names})
            certificate.write_certificate(own, self._key, names)
            if self._door is not None and self._door.tls is not None:
                self._door.tls.load_cert_chain(own, config.data / KEY_FILE)
                return self._door.tls
            return certificate.server_context(own, config.data / KEY_FILE)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise CannotStart(EXIT_ARGUMENTS, f"The certificate cannot be used: {error}.") from None

    def _http_config(self, app: Starlette) -> HttpConfig:
        config = HttpConfig(
            app=app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=self._config.limits.head_bytes,
        )
        config.load()
        # One request a connection: each head goes through the same strict reading and guard.
        self._http.default_headers = [(b"connection", b"close")]
        return config
