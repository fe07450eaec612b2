"""The third version: consent, blockers, what waits for a person, rule sets, places, names, looks and rates."""

from __future__ import annotations

from django.db import migrations, models

from reminder_kit.integrations.django.versions import LedgerVersion

KEYS = (
    ("Consent", "consents", "serial", models.BigAutoField),
    ("Blocker", "blockers", "name", models.TextField),
    ("Attention", "attention", "member", models.TextField),
    ("RuleSet", "rule_sets", "digest", models.TextField),
    ("Place", "places", "namespace", models.TextField),
    ("Name", "names", "word", models.TextField),
    ("Look", "looks", "serial", models.BigAutoField),
    ("Rate", "rates", "name", models.TextField),
)


class Migration(migrations.Migration):
    """The tables, and what Django knows of them."""

    dependencies = [("reminder_kit", "0002_phones")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[LedgerVersion("0003")],
            state_operations=[
                migrations.CreateModel(
                    name,
                    [(key, kind(primary_key=True, serialize=False))],
                    {"db_table": f"reminder_kit_{table}", "default_permissions": ()},
                )
                for name, table, key, kind in KEYS
            ],
        )
    ]
