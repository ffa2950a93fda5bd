"""The middle pane: room header, the banner's slot, the timeline, who is typing, and the composer.

It turns what is done to rows into intents; it decides nothing about them.
"""

from PySide6.QtCore import QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from mrsambosk_desktop.core.bodies import excerpt, is_link, mentioned
from mrsambosk_desktop.core.rows import ConnectionState, Draft, HostCard, Link
from mrsambosk_desktop.delegates.row_layout import Act, Zone
from mrsambosk_desktop.models.entries import Key, TimelineRow
from mrsambosk_desktop.models.members import MemberModel
from mrsambosk_desktop.models.timeline import TimelineModel
from mrsambosk_desktop.models.wording import isolated, name_of
from mrsambosk_protocol.entities import GUEST, Room, User

from .banner import Banner
from .composer import Composer
from .emoji_picker import EmojiPicker
from .empty_room import EmptyRoom
from .member_menu import MUTES, MemberMenu
from .message_menu import Action, actions_for, make_menu
from .parts import ElidedLabel
from .question import question
from .room_header import RoomHeader
from .theme import Theme
from .timeline_view import TimelineView


class ChatPane(QWidget):
    """Signals as the main window's; `details_wanted` (row) is for the pane beside it."""

    send_requested = Signal(str, object, object)
    edit_requested = Signal(int, str, object)
    delete_requested = Signal(int)
    delete_now_requested = Signal(int)
    undo_delete_requested = Signal(int)
    react_requested = Signal(int, str, bool)
    pin_requested = Signal(int, bool)
    unread_requested = Signal(int)
    retry_requested = Signal(str)
    discard_requested = Signal(str)
    edit_pending_requested = Signal(str)
    jump_requested = Signal(int)
    details_wanted = Signal(object)
    moderation_wanted = Signal(object, str)

    def __init__(self, theme: Theme, timeline: TimelineModel, members: MemberModel) -> None:
        super().__init__()
        self.setObjectName("chat")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._model, self._members = theme, timeline, members
        self._menu: QMenu | None = None
        self._live = False
        self._taking_back: dict[str, str] = {}
        self._room = ""
        # The room whose newest rows are on their way for ↑.
        self._awaited: str | None = None
        self._reacting_to: Key = ""
        self.header = RoomHeader(theme)
        self.banner = Banner(theme)
        self.view = TimelineView(theme, timeline)
        self.composer = Composer(theme, lambda: (members.users.values(), members.me))
        self._typing = ElidedLabel(role="small")
        self._typing.setAccessibleName(self.tr("Who is typing"))
        self._typing.setContentsMargins(0, 0, 0, 0)
        typing_line = QHBoxLayout()
        typing_line.setContentsMargins(22, 0, 22, 4)
        typing_line.addWidget(self._typing)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(self.banner)
        box.addWidget(self.view, 1)
        box.addLayout(typing_line)
        box.addWidget(self.composer)
        # Not before it is in here: to a proxy of a widget without a parent, Qt's chain of stops for Tab is cut off.
        self.composer.setFocusProxy(self.composer.editor)
        self.empty = EmptyRoom(theme, self.view)
        for changed in (timeline.modelReset, timeline.rowsInserted, timeline.rowsRemoved):
            changed.connect(self._show_empty)

        self.view.menu_wanted.connect(self._open_menu)
        self.view.react_wanted.connect(self._pick_reaction)
        self.view.zone_clicked.connect(self._zone_clicked)
        self.view.delete_pressed.connect(self._delete)
        self.view.reply_pressed.connect(lambda row: self._if_offered(Action.REPLY, row))
        self.view.edit_pressed.connect(lambda row: self._if_offered(Action.EDIT, row))
        self.view.typed.connect(self._go_on_writing)
        self.view.left.connect(self.composer.setFocus)
        self.composer.submitted.connect(self._submitted)
        self.composer.edit_last_wanted.connect(self._edit_last)
        self.composer.refused.connect(self.banner.show_problem)
        self.banner.cut_off.connect(lambda cut_off: members.set_known(not cut_off))
        self.reactions = EmojiPicker(theme, self, self.composer.picker)
        self.reactions.chosen.connect(self._reaction_picked)
        timeline.pending_dropped.connect(self._taken_back)
        for come in (timeline.modelReset, timeline.ends_changed):
            come.connect(self._rows_came)

    # State ------------------------------------------------------------------------------------------------------

    def set_room(self, room: Room) -> None:
        """The room that is open."""
        self._room = room.id
        self.header.set_room(room)
        self.composer.set_room(room.name)
        self.empty.set_room(room.name)

    def set_draft(self, draft: Draft) -> None:
        """What was being written in the room that was opened."""
        self.composer.set_draft(draft.text)
        if draft.reply_to is not None:
            self._start_reply(draft.reply_to)

    def give_back(self, body: str, reply_to: int | None, edited: int | None) -> None:
        """What was written could not be kept, and is the writer's again."""
        composer = self.composer
        if edited is not None and composer.editing is None:
            row = self._row(edited)
            composer.start_edit(edited, body, excerpt(row.blocks) if row is not None else "")
            return
        composer.give_back(body)
        if reply_to is not None and composer.editing is None and composer.reply_to is None:
            self._start_reply(reply_to)

    def set_connection(self, state: ConnectionState) -> None:
        """For the banner; and only a host that is there says that a room is empty."""
        self.banner.set_state(state)
        self._live = state.link is Link.LIVE
        self._show_empty()

    def set_host(self, card: HostCard) -> None:
        """Whose host it is, for the sentences about it."""
        self.empty.set_hosting(card.hosting)
        self.banner.set_hosted_by("" if card.hosting else card.hosted_by)

    def set_typing(self, names: tuple[str, ...]) -> None:
        """Who is writing just now."""
        kept = [isolated(name) for name in names]
        if not kept:
            text = ""
        elif len(kept) == 1:
            text = self.tr("{name} is typing…").format(name=kept[0])
        elif len(kept) == 2:
            text = self.tr("{one} and {other} are typing…").format(one=kept[0], other=kept[1])
        else:
            text = self.tr("Several people are typing…")
        self._typing.setText(text)

    def _show_empty(self) -> None:
        self.view.set_empty_text(self.tr("No messages yet. Say hello!") if self._live else "")
        self.empty.setVisible(self._live and self._model.rowCount() == 0)

    def set_narrow(self, narrow: bool) -> None:
        """Whether the rooms are out of sight: then there is a way back to them."""
        self.header.back.setVisible(narrow)

    # Rows -------------------------------------------------------------------------------------------------------

    def _role(self) -> str:
        me = self._model.users.get(self._model.me)
        return me.role if me is not None else GUEST

    def _open_menu(self, row: TimelineRow, at: QPoint) -> None:
        if self._menu is not None:
            return
        menu = make_menu(
            self,
            self._theme,
            row,
            self._role(),
            lambda action, address: self._act(action, row, at=at, address=address),
            lambda emoji, on: self.react_requested.emit(row.key, emoji, on),
            lambda: self._pick_reaction(row, at),
        )
        if menu is not None:
            self._menu = menu
            menu.aboutToHide.connect(self._menu_closed)
            menu.popup(at)

    def _open_mutes(self, author: User, at: QPoint) -> None:
        menu = MemberMenu(self, self._theme, author, MUTES)
        menu.chosen.connect(lambda verb: self.moderation_wanted.emit(author, verb))
        menu.popup(at)

    def _pick_reaction(self, row: TimelineRow, at: QPoint) -> None:
        """Any emoji, as a reaction to this row."""
        self._reacting_to = row.key
        self.reactions.open_at(at)

    def _reaction_picked(self, emoji: str) -> None:
        self.react_requested.emit(self._reacting_to, emoji, True)

    def _menu_closed(self) -> None:
        self._menu = None

    def _if_offered(self, action: Action, row: TimelineRow) -> None:
        if action in actions_for(row, self._role()):
            self._act(action, row)

    def _act(self, action: Action, row: TimelineRow, *, at: QPoint | None = None, address: str = "") -> None:
        key = row.key
        match action:
            case Action.REPLY if row.message is not None:
                self.composer.start_reply(row.message.id, name_of(row.author), excerpt(row.blocks))
            case Action.COPY:
                text = self.view.selected_text() if self.view.is_picked(row) else _body(row)
                QGuiApplication.clipboard().setText(text)
            case Action.EDIT if row.pending is not None:
                self._taking_back[row.pending.cid] = row.pending.body
                self.edit_pending_requested.emit(row.pending.cid)
            case Action.EDIT if row.message is not None:
                self.composer.start_edit(row.message.id, row.message.body, excerpt(row.blocks))
            case Action.PIN | Action.UNPIN:
                self.pin_requested.emit(key, action is Action.PIN)
            case Action.UNREAD:
                self.unread_requested.emit(key)
            case Action.SOURCE:
                self._show_source(row)
            case Action.OPEN_LINK:
                self._open_link(address)
            case Action.COPY_LINK:
                QGuiApplication.clipboard().setText(address)
            case Action.DETAILS:
                self.details_wanted.emit(row)
            case Action.MUTE if row.author is not None and at is not None:
                self._open_mutes(row.author, at)
            case Action.DELETE:
                self._delete(row, False)
            case Action.UNDO_DELETE:
                self.undo_delete_requested.emit(key)
            case Action.RETRY:
                self.retry_requested.emit(key)
            case Action.DISCARD:
                self.discard_requested.emit(key)

    def _row(self, message_id: int) -> TimelineRow | None:
        place = self._model.place_of(message_id)
        return self._model.row(place) if place is not None else None

    def _start_reply(self, message_id: int) -> None:
        row = self._row(message_id)
        name = name_of(row.author) if row is not None else self.tr("an older message")
        text = excerpt(row.blocks) if row is not None and not row.deleted else ""
        self.composer.start_reply(message_id, name, text)

    def _delete(self, row: TimelineRow, now: bool) -> None:
        offered = actions_for(row, self._role())
        if Action.DISCARD in offered:
            self.discard_requested.emit(row.key)
        elif row.deleting and now:
            self.delete_now_requested.emit(row.key)
        elif Action.DELETE not in offered:
            return
        elif not row.mine:
            self._ask_delete(row)
        elif now:
            self.delete_now_requested.emit(row.key)
        else:
            self.delete_requested.emit(row.key)

    def _ask_delete(self, row: TimelineRow) -> None:
        box = question(
            self,
            self._theme,
            self.tr("Delete this message of {name} for everyone?").format(name=isolated(name_of(row.author))),
            excerpt(row.blocks),
            self.tr("Delete"),
        )
        box.accepted.connect(lambda: self.delete_now_requested.emit(row.key))
        box.open()

    def _zone_clicked(self, row: TimelineRow, zone: Zone) -> None:
        match zone.act:
            case Act.LINK:
                self._open_link(zone.payload)
            case Act.REACT if row.message is not None:
                on = row.me not in row.message.reactions.get(zone.payload, ())
                self.react_requested.emit(row.key, zone.payload, on)
            case Act.SOURCE:
                self._show_source(row)
            case Act.SEEN:
                self.details_wanted.emit(row)
            case Act.UNDO:
                self.undo_delete_requested.emit(row.key)
            case Act.RETRY:
                self._act(Action.RETRY, row)
            case Act.EDIT:
                self._act(Action.EDIT, row)
            case Act.COPY:
                QGuiApplication.clipboard().setText(_body(row))
            case Act.DISCARD:
                self._act(Action.DISCARD, row)

    def _show_source(self, row: TimelineRow) -> None:
        if row.reply_to is not None and not self.view.show_row(row.reply_to):
            self.jump_requested.emit(row.reply_to)

    def _open_link(self, target: str) -> None:
        """Links open only after showing where they go: the words of one may say something else."""
        if not is_link(target):
            return
        box = question(self, self._theme, self.tr("Open this link in your browser?"), target, self.tr("Open"))
        box.accepted.connect(lambda: QDesktopServices.openUrl(QUrl(target)))
        box.open()

    # Writing ----------------------------------------------------------------------------------------------------

    def _submitted(self, body: str, reply_to: int | None, editing: int | None) -> None:
        people = {user.name: user.id for user in self._members.users.values() if user.name}
        mentions = mentioned(body, people | dict(self.composer.meant))
        if editing is not None:
            self.edit_requested.emit(editing, body, mentions)
            return
        self._awaited = None
        self.view.to_latest()
        self.send_requested.emit(body, mentions, reply_to)

    def _go_on_writing(self, text: str) -> None:
        """What was typed while a message had the focus."""
        self.composer.setFocus()
        self.composer.editor.insertPlainText(text)
        self.composer.editor.ensureCursorVisible()

    def _edit_last(self) -> None:
        if self._model.has_newer:
            self._awaited = self._room
            self.view.to_latest()
        elif (row := self._last_own()) is not None:
            self._act(Action.EDIT, row)

    def _rows_came(self) -> None:
        """The newest rows are there for ↑; unless the person has gone on to something else meanwhile."""
        if self._model.has_newer or self._awaited is None:
            return
        room, self._awaited = self._awaited, None
        row = self._last_own()
        stored = (row.message or row.pending) if row is not None else None
        if stored is not None and stored.room == room and not self.composer.text() and self.composer.editing is None:
            self._edit_last()

    def _last_own(self) -> TimelineRow | None:
        """The newest message of one's own that can be edited, or taken back before it leaves."""
        for number in reversed(range(self._model.rowCount())):
            row = self._model.row(number)
            if not row.mine or row.deleted or row.deleting:
                continue
            if row.pending is None or not row.pending.state.is_going:
                return row
        return None

    def _taken_back(self, cid: str) -> None:
        body = self._taking_back.pop(cid, None)
        if body is not None:
            written = self.composer.text()
            self.composer.set_text(f"{body}\n{written}" if written.strip() else body)
            self.composer.setFocus()


def _body(row: TimelineRow) -> str:
    stored = row.message or row.pending
    return stored.body if stored is not None else ""
