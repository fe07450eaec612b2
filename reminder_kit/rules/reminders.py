"""Rules at work: appointment × rule × recipient → reminders, with their ideal instants and keys.

Pure: no clock, no I/O. Nothing vanishes: whatever is not to be sent comes back with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from attrs import frozen

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.appointments import Appointment, Recipient, Status
from reminder_kit.model.instants import iso, named_zone, utc, whole_seconds, zone
from reminder_kit.model.phones import is_possible
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.offsets import Offset, OffsetKind, apply_offset, dst_note, in_words
from reminder_kit.rules.rule import KEYS, Rule

__all__ = [
    "KEYS",
    "Condition",
    "Defaults",
    "LatePolicy",
    "Reminder",
    "Rule",
    "due_time",
    "reminder_key",
    "reminders_of",
]


@frozen
class Reminder:
    """One appointment × rule × recipient.

    `key` identifies it whatever its time. `due_at` is the ideal instant (UTC, whole
    seconds), None only where the calendar ends before it. `anchor_at` is the start or
    end it is counted from. `zone` is the recipient's, for text and quiet hours, and
    `zone_source` says where it comes from; `local_zone` is the one local rules are
    counted in, from `local_source`. `refusal` is why it will not be sent, whatever the time.
    `instead` says of a fallback which message it stands in for; "" for every other reminder.
    """

    key: str
    appointment: Appointment
    rule: Rule
    recipient: Recipient | None
    due_at: datetime | None
    anchor_at: datetime
    zone: str
    zone_source: str
    locale: str
    refusal: Reason | None = None
    local_zone: str = "UTC"
    detail: str = ""
    local_source: str = ""
    instead: str = ""

    @property
    def trail(self) -> tuple[str, ...]:
        """The arithmetic behind `due_at`, step by step, in words."""
        rule, local = self.rule, zone(self.local_zone)
        clock = self.anchor_at.astimezone(local)
        where = f"{self.local_zone} (from {self.local_source})" if self.local_source else self.local_zone
        steps = [f"{rule.anchor} {iso(self.anchor_at)}, which is {clock:%a %Y-%m-%d %H:%M} in {where}"]
        side = "after" if rule.is_follow_up else "before"
        steps.append(
            rule.offset.describe() + ("" if rule.offset.kind is OffsetKind.ABSOLUTE else f" {side} the {rule.anchor}")
        )
        if self.due_at is not None:
            due = self.due_at.astimezone(local)
            steps.append(f"due {iso(self.due_at)}, which is {due:%a %Y-%m-%d %H:%M} in {self.local_zone}")
            steps.extend(_oddities(self.anchor_at, self.due_at, rule.offset, self.local_zone))
        steps.extend([self.instead] if self.instead else [])
        steps.append(f"text and quiet hours in {self.zone} (from {self.zone_source})")
        if self.refusal is not None:
            steps.append(f"not sent: {self.refusal}" + (f" ({self.detail})" if self.detail else ""))
        return tuple(steps)


def _oddities(anchor_at: datetime, due_at: datetime, offset: Offset, name: str) -> list[str]:
    """Return what a change of the clocks did to an offset, in words."""
    local = zone(name)
    change = (due_at.astimezone(local).utcoffset() or timedelta()) - (
        anchor_at.astimezone(local).utcoffset() or timedelta()
    )
    if offset.kind is OffsetKind.ABSOLUTE:
        return []
    said = [f"the clocks in {name} change by {in_words(abs(change))} in between"] if change else []
    if offset.kind is not OffsetKind.EXACT and not offset.elapsed:
        wall = due_at.astimezone(local).replace(tzinfo=None)
        at = offset.at or anchor_at.astimezone(local).time()
        meant = wall.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
        odd = dst_note(meant, local)
        said += [odd] if odd else []
    return said


class _Place(NamedTuple):
    zone: str
    source: str


def _place_of(appointment: Appointment, defaults: Defaults) -> _Place:
    """Return the zone that local rules are counted in, and where it comes from."""
    if appointment.timezone:
        return _Place(appointment.timezone, "appointment.timezone")
    name = named_zone(appointment.starts_at.tzinfo)
    if name and _exists(name):
        return _Place(name, "starts_at")
    if defaults.timezone:
        return _Place(defaults.timezone, "defaults.timezone")
    return _Place("UTC", "nowhere: UTC")


@lru_cache(maxsize=1024)
def _exists(name: str) -> bool:
    try:
        zone(name)
    except InvalidInputError:
        return False
    return True


def due_time(rule: Rule, anchor_at: datetime, zone_name: str, is_open: Callable[[date], bool]) -> datetime | None:
    """Return the instant a rule means, UTC in whole seconds; None where the calendar ends before it."""
    try:
        moment = apply_offset(anchor_at, zone(zone_name), rule.offset, back=not rule.is_follow_up, is_open=is_open)
    except OverflowError:
        return None
    return whole_seconds(moment) if moment.microsecond else moment


def reminders_of(appointment: Appointment, rules: Sequence[Rule], defaults: Defaults) -> list[Reminder]:
    """Return one reminder for each rule and recipient of an appointment, by rule, then by recipient.

    The appointment is already normalised. One without recipients yields one reminder a
    rule, refused with `no_recipient`. Refusals are named in this order: `cancelled`
    (appointment cancelled or not shown up; completed: `condition`, except for follow-ups),
    `no_recipient`, `condition`, `invalid_number`, `duplicate_number`, `opted_out`.
    Raises `ConfigurationError` where a rule's own function fails.
    """
    start_at, end_at = appointment.start_at, appointment.end_at
    place = _place_of(appointment, defaults)
    people = _people(appointment, place, defaults)
    wanted = []
    for rule in rules:
        anchor_at = start_at if rule.anchor == "start" else end_at
        due_at = due_time(rule, anchor_at, place.zone, defaults.is_open)
        off = _off(appointment, rule)
        for person in people:
            refusal, detail = (off, "") if off else _refusal(appointment, rule, person, start_at)
            key = reminder_key(
                defaults.namespace, appointment.source, appointment.id, appointment.recurrence_id, rule.id, person.key
            )
            wanted.append(
                Reminder(
                    key, appointment, rule, person.recipient, due_at, anchor_at, person.zone, person.source,
                    person.locale, refusal, place.zone, detail, place.source,
                )
            )  # fmt: skip
    return wanted


class _Person(NamedTuple):
    recipient: Recipient | None
    key: str
    zone: str
    source: str
    locale: str
    refusal: Reason | None


def _people(appointment: Appointment, place: _Place, defaults: Defaults) -> list[_Person]:
    """Return the recipients with what holds for all rules; where two share a key, later ones get a number."""
    if not appointment.recipients:
        return [_Person(None, "", place.zone, place.source, defaults.locale, Reason.NO_RECIPIENT)]
    people: list[_Person] = []
    keys: set[str] = set()
    phones: set[str] = set()
    for number, recipient in enumerate(appointment.recipients, 1):
        key = recipient.key if recipient.key not in keys else f"{recipient.key}#{number}"
        spot = _Place(recipient.timezone, "recipient.timezone") if recipient.timezone else place
        people.append(
            _Person(recipient, key, *spot, recipient.locale or defaults.locale, _unreachable(recipient, phones))
        )
        keys.add(key)
        phones.add(recipient.phone)
    return people


def _unreachable(recipient: Recipient, phones: set[str]) -> Reason | None:
    if not is_possible(recipient.phone):
        return Reason.INVALID_NUMBER
    if recipient.phone in phones:
        return Reason.DUPLICATE_NUMBER
    return None if recipient.opted_in else Reason.OPTED_OUT


def _off(appointment: Appointment, rule: Rule) -> Reason | None:
    if appointment.is_off:
        return Reason.CANCELLED
    return Reason.CONDITION if appointment.status is Status.COMPLETED and not rule.is_follow_up else None


def _refusal(appointment: Appointment, rule: Rule, person: _Person, start_at: datetime) -> tuple[Reason | None, str]:
    """Return why this reminder is refused, and in words which condition it was."""
    if person.recipient is None:
        return person.refusal, ""
    unmet = _unmet(appointment, rule, person.recipient, start_at)
    return (Reason.CONDITION, unmet) if unmet else (person.refusal, "")


def _unmet(appointment: Appointment, rule: Rule, recipient: Recipient, start_at: datetime) -> str:
    """Return in words which condition of the rule is not met, "" where all are."""
    if rule.only.tests:
        failing = rule.only.failing(appointment, recipient)
        if failing:
            return f"only.{failing}"
    if rule.unless.tests and rule.unless.failing(appointment, recipient) is None:
        return "unless"
    if rule.min_booking_lead is not None or rule.max_booking_lead is not None:
        unmet = _unmet_lead(appointment, rule, start_at)
        if unmet:
            return unmet
    return "" if rule.when is None or _asked(appointment, rule, recipient) else "when"


def _unmet_lead(appointment: Appointment, rule: Rule, start_at: datetime) -> str:
    """Return which bound of the lead time at booking is not met; what is not known counts as long ago."""
    least, most = rule.min_booking_lead, rule.max_booking_lead
    if appointment.booked_at is None:
        return "" if most is None else "max_booking_lead: when it was booked is not known"
    lead = max(start_at - utc(appointment.booked_at), timedelta())
    if least is not None and lead < least:
        return f"min_booking_lead is {in_words(least, days=True)}: booked {in_words(lead, days=True)} ahead"
    if most is not None and lead >= most:
        return f"max_booking_lead is {in_words(most, days=True)}: booked {in_words(lead, days=True)} ahead"
    return ""


def _asked(appointment: Appointment, rule: Rule, recipient: Recipient) -> bool:
    try:
        return bool(rule.when is None or rule.when(appointment, recipient))
    except Exception as error:
        raise ConfigurationError(
            f"appointment {appointment.label!r}, rule {rule.id!r}: its `when` raised {type(error).__name__}: "
            "mend that function"
        ) from error


def reminder_key(
    namespace: str, source: str, appointment: str, recurrence_id: str | None, rule: str, recipient: str
) -> str:
    """Return the identity of a reminder: a digest of who and what, never of when."""
    occurrence = recurrence_id or ""
    text = (
        f"{len(namespace)}:{namespace}\x1f{len(source)}:{source}\x1f{len(appointment)}:{appointment}\x1f"
        f"{len(occurrence)}:{occurrence}\x1f{len(rule)}:{rule}\x1f{len(recipient)}:{recipient}"
    )
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
