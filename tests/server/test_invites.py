"""Using a personal invite inside the transaction that makes the member, whatever was found before it."""

from pathlib import Path

import pytest

from mrsambosk_protocol.limits import Limits, Refused
from mrsambosk_server.actions import accounts, invites
from mrsambosk_server.people import token_hash
from tests.helpers.server_desk import Desk, on_loop

CODE = token_hash("AAAA-BBBB-CCCC-DDDD")


async def _come(desk: Desk, name: str, *, closed: bool = False) -> str:
    outcome = await desk.do(accounts.do_register, name, f"token of {name}", "", None, None, Limits(), CODE, closed)
    return str(outcome.reply.user.id)


@on_loop
async def test_the_second_of_two_who_were_both_let_through_is_refused(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        await desk.do(invites.do_make_invite, None, CODE, True, None)
        came = await _come(desk, "Anna")
        with pytest.raises(Refused, match="has been used"):
            await _come(desk, "Ben")
        assert await desk.sql("SELECT user FROM invite_uses") == [(came,)]
        assert await desk.sql("SELECT count(*) FROM users WHERE name = 'Ben'") == [(0,)]


@on_loop
async def test_one_withdrawn_meanwhile_is_refused_and_makes_nobody(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        made = await desk.do(invites.do_make_invite, anna, CODE, False, 60)
        await desk.do(invites.do_revoke_invite, anna, made.reply[0])
        with pytest.raises(Refused, match="withdrawn"):
            await _come(desk, "Ben")
        assert await desk.sql("SELECT count(*) FROM users WHERE name = 'Ben'") == [(0,)]


@on_loop
async def test_a_host_closed_meanwhile_takes_only_its_admins_invites(tmp_path: Path) -> None:
    async with Desk(tmp_path / "room.db") as desk:
        anna = await desk.person()
        await desk.do(invites.do_make_invite, anna, CODE, False, None)
        with pytest.raises(Refused, match="withdrawn"):
            await _come(desk, "Ben", closed=True)
        await desk.change_role(anna, "admin")
        assert await _come(desk, "Ben", closed=True)
