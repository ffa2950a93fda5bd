"""Dialling: from the addresses of a host to an open WebSocket, the first that answers wins."""

import ssl
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from mrsambosk_protocol.invite import Address
from mrsambosk_protocol.limits import SUBPROTOCOL

OPEN_SECONDS: Final = 5.0
#: A page of sync is at most 512 KiB, and a welcome names everyone; more than this no honest host sends.
_FRAME_BYTES: Final = 16 * 1024 * 1024


class Why(Enum):
    """Why no address led to a host."""

    NO_ADDRESS = auto()
    SILENT = auto()
    NO_HOST = auto()
    FULL = auto()


class Unreachable(Exception):
    """No address led to a host. `address` is the last one tried."""

    def __init__(self, why: Why, address: Address | None = None) -> None:
        super().__init__(why.name, str(address))
        self.why = why
        self.address = address


class _Direct(connect):
    """A host never sends us elsewhere: a redirect is an answer like any other, not an order."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(addresses: Sequence[Address], tls: ssl.SSLContext | None = None) -> tuple[ClientConnection, Address]:
    """An open connection, and the address that answered.

    Args:
        addresses: tried in turn.
        tls: for a host that speaks TLS; None for one that does not.

    Raises:
        Unreachable: none answered, or what answered is no host.
    """
    problem = Unreachable(Why.NO_ADDRESS)
    for address in addresses:
        scheme = "ws" if tls is None else "wss"
        try:
            connection = await _Direct(
                f"{scheme}://{address}/ws",
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                ssl=tls,
                proxy=None,  # a host on this network is never behind the system's proxy
                compression=None,
                ping_interval=None,  # the session has its own, with its own times
                open_timeout=OPEN_SECONDS,
                close_timeout=2,
                max_size=_FRAME_BYTES,
                user_agent_header=None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            problem = Unreachable(Why.FULL if status == 503 else Why.NO_HOST, address)
        except InvalidHandshake:
            problem = Unreachable(Why.NO_HOST, address)
        except (OSError, EOFError, TimeoutError):
            problem = Unreachable(Why.SILENT, address)
        else:
            if connection.subprotocol == SUBPROTOCOL:
                return connection, address
            await connection.close()
            problem = Unreachable(Why.NO_HOST, address)
    raise problem
