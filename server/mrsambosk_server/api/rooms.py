"""Rooms and messages: the commands of the WebSocket, one request each."""

import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from mrsambosk_protocol import codec, commands
from mrsambosk_protocol.commands import MessageId, Revision, RoomId
from mrsambosk_protocol.entities import Message, Room, You
from mrsambosk_protocol.limits import (
    HISTORY_DEFAULT,
    HISTORY_LIMIT,
    SEARCH_DEFAULT,
    SEARCH_LIMIT,
    Refused,
)
from mrsambosk_protocol.requests import (
    ChangeRoom,
    Changes,
    DeleteMessage,
    EditMessage,
    MarkRead,
    MessagePage,
    NewMessage,
    Rooms,
    SearchResults,
)

from .. import history
from ..actions import members, messages, rooms
from ..finding import search_everything
from ..transaction import Transaction
from .answers import answer, nothing
from .operations import Call, Operation
from .sessions import API

_ROOM = f"{API}/rooms/{{room}}"
_MESSAGE = f"{_ROOM}/messages/{{id}}"


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One of `before`, `after`, `around`, or none for the newest."""

    before: MessageId | None = None
    after: Revision | None = None
    around: MessageId | None = None
    pinned: bool = False
    limit: Annotated[int, Meta(ge=1, le=HISTORY_LIMIT)] = HISTORY_DEFAULT


class ChangesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A cursor and its epoch; without a good one the room starts anew."""

    since: Revision | None = None
    epoch: Annotated[str, Meta(max_length=64)] | None = None


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`cursor` is what the last answer gave."""

    q: Annotated[str, Meta(max_length=400)]
    room: RoomId | None = None
    cursor: Annotated[str, Meta(max_length=64)] | None = None
    limit: Annotated[int, Meta(ge=1, le=SEARCH_LIMIT)] = SEARCH_DEFAULT


async def list_rooms(call: Call) -> Response:
    return answer(Rooms(rooms=await call.context.ledger.read(history.rooms_of, call.viewer.id)))


async def change_room(call: Call, body: ChangeRoom) -> Response:
    context = call.context
    outcome = await context.ledger.submit(
        rooms.do_change_room,
        call.viewer.id,
        call.path("room"),
        body.name,
        body.topic,
        body.slow_mode,
        context.services.rules,
    )
    return answer(outcome.reply)


async def list_messages(call: Call, query: PageQuery) -> Response:
    ask = _command(commands.History, room=call.path("room"), **msgspec.structs.asdict(query))
    page = await call.context.ledger.read(history.page, call.viewer.id, ask)
    links = []
    same = {"limit": query.limit, **({"pinned": "true"} if query.pinned else {})}
    if page.messages and page.has_older:
        links.append(_link(call, "prev", before=page.messages[0].id, **same))
    if page.messages and page.has_newer:
        links.append(_link(call, "next", after=page.messages[-1].id, **same))
    content = MessagePage(
        room=page.room,
        rev=page.rev,
        messages=page.messages,
        has_older=page.has_older,
        has_newer=page.has_newer,
    )
    return answer(content, headers={"Link": ", ".join(links)} if links else None)


def _link(call: Call, relation: str, **query: object) -> str:
    """One value of a Link field (RFC 8288)."""
    return f'<{call.request.url.path}?{urlencode(query)}>; rel="{relation}"'


async def list_changes(call: Call, query: ChangesQuery) -> Response:
    page = await call.context.ledger.read(_changes, call.viewer.id, call.path("room"), query)
    content = Changes(
        room=page.room,
        rev=page.rev,
        messages=page.messages,
        more=page.more,
        reset=page.reset,
        epoch=call.context.services.epoch,
    )
    return answer(content)


def _changes(tx: Transaction, viewer: str, room: str, query: ChangesQuery) -> Any:
    good = query.since is not None and history.cursor_is_good(tx, room, query.epoch, query.since)
    return history.sync_page(tx, viewer, room, query.since if good else None)


async def post(call: Call, body: NewMessage) -> Response:
    cid = call.request.headers.get("idempotency-key") or secrets.token_urlsafe(18)
    command = _command(
        commands.Post,
        room=call.path("room"),
        cid=cid,
        body=body.body,
        mentions=body.mentions,
        reply_to=body.reply_to,
    )
    outcome = await call.context.ledger.submit(messages.do_post, call.viewer.id, command, call.context.services.rules)
    assert outcome.row is not None
    location = f"{API}/rooms/{outcome.row.room}/messages/{outcome.row.id}"
    return answer(outcome.row, 200 if outcome.reply.duplicate else 201, {"Location": location})


async def show_message(call: Call) -> Response:
    return answer(await call.context.ledger.read(history.message, call.viewer.id, call.path("room"), call.path_id()))


async def edit(call: Call, body: EditMessage) -> Response:
    command = _command(commands.Edit, room=call.path("room"), id=call.path_id(), body=body.body, mentions=body.mentions)
    outcome = await call.context.ledger.submit(messages.do_edit, call.viewer.id, command, call.context.services.rules)
    return answer(outcome.row)


async def delete(call: Call, body: DeleteMessage) -> Response:
    command = _command(commands.Delete, room=call.path("room"), id=call.path_id())
    await call.context.ledger.submit(messages.do_delete, call.viewer.id, command, body.reason)
    return nothing()


async def react(call: Call) -> Response:
    return await _react(call, on=True)


async def unreact(call: Call) -> Response:
    return await _react(call, on=False)


async def _react(call: Call, *, on: bool) -> Response:
    command = _command(commands.React, room=call.path("room"), id=call.path_id(), emoji=call.path("emoji"), on=on)
    await call.context.ledger.submit(messages.do_react, call.viewer.id, command)
    return nothing()


async def pin(call: Call) -> Response:
    return await _pin(call, on=True)


async def unpin(call: Call) -> Response:
    return await _pin(call, on=False)


async def _pin(call: Call, *, on: bool) -> Response:
    command = _command(commands.Pin, room=call.path("room"), id=call.path_id(), on=on)
    await call.context.ledger.submit(messages.do_pin, call.viewer.id, command)
    return nothing()


async def mark_read(call: Call, body: MarkRead) -> Response:
    command = _command(commands.Read, room=call.path("room"), id=body.id, back=body.back)
    outcome = await call.context.ledger.submit(members.do_read, call.viewer.id, command)
    return answer(outcome.reply.you)


async def search(call: Call, query: SearchQuery) -> Response:
    command = _command(commands.Search, query=query.q, room=query.room, cursor=query.cursor, limit=query.limit)
    results = await search_everything(call.context.ledger, call.viewer.id, command)
    headers = None
    if results.cursor is not None:
        more = {"q": query.q, "cursor": results.cursor, "limit": query.limit}
        headers = {"Link": _link(call, "next", **more, **({"room": query.room} if query.room else {}))}
    return answer(SearchResults(messages=results.messages, cursor=results.cursor), headers=headers)


def _command(kind: type[Any], **fields: Any) -> Any:
    """A command as the WebSocket would have decoded it, held to the same field rules.

    Raises:
        Refused: `bad_field`; `not_found` for what can be no room.
    """
    if not 1 <= len(fields.get("room") or "lobby") <= 40:
        raise history.no_room()
    try:
        return msgspec.convert({"type": kind.__struct_config__.tag, "ref": 1, **fields}, kind)
    except msgspec.ValidationError as error:
        raise Refused("bad_field", codec.wrong_field(str(error))) from None


OPERATIONS = (
    Operation(method="GET", path=f"{API}/rooms", handler=list_rooms, summary="My rooms", answer=Rooms),
    Operation(method="PATCH", path=_ROOM, handler=change_room, summary="Change a room", body=ChangeRoom, answer=Room),
    Operation(
        method="GET",
        path=f"{_ROOM}/messages",
        handler=list_messages,
        summary="A page of messages",
        query=PageQuery,
        answer=MessagePage,
    ),
    Operation(
        method="GET",
        path=f"{_ROOM}/changes",
        handler=list_changes,
        summary="What changed since a revision",
        query=ChangesQuery,
        answer=Changes,
    ),
    Operation(
        method="POST",
        path=f"{_ROOM}/messages",
        handler=post,
        summary="Post a message; with an Idempotency-Key, once",
        body=NewMessage,
        status=201,
        also=(200,),
        answer=Message,
        counted=True,
    ),
    Operation(method="GET", path=_MESSAGE, handler=show_message, summary="A message", answer=Message),
    Operation(
        method="PATCH",
        path=_MESSAGE,
        handler=edit,
        summary="Edit my message",
        body=EditMessage,
        answer=Message,
        counted=True,
    ),
    Operation(
        method="DELETE",
        path=_MESSAGE,
        handler=delete,
        summary="Delete a message",
        body=DeleteMessage,
        body_optional=True,
        status=204,
        counted=True,
    ),
    Operation(
        method="PUT",
        path=f"{_MESSAGE}/reactions/{{emoji}}",
        handler=react,
        summary="React",
        status=204,
        counted=True,
    ),
    Operation(
        method="DELETE",
        path=f"{_MESSAGE}/reactions/{{emoji}}",
        handler=unreact,
        summary="Take a reaction back",
        status=204,
        counted=True,
    ),
    Operation(method="PUT", path=f"{_MESSAGE}/pin", handler=pin, summary="Pin", status=204, counted=True),
    Operation(method="DELETE", path=f"{_MESSAGE}/pin", handler=unpin, summary="Unpin", status=204, counted=True),
    Operation(
        method="PUT",
        path=f"{_ROOM}/read",
        handler=mark_read,
        summary="Say how far I have read",
        body=MarkRead,
        answer=You,
    ),
    Operation(
        method="GET",
        path=f"{API}/search",
        handler=search,
        summary="Search my rooms",
        query=SearchQuery,
        answer=SearchResults,
    ),
)
