"""Neighbours: what other appointments of the same numbers have to do with one: combined with it, or near it in time.

Reads one snapshot of the ledger, and never writes. What is about to be recorded or withdrawn counts before what is
recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.emails import email_address
from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import is_possible
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, Traffic, Twin
from reminder_kit.planning.busy_days import BusyDays, Calendar, Visit
from reminder_kit.planning.combining import SAME_DAY
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.same_words import says_the_same
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.recall import Recall
from reminder_kit.reconciler.sharing import Nearby, Sharers
from reminder_kit.reconciler.takeovers import NewNames

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader, SentByWhom

__all__ = ["Neighbours"]

K = TypeVar("K")
KeyedT = TypeVar("KeyedT", Traffic, Twin)


def _phones(appointment: Appointment | None) -> list[Visit]:
    """Return the numbers and e-mail addresses an appointment is for, each once, with its start (UTC); None has none."""
    if appointment is None:
        return []
    start_at = appointment.start_at
    names = dict.fromkeys(name for one in appointment.recipients for name in one.addresses)
    return [(name, start_at) for name in names if is_possible(name) or email_address(name) == name]


@define
class Neighbours:
    """Answers what other appointments have to do with some, from one snapshot."""

    #: The snapshot of the ledger.
    reader: Reader
    #: What decides besides the data: whether anything is combined or kept apart at all.
    settings: Settings
    #: The instant of the plan, UTC.
    now: datetime
    #: The numbers that must not be written to, as far as they were asked for.
    barred: Barred
    #: Appointments about to be recorded; None: about to be withdrawn.
    announced: dict[Identity, Appointment | None] = field(factory=dict)
    #: What the ledger calls otherwise than it will.
    names: NewNames = field(factory=NewNames)
    _by_phone: dict[str, list[Identity]] = field(factory=dict, repr=False)
    #: How many of those about to be recorded a number has on a day.
    _announced_days: BusyDays = field(init=False)
    _sharers: Sharers = field(init=False)
    _records: Recall[int, AppointmentRecord] = field(factory=Recall, init=False)
    _by_identity: Recall[Identity, AppointmentRecord] = field(factory=Recall, init=False)
    _sent: Recall[tuple[str, str], SentByWhom] = field(factory=Recall, init=False)
    _combined: Recall[str, list[Message]] = field(factory=Recall, init=False)
    _twins: Recall[Visit, list[Twin]] = field(factory=Recall, init=False)
    _traffic: Recall[str, list[Traffic]] = field(factory=Recall, init=False)

    @_announced_days.default
    def _of_nobody(self) -> BusyDays:
        return BusyDays(Calendar(self.settings.day_zone))

    @_sharers.default
    def _by_new_names(self) -> Sharers:
        return Sharers(self.reader, self.settings, self.names.now)

    def rename(self, names: NewNames) -> None:
        """Have what is read from now on be called as it will be."""
        self.names = names
        self._sharers = self._by_new_names()

    def _renamed(self, found: dict[K, list[KeyedT]]) -> dict[K, list[KeyedT]]:
        """Return what was found with the keys that reminders will have."""
        if not self.names.keys:
            return found
        return {about: [one._replace(key=self.names.key(one.key)) for one in ones] for about, ones in found.items()}

    def _found_twins(self, visits: Collection[Visit]) -> dict[Visit, list[Twin]]:
        return self._renamed(self.reader.twins(visits))

    def _found_traffic(self, numbers: Sequence[str]) -> dict[str, list[Traffic]]:
        return self._renamed(self.reader.traffic(numbers, self.now - self.settings.traffic_reach))

    def _read(self, rows: Collection[int]) -> dict[int, AppointmentRecord]:
        return {record.row: self.names.record(record) for record in self.reader.records(rows=rows)}

    def _recorded(self, identities: Collection[Identity]) -> dict[Identity, AppointmentRecord]:
        found = {record.identity: record for record in self.reader.records(identities=identities)}
        self._records.tell({record.row: record for record in found.values()})
        return found

    def recorded(self, identities: Iterable[Identity]) -> dict[Identity, AppointmentRecord]:
        """Return what is recorded of some appointments."""
        return self._by_identity(identities, self._recorded)

    def sent_before(self, identities: Iterable[Identity]) -> dict[tuple[str, str], SentByWhom]:
        """Return, by (source, id), what went out for any occurrence of some appointments."""
        return self._sent((identity[:2] for identity in identities), self.reader.sent_before_many)

    def know(self, records: Iterable[AppointmentRecord]) -> None:
        """Take some records for read, since they are claimed: nobody else has written them since."""
        listed = list(records)
        self._records.tell({record.row: record for record in listed})
        self._by_identity.tell({record.identity: record for record in listed})

    def announce(self, identity: Identity, appointment: Appointment | None) -> None:
        """Note an appointment that is about to be recorded; None: withdrawn."""
        if self.settings.combines:
            self._announced_days.count(_phones(appointment), instead_of=_phones(self.announced.get(identity)))
            self.announced[identity] = appointment
            for number, _ in _phones(appointment):
                self._by_phone.setdefault(number, []).append(identity)

    def with_context(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return appointments with all that others of their numbers have to do with them, in the same order.

        Filled in are `neighbours`, `included_in`, `sent_before` and `traffic`, as far as the settings ask for them; and
        who bars the numbers of all of them is known then.
        """
        self.barred.learn(all_observed)
        all_observed = [self.names.observed(observed) for observed in all_observed]
        all_observed = self._with_others_that_stand(self._with_twins(all_observed))
        if not self.settings.needs_neighbours:
            return self._with_earlier_combinations(all_observed)
        numbers = list(
            dict.fromkeys(number for observed in all_observed for number, _ in _phones(observed.appointment))
        )
        if not numbers:
            return list(all_observed)
        traffic = self._traffic(numbers, self._found_traffic) if self.settings.traffic_reach else {}
        if not self.settings.combines:
            return [evolve(observed, traffic=traffic) for observed in self._with_earlier_combinations(all_observed)]
        combined = self._messages_that_include(numbers)
        all_observed, same_day = self._same_day(all_observed)
        asked, others = (
            [
                evolve(observed, traffic=traffic, included_in=combined)
                for observed in self._with_prior_messages(several, combined)
            ]
            for several in (all_observed, same_day)
        )
        by_phone: dict[str, list[Observed]] = {}
        for other in others:
            for number, _ in _phones(other.appointment):
                by_phone.setdefault(number, []).append(other)
        return [evolve(observed, neighbours=_neighbours_of(observed, by_phone)) for observed in asked]

    def _with_twins(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return appointments with what goes, or went, out to their numbers about their start, in others' name too."""
        phones = (phone for observed in all_observed for phone in _phones(observed.appointment))
        twins = self._twins(phones, self._found_twins)
        if not twins:
            return list(all_observed)
        return [
            evolve(observed, twins={phone: twins[phone] for phone in _phones(observed.appointment) if phone in twins})
            for observed in all_observed
        ]

    def _with_others_that_stand(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return appointments, those of which a cancellation may be told with whom another record still expects."""
        if not self.settings.cancellation.text:
            return list(all_observed)
        return [
            evolve(observed, still_expected=self._expected_elsewhere(observed)) if _is_told_off(observed) else observed
            for observed in all_observed
        ]

    def _expected_elsewhere(self, observed: Observed) -> frozenset[str]:
        """Return the numbers to which other records of the visit say the same, or were silent for that."""
        phones = dict(_phones(observed.appointment))
        records = self._of_visit(phones.items())
        others = [
            self._observed(identity, record, None)
            for identity, record in records.items()
            if identity != observed.identity
        ]
        return frozenset(
            number
            for other in others
            if other.appointment is not None and not other.appointment.is_off
            if _is_silent(other) or self._says_the_same(observed.appointment, other.appointment)
            for number, start_at in _phones(other.appointment)
            if phones.get(number) == start_at
        )

    def _says_the_same(self, gone: Appointment | None, other: Appointment) -> bool:
        """Say whether a cancelled appointment, if it stood, would be told just as another one that does."""
        return gone is not None and says_the_same(evolve(gone, status=other.status), other, self.settings)

    def _with_earlier_combinations(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return appointments with the messages that include them, where no rule combines any but one did once."""
        once_combined = [observed for observed in all_observed if _was_combined(observed)]
        numbers = list(
            dict.fromkeys(number for observed in once_combined for number, _ in _phones(observed.appointment))
        )
        if not numbers:
            return list(all_observed)
        combined = self._messages_that_include(numbers)
        with_prior = self._with_prior_messages(all_observed, combined)
        return [evolve(observed, included_in=combined) for observed in with_prior]

    def _messages_that_include(self, numbers: Sequence[str]) -> dict[str, list[Message]]:
        """Return the messages for these numbers that speak of several reminders, by the key of each they include."""
        by_key: dict[str, list[Message]] = {}
        found = [
            message for messages in self._combined(numbers, self._speaking_of_several).values() for message in messages
        ]
        for message in sorted(found, key=lambda message: message.created_at):
            for included in message.includes:
                by_key.setdefault(included.key, []).append(message)
        return by_key

    def _speaking_of_several(self, numbers: Sequence[str]) -> dict[str, list[Message]]:
        by_number: dict[str, list[Message]] = {}
        for message in self.names.messages(self.reader.combined(numbers)):
            by_number.setdefault(message.draft.to, []).append(message)
        return by_number

    def _with_prior_messages(
        self, all_observed: Sequence[Observed], combined: Mapping[str, Sequence[Message]]
    ) -> list[Observed]:
        """Return appointments with what went out, in others' messages, for another occurrence of the same id."""
        pairs = [(key, message) for key, messages in combined.items() for message in messages if message.state in SENT]
        owners = self._owners(list(dict.fromkeys(key for key, _ in pairs))) if pairs else {}
        sent: dict[tuple[str, str], dict[tuple[str, str], list[PriorMessage]]] = {}
        for key, message in pairs:
            if key in owners:
                identity, rule, recipient = owners[key]
                start_at = next(included.start_at for included in message.includes if included.key == key)
                by_rule = sent.setdefault((identity.source, identity.id), {})
                by_rule.setdefault((rule, recipient), []).append(PriorMessage(key, start_at, message.send_at))
        return (
            [_with_sent(observed, sent.get(observed.identity[:2])) for observed in all_observed]
            if sent
            else list(all_observed)
        )

    def _owners(self, keys: Sequence[str]) -> dict[str, tuple[Identity, str, str]]:
        owners = self.reader.reminder_owners([self.names.old_key(key) for key in keys])
        now = self.names.now
        return {
            self.names.key(key): (now.get(identity, identity), rule, recipient)
            for key, (identity, rule, recipient) in owners.items()
        }

    def _same_day(self, all_observed: Sequence[Observed]) -> tuple[list[Observed], list[Observed]]:
        """Return appointments, those with a busy day marked, and every other that shares a number and day with one."""
        phones = [phone for observed in all_observed for phone in _phones(observed.appointment)]
        around = self._sharers.around(phones)
        as_asked = {one.identity: one for one in all_observed if one.identity not in self.announced}
        busy = self._announced_days.having(around.standing(self.announced.keys() | as_asked.keys()))
        busy.count(phone for one in as_asked.values() for phone in _phones(one.appointment))
        near = Nearby(phone for phone in phones if phone not in busy)
        quiet = (one for day, found in around.days.items() if not busy.is_busy(day) for one in found)
        standing = {one.row for one in quiet if one.stands and one.identity not in self.announced and one.visit in near}
        recorded = {record.identity: record for record in self._records(sorted(standing), self._read).values()}
        records = recorded | self._coming(dict(phones), lambda visit: visit not in busy and visit in near)
        sent = self.sent_before(records)
        found = [
            self.names.observed(self._observed(identity, record, sent.get(identity[:2])))
            for identity, record in records.items()
        ]
        self.barred.learn(found)
        return [_with_busy_days(observed, busy) for observed in all_observed], found

    def _observed(self, identity: Identity, record: AppointmentRecord | None, sent: Any) -> Observed:
        if identity in self.announced or record is None:
            return Observed.of(identity, self.announced.get(identity), record, self.barred.by_number, sent)
        return Observed.recorded(record, self.barred.by_number, sent)

    def _coming(
        self, numbers: Iterable[str], is_wanted: Callable[[Visit], bool]
    ) -> dict[Identity, AppointmentRecord | None]:
        """Return what is about to be recorded for some numbers, as it is recorded (None: not yet), where it is wanted.

        `is_wanted` is asked for the visits it will be.
        """
        identities = {
            identity
            for number in numbers
            for identity in self._by_phone.get(number, ())
            if any(phone[0] == number and is_wanted(phone) for phone in _phones(self.announced.get(identity)))
        }
        listed = sorted(identities)
        before = {**self.recorded(listed), **self.names.records}
        return {identity: before.get(identity) for identity in listed}

    def _of_visit(self, visits: Collection[Visit]) -> dict[Identity, AppointmentRecord | None]:
        """Return the appointments that are, or were, for a number at a start; None: not recorded yet."""
        rows = sorted({one.row for found in self._sharers.of(visits).values() for one in found})
        recorded = {record.identity: record for record in self._records(rows, self._read).values()}
        return recorded | self._coming(dict(visits), lambda visit: visit in visits)

    def affected_by(
        self, rows: Collection[int], appointments: Iterable[Appointment | None]
    ) -> dict[Identity, AppointmentRecord | None]:
        """Return the appointments that share a number with what changed: with what it is now, or was before.

        `rows` are the changed appointments as they are recorded, `appointments` as they are now (None: withdrawn). Of
        what comes in as it was, that of days which are busy, and were before, has to do with nobody.
        """
        phones = [phone for of_row in self.reader.phones(list(rows)).values() for phone in of_row]
        phones += [phone for appointment in appointments for phone in _phones(appointment)]
        around = self._sharers.around(phones)
        changed = around.identities(rows) | self.announced.keys()
        busy = self._announced_days.having(around.standing(self.announced.keys()))
        found = around.affected(phones, busy, changed).by(phones)
        affected = {one.row for one in found if one.identity not in changed}
        recorded = {record.identity: record for record in self._records(sorted(affected), self._read).values()}
        as_before = around.settled(around.identities(rows))

        def is_open(visit: Visit) -> bool:
            return visit not in busy or visit not in as_before

        near = Nearby(filter(is_open, phones))
        coming = self._coming(dict(phones), lambda visit: is_open(visit) and visit in near)
        return recorded | coming


def _is_silent(observed: Observed) -> bool:
    """Say whether another record of the visit says what a reminder of this one would."""
    return any(record.reason in SAID_BY_OTHERS for record in observed.outcomes.values())


def _is_told_off(observed: Observed) -> bool:
    return observed.appointment is not None and observed.appointment.status is Status.CANCELLED


def _with_sent(observed: Observed, sent: Mapping[tuple[str, str], Sequence[PriorMessage]] | None) -> Observed:
    if not sent:
        return observed
    sent_before = {
        rule_and_recipient: (*observed.sent_before.get(rule_and_recipient, ()), *prior_messages)
        for rule_and_recipient, prior_messages in sent.items()
    }
    return evolve(observed, sent_before={**observed.sent_before, **sent_before})


def _with_busy_days(observed: Observed, busy: BusyDays) -> Observed:
    """Return an appointment with its numbers that have too many of its day to be told of together."""
    numbers = frozenset(phone[0] for phone in _phones(observed.appointment) if phone in busy)
    return evolve(observed, busy=numbers) if numbers else observed


def _was_combined(observed: Observed) -> bool:
    """Say whether a reminder may have been included in another one's message: it is over without one of its own."""
    over = (Reason.SUPERSEDED, Reason.ALREADY_SENT)
    return any(record.reason in over and key not in observed.messages for key, record in observed.outcomes.items())


def _neighbours_of(observed: Observed, by_phone: Mapping[str, Sequence[Observed]]) -> tuple[Observed, ...]:
    """Return the other appointments of the same numbers around the same day, in the order of their identities."""
    neighbours: dict[Identity, Observed] = {}
    for number, start_at in _phones(observed.appointment):
        for other in by_phone.get(number, ()):
            other_start = other.appointment.start_at if other.appointment else None
            if (
                other_start is not None
                and other.identity != observed.identity
                and abs(other_start - start_at) <= SAME_DAY
            ):
                neighbours[other.identity] = other
    return tuple(neighbours[identity] for identity in sorted(neighbours))
