"""Neighbours: the other appointments of a phone, and what is written to it, for whom that decides.

Reads the ledger, writes nothing; what is about to be recorded or withdrawn stands above what is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.lifecycle import SENT
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import is_possible
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, Suppression
from reminder_kit.planning.combining import SAME_DAY
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Neighbours", "ranges_of"]

Range = tuple[str, datetime, datetime]


def ranges_of(phones: Iterable[tuple[str, datetime]]) -> list[Range]:
    """Return, for numbers and starts, where other appointments of the same day may lie."""
    each_once = dict.fromkeys((number, start_at) for number, start_at in phones if is_possible(number))
    return [(number, start_at - SAME_DAY, start_at + SAME_DAY) for number, start_at in each_once]


def _phones(appointment: Appointment | None) -> list[tuple[str, datetime]]:
    if appointment is None:
        return []
    start_at = appointment.start_at
    numbers = dict.fromkeys(recipient.phone for recipient in appointment.recipients)
    return [(number, start_at) for number in numbers if is_possible(number)]


@define
class Neighbours:
    """Who and what else there is.

    `coming` are appointments about to be recorded, or (None) withdrawn.
    """

    reader: Reader
    settings: Settings
    now: datetime
    suppressed: Mapping[str, Suppression]
    announced: dict[Identity, Appointment | None] = field(factory=dict)
    _by_phone: dict[str, list[Identity]] = field(factory=dict)

    def announce(self, identity: Identity, appointment: Appointment | None) -> None:
        """Note what is about to be recorded, or withdrawn."""
        if self.settings.combines:
            self.announced[identity] = appointment
            for number, _ in _phones(appointment):
                self._by_phone.setdefault(number, []).append(identity)

    def with_context(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return the cases with all that other appointments of their phones have to do with them."""
        if not self.settings.needs_neighbours:
            return self._with_earlier_combinations(all_observed)
        numbers = list(
            dict.fromkeys(number for observed in all_observed for number, _ in _phones(observed.appointment))
        )
        if not numbers:
            return list(all_observed)
        written = (
            self.reader.traffic(numbers, self.now - self.settings.spacing_reach) if self.settings.spacing_reach else {}
        )
        if not self.settings.combines:
            return [evolve(observed, traffic=written) for observed in self._with_earlier_combinations(all_observed)]
        combined = self._messages_that_include(numbers)
        others = self._same_day(all_observed)
        found = [
            evolve(message, traffic=written, included_in=combined)
            for message in self._with_prior_messages(all_observed, combined)
        ]
        company = [
            evolve(message, traffic=written, included_in=combined)
            for message in self._with_prior_messages(others, combined)
        ]
        by_phone: dict[str, list[Observed]] = {}
        for neighbour in company:
            for number, _ in _phones(neighbour.appointment):
                by_phone.setdefault(number, []).append(neighbour)
        return [evolve(observed, neighbours=_neighbours_of(observed, by_phone)) for observed in found]

    def _with_earlier_combinations(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return the cases with what tells them as well, since rules told them together once and do no more."""
        asked = [observed for observed in all_observed if _was_combined(observed)]
        numbers = list(dict.fromkeys(number for observed in asked for number, _ in _phones(observed.appointment)))
        if not numbers:
            return list(all_observed)
        combined = self._messages_that_include(numbers)
        return [evolve(message, included_in=combined) for message in self._with_prior_messages(all_observed, combined)]

    def _messages_that_include(self, numbers: Sequence[str]) -> dict[str, list[Message]]:
        found: dict[str, list[Message]] = {}
        for message in self.reader.combined(numbers):
            for included in message.includes:
                found.setdefault(included.key, []).append(message)
        return found

    def _with_prior_messages(
        self, all_observed: Sequence[Observed], combined: Mapping[str, Sequence[Message]]
    ) -> list[Observed]:
        """Return the cases with what was told, in others' messages, of another occurrence of theirs."""
        along = [(key, message) for key, found in combined.items() for message in found if message.state in SENT]
        owners = self.reader.reminder_owners(list(dict.fromkeys(key for key, _ in along))) if along else {}
        sent: dict[tuple[str, str], dict[tuple[str, str], list[PriorMessage]]] = {}
        for key, message in along:
            if key in owners:
                identity, rule, recipient = owners[key]
                start_at = next(included.start_at for included in message.includes if included.key == key)
                by_whom = sent.setdefault((identity.source, identity.id), {})
                by_whom.setdefault((rule, recipient), []).append(PriorMessage(key, start_at, message.send_at))
        return (
            [_with(observed, sent.get(observed.identity[:2])) for observed in all_observed]
            if sent
            else list(all_observed)
        )

    def _same_day(self, all_observed: Sequence[Observed]) -> list[Observed]:
        """Return every appointment that shares a phone with one of the cases around the same time."""
        phones = [phone for observed in all_observed for phone in _phones(observed.appointment)]
        records = self.sharing_number(ranges_of(phones))
        sent = self.reader.sent_before_many(list(dict.fromkeys((record.source, record.id) for record in records)))
        return [self._observed(identity, record, sent.get(identity[:2])) for identity, record in records.items()]

    def _observed(self, identity: Identity, record: AppointmentRecord | None, sent: Any) -> Observed:
        if identity in self.announced or record is None:
            return Observed.of(identity, self.announced.get(identity), record, self.suppressed, sent)
        return Observed.recorded(record, self.suppressed, sent)

    def sharing_number(self, ranges: Sequence[Range]) -> dict[Identity, AppointmentRecord | None]:
        """Return the appointments, recorded or about to be, that are (or were) for a number between two instants."""
        rows = self.reader.sharing_number(ranges)
        found: dict[Identity, AppointmentRecord | None] = {
            record.identity: record for record in (self.reader.records(rows=rows) if rows else ())
        }
        missing = {
            identity
            for number in dict.fromkeys(number for number, *_ in ranges)
            for identity in self._by_phone.get(number, ())
            if identity not in found
        }
        coming = sorted(identity for identity in missing if self._lies_in(identity, ranges))
        known = {record.identity: record for record in self.reader.records(identities=coming)} if coming else {}
        return found | {identity: known.get(identity) for identity in coming}

    def _lies_in(self, identity: Identity, ranges: Sequence[Range]) -> bool:
        phones = dict(_phones(self.announced.get(identity)))
        return any(number in phones and low <= phones[number] <= high for number, low, high in ranges)

    def affected_by(
        self, rows: Sequence[int], appointments: Iterable[Appointment | None]
    ) -> dict[Identity, AppointmentRecord | None]:
        """Return whom it concerns that appointments changed: who shares a phone with what they are, or were."""
        phones = [match for found in self.reader.phones(rows).values() for match in found]
        phones += [phone for appointment in appointments for phone in _phones(appointment)]
        return self.sharing_number(ranges_of(phones)) if phones else {}


def _with(observed: Observed, sent: Mapping[tuple[str, str], Sequence[PriorMessage]] | None) -> Observed:
    if not sent:
        return observed
    before = {request: (*observed.sent_before.get(request, ()), *found) for request, found in sent.items()}
    return evolve(observed, sent_before={**observed.sent_before, **before})


def _was_combined(observed: Observed) -> bool:
    along = (Reason.SUPERSEDED, Reason.ALREADY_SENT)
    return any(outcome.reason in along and key not in observed.messages for key, outcome in observed.outcomes.items())


def _neighbours_of(observed: Observed, by_phone: Mapping[str, Sequence[Observed]]) -> tuple[Observed, ...]:
    found: dict[Identity, Observed] = {}
    for number, start_at in _phones(observed.appointment):
        for other in by_phone.get(number, ()):
            other_start = other.appointment.start_at if other.appointment else None
            if (
                other_start is not None
                and other.identity != observed.identity
                and abs(other_start - start_at) <= SAME_DAY
            ):
                found[other.identity] = other
    return tuple(found[identity] for identity in sorted(found))
