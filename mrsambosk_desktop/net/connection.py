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

from .trust import PLAIN, Trust, WrongKey

OPEN_SECONDS: Final = 5.0
#: A page of sync is at most 512 KiB, and a welcome names everyone; more than this no honest host sends.
_FRAME_BYTES: Final = 16 * 1024 * 1024


class Why(Enum):
    """Why no address led to a host."""

    NO_ADDRESS = auto()
    SILENT = auto()
    NO_HOST = auto()
    FULL = auto()
    WRONG_KEY = auto()


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


async def dial(addresses: Sequence[Address], trust: Trust = PLAIN) -> tuple[ClientConnection, Address]:
    """An open connection, and the address that answered.

    Args:
        addresses: tried in turn.
        trust: how the host proves that it is the one.

    Raises:
        Unreachable: none answered, or what answered is no host, or another one (`WRONG_KEY`).
    """
    problem = Unreachable(Why.NO_ADDRESS)
    tls = trust.context()
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
        except ssl.SSLCertVerificationError:
            problem = Unreachable(Why.WRONG_KEY, address)
        except ssl.SSLError:
            problem = Unreachable(Why.NO_HOST, address)
        except (OSError, EOFError, TimeoutError):
            problem = Unreachable(Why.SILENT, address)
        else:
            try:
                trust.check(connection.transport)
            except WrongKey:
                connection.transport.abort()
                problem = Unreachable(Why.WRONG_KEY, address)
                continue
            if connection.subprotocol == SUBPROTOCOL:
                return connection, address
            await connection.close()
            problem = Unreachable(Why.NO_HOST, address)
    raise problem
