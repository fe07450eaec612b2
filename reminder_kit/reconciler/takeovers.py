"""Takeovers: appointments of a calendar that come in under another id than they are recorded under.

Some feeds make fresh UIDs at each request, and programs do when they move house. An appointment whose id nobody knows
is a recorded one of the same source, number and start whose id did not come in, if both have the same title, or all
that is said of either is the same: it takes over what is recorded of that, its parked messages too, as an edit of it.

Where the ledger knows that a source deals all its ids anew at each request (`is_restless`), an absent id says nothing,
and a visit that moved can't be followed by it: there an appointment nobody knows is the recorded one of the same
numbers and title that is not there any more, the nearest by start.

An occurrence is known by the start that its series has for it. Where the series is edited as a whole (another day,
another hour), all its occurrences are others: one that somebody was told of, and that the series no longer has, is the
occurrence of the same numbers that it has now, and that nobody knows, between those before and after it: that of the
same day, else the nearest. One that the series says is taken out (EXDATE) is none of them.

Reads one snapshot of the ledger, and never writes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.instants import iso
from reminder_kit.model.messages import Message
from reminder_kit.model.records import AppointmentRecord, Identity, Incoming
from reminder_kit.model.revisions import OF_SERIES
from reminder_kit.planning.cancellation import has_told
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.renamed_keys import renamed_key
from reminder_kit.planning.same_words import says_the_same
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.restless import is_restless
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["NewNames", "takeovers"]

_Visit = tuple[str, datetime, frozenset[str]]
"""By what an appointment is known again: source, start (UTC), numbers."""


def takeovers(
    reader: Reader,
    settings: Settings,
    all_incoming: Mapping[Identity, Incoming],
    scopes: Iterable[Scope],
    now: datetime,
) -> dict[Identity, AppointmentRecord]:
    """Return, by the new identity, the records that are taken over, as they were; `scopes` are those of calendars.

    None are where the ledger was put back: what is recorded then is in doubt. `now` is the instant of the plan, UTC.
    """
    parts = {part.source or "": part for part in scopes if part.refusal is None}
    if not parts or reader.standing.restoration() is not None:
        return {}
    search = _Search(reader, settings, all_incoming, parts, now)
    candidates = [
        identity for identity, incoming in all_incoming.items() if identity.source in parts and not incoming.outdated
    ]
    for identities in batched(candidates):
        search.find_by_visit(identities)
    search.find_in_series()
    search.find_moved()
    return search.found


def _did_not_come_in(id_: str, part: Scope) -> bool:
    """Say whether it means anything of an appointment that it is not among what came in."""
    return id_ not in part.spare and (part.gone is None or id_ in part.gone)


def _is_covered(id_: str, part: Scope) -> bool:
    """Say whether all occurrences of an appointment id came in that it has."""
    return id_ in part.covers


@define
class _Search:
    """The takeovers of one plan, as far as they were found."""

    reader: Reader
    settings: Settings
    all_incoming: Mapping[Identity, Incoming]
    #: The scopes of calendars, by source.
    parts: Mapping[str, Scope]
    now: datetime
    found: dict[Identity, AppointmentRecord] = field(factory=dict)
    #: The rows that are taken over.
    _taken: set[int] = field(factory=set)
    #: The sources of which an id came in that is recorded.
    _steady: set[str] = field(factory=set)
    #: What is recorded without a number, by source.
    _numberless: dict[str, dict[_Visit, list[AppointmentRecord]]] = field(factory=dict)
    #: The ids that are recorded, by source, where that was asked for.
    _known_ids: dict[str, Collection[str]] = field(factory=dict)
    #: What nobody knows by its id, or by its visit.
    _left: dict[Identity, Appointment] = field(factory=dict)

    def find_by_visit(self, identities: Sequence[Identity]) -> None:
        """Find those that have the start and numbers of one that is recorded."""
        known = self.reader.recorded(identities)
        self._steady.update(identity.source for identity in known)
        unknown = {
            identity: self.all_incoming[identity].appointment for identity in identities if identity not in known
        }
        starts = [(one.phone, one_of.start_at) for one_of in unknown.values() for one in one_of.recipients]
        by_visit = _by_visit(self._recorded([(number, start, start) for number, start in starts]))
        for source in {identity.source for identity, one in unknown.items() if not one.recipients}:
            by_visit |= self._without_numbers(source)
        for identity, appointment in unknown.items():
            again = self._known_again(appointment, by_visit.get(_visit(appointment), ()))
            if again is None:
                self._left[identity] = appointment
            else:
                self._take(identity, again)

    def find_in_series(self) -> None:
        """Find those that somebody was told of at the start that they had before their series was edited."""
        by_series: dict[tuple[str, str], list[Identity]] = {}
        for identity, visit in self._left.items():
            if self._may_have_moved(identity, visit):
                by_series.setdefault(identity[:2], []).append(identity)
        for identities in by_series.values():
            identities.sort(key=self._start_of)
        for batch in batched(by_series):
            visits = [self._left[identity] for series in batch for identity in by_series[series]]
            numbers = dict.fromkeys(one.phone for visit in visits for one in visit.recipients)
            found = self.reader.sharing_number([(number, self.now, _FAR) for number in numbers])
            recorded = [one for one in found if one.stands and one.identity[:2] in by_series]
            starts: dict[tuple[str, str], set[datetime]] = {}
            for one in recorded:
                starts.setdefault(one.identity[:2], set()).add(one.start_at)
            in_order = {series: sorted(of_series) for series, of_series in starts.items()}
            absent = [one for one in recorded if one.identity not in self.all_incoming]
            told = self._told_together({one.number for one in absent})
            pairs = [
                (*_distance(appointment, self._left[identity]), record.row, identity, record)
                for record, appointment in self._read(sorted({one.row for one in absent}), _is_covered)
                if self._was_told(record, told) and not self._was_taken_out(record, appointment)
                for identity in self._between(by_series[record.identity[:2]], in_order[record.identity[:2]], record)
                if self._may_be(record, appointment, identity)
            ]
            for *_, row, identity, record in sorted(pairs, key=lambda pair: pair[:-1]):
                if row not in self._taken and identity not in self.found:
                    self._take(identity, record)

    def _between(
        self, identities: Sequence[Identity], starts: Sequence[datetime], record: AppointmentRecord
    ) -> Sequence[Identity]:
        """Return which of what came in, in order, is between the neighbours of a recorded occurrence, by `starts`.

        After the last one, what is nearer to the end of the horizon may have been there before, and has come nearer; so
        has what lay beyond it when that one was written, and no reading since is known to have reached.
        """
        at = bisect_left(starts, record.start_at)
        low = bisect_right(identities, starts[at - 1], key=self._start_of) if at else 0
        high = starts[at + 1] if at + 1 < len(starts) else self._known_until(record)
        return identities[low : bisect_left(identities, high, key=self._start_of)]

    def _known_until(self, record: AppointmentRecord) -> datetime:
        part = self.parts[record.identity.source]
        if part.horizon is None:
            return _FAR
        half = record.start_at + (part.horizon - record.start_at) / 2
        then = record.recorded_at + (part.horizon - self.now)
        return min(half, then if part.read_until is None else max(then, part.read_until))

    def _start_of(self, identity: Identity) -> datetime:
        return self._left[identity].start_at

    def _may_have_moved(self, identity: Identity, visit: Appointment) -> bool:
        """Say whether an occurrence that nobody knows may have been at another time: something of its id is known."""
        if not _is_covered(identity.id, self.parts[identity.source]):
            return False
        if identity.source not in self._known_ids:
            self._known_ids[identity.source] = self.reader.series_of(identity.source).keys()
        takes_place = visit.status is not Status.CANCELLED and visit.start_at > self.now
        return takes_place and bool(visit.recipients) and identity.id in self._known_ids[identity.source]

    def _told_together(self, numbers: Collection[str]) -> set[str]:
        """Return the keys of the reminders that were told in a message that speaks of several, to some numbers."""
        messages = self.reader.combined(list(numbers))
        alone = [(one.key, evolve(message, start_at=one.start_at)) for message in messages for one in message.includes]
        return {key for key, message in alone if has_told(message, self.settings, self.now)}

    def _was_told(self, record: AppointmentRecord, together: Collection[str]) -> bool:
        """Say whether somebody was told of a recorded occurrence, by its own message or `together` with others."""
        own = any(has_told(message, self.settings, self.now) for message in record.messages)
        told = own or any(outcome.key in together for outcome in record.outcomes)
        return told and self._is_absent(record)

    def _was_taken_out(self, record: AppointmentRecord, appointment: Appointment) -> bool:
        """Say whether what came in names a recorded occurrence as one that does not take place, by its id or day."""
        taken_out = self.parts[record.identity.source].taken_out.get(record.identity.id, ())
        day = appointment.starts_at.date().isoformat()
        original = record.identity.recurrence_id or (day if appointment.all_day else iso(record.start_at))
        return original in taken_out or day in taken_out

    def _may_be(self, record: AppointmentRecord, appointment: Appointment, identity: Identity) -> bool:
        """Say whether a recorded occurrence may be one of its series that came in: one for the same people.

        Of several appointments of one UID, or of what came without its series, nobody knows.
        """
        kinds = {record.revision[0], self.all_incoming[identity].order[0]}
        return OF_SERIES in kinds and kinds <= _OF_MASTERS and _numbers(self._left[identity]) == _numbers(appointment)

    def find_moved(self) -> None:
        """Find those that are at another time now, of sources that deal their ids anew."""
        restless = {name for name in self.parts if name not in self._steady and is_restless(self.reader, name)}
        left = {one: visit for one, visit in self._left.items() if one.source in restless and visit.recipients}
        for batch in batched(left):
            numbers = dict.fromkeys(one.phone for identity in batch for one in left[identity].recipients)
            by_person: dict[tuple[object, ...], list[AppointmentRecord]] = {}
            for record, appointment in self._recorded([(number, self.now, _FAR) for number in numbers]):
                if self._is_absent(record):
                    by_person.setdefault(_person(appointment), []).append(record)
            pairs = [
                (abs(record.start_at - left[identity].start_at), record.row, identity, record)
                for identity in batch
                if left[identity].start_at > self.now
                for record in by_person.get(_person(left[identity]), ())
            ]
            for _, row, identity, record in sorted(pairs, key=lambda pair: pair[:3]):
                if row not in self._taken and identity not in self.found:
                    self._take(identity, record)

    def _take(self, identity: Identity, record: AppointmentRecord) -> None:
        self.found[identity] = record
        self._taken.add(record.row)

    def _recorded(
        self, ranges: Sequence[tuple[str, datetime, datetime]]
    ) -> list[tuple[AppointmentRecord, Appointment]]:
        """Return what is recorded for numbers between two starts, and has not come in under its id."""
        found = self.reader.sharing_number(list(dict.fromkeys(ranges))) if ranges else []
        return self._read(sorted({one.row for one in found}))

    def _without_numbers(self, source: str) -> dict[_Visit, list[AppointmentRecord]]:
        """Return what is recorded of a source without anybody's number: it is known again too, lest it piles up."""
        if source not in self._numberless:
            absent = (
                row
                for row, identity in self.reader.sweep.of_source(source, self.now)
                if identity not in self.all_incoming
            )
            found: list[tuple[AppointmentRecord, Appointment]] = []
            for rows in batched(absent):
                numbered = self.reader.phones(rows)
                found += self._read([row for row in rows if row not in numbered])
            self._numberless[source] = _by_visit(found)
        return self._numberless[source]

    def _read(
        self, rows: Sequence[int], did_not_come_in: Callable[[str, Scope], bool] = _did_not_come_in
    ) -> list[tuple[AppointmentRecord, Appointment]]:
        """Return the records of rows that may be taken over, each with its appointment."""
        found = []
        for record in self.reader.records(rows=rows) if rows else ():
            part = self.parts.get(record.identity.source)
            free = not record.removed and record.row not in self._taken and record.identity not in self.all_incoming
            if part is not None and free and did_not_come_in(record.identity.id, part):
                appointment = _readable(record)
                found += [] if appointment is None else [(record, appointment)]
        return found

    def _known_again(self, appointment: Appointment, records: Iterable[AppointmentRecord]) -> AppointmentRecord | None:
        """Return that of the records of a visit which an appointment is: of its title, else of its words."""
        free = [record for record in records if record.row not in self._taken]
        same_title = (record for record in free if record.appointment.title == appointment.title)
        same_words = (record for record in free if says_the_same(record.appointment, appointment, self.settings))
        return next(same_title, None) or next(same_words, None)

    def _is_absent(self, record: AppointmentRecord) -> bool:
        """Say whether a record is of a visit to come that the calendar would hold if it took place as recorded."""
        part = self.parts[record.identity.source]
        inside = part.horizon is None or record.start_at < part.horizon
        newer = part.as_of is not None and part.as_of.is_newer(record.written)
        return self.now < record.start_at and inside and not newer


_FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Later than any start."""
_OF_MASTERS = {OF_SERIES, "ii"}
"""The kinds of revisions of what came with its master, or is one."""


def _by_visit(found: Iterable[tuple[AppointmentRecord, Appointment]]) -> dict[_Visit, list[AppointmentRecord]]:
    by_visit: dict[_Visit, list[AppointmentRecord]] = {}
    for record, appointment in found:
        by_visit.setdefault(_visit(appointment), []).append(record)
    return by_visit


def _readable(record: AppointmentRecord) -> Appointment | None:
    """Return a recorded appointment; None: it can't be read here."""
    try:
        return record.appointment
    except (ReminderKitError, ValueError):
        return None


def _visit(appointment: Appointment) -> _Visit:
    return appointment.source, appointment.start_at, _numbers(appointment)


def _numbers(appointment: Appointment) -> frozenset[str]:
    return frozenset(one.phone for one in appointment.recipients)


def _distance(before: Appointment, after: Appointment) -> tuple[bool, timedelta]:
    """Return how far an appointment moved: whether to another day, and by how much."""
    return before.starts_at.date() != after.starts_at.date(), abs(before.start_at - after.start_at)


def _person(appointment: Appointment) -> tuple[object, ...]:
    """Return by what an appointment at another time is known again."""
    source, _, numbers = _visit(appointment)
    return source, numbers, appointment.title


@frozen
class NewNames:
    """What the ledger calls otherwise than it will: the records that are taken over, and the keys of their reminders.

    Whatever is read of the ledger for a plan goes through these, so that it is as it will be.
    """

    #: Records as they will be, by the identity that takes them over.
    records: Mapping[Identity, AppointmentRecord] = field(factory=dict)
    #: Who that was.
    formerly: Mapping[Identity, Identity] = field(factory=dict)
    #: The key that a reminder will have, by the one it has; and the other way round.
    keys: Mapping[str, str] = field(factory=dict)
    old_keys: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, found: Mapping[Identity, AppointmentRecord], namespace: str) -> NewNames:
        """Return the names of takeovers that were found (`takeovers`)."""
        keys = {
            one.key: renamed_key(namespace, record.identity, identity, one.key, one.rule, one.recipient, one.to)
            for identity, record in found.items()
            for one in record.outcomes
            if one.rule
        }
        names = cls(
            formerly={identity: record.identity for identity, record in found.items()},
            keys=keys,
            old_keys={new: old for old, new in keys.items()},
        )
        return evolve(names, records={identity: names._under(identity, record) for identity, record in found.items()})

    @cached_property
    def now(self) -> dict[Identity, Identity]:
        """Who takes over, by who it was."""
        return {old: new for new, old in self.formerly.items()}

    def _under(self, identity: Identity, record: AppointmentRecord) -> AppointmentRecord:
        return evolve(
            record,
            identity=identity,
            revision=("", ""),
            outcomes=tuple(evolve(one, key=self.key(one.key)) for one in record.outcomes),
            messages=self.messages(record.messages),
        )

    def key(self, key: str) -> str:
        """Return the key that a reminder will have."""
        return self.keys.get(key, key)

    def old_key(self, key: str) -> str:
        """Return the key that a reminder has."""
        return self.old_keys.get(key, key)

    def messages(self, messages: Iterable[Message]) -> tuple[Message, ...]:
        """Return messages with the keys that their reminders will have, and those they include."""
        if not self.keys:
            return tuple(messages)
        return tuple(
            evolve(
                message,
                key=self.key(message.key),
                includes=tuple(one._replace(key=self.key(one.key)) for one in message.includes),
            )
            for message in messages
        )

    def record(self, record: AppointmentRecord) -> AppointmentRecord:
        """Return a record as it will be, where it is taken over."""
        new = self.now.get(record.identity) if self.formerly else None
        return record if new is None else self.records[new]

    def observed(self, observed: Observed) -> Observed:
        """Return an appointment whose messages include what they will include."""
        if not self.keys or not any(one.includes for messages in observed.messages.values() for one in messages):
            return observed
        return evolve(observed, messages={key: self.messages(ones) for key, ones in observed.messages.items()})
