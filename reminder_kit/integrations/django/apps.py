"""The application: it finds each installed application's `reminders.py`, and hears saves from then on."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules

__all__ = ["RemindersConfig"]


class RemindersConfig(AppConfig):
    """Reminders, as Django knows applications."""

    name = "reminder_kit.integrations.django"
    label = "reminder_kit"
    verbose_name = "Reminders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Find what is tracked, and hear of it."""
        from reminder_kit.integrations.django.registry import reminders

        checks.register(check_project, "reminder_kit")
        checks.register(check_database, checks.Tags.database)
        autodiscover_modules("reminders")
        reminders.listen()


def check_project(**options: Any) -> list[checks.CheckMessage]:
    """Check the settings, the file, the rules, and what the environment must hold; loads what that needs."""
    from reminder_kit.integrations.django.checks import check_project as check

    return check(**options)


def check_database(**options: Any) -> list[checks.CheckMessage]:
    """Check the ledger: whether its tables are there, and whether the batch job is seen."""
    from reminder_kit.integrations.django.checks import check_database as check

    return check(**options)
