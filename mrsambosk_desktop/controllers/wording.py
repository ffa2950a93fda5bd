"""What went wrong below, in one sentence for a person. Below, faults are values; here they get words."""

from PySide6.QtCore import QCoreApplication

from mrsambosk_desktop.hosting import HostFailed
from mrsambosk_desktop.net.connection import Unreachable, Why
from mrsambosk_desktop.net.session import End, Ended

translate = QCoreApplication.translate


def unreachable(failure: Unreachable) -> str:
    """Why no address led to a host."""
    where = str(failure.address)
    match failure.why:
        case Why.NO_ADDRESS:
            return translate("Failures", "This app does not know where that host is. Ask for an invite.")
        case Why.SILENT:
            return translate(
                "Failures", "Nothing answers at {address}. Is the host running, on the same network?"
            ).format(address=where)
        case Why.NO_HOST:
            return translate("Failures", "What answers at {address} is not a Mrsambosk host.").format(address=where)
        case Why.WRONG_KEY:
            return translate(
                "Failures",
                "What answers at {address} has another key than the host you know. Somebody may be in between, or "
                "the host was set up anew: ask who runs it for a new invite.",
            ).format(address=where)
        case Why.FULL:
            return translate("Failures", "The host at {address} is full just now.").format(address=where)


def ended(failure: Ended) -> str:
    """Why a connection is over; the host's own sentence where it gave one. Empty for what needs no words."""
    if failure.text:
        return failure.text
    match failure.why:
        case End.SILENT:
            return translate("Failures", "The host does not answer.")
        case End.NO_HOST:
            return translate("Failures", "What answers there is not a Mrsambosk host.")
        case End.FULL:
            return translate("Failures", "The host is full just now.")
        case End.FLOODING:
            return translate("Failures", "This app sent too much at once; the host wants a minute's pause.")
        case End.NO_HELLO:
            return translate("Failures", "The host heard nothing from this app.")
        case End.UNKNOWN_DEVICE:
            return translate("Failures", "The host does not know this device any more. Join again.")
        case End.VERSION:
            return translate("Failures", "This host speaks another version. Update Mrsambosk.")
        case End.REMOVED:
            return translate("Failures", "You were removed from this host.")
        case End.SIGNED_OUT:
            return translate("Failures", "This device was signed out. Join again.")
        case End.LOST | End.STALLED:
            return ""


def host_failed(failure: HostFailed) -> str:
    """Why hosting did not begin."""
    if failure.text:
        return failure.text
    return translate("Failures", "The host did not start.")


def storage(reason: str) -> str:
    """This computer's disk does not let us."""
    return translate("Failures", "This computer could not store that: {reason}").format(reason=reason)


def own_mistake() -> str:
    """This app failed where it should not."""
    return translate("Failures", "Something went wrong in this app. A report, from the list of keys, says what.")


def no_connection() -> str:
    """For what can't wait in the outbox."""
    return translate("Failures", "That needs a connection to the host.")


def another_host() -> str:
    """What answers is a host, but not the one this room is on."""
    return translate("Failures", "Another host answers at the address of this room. Ask for a new invite.")


def distrusted() -> str:
    """The person saw other words on the host's screen."""
    return translate("Failures", "You did not join: the words were not the same. Ask who runs the host for an invite.")


def not_announced() -> str:
    """What answers is not the host that was announced on the network."""
    return translate(
        "Failures",
        "What answers there is not the room that was announced: it has another key. Ask who runs it for an invite.",
    )


def stopped_hosting() -> str:
    """The person at this window stopped their own host."""
    return translate("Failures", "You stopped hosting. The room can be read here; hosting again opens it.")


def host_restarted() -> str:
    return translate("Failures", "Your room had closed by a fault and was opened again. No message was lost.")


def starting_host() -> str:
    """While the child process starts."""
    return translate("Failures", "Opening your room…")


def joining() -> str:
    """While a host is dialled for the first time."""
    return translate("Failures", "Joining…")
