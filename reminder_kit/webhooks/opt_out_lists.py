"""The provider's list of opt-outs: read page by page, and suppressed where the ledger does not do so yet.

Never lifts a suppression: a number that is on our list alone may have opted out in words that the provider does not
know.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, cast

from reminder_kit.delivery.exchange import logged
from reminder_kit.errors import ConfigurationError, TransientError
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.records import Suppression
from reminder_kit.ports import IO, NoAnswerError, NotSentError, OptOutLister, Provider
from reminder_kit.webhooks.normalising import is_number, number_of

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["OPT_OUTS", "bar_listed", "opted_out"]

OPT_OUTS = "opt-outs"
"""The name of the job under which the ledger notes when the list was last read."""

_PAGES = 10_000
"""Pages after which reading ends, whatever the provider says of a next one."""


async def opted_out(
    provider: Provider,
    io: IO,
    fallback: Provider | None = None,
    spare: IO | None = None,
    region: str | None = None,
) -> list[str]:
    """Return every number on the lists of a provider and its fallback; those without a list are passed over.

    `io` carries requests to the provider, `spare` to the fallback; None means that there is none. `region` is the
    country of numbers without a country code; what can't be read as one is left out, and counted in the log. Raises
    `ConfigurationError` where neither has a list that can be read, and `ProviderError` where one can't be read now.
    """
    both = [(item, its) for item, its in ((provider, io), (fallback, spare)) if item is not None and its is not None]
    listing = [(provider, its) for provider, its in both if provider.capabilities.lists_opt_outs]
    if not listing:
        raise ConfigurationError(
            f"{provider.name} keeps no list of opt-outs that can be read: its webhooks tell who says STOP"
        )
    found = [number for provider, its in listing for number in await _numbers_of(cast("OptOutLister", provider), its)]
    numbers = [number_of(whole_text(number), region) for number in found]
    if odd := [number for number in numbers if not is_number(number)]:
        LOG.warning("%d entries of the list of opt-outs at %s are no numbers", len(odd), provider.name)
    return list(dict.fromkeys(filter(is_number, numbers)))


async def _numbers_of(lister: OptOutLister, io: IO) -> list[str]:
    """Return every number on one provider's list; raises `TransientError` where no answer came."""
    found = dict[str, None]()
    for page in range(1, _PAGES):
        try:
            await io.turn()
            answer = lister.parse_opt_outs(await logged(io, lister.name, lister.opt_outs(page)))
        except (NotSentError, NoAnswerError) as problem:
            raise TransientError(str(problem), provider=lister.name) from problem
        found.update(dict.fromkeys(answer.numbers))
        if not answer.more:
            break
    return list(found)


def bar_listed(numbers: Collection[str], now: datetime, tx: Transaction) -> int:
    """Suppress the numbers that are not suppressed by their own word yet, note the job, and return how many."""
    suppressed = tx.reader.suppressions()
    fresh = [number for number in numbers if number not in suppressed or suppressed[number].by != "recipient"]
    for number in fresh:
        tx.suppress(Suppression(number, "on the provider's list of opt-outs", now, by="recipient"))
        tx.mark_dirty(number=number)
    tx.mark_run(OPT_OUTS, now, {"new": len(fresh)})
    return len(fresh)
