"""Which appointment a visit is: found by reminder_kit itself."""

from __future__ import annotations

from reminder_kit import Appointment, Recipient
from reminder_kit.integrations.django import reminders
from tests.integrations.clinic.models import Patient, Visit


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
    person = Recipient(visit.patient.phone, id=str(visit.patient.pk), name=visit.patient.name)
    return Appointment(visit.number, visit.starts_at, title=visit.title, recipients=[person])
