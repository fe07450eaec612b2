"""A page that books."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from clinic.models import Patient, Visit


@require_POST
def book(request: HttpRequest) -> JsonResponse:
    """Book a visit: nothing here speaks of reminders."""
    with transaction.atomic():
        patient = Patient.objects.create(name=request.POST["name"], phone=request.POST["phone"])
        visit = Visit.objects.create(patient=patient, starts_at=parse_datetime(request.POST["starts_at"]))
    return JsonResponse({"visit": visit.pk}, status=201)
