"""The first version: appointments, reminders, messages, history, events, runs."""

from __future__ import annotations

from django.db import migrations, models

from reminder_kit.integrations.django.models import InstantField
from reminder_kit.integrations.django.versions import LedgerVersion


def table(name: str, table: str, /, **fields: models.Field) -> migrations.CreateModel:
    """Return what tells Django of a table that the ledger's own migration makes."""
    options = {"db_table": f"reminder_kit_{table}", "default_permissions": ()}
    return migrations.CreateModel(name, list(fields.items()), options)


class Migration(migrations.Migration):
    """The tables, and what Django knows of them."""

    initial = True
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[LedgerVersion("0001")],
            state_operations=[
                table(
                    "Appointment",
                    "appointments",
                    row_id=models.BigAutoField(primary_key=True, serialize=False),
                    namespace=models.TextField(),
                    source=models.TextField(),
                    id=models.TextField(),
                    recurrence_id=models.TextField(),
                    removed=models.BooleanField(),
                    starts_at=InstantField("start"),
                ),
                migrations.CreateModel(
                    "Reminder",
                    [
                        ("key", models.TextField(primary_key=True, serialize=False)),
                        ("namespace", models.TextField()),
                        (
                            "appointment",
                            models.ForeignKey(
                                "reminder_kit.Appointment",
                                models.DO_NOTHING,
                                db_column="row_id",
                                db_constraint=False,
                                related_name="reminders",
                            ),
                        ),
                        ("rule", models.TextField()),
                        ("to_number", models.TextField("number")),
                        ("stand", models.TextField("stands")),
                        ("reason", models.TextField()),
                        ("due_at", InstantField("due", null=True)),
                        ("send_at", InstantField("goes out", null=True)),
                        ("error", models.TextField()),
                    ],
                    {
                        "db_table": "reminder_kit_reminders",
                        "default_permissions": ("view", "change"),
                        "verbose_name": "reminder",
                    },
                ),
                *(
                    table(name, plural, serial=models.BigAutoField(primary_key=True, serialize=False))
                    for name, plural in (("Message", "messages"), ("History", "history"), ("Event", "events"))
                ),
                table("Run", "runs", name=models.TextField(primary_key=True, serialize=False)),
            ],
        )
    ]
