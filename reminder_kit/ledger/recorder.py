"""How appointments are taken in and removed: what is unchanged is not written anew, what is older is refused.

Never commits, never decides by more than snapshot, revision and time of recording.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import define, field

from reminder_kit.ledger.databases.runner import Runner
from reminder_kit.ledger.looks import list_names
from reminder_kit.ledger.reader import Reader
from reminder_kit.ledger.sql.row_mapping import included_text, instant, micros, micros_or_none
from reminder_kit.ledger.sql.statements import Statements
from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.messages import Included
from reminder_kit.model.records import Identity, Incoming, RecordResult
from reminder_kit.model.revisions import ALONE, OF_SERIES, PART, is_older
from reminder_kit.planning.renamed_keys import renamed_key

__all__ = ["Recorder"]


@define
class _RecordedRow:
    """What is recorded of an appointment, as far as recording it anew depends on that."""

    row: int
    fingerprint: str
    removed: bool
    kind: str
    order: str
    recorded_at: int

    def outranks(self, incoming: Incoming, as_of: int | None, latest: int) -> bool:
        """Say whether what is recorded is newer than what comes in, so that the latter is stale.

        Revisions of one kind are compared; else, or where they are equal, with `as_of`, what was recorded later than
        that instant is newer, up to the `latest` that a clock can show which is right (both in microseconds).
        """
        older = is_older(incoming.order, (self.kind, self.order))
        if older is not None:
            return older
        return as_of is not None and as_of < self.recorded_at <= latest

    def holds(self, incoming: Incoming) -> bool:
        """Say whether this is the same appointment, still there."""
        return self.fingerprint == incoming.fingerprint and not self.removed

    def grown(self, incoming: Incoming) -> tuple[str, str] | None:
        """Return the revision of an unchanged appointment, where it grew; None: it did not."""
        kind, order = incoming.order
        if self.kind == OF_SERIES and kind == ALONE:  # nothing new is said of the series
            newer = is_older(incoming.order, (self.kind, self.order)) is False
            return (OF_SERIES, self.order[:PART] + order) if newer else None
        grew = kind != self.kind or is_older((self.kind, self.order), incoming.order) is True
        return incoming.order if kind and grew else None

    def is_news(self, incoming: Incoming, at: datetime, latest: int) -> bool:
        """Say whether it is to be noted that an unchanged appointment was handed in `at`."""
        is_later = AsOf.is_news(instant(self.recorded_at), at) or self.recorded_at > latest
        return not self.outranks(incoming, None, latest) and is_later


@define
class _Batch:
    """Appointments sorted into what is to be done with them."""

    #: What speaks up to which instant, in microseconds; None: all of it is the latest word.
    as_of: int | None
    #: When unchanged appointments were handed in; None: that is not noted.
    handed_in_at: datetime | None
    #: The last instant, in microseconds, that can be of a clock that is right.
    latest: int
    #: The sources of which a newer complete snapshot was handed in.
    overtaken: Collection[str] = ()
    answers: list[RecordResult] = field(factory=list)
    fresh: dict[Identity, Incoming] = field(factory=dict)
    #: Revisions, by row, of unchanged appointments of which something is to be noted.
    renewed: dict[int, tuple[str, str]] = field(factory=dict)

    def sort_in(self, incoming: Incoming, before: _RecordedRow | None) -> RecordResult:
        """Note what is to be done with an appointment, and return how that is called."""
        if before is not None and before.holds(incoming):
            if (grown := before.grown(incoming)) is not None:
                self.renewed[before.row] = grown
            elif self.handed_in_at is not None and before.is_news(incoming, self.handed_in_at, self.latest):
                self.renewed[before.row] = (before.kind, before.order)
            return RecordResult.UNCHANGED
        as_of = 0 if incoming.identity.source in self.overtaken else self.as_of
        if (before is None and as_of == 0) or (before is not None and before.outranks(incoming, as_of, self.latest)):
            return RecordResult.STALE
        self.fresh[incoming.identity] = incoming
        return RecordResult.NEW if before is None else RecordResult.CHANGED


class Recorder:
    """Takes appointments in and removes them, inside one transaction."""

    def __init__(self, runner: Runner, reader: Reader, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._reader = reader
        self._namespace = namespace
        self._statements = statements

    def record(
        self, all_incoming: Sequence[Incoming], now: datetime, *, as_of: datetime | None, note: bool
    ) -> list[RecordResult]:
        """Write appointments, in order; one answer each: `Transaction.record` says which."""
        at = (now if as_of is None else as_of) if note else None
        overtaken = () if as_of is None else self._reader.overtaken(as_of, now)
        latest = micros(AsOf.latest(now))
        answers: list[RecordResult] = []
        for run in _once_each(all_incoming):
            answers += self._record_once_each(run, now, _Batch(micros_or_none(as_of), at, latest, overtaken))
        return answers

    def _record_once_each(self, all_incoming: Sequence[Incoming], now: datetime, batch: _Batch) -> list[RecordResult]:
        known = {
            identity: _RecordedRow(sequence[0], sequence[1], bool(sequence[2]), sequence[3], sequence[4], sequence[5])
            for identity, sequence in self._reader.recorded(incoming.identity for incoming in all_incoming).items()
        }
        for incoming in all_incoming:
            batch.answers.append(batch.sort_in(incoming, known.get(incoming.identity)))
        self._store(batch, now)
        return self._corrected(batch, all_incoming)

    def _store(self, batch: _Batch, now: datetime) -> None:
        as_of = batch.as_of
        if batch.renewed:
            at = micros_or_none(batch.handed_in_at) or 0
            rows = [
                {"which": row, "new_kind": kind, "new_revision": order, "handed_in_at": at, "latest": batch.latest}
                for row, (kind, order) in batch.renewed.items()
            ]
            self._runner.many(self._statements.updates.renew_row, sorted(rows, key=lambda mapping: mapping["which"]))
        if not batch.fresh:
            return
        statement = self._statements.updates.record(as_of=as_of is not None)
        same = {"namespace": self._namespace, "recorded_at": micros(now)} | (
            {} if as_of is None else {"as_of": as_of, "latest": batch.latest}
        )
        rows = [_intake_values(batch.fresh[identity]) for identity in sorted(batch.fresh)]
        if self._runner.kind == "sqlite":
            written = self._runner.many(statement, [row | same for row in rows])
        else:
            packed = self._runner.pack("intakes", [tuple(row.values()) for row in rows])
            written = self._runner.run(statement, **packed, **same)
        self._list_people(batch.fresh.values())
        if written == len(rows):
            batch.fresh.clear()

    def _list_people(self, all_incoming: Iterable[Incoming]) -> None:
        """Note which numbers, and whose names, appointments just written are for.

        The numbers that they were for stay until they were worked on.

        Those that others wrote otherwise at the same time are left out.
        """
        written = {incoming.identity: incoming for incoming in all_incoming}
        listed = {
            row: written[identity].appointment
            for identity, (row, fingerprint, *_) in self._reader.recorded(written).items()
            if fingerprint == written[identity].fingerprint
        }
        rows = [
            (row, number, micros(appointment.start_at))
            for row, appointment in listed.items()
            for number in dict.fromkeys(name for one in appointment.recipients for name in one.addresses)
        ]
        if rows:
            packed = self._runner.pack("phones", rows)
            self._runner.run(self._statements.phones.add_phones, namespace=self._namespace, **packed)
        list_names(listed, self._runner, self._statements.looks, self._namespace)

    def _corrected(self, batch: _Batch, all_incoming: Sequence[Incoming]) -> list[RecordResult]:
        """Return the answers; where others wrote at the same time, look at what stands now."""
        if not batch.fresh:
            return batch.answers
        known = self._reader.recorded(batch.fresh)
        lost = {identity for identity, incoming in batch.fresh.items() if known[identity][1] != incoming.fingerprint}
        return [
            RecordResult.STALE
            if incoming.identity in lost and answer in (RecordResult.NEW, RecordResult.CHANGED)
            else answer
            for incoming, answer in zip(all_incoming, batch.answers, strict=True)
        ]

    def take_over(self, pairs: Sequence[tuple[Identity, Identity]], now: datetime) -> None:
        """Give appointments other identities: `Transaction.take_over` says what that means."""
        known = self._reader.recorded(identity for pair in pairs for identity in pair)
        rows: dict[int, tuple[Identity, Identity]] = {}
        for old, new in pairs:
            if old in known and not known[old][2] and new not in known:
                values = {"which": known[old][0], "new_id": new.id, "new_occurrence": new.recurrence_id}
                if self._runner.run(self._statements.renames.appointment, **values, now=micros(now)):
                    rows[known[old][0]] = old, new
                    self._take_over_history(old, new)
        self._rename_included(rows, self._rename_keys(rows))

    def _take_over_history(self, old: Identity, new: Identity) -> None:
        """Have what happened under the old identity be told of the new one."""
        names = {"source": old.source, "old_id": old.id, "old_occurrence": old.recurrence_id}
        values = {"new_id": new.id, "new_occurrence": new.recurrence_id, "namespace": self._namespace}
        self._runner.run(self._statements.renames.history, **names, **values)

    def _rename_keys(self, rows: Mapping[int, tuple[Identity, Identity]]) -> dict[str, str]:
        """Give the reminders, messages and history of rows the keys of their new identities; returns them by old."""
        same = {"namespace": self._namespace}
        renamed = [
            {"old_key": key, "new_key": new_key, "which": row, "id": new.id, **same}
            for row, (old, new) in rows.items()
            for key, *made_of in self._runner.rows(self._statements.queries.keys_of_row, which=row, **same)
            if made_of[0] and (new_key := renamed_key(self._namespace, old, new, str(key), *map(str, made_of))) != key
        ]
        for statement in self._statements.renames.keys if renamed else ():
            self._runner.many(statement, renamed)
        return {values["old_key"]: values["new_key"] for values in renamed}

    def _rename_included(self, rows: Collection[int], keys: Mapping[str, str]) -> None:
        """Give the reminders that messages to the numbers of rows include their new keys."""
        phones = self._reader.phones(list(rows)) if keys else {}
        numbers = dict.fromkeys(number for of_row in phones.values() for number, _ in of_row)
        changed = [
            {"id": message.id, "new_told": included_text(included), "namespace": self._namespace}
            for message in self._reader.combined(list(numbers))
            if (included := _renamed(message.includes, keys)) != message.includes
        ]
        if changed:
            self._runner.many(self._statements.renames.included, changed)

    def remove(self, identities: Sequence[Identity], now: datetime, seen: Mapping[Identity, Written]) -> list[Identity]:
        """Mark appointments as removed: `Transaction.remove` says what that means."""
        known = self._reader.recorded(identities)
        here = {identity: sequence[0] for identity, sequence in known.items() if not sequence[2]}
        by_name = [{"which": row} for identity, row in here.items() if identity not in seen]
        as_seen = [
            {"which": row, "seen": seen[identity].fingerprint, "seen_at": micros(seen[identity].recorded_at)}
            for identity, row in here.items()
            if identity in seen
        ]
        removed = 0
        for statement, rows in (
            (self._statements.updates.remove(as_seen=False), by_name),
            (self._statements.updates.remove(as_seen=True), as_seen),
        ):
            if rows:
                in_order = sorted(rows, key=lambda values: values["which"])
                removed += self._runner.many(statement, [values | {"now": micros(now)} for values in in_order])
        if removed == len(here):
            return list(here)
        after = self._reader.recorded(here)
        return [identity for identity in here if after[identity][2]]


def _renamed(included: tuple[Included, ...], keys: Mapping[str, str]) -> tuple[Included, ...]:
    return tuple(one._replace(key=keys.get(one.key, one.key)) for one in included)


def _once_each(all_incoming: Sequence[Incoming]) -> Iterator[list[Incoming]]:
    """Yield the appointments in order, in runs that hold each once: who comes again meets what was written before."""
    run: dict[Identity, Incoming] = {}
    for incoming in all_incoming:
        if incoming.identity in run:
            yield list(run.values())
            run = {}
        run[incoming.identity] = incoming
    if run:
        yield list(run.values())


def _intake_values(incoming: Incoming) -> dict[str, Any]:
    source, id_, recurrence_id = incoming.identity
    kind, order = incoming.order
    return {
        "source": source,
        "id": id_,
        "recurrence_id": recurrence_id,
        "snapshot": incoming.snapshot,
        "fingerprint": incoming.fingerprint,
        "revision_kind": kind,
        "revision": order,
        "starts_at": micros(incoming.appointment.start_at),
        "ends_at": micros(incoming.appointment.end_at),
    }
