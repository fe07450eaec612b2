"""What the operations of a transaction are going to ask, asked ahead for all of them at once.

Never decides anything, and never answers otherwise than the ledger would at that moment: what was asked ahead is
forgotten with the next thing that is written, but for writes that are put off, which none of it depends on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, field

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.asks import Asks
from reminder_kit.ledger.databases.write_behind import WriteBehind
from reminder_kit.ledger.sql.row_mapping import event_from
from reminder_kit.ledger.sql.statements import Statements
from reminder_kit.model.consent import ConsentEvent
from reminder_kit.model.messages import DeliveryEvent, Message
from reminder_kit.model.records import Claim, Twin

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Foresight"]


@define
class _Answers:
    """What is known, and of how many writes it knows."""

    writes: int = 0
    generations: dict[int, int] = field(factory=dict)
    said: dict[str, list[ConsentEvent]] = field(factory=dict, repr=False)
    #: What is written to a number about a start.
    twins: dict[tuple[str, datetime], list[Twin]] = field(factory=dict)
    #: Events that wait, by how their message is named ("token", "provider_id") and by that name.
    waiting: dict[tuple[str, str], list[DeliveryEvent]] = field(factory=dict)


class Foresight:
    """The questions that every operation about a message asks, inside one transaction."""

    def __init__(self, runner: WriteBehind, reader: Reader, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._reader = reader
        self._namespace = namespace
        self._statements = statements
        self._answers = _Answers()
        #: Claims that hold until this transaction ends.
        self.proven: set[Claim] = set()

    @property
    def _known(self) -> _Answers:
        if self._answers.writes != self._runner.writes:
            self._answers = _Answers(self._runner.writes)
        return self._answers

    def look(self, all_asks: Iterable[Asks]) -> None:
        """Ask for several operations what each of them is going to ask: a statement for each kind of question."""
        asked = list(all_asks)
        if claims := {asks.claim for asks in asked if asks.claim is not None}:
            self._look_at_claims(claims)
        if numbers := {asks.number for asks in asked if asks.number}:
            found = self._reader.consent.about(sorted(numbers))
            self._known.said |= {number: found.get(number, []) for number in numbers}
        if visits := {(asks.number, asks.start_at) for asks in asked if asks.number and asks.start_at is not None}:
            self._look_at_twins(visits)
        for by in ("token", "provider_id"):
            if names := {getattr(asks, by) for asks in asked if getattr(asks, by)}:
                self._look_at_events(by, sorted(names))

    def _look_at_claims(self, claims: Collection[Claim]) -> None:
        packed = self._runner.pack("rows", [(row,) for row in sorted({claim.row for claim in claims})])
        found = self._runner.rows(self._statements.updates.held, namespace=self._namespace, **packed)
        holders = {row: (owner, fence) for row, owner, fence, _ in found}
        self._known.generations |= {row: int(generation) for row, *_, generation in found}
        self.proven |= {claim for claim in claims if holders.get(claim.row) == (claim.owner, claim.fence)}

    def _look_at_twins(self, visits: Collection[tuple[str, datetime]]) -> None:
        """Ask what is written to numbers about starts; until this transaction ends no other one adds to it."""
        if self._runner.kind == "postgresql":
            locks = [(f"{self._namespace}:{number}",) for number in sorted({number for number, _ in visits})]
            self._runner.rows(self._statements.phones.lock_numbers, **self._runner.pack("numbers", locks))
        found = self._reader.twins(sorted(visits))
        self._known.twins |= {visit: found.get(visit, []) for visit in visits}

    def _look_at_events(self, by: str, names: Sequence[str]) -> None:
        packed = self._runner.pack("names", [(name,) for name in names])
        waiting = self._known.waiting
        waiting |= {(by, name): [] for name in names}
        for row in self._runner.rows(self._statements.queries.unmatched(by), namespace=self._namespace, **packed):
            event = event_from(row)
            waiting[by, getattr(event, by)].append(event)

    def prove(self, claim: Claim) -> None:
        """Raise `ClaimLostError` unless a claim holds; then it holds until this transaction ends."""
        if claim not in self.proven:
            self._look_at_claims([claim])
        if claim not in self.proven:
            raise ClaimLostError(
                f"the claim on row {claim.row} of the ledger ran out and another worker took over: "
                "nothing was written; that worker, or the next resync, finishes the work"
            )

    def generation(self, row: int) -> int | None:
        """Return how often the appointment of a row was written."""
        if row in self._known.generations:
            return self._known.generations[row]
        found = self._runner.rows(self._statements.queries.generation, which=row, namespace=self._namespace)
        return int(found[0][0]) if found else None

    def said(self, number: str) -> list[ConsentEvent]:
        """Return what was said about a number, here or elsewhere."""
        known = self._known.said.get(number)
        return self._reader.consent.heard(number) if known is None else known

    def twins(self, number: str, start_at: datetime) -> list[Twin]:
        """Return what is written to a number about a start (UTC), in this transaction too."""
        if (number, start_at) not in self._known.twins:
            self._look_at_twins([(number, start_at)])
        return self._known.twins[number, start_at]

    def note(self, message: Message) -> None:
        """Note a message whose writing is put off: who asks what its visit is told is to know of it."""
        twins = self._known.twins.get((message.draft.to, message.start_at))
        if twins is not None:
            twins.append(Twin(message.key, message.send_at, message.due_at, message.draft.text))

    def waiting(self, by: str, name: str) -> list[DeliveryEvent]:
        """Return events that came before their message was known `by` that name, oldest first."""
        if (by, name) not in self._known.waiting:
            self._look_at_events(by, [name])
        return self._known.waiting[by, name]
