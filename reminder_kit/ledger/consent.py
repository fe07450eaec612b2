"""Consent in the ledger: what was said about numbers, asked for and appended to.

Never changes or removes an event, and never decides what bars a number: `model.consent` derives that from the events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import groupby

from reminder_kit.errors import InvalidInputError
from reminder_kit.ledger.databases.runner import Asker, Runner
from reminder_kit.ledger.sql.consent_statements import ConsentStatements
from reminder_kit.ledger.sql.row_mapping import consent_from, consent_values
from reminder_kit.model.consent import (
    Act,
    ConsentEvent,
    Lifted,
    Party,
    Suppression,
    Writer,
    answer_to,
    bars,
    host_barred,
    host_lifted,
    standing,
    suppression_of,
    told_of,
    unsettled,
)
from reminder_kit.model.instants import iso
from reminder_kit.model.phones import masked

__all__ = ["ConsentReader", "ConsentRecorder"]

_AT_ONCE = 500
"""Numbers whose events are read in one go."""


class ConsentReader:
    """The questions about consent, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: ConsentStatements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements

    def events(self, number: str) -> list[ConsentEvent]:
        """Return what was said here about a number, in the order in which it happened."""
        return [event for event in self.heard(number) if event.namespace == self._namespace]

    def suppressions(self, numbers: Iterable[str] | None, writer: Writer) -> dict[str, Suppression]:
        """Return, by number, why a writer must not write to it; `numbers` None: of all that are barred."""
        asked = self._barred(writer.senders) if numbers is None else numbers
        found = {
            number: suppression_of(events, self._namespace, writer)
            for number, events in self._about(sorted(set(asked)))
        }
        return {number: suppression for number, suppression in found.items() if suppression is not None}

    def about(self, numbers: Collection[str]) -> dict[str, list[ConsentEvent]]:
        """Return, by number, what was said about those of which anything was, here or elsewhere: never to be shown."""
        return dict(self._about(numbers))

    def is_barred(self, number: str, writer: Writer) -> bool:
        """Say whether a writer must not write to a number."""
        return bool(self.suppressions([number], writer))

    def bars(self, number: str, senders: Collection[str]) -> tuple[Suppression, ...]:
        """Return who bars a number for who writes from these senders, the recipient first; empty: nobody does."""
        return bars(self.heard(number), self._namespace, senders)

    def heard(self, number: str) -> list[ConsentEvent]:
        """Return what was said about a number, here or elsewhere: for finding out what bars it, never to be shown."""
        return next((events for _, events in self._about([number])), [])

    def unclear(self, senders: Collection[str]) -> list[ConsentEvent]:
        """Return the replies heard here that may ask for no more messages, and that nobody has seen, oldest first."""
        numbers = self._numbers(self._statements.unclear_here)
        found = [
            event
            for _, events in self._about(numbers)
            for event in standing(events, self._namespace, senders)
            if event.act is Act.UNCLEAR
        ]
        return sorted(found, key=lambda event: (event.occurred_at, event.id))

    def count(self, senders: Collection[str]) -> tuple[int, dict[str, int]]:
        """Return how many numbers are barred for who writes from these senders, and how many of them by each party."""
        packed = self._runner.pack("senders", [(sender,) for sender in sorted(senders)])
        found = self._runner.rows(self._statements.count_by_party, namespace=self._namespace, **packed)
        counted = Counter({party: int(numbers) for party, numbers in found})
        for _, events in self._about([number for (number,) in self._runner.rows(self._statements.lifted)]):
            parties = [suppression.by for suppression in bars(events, self._namespace, senders)]
            counted.update([*parties, *([""] if parties else [])])
        return counted[""], {str(party): counted[party] for party in Party}

    def _barred(self, senders: Collection[str]) -> list[str]:
        """Return the numbers that were ever barred in this namespace, or at one of these senders."""
        found = set(self._numbers(self._statements.barred_here))
        if senders:
            packed = self._runner.pack("senders", [(sender,) for sender in sorted(senders)])
            found |= {number for (number,) in self._runner.rows(self._statements.barred_at, **packed)}
        return sorted(found | set(self._numbers(self._statements.unclear_here)))

    def _numbers(self, statement: object) -> list[str]:
        return [number for (number,) in self._runner.rows(statement, namespace=self._namespace)]

    def _about(self, numbers: Collection[str]) -> Iterator[tuple[str, list[ConsentEvent]]]:
        """Yield numbers of which anything was said, with all that was said of each, here or elsewhere."""
        listed = list(numbers)
        for start in range(0, len(listed), _AT_ONCE):
            packed = self._runner.pack("numbers", [(number,) for number in listed[start : start + _AT_ONCE]])
            found = map(consent_from, self._runner.rows(self._statements.about, **packed))
            for number, events in groupby(found, key=lambda event: event.number):
                yield number, list(events)


class ConsentRecorder:
    """The writes about consent, inside one transaction. `reader` answers as the transaction sees things."""

    def __init__(self, runner: Runner, reader: ConsentReader, namespace: str, statements: ConsentStatements) -> None:
        self._runner = runner
        self._reader = reader
        self._namespace = namespace
        self._statements = statements

    def record(self, event: ConsentEvent) -> bool:
        """Append an event, as one that was heard in this namespace; False where that very event was recorded before."""
        return self._runner.run(self._statements.record, **consent_values(self._namespace, event)) > 0

    def suppress(self, number: str, reason: str, *, id: str, at: datetime, way: str) -> None:  # noqa: A002 - the event's own name for it
        """Have the host bar a number `at` an instant (UTC), in the name of an event that is made for it."""
        known = self._reader.events(number)
        self.record(host_barred(known, number, id=id, at=at, way=way, words=reason, namespace=self._namespace))

    def allow(
        self,
        number: str,
        consent: str,
        senders: Collection[str],
        *,
        id: str,  # noqa: A002 - the event's own name for it
        at: datetime,
        way: str,
    ) -> Lifted:
        """Have the host lift what bars a number for who writes from `senders`, and return what that was.

        `consent` says on whose word a person's own STOP is lifted; "": on nobody's. Raises `InvalidInputError` where
        there is a STOP then, and lifts nothing.
        """
        stood = unsettled(self._reader.heard(number), self._namespace, senders)
        told = told_of(stood, self._namespace)
        stopped = next((bar for bar in told if bar.by == Party.RECIPIENT and not bar.holds), None)
        if stopped is not None and not consent:
            raise InvalidInputError(_refusal(stopped))
        acts = {answer_to(event) for event in stood} | ({Act.CONSENT} if consent else set())
        for act in sorted(acts):
            name, words = f"{id}:{act}", consent if act is Act.CONSENT else ""
            self.record(
                host_lifted(stood, number, act, id=name, at=at, way=way, words=words, namespace=self._namespace)
            )
        return Lifted(told, _NOTE if stopped is not None else "")

    def see(
        self,
        number: str,
        senders: Collection[str],
        *,
        id: str,  # noqa: A002 - the event's own name for it
        at: datetime,
        way: str,
    ) -> None:
        """Have the host say that it has seen what a number left unclear."""
        found = standing(self._reader.heard(number), self._namespace, senders)
        if stood := [event for event in found if event.act is Act.UNCLEAR]:
            seen = host_lifted(stood, number, Act.SEEN, id=id, at=at, way=way, words="", namespace=self._namespace)
            self.record(seen)


_NOTE = (
    "the provider's own list of opt-outs is lifted only by the person, who texts START to the number that the messages "
    "come from; until then the provider may refuse them"
)
"""What must be known by whoever lifts a STOP."""


def _refusal(stopped: Suppression) -> str:
    """Return why a STOP is not lifted, who said it and when, and the remedies."""
    return (
        f"{masked(stopped.number)} is {_who(stopped)}, and only that person takes that back: have them text START, or "
        'say on whose word it is lifted: allow(…, consent="signed form, 12 May"), --consent on the command line'
    )


def _who(stopped: Suppression) -> str:
    at = iso(stopped.at)
    return f"barred by the recipient since {at} ({stopped.way})" if stopped.way else f"{stopped.reason} since {at}"
