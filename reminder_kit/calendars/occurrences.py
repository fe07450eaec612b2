"""Occurrences and problems: what comes of reading a calendar.

Pure: values only. Never reads anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from attrs import field, frozen

from reminder_kit.calendars.alarms import Times
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.instants import iso
from reminder_kit.text.printable import printable

__all__ = ["Occurrence", "Problem", "occurrence_json"]


@frozen
class Problem:
    """Something that is wrong with a source."""

    #: What is wrong, in words.
    message: str
    #: The event's UID; None: it has none that can be read, or no event is meant.
    uid: str | None = None
    #: The line in the file, from 1; None: no one line is meant.
    line: int | None = None
    #: `error`: an event could not be read; `warning`: it was read, with a reservation.
    severity: str = "error"
    #: The file; None: the source consists of one only.
    file: str | None = None
    #: How many further events the same is said of.
    more: int = 0
    #: Whether it is about the calendar and no event of it, and says behind its last colon what to do.
    is_whole: bool = False

    def __str__(self) -> str:
        place = [] if self.file is None else [self.file]
        place += [] if self.line is None else [f"line {self.line}"]
        place += [] if self.uid is None else [f"UID {self.uid}"]
        message = f"{self.message} (and so of {self.more} more)" if self.more else self.message
        return printable(f"{', '.join(place)}: {message}" if place else message)


@frozen
class Occurrence:
    """One occurrence of an event, with what the appointment itself does not say."""

    #: What the planning is given.
    appointment: Appointment
    #: Whether it was written as dates.
    all_day: bool
    #: SEQUENCE, 0 where there is none.
    sequence: int
    #: Dates for an all-day event (the end exclusive), else aware datetimes.
    start: datetime | date
    end: datetime | date
    #: The line in the file where its VEVENT begins, from 1.
    line: int
    #: Returns the instants of its alarms; most readers of a calendar never ask.
    times: Callable[[], Times] = field(repr=False, eq=False)
    #: The file, as problems name it; None: the source consists of one only.
    file: str | None = field(default=None, repr=False)

    @property
    def alarms(self) -> tuple[datetime, ...]:
        """The UTC instants of its valid VALARMs, in order."""
        return self.times().valid

    @property
    def due_alarms(self) -> tuple[datetime, ...]:
        """Those of `alarms` that are still to remind someone of this occurrence.

        They are neither dismissed (ACKNOWLEDGED), nor one person's snooze, nor an absolute alarm of an earlier
        occurrence.
        """
        return self.times().due


def occurrence_json(occurrence: Occurrence) -> dict[str, Any]:
    """Return an occurrence as `reminder-kit appointments --json` prints it: values of JSON only, instants in UTC."""
    appointment = occurrence.appointment
    return {
        "id": appointment.id,
        "recurrence_id": appointment.recurrence_id,
        "start_at": _iso_text(occurrence.start),
        "end_at": _iso_text(occurrence.end),
        "all_day": occurrence.all_day,
        "timezone": appointment.timezone,
        "status": str(appointment.status),
        "title": appointment.title,
        "location": appointment.location,
        "recipients": [{"phone": recipient.phone, "name": recipient.name} for recipient in appointment.recipients],
        "alarms": [iso(alarm) for alarm in occurrence.alarms],
        "sequence": occurrence.sequence,
    }


def _iso_text(moment: datetime | date) -> str:
    return iso(moment) if isinstance(moment, datetime) else moment.isoformat()
