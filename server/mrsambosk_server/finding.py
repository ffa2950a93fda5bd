"""Search over the ledger: the query reads, and what is not indexed yet is indexed by the writer first."""

from mrsambosk_protocol.commands import Search
from mrsambosk_protocol.events import Results

from . import search
from .ledger import Ledger
from .outcome import Outcome
from .transaction import Transaction


async def search_everything(ledger: Ledger, user: str, command: Search) -> Results:
    """Search, having first indexed what is not indexed yet, so that a message just posted is found.

    Raises:
        Refused: as `search.search`.
    """
    while not await ledger.read(search.is_indexed):
        await ledger.submit(_index)
    return await ledger.read(search.search, user, command)


def _index(tx: Transaction) -> Outcome:
    for _ in range(10):
        if not search.index_batch(tx):
            break
    return Outcome()
