"""What is connected with what: the window's signals to those who act on them, and theirs to what shows it. By topic.

Only lists: a slot that has something to decide stands with whoever decides it. Where two slots have one signal, they
are called in the order of the lines.
"""

from .arrival import Arrival
from .closing import Closing
from .controllers import wording
from .controllers.backups import BackupsController
from .controllers.chat import ChatController
from .controllers.colouring import ColouringController
from .controllers.connection import ConnectionController
from .controllers.doctor import DoctorController
from .controllers.drafts import DraftsController
from .controllers.feed import Feed
from .controllers.finding import FindingController
from .controllers.hosting import HostingController
from .controllers.invites import InvitesController
from .controllers.leaving import LeavingController
from .controllers.nearby import NearbyController
from .controllers.networks import NetworkWatch, ServedNetworks
from .controllers.people import PeopleController
from .controllers.reading import ReadingController
from .controllers.report import ReportController
from .controllers.waking import WakeWatch
from .widgets.dialogs import Dialogs
from .widgets.first_run import FirstRun
from .widgets.main_window import MainWindow
from .widgets.side_pages import SidePages
from .widgets.tray import Tray


def connect_messages(window: MainWindow, feed: Feed, chat: ChatController, drafts: DraftsController) -> None:
    """What one writes, and does to what was written."""
    window.send_requested.connect(chat.send)
    window.edit_requested.connect(chat.edit)
    window.delete_requested.connect(chat.delete)
    window.delete_now_requested.connect(chat.delete_now)
    window.undo_delete_requested.connect(chat.undo_delete)
    window.react_requested.connect(chat.react)
    window.pin_requested.connect(chat.pin)
    window.retry_requested.connect(chat.retry)
    window.discard_requested.connect(chat.discard)
    window.edit_pending_requested.connect(chat.discard)
    window.typing.connect(chat.typing)
    chat.failed.connect(window.show_error)
    chat.given_back.connect(window.give_back)
    feed.typing_changed.connect(window.set_typing)
    window.draft_changed.connect(drafts.keep)
    drafts.restored.connect(window.set_draft)


def connect_reading(window: MainWindow, feed: Feed, reading: ReadingController, colouring: ColouringController) -> None:
    """Which room is open, where in it one reads, and the colours of code that one meets there."""
    window.room_selected.connect(reading.open_room)
    feed.room_opened.connect(window.set_room)
    feed.room_changed.connect(window.set_room)
    window.jump_requested.connect(reading.jump)
    window.older_requested.connect(reading.older)
    window.newer_requested.connect(reading.newer)
    window.latest_requested.connect(reading.latest)
    window.read_reached.connect(reading.read)
    window.unread_requested.connect(reading.mark_unread)
    reading.jumped.connect(window.chat.view.show_row)
    reading.failed.connect(window.show_error)
    window.chat.view.language_wanted.connect(colouring.load)
    colouring.loaded.connect(window.chat.view.show_colours)


def connect_side_pages(side: SidePages, finding: FindingController, reading: ReadingController) -> None:
    """The search, the pins, a message's details."""
    side.search_requested.connect(finding.look_for)
    side.more_found_requested.connect(finding.search.more)
    finding.search.changed.connect(side.set_search)
    side.pins_requested.connect(finding.show_pins)
    side.more_pins_requested.connect(finding.pins.more)
    finding.pins.changed.connect(side.set_pins)
    side.message_requested.connect(reading.show)
    side.seen_requested.connect(reading.ask_seen)
    reading.seen.connect(side.set_seen)


def connect_first_page(
    page: FirstRun, arrival: Arrival, nearby: NearbyController, connection: ConnectionController
) -> None:
    """The ways into a room, and what came of them."""
    page.join_requested.connect(arrival.join)
    page.found_requested.connect(arrival.join_found)
    page.host_requested.connect(arrival.host)
    page.back_requested.connect(arrival.show_room)
    nearby.changed.connect(arrival.show_found)
    nearby.changed.connect(connection.heard)
    connection.joined.connect(arrival.show_room)
    connection.join_failed.connect(page.show_problem)
    connection.join_unreached.connect(page.offer_check)


def connect_door(dialogs: Dialogs, connection: ConnectionController) -> None:
    """What is asked before a host lets one in."""
    connection.trust_asked.connect(dialogs.ask_trust)
    dialogs.trust_answered.connect(connection.answer_trust)
    connection.secret_asked.connect(dialogs.ask_secret)
    dialogs.secret_answered.connect(connection.answer_secret)


def connect_connection(
    window: MainWindow,
    arrival: Arrival,
    connection: ConnectionController,
    waking: WakeWatch,
    leaving: LeavingController,
) -> None:
    """How it stands with the host, until another is gone to or it is left."""
    connection.state_changed.connect(arrival.show_state)
    window.try_again_requested.connect(arrival.try_again)
    waking.woke.connect(connection.woke)
    window.other_rooms_requested.connect(arrival.look_elsewhere)
    window.dialogs.leave_requested.connect(leaving.leave)
    leaving.left.connect(arrival.start_over)


def connect_hosting(
    window: MainWindow, closing: Closing, hosting: HostingController, watch: NetworkWatch, served: ServedNetworks
) -> None:
    """A room of one's own, and on which networks."""
    hosting.card_changed.connect(window.set_host)
    hosting.started.connect(served.ask)
    hosting.started.connect(window.dialogs.show_hosting)
    hosting.restarted.connect(lambda: window.show_error(wording.host_restarted()))
    hosting.failed.connect(closing.show_failure)
    hosting.failed.connect(window.show_error)
    window.stop_hosting_requested.connect(hosting.stop)
    watch.changed.connect(served.offer)
    served.offered.connect(window.first_run.set_networks)
    served.asked.connect(window.dialogs.ask_networks)
    window.dialogs.networks_answered.connect(served.choose)


def connect_invites(window: MainWindow, feed: Feed, invites: InvitesController) -> None:
    """Personal invites to the room hosted here."""
    dialogs = window.dialogs
    dialogs.invites_requested.connect(invites.load)
    dialogs.make_invite_requested.connect(invites.make)
    dialogs.revoke_invite_requested.connect(invites.revoke)
    invites.loaded.connect(dialogs.show_invites)
    invites.failed.connect(window.show_error)
    feed.people_changed.connect(dialogs.refresh_invites)


def connect_doctor(window: MainWindow, doctor: DoctorController) -> None:
    """What keeps others out of the room here, or this computer out of another."""
    window.first_run.check_requested.connect(doctor.check_way)
    window.dialogs.check_requested.connect(doctor.check_host)
    window.dialogs.check_again_requested.connect(doctor.again)
    window.dialogs.glance_requested.connect(doctor.glance)
    doctor.glanced.connect(window.dialogs.show_reach)
    doctor.looking.connect(window.dialogs.show_looking)
    doctor.looked.connect(window.dialogs.show_findings)


def connect_host_page(window: MainWindow, people: PeopleController) -> None:
    """One's devices and password, the host's settings, and what some may do to others."""
    dialogs = window.dialogs
    window.host_page_requested.connect(people.load)
    people.page_loaded.connect(dialogs.show_host_page)
    dialogs.device_end_requested.connect(people.end_device)
    dialogs.password_requested.connect(people.set_password)
    dialogs.policy_requested.connect(people.set_policy)
    dialogs.new_code_requested.connect(people.make_code)
    people.code_made.connect(dialogs.show_code)
    dialogs.moderation_requested.connect(people.moderate)
    people.failed.connect(window.show_error)


def connect_upkeep(
    dialogs: Dialogs, hosting: HostingController, backups: BackupsController, report: ReportController
) -> None:
    """The backups of the room hosted here, and the report on the app."""
    dialogs.backups_requested.connect(backups.load)
    dialogs.back_up_requested.connect(backups.back_up)
    dialogs.check_backups_requested.connect(backups.check)
    dialogs.restore_requested.connect(backups.restore)
    backups.changed.connect(dialogs.set_backups)
    hosting.damaged.connect(backups.offer)
    backups.offered.connect(dialogs.show_backups)
    dialogs.report_requested.connect(report.make)
    report.made.connect(dialogs.show_report)


def connect_closing(window: MainWindow, tray: Tray, closing: Closing) -> None:
    """The end of the window, and of the app."""
    window.closed.connect(closing.close)
    window.dialogs.keep_hosting_requested.connect(closing.keep_hosting)
    window.dialogs.quit_requested.connect(closing.quit)
    tray.shown_wanted.connect(closing.show_again)
    tray.quit_wanted.connect(closing.quit)
