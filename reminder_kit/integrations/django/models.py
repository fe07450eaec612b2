"""The ledger's tables as Django knows them, so that test databases have them and are emptied of them.

Never written by Django: the kit writes them, in the host's transaction or its own. A field stands here where the admin
shows it, or where Django needs a key; the columns are told in `ledger.sql.tables`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models

__all__ = ["Appointment", "Reminder"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InstantField(models.BigIntegerField):
    """A UTC instant, kept as microseconds since 1970."""

    def from_db_value(self, value: int | None, *_: Any) -> datetime | None:
        """Return the instant."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Appointment(models.Model):
    """An appointment as it was recorded."""

    row_id = models.BigAutoField(primary_key=True)
    namespace = models.TextField()
    source = models.TextField()
    id = models.TextField()
    recurrence_id = models.TextField()
    removed = models.BooleanField()
    starts_at = InstantField("start")

    class Meta:
        """Its table."""

        db_table = "reminder_kit_appointments"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


class Reminder(models.Model):
    """A reminder, and where it stands."""

    key = models.TextField(primary_key=True)
    namespace = models.TextField()
    appointment = models.ForeignKey(
        Appointment, models.DO_NOTHING, db_column="row_id", db_constraint=False, related_name="reminders"
    )
    rule = models.TextField()
    to_number = models.TextField("number")
    stand = models.TextField("stands")
    reason = models.TextField()
    due_at = InstantField("due", null=True)
    send_at = InstantField("goes out", null=True)
    error = models.TextField()

    class Meta:
        """Its table, which nobody writes through Django."""

        db_table = "reminder_kit_reminders"
        default_permissions = ("view", "change")
        verbose_name = "reminder"

    def __str__(self) -> str:
        return f"{self.rule} of {self.appointment}"


class _Table(models.Model):
    """A table that Django only empties."""

    class Meta:
        """No table of its own."""

        abstract = True


def _keyed(name: str, table: str, /, **key: models.Field) -> type[models.Model]:
    meta = type("Meta", (), {"db_table": f"reminder_kit_{table}", "default_permissions": ()})
    return type(name, (_Table,), {"__module__": __name__, "Meta": meta, **key})


def _serial(name: str, table: str) -> type[models.Model]:
    return _keyed(name, table, serial=models.BigAutoField(primary_key=True))


Message = _serial("Message", "messages")
History = _serial("History", "history")
Event = _serial("Event", "events")
Consent = _serial("Consent", "consents")
Look = _serial("Look", "looks")
Run = _keyed("Run", "runs", name=models.TextField(primary_key=True))
Phone = _keyed("Phone", "phones", number=models.TextField(primary_key=True))
Blocker = _keyed("Blocker", "blockers", name=models.TextField(primary_key=True))
Attention = _keyed("Attention", "attention", member=models.TextField(primary_key=True))
RuleSet = _keyed("RuleSet", "rule_sets", digest=models.TextField(primary_key=True))
Name = _keyed("Name", "names", word=models.TextField(primary_key=True))
Rate = _keyed("Rate", "rates", name=models.TextField(primary_key=True))
Place = _keyed("Place", "places", namespace=models.TextField(primary_key=True))
