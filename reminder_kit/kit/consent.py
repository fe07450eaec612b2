"""The verbs about consent: to bar a number, to lift that, and to look at what was said about it.

Decides nothing itself: what bars a number is derived from what was said (`model.consent`).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reminder_kit.kit.assembly import Kit
from reminder_kit.model.consent import Lifted, Way
from reminder_kit.planning.consent_view import Consent
from reminder_kit.planning.report import Report

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["ConsentVerbs"]


class ConsentVerbs(Kit):
    """The verbs by which a host says who may be written to."""

    async def suppress(self, phone: str, reason: str = "", *, way: str = Way.API, connection: Any = None) -> Report:
        """Stop all reminders to a number, now and from now on, and withdraw what is parked for it.

        The host's word: it holds in this namespace, whatever the person replies, until `allow` lifts it. `way` says by
        which way it was said ("front desk"). With `connection` it is only recorded, in the host's transaction.
        """
        now, number, name = self.now(), self._number(phone), _name()

        def write(tx: Transaction) -> None:
            tx.consent.suppress(number, reason, id=name, at=now, way=way)
            tx.mark_dirty(number=number)

        await self._written(write, connection)
        if connection is not None:
            return Report(now=now, changes=())
        plan = await self._in_thread(self._planner.suppression, number, now)
        return await self._carry_out_as_run(plan, force=True)

    async def allow(self, phone: str, *, consent: str = "", way: str = Way.API) -> Lifted:
        """Lift what bars a number, and return that: who barred it; false where nobody did.

        Lifted is what the host barred, and what the provider reported for good (a landline). A STOP of the person's
        own is lifted only on that person's word: `consent` says which ("signed form, 12 May"), and is recorded. Raises
        `InvalidInputError`, naming who barred the number and when, where there is a STOP and no `consent`; nothing is
        lifted then. The provider's own list is lifted only by the person, who texts START (`Lifted.note`). The next
        `resync` parks what is due again. `way` says by which way it was said.
        """
        now, number, name, senders = self.now(), self._number(phone), _name(), self.settings.senders

        def write(tx: Transaction) -> Lifted:
            lifted = tx.consent.allow(number, consent.strip(), senders, id=name, at=now, way=way)
            if lifted:
                tx.mark_dirty(number=number)
            return lifted

        return await self._written(write, None)

    async def consent(self, phone: str) -> Consent:
        """Return who bars a number now, and all that was said here about writing to it, in the order it happened.

        Each event has who said it, when it happened and when it was recorded, by which way, in which words, and to
        which sender. What other namespaces heard bars the number too, and is not among the events.
        """
        number, senders = self._number(phone), self.settings.senders

        def read(reader: Reader) -> Consent:
            return Consent(reader.consent.bars(number, senders), tuple(reader.consent.events(number)))

        return await self._in_thread(self.ledger.read, read)

    async def reconcile_opt_outs(self, *, not_within: timedelta = timedelta(0)) -> int:
        """Bar every number on the providers' lists of opt-outs; returns how many are new to us.

        For webhooks that were missed. What is parked for them is withdrawn by the next
        `resync`; nothing is lifted, since words the provider doesn't know are on our list
        only. Not done again within `not_within` of the last time. Raises
        `ConfigurationError` where the provider keeps no list, else from `ProviderError`.
        """
        from reminder_kit.webhooks.opt_out_lists import OPT_OUTS, bar_listed, opted_out

        now = self.now()
        last = await self._in_thread(self.ledger.read, lambda reader: reader.last_run(OPT_OUTS))
        if last is not None and timedelta(0) <= now - last[0] < not_within:  # later than now: by a clock that was ahead
            return 0
        await self._io.call(self.ledger.prepare)
        listed = await opted_out(self._routes(), self.settings.defaults.region)
        return await self._io.result(self.ledger.submit(partial(bar_listed, listed, now, self.settings.writer)))


def _name() -> str:
    """Return the name of something that a host says, which is another one each time."""
    return f"host:{uuid4().hex}"
