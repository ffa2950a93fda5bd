"""A host that was found around here, whichever way: what is announced of it, merged into one value."""

import msgspec

from mrsambosk_protocol.invite import Address


class FoundHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host, however it was found. All of it is a rumour until its key was seen.

    `addresses` are to be tried in turn. `stale`: no word of it for a while. `double`: another host found here has the
    same name, so a person must look at more than the name.
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
