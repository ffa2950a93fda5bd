"""Asks this computer's firewalls what they would do with a knock: runs their own tools, hands on what they print.

    walls = await ask_firewalls(system(), knock, run)

Only what reads is run, each with a time limit, and nothing as another user: where root is needed the answer is
`Gate.UNREAD`. `core.firewall` and `core.nftables` judge.
"""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from mrsambosk_desktop.core import firewall, nftables
from mrsambosk_desktop.core.firewall import Gate, Knock, Wall

_SECONDS: Final = 10.0
_UFW_SETTINGS: Final = Path("/etc/ufw/ufw.conf")
_SOCKET_FILTER: Final = "/usr/libexec/ApplicationFirewall/socketfilterfw"
_NEEDS_ROOT: Final = ("be root", "not permitted", "not authorized", "authorization failed")
#: Everything as text, so that no number of an enumeration has to be known here. `{program}` and `{port}` are put in.
WINDOWS_SCRIPT: Final = """
$ErrorActionPreference = 'SilentlyContinue'
$rules = @(Get-NetFirewallApplicationFilter -Program '{program}' | Get-NetFirewallRule) +
  @(Get-NetFirewallPortFilter -Protocol '{protocol}' | Where-Object LocalPort -eq '{port}' | Get-NetFirewallRule) |
  Where-Object {{ "$($_.Enabled)" -eq 'True' -and "$($_.Direction)" -eq 'Inbound' }} | Sort-Object -Unique Name
ConvertTo-Json -Depth 4 -Compress @{{
  networks = @(Get-NetConnectionProfile | ForEach-Object {{
    @{{ alias = $_.InterfaceAlias; category = "$($_.NetworkCategory)" }} }});
  profiles = @(Get-NetFirewallProfile -PolicyStore ActiveStore | ForEach-Object {{
    @{{ name = $_.Name; enabled = "$($_.Enabled)"; inbound = "$($_.DefaultInboundAction)" }} }});
  rules = @($rules | ForEach-Object {{ $ports = $_ | Get-NetFirewallPortFilter
    @{{ id = $_.Name; action = "$($_.Action)"; profile = "$($_.Profile)"; protocol = "$($ports.Protocol)";
       ports = @($ports.LocalPort) }} }})
}}
"""


class Printed(msgspec.Struct, frozen=True):
    """How a tool ended, and all it printed."""

    status: int
    text: str


Run = Callable[..., Awaitable[Printed | None]]


async def run(*command: str) -> Printed | None:
    """What a command prints; None where there is no such program, or it took too long."""
    program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin:/sbin")
    if program is None:
        return None
    child = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # Their words are read: they come in English.
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            printed, _nothing = await child.communicate()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    assert child.returncode is not None
    return Printed(child.returncode, printed.decode("utf-8", "replace"))


async def ask_firewalls(system: str, knock: Knock, run: Run = run) -> tuple[Wall, ...]:
    """Every active firewall's answer to one knock.

    Args:
        system: as `sys.platform` names it.
        run: runs a tool, as `run` here does.
    """
    if system == "win32":
        return await _ask_windows(knock, run)
    if system == "darwin":
        return await _ask_macos(run)
    if system != "linux":
        return ()
    # Both of them write nftables rules of their own, which only they change: they are asked instead.
    for ask in (_ask_ufw, _ask_firewalld):
        if (wall := await ask(knock, run)) is not None:
            return (wall,)
    wall = await _ask_nftables(knock, run)
    return (wall,) if wall is not None else ()


def program() -> str:
    """What a firewall that goes by programs sees of a host."""
    return str(Path(sys.executable).resolve())


async def _ask_ufw(knock: Knock, run: Run) -> Wall | None:
    printed = await run("ufw", "status", "verbose")
    if printed is None:
        return None
    if not _was_refused(printed):
        return firewall.judge_ufw(printed.text, knock)
    try:
        # Everybody may read whether it is on, though not its rules.
        if "ENABLED=yes" not in _UFW_SETTINGS.read_text("utf-8"):
            return None
    except OSError:
        pass
    return Wall(name=firewall.UFW, gate=Gate.UNREAD, commands=("sudo ufw status verbose",))


async def _ask_firewalld(knock: Knock, run: Run) -> Wall | None:
    state = await run("firewall-cmd", "--state")
    if state is None or (state.status != 0 and not _was_refused(state)):
        return None
    unread = Wall(name=firewall.FIREWALLD, gate=Gate.UNREAD, commands=("sudo firewall-cmd --list-all-zones",))
    zones, default = await run("firewall-cmd", "--get-active-zones"), await run("firewall-cmd", "--get-default-zone")
    if zones is None or default is None or zones.status or default.status:
        return unread
    zone = firewall.zone_of(zones.text, knock.interface) or default.text.strip()
    listed = await run("firewall-cmd", f"--zone={zone}", "--list-all")
    return unread if listed is None or listed.status else firewall.judge_zone(zone, listed.text, knock)


async def _ask_nftables(knock: Knock, run: Run) -> Wall | None:
    printed = await run("nft", "-j", "list", "ruleset")
    if printed is None:
        return None
    if printed.status:
        return Wall(name=nftables.NFTABLES, gate=Gate.UNREAD, commands=("sudo nft list ruleset",))
    return nftables.judge(printed.text, knock)


async def _ask_windows(knock: Knock, run: Run) -> tuple[Wall, ...]:
    script = WINDOWS_SCRIPT.format(
        program=program().replace("'", "''"), port=knock.port, protocol=knock.protocol.upper()
    )
    printed = await run("powershell", "-NoProfile", "-NonInteractive", "-Command", script)
    if printed is None or printed.status:
        unread = Wall(name=firewall.WINDOWS, gate=Gate.UNREAD, commands=("netsh advfirewall show currentprofile",))
        return (unread,)
    wall = firewall.judge_windows(printed.text, knock)
    return (wall,) if wall is not None else ()


async def _ask_macos(run: Run) -> tuple[Wall, ...]:
    said: list[str] = []
    for words in (("--getglobalstate",), ("--getblockall",), ("--getappblocked", program())):
        printed = await run(_SOCKET_FILTER, *words)
        if printed is None or _was_refused(printed):
            unread = Wall(name=firewall.MACOS, gate=Gate.UNREAD, commands=(f"sudo {_SOCKET_FILTER} {words[0]}",))
            return (unread,)
        said.append(printed.text)
    wall = firewall.judge_macos(said[0], said[1], said[2], program())
    return (wall,) if wall is not None else ()


def _was_refused(printed: Printed) -> bool:
    return printed.status != 0 and any(words in printed.text.lower() for words in _NEEDS_ROOT)


def as_typed(walls: Sequence[Wall], *, is_root: bool) -> tuple[Wall, ...]:
    """The same with commands as this user types them: root has no need of sudo, and often none installed."""
    if not is_root:
        return tuple(walls)
    return tuple(
        msgspec.structs.replace(wall, commands=tuple(command.removeprefix("sudo ") for command in wall.commands))
        for wall in walls
    )
