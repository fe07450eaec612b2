"""Look at the provider for a message whose id we never learned, because the answer to its request was lost.

Never posts anything. A message that is not found is proved absent only where the provider lists every message, and none
that it lists may be that one.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from attrs import frozen

from reminder_kit.delivery.exchange import Exchange
from reminder_kit.delivery.journal import Journal
from reminder_kit.errors import ProviderError
from reminder_kit.model.messages import Message
from reminder_kit.ports import Finder, Receipt, Response

__all__ = ["Search", "found_again"]


@frozen
class Search:
    """What looking for a lost message came to."""

    #: The one message at the provider that must be this one; None: none, or several may be, or it was not asked.
    receipt: Receipt | None = None
    #: Why the provider could not be asked; None: it was, or keeps no list, or asking now could show nothing.
    error: ProviderError | None = None
    #: Whether the provider certainly does not have the message.
    is_absent: bool = False


async def found_again(exchange: Exchange, journal: Journal, message: Message) -> Search:
    """Look for a message where its provider lists messages."""
    route = exchange.route
    if not route.capabilities.finds:
        return Search()
    finder = cast("Finder", route.provider)
    draft, created_at, token = message.draft, message.created_at, message.id
    request = finder.find(draft, token=token, created_at=route.skew.theirs(created_at), now=exchange.clock())
    if request is None:
        return Search()

    def read(answer: Response, since: datetime) -> tuple[Receipt, ...]:
        return finder.parse_found(answer, draft, token=token, created_at=since)

    receipts, error = await exchange.ask_list(request, read, message, created_at)
    strange = [receipt for receipt in receipts or () if not await _is_known(receipt, finder.name, journal)]
    certain = [receipt for receipt in strange if receipt.certain]
    if strange or error is not None:
        return Search(certain[0] if len(certain) == 1 else None, error)
    within = route.capabilities.listed_within
    # a clock that is far from the provider's, or not known, may take a message for an older one
    listed = within is not None and exchange.clock() >= created_at + within and route.skew.is_close
    return Search(is_absent=listed)


async def _is_known(receipt: Receipt, provider: str, journal: Journal) -> bool:
    """Say whether the ledger knows a message by that id: then it is another one."""
    names = {"provider": provider, "provider_id": receipt.provider_id}
    return await journal.commit(lambda transaction: transaction.reader.find_message(**names) is not None)
