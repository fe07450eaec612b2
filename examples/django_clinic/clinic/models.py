"""Patients and their visits."""

from __future__ import annotations

from django.db import models


class Patient(models.Model):
    """Somebody who comes."""

    name = models.CharField(max_length=100)
    phone = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.name


class Visits(models.Manager):
    """All visits."""

    def upcoming(self) -> models.QuerySet:
        """Return those that were not cancelled."""
        return self.exclude(cancelled=True).select_related("patient")


class Visit(models.Model):
    """When somebody comes."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="visits")
    starts_at = models.DateTimeField()
    cancelled = models.BooleanField(default=False)

    objects = Visits()

    def __str__(self) -> str:
        return f"{self.patient}, {self.starts_at}"
