"""What some may do to others, one's own devices, and the host's settings: by HTTP, with the rights the host knows.

The menus offer only what a role may; the host decides all the same.
"""

from typing import Final, Literal

from PySide6.QtCore import Signal

from mrsambosk_desktop.core.rows import HostPage
from mrsambosk_desktop.core.tasks import Tasks
from mrsambosk_desktop.net.http import Door
from mrsambosk_protocol.entities import ADMIN, OWNER, User
from mrsambosk_protocol.requests import (
    AuditLog,
    Body,
    ChangeHost,
    ChangeProfile,
    ChangeRole,
    Devices,
    HostSettings,
    Moderate,
    Profile,
    ResetCode,
)

from .asking import AskingController
from .connection import ConnectionController
from .feed import Feed

_HOUR: Final = 60
_DAY: Final = 24 * 60
#: What a choice of the menu asks of the host: method, what stands behind the person's id, and the body.
_VERBS: Final[dict[str, tuple[str, str, Body]]] = {
    "kick": ("POST", "kick", Moderate()),
    "mute_hour": ("POST", "mute", Moderate(minutes=_HOUR)),
    "mute": ("POST", "mute", Moderate()),
    "ban_day": ("POST", "ban", Moderate(minutes=_DAY)),
    "ban": ("POST", "ban", Moderate()),
}
_LIFTS: Final = {"lift_mute": "mute", "lift_ban": "ban"}


class PeopleController(AskingController):
    """Signals: `page_loaded` (HostPage); `code_made` (name, one-time code); `failed` (sentence)."""

    page_loaded = Signal(object)
    code_made = Signal(str, str)

    def __init__(self, feed: Feed, connection: ConnectionController, tasks: Tasks) -> None:
        super().__init__(connection, tasks)
        self._feed = feed

    # Intents ---------------------------------------------------------------------------------------------------

    def moderate(self, user: User, verb: str) -> None:
        """Do what was chosen in a person's menu (`member_menu`)."""
        self._do(lambda door: self._moderate(door, user, verb), f"{verb} somebody")

    def load(self) -> None:
        """Fetch the devices and, for who runs the host, its settings and log; `page_loaded` follows."""
        self._do(self._load, "load the host's page")

    def end_device(self, device: str) -> None:
        """Sign one of one's own devices out."""
        self._do(lambda door: self._then_load(door, "DELETE", f"/me/devices/{device}"), "end a device")

    def set_password(self, password: str) -> None:
        """Set one's own; the other devices are signed out."""
        self._do(lambda door: self._set_password(door, password), "set a password")

    def set_policy(self, policy: str) -> None:
        """Change who may join."""
        self._do(lambda door: self._change_host(door, ChangeHost(policy=_policy(policy))), "change the policy")

    def make_code(self) -> None:
        """Replace the join code."""
        self._do(lambda door: self._change_host(door, ChangeHost(new_code=True)), "make a join code")

    # Inside ----------------------------------------------------------------------------------------------------

    async def _moderate(self, door: Door, user: User, verb: str) -> None:
        if verb.startswith("role_"):
            await door.ask("PATCH", f"/users/{user.id}", User, ChangeRole(role=verb.removeprefix("role_")))
        elif verb in _LIFTS:
            await door.ask("DELETE", f"/users/{user.id}/{_LIFTS[verb]}", type(None))
        elif verb == "reset":
            made = await door.ask("POST", f"/users/{user.id}/reset", ResetCode, Moderate())
            self.code_made.emit(user.name, made.code)
        else:
            method, path, body = _VERBS[verb]
            await door.ask(method, f"/users/{user.id}/{path}", type(None), body)

    async def _load(self, door: Door) -> None:
        devices = await door.ask("GET", "/me/devices", Devices)
        me = self._feed.users.get(self._feed.me)
        if me is None or me.role not in (OWNER, ADMIN):
            self.page_loaded.emit(HostPage(devices.devices))
            return
        settings = await door.ask("GET", "/host", HostSettings)
        log = await door.ask("GET", "/audit?limit=100", AuditLog)
        names = {user.id: user.name for user in self._feed.users.values()}
        self.page_loaded.emit(HostPage(devices.devices, settings.policy, settings.code or "", log.audit, names))

    async def _then_load(self, door: Door, method: str, path: str) -> None:
        await door.ask(method, path, type(None))
        await self._load(door)

    async def _set_password(self, door: Door, password: str) -> None:
        await door.ask("PATCH", "/me", Profile, ChangeProfile(password=password))
        await self._load(door)

    async def _change_host(self, door: Door, change: ChangeHost) -> None:
        await door.ask("PATCH", "/host", HostSettings, change)
        await self._load(door)


def _policy(text: str) -> Literal["open", "code", "closed"]:
    match text:
        case "open" | "code" | "closed":
            return text
    raise ValueError(text)
