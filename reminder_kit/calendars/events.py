"""Events: one VEVENT as values, with what is wrong with it.

Never expands anything. What a start depends on (DTSTART, RRULE, RDATE, EXDATE, RECURRENCE-ID) must be readable, else
the event is refused; any other value that can't be read is reported and left out, since a reminder needs no end and no
alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import TypeVar

from attrs import define

from reminder_kit.calendars.content_lines import Component, Property
from reminder_kit.calendars.quoting import quoted
from reminder_kit.calendars.rrule import Rule, read_rule
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import (
    Period,
    Span,
    TimeKind,
    When,
    Zones,
    as_span,
    as_when,
    day_of,
    integer,
    is_day,
    periods,
    stamp,
    whens,
)
from reminder_kit.calendars.zones import ZoneTable
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import seconds

__all__ = [
    "ADDS",
    "NO_DEFINITION",
    "Event",
    "created",
    "read_event",
    "readable_original",
    "status_of",
    "uid_of_content",
]

NO_DEFINITION = ("REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER")
"""Methods whose events answer or ask, and define no appointment (RFC 5546, 1.4)."""

ADDS = "ADD"
"""The method whose events are instances more of what their UID names (RFC 5546, 3.2.4), each by its own start."""

T = TypeVar("T")
Unread = Callable[[CalendarError], None]
Warn = Callable[[str, int], None]
"""Takes a reservation in words, and the line that it is about."""


@define(eq=False)
class Event:
    """One VEVENT."""

    #: Its properties, for what is not read here.
    component: Component
    #: The zones of its calendar.
    zones: ZoneTable
    #: METHOD of its calendar, in upper case; "": none.
    method: str
    #: DTSTART; None only for what names nothing but a UID or an occurrence: a cancellation, an answer, a question.
    start: When | None
    #: How long an occurrence is.
    span: Span
    #: SEQUENCE, 0 where there is none.
    sequence: int
    #: LAST-MODIFIED, else DTSTAMP, in seconds since 1970 (UTC); 0 where there is neither.
    modified: int
    #: Its place among the components of its UID.
    position: int
    #: STATUS, as `status_of` gives it; "": none.
    status: str
    #: The original start that this event stands in for (RECURRENCE-ID, or the start of an instance that is added);
    #: None: it is the whole, or the master.
    replaces: When | None = None
    #: Whether it stands in for all instances that follow as well (RANGE=THISANDFUTURE).
    onwards: bool = False
    #: RRULE and EXRULE.
    rules: tuple[Rule, ...] = ()
    exceptions: tuple[Rule, ...] = ()
    #: RDATE, each with the end or length that it gives (None: that of the event), and EXDATE.
    extra: tuple[Period, ...] = ()
    without: tuple[When, ...] = ()

    @property
    def line(self) -> int:
        """The line of its BEGIN:VEVENT."""
        return self.component.line

    @property
    def order(self) -> tuple[int, int, int]:
        """SEQUENCE, stamp and place: the greatest of several versions counts (RFC 5546, 2.1.5)."""
        return (self.sequence, self.modified, self.position)

    @property
    def recurs(self) -> bool:
        """Whether it has instances besides its own start."""
        return bool(self.rules or self.extra)

    @property
    def is_added(self) -> bool:
        """Whether it is an instance more than the series has."""
        return self.method == ADDS

    @property
    def is_cancellation(self) -> bool:
        """Whether it came with METHOD:CANCEL."""
        return self.method == "CANCEL"


def read_event(component: Component, method: str, position: int, zones: ZoneTable, limits: Limits, warn: Warn) -> Event:
    """Return a VEVENT's values; `position` is its place among the components of its UID.

    Raises `CalendarError` with the line of what makes it unusable; what can be left out is handed to `warn`.
    """
    for name in ("DTSTART", "UID", "RECURRENCE-ID"):
        _only_one(component, name)
    start = _named_when(component.first("DTSTART"), zones)
    named = component.first("RECURRENCE-ID")
    if start is None and method not in ("CANCEL", *NO_DEFINITION):
        raise CalendarError("has no DTSTART", line=component.line)
    if adds := method == ADDS and named is None:
        _say_what_is_not_added(component, warn)
    is_part = adds or named is not None
    modified = stamp(component.first("LAST-MODIFIED")) or stamp(component.first("DTSTAMP"))
    return Event(
        component=component,
        zones=zones,
        method=method,
        start=start,
        span=Span() if start is None else _span(component, start, zones, warn),
        sequence=_sequence(component, warn),
        modified=0 if modified is None else seconds(modified),
        position=position,
        status=_status(component, warn),
        replaces=start if adds else _named_when(named, zones),
        onwards=named is not None and named.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
        rules=() if is_part else _rules(component, "RRULE", warn),
        exceptions=() if is_part else _rules(component, "EXRULE", warn),
        extra=() if is_part else _extra(component, zones, limits, warn),
        without=() if is_part else _without(component, zones, limits, warn),
    )


def _say_what_is_not_added(component: Component, warn: Warn) -> None:
    for name in ("RRULE", "RDATE"):
        if (repeated := component.first(name)) is not None:
            warn(f"METHOD:{ADDS} adds the instance of its DTSTART: {name} is passed over", repeated.line)


def _only_one(component: Component, name: str) -> None:
    """Refuse several differing values of what may come once (RFC 5545, 3.6.1): nobody knows which is meant."""
    found = component.all(name)
    if (
        len(found) > 1
        and len({(property_.value.strip(), *sorted(property_.parameters.items())) for property_ in found}) > 1
    ):
        raise CalendarError(f"has several {name}", line=found[1].line)


def _named_when(property_: Property | None, zones: Zones) -> When | None:
    """Return a property's time, None for none; raises `CalendarError` naming the property."""
    if property_ is None:
        return None
    try:
        return _when(property_, zones)
    except CalendarError as error:
        raise CalendarError(f"{property_.name} {error}", line=property_.line) from None


def _when(property_: Property, zones: Zones) -> When:
    tzid = property_.parameters.get("TZID", "")
    return as_when(property_.value, tzid, zones, property_.line, is_day=is_day(property_))


def _rules(component: Component, name: str, warn: Warn) -> tuple[Rule, ...]:
    found = []
    for property_ in component.all(name)[:50]:
        if not property_.value.strip("; \t"):
            warn(f"{name} is empty: it repeats nothing", property_.line)
            continue
        rule, unknown = read_rule(property_.value, property_.line)
        if unknown:
            warn(f"{name}: an unknown part is passed over", property_.line)
        found.append(rule)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


def _extra(component: Component, zones: Zones, limits: Limits, warn: Warn) -> tuple[Period, ...]:
    found: list[Period] = []
    for property_ in component.all("RDATE"):
        found.extend(_listed(property_, lambda name, unread: periods(name, zones, limits.dates, unread), warn))
        _not_too_many(found, property_, limits)
    return tuple(found)


def _without(component: Component, zones: Zones, limits: Limits, warn: Warn) -> tuple[When, ...]:
    found: list[When] = []
    for property_ in component.all("EXDATE"):
        found.extend(_listed(property_, lambda name, unread: whens(name, zones, limits.dates, unread), warn))
        _not_too_many(found, property_, limits)
    return tuple(found)


def _listed(property_: Property, read: Callable[[Property, Unread], list[T]], warn: Warn) -> list[T]:
    """Return a list of dates; the series stays where one of them can't be read, and a warning names that."""
    found: list[T] = []
    try:
        found = read(
            property_, lambda error: warn(f"{property_.name} {error}: it is passed over", error.line or property_.line)
        )
    except CalendarError as error:
        raise CalendarError(f"{property_.name} {error}", line=property_.line) from None
    return found


def _not_too_many(found: Sized, property_: Property, limits: Limits) -> None:
    if len(found) > limits.dates:
        raise CalendarError(f"has more than {limits.dates} dates in {property_.name}", line=property_.line)


def _sequence(component: Component, warn: Warn) -> int:
    named = component.first("SEQUENCE")
    if named is None:
        return 0
    number = integer(named.value)
    if number is None or number < 0:
        warn(f"SEQUENCE {quoted(named.value)} is no number: read as 0", named.line)
        return 0
    return number


_STATUSES = ("", "TENTATIVE", "CONFIRMED", "CANCELLED")
_SPELLINGS = {"CANCELED": "CANCELLED", "CANCEL": "CANCELLED"}
"""What else programs write, and what is meant by it."""


def status_of(text: str) -> str:
    """Return a STATUS in upper case, and as RFC 5545 spells it where that is what is meant."""
    written = text.strip().upper()
    return _SPELLINGS.get(written, written)


def _status(component: Component, warn: Warn) -> str:
    named = component.first("STATUS")
    status = status_of("" if named is None else named.value)
    if named is not None and status not in _STATUSES:
        warn(f"STATUS {status[:20]!r} is none that an event has: it is read as one that takes place", named.line)
    return status


def _span(component: Component, start: When, zones: Zones, warn: Warn) -> Span:
    """Return how long an event lasts: DTEND, else DURATION, else a day for a date, 0 for a time (RFC 5545, 3.6.1)."""
    default = Span(1) if start.kind is TimeKind.DATE else Span()
    end, duration = component.first("DTEND"), component.first("DURATION")
    try:
        if end is not None:
            return _until(start, _when(end, zones), default, warn, end)
        if duration is not None:
            return _lasting(start, as_span(duration.value, duration.line), default, warn, duration)
    except CalendarError as error:
        warn(f"its end is left out: {error}", error.line or component.line)
    return default


def _until(start: When, end: When, default: Span, warn: Warn, property_: Property) -> Span:
    if (start.kind is TimeKind.DATE) != (end.kind is TimeKind.DATE):
        warn("DTSTART and DTEND are not both dates or both times", property_.line)
    if start.kind is TimeKind.DATE:
        wall = datetime.combine(day_of(end, start.zone), time()) if end.kind is TimeKind.UTC else end.wall
        days = (wall - start.wall + timedelta(hours=23, minutes=59, seconds=59)).days
        if days < 0 or wall < start.wall:
            warn("DTEND lies before DTSTART: its end is left out", property_.line)
        return Span(days) if days > 0 else default
    exact = end.instant - start.instant
    if exact < timedelta():
        warn("DTEND lies before DTSTART: its end is left out", property_.line)
        return default
    return Span(0, exact)


def _lasting(start: When, span: Span, default: Span, warn: Warn, property_: Property) -> Span:
    if span.is_negative:
        warn("DURATION is negative: its end is left out", property_.line)
        return default
    if start.kind is TimeKind.DATE:
        return Span(span.days + -(-span.exact // timedelta(days=1))) if span != Span() else default
    return span


def created(component: Component) -> datetime | None:
    """Return when an event was booked, UTC: CREATED and nothing else, since DTSTAMP is the time of an export.

    None means that it is not known; the years before 1971 are what programs write that don't know it either.
    """
    found = stamp(component.first("CREATED"))
    return None if found is None or found < datetime(1971, 1, 1, tzinfo=UTC) else found


def readable_original(component: Component, zones: Zones) -> When | None:
    """Return the original start of an event that cannot be read otherwise; None means that it has none."""
    named = component.first("RECURRENCE-ID")
    if named is None:
        return None
    try:
        return _when(named, zones)
    except CalendarError:
        return None


_IDENTIFYING = ("DTSTART", "RRULE", "RECURRENCE-ID", "SUMMARY", "LOCATION")
"""The properties by which an event without a UID is known again."""


def uid_of_content(event: Event) -> str:
    """Return a UID for an event that has none, made from what it says."""
    text = "\x1f".join(event.component.value(name) for name in _IDENTIFYING)
    return "no-uid-" + blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
