"""The private networks this computer is on now."""

import ipaddress
import socket

import ifaddr

from mrsambosk_desktop.core.networks import Network


def my_networks() -> tuple[Network, ...]:
    """The private IPv4 networks, the one that leads elsewhere first. Never loopback, never a public one."""
    usual = _usual_address()
    found: list[Network] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if not isinstance(ip.ip, str):
                continue
            address = ipaddress.ip_address(ip.ip)
            if address.is_private and not (address.is_loopback or address.is_unspecified):
                block = ipaddress.ip_network(f"{ip.ip}/{ip.network_prefix}", strict=False)
                found.append(Network(adapter.nice_name, ip.ip, str(block), ip.ip == usual))
    return tuple(sorted(found, key=lambda network: not network.usual))


def _usual_address() -> str:
    """This computer's address on the way to elsewhere; empty where there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("198.51.100.1", 9))
        except OSError:
            return ""
        return str(asked.getsockname()[0])
