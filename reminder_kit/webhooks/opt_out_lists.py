"""Reconcile opt-outs: read the provider's list, bar what is on it and not on ours.

Never lifts anything: what is only on our list was said in words the provider does not know.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, cast

from reminder_kit.errors import ConfigurationError, TransientError
from reminder_kit.model.records import Suppression
from reminder_kit.ports import IO, NoAnswerError, NotSentError, OptOutLister, Provider

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["OPT_OUTS", "bar_listed", "opted_out"]

OPT_OUTS = "opt-outs"
"""The name under which the ledger remembers when this was last done."""

_PAGES = 10_000


async def opted_out(provider: Provider, io: IO, fallback: Provider | None = None, spare: IO | None = None) -> list[str]:
    """Return every number on the list of the provider, and on its fallback's, where they keep one."""
    both = [(item, its) for item, its in ((provider, io), (fallback, spare)) if item is not None and its is not None]
    listing = [(provider, its) for provider, its in both if provider.capabilities.lists_opt_outs]
    if not listing:
        raise ConfigurationError(
            f"{provider.name} keeps no list of opt-outs that can be read: its webhooks tell who says STOP"
        )
    found = [number for provider, its in listing for number in await _listed(cast("OptOutLister", provider), its)]
    return list(dict.fromkeys(found))


async def _listed(lister: OptOutLister, io: IO) -> list[str]:
    found = dict[str, None]()
    for page in range(1, _PAGES):
        try:
            answer = lister.parse_opt_outs(await io.send(lister.opt_outs(page)))
        except (NotSentError, NoAnswerError) as problem:
            raise TransientError(str(problem), provider=lister.name) from problem
        found.update(dict.fromkeys(answer.numbers))
        if not answer.more:
            break
    return list(found)


def bar_listed(numbers: Collection[str], now: datetime, tx: Transaction) -> int:
    """Suppress the numbers that are not barred by their own word yet; returns how many."""
    known = tx.suppressions()
    fresh = [number for number in numbers if number not in known or known[number].by != "recipient"]
    for number in fresh:
        tx.suppress(Suppression(number, "on the provider's list of opt-outs", now, by="recipient"))
        tx.mark_dirty(number=number)
    tx.mark_run(OPT_OUTS, now, {"new": len(fresh)})
    return len(fresh)
