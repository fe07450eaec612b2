"""Alarms: the instants of an occurrence's VALARMs, without those that vendors put there for themselves.

Never reads icalendar's timedeltas: they make -P1D and -PT24H the same, which differ by an
hour around a change of the clock (RFC 5545 §3.3.6).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from attrs import frozen

from reminder_kit.calendars.lines import Component
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import Kind, Span, When, Zones, as_span, as_when, integer, stamp
from reminder_kit.errors import CalendarError

__all__ = ["Alarm", "alarm_times", "read_alarms"]

Warn = Callable[[str, int], None]
_SENTINELS_BEFORE = datetime(1990, 1, 1, tzinfo=UTC)
_SENTINELS_FROM = datetime(4000, 1, 1, tzinfo=UTC)


@frozen
class Alarm:
    """One VALARM: relative to start or end by `offset`, or absolute at `at`; then `repeats` more, `every` so long.

    `acknowledged` is when someone last dismissed it: what was due by then is over.
    """

    offset: Span
    from_end: bool
    at: datetime | None
    repeats: int
    every: Span
    acknowledged: datetime | None


def read_alarms(event: Component, zones: Zones, limits: Limits, warn: Warn) -> tuple[Alarm, ...]:
    """Return an event's alarms; an unreadable one is reported and left out."""
    components = [each for each in event.children if each.name == "VALARM"]
    if len(components) > limits.alarms:
        warn(f"has {len(components)} alarms: only the first {limits.alarms} are read", components[limits.alarms].line)
    found = []
    last_seen = stamp(event.first("X-MOZ-LASTACK"))
    for each in components[: limits.alarms]:
        if _is_vendors_own(each):
            continue
        try:
            alarm = _read(each, zones, limits, warn, last_seen)
        except CalendarError as error:
            warn(f"alarm left out: {error}", error.line or each.line)
        else:
            found.extend([] if alarm is None else [alarm])
    return tuple(found)


def _is_vendors_own(alarm: Component) -> bool:
    """Say whether an alarm is a placeholder (Apple's ACTION:NONE) or one person's snooze (RFC 9074 §5)."""
    related = alarm.first("RELATED-TO")
    return alarm.value("ACTION").strip().upper() == "NONE" or (
        related is not None and related.parameters.get("RELTYPE", "").upper() == "SNOOZE"
    )


def _read(alarm: Component, zones: Zones, limits: Limits, warn: Warn, last_seen: datetime | None) -> Alarm | None:
    trigger = alarm.first("TRIGGER")
    if trigger is None:
        raise CalendarError("it has no TRIGGER", line=alarm.line)
    text = trigger.value.strip()
    is_absolute = trigger.parameters.get("VALUE", "").upper() == "DATE-TIME" or text[:1].isdigit()
    at = as_when(text, trigger.parameters.get("TZID", ""), zones, trigger.line).instant if is_absolute else None
    if at is not None and not _SENTINELS_BEFORE <= at < _SENTINELS_FROM:
        return None
    repeats, every = _repetition(alarm, limits, warn)
    return Alarm(
        offset=Span() if is_absolute else as_span(text, trigger.line),
        from_end=trigger.parameters.get("RELATED", "").upper() == "END",
        at=at,
        repeats=repeats,
        every=every,
        acknowledged=max(filter(None, (stamp(alarm.first("ACKNOWLEDGED")), last_seen)), default=None),
    )


def _repetition(alarm: Component, limits: Limits, warn: Warn) -> tuple[int, Span]:
    repeat, duration = alarm.first("REPEAT"), alarm.first("DURATION")
    if repeat is None or duration is None:
        return 0, Span()
    count, every = integer(repeat.value), as_span(duration.value, duration.line)
    if count is None or every.is_negative or every == Span():
        return 0, Span()
    if count > limits.repeats:
        warn(f"alarm repeats {count} times: only the first {limits.repeats} are read", repeat.line)
    return max(0, min(count, limits.repeats)), every


def alarm_times(
    alarms: tuple[Alarm, ...], at: datetime, ends_at: datetime, zone: tzinfo, after: datetime | None
) -> tuple[datetime, ...]:
    """Return the UTC instants of one occurrence's alarms, in order, each once.

    An absolute alarm in a series belongs to the occurrence it precedes: to this one if it
    comes `after` the occurrence before (None: there is no other it could belong to).
    """
    times: set[datetime] = set()
    for alarm in alarms:
        if alarm.at is None:
            first = alarm.offset.after(ends_at if alarm.from_end else at, zone)
        elif after is None or after < alarm.at <= at:
            first = alarm.at
        else:
            continue
        for _ in range(alarm.repeats + 1):
            if alarm.acknowledged is None or first > alarm.acknowledged:
                times.add(first)
            first = alarm.every.after(first, zone)
    return tuple(sorted(times))
