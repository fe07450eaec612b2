"""Patients and their visits."""

from __future__ import annotations

from django.db import models


class Patient(models.Model):
    name = models.CharField(max_length=50)
    phone = models.CharField(max_length=50)


class Visits(models.Manager):
    def upcoming(self):
        return self.exclude(state="cancelled").select_related("patient")


class Visit(models.Model):
    number = models.CharField(max_length=20)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="visits")
    starts_at = models.DateTimeField()
    title = models.CharField(max_length=50, default="Check-up")
    state = models.CharField(max_length=20, default="booked")
    guests = models.ManyToManyField(Patient, related_name="guest_of", blank=True)

    objects = Visits()


class HomeVisit(Visit):
    """A visit of another table, which inherits from the first."""

    address = models.CharField(max_length=50)


class Note(models.Model):
    """Something that is no appointment, and changes none."""

    text = models.CharField(max_length=50)
    readers = models.ManyToManyField(Patient)
