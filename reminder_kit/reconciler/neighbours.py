"""Neighbours: what other appointments of the same numbers have to do with one: combined with it, or near it in time.

Reads one snapshot of the ledger, and never writes. What is about to be recorded or withdrawn counts before what is
recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.emails import email_address
from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import is_possible
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, Traffic
from reminder_kit.planning.combining import SAME_DAY
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.takeovers import NewNames

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Neighbours", "ranges_of"]

Range = tuple[str, datetime, datetime]
"""A number, and the first and the last start (UTC) of the appointments asked for."""


def ranges_of(phones: Iterable[tuple[str, datetime]]) -> list[Range]:
    """Return, for numbers and starts (UTC), the ranges in which other appointments of the same day lie."""
    distinct = dict.fromkeys((number, start_at) for number, start_at in phones if is_possible(number))
    return [(number, start_at - SAME_DAY, start_at + SAME_DAY) for number, start_at in distinct]


def _phones(appointment: Appointment | None) -> list[tuple[str, datetime]]:
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
    _by_phone: dict[str, list[Identity]] = field(factory=dict)

    def announce(self, identity: Identity, appointment: Appointment | None) -> None:
        """Note an appointment that is about to be recorded; None: withdrawn."""
        if self.settings.combines:
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
        traffic = self._traffic(numbers) if self.settings.traffic_reach else {}
        if not self.settings.combines:
            return [evolve(observed, traffic=traffic) for observed in self._with_earlier_combinations(all_observed)]
        combined = self._messages_that_include(numbers)
        same_day = self._same_day(all_observed)
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

    def _traffic(self, numbers: Sequence[str]) -> dict[str, list[Traffic]]:
        traffic = self.reader.traffic(numbers, self.now - self.settings.traffic_reach)
        if not self.names.keys:
            return traffic
        return {number: [one._replace(key=self.names.key(one.key)) for one in ones] for number, ones in traffic.items()}

    def _with_twins(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return appointments with what goes, or went, out to their numbers about their start, in others' name too."""
        twins = self.reader.twins(phone for observed in all_observed for phone in _phones(observed.appointment))
        if not twins:
            return list(all_observed)
        if self.names.keys:
            twins = {
                visit: [one._replace(key=self.names.key(one.key)) for one in ones] for visit, ones in twins.items()
            }
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
        """Return the numbers to which other records of the visit say the same, and were silent for that."""
        phones = dict(_phones(observed.appointment))
        records = self.sharing_number([(number, start_at, start_at) for number, start_at in phones.items()])
        others = [
            self._observed(identity, record, None)
            for identity, record in records.items()
            if identity != observed.identity
        ]
        return frozenset(
            number
            for other in others
            if other.appointment is not None and not other.appointment.is_off and _is_silent(other)
            for number, start_at in _phones(other.appointment)
            if phones.get(number) == start_at
        )

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
        for message in self.names.messages(self.reader.combined(numbers)):
            for included in message.includes:
                by_key.setdefault(included.key, []).append(message)
        return by_key

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

    def _same_day(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return every appointment that shares a number with one of these around the same time."""
        phones = [phone for observed in all_observed for phone in _phones(observed.appointment)]
        records = self.sharing_number(ranges_of(phones))
        sent = self.reader.sent_before_many(list(dict.fromkeys((record.source, record.id) for record in records)))
        found = [
            self.names.observed(self._observed(identity, record, sent.get(identity[:2])))
            for identity, record in records.items()
        ]
        self.barred.learn(found)
        return found

    def _observed(self, identity: Identity, record: AppointmentRecord | None, sent: Any) -> Observed:
        if identity in self.announced or record is None:
            return Observed.of(identity, self.announced.get(identity), record, self.barred.by_number, sent)
        return Observed.recorded(record, self.barred.by_number, sent)

    def sharing_number(self, ranges: Sequence[Range]) -> dict[Identity, AppointmentRecord | None]:
        """Return the appointments that are, or were, for a number between two starts; None: not recorded yet."""
        rows = self.reader.sharing_number(ranges)
        recorded: dict[Identity, AppointmentRecord | None] = {
            record.identity: record for record in map(self.names.record, self.reader.records(rows=rows) if rows else ())
        }
        missing = {
            identity
            for number in dict.fromkeys(number for number, *_ in ranges)
            for identity in self._by_phone.get(number, ())
            if identity not in recorded
        }
        coming = sorted(identity for identity in missing if self._lies_in(identity, ranges))
        before = {record.identity: record for record in self.reader.records(identities=coming)} if coming else {}
        return recorded | {identity: before.get(identity) for identity in coming}

    def _lies_in(self, identity: Identity, ranges: Sequence[Range]) -> bool:
        """Say whether an announced appointment lies in one of the ranges."""
        phones = dict(_phones(self.announced.get(identity)))
        return any(number in phones and low <= phones[number] <= high for number, low, high in ranges)

    def affected_by(
        self, rows: Sequence[int], appointments: Iterable[Appointment | None]
    ) -> dict[Identity, AppointmentRecord | None]:
        """Return the appointments that share a number with what changed: with what it is now, or was before.

        `rows` are the changed appointments as they are recorded, `appointments` as they are now (None: withdrawn).
        """
        phones = [phone for of_row in self.reader.phones(rows).values() for phone in of_row]
        phones += [phone for appointment in appointments for phone in _phones(appointment)]
        return self.sharing_number(ranges_of(phones)) if phones else {}


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
