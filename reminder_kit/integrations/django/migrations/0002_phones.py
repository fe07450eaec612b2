"""The second version: which numbers an appointment is for."""

from __future__ import annotations

from django.db import migrations, models

from reminder_kit.integrations.django.versions import LedgerVersion


class Migration(migrations.Migration):
    """The table of numbers, and what Django knows of it."""

    dependencies = [("reminder_kit", "0001_first")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[LedgerVersion("0002")],
            state_operations=[
                migrations.CreateModel(
                    "Phone",
                    [("number", models.TextField(primary_key=True, serialize=False))],
                    {"db_table": "reminder_kit_phones", "default_permissions": ()},
                )
            ],
        )
    ]
