"""What may be written to the ledger, inside one open transaction.

Never commits, rolls back, opens a second connection or calls out. "Fenced" writes name the claim they are
made under and raise `ClaimLostError` where it was taken over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.reading import Reading
from reminder_kit.ledger.rows import (
    event_from,
    event_values,
    history_values,
    message_values,
    micros,
    micros_or_none,
    moved_values,
    outcome_values,
)
from reminder_kit.ledger.running import Runner
from reminder_kit.model import DeliveryEvent, Message
from reminder_kit.records import Claim, HistoryEntry, Identity, Intake, Kept, Outcome, Release, Suppression

__all__ = ["Transaction"]


@define
class _Known:
    """What is recorded of an appointment, as far as recording it anew depends on that."""

    row: int
    fingerprint: str
    removed: bool
    kind: str
    order: str
    recorded_at: int

    def outranks(self, intake: Intake, as_of: int | None) -> bool:
        """Say whether this is newer (design, §13 "Identity")."""
        kind, order = intake.order
        if kind and kind == self.kind:
            return order < self.order
        return as_of is not None and self.recorded_at > as_of and not (kind and self.kind)

    def holds(self, intake: Intake) -> bool:
        """Say whether this is the same appointment, still there."""
        return self.fingerprint == intake.fingerprint and not self.removed

    def grows(self, intake: Intake) -> bool:
        """Say whether the revision of an unchanged appointment grew."""
        kind, order = intake.order
        return bool(kind) and (kind != self.kind or order > self.order)


@define
class _Batch:
    """Appointments sorted into what is to be done with them."""

    answers: list[Kept] = field(factory=list)
    fresh: dict[Identity, Intake] = field(factory=dict)
    grown: dict[int, tuple[str, str]] = field(factory=dict)


class Transaction(Reading):
    """The writes of the ledger; also answers every question of `Reading`, as the transaction sees things."""

    def __init__(self, runner: Runner, namespace: str, schema: str | None) -> None:
        super().__init__(runner, namespace, schema)
        self._later: dict[int, tuple[Any, list[Mapping[str, Any]]]] = {}
        self._proven: set[Claim] = set()

    @property
    def _now(self) -> Runner:
        self.flush()
        return self._runner

    def flush(self) -> None:
        """Write what was put off in order to be written together."""
        while self._later:
            statement, rows = self._later.pop(next(iter(self._later)))
            self._runner.many(statement, rows)

    def _put_off(self, statement: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        if rows := list(rows):
            self._later.setdefault(id(statement), (statement, []))[1].extend(rows)

    # Appointments

    def record(self, intakes: Sequence[Intake], now: datetime, *, as_of: datetime | None = None) -> list[Kept]:
        """Write appointments, in order; one answer each.

        The same fingerprint and not removed: UNCHANGED, and at most a grown revision is
        stored. An older revision than the recorded one (or, with `as_of`, a row recorded
        later where either side has no revision): STALE, decided in the statement that writes.
        Else the snapshot is replaced, the generation grows, the row is dirty and no longer removed.
        """
        known = {
            identity: _Known(each[0], each[1], bool(each[2]), each[3], each[4], each[5])
            for identity, each in self._known(intake.identity for intake in intakes).items()
        }
        batch = _Batch()
        since = micros_or_none(as_of)
        for intake in intakes:
            batch.answers.append(self._sorted_in(batch, intake, known, since, micros(now)))
        self._store(batch, now, since)
        return self._corrected(batch, intakes)

    @staticmethod
    def _sorted_in(batch: _Batch, intake: Intake, known: dict[Identity, _Known], as_of: int | None, now: int) -> Kept:
        identity, (kind, order) = intake.identity, intake.order
        before = known.get(identity)
        if before is not None and before.holds(intake):
            if before.grows(intake):
                before.kind, before.order = kind, order
                if identity in batch.fresh:
                    batch.fresh[identity] = intake
                else:
                    batch.grown[before.row] = (kind, order)
            return Kept.UNCHANGED
        if before is not None and before.outranks(intake, as_of):
            return Kept.STALE
        batch.fresh[identity] = intake
        row = before.row if before else 0
        known[identity] = _Known(row, intake.fingerprint, removed=False, kind=kind, order=order, recorded_at=now)
        return Kept.NEW if before is None else Kept.CHANGED

    def _store(self, batch: _Batch, now: datetime, as_of: int | None) -> None:
        if batch.grown:
            rows = [
                {"which": row, "new_kind": kind, "new_revision": order} for row, (kind, order) in batch.grown.items()
            ]
            self._now.many(self._statements.reorder, sorted(rows, key=lambda each: each["which"]))
        if not batch.fresh:
            return
        statement = self._statements.record(as_of=as_of is not None)
        same = {"namespace": self._namespace, "recorded_at": micros(now)} | ({} if as_of is None else {"as_of": as_of})
        rows = [_intake_values(batch.fresh[identity]) for identity in sorted(batch.fresh)]
        if self._runner.kind == "sqlite":
            written = self._now.many(statement, [row | same for row in rows])
        else:
            packed = self._runner.pack("intakes", [tuple(row.values()) for row in rows])
            written = self._now.run(statement, **packed, **same)
        if written == len(rows):
            batch.fresh.clear()

    def _corrected(self, batch: _Batch, intakes: Sequence[Intake]) -> list[Kept]:
        """Return the answers; where others wrote at the same time, look at what stands now."""
        if not batch.fresh:
            return batch.answers
        known = self._known(batch.fresh)
        lost = {each for each, intake in batch.fresh.items() if known[each][1] != intake.fingerprint}
        return [
            Kept.STALE if intake.identity in lost and answer in (Kept.NEW, Kept.CHANGED) else answer
            for intake, answer in zip(intakes, batch.answers, strict=True)
        ]

    def remove(self, identities: Sequence[Identity], now: datetime) -> list[Identity]:
        """Mark appointments as removed; returns those that were recorded and not so already.

        The generation grows, the row is dirty, its revision is cleared: whatever comes next for it is taken.
        """
        known = self._known(identities)
        gone = [identity for identity, each in known.items() if not each[2]]
        rows = [{"which": row, "now": micros(now)} for row in sorted(known[identity][0] for identity in gone)]
        if rows:
            self._now.many(self._statements.remove, rows)
        return gone

    def generation(self, row: int) -> int | None:
        """Return how often the appointment of a row was written."""
        found = self._now.rows(self._statements.generation, which=row, namespace=self._namespace)
        return int(found[0][0]) if found else None

    def mark_dirty(self, *, number: str | None = None, identities: Sequence[Identity] = ()) -> int:
        """Have appointments worked on again; returns how many.

        `number`: those with a parked or held reminder to it, and those with one it was barred from.
        """
        count = 0
        if number is not None:
            count += self._now.run(self._statements.mark_number, namespace=self._namespace, number=number)
        if rows := sorted(self.rows(identities).values()):
            packed = self._runner.pack("rows", [(row,) for row in rows])
            count += self._now.run(self._statements.mark_rows, namespace=self._namespace, **packed)
        return count

    # Claims

    def claim(self, rows: Sequence[int], owner: str, now: datetime, lease: timedelta) -> dict[int, Claim]:
        """Claim those of the rows that nobody else holds (or whose lease ran out by the kit's clock).

        Each claim has a new, higher fence, also where the owner held the row already.
        """
        if not rows:
            return {}
        packed = self._runner.pack("rows", [(row,) for row in rows])
        same = {"owner": owner, "namespace": self._namespace}
        found = self._now.rows(self._statements.claimable, **packed, **same, now=micros(now))
        claims = {row: Claim(row, owner, fence + 1) for row, fence in found}
        if claims:
            packed = self._runner.pack("rows", [(row,) for row in claims])
            self._runner.run(self._statements.claim, **packed, owner=owner, until=micros(now + lease))
        self._proven = {each for each in self._proven if each.row not in claims} | set(claims.values())
        return claims

    def holders(self, rows: Sequence[int]) -> list[str]:
        """Return who holds any of these rows."""
        packed = self._runner.pack("rows", [(row,) for row in rows])
        return [owner for (owner,) in self._now.rows(self._statements.holders, **packed)] if rows else []

    def free(self, owners: Sequence[str]) -> int:
        """End every lease of owners that are known to be dead; returns how many."""
        if not owners:
            return 0
        self._proven = {each for each in self._proven if each.owner not in owners}
        packed = self._runner.pack("owners", [(owner,) for owner in owners])
        return self._now.run(self._statements.free, **packed, namespace=self._namespace)

    def renew(self, claims: Sequence[Claim], until: datetime) -> None:
        """Extend leases still held; those lost are passed over."""
        if claims:
            rows = [_claim_values(claim) | {"until": micros(until)} for claim in _in_order(claims)]
            self._now.many(self._statements.renew, rows)

    def release(self, releases: Sequence[Release]) -> None:
        """Give claims back and write what is known now; those lost are passed over.

        The dirty flag is cleared only where the generation is still the one seen.
        """
        rows = [
            _claim_values(each.claim)
            | {"seen": each.generation, "clean": each.clean, "settings": each.planned_with}
            | {"upcoming": micros_or_none(each.next_at)}
            for each in sorted(releases, key=lambda each: each.claim.row)
        ]
        if rows:
            self._now.many(self._statements.release, rows)
        self._proven -= {each.claim for each in releases}

    def _prove(self, claim: Claim) -> None:
        """Raise `ClaimLostError` unless the claim holds; then it holds until this transaction ends."""
        if claim in self._proven:
            return
        found = self._now.rows(self._statements.held, which=claim.row, namespace=self._namespace)
        if not found or tuple(found[0]) != (claim.owner, claim.fence):
            raise ClaimLostError(
                f"the claim on row {claim.row} of the ledger ran out and another worker took over: "
                "nothing was written; that worker, or the next resync, finishes the work"
            )
        self._proven.add(claim)

    # Reminders and messages

    def keep_outcomes(self, claim: Claim, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes (fenced), replacing those of the same keys; what would not change is not written."""
        self._prove(claim)
        values = [outcome_values(self._namespace, claim.row, each) for each in outcomes]
        self._put_off(self._statements.keep_outcome, values)

    def drop_outcomes(self, claim: Claim, keys: Sequence[str]) -> None:
        """Forget reminders of the claimed appointment (fenced)."""
        self._prove(claim)
        if keys:
            packed = self._runner.pack("keys", [(key,) for key in keys])
            self._now.run(self._statements.drop_outcomes, which=claim.row, namespace=self._namespace, **packed)

    def create_message(self, claim: Claim, message: Message, *, rule: str, recipient: str) -> None:
        """Insert a message (fenced)."""
        self._prove(claim)
        values = message_values(self._namespace, claim.row, message, rule, recipient)
        self._put_off(self._statements.create_message, [values])

    def move_message(self, claim: Claim | None, before: Message, after: Message) -> None:
        """Write a message's new state (fenced when a claim is given).

        Raises `ClaimLostError` where the message is no longer in the state it had `before`.
        """
        if claim is not None:
            self._prove(claim)
        if not self._now.run(self._statements.move_message, **moved_values(self._namespace, before, after)):
            raise ClaimLostError(
                f"message {before.id} is no longer {before.state}: another worker moved it; the next resync looks again"
            )

    # History, suppressions, runs, events

    def note(self, entries: Sequence[HistoryEntry]) -> None:
        """Append lines of history."""
        if entries:
            self._put_off(self._statements.note, [history_values(self._namespace, entry) for entry in entries])

    def suppress(self, suppression: Suppression) -> bool:
        """Bar a number; says whether that changed anything. The recipient's own word stands above the host's."""
        values = {
            "namespace": self._namespace,
            "number": suppression.number,
            "reason": suppression.reason,
            "at": micros(suppression.at),
            "said_by": suppression.by,
        }
        return self._now.run(self._statements.suppress, **values) > 0

    def allow(self, number: str) -> bool:
        """Lift a suppression; says whether there was one."""
        return self._now.run(self._statements.allow, namespace=self._namespace, number=number) > 0

    def mark_run(self, name: str, at: datetime, detail: Mapping[str, Any]) -> None:
        """Say when a job last ran: the one row that a run may write although nothing changed."""
        values = {"namespace": self._namespace, "name": name, "at": micros(at), "detail": json.dumps(dict(detail))}
        self._now.run(self._statements.mark_run, **values)

    def store_event(self, event: DeliveryEvent, received_at: datetime) -> bool:
        """Keep what a provider told us; False where that very event was kept before."""
        return self._now.run(self._statements.store_event, **event_values(self._namespace, event, received_at)) > 0

    def unmatched_events(self, *, provider_id: str | None = None, token: str | None = None) -> list[DeliveryEvent]:
        """Return events that came before their message was known, oldest first."""
        found: dict[str, DeliveryEvent] = {}
        for by, name in (("token", token), ("provider_id", provider_id)):
            if name:
                for row in self._now.rows(self._statements.unmatched(by), namespace=self._namespace, name=name):
                    found.setdefault(row[0], event_from(row))
        return list(found.values())

    def match_event(self, event_id: str) -> None:
        """Note that an event's message is known."""
        self._now.run(self._statements.match_event, namespace=self._namespace, which=event_id)


def _intake_values(intake: Intake) -> dict[str, Any]:
    source, id_, recurrence_id = intake.identity
    kind, order = intake.order
    return {
        "source": source,
        "id": id_,
        "recurrence_id": recurrence_id,
        "snapshot": intake.snapshot,
        "fingerprint": intake.fingerprint,
        "revision_kind": kind,
        "revision": order,
        "starts_at": micros(intake.appointment.start_at),
        "ends_at": micros(intake.appointment.end_at),
    }


def _claim_values(claim: Claim) -> dict[str, Any]:
    return {"which": claim.row, "owner": claim.owner, "token": claim.fence}


def _in_order(claims: Sequence[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda each: each.row)
