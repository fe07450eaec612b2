"""The application: it finds each installed application's `reminders.py`, and hears saves from then on."""

from __future__ import annotations

from django.apps import AppConfig
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
        from reminder_kit.integrations.django import checks
        from reminder_kit.integrations.django.registry import reminders

        checks.register_all()
        autodiscover_modules("reminders")
        reminders.recording.connect()
