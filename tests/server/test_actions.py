"""Every action: *snapshot + told changes = new snapshot*, doing it twice, who may, and what refuses it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrsambosk_protocol import events
from mrsambosk_protocol.commands import Delete, Edit, Pin, Post, React, Read
from mrsambosk_protocol.entities import ADMIN, GONE, GUEST, MEMBER, MODERATOR, OWNER, You
from mrsambosk_protocol.limits import BULK_ROWS, LOBBY, REACTION_KINDS, SMALL_COMPANY, Refused
from mrsambosk_server.actions import accounts, members, messages, moderation, rooms, starting
from mrsambosk_server.actions.permissions import LEAST, ROLES, may
from mrsambosk_server.outcome import BulkTold, ReadTold, RowTold, UserTold
from mrsambosk_server.people import token_hash
from tests.helpers.server_desk import RULES, Desk, Recorder, on_loop, post
from tests.helpers.snapshot import read_snapshot, verify_action

FAR = 2**42
EMOJI = "👍"


class Cast(NamedTuple):
    """Three members, each watching."""

    desk: Desk
    anna: str
    ben: str
    watchers: list[Recorder]

    async def verify(self, action: Any, *args: Any) -> Any:
        return await verify_action(self.desk, self.watchers, action, *args)

    async def refused(self, code: str, action: Any, *args: Any) -> None:
        """The action is refused with this code and changes nothing."""
        with pytest.raises(Refused) as caught:
            await self.verify(action, *args)
        assert caught.value.code == code, caught.value.text


@asynccontextmanager
async def cast(folder: Path) -> AsyncIterator[Cast]:
    async with Desk(folder / "room.db") as desk:
        people = [await desk.person(name) for name in ("Anna", "Ben", "Cleo")]
        watchers = [await desk.connect(user) for user in people]
        yield Cast(desk, people[0], people[1], watchers)


def edit(id: int, body: str, **fields: Any) -> Edit:
    return Edit(ref=2, room=LOBBY, id=id, body=body, **fields)


def react(id: int, emoji: str = EMOJI, on: bool = True) -> React:
    return React(ref=3, room=LOBBY, id=id, emoji=emoji, on=on)


# Post.


@on_loop
async def test_post(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        first = await it.verify(messages.do_post, it.anna, post("one"), RULES)
        command = post("two", mentions=(it.ben, it.anna, it.ben, "u_nobody"), reply_to=first.row.id)
        second = await it.verify(messages.do_post, it.ben, command, RULES)
        assert second.reply == events.Done(ref=1, id=2, rev=2, duplicate=False)
        assert second.row.mentions == (it.ben, it.anna), "each once; who is not in the room is dropped"
        assert second.row.reply_to == first.row.id


@on_loop
async def test_the_same_post_again_tells_nothing_and_gives_the_first_id_and_present_rev(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        command = post("once")
        row = (await it.verify(messages.do_post, it.anna, command, RULES)).row
        await it.verify(messages.do_edit, it.anna, edit(row.id, "changed"), RULES)
        again = await it.verify(messages.do_post, it.anna, command, RULES)
        assert again.reply == events.Done(ref=1, id=1, rev=2, duplicate=True)
        assert again.told == ()
        await it.verify(messages.do_delete, it.anna, Delete(ref=1, room=LOBBY, id=row.id))
        # Also with another body, and muted since: what is stored is acknowledged.
        await it.desk.sql("UPDATE users SET muted_until = ? WHERE id = ?", FAR, it.anna)
        other = await it.verify(messages.do_post, it.anna, post("other", cid=command.cid), RULES)
        assert other.reply == events.Done(ref=1, id=1, rev=3, duplicate=True)
        # Another author may use the same cid.
        assert (await it.verify(messages.do_post, it.ben, command, RULES)).reply.duplicate is False


@on_loop
async def test_the_same_cid_in_another_room_is_a_conflict(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.add_room("r_other", it.anna)
        command = post("here")
        await it.verify(messages.do_post, it.anna, command, RULES)
        await it.refused("cid_conflict", messages.do_post, it.anna, post("there", "r_other", cid=command.cid), RULES)


@on_loop
async def test_what_a_post_is_refused_for(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        anna = it.anna
        await it.desk.add_room("r_secret", it.ben)
        await it.desk.post(it.ben, room="r_secret")
        await it.refused("not_found", messages.do_post, anna, post(room="r_nowhere"), RULES)
        await it.refused("not_found", messages.do_post, anna, post(room="r_secret"), RULES)
        await it.refused("not_found", messages.do_post, "u_nobody", post(), RULES)
        # A message of a room that Anna is not in is no message to reply to here.
        await it.refused("not_found", messages.do_post, anna, post(reply_to=1), RULES)
        await it.refused("bad_text", messages.do_post, anna, post("   "), RULES)
        await it.refused("too_long", messages.do_post, anna, post("x" * (RULES.body_chars + 1)), RULES)
        await it.refused("bad_field", messages.do_post, anna, post(files=("f_1",)), RULES)


@on_loop
async def test_the_muted_and_the_banned(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna)
        await it.desk.sql("UPDATE users SET muted_until = ? WHERE id = ?", FAR, it.anna)
        await it.refused("forbidden", messages.do_post, it.anna, post(), RULES)
        await it.refused("forbidden", messages.do_edit, it.anna, edit(row.id, "new"), RULES)
        await it.refused("forbidden", messages.do_react, it.anna, react(row.id))
        await it.verify(members.do_read, it.anna, Read(ref=1, room=LOBBY, id=0, back=True))
        await it.verify(messages.do_delete, it.anna, Delete(ref=1, room=LOBBY, id=row.id))
        await it.desk.sql("UPDATE users SET muted_until = 1 WHERE id = ?", it.anna)
        await it.verify(messages.do_post, it.anna, post(), RULES)
        await it.desk.sql("UPDATE users SET banned_until = ? WHERE id = ?", FAR, it.anna)
        await it.refused("banned", messages.do_post, it.anna, post(), RULES)
        await it.refused("banned", messages.do_delete, it.anna, Delete(ref=1, room=LOBBY, id=row.id))
        await it.refused("banned", messages.do_pin, it.anna, Pin(ref=1, room=LOBBY, id=row.id, on=True))
        await it.refused("banned", members.do_read, it.anna, Read(ref=1, room=LOBBY, id=1))
        await it.desk.sql("UPDATE users SET banned_until = 1 WHERE id = ?", it.anna)
        await it.verify(messages.do_post, it.anna, post(), RULES)


# Edit.


@on_loop
async def test_edit(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = (await it.verify(messages.do_post, it.anna, post("one", mentions=(it.ben,)), RULES)).row
        kept = await it.verify(messages.do_edit, it.anna, edit(row.id, "two"), RULES)
        assert kept.row.mentions == (it.ben,), "absent mentions leave the row's as they are"
        assert kept.reply == events.Done(ref=2, rev=2)
        assert kept.row.edited_at is not None
        gone = await it.verify(messages.do_edit, it.anna, edit(row.id, "two", mentions=()), RULES)
        assert gone.row.mentions == ()
        same = await it.verify(messages.do_edit, it.anna, edit(row.id, "two", mentions=()), RULES)
        assert same.reply == events.Done(ref=2, rev=3)
        assert same.told == ()
        await it.verify(messages.do_edit, it.anna, edit(row.id, "two", mentions=(it.ben, it.anna)), RULES)


@on_loop
async def test_what_an_edit_is_refused_for(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna)
        await it.refused("forbidden", messages.do_edit, it.ben, edit(row.id, "mine now"), RULES)
        await it.refused("not_found", messages.do_edit, it.anna, edit(99, "x"), RULES)
        await it.refused("bad_text", messages.do_edit, it.anna, edit(row.id, "\n"), RULES)
        await it.refused("too_long", messages.do_edit, it.anna, edit(row.id, "x" * 4001), RULES)
        await it.desk.delete(it.anna, row)
        await it.refused("gone", messages.do_edit, it.anna, edit(row.id, "back again"), RULES)


# Delete.


@on_loop
async def test_delete_wipes_all_but_the_row(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna, "secret", mentions=(it.ben,))
        await it.desk.react(it.ben, row)
        await it.desk.pin(it.ben, row)
        done = await it.verify(messages.do_delete, it.anna, Delete(ref=9, room=LOBBY, id=row.id))
        left = done.row
        assert (left.body, left.mentions, left.reactions, left.pinned_at, left.pinned_by) == ("", (), {}, None, None)
        assert (left.cid, left.sent_at, left.deleted_by) == (row.cid, row.sent_at, it.anna)
        assert left.deleted_at is not None
        again = await it.verify(messages.do_delete, it.anna, Delete(ref=10, room=LOBBY, id=row.id))
        assert again.reply == events.Done(ref=10, rev=4)
        assert again.told == ()
        await it.refused("not_found", messages.do_delete, it.anna, Delete(ref=1, room=LOBBY, id=99))


# React and pin.


@on_loop
async def test_react(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna)
        await it.verify(messages.do_react, it.anna, react(row.id))
        both = await it.verify(messages.do_react, it.ben, react(row.id))
        assert both.row.reactions == {EMOJI: (it.anna, it.ben)}
        assert (await it.verify(messages.do_react, it.ben, react(row.id))).told == ()
        one = await it.verify(messages.do_react, it.anna, react(row.id, on=False))
        assert one.row.reactions == {EMOJI: (it.ben,)}
        assert (await it.verify(messages.do_react, it.anna, react(row.id, on=False))).told == ()
        none = await it.verify(messages.do_react, it.ben, react(row.id, on=False))
        assert none.row.reactions == {}
        assert none.row.edited_at is None


@on_loop
async def test_what_a_reaction_is_refused_for(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna)
        for emoji in ("a", "👍👍", "<b>", ":+1:", " ", "👍 "):
            await it.refused("bad_field", messages.do_react, it.anna, react(row.id, emoji))
        await it.refused("not_found", messages.do_react, it.anna, react(99))
        kinds = [chr(0x1F600 + place) for place in range(REACTION_KINDS + 1)]
        for emoji in kinds[:-1]:
            await it.desk.react(it.anna, row, emoji)
        await it.refused("bad_field", messages.do_react, it.ben, react(row.id, kinds[-1]))
        await it.verify(messages.do_react, it.ben, react(row.id, kinds[0]))
        await it.desk.delete(it.anna, row)
        await it.refused("gone", messages.do_react, it.anna, react(row.id))


@on_loop
async def test_pin(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        row = await it.desk.post(it.anna)
        pinned = await it.verify(messages.do_pin, it.ben, Pin(ref=4, room=LOBBY, id=row.id, on=True))
        assert pinned.row.pinned_by == it.ben
        again = await it.verify(messages.do_pin, it.anna, Pin(ref=4, room=LOBBY, id=row.id, on=True))
        assert again.told == ()
        assert again.row.pinned_by == it.ben
        off = await it.verify(messages.do_pin, it.anna, Pin(ref=4, room=LOBBY, id=row.id, on=False))
        assert (off.row.pinned_at, off.row.pinned_by) == (None, None)
        await it.refused("not_found", messages.do_pin, it.anna, Pin(ref=4, room=LOBBY, id=99, on=True))
        await it.desk.delete(it.anna, row)
        for on in (True, False):
            await it.refused("gone", messages.do_pin, it.anna, Pin(ref=4, room=LOBBY, id=row.id, on=on))


@on_loop
async def test_a_system_row_is_neither_edited_nor_deleted_nor_reacted_to(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.sql("UPDATE rooms SET rev = 1")
        await it.desk.sql(
            "INSERT INTO messages (room, id, rev, author, kind, body, sent_at, event) "
            """VALUES ('lobby', 1, 1, ?, 'system', '', 1, '{"name": "room_created"}')""",
            it.anna,
        )
        await it.refused("forbidden", messages.do_edit, it.anna, edit(1, "x"), RULES)
        await it.refused("forbidden", messages.do_delete, it.anna, Delete(ref=1, room=LOBBY, id=1))
        await it.refused("forbidden", messages.do_react, it.anna, react(1))
        await it.refused("forbidden", messages.do_pin, it.anna, Pin(ref=1, room=LOBBY, id=1, on=True))


# Read.


@on_loop
async def test_read_moves_forwards_unless_back(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        for number in range(4):
            await it.desk.post(it.ben, f"message {number}", mentions=(it.anna,) if number == 3 else ())

        async def read(id: int, back: bool = False) -> Any:
            return await it.verify(members.do_read, it.anna, Read(ref=5, room=LOBBY, id=id, back=back))

        assert (await read(2)).reply == events.Done(ref=5, you=You(read=2, unread=2, mentions=1))
        lower = await read(1)
        assert lower.told == ()
        assert lower.reply.you == You(read=2, unread=2, mentions=1)
        assert (await read(1, back=True)).reply.you == You(read=1, unread=3, mentions=1)
        # Past the newest stands at the newest: the next message is unread.
        assert (await read(1000)).reply.you == You(read=4)
        assert (await read(1000)).told == ()
        row = await it.desk.post(it.ben)
        assert (await read(0, back=True)).reply.you == You(unread=5, mentions=1)
        await it.desk.delete(it.ben, row)
        assert (await read(1)).reply.you == You(read=1, unread=3, mentions=1)


@on_loop
async def test_a_read_marker_is_told_to_others_in_small_company_only(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        for _number in range(SMALL_COMPANY - len(it.watchers)):
            await it.desk.person()
        await it.desk.post(it.ben)
        await it.desk.post(it.ben)
        for id, small in ((1, True), (2, False)):
            outcome = await it.verify(members.do_read, it.anna, Read(ref=1, room=LOBBY, id=id))
            (told,) = outcome.told
            assert isinstance(told, ReadTold)
            assert told.small is small
            await it.desk.person()


@on_loop
async def test_read_is_refused_outside_ones_rooms(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.add_room("r_secret", it.ben)
        for room in ("r_secret", "r_nowhere"):
            await it.refused("not_found", members.do_read, it.anna, Read(ref=1, room=room, id=1))


# Accounts.


@on_loop
async def test_register_tells_of_the_person_who_has_read_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.USERS_GATHER_SECONDS", 0.0)
    async with cast(tmp_path) as it:
        await it.desk.add_room("r_private", it.ben)
        await it.desk.post(it.anna)

        async def register(name: str) -> Any:
            return await it.verify(accounts.do_register, name, "token of " + name, "phone", None, None, RULES)

        signed_in = (await register("Dora")).reply
        assert (signed_in.user.name, signed_in.user.role) == ("Dora", MEMBER)
        dora = await it.desk.connect(signed_in.user.id)
        rows = await it.desk.sql("SELECT room, read FROM memberships WHERE user = ?", dora.user)
        assert rows == [(LOBBY, 1)], "not the private room; nothing unread"
        for name in ("Dora", "dora", "  DORA ", "ｄｏｒａ"):
            await it.refused("name_taken", accounts.do_register, name, "t", "", None, None, RULES)
        await it.refused("bad_name", accounts.do_register, "\u202eevil", "t", "", None, None, RULES)


@on_loop
async def test_the_owner_of_a_start_has_one_token(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        first = (await it.desk.do(accounts.do_own, "Anna", "token-1", RULES)).reply
        assert (first.user.id, first.user.role) == (it.anna, OWNER)
        second = (await it.desk.do(accounts.do_own, "anna ", "token-2", RULES)).reply
        assert second.user.id == it.anna
        starts = await it.desk.sql("SELECT id FROM devices WHERE owner_start = 1")
        assert starts == [(second.device,)]
        devices = await it.desk.sql("SELECT count(*) FROM devices WHERE user = ?", it.anna)
        assert devices == [(2,)], "the token Anna registered with stays"


@on_loop
async def test_a_slow_room_takes_one_message_in_its_seconds(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.sql("UPDATE rooms SET slow_mode = 60")
        first = post()
        await it.verify(messages.do_post, it.anna, first, RULES)
        await it.refused("rate_limited", messages.do_post, it.anna, post(), RULES)
        await it.verify(messages.do_post, it.anna, first, RULES)
        await it.verify(messages.do_post, it.ben, post(), RULES)
        await it.desk.sql("UPDATE messages SET sent_at = sent_at - 60001")
        await it.verify(messages.do_post, it.anna, post(), RULES)
        # A clock that was set back must not lock anybody out.
        await it.desk.sql("UPDATE messages SET sent_at = sent_at + 86400000")
        await it.verify(messages.do_post, it.anna, post(), RULES)


# Rooms, people and the host.


@on_loop
async def test_change_room(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.change_role(it.anna, ADMIN)

        async def change(name: str | None = None, topic: str | None = None, slow_mode: int | None = None) -> Any:
            args = (it.anna, LOBBY, name, topic, slow_mode, RULES)
            return await it.verify(rooms.do_change_room, *args)

        assert (await change("Kitchen", "Who cooks?", 5)).reply.name == "Kitchen"
        kinds = [row.event for row in (await it.desk.read(read_snapshot, it.ben, LOBBY))[0].rows.values()]
        assert kinds == [{"name": "renamed"}, {"name": "topic_changed"}]
        assert (await change("Kitchen", "Who cooks?", 5)).told == ()
        for name, topic, code in (
            ("\u0000", None, "bad_name"),
            (None, "two\nlines", "bad_field"),
            (None, "x" * 201, "bad_field"),
        ):
            await it.refused(code, rooms.do_change_room, it.anna, LOBBY, name, topic, None, RULES)
        await it.refused("forbidden", rooms.do_change_room, it.ben, LOBBY, "Mine", None, None, RULES)
        await it.refused("not_found", rooms.do_change_room, it.anna, "r_nowhere", "Mine", None, None, RULES)


@on_loop
async def test_what_moderators_do_to_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.USERS_GATHER_SECONDS", 0.0)
    async with cast(tmp_path) as it:
        desk, anna, ben = it.desk, it.anna, it.ben
        await desk.change_role(anna, ADMIN)

        await it.verify(moderation.do_mute, anna, ben, 10, "loud")
        await it.refused("forbidden", messages.do_post, ben, post(), RULES)
        await it.verify(moderation.do_lift, anna, ben, "mute")
        await it.verify(messages.do_post, ben, post(), RULES)

        changed = await it.verify(moderation.do_change_role, anna, ben, MODERATOR)
        assert [type(told) for told in changed.told] == [UserTold, RowTold]
        assert (await it.verify(moderation.do_change_role, anna, ben, MODERATOR)).told == ()
        await it.refused("forbidden", moderation.do_change_role, anna, ben, ADMIN)
        await it.refused("forbidden", moderation.do_change_role, anna, ben, OWNER)
        await it.refused("bad_field", moderation.do_change_role, anna, ben, GONE)
        await it.refused("forbidden", moderation.do_change_role, anna, anna, MEMBER)
        await it.refused("forbidden", moderation.do_change_role, ben, anna, MEMBER)

        code = (await it.verify(moderation.do_reset, anna, ben)).reply
        stored = await desk.sql("SELECT reset_code FROM users WHERE id = ?", ben)
        assert stored == [(token_hash(code),)]
        await it.refused("auth_failed", accounts.do_sign_in, ben, "t1", "phone", token_hash("wrong"))
        await it.verify(accounts.do_sign_in, ben, "t1", "phone", token_hash(code))
        await it.refused("auth_failed", accounts.do_sign_in, ben, "t2", "phone", token_hash(code))

        await it.verify(moderation.do_kick, anna, ben, "rude")
        assert it.watchers[1].ended == (4004, "kicked")
        assert await desk.sql("SELECT count(*) FROM devices WHERE user = ?", ben) == [(0,)]
        again = await desk.connect(ben)
        await it.verify(moderation.do_ban, anna, ben, None, None)
        assert again.ended == (4004, "banned")
        await it.refused("banned", messages.do_post, ben, post(), RULES)
        await it.refused("banned", accounts.do_sign_in, ben, "t3", "")
        await it.verify(moderation.do_lift, anna, ben, "ban")
        await it.verify(messages.do_post, ben, post(), RULES)

        verbs = [verb for (verb,) in await desk.sql("SELECT verb FROM audit ORDER BY id")]
        assert verbs == ["mute", "lift_mute", "change_role", "reset", "kick", "ban", "lift_ban"]
        for action, args in (
            (moderation.do_kick, (None,)),
            (moderation.do_ban, (None, None)),
            (moderation.do_mute, (None, None)),
            (moderation.do_reset, ()),
        ):
            await it.refused("not_found", action, anna, "u_nobody", *args)
            await it.refused("forbidden", action, it.watchers[2].user, "u_nobody", *args)


@on_loop
async def test_a_profile_and_its_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.USERS_GATHER_SECONDS", 0.0)
    async with cast(tmp_path) as it:
        devices = []
        for number in range(2):
            devices.append((await it.verify(accounts.do_sign_in, it.anna, f"t{number}", "laptop")).reply.device)
        others = [await it.desk.connect(it.anna, device=device) for device in devices]

        async def change(name: str | None = None, email: str | None = None, password: str | None = None) -> Any:
            return await it.verify(accounts.do_change_profile, it.anna, devices[0], name, email, password, RULES)

        await change(name="Anna Berta")
        assert (await change(name="Anna Berta")).told == ()
        await change(email="a@example.org", password="hash")
        assert others[0].ended is None
        assert others[1].ended == (4005, "the password was changed")
        assert await it.desk.sql("SELECT id FROM devices WHERE user = ?", it.anna) == [(devices[0],)]
        args = (None, None, RULES)
        await it.refused("name_taken", accounts.do_change_profile, it.anna, devices[0], "BEN", *args)
        await it.refused("not_found", accounts.do_sign_out, it.ben, devices[0])
        await it.verify(accounts.do_sign_out, it.anna, devices[0])
        assert others[0].ended == (4005, "signed out")
        await it.verify(accounts.do_note_use, devices[0])
        await it.verify(members.do_leave, it.anna, 5)


@on_loop
@pytest.mark.parametrize("count", [3, BULK_ROWS + 1])
async def test_erasing_oneself_with_what_one_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("mrsambosk_server.hub.USERS_GATHER_SECONDS", 0.0)
    async with cast(tmp_path) as it:
        await asyncio.gather(*(it.desk.post(it.anna, f"message {number}") for number in range(count)))
        kept = await it.desk.post(it.ben, "kept", mentions=(it.anna,))
        outcome = await it.verify(accounts.do_erase, it.anna, True)
        assert outcome.wiped
        assert any(isinstance(told, BulkTold) for told in outcome.told) is (count > BULK_ROWS)
        assert it.watchers[0].ended == (4005, "erased")
        rows = (await it.desk.read(read_snapshot, it.ben, LOBBY))[0].rows
        assert [row.id for row in rows.values() if not row.deleted] == [kept.id]
        assert it.desk.hub.user(it.anna).role == GONE
        await it.refused("not_found", messages.do_post, it.anna, post(), RULES)
        await it.refused("auth_failed", accounts.do_sign_in, it.anna, "t", "")
        for table in ("devices", "memberships", "mentions"):
            assert await it.desk.sql(f"SELECT count(*) FROM {table} WHERE user = ?", it.anna) == [(0,)], table


@on_loop
async def test_the_owner_cannot_erase_themselves(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.do(accounts.do_own, "Anna", "token", RULES)
        await it.refused("forbidden", accounts.do_erase, it.anna, False)


@on_loop
async def test_settings_of_the_host(tmp_path: Path) -> None:
    async with cast(tmp_path) as it:
        await it.desk.change_role(it.anna, ADMIN)
        before = await it.verify(starting.do_change_host, it.anna, None, None, False)
        after = await it.verify(starting.do_change_host, it.anna, "Attic", "code", True)
        assert (after.reply["name"], after.reply["policy"]) == ("Attic", "code")
        assert after.reply["code"] != before.reply["code"]
        await it.refused("forbidden", starting.do_change_host, it.ben, None, "open", False)
        told = str(await it.desk.sql("SELECT * FROM audit"))
        assert after.reply["code"] not in told


# Rights.

_TABLE = """
                  owner admin moderator member guest
read              yes   yes   yes       yes    yes
post              yes   yes   yes       yes    yes
react             yes   yes   yes       yes    yes
edit              yes   yes   yes       yes    yes
delete            yes   yes   yes       yes    yes
pin               yes   yes   yes       yes    no
invite            yes   yes   yes       yes    no
delete_others     yes   yes   yes       no     no
kick              yes   yes   yes       no     no
mute              yes   yes   yes       no     no
ban               yes   yes   yes       no     no
change_role       yes   yes   no        no     no
change_room       yes   yes   no        no     no
policy            yes   yes   no        no     no
reset             yes   yes   no        no     no
audit             yes   yes   no        no     no
metrics           yes   no    no        no     no
backup            yes   no    no        no     no
hand_over         yes   no    no        no     no
"""


def _cells() -> list[tuple[str, str, bool]]:
    lines = [line.split() for line in _TABLE.strip().splitlines()]
    return [(line[0], role, cell == "yes") for line in lines[1:] for role, cell in zip(lines[0], line[1:], strict=True)]


def test_every_cell_of_the_table() -> None:
    wrong = [(verb, role) for verb, role, allowed in _cells() if may(role, verb) is not allowed]
    assert not wrong
    assert {verb for verb, _role, _allowed in _cells()} == set(LEAST), "a new verb needs its line in the table above"
    assert not any(may(GONE, verb) or may("", verb) for verb in LEAST)


@pytest.mark.parametrize("verb", ["delete_others", "kick", "mute", "ban", "change_role", "reset"])
def test_never_to_someone_of_ones_own_role_or_above(verb: str) -> None:
    for place, role in enumerate(ROLES):
        for other_place, other in enumerate(ROLES):
            assert may(role, verb, other) is (may(role, verb) and other_place < place), (role, other)
        assert may(role, verb, GONE) is may(role, verb)


@on_loop
async def test_each_role_may_do_through_the_actions_what_the_table_says(tmp_path: Path) -> None:
    allowed = {(verb, role): yes for verb, role, yes in _cells()}
    async with Desk(tmp_path / "room.db") as desk:
        people = {role: await desk.person(role.title(), role) for role in ROLES}
        erased = await desk.person("Erased")
        erased_row = await desk.post(erased)
        await desk.sql("UPDATE users SET role = 'gone', name = '', name_key = NULL WHERE id = ?", erased)
        watchers = [await desk.connect(people[MEMBER])]

        async def attempt(expected: bool, action: Any, *args: Any) -> None:
            code = None
            try:
                await verify_action(desk, watchers, action, *args)
            except Refused as refused:
                code = refused.code
            assert code == (None if expected else "forbidden"), (action.__name__, args)

        for role, user in people.items():
            await attempt(allowed["post", role], messages.do_post, user, post(), RULES)
            row = await desk.post(user)
            await attempt(allowed["react", role], messages.do_react, user, react(row.id))
            await attempt(allowed["edit", role], messages.do_edit, user, edit(row.id, "other"), RULES)
            await attempt(allowed["pin", role], messages.do_pin, user, Pin(ref=1, room=LOBBY, id=row.id, on=True))
            await attempt(allowed["delete", role], messages.do_delete, user, Delete(ref=1, room=LOBBY, id=row.id))
            for other, author in people.items():
                if other == role:
                    author = await desk.person(role=role)
                row = await desk.post(author)
                may_delete = allowed["delete_others", role] and ROLES.index(other) < ROLES.index(role)
                await attempt(may_delete, messages.do_delete, user, Delete(ref=1, room=LOBBY, id=row.id))
        for role in (GUEST, MEMBER, MODERATOR):
            of_gone = Delete(ref=1, room=LOBBY, id=erased_row.id)
            await attempt(allowed["delete_others", role], messages.do_delete, people[role], of_gone)
        # One who is gone is nobody.
        with pytest.raises(Refused) as caught:
            await desk.do(messages.do_post, erased, post(), RULES)
        assert caught.value.code == "not_found"
        assert people[ADMIN] != people[OWNER]


# Anything, in any order.

_ids = st.integers(1, 8)
_who = st.integers(0, 2)
_body = st.sampled_from(["a word", "another", "", "x" * 4001, "Grüße 🌍", "<b>"])
_emoji = st.sampled_from(["👍", "❤️", "no"])
_mentioned = st.lists(_who, max_size=3)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), _who, _body, _mentioned, st.none() | _ids),
        st.tuples(st.just("again"), _who, _body),
        st.tuples(st.just("edit"), _who, _ids, _body, st.none() | _mentioned),
        st.tuples(st.just("delete"), _who, _ids),
        st.tuples(st.just("react"), _who, _ids, _emoji, st.booleans()),
        st.tuples(st.just("pin"), _who, _ids, st.booleans()),
        st.tuples(st.just("read"), _who, st.integers(0, 12), st.booleans()),
        st.tuples(st.just("index")),
    ),
    min_size=8,
    max_size=30,
)


@settings(max_examples=25)
@given(steps=_steps)
def test_any_actions_in_any_order(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _walk(Path(folder), steps)


@on_loop
async def _walk(folder: Path, steps: list[tuple[Any, ...]]) -> None:
    async with cast(folder) as it:
        users = [watcher.user for watcher in it.watchers]
        await it.desk.change_role(users[2], MODERATOR)
        last: dict[int, Post] = {}
        codes: set[str] = set()
        revs = 0
        for step in steps:
            try:
                revs += await _take_step(it, users, last, step)
            except Refused as refused:
                codes.add(refused.code)
        assert codes <= {"not_found", "forbidden", "gone", "bad_text", "too_long", "bad_field"}
        assert await it.desk.sql("SELECT rev FROM rooms WHERE id = 'lobby'") == [(revs,)], "dense: one step a change"
        assert (await it.desk.sql("PRAGMA integrity_check"))[0][0] == "ok"
        await it.desk.index()
        await it.desk.sql("INSERT INTO search (search) VALUES ('integrity-check')")


async def _take_step(it: Cast, users: list[str], last: dict[int, Post], step: tuple[Any, ...]) -> int:
    """One step of a walk; how many revisions it took."""
    match step:
        case ("post", who, body, mentioned, reply_to):
            last[who] = post(body, mentions=tuple(users[place] for place in mentioned), reply_to=reply_to)
            outcome = await it.verify(messages.do_post, users[who], last[who], RULES)
        case ("again", who, body):
            known = last.get(who, post("first"))
            outcome = await it.verify(messages.do_post, users[who], post(body, cid=known.cid), RULES)
        case ("edit", who, id, body, mentioned):
            named = None if mentioned is None else tuple(users[place] for place in mentioned)
            outcome = await it.verify(messages.do_edit, users[who], edit(id, body, mentions=named), RULES)
        case ("delete", who, id):
            outcome = await it.verify(messages.do_delete, users[who], Delete(ref=1, room=LOBBY, id=id))
        case ("react", who, id, emoji, on):
            outcome = await it.verify(messages.do_react, users[who], react(id, emoji, on))
        case ("pin", who, id, on):
            outcome = await it.verify(messages.do_pin, users[who], Pin(ref=1, room=LOBBY, id=id, on=on))
        case ("read", who, id, back):
            await it.verify(members.do_read, users[who], Read(ref=1, room=LOBBY, id=id, back=back))
            return 0
        case _:
            await it.desk.index()
            return 0
    return len(outcome.told)
