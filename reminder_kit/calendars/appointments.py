"""Appointments: an instance of an event with its recipients, title and data.

Never decides when something is, and never passes on what a reminder has no use for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from reminder_kit.calendars.alarms import Alarm, Times, alarm_times
from reminder_kit.calendars.content_lines import Component, unescaped, unquoted
from reminder_kit.calendars.events import Event, created
from reminder_kit.calendars.occurrences import Occurrence
from reminder_kit.calendars.recipients import NOT_PEOPLE, Person, Reached
from reminder_kit.calendars.series import Instance
from reminder_kit.calendars.values import TimeKind, recurrence_text
from reminder_kit.model.appointments import Appointment, Recipient, Status
from reminder_kit.model.instants import iso
from reminder_kit.model.revisions import SeriesRevision

__all__ = ["Wording", "categories", "occurrence", "wording"]


@frozen
class Wording:
    """What all occurrences that one event describes have in common."""

    #: SUMMARY and LOCATION on one line; "": none.
    title: str
    location: str
    #: URL; None: none.
    url: str | None
    recipients: tuple[Recipient, ...]
    #: Whose number stands in a text, the likeliest first; the recipients are then none.
    guesses: tuple[Recipient, ...]
    #: CATEGORIES.
    tags: frozenset[str]
    #: What templates may use besides: description, organizer, attendees, resources, where there are any.
    data: dict[str, Any]
    #: CREATED, UTC; None: not known.
    booked_at: datetime | None
    #: Of an occurrence that takes place.
    status: Status
    alarms: tuple[Alarm, ...]
    #: Whether the due alarms go into each appointment's data.
    tells_alarms: bool


def wording(
    event: Event,
    reached: Reached,
    alarms: tuple[Alarm, ...],
    tags: Iterable[str],
    *,
    tells_alarms: bool,
) -> Wording:
    """Return what an event's occurrences have in common.

    `tags` are its CATEGORIES; `tells_alarms` puts due alarms into the data of each.
    """
    component = event.component
    return Wording(
        title=_one_line(component.text("SUMMARY")),
        location=_one_line(component.text("LOCATION")),
        url=component.value("URL").strip() or None,
        recipients=reached.recipients,
        guesses=reached.guesses,
        tags=frozenset(tags),
        data=_data(component, reached.invited),
        booked_at=created(component),
        status=Status.TENTATIVE if event.status == "TENTATIVE" else Status.CONFIRMED,
        alarms=alarms,
        tells_alarms=tells_alarms,
    )


_LONGEST = 10_000
"""Characters of a description that are kept."""


def _one_line(text: str) -> str:
    return " ".join(text[:1000].split())


def categories(component: Component, limit: int, warn: Callable[[str, int], None]) -> list[str]:
    """Return an event's CATEGORIES, `limit` of them at most; that there are more is handed to `warn`."""
    found: dict[str, None] = {}
    for property_ in component.all("CATEGORIES"):
        for text in _comma_separated(property_.value):
            if len(found) == limit:
                warn(f"has more than {limit} CATEGORIES: only the first are read", property_.line)
                return list(found)
            found[text] = None
    return list(found)


_COMMA = re.compile(r"((?:[^\\,]|\\.)+)", re.DOTALL)


def _comma_separated(value: str) -> Iterator[str]:
    """Yield the texts of a comma-separated list, unescaped; an escaped comma separates nothing."""
    for part in _COMMA.finditer(value):
        if text := unescaped(part[1]).strip():
            yield text


def _data(component: Component, invited: tuple[Person, ...]) -> dict[str, Any]:
    organizer = component.first("ORGANIZER")
    found: dict[str, Any] = {
        "description": component.text("DESCRIPTION")[:_LONGEST],
        "organizer": "" if organizer is None else re.sub(r"^mailto:", "", organizer.value.strip(), flags=re.IGNORECASE),
        "organizer_name": "" if organizer is None else unquoted(unescaped(organizer.parameters.get("CN", ""))),
        "attendees": sorted({person.email for person in invited if person.email}),
        "resources": _resources(component),
    }
    return {key: value for key, value in found.items() if value}


def _resources(component: Component) -> list[str]:
    """Return the rooms and things an event needs: RESOURCES (RFC 5545, 3.8.1.10), and rooms that are invited."""
    listed = [part for property_ in component.all("RESOURCES") for part in _comma_separated(property_.value)]
    invited = [
        unquoted(unescaped(property_.parameters.get("CN", "")))
        for property_ in component.all("ATTENDEE")
        if property_.parameters.get("CUTYPE", "").upper() in NOT_PEOPLE
    ]
    return list(dict.fromkeys(name for name in (*listed, *invited) if name))


def _no_alarms() -> Times:
    return Times((), ())


def occurrence(
    instance: Instance,
    words: Wording,
    uid: str,
    source: str,
    named: Callable[[tzinfo, datetime], ZoneInfo | None],
    display: str | None,
    after: datetime | None,
    master: tuple[int, int] | None,
    whose: str = "",
) -> Occurrence:
    """Return an instance as an occurrence with its appointment.

    `named` returns the IANA zone of a zone at an instant, None where there is none. `display` is the name of the
    calendar's own zone, in which UTC times are shown to people (None: it has none). `after` is the start of the
    instance before, UTC (None: there is none), `master` the revision of its series' master (None: that is not there).
    `whose` tells it from another one of its UID and start ("": nothing has to).
    """
    start = instance.start
    info: tzinfo = named(start.zone, instance.at) or start.zone
    if not isinstance(info, ZoneInfo) and info is not UTC:
        info = timezone(instance.at.astimezone(info).utcoffset() or timedelta())
    key = info.key if isinstance(info, ZoneInfo) else display if start.kind is TimeKind.UTC else None
    starts_at, ends_at = instance.at.astimezone(info), instance.ends_at.astimezone(info)
    all_day = start.kind is TimeKind.DATE
    event = instance.event
    own = (event.sequence, event.modified)
    times: Callable[[], Times] = _no_alarms
    if words.alarms:
        times = partial(
            alarm_times, words.alarms, instance.at, instance.ends_at, start.zone, is_one=instance.is_one, after=after
        )
    appointment = Appointment(
        id=uid,
        starts_at=starts_at,
        ends_at=ends_at,
        timezone=key,
        recipients=words.recipients,
        title=words.title,
        location=words.location,
        status=Status.CANCELLED if instance.cancelled else words.status,
        source=source,
        recurrence_id=None if instance.original is None else recurrence_text(instance.original) + whose,
        revision=own if instance.original is None else SeriesRevision(master, own),
        booked_at=words.booked_at,
        tags=words.tags,
        data=words.data | {"alarms": [iso(moment) for moment in times().due]} if words.tells_alarms else words.data,
        url=words.url,
        all_day=all_day,
    )
    return Occurrence(
        appointment=appointment,
        all_day=all_day,
        sequence=event.sequence,
        start=start.wall.date() if all_day else starts_at,
        end=ends_at.date() if all_day else ends_at,
        line=event.line,
        times=times,
        file=event.component.file,
    )
