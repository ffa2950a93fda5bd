"""What an nftables ruleset does with a first packet: a walk through ``nft -j list ruleset`` with one packet in hand.

    judge(printed, knock)      # a Wall, or None where nothing filters what comes in

It knows the matches that rulesets of single computers are made of. One that it doesn't know may match or not: where
that makes a difference the answer is `Gate.UNSURE`.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from .firewall import Gate, Knock, Wall

NFTABLES: Final = "nftables"
_HOOKS: Final = ("prerouting", "input")
_FAMILIES: Final = ("inet", "ip")
#: Statements that decide nothing about the packet.
_HARMLESS: Final = frozenset({"counter", "log", "mangle", "set", "map", "ct helper", "notrack", "ct timeout"})
_ENDINGS: Final = frozenset({"accept", "drop", "reject", "return", "jump", "goto", "queue"})
_DEPTH: Final = 32

Chain = tuple[str, str, str]


class _End(msgspec.Struct, frozen=True):
    """How a walk ended. `what`: accept, drop, unsure, or "" for the end of a chain."""

    what: str
    where: str = ""


_FELL_THROUGH: Final = _End("")


def judge(printed: str, knock: Knock) -> Wall | None:
    """What the ruleset does with this packet; None where no chain filters what comes in."""
    try:
        rows: Sequence[Mapping[str, Any]] = json.loads(printed)["nftables"]
        walk = _Walk(rows, knock)
        if not walk.entries:
            return None
        return walk.answer()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return Wall(name=NFTABLES, gate=Gate.UNSURE)


class _Walk:
    def __init__(self, rows: Sequence[Mapping[str, Any]], knock: Knock) -> None:
        self._knock = knock
        self._rules: dict[Chain, list[Mapping[str, Any]]] = {}
        self._sets: dict[Chain, list[Any]] = {}
        entries: list[tuple[int, int, Chain, Mapping[str, Any]]] = []
        for row in rows:
            if (chain := row.get("chain")) is not None:
                key = (chain["family"], chain["table"], chain["name"])
                self._rules.setdefault(key, [])
                if chain.get("hook") in _HOOKS and chain.get("type") == "filter" and chain["family"] in _FAMILIES:
                    entries.append((_HOOKS.index(chain["hook"]), chain["prio"], key, chain))
            elif (rule := row.get("rule")) is not None:
                self._rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule)
            elif (named := row.get("set") or row.get("map")) is not None:
                self._sets[(named["family"], named["table"], named["name"])] = named.get("elem", [])
        self.entries = sorted(entries, key=lambda entry: entry[:2])

    def answer(self) -> Wall:
        """Accepted in one base chain, a packet still has to pass the next one."""
        unsure = False
        for _hook, _priority, key, chain in self.entries:
            policy = chain.get("policy", "accept")
            end = self._chain(key, 0, policy)
            what = end.what
            if what == "drop":
                where = end.where or f"policy {policy} of {' '.join(key)}"
                return Wall(name=NFTABLES, gate=Gate.SHUT, where=where, commands=(self._opening(key),))
            unsure = unsure or what == "unsure"
        return Wall(name=NFTABLES, gate=Gate.UNSURE if unsure else Gate.OPEN)

    def _opening(self, key: Chain) -> str:
        knock = self._knock
        wanted = f"ip saddr {knock.network} {knock.protocol} dport {knock.port} accept"
        return f"sudo nft insert rule {' '.join(key)} {wanted}"

    def _chain(self, key: Chain, depth: int, policy: str = "") -> _End:
        """How a packet leaves this chain. A rule that may match and would end otherwise makes the end unsure."""
        maybe: set[str] = set()
        end = _End(policy)
        for rule in self._rules.get(key, []):
            fits, what = self._rule(key, rule["expr"], depth)
            if fits is False or not what.what:
                continue
            if what.what == "return":
                if fits:
                    break
                maybe.add(policy)
            elif fits is None or what.what == "unsure":
                maybe.add(what.what)
            else:
                end = what if what.where else _End(what.what, f"{' '.join(key)}, handle {rule.get('handle', '?')}")
                break
        return _End("unsure") if maybe - {end.what} else end

    def _rule(self, key: Chain, expressions: Sequence[Mapping[str, Any]], depth: int) -> tuple[bool | None, _End]:
        """Whether the rule fits (None: perhaps), and what it then does."""
        fits: bool | None = True
        for expression in expressions:
            (kind, content), *_ = expression.items()
            if kind == "match":
                matched = self._match(key, content)
                if matched is False:
                    return False, _FELL_THROUGH
                fits = None if matched is None else fits
            elif kind == "vmap":
                return fits, self._vmap(key, content, depth)
            elif kind in _ENDINGS:
                return fits, self._verdict(key, kind, content, depth)
            elif kind == "limit":
                # A first packet is within any limit.
                if content.get("inv"):
                    return False, _FELL_THROUGH
            elif kind not in _HARMLESS:
                fits = None
        return fits, _FELL_THROUGH

    def _verdict(self, key: Chain, kind: str, content: Any, depth: int) -> _End:
        if kind == "reject":
            return _End("drop")
        if kind == "queue":
            return _End("unsure")
        if kind not in ("jump", "goto"):
            return _End(kind)
        if depth >= _DEPTH:
            return _End("unsure")
        end = self._chain((key[0], key[1], content["target"]), depth + 1)
        return _End("return") if kind == "goto" and not end.what else end

    def _vmap(self, key: Chain, content: Mapping[str, Any], depth: int) -> _End:
        value = self._value(content["key"])
        data = content["data"]
        rows = self._sets.get((key[0], key[1], data.removeprefix("@")), []) if isinstance(data, str) else data["set"]
        if value is None:
            return _End("unsure")
        for wanted, verdict in rows:
            if self._is_one(key, value, wanted):
                (kind, target), *_ = verdict.items()
                return self._verdict(key, kind, target, depth)
        return _FELL_THROUGH

    def _match(self, key: Chain, content: Mapping[str, Any]) -> bool | None:
        value = self._value(content["left"])
        if value is None:
            return None
        if value is False:
            return False
        right, operator = content["right"], content["op"]
        if operator in ("==", "in"):
            return self._is_one(key, value, right)
        if operator == "!=":
            return not self._is_one(key, value, right)
        if isinstance(value, int) and isinstance(right, int):
            return {"<": value < right, ">": value > right, "<=": value <= right, ">=": value >= right}.get(operator)
        return None

    def _value(self, left: Mapping[str, Any]) -> Any:
        """What the packet has there: None is unknown, False nothing at all (a field of another protocol)."""
        knock = self._knock
        if (masked := left.get("&")) is not None and masked[0].get("payload", {}).get("field") == "flags":
            flags = masked[1] if isinstance(masked[1], list) else [masked[1]]
            return "syn" if "syn" in flags else 0
        if (payload := left.get("payload")) is not None:
            protocol, field = payload.get("protocol"), payload.get("field")
            if protocol == "ip":
                return {"saddr": knock.source, "daddr": knock.address, "protocol": knock.protocol}.get(field)
            if protocol in (knock.protocol, "th"):
                return knock.port if field == "dport" else None
            return False if protocol in ("tcp", "udp", "icmp", "icmpv6", "ip6", "sctp", "igmp") else None
        if (meta := left.get("meta")) is not None:
            return {
                "iifname": knock.interface,
                "iif": knock.interface,
                "l4proto": knock.protocol,
                "nfproto": "ipv4",
                "protocol": "ip",
            }.get(meta["key"])
        if (tracked := left.get("ct")) is not None:
            return "new" if tracked["key"] == "state" else None
        if (fib := left.get("fib")) is not None:
            return "local" if fib.get("result") == "type" and fib.get("flags") == ["daddr"] else None
        return None

    def _is_one(self, key: Chain, value: Any, right: Any) -> bool:
        """Whether a value is meant by what stands on the right: itself, a list, a range, a network, a named set."""
        if isinstance(right, list):
            return any(self._is_one(key, value, one) for one in right)
        if isinstance(right, dict):
            if "set" in right:
                return self._is_one(key, value, right["set"])
            if "elem" in right:
                return self._is_one(key, value, right["elem"]["val"])
            if "prefix" in right:
                network = f"{right['prefix']['addr']}/{right['prefix']['len']}"
                return _in_network(value, network)
            if "range" in right:
                first, last = right["range"]
                if not isinstance(value, int):
                    first, last, value = (int(ipaddress.IPv4Address(one)) for one in (first, last, value))
                return bool(first <= value <= last)
            return False
        if isinstance(right, str) and right.startswith("@"):
            return self._is_one(key, value, self._sets.get((key[0], key[1], right[1:]), []))
        if isinstance(right, str) and right.endswith("*") and isinstance(value, str):
            return value.startswith(right[:-1])
        return bool(value == right)


def _in_network(value: Any, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
