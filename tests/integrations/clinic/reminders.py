"""Which appointment a visit is: found by reminder_kit itself."""

from __future__ import annotations

from datetime import timedelta

from reminder_kit import Appointment, Recipient
from reminder_kit.integrations.django import reminders
from tests.integrations.clinic.models import Patient, Visit


def occurrence(visit, week):
    """Return one week of a course."""
    starts_at = visit.starts_at + timedelta(weeks=week)
    return Appointment(visit.number, starts_at, recurrence_id=starts_at, recipients=[Recipient(visit.patient.phone)])


@reminders.track(
    Visit,
    id=lambda visit: visit.number,
    live=Visit.objects.upcoming,
    also={Patient: lambda patient: patient.visits.all()},
)
def appointment(visit):
    if visit.state == "cancelled":
        return None
    if visit.title == "broken":
        raise ZeroDivisionError("Ada Lovelace, +12025550123")
    if visit.title.startswith("course"):
        return [occurrence(visit, week) for week in range(int(visit.title.removeprefix("course of ")))]
    people = [visit.patient, *visit.guests.all()]
    recipients = [Recipient(person.phone, id=str(person.pk), name=person.name) for person in people]
    return Appointment(visit.number, visit.starts_at, title=visit.title, recipients=recipients)
