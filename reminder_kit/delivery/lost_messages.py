"""Look at the provider for a message whose id we never learned, because the answer to its request was lost.

Never posts anything. A message that is not found is not proved absent.
"""

from __future__ import annotations

from functools import partial
from typing import cast

from reminder_kit.delivery.exchange import Exchange
from reminder_kit.delivery.journal import Journal
from reminder_kit.errors import ProviderError
from reminder_kit.model.messages import Message
from reminder_kit.ports import Finder, Receipt

__all__ = ["found_again"]


async def found_again(
    exchange: Exchange, journal: Journal, message: Message
) -> tuple[Receipt | None, ProviderError | None]:
    """Return the one message at the provider that must be this one, or the error for which it could not be asked.

    Both are None where the provider keeps no list, where asking now could show nothing, and where none or several
    of the messages on its list may be the one.
    """
    if not exchange.route.capabilities.finds:
        return None, None
    finder = cast("Finder", exchange.route.provider)
    draft, created_at, token = message.draft, message.created_at, message.id
    request = finder.find(draft, token=token, created_at=created_at, now=exchange.clock())
    if request is None:
        return None, None
    parse = partial(finder.parse_found, draft=draft, token=token, created_at=created_at)
    # a list that can be read says nothing of whether messages can be posted, and one that can't be, neither
    receipts, error = await exchange.ask(lambda: request, parse, message, learns=False)
    strange = [receipt for receipt in receipts or () if not await _is_known(receipt, finder.name, journal)]
    return (strange[0] if len(strange) == 1 else None), error


async def _is_known(receipt: Receipt, provider: str, journal: Journal) -> bool:
    """Say whether the ledger knows a message by that id: then it is another one."""
    names = {"provider": provider, "provider_id": receipt.provider_id}
    return await journal.commit(lambda transaction: transaction.reader.find_message(**names) is not None)
