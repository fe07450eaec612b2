"""Which appointment a visit is: reminder_kit finds this module by itself."""

from __future__ import annotations

from clinic.models import Patient, Visit
from reminder_kit import Appointment, Recipient
from reminder_kit.integrations.django import reminders


@reminders.track(Visit, live=Visit.objects.upcoming, also={Patient: lambda patient: patient.visits.all()})
def appointment(visit: Visit) -> Appointment | None:
    """Return the appointment that a visit is; None: it is off."""
    if visit.cancelled:
        return None
    person = Recipient(visit.patient.phone, id=str(visit.patient.pk), name=visit.patient.name)
    return Appointment(str(visit.pk), visit.starts_at, recipients=[person])
