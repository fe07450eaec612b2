"""Reminders: appointment × rule × recipient, each with its due time, its key, and a refusal where there is one.

Pure: no clock, no I/O. Never lets a reminder vanish: what is not to be sent comes back with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

from attrs import field, frozen

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.appointments import Appointment, Recipient, Status
from reminder_kit.model.instants import in_zone, iso, named_zone, utc, zone
from reminder_kit.model.phones import is_given_out, is_possible, lacks_country, masked
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.due_times import BOOKING, CHANGE, due_times
from reminder_kit.rules.offsets import Offset, OffsetKind, dst_note, in_words
from reminder_kit.rules.rule import Rule

__all__ = ["BOOKING", "CHANGE", "Reminder", "is_place", "placed_key", "reminder_key", "reminders_of"]


_NOWHERE = "nowhere: UTC"
"""Where the zone of an appointment comes from of which nobody knows one."""

_TAKING_PLACE = (Status.CONFIRMED, Status.TENTATIVE)
"""Statuses that refuse no reminder."""

_WHY_CLOCK = {"the place's": "since it has a location", "the reader's": "since it has no location to go to"}

_OF_THE_WEB = re.compile(
    r"\s*(?:[a-z][a-z0-9+.-]*://|(?:tel|sips?|mailto|callto|facetime):|www\.|[a-z0-9-]+(?:\.[a-z0-9-]+)+/)",
    re.IGNORECASE,
)


def is_place(location: str) -> bool:
    """Say whether a location is one that people go to: neither empty nor an address of the web."""
    return bool(location.strip()) and not _OF_THE_WEB.match(location)


@frozen
class Detour:
    """The way of a reminder that is no text: a channel, and what of its recipient that goes to."""

    #: The channel's name: "email".
    by: str
    #: Where it goes: an e-mail address, a number, or the host's own name of the person.
    to: str = field(repr=lambda to: repr(masked(to)))
    #: The template of what stands above its words; "": the rule's subject.
    subject: str = ""


@frozen(slots=False)
class Reminder:
    """One appointment × rule × recipient.

    Without slots, since of frozen values those take twice as long to make, and no more than a few of these live at
    once.
    """

    #: Its identity, whatever its time (`reminder_key`).
    key: str
    #: The appointment, its phones as E.164 where they can be.
    appointment: Appointment
    #: The rule.
    rule: Rule
    #: Whom it is for; None: the appointment has nobody to remind.
    recipient: Recipient | None
    #: When the rule means it to arrive: UTC, whole seconds. None: the calendar ends before that.
    due_at: datetime | None
    #: The start or end that it is counted from, UTC; the start, where it is counted from the booking.
    anchor_at: datetime
    #: The IANA zone of its reader, and of quiet hours: the recipient's, else `local_zone`.
    zone: str
    #: Where `zone` comes from, for `trail`.
    zone_source: str
    #: The language tag of its text.
    locale: str
    #: Why it will not be sent, whatever the time; None: nothing speaks against it.
    refusal: Reason | None = None
    #: The IANA zone in which wall-clock rules are counted: the appointment's, else the default one.
    local_zone: str = "UTC"
    #: More of why it is refused, in words, such as which condition it was; "": there is no more.
    detail: str = ""
    #: Where `local_zone` comes from, for `trail`.
    local_source: str = ""
    #: Of a fallback: which message it stands in for, in words; "" for every other reminder.
    instead: str = ""
    #: What a holiday or a closed day did to `due_at`, in words; "": nothing.
    aside: str = ""
    #: Whether it says what is no longer true (a correction, a cancellation) instead of reminding.
    is_notice: bool = False
    #: When (UTC) it was learned that the start moved, for rules that are counted from that; None: it did not.
    changed_at: datetime | None = None
    #: Of a fallback through a channel: by which way it goes; None: it is a text to the recipient's number.
    detour: Detour | None = None

    @property
    def to(self) -> str:
        """Where its message goes: the recipient's number, or where a channel goes; "": it has no recipient."""
        if self.detour is not None:
            return self.detour.to
        return self.recipient.phone if self.recipient is not None else ""

    @property
    def clock(self) -> str:
        """The IANA zone by whose clock its text says when: the place's, `local_zone`, or the reader's, `zone`."""
        wished = self.rule.clock or ("place" if self._is_at_known_place else "reader")
        return self.local_zone if wished == "place" else self.zone

    @property
    def _is_at_known_place(self) -> bool:
        return self.local_source != _NOWHERE and is_place(self.appointment.location)

    @property
    def clocks_differ(self) -> bool:
        """Whether the place's clock and the reader's differ at the start, so that a time says nothing unless named."""
        if self.zone == self.local_zone or self.appointment.all_day:
            return False
        if self.local_source == _NOWHERE and self.rule.clock != "place":
            return False
        start_at = self.appointment.start_at
        here, there = in_zone(start_at, zone(self.zone)), in_zone(start_at, zone(self.local_zone))
        return here.utcoffset() != there.utcoffset()

    @property
    def is_from_midnight(self) -> bool:
        """Whether it is due at the wall clock of an all-day appointment, which is midnight: nobody means that."""
        rule = self.rule
        by_clock = rule.offset.kind in (OffsetKind.EXACT, OffsetKind.NOMINAL, OffsetKind.BUSINESS)
        return self.appointment.all_day and by_clock and rule.offset.at is None and rule.anchor in ("start", "end")

    @property
    def counted_from_at(self) -> datetime:
        """What it is counted from, UTC: the anchor, or when the appointment was booked, or moved; else the start."""
        if self.changed_at is not None:
            return self.changed_at
        booked_at = self.appointment.booked_at if self.rule.anchor == BOOKING else None
        return self.anchor_at if booked_at is None else utc(booked_at)

    @property
    def trail(self) -> tuple[str, ...]:
        """The way to `due_at`, step by step, in words: anchor, offset, due time, zones, refusal."""
        rule, local = self.rule, zone(self.local_zone)
        counted_from = self.counted_from_at
        clock = in_zone(counted_from, local)
        where = f"{self.local_zone} (from {self.local_source})" if self.local_source else self.local_zone
        steps = [f"{rule.anchor} {iso(counted_from)}, which is {clock:%a %Y-%m-%d %H:%M} in {where}"]
        side = "before" if rule.goes_back else "after"
        steps.append(
            rule.offset.describe() + ("" if rule.offset.kind is OffsetKind.ABSOLUTE else f" {side} the {rule.anchor}")
        )
        if self.due_at is not None:
            due = in_zone(self.due_at, local)
            steps.append(f"due {iso(self.due_at)}, which is {due:%a %Y-%m-%d %H:%M} in {self.local_zone}")
            if self.is_from_midnight:
                steps.append("the appointment is all day: counted from its midnight, for want of a time")
            steps.extend([self.aside] if self.aside and self.refusal is not Reason.CONDITION else [])
            steps.extend(_clock_notes(counted_from, self.due_at, rule.offset, self.local_zone))
        steps.extend([self.instead] if self.instead else [])
        steps.extend(self._zones_in_words())
        if self.detour is not None:
            steps.append(f"it goes by {self.detour.by} to {masked(self.detour.to)}")
        elif self.recipient is not None and self.refusal is None and not is_given_out(self.recipient.phone):
            steps.append("its number is in no range that a country is known to give out: written to all the same")
        if self.refusal is not None:
            steps.append(f"not sent: {self.refusal}" + (f" ({self.detail})" if self.detail else ""))
        return tuple(steps)

    def _zones_in_words(self) -> tuple[str, ...]:
        where = f"{self.zone} (from {self.zone_source})"
        if not self.clocks_differ:
            return (f"text and quiet hours in {where}",)
        whose = "the reader's" if self.clock == self.zone else "the place's"
        said = f'as clock = "{self.rule.clock}" says' if self.rule.clock else _WHY_CLOCK[whose]
        return (f"quiet hours in {where}", f"times in its text by {whose} clock, {self.clock}, {said}")


def _clock_notes(anchor_at: datetime, due_at: datetime, offset: Offset, name: str) -> list[str]:
    """Return in words what a change of the clocks did to a due time; nothing for nearly all.

    `name` is the IANA zone in which the offset was counted.
    """
    local = zone(name)
    change = (in_zone(due_at, local).utcoffset() or timedelta()) - (
        in_zone(anchor_at, local).utcoffset() or timedelta()
    )
    if offset.kind is OffsetKind.ABSOLUTE:
        return []
    notes = [f"the clocks in {name} change by {in_words(abs(change))} in between"] if change else []
    if offset.kind is not OffsetKind.EXACT and not offset.elapsed:
        wall = in_zone(due_at, local).replace(tzinfo=None)
        at = offset.at or in_zone(anchor_at, local).time()
        meant = wall.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
        note = dst_note(meant, local)
        notes += [note] if note else []
    return notes


class _LocalZone(NamedTuple):
    zone: str
    source: str


def _local_zone(appointment: Appointment, defaults: Defaults) -> _LocalZone:
    """Return the IANA zone that wall-clock rules are counted in, and where it comes from."""
    if appointment.timezone:
        return _LocalZone(appointment.timezone, "appointment.timezone")
    where = appointment.starts_at.tzinfo
    name = named_zone(where)
    if name and (type(where) is ZoneInfo or _is_zone(name)):
        return _LocalZone(name, "starts_at")
    if defaults.timezone:
        return _LocalZone(defaults.timezone, "defaults.timezone")
    return _LocalZone("UTC", _NOWHERE)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except InvalidInputError:
        return False
    return True


def reminders_of(appointment: Appointment, rules: Sequence[Rule], defaults: Defaults) -> list[Reminder]:
    """Return one reminder for each rule and recipient of an appointment, by rule, then by recipient.

    The appointment is normalised already (`normalise`). Without recipients it has one
    reminder a rule, refused with `no_recipient`. Where several refusals apply, the first
    of these is named: `cancelled` (also for `no_show`, except for follow-ups that are only for some statuses, this one
    among them; a completed appointment is refused with `condition`, except for follow-ups), `no_recipient`,
    `condition`, `invalid_number`, `duplicate_number`, `opted_out`.
    Raises `ConfigurationError`, naming appointment and rule, where a rule's `when` fails.
    """
    local = _local_zone(appointment, defaults)
    people = _people(appointment, local, defaults)
    start_at, booked_at = appointment.start_at, _booked_at(appointment)
    rules = tuple(rules)
    dues = due_times(rules, start_at, appointment.end_at, booked_at, local.zone, defaults)
    is_usual = appointment.status in _TAKING_PLACE
    common = common_digest(defaults.namespace, appointment.source, appointment.id, appointment.recurrence_id)
    wanted = []
    for rule, (anchor_at, due_at, aside, skips) in zip(rules, dues, strict=True):
        by_status = None if is_usual else _status_refusal(appointment, rule)
        for person in people:
            refusal, detail = (by_status, "") if by_status else _refusal(appointment, rule, person, start_at)
            if skips and refusal is None:
                refusal, detail = Reason.CONDITION, aside
            wanted.append(
                Reminder(
                    key_within(common, rule.id, person.key), appointment, rule, person.recipient, due_at, anchor_at,
                    person.zone, person.source, person.locale, refusal, local.zone, detail, local.source, "", aside,
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
    detail: str = ""


def _people(appointment: Appointment, local: _LocalZone, defaults: Defaults) -> list[_Person]:
    """Return the recipients with what holds for them under every rule.

    Where two share a key, the later one's gets its place in the list, so that keys of reminders differ.
    """
    if not appointment.recipients:
        return [_Person(None, "", local.zone, local.source, defaults.locale, Reason.NO_RECIPIENT)]
    people: list[_Person] = []
    keys: set[str] = set()
    phones: set[str] = set()
    for number, recipient in enumerate(appointment.recipients, 1):
        key = recipient.key if recipient.key not in keys else placed_key(recipient.key, number)
        own = _LocalZone(recipient.timezone, "recipient.timezone") if recipient.timezone else local
        refusal = _recipient_refusal(recipient, phones, defaults.region)
        people.append(_Person(recipient, key, *own, recipient.locale or defaults.locale, *refusal))
        keys.add(key)
        phones.add(recipient.phone)
    return people


def _recipient_refusal(recipient: Recipient, phones: set[str], region: str | None) -> tuple[Reason | None, str]:
    if not is_possible(recipient.phone):
        return Reason.INVALID_NUMBER, _WITHOUT_COUNTRY if lacks_country(recipient.phone, region) else ""
    if recipient.phone in phones:
        return Reason.DUPLICATE_NUMBER, ""
    return None if recipient.opted_in else Reason.OPTED_OUT, ""


_WITHOUT_COUNTRY = "no country code: write it with it, +1 …, or set default_region, and hand it in again"


def _status_refusal(appointment: Appointment, rule: Rule) -> Reason | None:
    if appointment.is_off and not (rule.is_follow_up and appointment.status in rule.only.statuses):
        return Reason.CANCELLED
    return Reason.CONDITION if appointment.status is Status.COMPLETED and not rule.is_follow_up else None


def _refusal(appointment: Appointment, rule: Rule, person: _Person, start_at: datetime) -> tuple[Reason | None, str]:
    """Return why a reminder is refused (None: it is not), and more of that in words: which condition refused it."""
    if person.recipient is None or not rule.has_conditions:
        return person.refusal, person.detail
    unmet = _unmet_condition(appointment, rule, person.recipient, start_at)
    return (Reason.CONDITION, unmet) if unmet else (person.refusal, person.detail)


def _unmet_condition(appointment: Appointment, rule: Rule, recipient: Recipient, start_at: datetime) -> str:
    """Return in words which condition of the rule is not met; "": all are."""
    if rule.anchor == BOOKING and (unmet := _unmet_booking(appointment)):
        return unmet
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
    return "" if rule.when is None or _when_agrees(appointment, rule, recipient) else "when"


def _unmet_booking(appointment: Appointment) -> str:
    """Return in words why an appointment counts as booked by nobody; "": somebody booked it."""
    if appointment.booked_at is None:
        return "after_booking: when it was booked is not known"
    return "after_booking: an occurrence of a series was not booked by itself" if appointment.recurrence_id else ""


def _booked_at(appointment: Appointment) -> datetime | None:
    return None if appointment.booked_at is None else utc(appointment.booked_at)


def _unmet_lead(appointment: Appointment, rule: Rule, start_at: datetime) -> str:
    """Return in words which bound of the lead time at booking is not met; "": both are.

    An appointment that does not say when it was booked counts as booked long ago.
    """
    least, most = rule.min_booking_lead, rule.max_booking_lead
    if appointment.booked_at is None:
        return "" if most is None else "max_booking_lead: when it was booked is not known"
    lead = max(start_at - utc(appointment.booked_at), timedelta())
    if least is not None and lead < least:
        return f"min_booking_lead is {in_words(least, days=True)}: booked {in_words(lead, days=True)} ahead"
    if most is not None and lead >= most:
        return f"max_booking_lead is {in_words(most, days=True)}: booked {in_words(lead, days=True)} ahead"
    return ""


def _when_agrees(appointment: Appointment, rule: Rule, recipient: Recipient) -> bool:
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
    """Return the identity of a reminder, 32 hexadecimal digits: a digest of who and what, never of when.

    So a moved appointment keeps its reminders. `appointment` and `rule` are ids, `recipient` is the recipient's key;
    `recurrence_id` None: it does not recur.
    """
    return key_within(common_digest(namespace, source, appointment, recurrence_id), rule, recipient)


def common_digest(namespace: str, source: str, appointment: str, recurrence_id: str | None) -> blake2b:
    """Return the digest that the keys of all reminders of an appointment begin with, for `key_within`."""
    occurrence = recurrence_id or ""
    text = (
        f"{len(namespace)}:{namespace}\x1f{len(source)}:{source}\x1f{len(appointment)}:{appointment}\x1f"
        f"{len(occurrence)}:{occurrence}\x1f"
    )
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)


def placed_key(recipient: str, place: int) -> str:
    """Return what stands in reminder keys for the recipient at a place of the list whose key an earlier one has."""
    return f"{recipient}#{place}"


def key_within(common: blake2b, rule: str, recipient: str) -> str:
    """Return the key of the reminder by a rule, for a recipient, of the appointment with this `common_digest`."""
    digest = common.copy()
    digest.update(f"{len(rule)}:{rule}\x1f{len(recipient)}:{recipient}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
