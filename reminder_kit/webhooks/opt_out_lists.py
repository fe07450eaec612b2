"""The provider's list of opt-outs: read page by page, and recorded where the ledger knows of no STOP yet.

Never lifts a bar: a number that is on our list alone may have opted out in words that the provider does not know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from reminder_kit.delivery.exchange import logged
from reminder_kit.errors import ConfigurationError, InvalidInputError, TransientError
from reminder_kit.logs import LOG
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way, Writer, sender_names
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.instants import iso, utc
from reminder_kit.ports import IO, NoAnswerError, NotSentError, OptOutLister, OptOuts, Provider
from reminder_kit.webhooks.normalising import is_number, number_of

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["OPT_OUTS", "OptedOut", "bar_listed", "opted_out"]

OPT_OUTS = "opt-outs"
"""The name of the job under which the ledger notes when the list was last read."""

_PAGES = 10_000
"""Pages after which reading ends, whatever the provider says of a next one."""


@frozen
class OptedOut:
    """One number on a provider's list of opt-outs."""

    #: The number, E.164.
    number: str = field(repr=False)
    #: When it opted out, UTC; None: the list does not say.
    since: datetime | None
    #: The provider's name.
    provider: str
    #: The names of the sender that it opted out of.
    senders: tuple[str, ...]

    def event(self, now: datetime) -> ConsentEvent:
        """Return the STOP that the list tells of, known `now` (UTC); it has one name however often it is read."""
        at = min(self.since or now, now)  # else no START would lift it before that
        told = f"{self.provider}:{self.number}:{iso(self.since or now)}"
        name = blake2b(told.encode(), digest_size=12).hexdigest()
        said = "on the provider's list of opt-outs"
        return ConsentEvent(
            f"list:{name}", self.number, Party.RECIPIENT, Act.BAR, at, now, Way.LIST, said, self.senders
        )


async def opted_out(routes: Sequence[tuple[Provider, IO]], region: str | None = None) -> list[OptedOut]:
    """Return every number on the lists of providers; those without a list are passed over.

    `routes` are the providers, the main one first, each with what carries requests to it. `region` is the country of
    numbers without a country code; what can't be read as one is left out, and counted in the log. Raises
    `ConfigurationError` where none has a list that can be read, and `ProviderError` where one can't be read now.
    """
    listing = [(provider, io) for provider, io in routes if provider.capabilities.lists_opt_outs]
    if not listing:
        raise ConfigurationError(
            f"{routes[0][0].name} keeps no list of opt-outs that can be read: its webhooks tell who says STOP"
        )
    return [found for provider, io in listing for found in await _listed_by(cast("OptOutLister", provider), io, region)]


async def _listed_by(lister: OptOutLister, io: IO, region: str | None) -> list[OptedOut]:
    """Return every number on one provider's list; raises `TransientError` where no answer came."""
    found: dict[str, datetime | None] = {}
    odd = set[str]()
    async for listed, since in _rows(lister, io):
        number = number_of(whole_text(listed), region)
        if not is_number(number):
            odd.add(listed)
            continue
        known = found.get(number)
        found[number] = max(known, since) if known and since else since or known
    if odd:
        LOG.warning("%d entries of the list of opt-outs at %s are no numbers", len(odd), lister.name)
    names = sender_names(lister.sender, lister.capabilities.pool)
    return [OptedOut(number, since, lister.name, names) for number, since in found.items()]


async def _rows(lister: OptOutLister, io: IO) -> AsyncIterator[tuple[str, datetime | None]]:
    """Yield every row of a list once, page by page.

    Reading ends where no page follows, and where one brings nothing new: a list that repeats itself has no end. A page
    of nothing that we can use may stand between others, two in a row may not.
    """
    seen, empty = set[tuple[str, datetime | None]](), False
    for page in range(1, _PAGES + 1):
        answer = await _page(lister, io, page)
        rows = [(listed, _instant(answer.since.get(listed))) for listed in answer.numbers]
        fresh = dict.fromkeys(row for row in rows if row not in seen)
        for row in fresh:
            yield row
        seen.update(fresh)
        if not answer.more:
            return
        if not fresh and (rows or empty):
            LOG.warning("the list of opt-outs at %s brings nothing new from page %d on", lister.name, page)
            return
        empty = not rows


async def _page(lister: OptOutLister, io: IO, page: int) -> OptOuts:
    try:
        await io.turn()
        return lister.parse_opt_outs(await logged(io, lister.name, lister.opt_outs(page)))
    except (NotSentError, NoAnswerError) as problem:
        raise TransientError(str(problem), provider=lister.name) from problem


def _instant(at: datetime | None) -> datetime | None:
    """Return an instant of an adapter's, UTC; None where it is none."""
    try:
        return None if at is None else utc(at)
    except (InvalidInputError, AttributeError):
        return None


def bar_listed(all_listed: Collection[OptedOut], now: datetime, writer: Writer, tx: Transaction) -> int:
    """Record the opt-outs of which no STOP is known yet, note the job, and return how many numbers they bar.

    A number that said START after it had opted out is not barred by what the list says of before.
    """
    known = _stopped({listed.number for listed in all_listed}, writer, tx)
    said = [listed for listed in all_listed if listed.number not in known]
    recorded = {listed.number for listed in said if tx.consent.record(listed.event(now))}
    fresh = _stopped(recorded, writer, tx)
    for number in sorted(fresh):
        tx.mark_dirty(number=number, everywhere=True)
    tx.mark_run(OPT_OUTS, now, {"new": len(fresh)})
    return len(fresh)


def _stopped(numbers: Collection[str], writer: Writer, tx: Transaction) -> set[str]:
    """Return those of some numbers that are barred by the person's own word."""
    barred = tx.reader.consent.suppressions(numbers, writer) if numbers else {}
    return {number for number, why in barred.items() if why.by == Party.RECIPIENT and not why.holds}
