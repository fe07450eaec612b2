"""What is asked before a ledger that was restored from a backup writes to anybody: who opted out meanwhile.

Never plans, and never lifts a suppression.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from reminder_kit.errors import ProviderError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Writer
from reminder_kit.model.instants import iso
from reminder_kit.model.reasons import Reason
from reminder_kit.model.restorations import Restoration
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Provider

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction
    from reminder_kit.webhooks.opt_out_lists import OptedOut

__all__ = ["once_opt_outs_are_known"]


async def once_opt_outs_are_known(
    plan: Plan, ledger: Ledger, routes: Sequence[tuple[Provider, IO]], settings: Settings, now: datetime
) -> Plan:
    """Return a plan that may be carried out: where nobody knows who opted out meanwhile, one that only records.

    `routes` are the kit's providers with what carries requests to them. Their lists of
    opt-outs are read, and barred; where one keeps no list, a person must say that they are.
    """
    io, known = routes[0][1], plan.worklist.restoration
    routes = [
        (provider, way) for provider, way in routes if not provider.capabilities.reaches
    ]  # nobody texts a channel
    if known is None or not known.adopted or plan.worklist.foreign:
        return plan
    until = known.at + max(provider.capabilities.window.max_lead for provider, _ in routes)
    if known.lets_work:
        if known.until is None:
            await io.result(ledger.submit(lambda tx: tx.restorations.keep(evolve(known, until=until))))
        return plan
    why = f"it is not known who opted out between {iso(known.since)} and {iso(known.at)}"
    unlisted = [provider.name for provider, _ in routes if not provider.capabilities.lists_opt_outs]
    if unlisted:
        return plan.held_whole(f"{why}: {' and '.join(unlisted)} cannot be asked", Reason.RESTORED_LEDGER)
    from reminder_kit.webhooks.opt_out_lists import opted_out

    try:
        listed = await opted_out(routes, settings.defaults.region)
    except ProviderError as error:
        return plan.held_whole(f"{why}: {error}", Reason.RESTORED_LEDGER)
    done = evolve(known, until=until, opt_outs_read=True)
    await io.result(ledger.submit(partial(_bar, done, listed, settings.writer, now)))
    return plan


def _bar(restoration: Restoration, listed: Sequence[OptedOut], writer: Writer, now: datetime, tx: Transaction) -> None:
    from reminder_kit.webhooks.opt_out_lists import bar_listed

    bar_listed(listed, now, writer, tx)
    tx.restorations.keep(restoration)
