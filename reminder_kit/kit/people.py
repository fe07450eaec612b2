"""The verbs about one person: to hand over all that is kept of a number, and to erase it.

Decides nothing itself. What was erased is barred; who handed the person in is told where that still has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reminder_kit.kit.consent import ConsentVerbs
from reminder_kit.model.consent import ERASED
from reminder_kit.model.instants import iso
from reminder_kit.planning.consent_view import Consent
from reminder_kit.planning.report import Report

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Erasure", "PeopleVerbs"]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Erasure:
    """What erasing a person came to."""

    #: What was taken back at the provider before.
    report: Report
    #: In how many appointments the number was; None: nothing was erased.
    appointments: int | None
    #: Of those, the ids of what is still to come: whoever handed them in has the person still.
    coming: tuple[str, ...] = ()
    #: The ids of appointments of which a message to the number may still be parked, so that nothing was erased.
    parked: tuple[str, ...] = ()


class PeopleVerbs(ConsentVerbs):
    """The verbs by which a host answers a person who asks for its data, or for its erasure."""

    async def person(self, phone: str) -> dict[str, Any]:
        """Return all that the ledger keeps of a number or e-mail address in this namespace, as plain JSON values.

        `number`, `barred_by` and `consent` (who bars it, and all that was said), `appointments` (of those with several
        people, this one alone), `messages` with their texts, `events` (replies, reports on delivery) and `history`.
        What was written to another name of the same person (the address beside the number) is told under `also`, by
        that name. Instants are UTC.
        """
        number, now = self._number(phone), self.now()
        names = await self._in_thread(self.ledger.read, lambda reader: reader.people.names(number))
        told = {name: await PeopleVerbs._told_of(self, name) for name in names}
        others = {name: told[name] for name in names[1:]}
        return {"now": iso(now), **told[number], **({"also": others} if others else {})}

    async def _told_of(self, number: str) -> dict[str, Any]:
        """Return all that is kept of one number or address."""
        consent: Consent = await ConsentVerbs.consent(self, number)
        kept = await self._in_thread(self.ledger.read, lambda reader: reader.people.kept(number))
        said = consent.as_json()
        return {"number": number, "barred_by": said["barred_by"], "consent": said["events"], **kept}

    async def erase(self, phone: str) -> Erasure:
        """Take back what is parked for a number or address, bar it, and erase all that is kept of it in this namespace.

        So with every name that the same person is written to by, and nobody else: an e-mail address goes with its
        number.

        What stays is the number with when it was barred, by whom and that it was erased, so that nothing is sent to it
        if its appointments are handed in again (`allow` lifts that); and of messages their states, rules, reasons and
        times. An appointment with other people stays theirs. Where a message can't be taken back any more, or its
        provider does not answer, nothing is erased (`Erasure.parked`), but the number is barred: erase once it is out.
        """
        number, now = self._number(phone), self.now()
        names = await self._in_thread(self.ledger.read, lambda reader: reader.people.names(number))
        for other in names[1:]:
            await ConsentVerbs.suppress(self, other, ERASED, way=ERASED)
        report = await ConsentVerbs.suppress(self, number, ERASED, way=ERASED)
        coming = await self._in_thread(self.ledger.read, lambda reader: _coming(reader, number, now))
        count = await self._written(partial(_erase, names, now), None)
        if count is not None:
            await self._in_thread(self.ledger.purge, _NEVER, now)  # nothing ended before; the files are rid of it, too
            return Erasure(report, count, coming)
        parked = await self._in_thread(self.ledger.read, lambda reader: reader.people.parked(number))
        return Erasure(report, None, coming, tuple(sorted({identity.id for identity in parked})))


def _erase(names: Sequence[str], now: datetime, tx: Transaction) -> int | None:
    """Erase a person's names, and note that the ledger's files are still to be rid of them; None: nothing was erased.

    Returned is in how many appointments any of them was.
    """
    from reminder_kit.ledger.transaction import PURGED

    if any(tx.reader.people.parked(name) for name in names):
        return None
    rows = {row for name in names for row in tx.reader.people.rows(name)}
    for name in names:
        tx.people.erase(name)
    tx.mark_run(PURGED, now, {"open": True})
    return len(rows)


def _coming(reader: Reader, number: str, now: datetime) -> tuple[str, ...]:
    """Return the ids of appointments of a number that are still to come."""
    records = reader.records(rows=reader.people.rows(number))
    return tuple(sorted({record.identity.id for record in records if not record.removed and record.start_at > now}))
