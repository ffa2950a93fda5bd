"""A child that announces 10,000 hosts that are none, both ways, at once. Arguments: its address, its network's."""

import json
import socket
import sys
from typing import Final

from zeroconf import DNSOutgoing, DNSPointer, DNSService, DNSText
from zeroconf.const import _CLASS_IN, _FLAGS_AA, _FLAGS_QR_RESPONSE, _TYPE_PTR, _TYPE_SRV, _TYPE_TXT

from mrsambosk_protocol.announcement import BEACON_PORT, MDNS_TYPE

COUNT: Final = 10_000
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: Names that a careless window would show: a bell, an escape sequence, an override of direction, markup, a long one.
_NAMES: Final = ("\x07bell", "\x1b[31mred", "\u202egnol", "<b>bold</b><img src=x>", "x" * 300, "", "a\nb")


def _id(number: int) -> str:
    return "".join(_LETTERS[number >> shift & 31] for shift in (0, 5, 10)) + "A" * 49


def _beacon(number: int) -> bytes:
    host = {"id": _id(number), "name": _NAMES[number % len(_NAMES)], "port": 8765, "addresses": ["8.8.8.8"]}
    return json.dumps({"mrsambosk": "here", "host": host}).encode()


def _records(first: int, count: int) -> list[bytes]:
    out = DNSOutgoing(_FLAGS_QR_RESPONSE | _FLAGS_AA)
    for number in range(first, first + count):
        name = f"liar{number}.{MDNS_TYPE}"
        text = b"".join(
            bytes((len(pair),)) + pair
            for pair in (b"id=" + _id(number).encode(), b"name=" + _NAMES[number % 3].encode())
        )
        out.add_answer_at_time(DNSPointer(MDNS_TYPE, _TYPE_PTR, _CLASS_IN, 4500, name), 0)
        out.add_answer_at_time(DNSService(name, _TYPE_SRV, _CLASS_IN, 4500, 0, 0, 8765, "liar.local."), 0)
        out.add_answer_at_time(DNSText(name, _TYPE_TXT, _CLASS_IN, 4500, text), 0)
    return out.packets()


def main(address: str, broadcast: str) -> None:
    """Send all of it once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        # mDNS is heard from its own port only.
        out.bind((address, 5353))
        for first in range(0, COUNT, 20):
            for packet in _records(first, 20):
                out.sendto(packet, ("224.0.0.251", 5353))
            for number in range(first, first + 20):
                out.sendto(_beacon(number), (broadcast, BEACON_PORT))
        out.sendto(b"\xff" * 1400, (broadcast, BEACON_PORT))
        out.sendto(b"[" * 1100, (broadcast, BEACON_PORT))


if __name__ == "__main__":
    main(*sys.argv[1:])
