"""Alarms: the instants of an occurrence's VALARMs, and those of them that are still to remind someone.

Never reads an offset as a timedelta: -P1D and -PT24H would be the same then, which differ by an hour around a change
of the clock (RFC 5545, 3.3.6).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from attrs import frozen

from reminder_kit.calendars.content_lines import KEPT, Component
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import Span, Zones, as_span, as_when, integer, stamp
from reminder_kit.errors import CalendarError

__all__ = ["Alarm", "Times", "alarm_times", "read_alarms"]

Warn = Callable[[str, int], None]
"""Takes a reservation in words, and the line that it is about."""
_APPLES_NEVER = datetime(1976, 4, 1, 0, 55, 45, tzinfo=UTC)
"""The absolute time by which Apple's programs write "no alarm"."""


@frozen
class Alarm:
    """One VALARM."""

    #: How far from the start, or with `from_end` from the end, it lies; negative: before.
    offset: Span
    from_end: bool
    #: Its own instant (UTC), for an absolute one; None: it is relative.
    at: datetime | None
    #: How often it comes again after the first time, and after what time each.
    repeats: int
    every: Span
    #: When somebody last dismissed it (UTC): whatever was due by then is over. None: nobody did.
    acknowledged: datetime | None
    #: Whether it only repeats another alarm for one person (RFC 9074, 5).
    is_snooze: bool


class Times(NamedTuple):
    """The UTC instants of one occurrence's alarms, in order, each once."""

    #: All valid ones.
    valid: tuple[datetime, ...]
    #: Those that are still to remind someone.
    due: tuple[datetime, ...]


def read_alarms(event: Component, zones: Zones, limits: Limits, warn: Warn) -> tuple[Alarm, ...]:
    """Return an event's alarms, without those by which programs write "no alarm".

    An alarm that can't be read is reported and left out.
    """
    components = [child for child in event.children if child.name == "VALARM"]
    if len(components) > limits.alarms:
        count = f"{KEPT} or more" if len(components) == KEPT else len(components)
        warn(f"has {count} alarms: only the first {limits.alarms} are read", components[limits.alarms].line)
    found: list[Alarm] = []
    left = limits.all_repeats
    last_seen = stamp(event.first("X-MOZ-LASTACK"))
    for component in components[: limits.alarms]:
        if component.value("ACTION").strip().upper() == "NONE":
            continue
        try:
            alarm = _read_alarm(component, zones, min(limits.repeats, left), warn, last_seen)
        except CalendarError as error:
            warn(f"alarm left out: {error}", error.line or component.line)
            continue
        if alarm.at != _APPLES_NEVER or not any(name.startswith("X-APPLE-") for name in component.properties):
            found.append(alarm)
            left -= alarm.repeats
    return tuple(found)


def _read_alarm(alarm: Component, zones: Zones, most: int, warn: Warn, last_seen: datetime | None) -> Alarm:
    """Return one VALARM, with at most so many repetitions.

    Raises `CalendarError` where it has no trigger that can be read.
    """
    trigger = alarm.first("TRIGGER")
    if trigger is None:
        raise CalendarError("it has no TRIGGER", line=alarm.line)
    text = trigger.value.strip()
    is_absolute = trigger.parameters.get("VALUE", "").upper() == "DATE-TIME" or text[:1].isdigit()
    at = as_when(text, trigger.parameters.get("TZID", ""), zones, trigger.line).instant if is_absolute else None
    repeats, every = _repetition(alarm, most, warn)
    related = alarm.first("RELATED-TO")
    return Alarm(
        offset=Span() if is_absolute or text.upper() in ("P", "-P") else as_span(text, trigger.line),
        from_end=trigger.parameters.get("RELATED", "").upper() == "END",
        at=at,
        repeats=repeats,
        every=every,
        acknowledged=max(filter(None, (stamp(alarm.first("ACKNOWLEDGED")), last_seen)), default=None),
        is_snooze=related is not None and related.parameters.get("RELTYPE", "").upper() == "SNOOZE",
    )


def _repetition(alarm: Component, most: int, warn: Warn) -> tuple[int, Span]:
    """Return how often an alarm comes again, and after what time: never, unless both are there (RFC 5545, 3.6.6)."""
    repeat, duration = alarm.first("REPEAT"), alarm.first("DURATION")
    if repeat is None or duration is None:
        return 0, Span()
    count, every = integer(repeat.value), as_span(duration.value, duration.line)
    if count is None or every == Span():
        return 0, Span()
    if count > most:
        read = f"only the first {most} are read" if most else "none is read, since its event's alarms repeat so often"
        warn(f"alarm repeats {count} times: {read}", repeat.line)
    return max(0, min(count, most)), every


def alarm_times(
    alarms: tuple[Alarm, ...],
    at: datetime,
    ends_at: datetime,
    zone: tzinfo,
    *,
    is_one: bool,
    after: datetime | None,
) -> Times:
    """Return the UTC instants of one occurrence's alarms.

    `at` and `ends_at` are its start and end (UTC), `zone` the zone that nominal days are counted in. `is_one` says that
    the event stands for this occurrence only. Otherwise an absolute alarm is valid for the occurrences that it
    precedes, and due for the first of them: `after` is the start of the occurrence before (None: there is none). A
    snoozed or dismissed alarm is valid and never due, and so is Apple's "no alarm", whatever other programs made of it.
    """
    valid: set[datetime] = set()
    due: set[datetime] = set()
    for alarm in alarms:
        if alarm.at is None:
            first = alarm.offset.after(ends_at if alarm.from_end else at, zone)
        elif is_one or alarm.at <= at:
            first = alarm.at
        else:
            continue
        is_meant = not alarm.is_snooze and alarm.at != _APPLES_NEVER
        is_due = is_meant and (is_one or alarm.at is None or after is None or after < alarm.at)
        for _ in range(alarm.repeats + 1):
            valid.add(first)
            if is_due and (alarm.acknowledged is None or first > alarm.acknowledged):
                due.add(first)
            first = alarm.every.after(first, zone)
    return Times(tuple(sorted(valid)), tuple(sorted(due)))
