"""Django: reminders of a project's own models, recorded in its own transactions; Django 4.2 to current.

Never fails a host's save, and never waits for a provider in a request: what a model says of a row is recorded with it,
in one savepoint, and followed after the commit.

    INSTALLED_APPS += ["reminder_kit.integrations.django"]
    REMINDER_KIT = {"CONFIG": "reminders.toml", "DATABASE": "default", "FOLLOW": "thread"}

    # clinic/reminders.py, found by itself
    from reminder_kit.integrations.django import reminders

    @reminders.track(Visit, live=Visit.objects.upcoming)
    def appointment(visit): return reminder_kit.Appointment(str(visit.pk), visit.starts_at, recipients=[visit.phone])

In reading order:

- `registry`: `reminders`: track, touch, kit, feed; `tracking`: one tracked model; `recording`: what its signals do;
  `links`: what a many-to-many field joins.
- `configuration`: the setting REMINDER_KIT, and the kit of it; `databases`: Django's databases as a ledger's.
- `migrations`, `models`: the ledger's tables as Django knows them: one migration for each version.
- `checks`, `admin`, `urls` with `views`, `signals`, and the command `manage.py reminders`.

To know: nothing of Django's is loaded by importing this package but what names the registry needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reminder_kit.integrations.django.registry import Reminders, reminders

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["Reminders", "kit", "reminders"]


def kit() -> ReminderKit:
    """Return the project's kit: `reminder-kit … --app reminder_kit.integrations.django:kit` works with it, too."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    return reminders.kit


def __getattr__(name: str) -> Any:
    if name in ("delivered", "undelivered", "replied", "attention"):
        from reminder_kit.integrations.django import signals

        return getattr(signals, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
