"""Occurrences and problems: what reading a calendar gives.

Values only; never reads anything.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from attrs import frozen

from reminder_kit.model.appointments import Appointment
from reminder_kit.model.instants import iso

__all__ = ["Occurrence", "Problem", "occurrence_json"]


@frozen
class Problem:
    """Something wrong with a source. `error`: an event could not be read; `warning`: it was, with a reservation.

    `file` is named only where the source consists of several.
    """

    message: str
    uid: str | None = None
    line: int | None = None
    severity: str = "error"
    file: str | None = None

    def __str__(self) -> str:
        place = [] if self.file is None else [self.file]
        place += [] if self.line is None else [f"line {self.line}"]
        place += [] if self.uid is None else [f"UID {self.uid}"]
        return f"{', '.join(place)}: {self.message}" if place else self.message


@frozen
class Occurrence:
    """One occurrence of an event.

    `start` and `end` are dates for all-day events (the end exclusive), else aware
    datetimes. `alarms` are the UTC instants of its valid VALARMs, `due_alarms` those of them
    that are still to remind someone of this occurrence: neither dismissed (ACKNOWLEDGED),
    nor one person's snooze, nor an absolute alarm of an earlier occurrence. `line` is where
    its VEVENT begins.
    """

    appointment: Appointment
    all_day: bool
    alarms: tuple[datetime, ...]
    sequence: int
    start: datetime | date
    end: datetime | date
    line: int
    due_alarms: tuple[datetime, ...] = ()


def occurrence_json(occurrence: Occurrence) -> dict[str, Any]:
    """Return an occurrence as `reminder-kit appointments --json` prints it (design, §9 and §13)."""
    appointment = occurrence.appointment
    return {
        "id": appointment.id,
        "recurrence_id": appointment.recurrence_id,
        "start_at": _text(occurrence.start),
        "end_at": _text(occurrence.end),
        "all_day": occurrence.all_day,
        "timezone": appointment.timezone,
        "status": str(appointment.status),
        "title": appointment.title,
        "location": appointment.location,
        "recipients": [{"phone": recipient.phone, "name": recipient.name} for recipient in appointment.recipients],
        "alarms": [iso(alarm) for alarm in occurrence.alarms],
        "sequence": occurrence.sequence,
    }


def _text(moment: datetime | date) -> str:
    return iso(moment) if isinstance(moment, datetime) else moment.isoformat()
