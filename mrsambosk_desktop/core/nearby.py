"""A host that was found around here, whichever way: what is announced of it, merged into one value."""

from collections.abc import Sequence

import msgspec

from mrsambosk_protocol.invite import Address


class FoundHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host, however it was found. All of it is a rumour until its key was seen.

    `addresses` are to be tried in turn. `stale`: no word of it for a while. `double`: another host found here has the
    same name, so a person must look at more than the name. `known`: this person is a member there already.
    """

    id: str
    name: str
    addresses: tuple[Address, ...]
    tls: bool
    locked: bool
    people: int
    sources: frozenset[str] = frozenset()
    stale: bool = False
    double: bool = False
    known: bool = False


def with_known(found: Sequence[FoundHost], known: Sequence[FoundHost]) -> tuple[FoundHost, ...]:
    """What is around, and the hosts this person knows: first those, the one used last before the others."""
    around = {host.id: host for host in found}
    first = tuple(msgspec.structs.replace(around[host.id], known=True) if host.id in around else host for host in known)
    ids = {host.id for host in known}
    return first + tuple(host for host in found if host.id not in ids)
